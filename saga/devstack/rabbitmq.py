"""A private RabbitMQ node on loopback, from the broker that is installed on this machine.

It shares nothing with a broker that already runs here: node name, cookie, folders and all four ports are its own.
Erlang finds its nodes through epmd, one daemon for each machine, which outlives every broker and belongs to the user
who started it first. We run a second epmd, on a port of its own, as our child instead of in the background.

After a crash there may be an epmd without its node, or programs that the node started; we remove them. We take over a
whole living node: it was started for the same folder.
"""

import base64
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from saga.devstack import children, ports
from saga.devstack.broker import Broker, find_broker, unpacked_folder
from saga.devstack.errors import LocalStackError
from saga.settings import load_settings

_BEAM = frozenset({"beam.smp"})
_NAMES = _BEAM | {"epmd", "erl_child_setup", "inet_gethost", "rabbitmq-server", "erlexec"}
_START_SECONDS = 240.0
"""For a machine that is busy with other things; a node that dies is noticed at once."""
_TAKE_OVER_SECONDS = 20.0
_STOP_SECONDS = 15.0
_CLOSING_SECONDS = 1.5
# Two schedulers that sleep when there is nothing to do: the node shares the machine with its clients.
_ERLANG_FLAGS = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


@dataclass(frozen=True, slots=True)
class _Identity:
    """The values that stay the same from one start to the next; the data on disk contains the node's name."""

    name: str
    cookie: str
    user: str
    password: str
    amqp: int
    management: int
    distribution: int
    epmd: int


class RabbitNode:
    """One node for one folder; a later start with the same folder finds its queues."""

    def __init__(self, folder: Path, broker: Broker | None = None) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "rabbitmq.log"
        self._broker = broker
        self._identity: _Identity | None = None
        self._beam: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def amqp_url(self) -> str:
        """`amqp://user:password@127.0.0.1:port/%2F`, after the start."""
        me = self._known()
        return f"amqp://{me.user}:{me.password}@127.0.0.1:{me.amqp}/%2F"

    @property
    def management_url(self) -> str:
        """`http://user:password@127.0.0.1:port`, after the start."""
        me = self._known()
        return f"http://{me.user}:{me.password}@127.0.0.1:{me.management}"

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the running programs: `beam` (the broker) and `epmd`."""
        self._reap()
        names = {"beam": _BEAM, "epmd": frozenset({"epmd"})}
        found = {name: children.living_in(self.folder, programs) for name, programs in names.items()}
        return {name: pids[0] for name, pids in found.items() if pids}

    def start(self, cancelled: threading.Event | None = None) -> None:
        """Return when AMQP and the management API answer. Raises LocalStackError with the end of the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._one_start_at_a_time():
            self._identity = self._identity or self._load_identity()
            if not self._is_dead() and self._gets_ready(_TAKE_OVER_SECONDS, cancelled):
                return
            self._launch()
            if not self._gets_ready(_START_SECONDS, cancelled):
                raise LocalStackError(
                    f"RabbitMQ did not start; see {self.log}, or set SAGA_AMQP_URL to use another one.\n"
                    + children.end_of(self.log)
                )

    def stop(self) -> None:
        """Shut down and return when no process is left.

        RabbitMQ 3.10 closes its queues at once and then waits five seconds for itself (the management plugin asks the
        application controller, which waits for the plugin). So we kill the node soon after its listener is gone.
        """
        children.send(children.living_in(self.folder, _BEAM), signal.SIGTERM)
        children.wait_until(lambda: self._is_dead() or not self.is_running(), _STOP_SECONDS)
        children.wait_until(self._is_dead, _CLOSING_SECONDS)
        self._remove_leftovers()

    def kill(self) -> None:
        """SIGKILL the broker, as in a crash."""
        children.remove(self.folder, _BEAM)
        children.end(self._beam)
        self._beam = None

    def restart(self) -> None:
        """Stop and start on the same ports with the same data."""
        self.stop()
        self.start()

    def is_running(self) -> bool:
        """Whether it accepts AMQP connections."""
        return self._identity is not None and ports.accepts(self._identity.amqp)

    def destroy(self) -> None:
        """Kill it and remove its data."""
        self._remove_leftovers()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _one_start_at_a_time(self) -> Iterator[None]:
        """Hold a lock across processes: the second starter finds the node running."""
        with (self.folder / "starting").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _gets_ready(self, seconds: float, cancelled: threading.Event | None) -> bool:
        """Whether the node in the folder, ours or one that was found there, answers in that time."""
        children.wait_until(lambda: self._answers() or self._is_dead(), seconds, cancelled)
        return self._answers()

    def _launch(self) -> None:
        broker = self._broker or _installed_broker()
        self._remove_leftovers()
        self._write_configuration()
        environment = self._environment(broker)
        me = self._known()
        listen = ["-port", str(me.epmd), "-address", "127.0.0.1"]
        self._epmd = children.spawn([broker.epmd, *listen], cwd=self.folder, log=self.log, env=environment)
        children.wait_until(lambda: ports.accepts(me.epmd), 5)
        self._beam = children.spawn([broker.server], cwd=self.folder, log=self.log, env=environment)

    def _known(self) -> _Identity:
        self._identity = self._identity or self._load_identity()
        return self._identity

    def _load_identity(self) -> _Identity:
        """This node's identity, with ports that are free unless the node runs on them."""
        path = self.folder / "identity.json"
        kept = _Identity(**json.loads(path.read_text())) if path.exists() else _new_identity()
        if not children.living_in(self.folder, _BEAM):
            kept = _with_free_ports(kept)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_secret(path, json.dumps(asdict(kept), indent=2))
        return kept

    def _write_configuration(self) -> None:
        me = self._known()
        _write_secret(self.folder / "rabbitmq.conf", _configuration(me))
        _write_secret(self.folder / ".erlang.cookie", me.cookie, mode=0o400)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        for name in ("conf.d", "log", "mnesia"):
            (self.folder / name).mkdir(exist_ok=True)

    def _environment(self, broker: Broker) -> dict[str, str]:
        """Our environment without the variables that would lead the node to other files, ports or nodes."""
        alien = ("RABBITMQ_", "ERL_", "ERLANG_", "NOTIFY_SOCKET", "CONF_ENV_FILE")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(alien)}
        return {**inherited, **broker.environment, **_node_environment(self._known(), self.folder)}

    def _answers(self) -> bool:
        me = self._known()
        return _speaks_amqp(me.amqp) and _management_answers(me)

    def _is_dead(self) -> bool:
        """Whether no node runs or starts in the folder; the start script becomes the node by exec."""
        self._reap()
        return self._beam is None and not children.living_in(self.folder, _BEAM)

    def _reap(self) -> None:
        if self._beam is not None and self._beam.poll() is not None:
            self._beam = None
        if self._epmd is not None and self._epmd.poll() is not None:
            self._epmd = None

    def _remove_leftovers(self) -> None:
        """Remove all processes of the last start, ours or not."""
        children.end(self._beam)
        children.end(self._epmd)
        children.remove(self.folder, _NAMES)
        self._beam = self._epmd = None


