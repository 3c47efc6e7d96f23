"""The schema is what it is declared to be, and refuses what must never be written."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.orders import order_process
from saga.postgres.migrations import VERSION_TABLE
from saga.postgres.schema import SCHEMA, metadata
from tests.engine.conversation import execute, message


async def test_migrations_lead_to_the_declared_schema(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {
            "version_table": VERSION_TABLE,
            "version_table_schema": SCHEMA,
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
            "compare_type": True,
            "compare_server_default": True,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize(
    "change", ["UPDATE saga.event_log SET type = 'Other'", "DELETE FROM saga.event_log", "TRUNCATE saga.event_log"]
)
async def test_the_log_is_append_only(engine: AsyncEngine, change: str) -> None:
    await Step(engine, order_process()).handle([message("OrderPlaced", "o-1")])
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(engine, change)


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        ("UPDATE saga.timer SET fired_at = due_at - interval '1 ms'", "timer_never_early_check"),
        ("UPDATE saga.module SET last_public_position = last_position + 1", "module_positions_check"),
        ("UPDATE saga.dead_letter SET state = 'discarded'", "dead_letter_closed_check"),
        (
            "INSERT INTO saga.cursor (consumer, module, watermark, handled) VALUES ('c', 'm', 5, '{[3,7)}')",
            "cursor_handled_above_watermark_check",
        ),
        (
            """
            INSERT INTO saga.inbox (consumer, position, source, message_id, digest)
            VALUES ('c', 1, 's', 'i', decode(repeat('00', 16), 'hex'))
            """,
            "inbox_position_has_module_check",
        ),
        (
            """
            INSERT INTO saga.event_log
                (module, position, stream_id, stream_version, event_id, type, visibility, target, data, metadata)
            VALUES ('m', 1, 's', 1, 'e', 'T', 'public', 'gateway', '{}', '{}')
            """,
            "event_log_command_is_internal_check",
        ),
    ],
)
async def test_the_schema_refuses_what_must_never_be(engine: AsyncEngine, change: str, invariant: str) -> None:
    await Step(engine, order_process()).handle([message("OrderPlaced", "o-1"), message("Nonsense", "o-1")])
    with pytest.raises(DBAPIError, match=invariant):
        await execute(engine, change)
