"""Child processes: started, held as soon as they are ready, released together, and ended.

A service reports that it works by a JSON line whose event is "ready". A measurement begins when all of them work, so
that it contains no start; until then SIGSTOP holds those that are ready already, for about a second: far less than any
heartbeat.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import orjson

from benchmarks.place import Place
from saga.devstack import children

READY_SECONDS = 90.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.005

WORKER = ("saga", "run")
STEPPING = ("benchmarks.stepping",)
SCHEDULER = ("saga_scheduler",)
GATEWAY = ("saga_gateway_stub",)

_PACKAGES = ("", "scheduler", "gateway_stub")
"""The folders of a checkout that hold packages."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The folder of a checkout whose programs are started."""

    folder: Path = field(default_factory=Path.cwd)

    @property
    def python(self) -> str:
        """The interpreter: that of the checkout's own environment, if it has one."""
        own = self.folder / ".venv" / "bin" / "python"
        return str(own) if own.exists() else sys.executable

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which its packages are found, and not those that are installed."""
        return {"PYTHONPATH": os.pathsep.join(str(self.folder / packages) for packages in _PACKAGES)}


class NeverReady(RuntimeError):
    """A process ended, or took too long, before it was ready."""


@dataclass(slots=True)
class Running:
    """One process, from exec to its end."""

    log: Path
    argv: tuple[str, ...]
    process: subprocess.Popen[bytes]
    started: float
    ready_seconds: float = field(default=0.0)

    @property
    def pid(self) -> int:
        """The id of the service itself: its launcher becomes it by exec."""
        return self.process.pid

    async def until_ready(self) -> None:
        """Wait until it logs "ready". Raises NeverReady with the end of its log."""
        while not _has_logged_ready(self.log):
            if self.process.poll() is not None or time.perf_counter() - self.started > READY_SECONDS:
                raise NeverReady(f"{' '.join(self.argv)}\n{children.end_of(self.log)}")
            await asyncio.sleep(LOOK_SECONDS)
        self.ready_seconds = time.perf_counter() - self.started

    def signal(self, number: signal.Signals) -> None:
        """Send it, if the process still lives."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL if that takes too long."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            children.end(self.process)


def start(
    place: Place,
    module: Sequence[str],
    environment: Mapping[str, str] | None = None,
    checkout: Checkout | None = None,
) -> Running:
    """Start a Python module as a service of this place, by default of this checkout."""
    log = place.logs / f"{module[0]}-{uuid4().hex[:8]}.log"
    checkout = checkout or Checkout()
    argv = (checkout.python, "-m", *module)
    parameters = inherited() | checkout.environment | place.addresses.environment()
    parameters |= {"SAGA_LOG_LEVEL": "info", **(environment or {})}
    begin = time.perf_counter()
    return Running(log, argv, children.spawn(argv, cwd=checkout.folder, log=log, env=parameters), begin)


@asynccontextmanager
async def held(
    place: Place,
    module: Sequence[str],
    count: int,
    environment: Mapping[str, str] | None = None,
    checkout: Checkout | None = None,
) -> AsyncIterator[list[Running]]:
    """``count`` processes, ready and held; let them go with ``release``. They are ended in any case."""
    running = [start(place, module, environment, checkout) for _ in range(count)]
    try:
        await asyncio.gather(*map(_hold, running))
        yield running
    finally:
        await asyncio.gather(*(one.stop() for one in running))


@asynccontextmanager
async def ready(
    place: Place,
    module: Sequence[str],
    environment: Mapping[str, str] | None = None,
    checkout: Checkout | None = None,
) -> AsyncIterator[Running]:
    """One process that is ready."""
    running = start(place, module, environment, checkout)
    try:
        await running.until_ready()
        yield running
    finally:
        await running.stop()


def release(running: Sequence[Running]) -> None:
    """Let held processes go on."""
    for one in running:
        one.signal(signal.SIGCONT)


async def _hold(running: Running) -> None:
    await running.until_ready()
    running.signal(signal.SIGSTOP)


def _has_logged_ready(log: Path) -> bool:
    with log.open("rb") as lines:
        return any(b'"ready"' in line and _event(line) == "ready" for line in lines)


def _event(line: bytes) -> str | None:
    try:
        logged = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return logged.get("event") if isinstance(logged, dict) else None


def inherited() -> dict[str, str]:
    """The environment of this process, without settings of services."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SAGA_")}


async def load(place: Place, *arguments: str) -> dict[str, float]:
    """Run the load generator to its end, and return its results."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.loading", *arguments),
        env=inherited() | place.addresses.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"The load generator failed:\n{errors.decode(errors='replace')}")
    seen: dict[str, float] = orjson.loads(output)
    return seen
