"""The ledger: every movement of money, once. Unique indexes prevent duplicates, not checks in code."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements

_SQL = Statements(__package__)
CAPTURE = _SQL["gateway/capture"]
REFUND = _SQL["gateway/refund"]
READ_PAYMENT = _SQL["gateway/read_payment"]
READ_CAPTURES = _SQL["gateway/read_captures"]


@dataclass(frozen=True, slots=True)
class Movement:
    """Money to move, because of a command."""

    command_id: str
    order_id: str
    effect: str
    payment_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A captured payment in the ledger."""

    payment_id: str
    order_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Captured:
    """A capture for a request, with the metadata of its answers."""

    command_id: str
    order_id: str
    payment_id: str
    amount: int
    currency: str
    at: datetime
    metadata: dict[str, Any]


async def capture(connection: AsyncConnection, movements: Sequence[Movement]) -> set[str]:
    """Capture, and return the ids of commands that were not captured before."""
    if not movements:
        return set()
    return set((await connection.execute(CAPTURE, _columns(movements))).scalars())


async def refund(connection: AsyncConnection, movement: Movement, *, external: bool) -> bool:
    """Refund a payment, and return False if it was refunded before. ``external``: this gateway did not capture it."""
    return (await connection.execute(REFUND, asdict(movement) | {"external": external})).rowcount == 1


async def find_payment(connection: AsyncConnection, payment_id: str) -> Payment | None:
    """A captured payment, if this gateway captured it."""
    row = (await connection.execute(READ_PAYMENT, {"payment_id": payment_id})).one_or_none()
    return None if row is None else Payment(**row._asdict())


async def read_captures(connection: AsyncConnection, command_ids: Collection[str]) -> dict[str, Captured]:
    """The captures for requests, by the ids of their commands."""
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
