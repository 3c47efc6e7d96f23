"""What a payment gateway does with each command: it collects at once, and notes everything else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.consumers.from_contract import Described, commands, event


@dataclass(frozen=True)
class Answer:
    """An event to publish."""

    described: Described
    headers: Mapping[str, Any]
    body: bytes


@dataclass
class Gateway:
    """A gateway that goes by a contract. ``taken`` are the commands that it got, as their type and their data."""

    document: Mapping[str, Any]
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def queue(self) -> str:
        """Where its commands wait."""
        (queue,) = {one.queue for one in commands(self.document, "gateway").values()}
        assert queue is not None
        return queue

    def handle(self, headers: Mapping[str, Any], body: bytes) -> Answer | None:
        """Take a command. Raises an error for one that is not as the contract says."""
        command = commands(self.document, "gateway")[headers["ce-type"]]
        data = command.model().model_validate(command.require(headers, body)).model_dump()
        self.taken.append((command.kind, data))
        if command.kind != "RequestPayment":
            return None
        received = event(self.document, "PaymentReceived")
        payment = {name: data[name] for name in ("order_id", "amount", "currency")}
        made = received.made("https://bank.example/gateway", **payment, payment_id=f"payment-{data['order_id']}")
        return Answer(received, *made)
