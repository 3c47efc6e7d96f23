"""Which services run, loop by loop, and which transactions block others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.heartbeat import SILENT_SECONDS
from saga.postgres import Statements

_SQL = Statements(__package__)
READ_SERVICES = _SQL["read_services"]
READ_BLOCKED = _SQL["read_blocked"]
READ_OVERDUE = _SQL["read_overdue"]


class LoopState(Enum):
    """The state of a loop: it runs; it does not, and is missed; it does not, but others do its work."""

    GOING = "going"
    SILENT = "silent"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A loop of a service at its last heartbeat, and its state now.

    ``reason`` says why it starts over again and again; None if it does not. ``beat`` is the time of the heartbeat, by
    the database's clock; ``age_seconds`` is how long ago that was.
    """

    service: str
    host: str
    pid: int
    loop: str
    reason: str | None
    beat: datetime
    age_seconds: float
    state: LoopState

    @property
    def is_fresh(self) -> bool:
        """Whether the heartbeat is less than 15 s away. One further in the future is old: the clock was set back."""
        return abs(self.age_seconds) < SILENT_SECONDS

    @property
    def process(self) -> tuple[str, str, int]:
        """The process that the loop is in."""
        return self.service, self.host, self.pid


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A process that has a connection to the database, as it names itself."""

    service: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class Blocker:
    """A transaction that blocks others, open ``since``; the client at ``host`` has been silent for so long.

    ``pid`` is the server's process, as pg_terminate_backend takes it; ``waiting`` counts the sessions that wait for it.
    A field is None if only a login that may read all statistics sees it.
    """

    pid: int
    login: str | None
    host: str
    application: str
    process: ServiceProcess | None
    state: str | None
    since: datetime | None
    open_seconds: float | None
    silent_seconds: float | None
    waiting: int


async def read_services(connection: AsyncConnection) -> tuple[Heartbeat, ...]:
    """The last heartbeat of every loop, and what the loop does now."""
    rows = (await connection.execute(READ_SERVICES)).mappings()
    return _judged([Heartbeat(**row, state=LoopState.GOING) for row in rows])


async def read_blocked(connection: AsyncConnection) -> tuple[Blocker, ...]:
    """The transactions that block others now."""
    return tuple(
        Blocker(
            process=None
            if row["service"] is None
            else ServiceProcess(row["service"], row["process_host"], row["process_pid"]),
            **{name: row[name] for name in Blocker.__slots__ if name != "process"},
        )
        for row in (await connection.execute(READ_BLOCKED)).mappings()
    )


async def read_overdue(connection: AsyncConnection) -> float | None:
    """By how many seconds the oldest deadline is overdue; None if none is."""
    overdue: float | None = (await connection.execute(READ_OVERDUE)).scalar_one_or_none()
    return overdue


def _judged(heartbeats: Sequence[Heartbeat]) -> tuple[Heartbeat, ...]:
    """The state of each loop.

    A loop without a heartbeat is missed if the rest of its process lives, or if no other process has a loop like it.
    Else its process froze or was killed, and others do its work.
    """
    living = {one.process for one in heartbeats if one.is_fresh}
    going = {(one.service, one.loop) for one in heartbeats if one.is_fresh}

    def state(one: Heartbeat) -> LoopState:
        if one.is_fresh:
            return LoopState.GOING
        is_missed = one.process in living or (one.service, one.loop) not in going
        return LoopState.SILENT if is_missed else LoopState.REPLACED

    return tuple(replace(one, state=state(one)) for one in heartbeats)
