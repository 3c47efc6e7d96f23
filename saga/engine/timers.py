"""Timers: deadlines that a decision armed, as rows; the scheduler fires them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Timer
from saga.postgres import Statements

_SQL = Statements(__package__)
ARM_TIMERS = _SQL["arm_timers"]


@dataclass(frozen=True, slots=True)
class Armed:
    """A timer of one instance; ``metadata`` says what caused it, for the event that it will emit."""

    process_id: str
    timer: Timer
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


async def arm(connection: AsyncConnection, process: str, armed: Sequence[Armed]) -> None:
    """Write the timers; one that is armed already stays as it is."""
    if not armed:
        return
    await connection.execute(
        ARM_TIMERS,
        {
            "process": process,
            "process_ids": [one.process_id for one in armed],
            "names": [one.timer.name for one in armed],
            "emits": [one.timer.emits for one in armed],
            "data": [orjson.dumps(one.data).decode() for one in armed],
            "metadata": [orjson.dumps(one.metadata).decode() for one in armed],
            "delays_seconds": [one.timer.after.total_seconds() for one in armed],
        },
    )
