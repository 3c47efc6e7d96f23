"""The local stack: one Postgres and one RabbitMQ, private or given; or one Postgres alone.

Each stack has a folder. It is locked (flock) for as long as its owner lives, however the owner ends, so a second stack
from the same place takes the next folder. The file `running.json` in the folder has the addresses, for commands in
another shell; a file whose owner is gone is ignored.
"""

import fcntl
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from pydantic import SecretStr

from saga.addresses import BrokerAddress
from saga.devstack import children
from saga.devstack.debian import ensure_broker
from saga.devstack.errors import LocalStackError, StartCancelled
from saga.devstack.postgres import PostgresServer, installed_binaries
from saga.devstack.rabbitmq import RabbitNode
from saga.settings import Feed, Settings, SettingsError, load_settings

Progress = Callable[[str], None]
Server = PostgresServer | RabbitNode

_STACKS_AT_ONCE = 50
_DOWN_SECONDS = 3.0
_LOOK_SECONDS = 0.5
_CANCEL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of the stack. All three contain passwords; the last two are None if there is no broker."""

    database_url: str
    amqp_url: str | None
    management_url: str | None

    def environment(self) -> dict[str, str]:
        """The environment variables for a service. Without a broker it pulls from the logs."""
        if self.amqp_url is None or self.management_url is None:
            return {"SAGA_DATABASE_URL": self.database_url, "SAGA_FEED": Feed.PULL.value}
        return {
            "SAGA_DATABASE_URL": self.database_url,
            "SAGA_AMQP_URL": self.amqp_url,
            "SAGA_MANAGEMENT_URL": self.management_url,
        }


class LocalStack:
    """The servers of one owner; use it in a `with` block, or call `stop`."""

    def __init__(
        self, folder: Path, settings: Settings, lock: IO[str], *, broker: bool = True, temporary: bool = False
    ) -> None:
        self.folder = folder
        self.postgres = None if settings.database_url else PostgresServer(folder / "postgres")
        self.rabbitmq = RabbitNode(folder / "rabbitmq") if broker and not settings.amqp_url else None
        self._has_broker = broker
        self._settings = settings
        self._lock = lock
        self._temporary = temporary
        self._stopping = threading.Event()
        self._supervisors: list[threading.Thread] = []

    @classmethod
    def start(
        cls,
        folder: Path | None = None,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
        *,
        broker: bool = True,
    ) -> Self:
        """Start the servers that the environment does not name, in this folder or the first free one in `home`.

        Without ``broker`` it starts PostgreSQL alone. Setting `cancelled` ends a start that is under way with
        StartCancelled, and stops what it started.
        """
        settings = _settings(broker=broker)
        progress = progress or _silent
        home = settings.home.absolute()
        taken, lock = _lock(folder.absolute()) if folder else _first_free(home)
        if folder is None and taken != _folders(home)[0]:
            progress(f"Another stack runs in {home}: this one is separate, and commands here use the first one")
        stack = cls(taken, settings, lock, broker=broker)
        stack.launch(progress, cancelled or threading.Event())
        return stack

    @classmethod
    def temporary(
        cls, progress: Progress | None = None, cancelled: threading.Event | None = None, *, broker: bool = True
    ) -> Self:
        """The same in a new folder, which is removed with all its contents at the end."""
        settings = _settings(broker=broker)
        folder = Path(tempfile.mkdtemp(prefix="saga-stack-"))
        folder.chmod(0o711)
        taken, lock = _lock(folder)
        stack = cls(taken, settings, lock, broker=broker, temporary=True)
        stack.launch(progress or _silent, cancelled or threading.Event())
        return stack

    @property
    def addresses(self) -> Addresses:
        """The addresses of the servers, private or given."""
        database_url = self.postgres.url if self.postgres else _revealed(self._settings.database_url)
        if not self._has_broker:
            return Addresses(database_url, None, None)
        if self.rabbitmq:
            return Addresses(database_url, self.rabbitmq.amqp_url, self.rabbitmq.management_url)
        amqp_url = _revealed(self._settings.amqp_url)
        return Addresses(database_url, amqp_url, self._given_management_url(amqp_url))

    def launch(self, progress: Progress, cancelled: threading.Event) -> None:
        """Start all of it, or none."""
        try:
            if self.postgres:
                installed_binaries()  # raises before a broker is downloaded
            if self.rabbitmq:
                ensure_broker(self._settings.home, progress)
            self._start_servers(progress, cancelled)
            if self._servers():
                self._announce()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what was started, even if only half of it was; a second call does nothing."""
        self._stopping.set()
        for supervisor in self._supervisors:
            supervisor.join()
        (self.folder / "running.json").unlink(missing_ok=True)
        ends = [server.destroy if self._temporary else server.stop for server in self._servers()]
        with ThreadPoolExecutor(max(len(ends), 1)) as pool:
            ended = [pool.submit(end) for end in ends]
        _raise_what_failed(ended)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def keep_alive(self, say: Progress) -> None:
        """Until stop(), start a private server again when it has been down for _DOWN_SECONDS."""
        for server in self._servers():
            supervisor = threading.Thread(target=self._keep, args=(server, say), name=f"supervisor of {_title(server)}")
            self._supervisors.append(supervisor)
            supervisor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_servers(self, progress: Progress, cancelled: threading.Event) -> None:
        """Start both at once; if one fails, or the start is cancelled, stop the other."""

        def start(server: Server) -> None:
            begin = time.monotonic()
            progress(f"Starting {_title(server)}")
            server.start(self._stopping)
            progress(f"{_title(server)} is ready after {time.monotonic() - begin:.1f} s")

        servers = self._servers()
        with ThreadPoolExecutor(max(len(servers), 1)) as pool:
            try:
                starts = [pool.submit(start, server) for server in servers]
                while wait(starts, _CANCEL_SECONDS, return_when=FIRST_EXCEPTION).not_done and not cancelled.is_set():
                    _raise_what_failed(starts)
                if cancelled.is_set():
                    raise StartCancelled("Stopped while starting.")
                _raise_what_failed(starts)
            except BaseException:
                self._stopping.set()
                raise

    def _servers(self) -> list[Server]:
        return [server for server in (self.postgres, self.rabbitmq) if server]

    def _keep(self, server: Server, say: Progress) -> None:
        seen = time.monotonic()
        while not self._stopping.wait(_LOOK_SECONDS):
            if server.is_running():
                seen = time.monotonic()
            elif time.monotonic() - seen > _DOWN_SECONDS:
                say(f"{_title(server)} is down, starting it again")
                try:
                    server.start(self._stopping)
                    say(f"{_title(server)} is up again")
                except StartCancelled:
                    return
                except (LocalStackError, OSError) as error:
                    say(f"{_title(server)} could not be started, trying again: {error}")

    def _announce(self) -> None:
        running = {"pid": os.getpid(), "identity": children.identity(os.getpid()), **asdict(self.addresses)}
        new = self.folder / "running.json.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(json.dumps(running))
        new.rename(self.folder / "running.json")

    def _given_management_url(self, amqp_url: str) -> str:
        """The address that was set, or the usual one of a broker."""
        if given := _revealed(self._settings.management_url):
            return given
        node = BrokerAddress.parse(amqp_url).endpoints[0]
        host = f"[{node.host}]" if ":" in node.host else node.host
        return f"http://{quote(node.user, safe='')}:{quote(node.password, safe='')}@{host}:15672"


