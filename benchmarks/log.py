"""The cost of a module's log: appending to it, following it, and holes in a cursor that follows it. No broker.

Appending, to the log directly and as a service does it (a declared module, a session), is compared with plain inserts
of the same rows into an equal table that is no log: no row that every writer locks, a position from an identity column.
Following through the durable step is compared with paging alone. Cursors with 100 and 10,000 holes are compared with
one without. PostgreSQL is private and real, with fsync on. Rounds alternate, so that other load on the machine affects
both sides. The figure to quote is the ratio.

    .venv/bin/python -m benchmarks.log [--quick] [--rounds 5] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson
import uvloop
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.figures import WIDTH, comparison
from saga.devstack.stack import LocalStack
from saga.engine import Step, cursors
from saga.feeds.gaps import GapTimeouts
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.logging import configure_logging
from saga.modules import Module, NewEvent, append, read_public
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.postgres.migrations import migrate
from saga.service import collect_rarely

Measured = defaultdict[str, list[float]]
Tables = Mapping[tuple[str, str], Measured]
"""Measurements by their title and unit."""

WRITERS = (1, 8, 32)
EVENTS_AT_ONCE = (1, 100)
HOLES = (0, 100, 10_000)
BATCH = 200
FILL_BATCH = 500
BEGIN_OF_TAIL = 20_000
END_OF_LOG = 24_000
"""The last position of the log that is read. Below ``BEGIN_OF_TAIL`` every second position is a hole; nothing above it
is handled."""

LOOK, ADVANCE, PASS = "look, nothing is due", f"advance by {BATCH}", "one pass of the feed"

NEVER = GapTimeouts(hole_seconds=86_400, tail_seconds=86_400)

CREATE_PLAIN = (
    "CREATE TABLE plain (LIKE saga.event_log INCLUDING ALL)",
    "ALTER TABLE plain ALTER position ADD GENERATED ALWAYS AS IDENTITY",
)

INSERT_PLAIN = text("""
INSERT INTO plain
    (module, previous_public_position, stream_id, stream_version, event_id, type, visibility, data, metadata)
SELECT 'orders', 0, e.stream_id, 1, e.event_id, e.type, e.visibility, CAST(e.data AS jsonb), CAST(e.metadata AS jsonb)
FROM unnest(
    CAST(:stream_ids AS text[]), CAST(:event_ids AS text[]), CAST(:types AS text[]), CAST(:visibilities AS text[]),
    CAST(:data AS text[]), CAST(:metadata AS text[])
) AS e (stream_id, event_id, type, visibility, data, metadata)
""")

SET_CURSOR = text("""
INSERT INTO saga.cursor (consumer, module, watermark, handled, hole_since)
SELECT
    'order', 'orders', CAST(:tail AS bigint) - 2 * CAST(:holes AS bigint), coalesce(range_agg(r), '{}'),
    CASE WHEN :holes > 0 THEN now() END
FROM (
    SELECT int8range(:tail - 2 * n, :tail - 2 * n + 1) FROM generate_series(0, CAST(:holes AS bigint) - 1) AS n
) AS handled (r)
""")

CURSOR_BYTES = text("SELECT pg_column_size(handled) FROM saga.cursor WHERE consumer = 'order' AND module = 'orders'")
COUNT_TAKEN = text("SELECT count(*) FROM saga.inbox")

Write = Callable[[AsyncEngine, Sequence[NewEvent]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The same event as a declared type."""

    order_id: str
    amount: int
    currency: str


ORDERS = Module("orders", stream="order_id", events=(OrderPlaced,))


def placed(count: int) -> list[NewEvent]:
    """Events of new orders."""
    return [
        NewEvent(
            stream_id=(order_id := uuid4().hex),
            type="OrderPlaced",
            event_id=f"placed-{order_id}",
            data={"order_id": order_id, "amount": 4_200, "currency": "EUR"},
            metadata={"correlationid": order_id},
        )
        for _ in range(count)
    ]


async def append_to_log(engine: AsyncEngine, events: Sequence[NewEvent]) -> None:
    """One transaction that appends."""
    async with engine.begin() as connection:
        await append(connection, "orders", events)


async def append_declared(engine: AsyncEngine, events: Sequence[NewEvent]) -> None:
    """One transaction of a session, in which events of a declared module are checked and appended."""
    async with AsyncSession(engine) as session, session.begin():
        ORDERS.append(session, [OrderPlaced(**event.data) for event in events])


