"""Obligations of deadlines: what only some orders arm changes nothing, and nothing waits for ever."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import islice
from typing import Any

from saga.convergence.proof.space import Space
from saga.convergence.proof.subject import Obstacle, Subject, direction_of, template_of
from saga.convergence.proof.view import View, everything_wanted, leaves, view
from saga.convergence.samples import instance_of
from saga.convergence.scheduled import refusals
from saga.core import Deadline, DeclarationError, DerivedColumn, Effect, Outcomes, Selection, Wanted
from saga.core.expressions import Direction

UNARMED, ARMED, FIRED = range(3)


def inputs_of_deadlines_are_taken(subject: Subject) -> Iterator[Obstacle]:
    """The message class of a deadline takes what the scheduler sends, and asks for nothing else."""
    try:
        instance = instance_of(subject.process) if subject.deadlines else None
    except DeclarationError:
        yield Obstacle("scheduler", f"no value of {subject.process.correlate} is known that all message classes take")
        return
    yield from (Obstacle("scheduler", sentence) for sentence in refusals(subject.process, instance))


def late_deadlines_change_nothing(subject: Subject) -> Iterator[Obstacle]:
    """Where one order armed a deadline and another did not, its input changes no outcome and nothing that is wanted."""
    for deadline in subject.deadlines:
        own = subject.view_of(deadline)
        tables: list[Outcomes | Wanted] = [subject.process.outcomes, *subject.process.wanted]
        for table in tables:
            if _can_matter(deadline.emits, table):
                other = view(table, everything_wanted)
                yield from subject.first_met([own, other], [], partial(_changed, subject, deadline, own, other))


def _can_matter(kind: type, table: Outcomes | Wanted) -> bool:
    """Whether a message of this class can change a column of a table, or what its effects choose, carry or compute."""
    for column in (leaf for one in table.columns for leaf in leaves(one)):
        parts = column.registers if isinstance(column, DerivedColumn) else (column,)
        if any(kind in getattr(part, "inputs", (kind,)) for part in parts):
            return True
    return isinstance(table, Wanted) and any(
        isinstance(effect, Effect) and _reads(effect, how, kind)
        for wants in {id(wants): wants for wants in table.cells.values()}.values()
        for effect, how in wants.items()
    )


def _changed(subject: Subject, deadline: Deadline, own: View, table: View, space: Space) -> Iterator[Obstacle]:
    wants_it = [deadline in cell for cell in space.cells(own)]
    cells = space.cells(table)
    reached = _reached_by_arming(subject, deadline, wants_it, space)
    for state in range(len(space.states)):
        if wants_it[state] or (state, ARMED) not in reached or (state, UNARMED) not in reached:
            continue
        for after in space.after(state, deadline.emits):
            if (what := _difference(deadline.emits, cells[state], cells[after])) is not None:
                kind, here = deadline.emits.__name__, space.name(table, state)
                sentence = (
                    f"{deadline.name} is armed in some orders only {here}, and its {kind} changes {what} then: want it"
                    f" there too, or let {kind} change nothing there"
                )
                yield Obstacle("deadline", sentence)
                return


def _reached_by_arming(
    subject: Subject, deadline: Deadline, wants_it: Sequence[bool], space: Space
) -> set[tuple[int, int]]:
    """Each state with the deadline as it can be there. Its input comes once it is armed; others come at any time."""
    is_shared = any(one.emits is deadline.emits for one in subject.deadlines if one is not deadline)
    begin = [(0, UNARMED)]
    if 0 in subject.commandable(space) and wants_it[0]:
        begin.append((0, ARMED))
    reached, waiting = set(begin), begin
    while waiting:
        state, armed = waiting.pop()
        for kind in dict.fromkeys((*space.steps[state], deadline.emits)):
            fires = kind is deadline.emits
            if fires and armed == UNARMED and not is_shared:
                continue
            for after in space.after(state, kind):
                now = FIRED if fires and armed != UNARMED else ARMED if armed == UNARMED and wants_it[after] else armed
                if (after, now) not in reached:
                    reached.add((after, now))
                    waiting.append((after, now))
    return reached


def _difference(kind: type, before: Any, after: Any) -> str | None:
    """What a message changes of an outcome or of what is wanted; None if nothing."""
    if isinstance(before, Enum) or isinstance(after, Enum):
        return None if before is after else f"the outcome to {after.name}"
    wants: Mapping[Effect | Deadline, Any] = before
    for effect in dict.fromkeys((*wants, *after)):
        how, later = wants.get(effect), after.get(effect)
        if how is not later and not (isinstance(how, Selection) and how == later):
            return f"what is wanted of {effect.name}"
        if isinstance(effect, Effect) and _reads(effect, how, kind):
            return f"what is said for {effect.name}"
    return None


def _reads(effect: Effect, how: Any, kind: type) -> bool:
    """Whether what an effect chooses, carries or computes may change with a message of this class."""
    if isinstance(how, Selection) and _can_change(how.choose, kind, (how.register, *how.beside)):
        return True
    template = template_of(effect, how)
    if template.register is not None and kind in template.register.inputs and not isinstance(how, Selection):
        return True
    return any(_can_change(one.compute, kind, one.registers) for one in template.computed)


def _can_change(function: Any, kind: type, registers: Sequence[Any]) -> bool:
    return direction_of(function, kind, registers) is not Direction.CONSTANT


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Whether each state of a space is settled, and which deadlines it wants."""

    space: Space
    is_settled: Sequence[bool]
    wants: Sequence[frozenset[Deadline]]

    def with_armed(self, state: int, armed: frozenset[Deadline]) -> tuple[int, frozenset[Deadline]]:
        """The state, with what is armed in it."""
        return state, armed | self.wants[state]


