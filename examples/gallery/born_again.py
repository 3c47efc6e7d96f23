"""An end state that deletes the instance: later messages find no instance, and some of them create it again.

"Completed" removes the row, to keep the table small. Later messages are ignored, because there is no such order; but
OrderPlaced may start an instance, so a late or repeated one creates a second instance that never ends, with a second
request for money.

Mended: an instance consists of what it has consumed. It stays after its end, and answers late messages by the same
table.
"""

from datetime import timedelta
from enum import Enum

from examples.gallery.messages import OrderPlaced, PaymentReceived, PaymentTimedOut
from saga import ARMED, CommandTemplate, Deadline, Effect, Process, SubMachine, Wants, outcomes, wanted


class Instance(Enum):
    """Whether there is a row."""

    ABSENT = "absent"
    WAITING = "waiting"
    ENDED = "ended"


class Outcome(Enum):
    """The outcome of the order."""

    NOTHING = "nothing"
    WAITING = "waiting"
    DONE = "done"


class Request(Enum):
    """Conditions of the payment request at the gateway."""

    REQUESTED = "requested"
    WITHDRAWN = "withdrawn"


REQUEST = Effect(
    "request",
    collaborator="gateway",
    commands={
        Request.REQUESTED: CommandTemplate("RequestPayment"),
        Request.WITHDRAWN: CommandTemplate("WithdrawRequest"),
    },
    initially=Request.WITHDRAWN,
)
DEADLINE = Deadline("payment_deadline", emits=PaymentTimedOut, after=timedelta(minutes=15))


class Living(Enum):
    """Whether there is a row; the end of an order deletes it."""

    ABSENT = "absent"
    WAITING = "waiting"


DELETED_AT_ITS_END = SubMachine(
    "instance",
    start=Living.ABSENT,
    moves={
        Living.ABSENT: {
            OrderPlaced: Living.WAITING,
            PaymentReceived: Living.ABSENT,
            PaymentTimedOut: Living.ABSENT,
        },
        Living.WAITING: {
            OrderPlaced: Living.WAITING,
            PaymentReceived: Living.ABSENT,
            PaymentTimedOut: Living.ABSENT,
        },
    },
)
KEPT = SubMachine(
    "instance",
    start=Instance.ABSENT,
    moves={
        Instance.ABSENT: {
            OrderPlaced: Instance.WAITING,
            PaymentReceived: Instance.ENDED,
            PaymentTimedOut: Instance.ENDED,
        },
        Instance.WAITING: {
            OrderPlaced: Instance.WAITING,
            PaymentReceived: Instance.ENDED,
            PaymentTimedOut: Instance.ENDED,
        },
        Instance.ENDED: dict.fromkeys((OrderPlaced, PaymentReceived, PaymentTimedOut), Instance.ENDED),
    },
)


def _process(
    name: str, instance: SubMachine[Living] | SubMachine[Instance], rows: list[tuple[Enum, Outcome]]
) -> Process:
    table = outcomes(instance, rows=rows)
    withdrawn: Wants = {REQUEST: Request.WITHDRAWN}
    wants: dict[Enum, Wants] = {
        Outcome.NOTHING: withdrawn,
        Outcome.WAITING: {REQUEST: Request.REQUESTED, DEADLINE: ARMED},
        Outcome.DONE: withdrawn,
    }
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs={"orders": (OrderPlaced,), "payments": (PaymentReceived,), "scheduler": (PaymentTimedOut,)},
        machines=(instance,),
        outcomes=table,
        wanted=(wanted(table, rows=[(outcome, wants[outcome]) for outcome in table.states]),),
        settled=frozenset({Outcome.NOTHING, Outcome.DONE}) & frozenset(table.states),
    )


diverging = _process(
    "born-again", DELETED_AT_ITS_END, [(Living.ABSENT, Outcome.NOTHING), (Living.WAITING, Outcome.WAITING)]
)
mended = _process(
    "kept-at-its-end",
    KEPT,
    [(Instance.ABSENT, Outcome.NOTHING), (Instance.WAITING, Outcome.WAITING), (Instance.ENDED, Outcome.DONE)],
)