async def insert_plainly(engine: AsyncEngine, events: Sequence[NewEvent]) -> None:
    """One transaction that inserts the same rows into the plain table."""
    async with engine.begin() as connection:
        await connection.execute(
            INSERT_PLAIN,
            {
                "stream_ids": [event.stream_id for event in events],
                "event_ids": [event.event_id for event in events],
                "types": [event.type for event in events],
                "visibilities": [event.visibility.value for event in events],
                "data": [orjson.dumps(event.data).decode() for event in events],
                "metadata": [orjson.dumps(event.metadata).decode() for event in events],
            },
        )


async def write_rate(database_url: str, write: Write, writers: int, at_once: int, seconds: float) -> float:
    """Events per second of ``writers`` writers."""
    engine = connect_engine(database_url, "benchmark", pool_size=writers)
    written = 0

    async def work(end: float) -> None:
        nonlocal written
        while time.perf_counter() < end:
            await write(engine, placed(at_once))
            written += at_once

    try:
        await asyncio.gather(*(write(engine, placed(at_once)) for _ in range(writers)))
        start = time.perf_counter()
        await asyncio.gather(*(work(start + seconds) for _ in range(writers)))
        return written / (time.perf_counter() - start)
    finally:
        await engine.dispose()


async def measure_appending(template: str, rounds: int, seconds: float) -> Measured:
    """Events per second into the log, as a module, and into a plain table, for all writers and sizes of transaction."""
    rates: Measured = defaultdict(list)
    async with copied(template) as url:
        await _administer(url, *CREATE_PLAIN)
        for number in range(rounds):
            sides = [("plain", insert_plainly), ("log", append_to_log), ("module", append_declared)]
            for writers in WRITERS:
                for at_once in EVENTS_AT_ONCE:
                    for side, write in sides if number % 2 else reversed(sides):
                        rate = await write_rate(url, write, writers, at_once, seconds)
                        rates[appending(side, writers, at_once)].append(rate)
    return rates


def appending(side: str, writers: int, at_once: int) -> str:
    """The name of a measurement of writing."""
    return f"{writers} x {at_once}, {side}"


async def measure_feeding(filled: str, rounds: int) -> Measured:
    """Events per second of a new consumer that catches up on a log, and of reading its pages alone."""
    rates: Measured = defaultdict(list)
    for _ in range(rounds):
        async with copied(filled) as url, connected(url) as engine:
            for limit in (BATCH, 500):
                rates[f"paging by {limit}"].append(await paging_rate(engine, limit))
            feed, start = fed_by(engine, AT_ONCE), time.perf_counter()
            while await feed.feed_once():
                pass
            rates["log feed and durable step"].append(await _taken(engine) / (time.perf_counter() - start))
    return rates


async def paging_rate(engine: AsyncEngine, limit: int) -> float:
    """Events per second in pages of this size."""
    start, after, read = time.perf_counter(), 0, 0
    async with engine.connect() as connection:
        while (page := await read_public(connection, "orders", after, limit=limit)).entries:
            after, read = page.horizon, read + len(page.entries)
    return read / (time.perf_counter() - start)


async def measure_holes(filled: str, rounds: int) -> dict[str, Measured]:
    """The cost of holes in a cursor: milliseconds of a look and an advance, events per second of a pass, bytes."""
    costs: dict[str, Measured] = {unit: defaultdict(list) for unit in ("ms", "events/s", "bytes")}
    for _ in range(rounds):
        for holes in HOLES:
            async with copied(filled) as url, connected(url) as engine:
                await set_cursor(engine, holes)
                costs["bytes"][with_holes("ranges", holes)].append(await _cursor_bytes(engine))
                costs["ms"][with_holes(LOOK, holes)].append(await look_milliseconds(engine))
                costs["ms"][with_holes(ADVANCE, holes)].append(await advance_milliseconds(engine))
            async with copied(filled) as url, connected(url) as engine:
                await set_cursor(engine, holes)
                costs["events/s"][with_holes(PASS, holes)].append(await pass_rate(engine))
    return costs


def with_holes(what: str, holes: int) -> str:
    """The name of a measurement with so many holes."""
    return f"{what}, {holes:,} holes"


async def set_cursor(engine: AsyncEngine, holes: int) -> None:
    """A cursor with so many holes, and nothing handled in the tail of the log."""
    async with engine.begin() as connection:
        await connection.execute(SET_CURSOR, {"tail": BEGIN_OF_TAIL, "holes": holes})


async def look_milliseconds(engine: AsyncEngine, times: int = 10) -> float:
    """The median time of a look of a feed whose gap timeouts never pass."""
    feed = fed_by(engine, NEVER)
    return await _median_milliseconds(lambda _: feed.feed_once(), times)


