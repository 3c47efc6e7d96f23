"""Writes heartbeats: every few seconds a row for each loop of this service that goes round, by the database's clock."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.heartbeat.loops import Loop, Loops, loops_here
from saga.postgres import Statements, server_of, unavailable_after

BEAT_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 2.0
"""The wait after a beat that could not be written, so that the rows are fresh soon after the database is back."""
LEAVE_SECONDS: Final = 2.0

_SQL = Statements(__package__)
BEAT = _SQL["beat"]
END_FROZEN = _SQL["end_frozen"]
LEAVE = _SQL["leave"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: what it is, and where."""

    service: str
    host: str
    pid: int


@asynccontextmanager
async def beating(engine: AsyncEngine, name: str) -> AsyncIterator[Loops]:
    """Write heartbeats of the loops that begin in this block, for as long as it lasts, on one connection of the engine.

    Gives these loops. A service that was asked to stop removes its rows; one that dies leaves them.
    """
    service = Service(name, socket.gethostname().encode("ascii", "backslashreplace").decode("ascii"), os.getpid())
    loops = Loops()
    token = loops_here.set(loops)
    writing = asyncio.create_task(_beat_on(engine, service, loops))
    was_stopped = False
    try:
        yield loops
        was_stopped = True
    except asyncio.CancelledError:
        was_stopped = True
        raise
    finally:
        loops_here.reset(token)
        writing.cancel()
        await asyncio.wait([writing])
        if was_stopped:
            await _leave(engine, service)


async def _beat_on(engine: AsyncEngine, service: Service, loops: Loops) -> None:
    """Beat until cancelled. A beat that can't be written is only logged, once until the next success."""
    is_logged = False
    while True:
        loops.changed.clear()
        try:
            await _beat(engine, service, loops.by_name.values())
            is_logged, wait_seconds = False, BEAT_SECONDS
        except Exception as error:  # noqa: BLE001 -- whatever it is, the service works on
            if not is_logged:
                _log.warning("beat_failed", server=server_of(error), error=str(error) or repr(error))
            is_logged, wait_seconds = True, AGAIN_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await loops.changed.wait()


async def _beat(engine: AsyncEngine, service: Service, loops: Iterable[Loop]) -> None:
    known = list(loops)
    going = [loop for loop in known if loop.is_going(BEAT_SECONDS)]
    marks = {
        "known": [loop.name for loop in known],
        "loops": [loop.name for loop in going],
        "reasons": [loop.reason for loop in going],
    }
    with unavailable_after(engine):
        async with engine.begin() as connection:
            await connection.execute(BEAT, asdict(service) | marks)
            for frozen in await connection.execute(END_FROZEN):
                _log.warning("ended_frozen_session", application=frozen.application_name)


async def _leave(engine: AsyncEngine, service: Service) -> None:
    try:
        with unavailable_after(engine):
            async with asyncio.timeout(LEAVE_SECONDS), engine.begin() as connection:
                await connection.execute(LEAVE, asdict(service))
    except Exception as error:  # noqa: BLE001 -- the rows stay, and the service is reported as gone
        _log.warning("beat_failed", server=server_of(error), error=str(error) or repr(error))
