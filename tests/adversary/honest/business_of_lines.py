"""Honest processes of orders in parts, reminders, fraud and invoices."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    Selection,
    all_but,
    every,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.honest.business import (
    CANCELLED,
    ORDERS,
    PAID,
    PAYMENTS,
    PLACED,
    TIMED_OUT,
    CustomerBlocked,
    Escalated,
    FraudCleared,
    FraudSuspected,
    InvoiceSent,
    N,
    Order,
    OrderCancelled,
    OrderPlaced,
    ParcelDelivered,
    ParcelReturned,
    ParcelShipped,
    PaymentTimedOut,
    Reminded,
    StockMissing,
    StockReserved,
    Y,
    pay,
)
from tests.adversary.honest.business_checklists import RETURNED
from tests.adversary.kit import Do, Seen, case, has_any, proc, seen


@case(OrderPlaced("i", 100), pay(1, 60, "1"), pay(2, 40, "2"), pay(3, 1, "3"), OrderCancelled("i"))
def an_order_paid_in_parts() -> Process:
    """Paid when the payments make the total; what is left is asked for, and all goes back when it is cancelled."""

    def is_paid(payments: Entries, orders: Entries) -> bool:
        totals = [one["total"] for one in orders.values()]
        return bool(totals and _sum(payments) >= totals[0])

    def is_due(payments: Entries, orders: Entries) -> int:
        return max(0, int(sum(one["total"] for one in orders.values())) - _sum(payments))

    covered = DerivedColumn("covered", (PAYMENTS, ORDERS), is_paid)
    ask = Effect(
        "request",
        "gateway",
        {
            Do.YES: CommandTemplate("Ask", computed=(ComputedField("due", (PAYMENTS, ORDERS), is_due),)),
            Do.NO: CommandTemplate("Void"),
        },
        initially=Do.NO,
    )
    back = Effect("refund", "gateway", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    table = outcomes(
        PLACED,
        covered,
        CANCELLED,
        rows=[
            (ANY, ANY, Y, Order.CANCELLED),
            (Y, True, N, Order.PAID),
            (Y, False, N, Order.AWAITING),
            (N, ANY, N, Order.UNKNOWN),
        ],
    )
    wants = wanted(
        table,
        rows=[
            (Order.AWAITING, {ask: Do.YES}),
            (one_of(Order.PAID, Order.UNKNOWN), {ask: Do.NO}),
            (Order.CANCELLED, {ask: Do.NO, back: every(PAYMENTS)}),
        ],
    )
    return proc(table, PLACED, CANCELLED, PAYMENTS, ORDERS, wants=[wants])


def _sum(payments: Entries) -> int:
    return sum(max(0, one["amount"]) for one in payments.values())


@dataclass(frozen=True)
class LineAdded:
    id: str
    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True)
class LineRemoved:
    id: str
    removal_id: str
    line_id: str


LINES = Register("lines", LineAdded, "line_id")
REMOVALS = Register("removals", LineRemoved, "removal_id")


class Picking(Enum):
    PICK = "pick"
    PUT_BACK = "put_back"


@case(LineAdded("i", "1", "x", 2), LineAdded("i", "2", "y", 1), LineRemoved("i", "r1", "1"))
def lines_and_their_removals() -> Process:
    """Every line has a computed quantity, which a removal makes nothing, whichever comes first."""

    def quantity(lines: Entries, removals: Entries, key: str) -> int:
        return 0 if any(one["line_id"] == key for one in removals.values()) else int(lines[key]["quantity"])

    has = has_any(LINES)
    field = ComputedField("quantity", (LINES, REMOVALS), quantity)
    pick = Effect("pick", "warehouse", {Picking.PICK: CommandTemplate("Pick", LINES, ("sku",), (field,))})
    table = outcomes(has, rows=[(Y, Order.PAID), (N, Order.UNKNOWN)])
    return proc(table, has, LINES, REMOVALS, wants=[wanted(has, rows=[(ANY, {pick: every(LINES)})])])


@case(LineAdded("i", "1", "x", 2), LineAdded("i", "2", "y", 1), OrderPlaced("i"), StockMissing("i"))
def stock_is_reserved_for_each_line() -> Process:
    """Each line is reserved once the order is placed, and each is released when the stock is missing."""
    missing = seen(StockMissing)
    stock = Effect(
        "stock",
        "warehouse",
        {
            Picking.PICK: CommandTemplate("Reserve", LINES, ("sku", "quantity")),
            Picking.PUT_BACK: CommandTemplate("Release", LINES, ("sku", "quantity")),
        },
        initially=Picking.PUT_BACK,
    )
    table = outcomes(PLACED, missing, rows=[(Y, N, Order.PAID), (N, ANY, Order.UNKNOWN), (Y, Y, Order.CANCELLED)])
    wants = wanted(
        table,
        rows=[
            (Order.PAID, {stock: every(LINES, Picking.PICK)}),
            (Order.CANCELLED, {stock: every(LINES, Picking.PUT_BACK)}),
            (Order.UNKNOWN, {stock: every(LINES, Picking.PUT_BACK)}),
        ],
    )
    return proc(table, PLACED, missing, LINES, wants=[wants])


@case(OrderPlaced("i"), Reminded("i"), pay(1, 1, "1"))
def reminders() -> Process:
    """A reminder after a day, an end after a week, and nothing after the payment."""
    day = Deadline("day", Reminded, timedelta(days=1))
    week = Deadline("week", PaymentTimedOut, timedelta(days=7))
    reminded = seen(Reminded)
    table = outcomes(
        PLACED,
        PAID,
        TIMED_OUT,
        rows=[
            (ANY, Y, ANY, Order.PAID),
            (N, N, ANY, Order.UNKNOWN),
            (Y, N, N, Order.AWAITING),
            (Y, N, Y, Order.EXPIRED),
        ],
    )
    letter = Effect(
        "letter", "post", {Do.YES: CommandTemplate("Remind"), Do.NO: CommandTemplate("Apologise")}, initially=Do.NO
    )
    wants = wanted(
        table,
        reminded,
        rows=[
            (Order.AWAITING, N, {day: ARMED, week: ARMED, letter: Do.NO}),
            (Order.AWAITING, Y, {day: ARMED, week: ARMED, letter: Do.YES}),
            (all_but(Order.AWAITING), ANY, {letter: Do.NO}),
        ],
    )
    return proc(table, PLACED, PAID, TIMED_OUT, reminded, wants=[wants], unsettled=[Order.AWAITING])


class Case(Enum):
    QUIET = "quiet"
    WATCHED = "watched"
    BLOCKED = "blocked"


@case(FraudSuspected("i"), FraudCleared("i"), CustomerBlocked("i"), Escalated("i"))
def a_fraud_case() -> Process:
    """Cleared outranks suspected, blocked outranks both, and an escalation has a message of its own."""
    suspected, cleared, blocked, escalated = (
        seen(kind) for kind in (FraudSuspected, FraudCleared, CustomerBlocked, Escalated)
    )
    table = outcomes(
        suspected,
        cleared,
        blocked,
        rows=[
            (ANY, ANY, Y, Case.BLOCKED),
            (Y, N, N, Case.WATCHED),
            (ANY, Y, N, Case.QUIET),
            (N, N, N, Case.QUIET),
        ],
    )
    freeze = Effect(
        "account", "bank", {Do.YES: CommandTemplate("Freeze"), Do.NO: CommandTemplate("Thaw")}, initially=Do.NO
    )
    call = Effect("call", "police", {Do.YES: CommandTemplate("Call")}, final=frozenset({Do.YES}))
    wants = [
        wanted(table, rows=[(Case.QUIET, {freeze: Do.NO}), (all_but(Case.QUIET), {freeze: Do.YES})]),
        wanted(escalated, blocked, rows=[(Y, Y, {call: Do.YES}), (N, ANY, {}), (Y, N, {})]),
    ]
    return proc(table, suspected, cleared, blocked, escalated, wants=wants)


HEAVY = Selection(
    "heavy ones", RETURNED, lambda held: frozenset(key for key, one in held.items() if one["value"] > 1_000)
)


@case(ParcelReturned("i", "w1", 1_001), ParcelReturned("i", "w2", 5), OrderPlaced("i"))
def dear_parcels_are_looked_at() -> Process:
    """Every returned parcel of more than 1,000 is looked at by a person."""
    look = Effect(
        "look", "desk", {Do.YES: CommandTemplate("Look", RETURNED, ("parcel_id",))}, final=frozenset({Do.YES})
    )
    table = outcomes(PLACED, rows=[(Y, Order.PAID), (N, Order.UNKNOWN)])
    return proc(table, PLACED, RETURNED, wants=[wanted(PLACED, rows=[(ANY, {look: HEAVY})])])


@case(InvoiceSent("i"), StockReserved("i"), ParcelShipped("i"), ParcelDelivered("i"), pay(1, 1, "1"))
def a_delivery_in_five_steps() -> Process:
    """Five reports in any order; each step is commanded when those before it are known."""
    kinds = (InvoiceSent, StockReserved, ParcelShipped, ParcelDelivered)
    flags = [seen(kind) for kind in kinds] + [PAID]
    wants = []
    for number in range(4):
        step = Effect(f"step-{number}", f"team-{number}", {Do.YES: CommandTemplate("Begin")})
        rows = [(Y, Y, {step: Do.YES}), (N, ANY, {}), (Y, N, {})]
        wants.append(wanted(flags[number], flags[number + 1], rows=rows))
    table = outcomes(*flags, rule=lambda *cells: Order.PAID if N not in cells else Order.UNKNOWN)
    return proc(table, *flags, wants=wants)


def _label(placed: Seen, cancelled: Seen, shipped: Seen) -> Order:
    if placed is N:
        return Order.UNKNOWN
    return Order.PAID if shipped is Y or cancelled is N else Order.CANCELLED


@case(OrderPlaced("i", 5), OrderCancelled("i"), ParcelShipped("i"))
def copied_once_it_is_known() -> Process:
    """The label carries the total, and is valid once placed and until cancelled, unless the parcel left."""
    shipped = seen(ParcelShipped)
    label = Effect(
        "label",
        "carrier",
        {Do.YES: CommandTemplate("Print", ORDERS, ("total",)), Do.NO: CommandTemplate("Revoke")},
        initially=Do.NO,
    )
    table = outcomes(PLACED, CANCELLED, shipped, rule=_label)
    wants = wanted(table, rows=[(Order.PAID, {label: Do.YES}), (all_but(Order.PAID), {label: Do.NO})])
    return proc(table, PLACED, CANCELLED, shipped, ORDERS, wants=[wants])