def nothing_waits_for_ever(subject: Subject) -> Iterator[Obstacle]:
    """Each state that is not settled has a deadline armed that has not fired and surely leads on to a settled one."""
    process = subject.process
    outcome = view(process.outcomes, lambda one: one in process.settled or id(one))
    wants = [subject.view_of(one) for one in subject.deadlines]
    emitted = [kind for kind in subject.kinds if kind in subject.emitted]
    yield from subject.first_met([outcome, *wants], emitted, partial(_waiting, subject, outcome, wants))
    yield from _ignored_first(subject)


def _ignored_first(subject: Subject) -> Iterator[Obstacle]:
    """First messages that change nothing, and so arm nothing, while the start is not settled."""
    outcomes = subject.process.outcomes
    for space in islice(subject.spaces.of([outcomes]), 1):
        first = space.cells(outcomes)[0]
        for kind in filter(subject.is_ignored_first, subject.kinds if first not in subject.process.settled else ()):
            because = f"so no deadline is armed, and {first.name} is not settled"
            yield Obstacle("waits", f"a first {kind.__name__} is ignored, {because}")


def _waiting(subject: Subject, table: View, tables: Sequence[View], space: Space) -> Iterator[Obstacle]:
    outcome = space.cells(table)
    wants_it = [(one, space.cells(each)) for one, each in zip(subject.deadlines, tables, strict=True)]
    waiting = _Waiting(
        space,
        [one in subject.process.settled for one in outcome],
        [frozenset(one for one, cells in wants_it if one in cells[state]) for state in range(len(space.states))],
    )
    reported: set[Enum] = set()
    for state in _stuck(subject, waiting):
        if outcome[state] not in reported:
            reported.add(outcome[state])
            yield Obstacle(
                "waits",
                f"{outcome[state].name} is not settled, and {space.name(table, state)} no deadline that has not fired"
                " yet surely ends it: arm one there, or call it settled",
            )


def _stuck(subject: Subject, waiting: _Waiting) -> Iterator[int]:
    """The states that may wait for ever, the nearest to the start first."""
    space = waiting.space
    begin = [waiting.with_armed(state, frozenset()) for state in subject.commandable(space) if state == 0]
    begin += [waiting.with_armed(after, frozenset()) for targets in space.steps[0].values() for after in targets]
    reached = dict.fromkeys(begin)
    queue = list(reached)
    known: dict[Any, bool] = {}
    for state, armed in queue:
        if not _ends(waiting, state, armed, known):
            yield state
        for targets in space.steps[state].values():
            for after in targets:
                if (place := waiting.with_armed(after, armed)) not in reached:
                    reached[place] = None
                    queue.append(place)


def _ends(waiting: _Waiting, state: int, armed: frozenset[Deadline], known: dict[Any, bool]) -> bool:
    """Whether the state is settled, or one of its deadlines surely leads to states that end."""
    if waiting.is_settled[state]:
        return True
    place = state, armed
    if place not in known:
        known[place] = any(
            not waiting.space.heard(one.emits, state)
            and all(
                _ends(waiting, *waiting.with_armed(after, armed), known)
                for after in waiting.space.after(state, one.emits)
            )
            for one in armed
        )
    return known[place]
