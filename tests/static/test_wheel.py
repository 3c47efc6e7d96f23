"""The wheel carries everything that the packages hold, also what isn't Python."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "saga": "saga",
    "saga_scheduler": "scheduler/saga_scheduler",
    "saga_gateway_stub": "gateway_stub/saga_gateway_stub",
}
CACHE = re.compile(r"__pycache__|\.\w+_cache")
BUILD = "import sys; from hatchling import build; build.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    # The backend's program lies beside the interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_has_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    wanted = {
        str(package / path.relative_to(ROOT / folder))
        for package, folder in ((Path(name), folder) for name, folder in PACKAGES.items())
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not any(map(CACHE.fullmatch, path.parts))
    }
    assert any(name.endswith(".sql") for name in wanted)
    assert any("migrations/versions" in name for name in wanted)
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_has_nothing_but_the_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_says_its_licence_and_commands(wheel: zipfile.ZipFile) -> None:
    described = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert "Apache License" in described["LICENSE"]
    assert {f"{name} = {target}" for name, target in scripts.items()} <= set(described["entry_points.txt"].splitlines())
