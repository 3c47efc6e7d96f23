"""``import saga`` gives what a process is declared with, and loads nothing that touches a server."""

import subprocess
import sys

import pytest

import saga

HEAVY = ("aio_pika", "aiormq", "asyncio", "asyncpg", "pydantic_settings", "sqlalchemy", "structlog", "typer", "uvloop")


@pytest.mark.parametrize("module", ["saga", "saga.core"])
def test_a_declaration_loads_no_database_no_broker_and_no_settings(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & set(HEAVY) == set()


def test_the_door_names_what_is_there() -> None:
    assert sorted(saga.__all__) == saga.__all__
    assert all(hasattr(saga, name) for name in saga.__all__)
