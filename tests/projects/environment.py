"""An environment of its own, outside of this checkout, with the wheel in it.

What the wheel needs is linked from the environment of the tests, which takes a second; with PLAIN_INSTALL set, pip
installs it, as a user's pip would.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling import build; build.build_wheel(sys.argv[1])"
IS_PLAIN = bool(os.environ.get("PLAIN_INSTALL"))
MOST_SECONDS = 300

Done = subprocess.CompletedProcess[str]


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout."""
    # The backend's program lies beside the interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


class Environment:
    """A virtual environment with saga from a wheel, and a shell in it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        venv.create(folder, symlinks=True, with_pip=IS_PLAIN)
        self._pip("install", *(() if IS_PLAIN else ("--no-deps", "--no-index")), str(wheel))
        if not IS_PLAIN:
            self.link("saga")

    def install(self, *requirements: str) -> None:
        """What a requirement file names beside the wheel."""
        if IS_PLAIN:
            self._pip("install", *requirements)
        else:
            self.link(*requirements)

    def link(self, *requirements: str) -> None:
        """Everything that these need, but for saga itself, from the environment of the tests."""
        for found in _needed(*requirements):
            for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
                link = self.packages / top
                if not link.exists():
                    link.symlink_to(Path(str(found.locate_file(top))))
            for script in found.entry_points.select(group="console_scripts"):
                program = self.folder / "bin" / script.name
                program.write_text(
                    f"#!{self.folder / 'bin/python'}\n"
                    f"import sys\nfrom {script.module} import {script.attr}\nsys.exit({script.attr}())\n"
                )
                program.chmod(0o755)

    @property
    def packages(self) -> Path:
        """Where its packages are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def shell(self, command: str, cwd: Path, **environment: str) -> Done:
        """What a person types, with the environment activated."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=cwd,
            env=self.variables(**environment),
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )

    def variables(self, **more: str) -> dict[str, str]:
        """A person's variables: none of saga, of pytest or of the checkout."""
        alien = ("SAGA_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV", "COV_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(alien)}
        path = os.pathsep.join([str(self.folder / "bin"), kept.get("PATH", os.defpath)])
        return {**kept, "PATH": path, "VIRTUAL_ENV": str(self.folder), "COLUMNS": "120", **more}

    def _pip(self, *words: str) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.folder / "bin/python"), "--disable-pip-version-check"]
        done = subprocess.run([*pip, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _needed(*requirements: str) -> Iterator[Distribution]:
    """The installed distributions that these come to, with theirs, and so on."""
    waiting, seen = [Requirement(one) for one in requirements], set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform
        for line in found.requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(needed)
        if name != "saga":
            yield found
