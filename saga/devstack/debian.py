"""Provides RabbitMQ on a Debian machine that has none.

With root, or with sudo that asks for no password, it installs the distribution's package, without the system's own
broker that the package would start. Without root it downloads and unpacks the same packages: RabbitMQ and Erlang run
from any folder once Erlang's start script names it. It then unpacks all of Erlang, even if parts are installed, because
Erlang looks for its libraries in one place.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from saga.devstack.broker import Broker, find_broker, find_unpacked, unpacked_folder
from saga.devstack.errors import LocalStackError, NotInstalled

Progress = Callable[[str], None]

_SCRIPT = Path(__file__).with_name("install_rabbitmq.sh")
_REMEDY = (
    "install RabbitMQ by hand (on Debian: apt-get install rabbitmq-server), "
    "or set SAGA_AMQP_URL to the address of a broker that is there."
)
# "Inst erlang-base (1:25.2.3+dfsg-1 Debian:12/stable [amd64])"; an installed version stands before the brackets.
_TO_INSTALL = re.compile(r"^Inst (?P<name>\S+) (?:\[\S+\] )?\((?P<version>\S+) ", re.MULTILINE)
_OF_ERLANG = re.compile(r"^Package: (erlang|rabbitmq-server)")
_PROGRESS = re.compile(r"^(Get:|Unpacking |Setting up )")


def ensure_broker(home: Path, progress: Progress) -> Broker:
    """The RabbitMQ of this machine; if there is none, install it, or else unpack it below `home`."""
    if broker := find_broker(unpacked_folder(home)):
        return broker
    if shutil.which("apt-get") is None:
        raise NotInstalled(f"RabbitMQ is missing, and this is not a Debian machine: {_REMEDY}")
    install(home, progress)
    if broker := find_broker(unpacked_folder(home)):
        return broker
    raise LocalStackError(f"RabbitMQ was installed, but its programs were not found: {_REMEDY}")


def install(home: Path, progress: Progress) -> None:
    """Install RabbitMQ as root if possible, else unpack it."""
    if (prefix := _superuser()) is not None:
        progress("Installing RabbitMQ with apt-get; it takes about a minute")
        _stream([*prefix, "sh", str(_SCRIPT)], progress)
    else:
        progress("Unpacking RabbitMQ without root; it takes about a minute")
        unpack(unpacked_folder(home), progress)


def unpack(tree: Path, progress: Progress) -> Broker:
    """Download RabbitMQ and its dependencies, and unpack them into this folder in one step."""
    new = tree.with_name(f"{tree.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    packages = new / "packages"
    packages.mkdir(parents=True)
    try:
        _download(packages, progress)
        for package in sorted(packages.glob("*.deb")):
            progress(f"Unpacking {package.name.partition('_')[0]}")
            _stream(["dpkg-deb", "-x", str(package), str(new)], progress)
    finally:
        shutil.rmtree(packages, ignore_errors=True)
    _move_erlang(new, tree.absolute())
    shutil.rmtree(tree, ignore_errors=True)
    new.rename(tree)
    if broker := find_unpacked(tree):
        return broker
    raise LocalStackError(f"The packages in {tree} hold no RabbitMQ that can be run: {_REMEDY}")


def needed(simulation: str) -> list[str]:
    """The packages, as name=version, that apt-get says it would install."""
    return [f"{found['name']}={found['version']}" for found in _TO_INSTALL.finditer(simulation)]


def without_erlang(status: str) -> str:
    """Dpkg's list of installed packages without Erlang and RabbitMQ, so that all of those are downloaded."""
    return "\n\n".join(entry for entry in status.split("\n\n") if not _OF_ERLANG.match(entry))


def _superuser() -> list[str] | None:
    """The prefix that runs a command as root; None if that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _download(packages: Path, progress: Progress) -> None:
    """Download with the machine's package lists; if those are missing or too old, with fresh ones of our own."""
    (packages / "status").write_text(without_erlang(Path("/var/lib/dpkg/status").read_text(errors="replace")))
    (packages / "archives" / "partial").mkdir(parents=True)
    options = [f"Dir::State::status={packages / 'status'}", f"Dir::Cache={packages}", "Debug::NoLocking=true"]
    with suppress(LocalStackError):
        _fetch(packages, options, progress)
        return
    progress("Reading the package lists")
    (packages / "lists" / "partial").mkdir(parents=True)
    options.append(f"Dir::State::lists={packages / 'lists'}")
    _stream(_apt(options, "update"), progress)
    _fetch(packages, options, progress)


def _fetch(packages: Path, options: list[str], progress: Progress) -> None:
    simulation = _stream(_apt(options, "install", "--simulate", "--no-install-recommends", "rabbitmq-server"), progress)
    _stream(_apt(options, "download", *needed(simulation)), progress, cwd=packages)


def _apt(options: Sequence[str], *command: str) -> list[str]:
    return ["apt-get", *(part for option in options for part in ("-o", option)), *command]


def _move_erlang(tree: Path, target: Path) -> None:
    """Write the target folder into Erlang's start script, which contains its folder."""
    script = tree / "usr/lib/erlang/bin/erl"
    script.write_text(script.read_text().replace("ROOTDIR=/usr/lib/erlang", f"ROOTDIR='{target}/usr/lib/erlang'"))


def _stream(command: Sequence[str], progress: Progress, cwd: Path | None = None) -> str:
    """Run a command, report its progress, and return its output. Raises LocalStackError with the end of the output."""
    lines: list[str] = []
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if _PROGRESS.match(line):
                    progress(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        end = "\n".join(lines[-10:])
        raise LocalStackError(f"RabbitMQ could not be installed ({command[0]} failed): {_REMEDY}\n{end}")
    return "\n".join(lines)
