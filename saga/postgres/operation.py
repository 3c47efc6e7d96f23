"""Operations: what operators did, to what, why, and what came of it. One row each, in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_RECORD = text("""
    INSERT INTO saga.operation (actor, action, reason, ids, result)
    VALUES (:actor, :action, :reason, CAST(:ids AS text[]), CAST(:result AS jsonb))
    RETURNING operation_id
""")


@dataclass(frozen=True, slots=True)
class Operation:
    """``action`` is ``erase``, ``repair_cursors`` or ``forget_cursors``.

    ``result`` is numbers and names, never what a message said.
    """

    actor: str
    action: str
    reason: str
    ids: tuple[str, ...]
    result: Mapping[str, Any]


async def record_operation(connection: AsyncConnection, operation: Operation) -> int:
    """Record it with the caller's transaction; its id."""
    row = {
        "actor": operation.actor,
        "action": operation.action,
        "reason": operation.reason,
        "ids": list(operation.ids),
        "result": orjson.dumps(operation.result).decode(),
    }
    return int((await connection.execute(_RECORD, row)).scalar_one())