def _settings(*, broker: bool) -> Settings:
    """Settings from the environment. Raises SettingsError if a broker is given although none is to be used."""
    settings = load_settings()
    if settings.amqp_url and not broker:
        raise SettingsError(
            "SAGA_AMQP_URL is set, and other commands would go by it: unset it, or leave --no-broker out."
        )
    return settings


def find_running(home: Path) -> Addresses | None:
    """The addresses of a stack that runs in this folder now, the first one if there are several."""
    return next(_running(home), None)


def _running(home: Path) -> Iterator[Addresses]:
    for folder in _folders(home.absolute()):
        with suppress(OSError, ValueError, KeyError):
            running = json.loads((folder / "running.json").read_text())
            if children.identity(int(running["pid"])) == running["identity"]:
                yield Addresses(running["database_url"], running["amqp_url"], running["management_url"])


def _folders(home: Path) -> list[Path]:
    return [home / ("stack" if number == 1 else f"stack-{number}") for number in range(1, _STACKS_AT_ONCE + 1)]


def _lock(folder: Path) -> tuple[Path, IO[str]]:
    """Lock this folder for us alone. Raises LocalStackError if a living process or another user has it."""
    # A user who can write the files of a server can make it run programs.
    os.umask(os.umask(0o077) | 0o022)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except PermissionError as error:
        raise LocalStackError(
            f"{folder} belongs to another user ({error}): remove it as that user, or set SAGA_HOME to another folder."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise LocalStackError(f"{folder} is in use by a running stack: stop that one or use another folder.") from None
    return folder, lock


def _first_free(home: Path) -> tuple[Path, IO[str]]:
    refused = None
    for folder in _folders(home):
        try:
            return _lock(folder)
        except LocalStackError as error:
            refused = error
    raise LocalStackError(f"None of {_STACKS_AT_ONCE} folders in {home} can be used; the last: {refused}")


def _raise_what_failed(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        if future.done():
            future.result()


def _title(server: Server) -> str:
    return "PostgreSQL" if isinstance(server, PostgresServer) else "RabbitMQ"


def _revealed(address: SecretStr | None) -> str:
    return address.get_secret_value() if address else ""


def _silent(_: str) -> None:
    """Report nothing."""
