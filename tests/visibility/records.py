"""What the tests of roles append, and how they ask for what they must not get."""

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import NewEvent, Visibility, append
from saga.postgres import durable_transaction
from tests.engine.conversation import execute

RELATIONS = (
    "command commit_proof cursor cursor_advance dead_letter declaration event_log inbox inbox_tombstone instance "
    "instance_tombstone module operation operation_item operation_run outgoing public_event public_module "
    "schema_version service stream_tombstone "
    "timer"
).split()


def event(name: str, *, internal: bool = False, target: str | None = None, **data: object) -> NewEvent:
    visibility = Visibility.INTERNAL if internal or target else Visibility.PUBLIC
    return NewEvent(f"stream-of-{name}", "Happened", name, {"name": name, **data}, visibility, target)


async def record(engine: AsyncEngine, module: str, *events: NewEvent) -> None:
    async with durable_transaction(engine) as connection:
        await append(connection, module, events)


async def refused(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|row-level security|must be owner"):
        await execute(engine, statement)
