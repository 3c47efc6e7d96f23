"""The expected outcomes of a scenario's orders, written independently of the engine.

The table gives the outcome for each set of facts; the rules below it give the commands that hold at the collaborators
in the end. The simulated gateway or the scheduler may add facts to an order. So the facts that the order has taken in
count, and each message that the scenario published has to be among the answered ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from saga.operations.outcomes import RecordedInput, RecordedOrder

Facts = tuple[bool, bool, bool]
"""Whether it was paid, whether it timed out, whether it was cancelled."""

BEGIN_OF_TIME: Final = datetime.min.replace(tzinfo=UTC)

# fmt: off
EXPECTED: Final[dict[Facts, str]] = {
    # paid  timed out  cancelled
    (False, False, False): "awaiting_payment",
    (True,  False, False): "paid",
    (False, True,  False): "expired",
    (False, False, True):  "cancelled",
    (True,  True,  False): "paid",
    (True,  False, True):  "refunded",
    (False, True,  True):  "cancelled",
    (True,  True,  True):  "refunded",
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Checked:
    """An order compared with the expectation; ``problems`` are sentences, none if it is as expected."""

    order_id: str
    facts: Facts
    expected: str
    outcome: str
    settled: bool
    problems: tuple[str, ...]


def check(order: RecordedOrder, published: Iterable[str]) -> Checked:
    """Compare the order with what its facts lead to; ``published`` are the ids of the scenario's messages to it."""
    facts = _facts(order.inputs)
    problems = [*_outcome_problems(order, EXPECTED[facts]), *_command_problems(order, EXPECTED[facts])]
    answered = {came.message_id for came in order.inputs}
    problems += [f"message {missing} was never answered" for missing in sorted(set(published) - answered)]
    return Checked(order.process_id, facts, EXPECTED[facts], order.outcome, order.settled, tuple(problems))


def _facts(inputs: Iterable[RecordedInput]) -> Facts:
    types = {came.type for came in inputs}
    return "PaymentReceived" in types, "PaymentTimedOut" in types, "OrderCancelled" in types


def _outcome_problems(order: RecordedOrder, expected: str) -> Iterator[str]:
    if order.outcome != expected:
        yield f"it is {order.outcome}, and should be {expected}"


def _command_problems(order: RecordedOrder, expected: str) -> Iterator[str]:
    """The last command for each effect has to be the expected one, and each refund has to be commanded once."""
    placed = any(came.type == "OrderPlaced" for came in order.inputs)
    waiting = "RequestPayment" if placed else None
    parameters = {
        "payment_request": waiting if expected == "awaiting_payment" else "VoidPayment",
        "fulfilment": {"paid": "StartFulfilment", "refunded": "StopFulfilment"}.get(expected),
    }
    last = {command.effect: command.type for command in sorted(order.commands, key=lambda command: command.revision)}
    for effect, command in parameters.items():
        if last.get(effect) != command:
            yield f"the last command for {effect} is {last.get(effect)}, and should be {command}"
    refunded = sorted(command.effect for command in order.commands if command.type == "RefundPayment")
    if refunded != (due := _refunds(order.inputs, expected)):
        yield f"refunds are {', '.join(refunded) or 'none'}, and should be {', '.join(due) or 'none'}"


def _refunds(inputs: Iterable[RecordedInput], expected: str) -> list[str]:
    """The refunds that are due: every payment of a refunded order, every payment but the earliest of a paid one."""
    payments = {
        (*_received_at(came), str(came.fields["payment_id"])) for came in inputs if came.type == "PaymentReceived"
    }
    kept = {min(payments)} if expected == "paid" else set()
    return sorted(f"refund/{payment_id}" for _, _, payment_id in payments - kept)


def _received_at(came: RecordedInput) -> tuple[bool, datetime]:
    """When the payment came; one that does not say so counts as later than all that do."""
    moment = came.fields.get("received_at")
    return (True, BEGIN_OF_TIME) if moment is None else (False, datetime.fromisoformat(moment))
