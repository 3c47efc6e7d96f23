"""What the version of the schema may be when a program comes: older, the same, newer, or nothing that makes sense."""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from saga.operations.schema import newest_version
from saga.postgres.migrations import SchemaUnusable, upgrade
from saga_gateway_stub.migrations import migrate_collaborators
from tests.cli.shell import Saga
from tests.waiting import LIMIT_SECONDS

NEWER = "9999"

MIGRATION = '''
"""Says under which limits it runs."""
from alembic import op
from sqlalchemy import text
revision = "0001"
down_revision = None
NAMES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
def upgrade():
    limits = [op.get_bind().execute(text(f"SELECT current_setting('{name}', true)")).scalar_one() for name in NAMES]
    op.execute("CREATE TABLE own.found AS SELECT '" + ", ".join(str(one) for one in limits) + "' AS limits")
'''


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def saga(empty_url: str, amqp_url: str, prefix: str) -> Saga:
    return Saga(empty_url, amqp_url, prefix)


async def _migrated(saga: Saga, *statements: str) -> None:
    url = saga.environment["SAGA_DATABASE_URL"]
    await upgrade(url)
    await _execute(url, *statements)


async def _run(saga: Saga, *words: str) -> tuple[int, str, str]:
    result = await asyncio.to_thread(saga, *words)
    return result.exit_code, result.stdout, result.stderr


async def test_migrate_says_what_it_did(saga: Saga) -> None:
    newest = newest_version()
    assert await _run(saga, "migrate") == (0, f"The schema saga was brought from nothing to {newest}.\n", "")
    already = f"The schema saga is at {newest} already, the newest version: nothing to do.\n"
    assert await _run(saga, "migrate") == (0, already, "")


async def test_a_newer_schema_is_left_alone_and_worked_with(saga: Saga) -> None:
    await _migrated(saga, f"UPDATE saga.schema_version SET version_num = '{NEWER}'")
    said = f"The schema saga is at {NEWER}, newer than this program knows ({newest_version()}): nothing to do.\n"
    assert await _run(saga, "migrate") == (0, said, "")
    code, _, told = await _run(saga, "health")
    assert code == 0
    assert told.startswith(f"The schema is at {NEWER}, newer than this program knows")
    assert (await _run(saga, "list"))[0] == 0


@pytest.mark.parametrize("module", [("saga_scheduler",), ("saga_gateway_stub",), ("saga", "run")])
async def test_services_say_that_the_schema_is_newer_and_go_on(module: Sequence[str], saga: Saga) -> None:
    await migrate_collaborators(saga.environment["SAGA_DATABASE_URL"])
    newer = [f"UPDATE {one}.schema_version SET version_num = '{NEWER}'" for one in ("saga", "gateway", "fulfilment")]
    await _migrated(saga, *newer)
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *module),
        env=os.environ | saga.environment | {"SAGA_FEED": "pull", "SAGA_AMQP_URL": ""},
        stderr=asyncio.subprocess.PIPE,
    )
    assert service.stderr is not None
    events: list[str] = []
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while "ready" not in events:
                line = await service.stderr.readline()
                assert line, events
                events.append(json.loads(line)["event"])
    finally:
        service.terminate()
        await service.communicate()
    assert "newer_schema" in events
    assert service.returncode == 0


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("DELETE FROM saga.schema_version", "has no rows in place of one"),
        ("INSERT INTO saga.schema_version VALUES ('0001')", "has 2 rows in place of one"),
        ("UPDATE saga.schema_version SET version_num = 'junk'", "names a version that never was"),
        ("UPDATE saga.schema_version SET version_num = '0000'", "names a version that never was"),
        ("UPDATE saga.schema_version SET version_num = ''", "names a version that never was"),
        ("DROP TABLE saga.schema_version", "has tables and no schema_version"),
    ],
)
async def test_a_version_that_makes_no_sense_is_a_sentence(damage: str, complaint: str, saga: Saga) -> None:
    await _migrated(saga, damage)
    code, said, complained = await _run(saga, "migrate")
    assert (code, said) == (2, "")
    assert complaint in complained
    assert len(complained.splitlines()) == 1
    assert (await _run(saga, "health"))[0] == 1


async def test_a_collaborators_schema_that_makes_no_sense_ends_it_with_a_sentence(saga: Saga) -> None:
    url = saga.environment["SAGA_DATABASE_URL"]
    await migrate_collaborators(url)
    await _execute(url, "DELETE FROM gateway.schema_version")
    with pytest.raises(SchemaUnusable, match=r"gateway\.schema_version has no rows"):
        await migrate_collaborators(url)


async def test_who_may_not_migrate_is_told_by_the_database(saga: Saga) -> None:
    url, role = make_url(saga.environment["SAGA_DATABASE_URL"]), f"poor_{secrets.token_hex(4)}"
    await _execute(str(url.render_as_string(hide_password=False)), f"CREATE ROLE {role} LOGIN PASSWORD 'xyzzy'")
    poor = url.set(username=role, password="xyzzy").render_as_string(hide_password=False)
    try:
        result = await asyncio.to_thread(saga, "migrate", SAGA_DATABASE_URL=poor)
        assert result.exit_code == 2
        assert "permission denied" in result.stderr
        assert len(result.stderr.splitlines()) == 1
        # Who has nothing to do needs no right but to see that.
        await upgrade(url.render_as_string(hide_password=False))
        owner = url.render_as_string(hide_password=False)
        await _execute(owner, f"GRANT USAGE ON SCHEMA saga TO {role}", f"GRANT SELECT ON saga.schema_version TO {role}")
        result = await asyncio.to_thread(saga, "migrate", SAGA_DATABASE_URL=poor)
        assert (result.exit_code, "nothing to do" in result.stdout) == (0, True)
    finally:
        await _execute(url.render_as_string(hide_password=False), f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def test_no_limit_of_role_or_database_cuts_a_migration(empty_url: str, tmp_path: Path) -> None:
    name = make_url(empty_url).database
    limits = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
    await _execute(empty_url, *(f"ALTER DATABASE {name} SET {limit} = '1min'" for limit in limits))
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions/0001_first.py").write_text(MIGRATION)
    await upgrade(empty_url, tmp_path, "own")
    connection = await asyncpg.connect(empty_url)
    assert await connection.fetchval("SELECT limits FROM own.found") == "0, 2s, 0, 0"
    await connection.close()
