"""Starts our own service processes, watches them, starts them again when they die, and stops them.

A service reports that it works by a JSON line on stderr whose event is "ready". Its output goes to a file, not to a
pipe, so that it never blocks on a reader; we look for the line in the file, from the position where this start began.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

from saga.devstack import children
from saga.devstack.errors import LocalStackError, ServiceRefuses

Say = Callable[[str], None]

_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
_STEADY_SECONDS = 10.0
_DEATHS_BEFORE_READY = 4
CONSOLE_NEEDS: Final = ("jinja2", "starlette", "uvicorn")
_CANNOT_START: Final = 2
"""The exit code of a service that can't start until a person changes something."""


@dataclass(frozen=True, slots=True)
class Program:
    """A service to run, with the name that people see."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    """Where it can be looked at in a browser."""


def our_services(
    workers: int,
    schedulers: int,
    scenario: str | None = None,
    *,
    simulated: bool = True,
    console: "Program | None" = None,
) -> list[Program]:
    """The simulated gateway where there is anything for it to do, the schedulers, the workers, and this console."""
    chosen = {"SAGA_GATEWAY_SCENARIO": scenario} if scenario else {}
    python = (sys.executable, "-m")
    return [
        *([Program("gateway-stub", (*python, "saga_gateway_stub"), chosen)] if simulated else []),
        *(Program(f"scheduler-{number}", (*python, "saga_scheduler")) for number in range(1, schedulers + 1)),
        *(Program(f"worker-{number}", (*python, "saga", "run")) for number in range(1, workers + 1)),
        *([] if console is None else [console]),
    ]


def console_at(port: int, database_url: str) -> Program | None:
    """The web console, on this port of this machine, in which everybody there may act on this database.

    None where the packages that it needs are not installed.
    """
    if any(find_spec(name) is None for name in CONSOLE_NEEDS):
        return None
    words = ("-m", "saga", "console", "--listen", f"127.0.0.1:{port}")
    may_act = {"SAGA_CONSOLE_OPERATOR_DATABASE_URL": database_url}
    return Program("console", (sys.executable, *words), may_act, address=f"http://127.0.0.1:{port}/")


class Services:
    """A set of service processes with one owner; use it in a `with` block, or call `stop`."""

    def __init__(
        self, logs: Path, programs: Sequence[Program], environment: Mapping[str, str], say: Say | None = None
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        # A setting that is given here replaces the file that may hold it: both together would contradict each other.
        others = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in environment}
        inherited = {**others, **environment, "PYTHONUNBUFFERED": "1", "SAGA_LOG_LEVEL": _log_level()}
        self._services = {program.name: _Service(program, logs, inherited) for program in programs}
        self._say = say or (lambda _: None)
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher of services")

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the running services, by name."""
        return {name: pid for name, service in self._services.items() if (pid := service.pid)}

    @property
    def logs(self) -> dict[str, Path]:
        """Log files by name."""
        return {name: service.log for name, service in self._services.items()}

    def start(self, cancelled: threading.Event | None = None) -> None:
        """Start all and return when all are ready. Otherwise raises LocalStackError with the end of a service's log.

        The error is a ServiceRefuses if the service says what a person has to change.
        """
        for service in self._services.values():
            service.start()
        self._watcher.start()
        self.wait_ready(cancelled=cancelled)

    def wait_ready(self, seconds: float = _READY_SECONDS, cancelled: threading.Event | None = None) -> None:
        """Return when all are ready, including those that were started again."""
        services = self._services.values()
        children.wait_until(
            lambda: any(s.is_hopeless for s in services) or all(s.is_ready for s in services), seconds, cancelled
        )
        for service in sorted(services, key=lambda s: not s.is_hopeless):
            if not service.is_ready:
                if service.refusal:
                    raise ServiceRefuses(f"{service.name} can't start: {service.refusal}")
                raise LocalStackError(
                    f"{service.name} did not get ready; see {service.log}\n{children.end_of(service.log)}"
                )

    def kill(self, name: str) -> int:
        """SIGKILL a service, as in a crash, and return the id of the dead process; the service starts again soon."""
        return self._services[name].kill()

    def stop(self) -> None:
        """Send SIGTERM to all, and SIGKILL to those that still run after ten seconds."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for service in self._services.values():
            service.ask_to_stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for service in self._services.values():
            if not service.has_stopped(max(deadline - time.monotonic(), 0.05)):
                self._say(f"{service.name} did not stop within {_STOP_SECONDS:.0f} s and was killed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            for service in self._services.values():
                if news := service.revive():
                    self._say(news)


class _Service:
    """One service, through all its starts. Only the watcher starts it again; any caller may kill it."""

    def __init__(self, program: Program, logs: Path, environment: Mapping[str, str]) -> None:
        self.name = program.name
        self.log = logs / f"{program.name}.log"
        self._program = program
        self._environment = {**environment, **program.environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0
        self._ready = False
        self._deaths = 0
        self._started = 0.0
        self.refusal: str | None = None
        """Why the service ended before it worked, if only a person can change that."""
        self._due: float | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_ready(self) -> bool:
        """Whether the service reported "ready" after this start, and still lives."""
        self._ready = self._ready or self._has_logged_ready()
        return self._ready and self.pid is not None

    @property
    def is_hopeless(self) -> bool:
        return not self._ready and (self.refusal is not None or self._deaths >= _DEATHS_BEFORE_READY)

    def start(self) -> None:
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        self._ready = False
        self._due = None
        self._started = time.monotonic()
        self._process = children.spawn(self._program.argv, cwd=Path.cwd(), log=self.log, env=self._environment)

    def revive(self) -> str | None:
        """Notice a death and plan the next start, or start when that is due; return a sentence about what happened."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        now = time.monotonic()
        if self._due is None:
            self._deaths = 1 if now - self._started > _STEADY_SECONDS else self._deaths + 1
            pause = min(0.1 * 2**self._deaths, _LONGEST_PAUSE_SECONDS)
            self._due = now + pause
            self.refusal = self._read_refusal() if code == _CANNOT_START else None
            return f"{self.name} died ({_cause(code)}), starting it again in {pause:.1f} s; its log is {self.log}"
        if now < self._due:
            return None
        self.start()
        return f"{self.name} was started again"

    def kill(self) -> int:
        assert self._process is not None, "a service is killed after it was started"
        self._process.kill()
        self._process.wait()
        return self._process.pid

    def ask_to_stop(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def has_stopped(self, seconds: float) -> bool:
        """Whether it ended by itself in that time; otherwise it is killed."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def _has_logged_ready(self) -> bool:
        return self._find_logged("ready") is not None

    def _read_refusal(self) -> str | None:
        logged = self._find_logged("cannot_start")
        return str(logged.get("reason")) if logged else None

    def _find_logged(self, event: str) -> dict[str, Any] | None:
        """The first log line of this start with this event."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._read_from)
                return next((logged for line in log if (logged := _read(line, event))), None)
        except OSError:
            return None


def _read(line: bytes, event: str) -> dict[str, Any] | None:
    if f'"{event}"'.encode() not in line:
        return None
    try:
        logged = json.loads(line)
    except ValueError:
        return None
    return logged if isinstance(logged, dict) and logged.get("event") == event else None


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _log_level() -> str:
    """At least info, because a service logs "ready" at that level."""
    return "debug" if os.environ.get("SAGA_LOG_LEVEL") == "debug" else "info"
