"""The gateway: takes payment commands in batches, each batch in one transaction.

A request is only noted, to be captured when its time has come; a void makes the request one that no longer holds, and
whoever comes to capture it finds that; a refund moves money at once.

The order of the locks is the same wherever commands are taken or requests are captured, level by level and by key
within a level: commands, effects, ledger, last the module's row. So several gateways wait for each other but never in a
circle.
"""

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.engine.halving import halved
from saga.messages import Envelope, Poison
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility, append
from saga.postgres import Statements, Unavailable, durable_transaction
from saga.supervision import pause
from saga_gateway_stub import ledger, pending
from saga_gateway_stub.behaviour import Behaviour
from saga_gateway_stub.commands import Command, CommandData, RefundPayment, RequestPayment, VoidPayment, newest, poison
from saga_gateway_stub.inbox import Inbox, read_all
from saga_gateway_stub.ledger import Movement, Payment
from saga_gateway_stub.pending import Pending

MODULE: Final = "payments"
INBOX = Inbox("gateway")
HOLD_EFFECTS = Statements(__package__)["gateway/hold_effects"]

KINDS: Final[Mapping[str, type[CommandData]]] = {
    kind.__name__: kind for kind in (RequestPayment, VoidPayment, RefundPayment)
}


class Result(Enum):
    """What became of a command; a request is *requested* until its time has come."""

    REQUESTED = "requested"
    CAPTURED = "captured"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"
    REFUNDED = "refunded"
    REFUSED = "refused"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"


class Gateway:
    """Takes commands; any number may work side by side on one database."""

    def __init__(self, engine: AsyncEngine, behaviour: Behaviour, stop: asyncio.Event) -> None:
        self._engine = engine
        self._behaviour = behaviour
        self._stop = stop

    async def take(self, messages: Sequence[Envelope | Poison]) -> None:
        """Take a batch; when this returns it may be acknowledged.

        Raises Unavailable or Conflict when the same call should be made again.
        """
        await self._wait_for_outage()
        await halved(self._take, partial(INBOX.park, self._engine), messages)

    async def _take(self, messages: Sequence[Envelope | Poison]) -> None:
        """Take messages in one transaction, all or nothing."""
        commands, rejected = read_all(messages, KINDS)
        async with durable_transaction(self._engine) as connection:
            taken = await INBOX.take_in(connection, commands)
            held = await _hold(connection, newest(taken.fresh))
            requests = [command for command in held if isinstance(command.data, RequestPayment)]
            refunds, refused = await _refund(connection, held)
            await pending.insert(connection, [self._capture_later(command) for command in requests])
            results = {command.id: Result.SUPERSEDED for command in taken.fresh}
            results |= {command.id: Result.REQUESTED for command in requests}
            results |= {command.id: Result.VOIDED for command in held if isinstance(command.data, VoidPayment)}
            results |= refunds
            await INBOX.write_results(connection, results)
            await INBOX.reject(connection, rejected + taken.conflicting + refused)
            if events := _events(held, results):
                await append(connection, MODULE, events)

    def _capture_later(self, command: Command) -> Pending:
        delay_seconds = self._behaviour.conduct(command.id).delay_seconds
        return Pending(command.id, number=0, event_id=None, after_seconds=delay_seconds)

    async def _wait_for_outage(self) -> None:
        """Wait until the simulated outage is over."""
        while self._behaviour.has_outages:
            left = self._behaviour.outage_left_seconds((await pending.look(self._engine)).open_seconds)
            if left <= 0:
                return
            if self._stop.is_set():
                raise Unavailable("stopped during a simulated outage")
            await pause(self._stop, left)


async def _hold(connection: AsyncConnection, commands: Sequence[Command]) -> list[Command]:
    """Lock the effects and let these commands hold; those that were not superseded by a greater revision."""
    if not commands:
        return []
    columns = {
        "order_ids": [command.data.order_id for command in commands],
        "effects": [command.data.effect for command in commands],
        "revisions": [command.data.revision for command in commands],
        "command_ids": [command.id for command in commands],
    }
    holding = set((await connection.execute(HOLD_EFFECTS, columns)).scalars())
    return [command for command in commands if command.id in holding]


async def _refund(connection: AsyncConnection, commands: Sequence[Command]) -> tuple[dict[str, Result], list[Poison]]:
    """Carry the refunds among the commands out: their results, and those that were refused."""
    refunds = [(command, command.data) for command in commands if isinstance(command.data, RefundPayment)]
    payments = await ledger.read_payments(connection, {refund.payment_id for _, refund in refunds})
    results: dict[str, Result] = {}
    movements: list[Movement] = []
    refused: list[Poison] = []
    for command, refund in refunds:
        payment = payments.get(refund.payment_id)
        if payment is not None and (objection := _objection(refund, payment)):
            results[command.id] = Result.REFUSED
            refused.append(poison(command.envelope, objection))
        else:
            movements.append(_movement(command.id, refund, external=payment is None))
    refunded = await ledger.refund(connection, movements)
    results |= {m.command_id: Result.REFUNDED if m.command_id in refunded else Result.REPEATED for m in movements}
    return results, refused


def _objection(refund: RefundPayment, payment: Payment) -> str | None:
    """Why a captured payment is not refunded like this."""
    if refund.order_id != payment.order_id:
        return f"payment {payment.payment_id} belongs to order {payment.order_id}, not to {refund.order_id}"
    if (refund.amount, refund.currency) != (payment.amount, payment.currency):
        return (
            f"payment {payment.payment_id} is {payment.amount} {payment.currency},"
            f" a refund of {refund.amount} {refund.currency} is not of that payment"
        )
    return None


def _movement(command_id: str, refund: RefundPayment, *, external: bool) -> Movement:
    return Movement(
        command_id, refund.order_id, refund.effect, refund.payment_id, refund.amount, refund.currency, external
    )


def _events(held: Sequence[Command], results: Mapping[str, Result]) -> list[NewEvent]:
    """What happened, for the payments module itself: internal, others see gaps in its positions."""
    types = {Result.VOIDED: "PaymentVoided", Result.REFUNDED: "PaymentRefunded"}
    return [
        NewEvent(
            stream_id=command.data.order_id,
            type=types[results[command.id]],
            event_id=derived_id("gateway", types[results[command.id]], command.id),
            visibility=Visibility.INTERNAL,
            data=command.body,
            metadata=command.metadata,
        )
        for command in held
        if results[command.id] in types
    ]