def _installed_broker() -> Broker:
    if broker := find_broker(unpacked_folder(load_settings().home)):
        return broker
    raise LocalStackError(
        "RabbitMQ is not installed: run `make install` or `apt-get install rabbitmq-server`, "
        "or set SAGA_AMQP_URL to use another broker."
    )


def _new_identity() -> _Identity:
    return _Identity(
        name=f"saga-{secrets.token_hex(4)}@localhost",
        cookie=secrets.token_hex(24),
        user="saga",
        password=secrets.token_hex(24),
        **dict.fromkeys(_PORTS, 0),
    )


_PORTS = ("amqp", "management", "distribution", "epmd")


def _with_free_ports(identity: _Identity) -> _Identity:
    fields = asdict(identity)
    return _Identity(**{**fields, **{name: ports.choose(fields[name] or None) for name in _PORTS}})


def _configuration(identity: _Identity) -> str:
    return "\n".join(
        [
            f"listeners.tcp.local = 127.0.0.1:{identity.amqp}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {identity.management}",
            f"default_user = {identity.user}",
            f"default_pass = {identity.password}",
            "disk_free_limit.absolute = 50MB",
            # RabbitMQ 4's default: the prefetch is limited in messages, so their size needs a limit.
            "max_message_size = 16777216",
            "log.file.rotation.size = 10485760",
            "log.file.rotation.count = 2",
            "",
        ]
    )


def _node_environment(identity: _Identity, folder: Path) -> dict[str, str]:
    return {
        children.MARKER: os.path.realpath(folder),
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(identity.epmd),
        "RABBITMQ_NODENAME": identity.name,
        "RABBITMQ_DIST_PORT": str(identity.distribution),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "plugins-expand"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_FLAGS,
        # With this the start script becomes the node by exec, so that its process id is the node's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _speaks_amqp(port: int) -> bool:
    """Whether a broker answers the protocol header, which it does only when it accepts connections."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def _management_answers(identity: _Identity) -> bool:
    login = base64.b64encode(f"{identity.user}:{identity.password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", identity.management, timeout=2)
    try:
        connection.request("GET", "/api/whoami", headers={"Authorization": f"Basic {login}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _write_secret(path: Path, text: str, *, mode: int = 0o600) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(mode)
