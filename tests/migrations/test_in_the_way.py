"""A migration that others are in the way of: it lets others pass, says who it is, and ends when it is to."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from saga.postgres import LostRace
from saga.postgres.migrations import upgrade
from tests.waiting import LIMIT_SECONDS, until

GATE = 4711
GATED = f"""
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.execute("SELECT pg_advisory_xact_lock({GATE})")
"""
OLD = "0001"
"""From here on a migration needs tables that somebody may be reading."""


_WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@asynccontextmanager
async def reading_for_long(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who read a table once and forgot to end the transaction."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "forgotten"})
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT count(*) FROM saga.event_log")
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


async def _started(url: str, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "saga", "migrate", *words),
        env={**os.environ, "SAGA_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT_SECONDS):
        return (await process.stderr.readline()).decode()


async def _end(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(LIMIT_SECONDS):
        said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


async def _value(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_names_who_is_in_the_way_and_goes_on_when_they_are_gone(empty_url: str) -> None:
    await upgrade(empty_url, target=OLD)
    async with reading_for_long(empty_url) as forgotten:
        migrating = await _started(empty_url)
        line = await _line(migrating)
        assert f"process {forgotten.get_server_pid()} ('forgotten', in a transaction since 2" in line
    code, said, _ = await _end(migrating)
    assert (code, said.startswith("The schema saga was brought from 0001 to ")) == (0, True)


async def test_it_gives_up_with_a_sentence_and_changes_nothing(empty_url: str) -> None:
    await upgrade(empty_url, target=OLD)
    async with reading_for_long(empty_url):
        code, said, complained = await _end(await _started(empty_url, "--wait", "1"))
    assert (code, said) == (1, "")
    last = complained.splitlines()[-1]
    assert last.startswith("The schema saga was not migrated, others were in the way for 1 s: in the way: process ")
    assert "'forgotten'" in last
    assert await _value(empty_url, "SELECT version_num FROM saga.schema_version") == OLD


async def test_nobody_queues_behind_it_for_long(empty_url: str) -> None:
    await upgrade(empty_url, target=OLD)
    said: asyncio.Event = asyncio.Event()
    async with reading_for_long(empty_url):
        migrating = asyncio.create_task(upgrade(empty_url, say=lambda _: said.set()))
        async with asyncio.timeout(LIMIT_SECONDS):
            await said.wait()
            for _ in range(3):
                assert await _value(empty_url, "SELECT count(*) FROM saga.event_log") == 0
    assert (await migrating).before == OLD


async def test_another_migration_is_waited_for_in_the_same_way(empty_url: str) -> None:
    holder = await asyncpg.connect(empty_url, server_settings={"application_name": "another"})
    await holder.execute("SELECT pg_advisory_lock(hashtext('saga'))")
    with pytest.raises(LostRace, match="'another'"):
        await upgrade(empty_url, wait_seconds=1)
    await holder.close()
    assert (await upgrade(empty_url)).before is None


async def test_one_that_waited_for_the_first_sees_what_that_one_created(empty_url: str, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001_gated.py").write_text(GATED)
    gate = await asyncpg.connect(empty_url)
    await gate.execute("SELECT pg_advisory_lock($1)", GATE)
    migrating = []
    try:
        for waiting in (1, 2):
            migrating.append(asyncio.create_task(upgrade(empty_url, tmp_path, "own")))
            await until(lambda: gate.fetchval(_WAITING), lambda seen: seen == waiting)  # noqa: B023
    finally:
        await gate.close()
    first, second = await asyncio.gather(*migrating)
    assert ((first.before, first.after), (second.before, second.after)) == ((None, "0001"), ("0001", "0001"))


async def test_a_prepared_transaction_in_the_way_is_named(empty_url: str) -> None:
    await upgrade(empty_url, target=OLD)
    async with reading_for_long(empty_url):
        pass
    connection = await asyncpg.connect(empty_url)
    await connection.execute("BEGIN; SELECT 1 FROM saga.event_log; PREPARE TRANSACTION 'in doubt'")
    try:
        with pytest.raises(LostRace, match="a prepared transaction"):
            await upgrade(empty_url, wait_seconds=1)
    finally:
        await connection.execute("ROLLBACK PREPARED 'in doubt'")
        await connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_and_leaves_nothing(number: signal.Signals, empty_url: str) -> None:
    await upgrade(empty_url, target=OLD)
    async with reading_for_long(empty_url):
        migrating = await _started(empty_url)
        await _line(migrating)
        migrating.send_signal(number)
        code, _, complained = await _end(migrating)
        migrators = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'saga-migrate'"
        await until(lambda: _value(empty_url, migrators), lambda count: count == 0)
    assert "Traceback" not in complained
    assert code in (1, -signal.SIGTERM)
    if number is signal.SIGINT:
        assert complained.splitlines()[-1].startswith("Stopped")
    assert await _value(empty_url, "SELECT version_num FROM saga.schema_version") == OLD
