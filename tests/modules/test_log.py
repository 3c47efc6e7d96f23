"""One position for each module, in the order of the commits: a reader that remembers one integer misses nothing."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import NewEvent, Visibility, append
from saga.modules.reader import read_outgoing, read_stream
from saga.postgres import LostRace, durable_transaction
from tests.engine.conversation import rows, value


def event(name: str, stream: str = "s-1", *, internal: bool = False, version: int | None = None) -> NewEvent:
    visibility = Visibility.INTERNAL if internal else Visibility.PUBLIC
    return NewEvent(stream, "Happened", name, {"name": name}, visibility=visibility, stream_version=version)


async def record(engine: AsyncEngine, *events: NewEvent, module: str = "orders") -> int:
    async with durable_transaction(engine) as connection:
        return await append(connection, module, events)


async def test_a_module_begins_with_its_first_event_and_counts_on(engine: AsyncEngine) -> None:
    assert await record(engine, event("a"), event("b")) == 2
    assert await record(engine, event("c", "s-2")) == 3
    assert await rows(engine, "SELECT name, last_position, last_public_position FROM saga.module") == [("orders", 3, 3)]
    numbered = await rows(engine, "SELECT position, stream_id, stream_version FROM saga.event_log ORDER BY position")
    assert numbered == [(1, "s-1", 1), (2, "s-1", 2), (3, "s-2", 1)]


async def test_a_position_that_is_rolled_back_is_taken_by_the_next(engine: AsyncEngine) -> None:
    await record(engine, event("a"))
    with pytest.raises(ZeroDivisionError):
        async with durable_transaction(engine) as connection:
            await append(connection, "orders", [event("lost")])
            _ = 1 / 0
    assert await record(engine, event("b")) == 2


async def test_an_internal_event_takes_a_position_that_nobody_outside_ever_sees(engine: AsyncEngine) -> None:
    await record(engine, event("a"), event("secret", internal=True), event("b"))
    async with engine.connect() as connection:
        entries, horizon = await read_outgoing(connection, "orders", after=0, limit=10)
    assert [(entry.event_id, entry.position, entry.previous_public_position) for entry in entries] == [
        ("a", 1, 0),
        ("b", 3, 1),
    ]
    assert horizon == 3


async def test_the_horizon_moves_over_internal_events_alone(engine: AsyncEngine) -> None:
    await record(engine, event("a", internal=True), event("b", internal=True))
    async with engine.connect() as connection:
        assert await read_outgoing(connection, "orders", after=0, limit=10) == ([], 2)
    assert await rows(engine, "SELECT last_position, last_public_position FROM saga.module") == [(2, 0)]


async def test_a_module_reads_its_own_stream_whole(engine: AsyncEngine) -> None:
    await record(engine, event("a"), event("other", "s-2"), event("secret", internal=True))
    async with engine.connect() as connection:
        assert [entry.event_id for entry in await read_stream(connection, "orders", "s-1")] == ["a", "secret"]


async def test_a_stream_version_that_is_taken_is_a_conflict(engine: AsyncEngine) -> None:
    await record(engine, event("a", version=1))
    with pytest.raises(LostRace):
        await record(engine, event("b", version=1))
    assert await value(engine, "SELECT last_position FROM saga.module") == 1
