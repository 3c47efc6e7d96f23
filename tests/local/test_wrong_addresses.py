"""What is no address is said in a sentence, whichever service it was given to."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence

import pytest

SECONDS = 30


@pytest.mark.parametrize("module", [("saga", "run"), ("scheduler",), ("gateway_stub",)])
async def test_a_database_address_that_is_none_ends_the_service_with_a_sentence(module: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAGA_")}
    environment |= {"SAGA_DATABASE_URL": "nonsense", "SAGA_AMQP_URL": "amqp://127.0.0.1:1/"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module), env=environment, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        _, said = await process.communicate()
    assert process.returncode == 2
    line = json.loads(said)
    assert (line["event"], line["level"]) == ("cannot_start", "error")
    assert line["reason"] == "SAGA_DATABASE_URL is no address: write postgresql://user:password@host:port/database."
