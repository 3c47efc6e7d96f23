"""A timer that the state cancels: after the payment the timeout is ignored, and the other way round.

Leaving the state "awaiting payment" cancels its timer, as drawn in every textbook. But a timer that is due already is a
message on its way. The two race, and a queue decides which one wins, although each message contains its own time.

Mended: the process keeps both and compares their times: money that was received before the deadline counts, whenever
its message comes.
"""

from enum import Enum

from pydantic import AwareDatetime

from examples.gallery.messages import OrderMessage
from saga import DerivedColumn, Process, Register, SubMachine, has, only, outcomes, stages


class MoneyCame(OrderMessage):
    """The payment of the order was received, and when."""

    received_at: AwareDatetime


class DeadlinePassed(OrderMessage):
    """The payment deadline has passed, and when that was."""

    due_at: AwareDatetime


class Order(Enum):
    """The state of the order."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    EXPIRED = "expired"


INPUTS: dict[str, tuple[type, ...]] = {"payments": (MoneyCame,), "scheduler": (DeadlinePassed,)}
ORDER = SubMachine(
    "order",
    start=Order.AWAITING_PAYMENT,
    moves={
        Order.AWAITING_PAYMENT: {MoneyCame: Order.PAID, DeadlinePassed: Order.EXPIRED},
        Order.PAID: {MoneyCame: Order.PAID, DeadlinePassed: Order.PAID},  # the timer is cancelled
        Order.EXPIRED: {MoneyCame: Order.EXPIRED, DeadlinePassed: Order.EXPIRED},
    },
)

diverging = Process(
    name="timer-cancelled-by-state",
    version=1,
    correlate="order_id",
    inputs=INPUTS,
    machines=(ORDER,),
    outcomes=outcomes(ORDER, rows=[(state, state) for state in Order]),
    settled=frozenset({Order.PAID, Order.EXPIRED}),
)


class Money(Enum):
    """Whether money came, and whether in time as far as is known."""

    NONE = "none"
    IN_TIME = "in_time"
    LATE = "late"


MONEY = Register("money", of=MoneyCame, key="order_id")
DEADLINES = Register("deadlines", of=DeadlinePassed, key="order_id")
IS_LATE = only(MONEY, "received_at") > only(DEADLINES, "due_at")
IS_IN_TIME = DerivedColumn.of("money", stages(Money.NONE, (has(MONEY), Money.IN_TIME), (IS_LATE, Money.LATE)))
HAS_PASSED = DerivedColumn.of("deadline has passed", has(DEADLINES))

mended = Process(
    name="decided-by-what-is-said",
    version=1,
    correlate="order_id",
    inputs=INPUTS,
    registers=(MONEY, DEADLINES),
    outcomes=outcomes(
        IS_IN_TIME,
        HAS_PASSED,
        rows=[
            (Money.NONE, False, Order.AWAITING_PAYMENT),
            (Money.NONE, True, Order.EXPIRED),
            (Money.IN_TIME, False, Order.PAID),
            (Money.IN_TIME, True, Order.PAID),
            (Money.LATE, False, Order.EXPIRED),
            (Money.LATE, True, Order.EXPIRED),
        ],
    ),
    settled=frozenset({Order.PAID, Order.EXPIRED}),
)
