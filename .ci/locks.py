"""The lock files say what pyproject.toml asks for, and the benchmark's peers in a file of their own, with hashes.

Two looks at it. The first needs nothing but the files: every line is pinned and hashed, every direct requirement is
locked at a version that it allows, and what runs is what is tested. The second resolves anew, with what is locked as
the preference, and compares; it sees an indirect requirement that is missing too, but it needs a package index. Where
none can be reached it is left out, loudly.

Usage: python .ci/locks.py            check
       python .ci/locks.py --write    make the lock files anew, moving only what has to move
       python .ci/locks.py --upgrade  the same, with everything at its newest version
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path("requirements")
PEERS = Path("benchmarks/peers")
DEPLOYED = ("console", "otel")
"""The extras that the image has."""
UNREACHABLE = re.compile(r"failed to fetch|error sending request|network connectivity is disabled", re.IGNORECASE)
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?P<marker> ; [^\\]+?)? \\$")
HASHED = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file, and what it has to satisfy."""

    path: Path
    wanted: tuple[Requirement, ...]
    source: tuple[str, ...]


def locks() -> tuple[Lock, Lock, Lock]:
    """What runs in a deployment, what a developer has, and what builds the wheel: one set of versions."""
    declared = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    project, build = declared["project"], declared["build-system"]["requires"]
    runtime = tuple(map(Requirement, project["dependencies"]))
    deployed = tuple(Requirement(line) for extra in DEPLOYED for line in project["optional-dependencies"][extra])
    chosen = tuple(word for extra in DEPLOYED for word in ("--extra", extra))
    extras = [Requirement(line) for extra in project["optional-dependencies"].values() for line in extra]
    others = tuple(wanted for wanted in extras if wanted.name != project["name"])
    return (
        Lock(FOLDER / "runtime.txt", runtime + deployed, ("pyproject.toml", *chosen)),
        Lock(FOLDER / "dev.txt", runtime + others, ("pyproject.toml", "--extra", "dev")),
        Lock(FOLDER / "build.txt", tuple(map(Requirement, build)), ("-",)),
    )


def peers() -> Lock:
    """What the benchmark's peers have, in an environment of their own: its versions are nobody else's business."""
    declared = PEERS / "requirements.in"
    lines = [line for line in declared.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return Lock(PEERS / "requirements.txt", tuple(map(Requirement, lines)), (str(declared),))


def pins(path: Path) -> dict[str, str]:
    """Name and version of every pinned line."""
    found = map(PINNED.match, path.read_text(encoding="utf-8").splitlines())
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found if pin}


def wrong_lines(lock: Lock) -> Iterator[str]:
    """Lines that are neither a pin nor a hash, and pins without a hash."""
    bare = None
    for number, line in enumerate(lock.path.read_text(encoding="utf-8").splitlines(), start=1):
        if HASHED.match(line):
            bare = None
            continue
        if bare:
            yield f"{lock.path}: {bare} has no hash"
        pin = PINNED.match(line)
        bare = pin["name"] if pin else None
        if not pin:
            yield f"{lock.path}:{number}: neither a pinned version nor a sha256 hash: {line}"
    if bare:
        yield f"{lock.path}: {bare} has no hash"


def unsatisfied(lock: Lock) -> Iterator[str]:
    """Direct requirements that are not locked, or locked at a version that they don't allow."""
    locked = pins(lock.path)
    for wanted in lock.wanted:
        version = locked.get(canonicalize_name(wanted.name))
        if version is None:
            yield f"{lock.path}: {wanted} is asked for and not locked"
        elif not wanted.specifier.contains(version, prereleases=True):
            yield f"{lock.path}: locks {wanted.name} {version}, asked for is {wanted}"


def apart(tested: Path, running: Path) -> Iterator[str]:
    """What a deployment would run in another version than the tests."""
    locked = pins(tested)
    for name, version in pins(running).items():
        if locked.get(name) != version:
            yield f"{running}: {name} {version} runs, but {tested} tests {locked.get(name)}"


def resolve(lock: Lock, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Resolve into ``output``, preferring what it already holds."""
    command = ["uv", "pip", "compile", *lock.source, *options, "--quiet", "--generate-hashes", "--no-header"]
    command += ["--no-annotate", "--universal", "--python-version", "3.11", "--output-file", str(output)]
    wanted = "".join(f"{requirement}\n" for requirement in lock.wanted)
    return subprocess.run(command, input=wanted, check=False, capture_output=True, text=True)


def outdated(lock: Lock, folder: Path) -> Iterator[str]:
    """What a resolution with the locked versions as preference would change."""
    fresh = folder / lock.path.name
    shutil.copyfile(lock.path, fresh)
    done = resolve(lock, fresh)
    if done.returncode != 0 and UNREACHABLE.search(done.stderr):
        print(f"locks: !!! {lock.path} NOT RESOLVED ANEW: no package index in reach. Its own text was checked.")
        return
    if done.returncode != 0:
        yield f"{lock.path}: what is asked for can't be resolved: {done.stderr.strip()}"
        return
    before, after = pins(lock.path), pins(fresh)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"{lock.path}: {name} is {before.get(name)}, a resolution gives {after.get(name)}"


def check() -> int:
    """Print what is wrong; 1 if anything is."""
    runtime, dev, build = locks()
    findings = [*apart(dev.path, runtime.path), *apart(dev.path, build.path)]
    with tempfile.TemporaryDirectory() as folder:
        for lock in (runtime, dev, build, peers()):
            findings += [*wrong_lines(lock), *unsatisfied(lock), *outdated(lock, Path(folder))]
    print(*findings, sep="\n", end="\n" if findings else "", file=sys.stderr)
    if findings:
        print("locks: `python .ci/locks.py --write` makes them match what is asked for", file=sys.stderr)
        return 1
    print(f"locks: {', '.join(str(lock.path) for lock in (runtime, dev, build, peers()))} match what is asked for")
    return 0


def write(*options: str) -> int:
    """Make the lock files anew: 1 if the requirements can't be resolved."""
    # The development lock first: the others then take their versions from it.
    runtime, dev, build = locks()
    for lock in (dev, runtime, build, peers()):
        pinned = ("--constraint", str(dev.path)) if lock in (runtime, build) else ()
        done = resolve(lock, lock.path, *options, *pinned)
        if done.returncode != 0:
            print(done.stderr, end="", file=sys.stderr)
            return 1
    return check()


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            sys.exit(check())
        case ["--write"]:
            sys.exit(write())
        case ["--upgrade"]:
            sys.exit(write("--upgrade"))
        case _:
            sys.exit(__doc__)
