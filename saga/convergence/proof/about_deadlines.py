"""Obligations of deadlines: what only some orders arm changes nothing, and nothing waits for ever."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from saga.convergence.proof.space import Space, TooLarge
from saga.convergence.proof.subject import Obstacle, Subject, direction_of, template_of
from saga.core import Deadline, Effect, Outcomes, Selection, Wanted
from saga.core.expressions import Direction

UNARMED, ARMED, FIRED = range(3)


def late_deadlines_change_nothing(subject: Subject) -> Iterator[Obstacle]:
    """Where one order armed a deadline and another did not, its input changes no outcome and nothing that is wanted."""
    for deadline in subject.deadlines:
        own = subject.table_of[deadline]
        tables: list[Outcomes | Wanted] = [subject.process.outcomes, *subject.process.wanted]
        for table in tables:
            space = subject.spaces.of([own] if table is own else [own, table])
            for sentence in _changed(subject, deadline, own, table, space):
                yield Obstacle("deadline", sentence)
                break


def _changed(
    subject: Subject, deadline: Deadline, own: Wanted, table: Outcomes | Wanted, space: Space
) -> Iterator[str]:
    wants_it = [deadline in cell for cell in space.cells(own)]
    cells = space.cells(table)
    reached = _reached_by_arming(subject, deadline, wants_it, space)
    for state in range(len(space.states)):
        if wants_it[state] or (state, ARMED) not in reached or (state, UNARMED) not in reached:
            continue
        for after in space.after(state, deadline.emits):
            if (what := _difference(deadline.emits, cells[state], cells[after])) is not None:
                yield (
                    f"{deadline.name} is armed in some orders only when the cell {space.name(table, state)} is reached,"
                    f" and its {deadline.emits.__name__} changes {what} there: want it in that cell too, or let"
                    f" {deadline.emits.__name__} change nothing there"
                )


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
    """The outcome in each state of a space, the deadlines that each wants, and where each deadline's input has come."""

    space: Space
    is_settled: Sequence[bool]
    wants: Sequence[frozenset[Deadline]]
    has_come: Mapping[Deadline, Sequence[bool]]

    def with_armed(self, state: int, armed: frozenset[Deadline]) -> tuple[int, frozenset[Deadline]]:
        """The state, with what is armed in it."""
        return state, armed | self.wants[state]


def nothing_waits_for_ever(subject: Subject) -> Iterator[Obstacle]:
    """Each state that is not settled has a deadline armed that has not fired and surely leads on to a settled one."""
    process = subject.process
    tables: list[Outcomes | Wanted] = list(
        {id(table): table for table in map(subject.table_of.__getitem__, subject.deadlines)}.values()
    )
    emitted = [kind for kind in subject.kinds if kind in subject.emitted]
    try:
        space = subject.spaces.of([process.outcomes, *tables], emitted)
    except TooLarge:
        yield Obstacle("waits", "the outcomes and the tables of the deadlines have too many joint states")
        return
    outcome = space.cells(process.outcomes)
    cells = [space.cells(table) for table in tables]
    wants = [
        frozenset(one for rows in cells for one in rows[state] if isinstance(one, Deadline))
        for state in range(len(space.states))
    ]
    waiting = _Waiting(
        space,
        [one in process.settled for one in outcome],
        wants,
        {one: space.heard(one.emits) for one in subject.deadlines},
    )
    reported: set[Enum] = set()
    for state in _stuck(subject, waiting):
        if outcome[state] not in reported:
            reported.add(outcome[state])
            yield Obstacle(
                "waits",
                f"{outcome[state].name} is not settled, and in the cell {space.name(process.outcomes, state)} no"
                " deadline that has not fired yet surely ends it: arm one there, or call it settled",
            )
    if outcome[0] not in process.settled:
        for kind in subject.kinds:
            if subject.is_ignored_first(kind):
                because = f"so no deadline is armed, and {outcome[0].name} is not settled"
                yield Obstacle("waits", f"a first {kind.__name__} is ignored, {because}")


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
            not waiting.has_come[one][state]
            and all(
                _ends(waiting, *waiting.with_armed(after, armed), known)
                for after in waiting.space.after(state, one.emits)
            )
            for one in armed
        )
    return known[place]


Obligation = Callable[[Subject], Iterator[Obstacle]]
