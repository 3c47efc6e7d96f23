"""The proof that a process converges, for all values and any number of its messages, from the declaration alone.

It explores no history. Each obligation is a finite question about the tables and the laws of the expressions;
docs/convergence.md has the argument why together they are enough. What is not proved may still be right: then the
search looks for a history that shows the opposite.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from saga.convergence.functions import columns_of
from saga.convergence.proof.about_deadlines import (
    inputs_of_deadlines_are_taken,
    late_deadlines_change_nothing,
    nothing_waits_for_ever,
)
from saga.convergence.proof.about_effects import (
    commands_know_their_fields,
    final_conditions_stay,
    named_effects_stay_named,
    wants_are_of_one_kind,
)
from saga.convergence.proof.about_outcomes import final_outcomes_stay
from saga.convergence.proof.about_parts import (
    bounds_are_no_capacity,
    effects_differ,
    functions_are_known,
    laws_hold,
    machines_commute,
    machines_know_repeats,
    no_clock_is_read,
    parts_are_known,
    registers_join,
)
from saga.convergence.proof.about_rules import rules_make_one_table
from saga.convergence.proof.space import Space
from saga.convergence.proof.subject import Obstacle, Subject
from saga.core import Deadline, DerivedColumn, Outcomes, Process, Register, SubMachine, Wants
from saga.core.fact import declared_fields

Obligation = Callable[[Subject], Iterator[Obstacle]]

OF_PARTS: Final[tuple[Obligation, ...]] = (
    parts_are_known,
    rules_make_one_table,
    machines_commute,
    machines_know_repeats,
    registers_join,
    bounds_are_no_capacity,
    functions_are_known,
    laws_hold,
    no_clock_is_read,
    effects_differ,
    inputs_of_deadlines_are_taken,
)
OF_TABLES: Final[tuple[Obligation, ...]] = (
    wants_are_of_one_kind,
    named_effects_stay_named,
    commands_know_their_fields,
    final_conditions_stay,
    final_outcomes_stay,
    late_deadlines_change_nothing,
    nothing_waits_for_ever,
)
OBLIGATIONS: Final = OF_PARTS + OF_TABLES


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved of a process: everything, if there are no ``obstacles``.

    ``contradictions`` says of which message classes two messages can contradict each other, so that the second waits
    for a person. ``remarks`` are what differs between orders and is not compared: when a deadline is due.
    ``unreachable`` are the outcomes that no history comes to.
    """

    process: Process
    obstacles: tuple[Obstacle, ...]
    contradictions: tuple[str, ...]
    remarks: tuple[str, ...]
    unreachable: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all obligations are met."""
        return not self.obstacles


def prove(process: Process, obligations: Sequence[Obligation] = OBLIGATIONS) -> Proof:
    """Look at each obligation of a process. Pure, and without samples."""
    subject = Subject(process)
    obstacles = [found for one in obligations if one in OF_PARTS for found in one(subject)]
    unreachable: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    if all(isinstance(one, SubMachine | DerivedColumn | Outcomes) for one in columns_of(process)):
        obstacles += [found for one in obligations if one in OF_TABLES for found in one(subject)]
        unreachable, remarks = tuple(_unreachable(subject)), tuple(_due_times(subject))
    return Proof(process, tuple(dict.fromkeys(obstacles)), tuple(_contradictions(process)), remarks, unreachable)


def _unreachable(subject: Subject) -> Iterator[str]:
    outcomes = subject.process.outcomes
    space = next(subject.spaces.of([outcomes]), None)
    if space is None:
        return
    reached = {id(one) for one in space.cells(outcomes)}
    yield from (f"{outcomes.name} {one.value}" for one in outcomes.states if id(one) not in reached)


def _due_times(subject: Subject) -> Iterator[str]:
    """Deadlines that may be armed before the message came that says how long they run."""
    for deadline in subject.deadlines:
        if deadline.override is None:
            continue
        kind, table = deadline.override[0].of, subject.view_of(deadline)
        spaces = list(subject.spaces.of([table], [kind])) if kind in subject.once else []
        if not any(_is_told_before(subject, space, space.cells(table), deadline) for space in spaces):
            yield f"{deadline.name} is due at another time where {kind.__name__} comes after it was armed"


def _is_told_before(subject: Subject, space: Space, cells: Sequence[Wants], deadline: Deadline) -> bool:
    """Whether the message that says how long a deadline runs has come in every state that wants the deadline."""
    assert deadline.override is not None
    kind = deadline.override[0].of
    return all(space.heard(kind, state) for state in subject.commandable(space) if deadline in cells[state])


def _contradictions(process: Process) -> Iterator[str]:
    for register in process.registers:
        if not isinstance(register, Register) or not declared_fields(register.of) - {register.key, process.correlate}:
            continue
        kind = register.of.__name__
        if register.key == process.correlate:
            yield f"{kind}: one for an instance; a second, different one waits for a person"
        else:
            yield f"{kind}: one for each {register.key}; a second one with other fields waits for a person"
