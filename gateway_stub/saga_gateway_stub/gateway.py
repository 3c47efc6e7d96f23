"""The gateway: carries out payment commands. The collaborator passes on only the command that holds.

A request is only stored as pending, and captured later; a void supersedes the request, which the answerer notices when
it comes to capture; a refund moves money at once.

The answerer takes its locks in the same order as the collaborator: commands, effects, ledger, last the module's row. So
several gateways wait for each other but never in a circle.
"""

import asyncio
from collections.abc import Sequence
from enum import Enum

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.collaborator import Collaborator, Command, Refusal, Unavailable
from saga.messages import Envelope, Poison
from saga.modules import Module, internal
from saga.supervision import pause
from saga_gateway_stub import ledger, pending
from saga_gateway_stub.behaviour import Behaviour
from saga_gateway_stub.commands import RefundPayment, RequestPayment, VoidPayment
from saga_gateway_stub.ledger import Movement, Payment
from saga_gateway_stub.pending import Pending


@internal
class PaymentVoided(BaseModel):
    """Nothing will be collected for this effect."""

    order_id: str
    effect: str
    revision: int


@internal
class PaymentRefunded(BaseModel):
    """A payment was refunded."""

    order_id: str
    payment_id: str
    amount: int
    currency: str


PAYMENTS = Module("payments", stream="order_id", events=(PaymentVoided, PaymentRefunded))


class Result(Enum):
    """The result of a command; a request is *requested* until it is due."""

    REQUESTED = "requested"
    CAPTURED = "captured"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"
    REFUNDED = "refunded"
    REPEATED = "repeated"


class Gateway:
    """Handles commands; any number may work side by side on one database."""

    def __init__(self, engine: AsyncEngine, behaviour: Behaviour, stop: asyncio.Event) -> None:
        self._engine = engine
        self._behaviour = behaviour
        self._stop = stop
        self.collaborator = Collaborator(
            "gateway",
            instance="order_id",
            handlers={RequestPayment: self._request, VoidPayment: _void, RefundPayment: _refund},
            before_batch=self._wait_for_outage,
        )

    async def handle(self, messages: Sequence[Envelope | Poison]) -> None:
        """Handle a batch; after this returns, the batch may be acknowledged.

        Raises Unavailable or LostRace when the same call should be made again.
        """
        await self.collaborator.handle(self._engine, messages)

    async def _request(self, command: Command[RequestPayment], connection: AsyncConnection) -> str:
        delay_seconds = self._behaviour.conduct(command.id).delay_seconds
        await pending.insert(connection, [Pending(command.id, number=0, event_id=None, after_seconds=delay_seconds)])
        return Result.REQUESTED.value

    async def _wait_for_outage(self) -> None:
        """Wait until the simulated outage is over."""
        while self._behaviour.has_outages:
            left = self._behaviour.outage_left_seconds((await pending.look(self._engine)).open_seconds)
            if left <= 0:
                return
            if self._stop.is_set():
                raise Unavailable("stopped during a simulated outage")
            await pause(self._stop, left)


async def _void(command: Command[VoidPayment], connection: AsyncConnection) -> str:
    voided = PaymentVoided(order_id=command.instance_id, effect=command.effect, revision=command.revision)
    PAYMENTS.append(connection, [voided], **command.cause)
    return Result.VOIDED.value


async def _refund(command: Command[RefundPayment], connection: AsyncConnection) -> str | Refusal:
    """Refund a payment, unless the refund contradicts the capture."""
    refund = command.data
    payment = await ledger.find_payment(connection, refund.payment_id)
    if payment is not None and (objection := _objection(refund, payment)):
        return Refusal(objection)
    movement = Movement(
        command_id=command.id,
        order_id=refund.order_id,
        effect=command.effect,
        payment_id=refund.payment_id,
        amount=refund.amount,
        currency=refund.currency,
    )
    if not await ledger.refund(connection, movement, external=payment is None):
        return Result.REPEATED.value
    PAYMENTS.append(connection, [PaymentRefunded(**refund.model_dump())], **command.cause)
    return Result.REFUNDED.value


def _objection(refund: RefundPayment, payment: Payment) -> str | None:
    """Why this refund contradicts a captured payment; None if it does not."""
    if refund.order_id != payment.order_id:
        return f"payment {payment.payment_id} belongs to order {payment.order_id}, not to {refund.order_id}"
    if (refund.amount, refund.currency) != (payment.amount, payment.currency):
        return (
            f"payment {payment.payment_id} is {payment.amount} {payment.currency},"
            f" a refund of {refund.amount} {refund.currency} is not of that payment"
        )
    return None
