"""The answerer: captures what is due, and reports it through the payments log.

One transaction writes a capture, its ledger entry, its first answer and the rows of later answers; another one claims a
later answer and appends it. If the process dies, either all of a transaction is there or its work is still pending. An
answerer skips rows that another one has locked, so any number may run.

A void that comes at the same moment competes with the capture for the lock on the effect's row. If the void is first,
the request no longer holds and nothing is captured; otherwise the money is captured and the void comes after it.

Commands and effects are rows of the collaborator (saga/collaborator/tables.py). This module chooses the event ids
itself, because this gateway appends the same event more than once on purpose.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import orjson
import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.heartbeat import goes_round
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility, append
from saga.postgres import Statements, durable_transaction
from saga.supervision import pause, supervise
from saga_gateway_stub import ledger, pending
from saga_gateway_stub.behaviour import Behaviour
from saga_gateway_stub.gateway import PAYMENTS, Result
from saga_gateway_stub.ledger import Captured, Movement
from saga_gateway_stub.pending import Due, Pending

_SQL = Statements(__package__)
LOCK_REQUESTS = _SQL["gateway/lock_requests"]
LOCK_EFFECTS = _SQL["gateway/lock_effects"]
WRITE_RESULTS = _SQL["gateway/write_results"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """A payment request that is due; ``holds`` is false once a greater revision came for its effect."""

    command_id: str
    order_id: str
    effect: str
    amount: int
    currency: str
    metadata: Mapping[str, Any]
    holds: bool


class Answerer:
    """Answers payment requests until it is stopped."""

    def __init__(self, engine: AsyncEngine, behaviour: Behaviour, batch_size: int) -> None:
        self._engine = engine
        self._behaviour = behaviour
        self._batch_size = batch_size

    async def run(self, stop: asyncio.Event, poll_seconds: float) -> None:
        """Answer until ``stop``, looking at least every ``poll_seconds``."""

        async def session() -> None:
            while not stop.is_set():
                outlook = await pending.look(self._engine)
                goes_round()
                outage_seconds = self._behaviour.outage_left_seconds(outlook.open_seconds)
                if outage_seconds > 0:
                    await pause(stop, outage_seconds)
                elif outlook.next_due_seconds is None or outlook.next_due_seconds > 0:
                    await pause(stop, min(outlook.next_due_seconds or poll_seconds, poll_seconds))
                elif await self.answer_due() == 0:
                    await pause(stop, poll_seconds)

        await supervise("answerer", session, stop)

    async def answer_due(self) -> int:
        """Do a batch of what is due and return its size. Raises Unavailable or LostRace with nothing done."""
        async with durable_transaction(self._engine) as connection:
            due = await pending.claim(connection, self._batch_size)
            requests = await _lock(connection, [one.command_id for one in due if one.event_id is None])
            results = await self._decide(connection, requests)
            first, later = self._answers(requests, results)
            await pending.insert(connection, later)
            await _write_results(connection, results)
            answers = [*first, *(one for one in due if one.event_id is not None)]
            captures = await ledger.read_captures(connection, {one.command_id for one in answers})
            events = [_received(captures[one.command_id], one) for one in answers]
            events += [_declined(one) for one in requests if results[one.command_id] is Result.DECLINED]
            if events:
                await append(connection, PAYMENTS.name, events)
        if due:
            _log.debug("answered", due=len(due), told=len(answers))
        return len(due)

    async def _decide(self, connection: AsyncConnection, requests: Sequence[Request]) -> dict[str, Result]:
        """Capture the requests that hold and are not declined; return the result of each request."""
        held = [one for one in requests if one.holds]
        declined = {one.command_id for one in held if self._behaviour.conduct(one.command_id).declined}
        movements = [_movement(one) for one in held if one.command_id not in declined]
        captured = await ledger.capture(connection, movements)
        return (
            {one.command_id: Result.WITHDRAWN for one in requests}
            | dict.fromkeys(declined, Result.DECLINED)
            | {m.command_id: Result.CAPTURED if m.command_id in captured else Result.REPEATED for m in movements}
        )

    def _answers(self, requests: Iterable[Request], results: Mapping[str, Result]) -> tuple[list[Due], list[Pending]]:
        """The answers to the captures: those to append at once, and those to append later."""
        answers = [
            Pending(
                one.command_id,
                answer.number,
                derived_id("gateway", "answer", one.command_id, answer.event),
                answer.after_seconds,
            )
            for one in requests
            if results[one.command_id] is Result.CAPTURED
            for answer in self._behaviour.conduct(one.command_id).answers
        ]
        at_once = [Due(one.command_id, one.event_id) for one in answers if one.after_seconds == 0]
        return at_once, [one for one in answers if one.after_seconds > 0]


async def _lock(connection: AsyncConnection, command_ids: Sequence[str]) -> list[Request]:
    """Lock requests and their effects, in the order in which they are due."""
    if not command_ids:
        return []
    rows = {row.command_id: row for row in await connection.execute(LOCK_REQUESTS, {"command_ids": list(command_ids)})}
    effects = {
        "order_ids": [row.order_id for row in rows.values()],
        "effects": [row.effect for row in rows.values()],
    }
    holding = set((await connection.execute(LOCK_EFFECTS, effects)).scalars())
    return [_request(rows[command_id], holds=command_id in holding) for command_id in command_ids]


async def _write_results(connection: AsyncConnection, results: Mapping[str, Result]) -> None:
    if results:
        columns = {"command_ids": list(results), "results": [result.value for result in results.values()]}
        await connection.execute(WRITE_RESULTS, columns)


def _request(row: Row[Any], *, holds: bool) -> Request:
    body = orjson.loads(row.body)
    return Request(
        command_id=row.command_id,
        order_id=row.order_id,
        effect=row.effect,
        amount=body["amount"],
        currency=body["currency"],
        metadata=orjson.loads(row.metadata),
        holds=holds,
    )


def _movement(request: Request) -> Movement:
    return Movement(
        command_id=request.command_id,
        order_id=request.order_id,
        effect=request.effect,
        payment_id=derived_id("gateway", "payment", request.command_id),
        amount=request.amount,
        currency=request.currency,
    )


def _received(captured: Captured, answer: Due) -> NewEvent:
    assert answer.event_id is not None
    return NewEvent(
        stream_id=captured.order_id,
        type="PaymentReceived",
        event_id=answer.event_id,
        data={
            "order_id": captured.order_id,
            "payment_id": captured.payment_id,
            "amount": captured.amount,
            "currency": captured.currency,
            "received_at": captured.at.astimezone(UTC).isoformat(timespec="microseconds"),
        },
        metadata=captured.metadata,
    )


def _declined(request: Request) -> NewEvent:
    return NewEvent(
        stream_id=request.order_id,
        type="PaymentDeclined",
        event_id=derived_id("gateway", "PaymentDeclined", request.command_id),
        visibility=Visibility.INTERNAL,
        data={"order_id": request.order_id, "amount": request.amount, "currency": request.currency},
        metadata=request.metadata,
    )
