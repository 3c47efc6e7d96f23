"""Processes of a business, half of them without own functions: orders, returns, subscriptions, ballots and so on."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Outcomes,
    Process,
    Register,
    Selection,
    SubMachine,
    all_but,
    all_but_least,
    every,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Moves, Seen, case, has_any, proc, seen

Y, N = Seen.YES, Seen.NO


@dataclass(frozen=True)
class OrderPlaced:
    id: str
    total: int = 0


@dataclass(frozen=True)
class OrderCancelled:
    id: str


@dataclass(frozen=True)
class PaymentReceived:
    id: str
    payment_id: str
    amount: int
    received_at: str


@dataclass(frozen=True)
class PaymentTimedOut:
    id: str


@dataclass(frozen=True)
class ParcelShipped:
    id: str


@dataclass(frozen=True)
class ParcelDelivered:
    id: str


@dataclass(frozen=True)
class ParcelLost:
    id: str


@dataclass(frozen=True)
class ParcelReturned:
    id: str
    parcel_id: str
    value: int


@dataclass(frozen=True)
class FraudSuspected:
    id: str


@dataclass(frozen=True)
class FraudCleared:
    id: str


@dataclass(frozen=True)
class Escalated:
    id: str


@dataclass(frozen=True)
class InvoiceSent:
    id: str


@dataclass(frozen=True)
class StockReserved:
    id: str


@dataclass(frozen=True)
class StockMissing:
    id: str


@dataclass(frozen=True)
class CustomerBlocked:
    id: str


@dataclass(frozen=True)
class Reminded:
    id: str


class Order(Enum):
    UNKNOWN = "unknown"
    AWAITING = "awaiting_payment"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


PLACED, CANCELLED, TIMED_OUT = seen(OrderPlaced), seen(OrderCancelled), seen(PaymentTimedOut)
PAID = SubMachine("payment", N, {state: {PaymentReceived: Y} for state in Seen})
PAYMENTS = Register("payments", PaymentReceived, "payment_id")
ORDERS = Register("orders", OrderPlaced, "id")
FIFTEEN = Deadline("fifteen-minutes", PaymentTimedOut, timedelta(minutes=15))


def pay(number: int, amount: int, at: str) -> PaymentReceived:
    return PaymentReceived("i", f"p{number}", amount, at)


def order_table() -> Outcomes:
    """Cancelled outranks paid, and paid outranks late."""
    return outcomes(
        PLACED,
        PAID,
        TIMED_OUT,
        CANCELLED,
        name="order",
        rows=[
            (ANY, ANY, ANY, Y, Order.CANCELLED),
            (ANY, Y, ANY, N, Order.PAID),
            (Y, N, Y, N, Order.EXPIRED),
            (Y, N, N, N, Order.AWAITING),
            (N, N, ANY, N, Order.UNKNOWN),
        ],
    )


def order_process(*more: Any) -> Process:
    table = order_table()
    request = Effect(
        "request",
        "gateway",
        {Do.YES: CommandTemplate("RequestPayment"), Do.NO: CommandTemplate("VoidPayment")},
        initially=Do.NO,
    )
    refund = Effect(
        "refund",
        "gateway",
        {Do.YES: CommandTemplate("Refund", PAYMENTS, ("payment_id", "amount"))},
        final=frozenset({Do.YES}),
    )
    earliest = all_but_least(PAYMENTS, by=("received_at", "payment_id"))
    wants = wanted(
        table,
        rows=[
            (Order.UNKNOWN, {request: Do.NO, refund: earliest}),
            (Order.AWAITING, {request: Do.YES, FIFTEEN: ARMED, refund: earliest}),
            (Order.PAID, {request: Do.NO, refund: earliest}),
            (Order.EXPIRED, {request: Do.NO, refund: earliest}),
            (Order.CANCELLED, {request: Do.NO, refund: every(PAYMENTS)}),
        ],
    )
    return proc(table, PLACED, PAID, TIMED_OUT, CANCELLED, PAYMENTS, *more, wants=[wants], unsettled=[Order.AWAITING])


@case(OrderPlaced("i"), OrderCancelled("i"), pay(1, 10, "2"), pay(2, 5, "1"))
def an_order() -> Process:
    """Payment with a deadline, cancellation, refunds of what is too much."""
    return order_process()


ORDER_KINDS: tuple[type, ...] = (
    ParcelShipped,
    ParcelDelivered,
    ParcelLost,
    FraudSuspected,
    FraudCleared,
    Escalated,
    InvoiceSent,
    StockReserved,
    StockMissing,
    CustomerBlocked,
    Reminded,
)


@case(OrderPlaced("i"), OrderCancelled("i"), pay(1, 10, "2"), *[kind("i") for kind in ORDER_KINDS])
def an_order_of_fifteen_types() -> Process:
    """The same with eleven more reports, joined in small tables, each of which has effects of its own."""
    base = order_process()
    flags = {kind: seen(kind) for kind in ORDER_KINDS}

    def small(name: str, first: type, second: type) -> tuple[Outcomes, Any]:
        table = outcomes(
            flags[first],
            flags[second],
            name=name,
            rows=[(ANY, Y, Order.CANCELLED), (Y, N, Order.PAID), (N, N, Order.UNKNOWN)],
        )
        effect = Effect(
            f"{name}-notice", name, {Do.YES: CommandTemplate("Note"), Do.NO: CommandTemplate("Drop")}, initially=Do.NO
        )
        rows = [(Order.PAID, {effect: Do.YES}), (all_but(Order.PAID), {effect: Do.NO})]
        return table, wanted(table, rows=rows)

    made = [
        small("parcels", ParcelShipped, ParcelLost),
        small("fraud", FraudSuspected, FraudCleared),
        small("stock", StockReserved, StockMissing),
        small("invoice", InvoiceSent, CustomerBlocked),
    ]
    tables = [table for table, _ in made]
    summary = outcomes(
        *tables,
        name="summary",
        rule=lambda *cells: Order.CANCELLED if Order.CANCELLED in cells else Order.PAID,
    )
    table = outcomes(
        base.outcomes,
        summary,
        rows=[
            (Order.AWAITING, ANY, Order.AWAITING),
            (Order.PAID, Order.PAID, Order.PAID),
            (Order.PAID, Order.CANCELLED, Order.EXPIRED),
            (one_of(Order.UNKNOWN, Order.EXPIRED, Order.CANCELLED), ANY, Order.CANCELLED),
        ],
    )
    return proc(
        table,
        *base.machines,
        *base.registers,
        *flags.values(),
        wants=[*base.wanted, *(wants for _, wants in made)],
        unsettled=[Order.AWAITING],
    )


@dataclass(frozen=True)
class T0:
    id: str


@dataclass(frozen=True)
class T1:
    id: str


@dataclass(frozen=True)
class T2:
    id: str


@dataclass(frozen=True)
class T3:
    id: str


@dataclass(frozen=True)
class T4:
    id: str


@dataclass(frozen=True)
class T5:
    id: str


@dataclass(frozen=True)
class T6:
    id: str


@dataclass(frozen=True)
class T7:
    id: str


@dataclass(frozen=True)
class T8:
    id: str


@dataclass(frozen=True)
class T9:
    id: str


TYPES: tuple[type, ...] = (T0, T1, T2, T3, T4, T5, T6, T7, T8, T9)
ALL: tuple[type, ...] = (*TYPES, Escalated, InvoiceSent, StockReserved, StockMissing, Reminded, FraudCleared)


class Side(Enum):
    NEITHER = "neither"
    GOOD = "good"
    BAD = "bad"


def side(number: int, good: type, bad: type) -> tuple[SubMachine[Side], Effect]:
    """Good or bad, and bad outranks good."""
    moves: Moves = {
        Side.NEITHER: {good: Side.GOOD, bad: Side.BAD},
        Side.GOOD: {good: Side.GOOD, bad: Side.BAD},
        Side.BAD: {good: Side.BAD, bad: Side.BAD},
    }
    effect = Effect(
        f"step-{number}",
        f"desk-{number}",
        {Do.YES: CommandTemplate("Do"), Do.NO: CommandTemplate("Undo")},
        initially=Do.NO,
    )
    return SubMachine(f"side-{number}", Side.NEITHER, moves), effect


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


@dataclass(frozen=True)
class PassportChecked:
    id: str


@dataclass(frozen=True)
class PassportRefused:
    id: str


@dataclass(frozen=True)
class AddressChecked:
    id: str


@dataclass(frozen=True)
class OnSanctionsList:
    id: str


@dataclass(frozen=True)
class ReviewTimedOut:
    id: str


class Customer(Enum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"


@case(PassportChecked("i"), PassportRefused("i"), AddressChecked("i"), OnSanctionsList("i"))
def know_your_customer() -> Process:
    """Two checks have to pass, a sanction outranks all, and a review that takes too long lapses."""
    kinds = (PassportChecked, PassportRefused, AddressChecked, OnSanctionsList, ReviewTimedOut)
    passport, refused, address, listed, late = (seen(kind) for kind in kinds)
    table = outcomes(
        passport,
        refused,
        address,
        listed,
        late,
        rows=[
            (ANY, ANY, ANY, Y, ANY, Customer.REFUSED),
            (ANY, Y, ANY, N, ANY, Customer.REFUSED),
            (Y, N, Y, N, ANY, Customer.ACCEPTED),
            (N, N, ANY, N, N, Customer.PENDING),
            (Y, N, N, N, N, Customer.PENDING),
            (N, N, ANY, N, Y, Customer.LAPSED),
            (Y, N, N, N, Y, Customer.LAPSED),
        ],
    )
    account = Effect(
        "account", "bank", {Do.YES: CommandTemplate("Open"), Do.NO: CommandTemplate("Close")}, initially=Do.NO
    )
    report = Effect("report", "authority", {Do.YES: CommandTemplate("Report")}, final=frozenset({Do.YES}))
    month = Deadline("month", ReviewTimedOut, timedelta(days=30))
    wants = [
        wanted(
            table,
            rows=[
                (Customer.PENDING, {account: Do.NO, month: ARMED}),
                (Customer.ACCEPTED, {account: Do.YES}),
                (one_of(Customer.REFUSED, Customer.LAPSED), {account: Do.NO}),
            ],
        ),
        wanted(listed, rows=[(Y, {report: Do.YES}), (N, {})]),
    ]
    return proc(table, passport, refused, address, listed, late, wants=wants, unsettled=[Customer.PENDING])


class Way(Enum):
    NOWHERE = "nowhere"
    LEFT = "left"
    SORTED = "sorted"
    ARRIVED = "arrived"


@case(ParcelShipped("i"), StockReserved("i"), ParcelDelivered("i"), ParcelLost("i"))
def a_shipment() -> Process:
    """The farthest point that was ever reported, whatever reports are missing; a loss is found by an arrival."""
    order = list(Way)
    of = {ParcelShipped: Way.LEFT, StockReserved: Way.SORTED, ParcelDelivered: Way.ARRIVED}
    way = SubMachine(
        "way", Way.NOWHERE, {held: {kind: max(held, new, key=order.index) for kind, new in of.items()} for held in Way}
    )
    lost = seen(ParcelLost)
    table = outcomes(
        way,
        lost,
        rows=[
            (Way.ARRIVED, ANY, Order.PAID),
            (all_but(Way.ARRIVED), Y, Order.CANCELLED),
            (all_but(Way.ARRIVED), N, Order.UNKNOWN),
        ],
    )
    claim = Effect(
        "claim", "insurer", {Do.YES: CommandTemplate("Claim"), Do.NO: CommandTemplate("Withdraw")}, initially=Do.NO
    )
    wants = wanted(table, rows=[(Order.CANCELLED, {claim: Do.YES}), (all_but(Order.CANCELLED), {claim: Do.NO})])
    return proc(table, way, lost, wants=[wants])


@dataclass(frozen=True)
class Voted:
    id: str
    voter: str
    choice: str


@dataclass(frozen=True)
class PollClosed:
    id: str


VOTES = Register("votes", Voted, "voter")


def winner(votes: Entries) -> str:
    choices = sorted({one["choice"] for one in votes.values()})
    return max(choices, key=lambda choice: sum(one["choice"] == choice for one in votes.values()), default="")


@case(Voted("i", "a", "x"), Voted("i", "b", "y"), Voted("i", "c", "y"), PollClosed("i"))
def a_ballot() -> Process:
    """The choice with most votes is sent once the poll is closed, and again when a vote comes late."""
    closed = seen(PollClosed)
    result = ComputedField("winner", (VOTES,), winner)
    tell = Effect("result", "press", {Do.YES: CommandTemplate("Announce", computed=(result,))})
    table = outcomes(closed, rows=[(Y, Order.PAID), (N, Order.UNKNOWN)])
    wants = wanted(table, rows=[(Order.PAID, {tell: Do.YES}), (Order.UNKNOWN, {})])
    return proc(table, closed, VOTES, wants=[wants])


@dataclass(frozen=True)
class BidMade:
    id: str
    bid_id: str
    bidder: str
    amount: int


BIDS = Register("bids", BidMade, "bid_id")


def best_bid(bids: Entries) -> list[Any]:
    best = max(bids.values(), key=lambda one: (one["amount"], one["bid_id"]), default=None)
    return [best["bidder"], best["amount"]] if best else []


def is_reserve_met(bids: Entries) -> bool:
    return any(one["amount"] >= 2_750 for one in bids.values())


@case(BidMade("i", "1", "a", 2_750), BidMade("i", "2", "b", 2_750), BidMade("i", "3", "c", 1), PollClosed("i"))
def an_auction() -> Process:
    """The greatest bid, of equal bids that with the greater id, if the reserve of 2,750 is met."""
    closed, met = seen(PollClosed), DerivedColumn("reserve met", (BIDS,), is_reserve_met)
    best = ComputedField("best", (BIDS,), best_bid)
    lot = Effect(
        "lot",
        "house",
        {Do.YES: CommandTemplate("Sell", computed=(best,)), Do.NO: CommandTemplate("Keep")},
        initially=Do.NO,
    )
    table = outcomes(
        closed,
        met,
        rows=[(Y, True, Order.PAID), (Y, False, Order.EXPIRED), (N, ANY, Order.UNKNOWN)],
    )
    wants = wanted(table, rows=[(Order.PAID, {lot: Do.YES}), (all_but(Order.PAID), {lot: Do.NO})])
    return proc(table, closed, BIDS, wants=[wants])


@dataclass(frozen=True)
class SeatWanted:
    id: str
    guest: str
    seats: int
    at: str


GUESTS = Register("guests", SeatWanted, "guest")


def seated(guests: Entries) -> list[str]:
    left, found = 10, []
    for key in sorted(guests, key=lambda one: (guests[one]["at"], one)):
        if guests[key]["seats"] <= left:
            left -= max(0, guests[key]["seats"])
            found.append(key)
    return sorted(found)


@case(SeatWanted("i", "a", 6, "2"), SeatWanted("i", "b", 5, "1"), SeatWanted("i", "c", 4, "3"), OrderCancelled("i"))
def an_evening_with_ten_seats() -> Process:
    """Seats go by the times of asking; the list is sent whenever it changes, and empty when the evening is off."""
    has = has_any(GUESTS)
    plan = ComputedField("seated", (GUESTS,), seated)
    send = Effect(
        "plan",
        "house",
        {Do.YES: CommandTemplate("Seat", computed=(plan,)), Do.NO: CommandTemplate("CallOff")},
        initially=Do.NO,
    )
    table = outcomes(has, CANCELLED, rows=[(ANY, Y, Order.CANCELLED), (Y, N, Order.PAID), (N, N, Order.UNKNOWN)])
    wants = wanted(table, rows=[(Order.PAID, {send: Do.YES}), (all_but(Order.PAID), {send: Do.NO})])
    return proc(table, has, CANCELLED, GUESTS, wants=[wants])


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
