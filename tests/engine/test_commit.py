"""A transaction counts as committed when it provably is, also when the answer to COMMIT never came."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.orders import order_process
from saga.postgres import LostRace, Unavailable, connect_engine, durable_transaction
from tests.engine.conversation import execute, message, outcome, value


class Wire:
    """A wire to PostgreSQL that can be cut at the COMMIT: before it goes through, or before its answer comes back."""

    def __init__(self, host: str, port: int) -> None:
        self.cut: str | None = None
        self.cuts = 0
        self.listening = 0
        self._upstream = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.listening = server.sockets[0].getsockname()[1]
        return server

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, upstream = await asyncio.open_connection(*self._upstream)
        copying = asyncio.create_task(_copy(answers, writer))
        try:
            while data := await reader.read(65_536):
                if b"COMMIT;" in data and self.cut:
                    self.cuts += 1
                    cut, self.cut = self.cut, None
                    if cut == "after":
                        copying.cancel()
                        upstream.write(data)
                        await asyncio.wait([copying])
                        await answers.read(65_536)
                    return
                upstream.write(data)
        finally:
            copying.cancel()
            writer.close()
            upstream.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    url = make_url(database_url)
    assert url.host is not None and url.port is not None
    wire = Wire(url.host, url.port)
    server = await wire.open()
    yield wire
    server.close()
    wire.close()


@pytest.fixture
async def wired(wire: Wire, database_url: str) -> AsyncIterator[AsyncEngine]:
    url = make_url(database_url).set(port=wire.listening)
    engine = connect_engine(url.render_as_string(hide_password=False), "wired", pool_size=1)
    yield engine
    await engine.dispose()


async def test_a_commit_whose_answer_was_lost_is_found_out_to_be_committed(
    wire: Wire, wired: AsyncEngine, engine: AsyncEngine
) -> None:
    wire.cut = "after"
    assert (await Step(wired, order_process()).handle([message("OrderPlaced", "o-1")])).taken == 1
    assert wire.cuts == 1
    assert await outcome(engine, "o-1") == "awaiting_payment"


async def test_a_commit_that_did_not_get_through_is_found_out_to_be_none(
    wire: Wire, wired: AsyncEngine, engine: AsyncEngine
) -> None:
    wire.cut, placed, step = "before", message("OrderPlaced", "o-1"), Step(wired, order_process())
    with pytest.raises(Unavailable, match="did not commit"):
        await step.handle([placed])
    assert (wire.cuts, await outcome(engine, "o-1")) == (1, None)
    assert (await step.handle([placed])).taken == 1


async def test_a_killed_backend_leaves_nothing_and_the_same_work_succeeds_afterwards(engine: AsyncEngine) -> None:
    with pytest.raises(Unavailable):
        async with durable_transaction(engine) as connection:
            await connection.execute(text("INSERT INTO saga.module (name) VALUES ('half')"))
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert await value(engine, "SELECT count(*) FROM saga.module") == 0


async def test_a_lost_race_is_a_conflict(engine: AsyncEngine) -> None:
    insert = text("INSERT INTO saga.module (name) VALUES ('once')")
    with pytest.raises(LostRace):
        async with durable_transaction(engine) as connection:
            await connection.execute(insert)
            await connection.execute(insert)


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = connect_engine("postgresql://nobody@127.0.0.1:1/nothing", "test")
    with pytest.raises(Unavailable):
        async with durable_transaction(engine):
            pass
    await engine.dispose()


async def test_a_bug_in_the_block_is_raised_as_it_is_and_leaves_nothing(engine: AsyncEngine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with durable_transaction(engine) as connection:
            await connection.execute(text("INSERT INTO saga.module (name) VALUES ('half')"))
            _ = 1 / 0
    assert await value(engine, "SELECT count(*) FROM saga.module") == 0


async def test_a_block_that_hides_a_lost_connection_does_not_count_as_committed(engine: AsyncEngine) -> None:
    with pytest.raises(Unavailable, match="lost inside the transaction"):
        async with durable_transaction(engine) as connection:
            with contextlib.suppress(DBAPIError):
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def test_a_connection_uses_one_slot_for_all_of_its_transactions(database_url: str, engine: AsyncEngine) -> None:
    one = connect_engine(database_url, "test", pool_size=1)
    for _ in range(5):
        async with durable_transaction(one):
            pass
    await one.dispose()
    assert await value(engine, "SELECT count(*) FROM saga.commit_proof") == 1


async def test_slots_that_nobody_uses_any_more_go_and_others_stay(database_url: str, engine: AsyncEngine) -> None:
    old = "INSERT INTO saga.commit_proof (slot, token, written_at) SELECT gen_random_uuid(), gen_random_uuid(), {}"
    await execute(engine, old.format("now() - interval '25 hours' FROM generate_series(1, 3)"))
    await execute(engine, old.format("now() - interval '23 hours'"))
    lively = connect_engine(database_url, "test", pool_size=1)
    async with durable_transaction(lively):
        pass
    assert await value(engine, "SELECT count(*) FROM saga.commit_proof") == 2, "the one of 23 hours, and its own"
    await execute(engine, "DELETE FROM saga.commit_proof")
    async with durable_transaction(lively) as connection:
        await connection.execute(text("INSERT INTO saga.module (name) VALUES ('goes on')"))
    assert await value(engine, "SELECT count(*) FROM saga.commit_proof") == 1, "a slot that is gone is made again"
    await lively.dispose()
