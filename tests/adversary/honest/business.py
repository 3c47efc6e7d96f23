"""Processes of a business, half of them without own functions: orders, returns, subscriptions, ballots and so on."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    Effect,
    Outcomes,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_least,
    every,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Moves, Seen, case, proc, seen

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
