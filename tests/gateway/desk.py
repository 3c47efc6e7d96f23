"""A desk: says commands as the saga would, has collaborators of any behaviour handle them, and reads the books."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.messages import Envelope, Poison, Raw
from saga.messages.identity import derived_id
from saga_gateway_stub.answerer import Answerer
from saga_gateway_stub.behaviour import Behaviour
from saga_gateway_stub.fulfilment import Fulfilment
from saga_gateway_stub.gateway import Gateway
from saga_gateway_stub.scenario import FixedDelay, Scenario

AT_ONCE = FixedDelay(seconds=0)


def command(kind: str, order_id: str, revision: int, effect: str, **fields: Any) -> Envelope:
    """A command as it comes out of the codec; the same arguments give the same command."""
    data = {"order_id": order_id, "effect": effect, "revision": revision, **fields}
    body = orjson.dumps(data)
    return Envelope(
        type=kind,
        id=derived_id("command", "order", order_id, effect, revision),
        source="/modules/order-process",
        data=data,
        raw=Raw(body=body, routing_key=f"gateway.{kind}", exchange="saga.commands"),
        subject=order_id,
        correlation_id=f"conversation-{order_id}",
    )


def request(order_id: str, revision: int = 1, amount: int = 4200) -> Envelope:
    return command("RequestPayment", order_id, revision, "payment_request", amount=amount, currency="EUR")


def void(order_id: str, revision: int = 2) -> Envelope:
    return command("VoidPayment", order_id, revision, "payment_request")


def refund(order_id: str, payment_id: str, revision: int = 3, amount: int = 4200) -> Envelope:
    effect = f"refund/{payment_id}"
    fields = {"payment_id": payment_id, "amount": amount, "currency": "EUR"}
    return command("RefundPayment", order_id, revision, effect, **fields)


def start(order_id: str, revision: int = 1) -> Envelope:
    return command("StartFulfilment", order_id, revision, "fulfilment")


def stop(order_id: str, revision: int = 2) -> Envelope:
    return command("StopFulfilment", order_id, revision, "fulfilment")


def payment_of(request_command: Envelope) -> str:
    return derived_id("gateway", "payment", request_command.id)


def behaviour(seed: int = 1, **fields: Any) -> Behaviour:
    known: dict[str, Any] = {"summary": "a test", "delay": AT_ONCE}
    return Behaviour(Scenario(**known | fields), seed)


class Desk:
    """Where commands are handed in; every command goes through the real gateway and the real database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def send(self, *messages: Envelope | Poison, acting: Behaviour | None = None) -> None:
        """One batch to the gateway."""
        await self.send_to(acting or behaviour(), asyncio.Event(), *messages)

    async def send_to(self, acting: Behaviour, stop: asyncio.Event, *messages: Envelope | Poison) -> None:
        """One batch to a gateway that may be asked to stop."""
        await Gateway(self.engine, acting, stop).handle(messages)

    async def send_fulfilment(self, *messages: Envelope | Poison) -> None:
        """One batch to fulfilment."""
        await Fulfilment(self.engine).handle(messages)

    async def answer(self, acting: Behaviour | None = None) -> int:
        """Do everything that is due."""
        done = 0
        while batch := await self.answer_batch(acting):
            done += batch
        return done

    async def answer_batch(self, acting: Behaviour | None = None) -> int:
        """Do one batch of what is due: one transaction."""
        return await Answerer(self.engine, acting or behaviour(), batch_size=50).answer_due()

    async def make_due(self) -> None:
        """Let the time of everything that is pending come."""
        await self.run("UPDATE gateway.pending SET due_at = clock_timestamp()")

    async def run(self, statement: str, **parameters: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), parameters)

    async def rows(self, statement: str, **parameters: Any) -> Sequence[Row[Any]]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement), parameters)).all()

    async def ledger(self, order_id: str) -> list[tuple[str, str, int]]:
        rows = await self.rows(
            "SELECT kind, payment_id, amount FROM gateway.ledger WHERE order_id = :order_id ORDER BY movement_id",
            order_id=order_id,
        )
        return [(row.kind, row.payment_id, row.amount) for row in rows]

    async def results(self, schema: str = "gateway") -> dict[str, str]:
        rows = await self.rows(f"SELECT command_id, result FROM {schema}.command")
        return {row.command_id: row.result for row in rows}

    async def told(self, order_id: str) -> list[Mapping[str, Any]]:
        """The PaymentReceived events of an order, in position order."""
        return [row.data for row in await self.log(order_id) if row.type == "PaymentReceived"]

    async def log(self, order_id: str) -> Sequence[Row[Any]]:
        return await self.rows(
            "SELECT position, event_id, type, visibility, data, metadata FROM saga.event_log"
            " WHERE module = 'payments' AND stream_id = :order_id ORDER BY position",
            order_id=order_id,
        )

    async def rejected(self, schema: str = "gateway") -> dict[bytes, str]:
        rows = await self.rows(f"SELECT body, reason FROM {schema}.rejected")
        return {bytes(row.body): row.reason for row in rows}