async def advance_milliseconds(engine: AsyncEngine) -> float:
    """The median time, from begin to commit, of a transaction that covers one batch of the tail."""

    async def advance(number: int) -> None:
        first = BEGIN_OF_TAIL + number * BATCH
        async with engine.begin() as connection:
            covered = [("orders", after, after + 1) for after in range(first, first + BATCH)]
            await cursors.advance(connection, "order", covered)

    return await _median_milliseconds(advance, (END_OF_LOG - BEGIN_OF_TAIL) // BATCH)


async def pass_rate(engine: AsyncEngine) -> float:
    """Events per second of one pass, which fills holes, the lowest first, and goes on with the tail."""
    feed, start = fed_by(engine, AT_ONCE), time.perf_counter()
    await feed.feed_once()
    seconds = time.perf_counter() - start
    return await _taken(engine) / seconds


def fed_by(engine: AsyncEngine, grace: GapTimeouts) -> LogFeed:
    """A feed for the order process."""
    process = order_process()
    return LogFeed(engine, Step(engine, process), process, "saga", grace=grace, page_size=BATCH)


async def fill(database_url: str) -> None:
    """Fill a log with new orders."""
    async with connected(database_url) as engine:
        for _ in range(END_OF_LOG // FILL_BATCH):
            await append_to_log(engine, placed(FILL_BATCH))
        async with engine.connect() as connection:
            unwrapped = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await unwrapped.execute(text("VACUUM ANALYZE"))


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool like that of a service."""
    engine = connect_engine(database_url, "benchmark")
    yield engine
    await engine.dispose()


@asynccontextmanager
async def copied(template: str) -> AsyncIterator[str]:
    """A copy of a database, for one measurement."""
    name = f"copy_{uuid4().hex[:8]}"
    maintenance = make_url(template).set(database="postgres").render_as_string(hide_password=False)
    await _administer(maintenance, f"CREATE DATABASE {name} TEMPLATE {make_url(template).database}")
    yield make_url(template).set(database=name).render_as_string(hide_password=False)
    await _administer(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


async def _administer(database_url: str, *statements: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _median_milliseconds(act: Callable[[int], Awaitable[object]], times: int) -> float:
    """The median time of one call; the first call is not counted."""
    taken = []
    for number in range(times):
        start = time.perf_counter()
        await act(number)
        taken.append((time.perf_counter() - start) * 1_000)
    return statistics.median(taken[1:])


async def _taken(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(COUNT_TAKEN)).scalar_one())


async def _cursor_bytes(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(CURSOR_BYTES)).scalar_one())


async def measure(empty: str, rounds: int, seconds: float) -> Tables:
    """Measure everything."""
    appended = await measure_appending(empty, rounds, seconds)
    async with copied(empty) as filled:
        await fill(filled)
        fed = await measure_feeding(filled, rounds)
        holes = await measure_holes(filled, rounds)
    return {
        ("Append: writers x events in a transaction", "events/s"): appended,
        ("Follow: a new consumer reads a log", "events/s"): fed,
        ("Holes in a cursor: time", "ms"): holes["ms"],
        ("Holes in a cursor: filling them", "events/s"): holes["events/s"],
        ("Holes in a cursor: its row", "bytes"): holes["bytes"],
    }


def show(measured: Tables) -> None:
    """Print a table for each kind of measurement."""
    console = Console(width=WIDTH)
    baselines = {
        **{
            appending(side, w, n): appending("plain", w, n)
            for side in ("log", "module")
            for w in WRITERS
            for n in EVENTS_AT_ONCE
        },
        "log feed and durable step": f"paging by {BATCH}",
        **{with_holes(what, holes): with_holes(what, 0) for what in (LOOK, ADVANCE, PASS) for holes in HOLES[1:]},
    }
    for (title, unit), rounds in measured.items():
        console.print(comparison(title, unit, rounds, baselines))
    console.print(f"{os.cpu_count()} cores; all in one run, rounds alternate; the ratio is the figure to quote.")


def main() -> None:
    """Measure, and show and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round, under a minute: to see that it runs")
    parser.add_argument("--rounds", type=int, help="5, or 1 with --quick")
    parser.add_argument("--json", type=Path, help="keep all figures of all rounds in this file")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    configure_logging("benchmark", "error")
    collect_rarely()
    with LocalStack.temporary(Console(stderr=True).print, broker=False) as stack:
        migrate(stack.addresses.database_url)
        measured = uvloop.run(measure(stack.addresses.database_url, rounds, 0.4 if arguments.quick else 2.0))
    show(measured)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({", ".join(about): rounds for about, rounds in measured.items()}, indent=2)
        )


if __name__ == "__main__":
    main()
