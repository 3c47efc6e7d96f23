"""Pairs of versions with a small change."""

from dataclasses import replace
from enum import Enum

from saga import (
    DerivedColumn,
    Process,
    SubMachine,
)
from tests.adversary.kit import (
    LIMITS,
    PAYMENTS,
    A,
    B,
    Configured,
    Moves,
    Out,
    by,
    paid,
    proc,
    seen,
    shown,
    upgrade,
    yes_no,
)
from tests.adversary.upgrades.versions import HAS_A, HAS_B, Pair, _total, two_flags


@upgrade(Configured("i", 5), A(), is_harmful=False)
def a_register_more_for_a_new_message() -> Pair:
    """A register for a message that was not consumed before."""
    return proc(by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A), proc(
        by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A, LIMITS
    )


@upgrade(paid(1, 5), paid(2, 7), is_harmful=False)
def a_bound_raised() -> Pair:
    """The register may hold more."""
    return shown(PAYMENTS, compute=_total), shown(replace(PAYMENTS, most=5_000), compute=_total)


@upgrade(paid(1, 5), paid(2, 7), is_harmful=False)
def a_derived_column_changed() -> Pair:
    """Another limit in a derived column, which is computed anew."""

    def above(limit: int) -> Process:
        column = DerivedColumn("above", (PAYMENTS,), lambda held: _total(held) >= limit)
        return proc(yes_no(column), PAYMENTS)

    return above(10), above(12)


@upgrade(A(), B(), is_harmful=False)
def a_machine_that_nobody_looks_at_removed() -> Pair:
    """A machine that no table looked at is gone, and the message is still consumed by another."""
    idle = seen(B, "idle")
    return proc(two_flags().outcomes, HAS_A, HAS_B, idle), two_flags()


@upgrade(A(), B(), is_harmful=True)
def another_start() -> Pair:
    """The machine starts in another state, so that what was ignored before would count from the beginning."""

    class Talk(Enum):
        SILENT = "silent"
        ASKED = "asked"
        ANSWERED = "answered"

    def process(early: Talk) -> Process:
        moves: Moves = {
            Talk.SILENT: {A: Talk.ASKED, B: early},
            Talk.ASKED: {A: Talk.ASKED, B: Talk.ANSWERED},
            Talk.ANSWERED: {A: Talk.ANSWERED, B: Talk.ANSWERED},
        }
        talk = SubMachine("talk", Talk.SILENT, moves)
        return proc(by(talk, SILENT=Out.OTHER, ASKED=Out.OTHER, ANSWERED=Out.DONE), talk)

    return process(Talk.SILENT), process(Talk.ANSWERED)
