"""Finds RabbitMQ's programs on this machine.

The script on the PATH is often a wrapper: Debian's switches to the user `rabbitmq` and works in the folders of the
system's own broker. The real start script has `rabbitmq-env` beside it, so this module searches for it in the places
where the distributions put RabbitMQ.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_USUAL_PLACES = (
    "usr/lib/rabbitmq/bin",
    "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "usr/lib64/rabbitmq/lib/rabbitmq_server-*/sbin",
    "usr/local/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "usr/local/opt/rabbitmq/sbin",
    "opt/homebrew/opt/rabbitmq/sbin",
    "opt/rabbitmq*/sbin",
)


@dataclass(frozen=True, slots=True)
class Broker:
    """The programs of one RabbitMQ installation, and the environment variables that they need."""

    server: Path
    epmd: Path
    environment: Mapping[str, str]


def unpacked_folder(home: Path) -> Path:
    """The folder for a RabbitMQ of our own, if it had to be unpacked."""
    return home.absolute() / "rabbitmq-server"


def find_broker(unpacked: Path) -> Broker | None:
    """The installed RabbitMQ, or the one unpacked in that folder; None if there is neither."""
    return find_installed(Path("/")) or find_unpacked(unpacked)


def find_installed(root: Path) -> Broker | None:
    """A RabbitMQ that a package or its own archive installed."""
    server, epmd = next(_real_scripts(root), None), _installed_epmd(root)
    return Broker(server, epmd, {}) if server and epmd else None


def find_unpacked(tree: Path) -> Broker | None:
    """A RabbitMQ with its Erlang from Debian packages that were unpacked, not installed, into this folder."""
    server, epmd = next(_real_scripts(tree), None), _erlang_epmd(tree / "usr/lib/erlang")
    if server is None or epmd is None:
        return None
    programs = [tree / "usr/lib/erlang/bin", tree / "usr/bin", tree / "bin"]
    libraries = sorted({path.parent for base in ("usr/lib", "lib") for path in (tree / base).glob("*-linux-*/*.so*")})
    environment = {"PATH": os.pathsep.join([*map(str, programs), os.environ.get("PATH", os.defpath)])}
    if libraries:
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, libraries))
    return Broker(server, epmd, environment)


def _real_scripts(root: Path) -> Iterator[Path]:
    for script in _start_scripts(root):
        real = script.resolve()
        if real.with_name("rabbitmq-env").is_file() and os.access(real, os.X_OK):
            yield real


def _start_scripts(root: Path) -> Iterator[Path]:
    for place in _USUAL_PLACES:
        yield from sorted(root.glob(f"{place}/rabbitmq-server"), reverse=True)
    if root == Path("/") and (found := shutil.which("rabbitmq-server")):
        yield Path(found)


def _installed_epmd(root: Path) -> Path | None:
    """Erlang's own port mapper, in the folder that the `erl` on the PATH points to."""
    if root != Path("/"):
        return _erlang_epmd(root / "usr/lib/erlang")
    erl = shutil.which("erl")
    folders = [Path(erl).resolve().parents[1]] if erl else []
    found = (_erlang_epmd(folder) for folder in [*folders, Path("/usr/lib/erlang"), Path("/usr/lib64/erlang")])
    return next((epmd for epmd in found if epmd), None)


def _erlang_epmd(erlang: Path) -> Path | None:
    return next(iter(sorted(erlang.glob("erts-*/bin/epmd"), reverse=True)), None)
