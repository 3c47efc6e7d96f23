"""The ledger: every movement of money, once. What must not happen twice is a unique index, not a check in code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements

_SQL = Statements(__package__)
CAPTURE = _SQL["gateway/capture"]
REFUND = _SQL["gateway/refund"]
READ_PAYMENTS = _SQL["gateway/read_payments"]
READ_CAPTURES = _SQL["gateway/read_captures"]


@dataclass(frozen=True, slots=True)
class Movement:
    """Money to move, because of a command; ``external`` is a payment that this gateway did not capture."""

    command_id: str
    order_id: str
    effect: str
    payment_id: str
    amount: int
    currency: str
    external: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """What the ledger says of a captured payment."""

    payment_id: str
    order_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Captured:
    """What was captured for a request, with what its answers say of their cause."""

    command_id: str
    order_id: str
    payment_id: str
    amount: int
    currency: str
    at: datetime
    metadata: dict[str, Any]


async def capture(connection: AsyncConnection, movements: Sequence[Movement]) -> set[str]:
    """Capture; the commands of those that were not captured before."""
    if not movements:
        return set()
    return set((await connection.execute(CAPTURE, _columns(movements))).scalars())


async def refund(connection: AsyncConnection, movements: Sequence[Movement]) -> set[str]:
    """Refund; the commands of those that were not refunded before."""
    if not movements:
        return set()
    externals = {"externals": [movement.external for movement in movements]}
    return set((await connection.execute(REFUND, _columns(movements) | externals)).scalars())


async def read_payments(connection: AsyncConnection, payment_ids: Collection[str]) -> dict[str, Payment]:
    """Captured payments, by id."""
    if not payment_ids:
        return {}
    rows = await connection.execute(READ_PAYMENTS, {"payment_ids": list(payment_ids)})
    return {row.payment_id: Payment(**row._asdict()) for row in rows}


async def read_captures(connection: AsyncConnection, command_ids: Collection[str]) -> dict[str, Captured]:
    """What was captured for requests, by the ids of their commands."""
    if not command_ids:
        return {}
    rows = await connection.execute(READ_CAPTURES, {"command_ids": list(command_ids)})
    return {row.command_id: Captured(**row._asdict() | {"metadata": orjson.loads(row.metadata)}) for row in rows}


def _columns(movements: Sequence[Movement]) -> dict[str, list[Any]]:
    return {
        "command_ids": [movement.command_id for movement in movements],
        "order_ids": [movement.order_id for movement in movements],
        "effects": [movement.effect for movement in movements],
        "payment_ids": [movement.payment_id for movement in movements],
        "amounts": [movement.amount for movement in movements],
        "currencies": [movement.currency for movement in movements],
    }
