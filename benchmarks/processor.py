"""Processor time: what processes used, from outside, and how fast the processor is just now.

The kernel counts the time of each thread in nanoseconds, in `schedstat`. A busy or throttled machine is slower by
turns, so each round also times a fixed Python loop; figures are scaled to a machine on which the loop takes LOOP_US.
"""

import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil

LOOP_US = 18.2
"""What the loop takes on the machine that the figures are scaled to."""
_ITERATIONS, _LOOPS, _SERIES = 350, 200, 9

BACKENDS, BACKGROUND, BROKER = "PostgreSQL, backends", "PostgreSQL, background", "RabbitMQ"

CLIENTS = """
SELECT pid, datname = current_database() AS is_here FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def loop_seconds() -> float:
    """The processor time that the fixed loop takes now: the median of several."""
    return statistics.median(_series() for _ in range(_SERIES))


def scale() -> float:
    """Microseconds on the scaled machine for each second of processor time now."""
    return LOOP_US / loop_seconds()


def _series() -> float:
    begin = time.process_time()
    for _ in range(_LOOPS):
        _loop()
    return (time.process_time() - begin) / _LOOPS


def _loop() -> int:
    total = 0
    for number in range(_ITERATIONS):
        total += number * number % 7
    return total


def used_seconds(pid: int) -> float:
    """The processor time of a process with all its threads; 0 if it has ended."""
    try:
        files = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    except OSError:
        return 0.0
    return sum(map(_nanoseconds, files)) / 1e9


def _nanoseconds(file: Path) -> int:
    try:
        return int(file.read_text().split()[0])
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class Watched:
    """The processes of one measurement: programs by name, the broker, and a connection's server with its backends."""

    connection: "asyncpg.Connection[Any]"
    postmaster: psutil.Process
    broker: int
    programs: Mapping[str, int]

    async def used(self) -> dict[str, dict[int, float]]:
        """Seconds of processor time so far, of each process by its pid, by part.

        Backends of other databases, and that of our own connection, are in no part.
        """
        rows = await self.connection.fetch(CLIENTS)
        clients = {row["pid"] for row in rows} | {self.connection.get_server_pid()}
        background = {one.pid for one in self.postmaster.children()} - clients
        return {
            **{name: _each([pid]) for name, pid in self.programs.items()},
            BACKENDS: _each(row["pid"] for row in rows if row["is_here"]),
            BACKGROUND: _each(background),
            BROKER: _each([self.broker]),
        }


def _each(pids: Iterable[int]) -> dict[int, float]:
    return {pid: used_seconds(pid) for pid in pids}


def between(before: Mapping[str, Mapping[int, float]], after: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """The seconds of each part between two looks. A process that was not there before counts from its start."""
    return {
        part: sum(seconds - before[part].get(pid, 0.0) for pid, seconds in processes.items())
        for part, processes in after.items()
    }


def listening_pid(port: int) -> int:
    """The process on this machine that listens on this port. Raises LookupError if there is none, or none of ours."""
    for one in psutil.net_connections(kind="tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid is not None:
            return int(one.pid)
    raise LookupError(f"No process that listens on port {port} can be seen")
