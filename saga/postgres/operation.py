"""Operations: one row records what an operator did, to what, why, and its result, in the transaction that does it."""

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

    ``result`` holds numbers and names, never the contents of a message.
    """

    actor: str
    action: str
    reason: str
    ids: tuple[str, ...]
    result: Mapping[str, Any]


async def record_operation(connection: AsyncConnection, operation: Operation) -> int:
    """Record it in the caller's transaction and return its id."""
    row = {
        "actor": operation.actor,
        "action": operation.action,
        "reason": operation.reason,
        "ids": list(operation.ids),
        "result": orjson.dumps(operation.result).decode(),
    }
    return int((await connection.execute(_RECORD, row)).scalar_one())
