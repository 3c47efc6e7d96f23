"""What became of a commit whose server crashed, failed over or is still at it is found out, and never guessed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack import children
from saga.devstack.postgres import PostgresServer
from saga.postgres import Unavailable, connect_engine, durable_transaction
from saga.postgres.connection import SERVER_SETTINGS
from saga.postgres.migrations import migrate
from tests.waiting import until, until_true

pytestmark = pytest.mark.system

ATTEMPTS = 20
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
WAITING_FOR_STANDBYS = OPEN + "wait_event = 'SyncRep'"
WAITING_FOR_A_LOCK = OPEN + "wait_event_type = 'Lock'"


@dataclass
class Line:
    """A line to PostgreSQL that notices a COMMIT: ``on_commit`` says what becomes of it, and of the line.

    The line is dead for the client from then on. Who connects anew waits for ``opened``.
    """

    server: PostgresServer
    on_commit: Callable[[asyncio.StreamWriter, bytes], Awaitable[None]] | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.opened.wait()
        url = make_url(self.server.url)
        answers, upstream = await asyncio.open_connection(url.host, url.port)
        copying = asyncio.create_task(_copy(answers, writer))
        try:
            while data := await reader.read(65_536):
                if b"COMMIT;" in data and self.on_commit:
                    on_commit, self.on_commit = self.on_commit, None
                    self.opened.clear()
                    copying.cancel()
                    writer.close()
                    await on_commit(upstream, data)
                    return
                upstream.write(data)
        finally:
            copying.cancel()
            writer.close()
            upstream.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server of its own, which is killed."""
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    server.start()
    migrate(server.url)
    yield server
    server.destroy()


@pytest.fixture
async def line(server: PostgresServer) -> Line:
    line = Line(server)
    line.opened.set()
    return line


