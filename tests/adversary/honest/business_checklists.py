"""Honest processes with many types of messages, returns and subscriptions."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

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
    every,
    outcomes,
    wanted,
)
from tests.adversary.honest.business import (
    ALL,
    CANCELLED,
    PLACED,
    TIMED_OUT,
    TYPES,
    N,
    Order,
    OrderCancelled,
    OrderPlaced,
    ParcelReturned,
    PaymentTimedOut,
    Side,
    Y,
    side,
)
from tests.adversary.kit import Do, Seen, case, proc, seen


def checklist(kinds: tuple[type, ...]) -> Process:
    made = [side(number, kinds[2 * number], kinds[2 * number + 1]) for number in range(len(kinds) // 2)]
    machines = [machine for machine, _ in made]

    def rule(*cells: Side) -> Order:
        if Side.BAD in cells:
            return Order.CANCELLED
        return Order.PAID if Side.NEITHER not in cells else Order.UNKNOWN

    wants = [
        wanted(machine, rows=[(Side.GOOD, {effect: Do.YES}), (all_but(Side.GOOD), {effect: Do.NO})])
        for machine, effect in made
    ]
    return proc(outcomes(*machines, rule=rule), *machines, wants=wants)


@case(*[kind("i") for kind in TYPES])
def a_checklist_of_ten() -> Process:
    """Five steps, each done or failed, and an effect of each."""
    return checklist(TYPES)


@case(*[kind("i") for kind in ALL])
def a_checklist_of_sixteen() -> Process:
    """Eight steps, each done or failed, and an effect of each."""
    return checklist(ALL)


@case(*[kind("i") for kind in ALL])
def sixteen_flags_in_four_tables() -> Process:
    """Sixteen flags, four in a table, and a table of the four tables."""
    flags = [seen(kind) for kind in ALL]
    fours = [
        outcomes(
            *flags[4 * n : 4 * n + 4],
            name=f"part-{n}",
            rule=lambda *cells: Side.GOOD if all(one is Y for one in cells) else Side.NEITHER,
        )
        for n in range(4)
    ]
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell"), Do.NO: CommandTemplate("Wait")}, initially=Do.NO)
    table = outcomes(*fours, rule=lambda *cells: Order.PAID if Side.NEITHER not in cells else Order.UNKNOWN)
    wants = wanted(table, rows=[(Order.PAID, {tell: Do.YES}), (Order.UNKNOWN, {tell: Do.NO})])
    return proc(table, *flags, wants=[wants])


RETURNED = Register("returned", ParcelReturned, "parcel_id")


class Return(Enum):
    OPEN = "open"
    REFUNDED = "refunded"
    KEPT = "kept"
    EXPIRED = "expired"


@case(OrderPlaced("i"), OrderCancelled("i"), ParcelReturned("i", "w1", 5), ParcelReturned("i", "w2", 6))
def a_return() -> Process:
    """A return is announced, withdrawn or forgotten; every parcel that arrives is refunded."""
    here = SubMachine("parcel", N, {state: {ParcelReturned: Y} for state in Seen})
    fortnight = Deadline("fortnight", PaymentTimedOut, timedelta(days=14))
    table = outcomes(
        here,
        PLACED,
        CANCELLED,
        TIMED_OUT,
        rows=[
            (Y, ANY, ANY, ANY, Return.REFUNDED),
            (N, ANY, Y, ANY, Return.KEPT),
            (N, N, N, ANY, Return.KEPT),
            (N, Y, N, N, Return.OPEN),
            (N, Y, N, Y, Return.EXPIRED),
        ],
    )
    refund = Effect(
        "refund",
        "bank",
        {Do.YES: CommandTemplate("RefundParcel", RETURNED, ("parcel_id", "value"))},
        final=frozenset({Do.YES}),
    )
    wants = [
        wanted(table, rows=[(Return.OPEN, {fortnight: ARMED}), (all_but(Return.OPEN), {})]),
        wanted(table, rows=[(Return.REFUNDED, {refund: every(RETURNED)}), (all_but(Return.REFUNDED), {})]),
    ]
    return proc(table, here, PLACED, CANCELLED, TIMED_OUT, RETURNED, wants=wants, unsettled=[Return.OPEN])


@dataclass(frozen=True)
class PeriodPaid:
    id: str
    period: int
    amount: int


@dataclass(frozen=True)
class PlanChosen:
    id: str
    revision: int
    price: int


@dataclass(frozen=True)
class Unsubscribed:
    id: str


PERIODS = Register("periods", PeriodPaid, "period")
PLANS = Register("plans", PlanChosen, "revision")


def price_now(plans: Entries) -> int:
    newest = max(plans.values(), key=lambda one: one["revision"], default={"price": 0})
    return int(newest["price"])


@case(PlanChosen("i", 1, 10), PlanChosen("i", 2, 20), PeriodPaid("i", 1, 10), Unsubscribed("i"))
def a_subscription() -> Process:
    """The price is that of the newest revision, and nothing is asked for after the end."""
    ended = seen(Unsubscribed)
    has = SubMachine("plan", N, {state: {PlanChosen: Y} for state in Seen})
    price = ComputedField("price", (PLANS,), price_now)
    paid_periods = ComputedField("periods", (PERIODS,), len)
    ask = Effect(
        "subscription",
        "billing",
        {Do.YES: CommandTemplate("Bill", computed=(price, paid_periods)), Do.NO: CommandTemplate("Stop")},
        initially=Do.NO,
    )
    table = outcomes(ended, has, rows=[(Y, ANY, Order.CANCELLED), (N, Y, Order.PAID), (N, N, Order.UNKNOWN)])
    wants = wanted(table, rows=[(Order.PAID, {ask: Do.YES}), (all_but(Order.PAID), {ask: Do.NO})])
    return proc(table, ended, has, PERIODS, PLANS, wants=[wants])
