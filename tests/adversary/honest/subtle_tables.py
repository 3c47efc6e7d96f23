"""Machines whose states depend on the order, where nobody looks."""

from enum import Enum

from saga import ANY, Process, SubMachine, all_but, outcomes
from tests.adversary.kit import A, B, C, Moves, Out, Seen, case, proc, seen


class Race(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


MOVES: Moves = {
    Race.NONE: {A: Race.LEFT, B: Race.RIGHT},
    Race.LEFT: {A: Race.LEFT, B: Race.LEFT},
    Race.RIGHT: {A: Race.RIGHT, B: Race.RIGHT},
}
RACE = SubMachine("race", Race.NONE, MOVES)
HAS_C = seen(C)


@case(A(), B(), C())
def a_race_that_nobody_looks_at() -> Process:
    """The first of two is remembered, and no table has it as a column."""
    return proc(outcomes(HAS_C, rows=[(ANY, Out.DONE)]), HAS_C, RACE)


@case(A(), B(), C())
def a_race_of_which_only_the_end_counts() -> Process:
    """The table asks whether one of two came, and not which."""
    rows = [
        (all_but(Race.NONE), Seen.YES, Out.DONE),
        (Race.NONE, Seen.YES, Out.OTHER),
        (ANY, Seen.NO, Out.OTHER),
    ]
    return proc(outcomes(RACE, HAS_C, rows=rows), RACE, HAS_C)