@pytest.fixture
async def engine(line: Line, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """A pool at the other end of the line. A wait for a lock soon ends in an error, and is tried again."""
    monkeypatch.setitem(SERVER_SETTINGS, "lock_timeout", "100ms")
    listening = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    engine = connect_engine(make_url(server.url).set(port=port).render_as_string(hide_password=False), "test")
    yield engine
    await engine.dispose()
    listening.close()


async def ask(server: PostgresServer, *statements: str) -> object:
    """Straight at the server; the value of the last statement."""
    connection = await asyncpg.connect(server.url)
    try:
        return [await connection.fetchval(statement) for statement in statements][-1]
    finally:
        await connection.close()


async def append_row(engine: AsyncEngine, name: str, xids: list[int] | None = None) -> None:
    """The work: one row, in a transaction that is proved."""
    async with durable_transaction(engine) as connection:
        await connection.execute(text("INSERT INTO saga.module (name) VALUES (:name)"), {"name": name})
        xid = await connection.execute(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)"))
        if xids is not None:
            xids.append(xid.scalar_one())


async def is_there(server: PostgresServer, name: str) -> bool:
    return bool(await ask(server, f"SELECT count(*) FROM saga.module WHERE name = '{name}'"))


@pytest.fixture
async def slow_disk(server: PostgresServer) -> AsyncIterator[None]:
    settings = {"commit_delay": "100000", "commit_siblings": "0", "wal_writer_delay": "'10s'"}
    await ask(server, *(f"ALTER SYSTEM SET {name} = {value}" for name, value in settings.items()))
    await ask(server, "SELECT pg_reload_conf()")
    yield
    await ask(server, *(f"ALTER SYSTEM RESET {name}" for name in settings), "SELECT pg_reload_conf()")


async def give_out_again(server: PostgresServer, xid: int) -> str | None:
    """Commit other transactions until this id was given out, if it will be; what the server says of it now."""
    given: list[int] = []
    while not given or given[-1] < xid:
        given.append(int(str(await ask(server, "SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)"))))
    if xid not in given:
        return None
    return str(await ask(server, f"SELECT pg_xact_status(CAST('{xid}' AS xid8))"))


@pytest.mark.usefixtures("slow_disk")
@pytest.mark.parametrize("used_before", [False, True], ids=["first commit of its connection", "later commit"])
async def test_a_commit_that_a_crash_lost_is_not_taken_for_the_one_that_got_its_transaction_id(
    server: PostgresServer, line: Line, engine: AsyncEngine, used_before: bool
) -> None:
    async def crash(upstream: asyncio.StreamWriter, data: bytes) -> None:
        upstream.write(data)
        await upstream.drain()
        children.send(pids, signal.SIGKILL)

    for attempt in range(ATTEMPTS):
        name, xids = f"lost-{os.getpid()}-{attempt}-{used_before}", list[int]()
        await engine.dispose()
        if used_before:
            await append_row(engine, f"{name}-before")
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        pids = children.living_in(server._place(), ("postgres",))
        line.on_commit = crash
        working = asyncio.create_task(append_row(engine, name, xids))
        await until(lambda: _value(line.on_commit is None))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        was_lost = not await is_there(server, name)
        said = await give_out_again(server, xids[0]) if was_lost else None
        line.opened.set()
        if not was_lost:
            await working
            continue
        with pytest.raises(Unavailable, match="did not commit"):
            await working
        if said == "committed":
            return
    pytest.fail(f"in {ATTEMPTS} crashes no transaction id was given out again")


async def _value(now: bool) -> bool:
    return now


async def test_a_commit_that_survived_the_crash_that_swallowed_its_answer_is_found(
    server: PostgresServer, line: Line, engine: AsyncEngine
) -> None:
    """It waits for a standby, which it does with everything on its own disk."""

    async def crash(upstream: asyncio.StreamWriter, data: bytes) -> None:
        upstream.write(data)
        await until(lambda: ask(server, WAITING_FOR_STANDBYS))
        await ask(server, "ALTER SYSTEM RESET synchronous_standby_names")
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        line.opened.set()

    await ask(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    line.on_commit = crash
    await append_row(engine, "survived")
    assert await is_there(server, "survived")


async def test_a_commit_that_no_standby_has_confirmed_is_waited_for_though_it_can_be_seen(
    server: PostgresServer, line: Line, engine: AsyncEngine
) -> None:
    async def cancel_the_wait(upstream: asyncio.StreamWriter, data: bytes) -> None:
        upstream.write(data)
        await until(lambda: ask(server, WAITING_FOR_STANDBYS))
        waiting = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        await ask(server, waiting)
        await until(lambda: is_there(server, "seen"))
        line.opened.set()

    await ask(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    line.on_commit = cancel_the_wait
    working = asyncio.create_task(append_row(engine, "seen"))
    try:
        await until_true(lambda: line.opened.is_set() and line.on_commit is None)
        await until(lambda: ask(server, WAITING_FOR_STANDBYS))
        assert not working.done()
    finally:
        await ask(server, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    await working


@pytest.mark.parametrize("used_before", [False, True], ids=["first commit of its connection", "later commit"])
@pytest.mark.parametrize("comes_through", [True, False], ids=["comes through late", "never comes through"])
async def test_a_transaction_that_is_still_open_is_waited_for_however_often_the_wait_ends(
    server: PostgresServer, line: Line, engine: AsyncEngine, comes_through: bool, used_before: bool
) -> None:
    name = f"late-{comes_through}-{used_before}"

    async def be_late(upstream: asyncio.StreamWriter, data: bytes) -> None:
        line.opened.set()
        for _ in range(3):
            await until(lambda: ask(server, WAITING_FOR_A_LOCK))
            await until(lambda: ask(server, WAITING_FOR_A_LOCK), lambda count: count == 0)
        assert not working.done()
        if comes_through:
            upstream.write(data)
            await upstream.drain()

    if used_before:
        await append_row(engine, f"{name}-before")
    line.on_commit = be_late
    working = asyncio.create_task(append_row(engine, name))
    if comes_through:
        await working
    else:
        with pytest.raises(Unavailable, match="did not commit"):
            await working
    assert await is_there(server, name) == comes_through
