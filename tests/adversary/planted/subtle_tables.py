"""Tables without own functions that look complete: what the library's own choices and deadlines do with some values."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    Effect,
    Entries,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_least,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    LIMITS,
    PAYMENTS,
    TAGS,
    A,
    B,
    C,
    Commands,
    Configured,
    Do,
    Late,
    Moves,
    Out,
    Seen,
    armed_in,
    case,
    has_any,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    tagged,
    wanted_in,
)

Y, N = Seen.YES, Seen.NO
HAS_A, HAS_B, HAS_C, HAS_LATE = (seen(kind) for kind in (A, B, C, Late))
SOON = Deadline("soon", Late, timedelta(minutes=5))


@dataclass(frozen=True)
class Ranked:
    id: str
    rank_id: str
    rank: int | str = 0


def all_but_one(register: Register, *fields: str) -> Process:
    has = has_any(register)
    drop = Effect("drop", "desk", {Do.YES: CommandTemplate("Drop", register)})
    return proc(one_outcome(has), has, register, wants=[wanted_in(has, drop, YES=all_but_least(register, by=fields))])


@case(A(), paid(1, 1, "2030-02"), paid(2, 2, "2030-01"))
def the_least_by_two_fields() -> Process:
    """Open: all but the cheapest; closed: all but the earliest. Only a cheap late one and a dear early one show it."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    rows = [
        (N, {refund: all_but_least(PAYMENTS, by=("amount", "payment_id"))}),
        (Y, {refund: all_but_least(PAYMENTS, by=("at", "payment_id"))}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(HAS_A, rows=rows)])


class LateWithReason(BaseModel):
    id: str
    reason: str


class LateAtNumber(BaseModel):
    id: str
    due_at: int


def emitting(kind: type) -> Process:
    over = seen(kind, "over")
    deadline = Deadline("soon", kind, timedelta(minutes=5))
    return proc(one_outcome(HAS_A), HAS_A, over, wants=[armed_in(HAS_A, Y, deadline)])


@case(A())
def a_deadline_that_needs_a_reason() -> Process:
    """The deadline's message has a required field that no scheduler knows."""
    return emitting(LateWithReason)


@case(A())
def a_deadline_due_at_a_number() -> Process:
    """The deadline's message takes its time as a number, and gets a text."""
    return emitting(LateAtNumber)


@case(A(), B(), Configured("i", 7))
def said_by_two_in_other_rows() -> Process:
    """Two effects say the same, one in the first row and one in the second, so both are said in time."""
    has = has_any(LIMITS)
    template: Commands = {Do.YES: CommandTemplate("Remind", LIMITS, ("limit",))}
    one, two = Effect("one", "mail", template), Effect("two", "mail", template)
    rows = [(Y, Y, ANY, {two: Do.YES}), (Y, N, ANY, {}), (N, ANY, ANY, {})]
    wants = [wanted(has, HAS_A, HAS_B, rows=rows), wanted_in(has, one, YES=Do.YES)]
    return proc(one_outcome(has), has, HAS_A, HAS_B, LIMITS, wants=wants)


@case(A(), B())
def reopened_after_its_deadline() -> Process:
    """A report reopens what expired, and a deadline is armed once only."""
    table = outcomes(
        HAS_A,
        HAS_B,
        HAS_LATE,
        rows=[
            (Y, N, N, Out.OPEN),
            (Y, N, Y, Out.FAILED),
            (Y, Y, ANY, Out.OPEN),
            (N, ANY, ANY, Out.OTHER),
        ],
    )
    wants = wanted(table, rows=[(Out.OPEN, {SOON: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[wants], unsettled=[Out.OPEN])


@case(A(), B(), C())
def a_deadline_of_one_order_seen_with_a_third() -> Process:
    """Armed only before the second report, and seen only after the third."""
    table = outcomes(HAS_C, HAS_LATE, rows=[(Y, Y, Out.FAILED), (Y, N, Out.DONE), (N, ANY, Out.OTHER)])
    rows = [(Y, N, {SOON: ARMED}), (N, ANY, {}), (Y, Y, {})]
    return proc(table, HAS_A, HAS_B, HAS_C, HAS_LATE, wants=[wanted(HAS_A, HAS_B, rows=rows)])


def message(number: int) -> type:
    """One of many message classes that say nothing but that they came."""

    @dataclass(frozen=True)
    class Message:
        id: str

    Message.__name__ = Message.__qualname__ = f"M{number}"
    return Message


MANY = [message(number) for number in range(14)]
GATES = [seen(kind) for kind in MANY[:12]]


class Race(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


@case(*[kind("i") for kind in MANY])
def a_race_behind_twelve_gates() -> Process:
    """Two answers race, and it shows only when twelve approvals stand."""
    left, right = MANY[12:]
    moves: Moves = {
        Race.NONE: {left: Race.LEFT, right: Race.RIGHT},
        Race.LEFT: {left: Race.LEFT, right: Race.LEFT},
        Race.RIGHT: {left: Race.RIGHT, right: Race.RIGHT},
    }
    race = SubMachine("race", Race.NONE, moves)

    def rule(*cells: Enum) -> Out:
        if N in cells:
            return Out.OTHER
        return Out.DONE if cells[-1] is Race.LEFT else Out.FAILED if cells[-1] is Race.RIGHT else Out.OTHER

    return proc(outcomes(*GATES, race, rule=rule), *GATES, race)


@case(*[kind("i") for kind in MANY[:12]])
def one_cell_of_four_thousand() -> Process:
    """An effect is named in all cells but the last, where twelve reports have come."""
    ask = Effect("ask", "bank", {Do.YES: CommandTemplate("Ask"), Do.NO: CommandTemplate("Void")}, initially=Do.YES)
    rows: list[tuple[Any, ...]] = []
    for number in range(2**12):
        states = [Y if number >> bit & 1 else N for bit in range(12)]
        how = {} if number == 2**12 - 1 else {ask: Do.NO if number == 2**12 - 2 else Do.YES}
        rows.append((*states, how))
    return proc(one_outcome(GATES[0]), *GATES, wants=[wanted(*GATES, rows=rows)])


@case(A(), paid(1, 1))
def the_least_of_nothing() -> Process:
    """A builtin is asked for the least of the payments, of which there may be none."""
    template = CommandTemplate("Tell", computed=(ComputedField("least", (PAYMENTS,), min),))
    tell = Effect("tell", "desk", {Do.YES: template})
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted_in(HAS_A, tell, YES=Do.YES)])


@case(paid(1, 1), paid(2, 1))
def a_final_count() -> Process:
    """A final command carries a count, which is not said to be cumulative."""
    return shown(PAYMENTS, compute=len, is_final=True)


def sorted_in_place(tags: Entries) -> int:
    for one in tags.values():
        one["tags"].sort()
    return len(tags)


@case(tagged(1, "b", "a"), tagged(2, "c"))
def tags_sorted_in_place() -> Process:
    """The function sorts what the register holds, so that a repeat of the message contradicts it."""
    return shown(TAGS, compute=sorted_in_place)


def popped(payments: Entries) -> int:
    assert isinstance(payments, dict)
    return int(payments.pop("p1", {"amount": 0})["amount"])


@case(paid(1, 1), paid(2, 2))
def popped_from_the_register() -> Process:
    """The function takes an entry out of the register that it reads."""
    return shown(PAYMENTS, compute=popped)
