"""What is no address, or no file with one, ends every service with a sentence and exit code 2."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.waiting import LIMIT_SECONDS

SERVICES = [("saga", "run"), ("saga", "console"), ("saga_scheduler",), ("saga_gateway_stub",), ("saga", "migrate")]


async def _started(module: Sequence[str], **variables: str) -> tuple[int | None, str]:
    """How it ended, and all that it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAGA_")}
    environment |= {"SAGA_DATABASE_URL": "postgresql://127.0.0.1:1/saga", "SAGA_AMQP_URL": "amqp://127.0.0.1:1/"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        env={name: value for name, value in (environment | variables).items() if value},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, _sentence(said.decode())


def _sentence(said: str) -> str:
    """What a command says, or a service in its log."""
    return str(json.loads(said)["reason"]) if said.startswith("{") else said.removesuffix("\n")


@pytest.mark.parametrize("module", SERVICES)
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SAGA_DATABASE_URL", "postgresql://ann:Xq7#Zt9/Kw3@127.0.0.1:1/saga"),
        ("SAGA_AMQP_URL", "http://ann:Xq7Zt9Kw3@127.0.0.1:1"),
    ],
)
async def test_an_address_that_is_none_ends_the_service_with_a_sentence(
    module: Sequence[str], variable: str, value: str
) -> None:
    code, said = await _started(module, **{variable: value})
    assert code == 2
    assert said.startswith(f"Wrong configuration: {variable} ")
    assert said.endswith(".")
    assert "\n" not in said
    assert not [part for part in ("Xq7", "Zt9", "Kw3") if part in said]


@pytest.mark.parametrize("module", SERVICES)
async def test_a_file_that_is_missing_ends_the_service_with_a_sentence(module: Sequence[str], tmp_path: Path) -> None:
    file = str(tmp_path / "missing")
    code, said = await _started(module, SAGA_DATABASE_URL="", SAGA_DATABASE_URL_FILE=file)
    assert code == 2
    assert (
        said == f"Wrong configuration: SAGA_DATABASE_URL_FILE names a file that can't be read: {file} (No such file"
        " or directory)."
    )
