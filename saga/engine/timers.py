"""Timers: stores the deadlines that decisions armed; the scheduler fires them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Timer
from saga.core.statically_frozen import statically_frozen
from saga.postgres import Statements, as_rows

_SQL = Statements(__package__)
ARM_TIMERS = _SQL["arm_timers"]


@statically_frozen
class ArmedTimer:
    """A timer of one instance; ``metadata`` has its cause, for the event that it will emit."""

    process_id: str
    timer: Timer
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


async def arm(connection: AsyncConnection, process: str, armed: Sequence[ArmedTimer]) -> None:
    """Write the timers; those that are armed already stay unchanged."""
    if not armed:
        return
    await connection.execute(
        ARM_TIMERS,
        {
            "process": process,
            "timers": encode(armed),
        },
    )


def encode(armed: Sequence[ArmedTimer]) -> str:
    """The timers as rows to write."""
    return as_rows(map(_row, armed))


def _row(armed: ArmedTimer) -> dict[str, Any]:
    return {
        "process_id": armed.process_id,
        "name": armed.timer.name,
        "emits": armed.timer.emits,
        "data": armed.data,
        "metadata": armed.metadata,
        "delay_seconds": armed.timer.after.total_seconds(),
    }
