"""The tables of a collaborator: made once, whoever makes them, and the same that earlier programs left."""

import asyncio
import secrets

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.collaborator import Collaborator
from saga.postgres import connect_engine
from saga.postgres.migrations import upgrade
from saga.service import CannotStart
from saga_gateway_stub.fulfilment import Fulfilment
from saga_gateway_stub.migrations import migrate_collaborators
from tests.collaborator.test_collaborator import Hotel, release
from tests.gateway.desk import start, stop
from tests.migrations.history import FOLDERS, Program
from tests.rabbitmq.records import rows

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns
WHERE table_schema = :schema AND table_name IN ('command', 'effect', 'rejected')
ORDER BY table_name, ordinal_position
"""
CONSTRAINTS = """
SELECT c.conrelid::regclass::text AS name, c.conname, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint AS c JOIN pg_namespace AS n ON n.oid = c.connamespace JOIN pg_class AS t ON t.oid = c.conrelid
WHERE n.nspname = :schema AND t.relname IN ('command', 'effect', 'rejected') AND c.contype <> 'n'
  AND c.conname <> 'command_result_check'
ORDER BY 1, 2
"""


async def shape(engine: AsyncEngine, schema: str) -> list[str]:
    """Columns and constraints; which results there are is each collaborator's own business."""
    found = [*await rows(engine, COLUMNS, schema=schema), *await rows(engine, CONSTRAINTS, schema=schema)]
    return [str(row).replace(f"{schema}.", "") for row in found]


async def test_many_that_create_them_at_once_create_them_once(engine: AsyncEngine) -> None:
    hotel = Hotel()
    await asyncio.gather(*(hotel.collaborator.create_tables(engine) for _ in range(5)))
    await hotel.collaborator.handle(engine, [release("t-1")])
    await hotel.collaborator.create_tables(engine)
    assert len(await rows(engine, 'SELECT 1 FROM "hotel-2".command')) == 1


async def test_what_is_missing_is_created_beside_what_is_there(engine: AsyncEngine) -> None:
    hotel = Hotel()
    async with engine.begin() as connection:
        await connection.execute(text('CREATE SCHEMA "hotel-2"'))
        await connection.execute(text('CREATE TABLE "hotel-2".room (number integer)'))
    await hotel.collaborator.create_tables(engine)
    await hotel.collaborator.handle(engine, [release("t-1")])
    assert hotel.calls == [("t-1", 2)]


async def test_where_they_are_there_no_right_to_create_is_needed(engine: AsyncEngine, database_url: str) -> None:
    hotel, role = Hotel(), f"poor_{secrets.token_hex(4)}"
    await hotel.collaborator.create_tables(engine)
    url = make_url(database_url).set(username=role, password="xyzzy").render_as_string(hide_password=False)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'xyzzy'"))
    poor = connect_engine(url, "test", 1)
    try:
        await hotel.collaborator.create_tables(poor)
    finally:
        await poor.dispose()
        async with engine.begin() as connection:
            await connection.execute(text(f"DROP ROLE {role}"))


async def test_who_may_not_create_them_is_told_so_at_the_start(engine: AsyncEngine, database_url: str) -> None:
    role = f"poor_{secrets.token_hex(4)}"
    url = make_url(database_url).set(username=role, password="xyzzy").render_as_string(hide_password=False)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'xyzzy'"))
    poor = connect_engine(url, "test", 3)
    try:
        with pytest.raises(CannotStart, match="permission denied"):
            await Hotel().collaborator.run(asyncio.Event(), engine=poor)
    finally:
        await poor.dispose()
        async with engine.begin() as connection:
            await connection.execute(text(f"DROP ROLE {role}"))


@pytest.mark.parametrize("schema", ["gateway", "fulfilment"])
async def test_the_simulated_collaborators_have_the_tables_that_the_toolkit_creates(
    engine: AsyncEngine, database_url: str, schema: str
) -> None:
    await migrate_collaborators(database_url)
    hotel = Hotel("own")
    own = Collaborator("own", instance="order_id", handlers={type(release("t")): hotel.release})
    await own.create_tables(engine)
    assert await shape(engine, schema) == await shape(engine, "own")


async def test_revisions_from_before_the_migration_still_hold(engine: AsyncEngine, database_url: str) -> None:
    folder = FOLDERS["fulfilment"]
    await upgrade(database_url, folder, "fulfilment", target="0001")
    await Program("fulfilment", "0001").write(database_url, 3)
    await upgrade(database_url, folder, "fulfilment")
    copied = "SELECT order_id, effect, revision, command_id FROM fulfilment.{}"
    effects = await rows(engine, copied.format("effect"))
    assert len(effects) == 3
    assert set(effects) == set(await rows(engine, copied.format("fulfilment")))
    known = effects[0].order_id
    await Fulfilment(engine).handle([start(known, 1), stop(known, 2)])
    state = "SELECT state, revision, starts, stops FROM fulfilment.fulfilment WHERE order_id = :order_id"
    assert [tuple(row) for row in await rows(engine, state, order_id=known)] == [("stopped", 2, 1, 1)]


async def test_a_revision_that_an_old_program_carries_out_after_the_migration_holds_too(
    engine: AsyncEngine, database_url: str
) -> None:
    await upgrade(database_url, FOLDERS["fulfilment"], "fulfilment")
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO fulfilment.command"
                " (command_id, order_id, effect, type, revision, body, metadata, digest, result, deliveries)"
                " VALUES ('c', 'o-1', 'fulfilment', 'StopFulfilment', 2, '{}', '{}', decode(md5(''), 'hex'),"
                " 'stopped', 1)"
            )
        )
        await connection.execute(
            text("INSERT INTO fulfilment.fulfilment VALUES ('o-1', 'fulfilment', 'stopped', 2, 'c', 0, 1)")
        )
    await Fulfilment(engine).handle([start("o-1", 1)])
    late = await rows(engine, "SELECT result FROM fulfilment.command WHERE revision = 1")
    assert [row.result for row in late] == ["superseded"]
    assert [row.state for row in await rows(engine, "SELECT state FROM fulfilment.fulfilment")] == ["stopped"]
