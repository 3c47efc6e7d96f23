"""The cost of many armed timers for an idle scheduler, and how fast it fires many that are due.

The result is compared with one statement that claims and logs a batch of 1,000 by itself, through the same client.
"""

import re
import statistics
import time
from collections import defaultdict
from uuid import uuid4

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.figures import Measured, Series
from benchmarks.place import Place
from benchmarks.sizes import Sizes
from saga.postgres import Statements
from saga_scheduler.sweeper import CLAIM_DUE, NEXT_DUE, Sweeper

BATCH = 1_000
TICKS = 30

SWEPT, BARE = "one scheduler: claimed and logged", "one bare statement a batch"
IN_DATABASE, IN_DATABASE_EMPTY = "idle tick in the database, many armed", "idle tick in the database, none armed"
SEEN, SEEN_EMPTY = "idle tick seen by the scheduler, many armed", "idle tick seen by the scheduler, none armed"

_SQL = Statements(__package__)


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Milliseconds of an idle tick, and timers per second when many are due at once, alternating."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    rates: defaultdict[str, list[float]] = defaultdict(list)
    async with place.fresh() as empty, place.fresh() as full:
        await _arm(full, sizes.armed, "1 day")
        for _ in range(sizes.rounds):
            for here, in_database, seen in ((empty, IN_DATABASE_EMPTY, SEEN_EMPTY), (full, IN_DATABASE, SEEN)):
                taken[in_database].append(await _tick_in_database(here))
                taken[seen].append(await _tick_seen(here))
            async with full.connected() as engine:
                await _arm(full, sizes.due, "-1 s")
                rates[BARE].append(sizes.due / await _sweep_barely(engine))
                await _arm(full, sizes.due, "-1 s")
                rates[SWEPT].append(sizes.due / await _sweep(engine, sizes.due))
    against = {SWEPT: BARE, IN_DATABASE: IN_DATABASE_EMPTY, SEEN: SEEN_EMPTY}
    series = [Series(name, "ms", tuple(figures), against.get(name)) for name, figures in taken.items()]
    series += [Series(name, "timers/s", tuple(figures), against.get(name)) for name, figures in rates.items()]
    return Measured("Timers", tuple(series), (f"{sizes.armed:,} armed, {sizes.due:,} due at once.",))


async def _arm(place: Place, count: int, due_in: str) -> None:
    async with place.plainly() as connection:
        await connection.execute(_SQL["arm_timers"].text, count, uuid4().hex[:8], due_in)
        await connection.execute("VACUUM ANALYZE saga.timer")


async def _sweep(engine: AsyncEngine, expected: int) -> float:
    """Seconds until a sweeper has fired all that is due."""
    start = time.perf_counter()
    sweep = await Sweeper(engine, BATCH).sweep()
    seconds = time.perf_counter() - start
    assert sweep.fired == expected, f"{sweep.fired} of {expected} timers were fired"
    return seconds


async def _sweep_barely(engine: AsyncEngine) -> float:
    """Seconds until nothing is due, with one statement and one commit for each batch."""
    statement, run, fired = _SQL["sweep_barely"], uuid4().hex[:8], 0
    start = time.perf_counter()
    while True:
        async with engine.begin() as connection:
            claimed = (await connection.execute(statement, {"log": run, "after": fired, "limit": BATCH})).rowcount
        fired += claimed
        if claimed < BATCH:
            return time.perf_counter() - start


async def _tick_seen(place: Place) -> float:
    """Milliseconds of a sweep that finds nothing, the median of several."""
    async with place.connected() as engine:
        sweeper, taken = Sweeper(engine, BATCH), []
        for _ in range(TICKS):
            start = time.perf_counter()
            await sweeper.sweep()
            taken.append((time.perf_counter() - start) * 1_000)
    return statistics.median(taken)


async def _tick_in_database(place: Place) -> float:
    """Milliseconds that PostgreSQL reports for the statements of such a sweep, with planning; median of several."""
    async with place.plainly() as connection:
        return statistics.median([await _explained(connection) for _ in range(TICKS)])


async def _explained(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    milliseconds = 0.0
    for statement in (CLAIM_DUE.text, NEXT_DUE.text):
        sql = re.sub(r":limit\b", str(BATCH), statement)
        (plan,) = orjson.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}"))
        milliseconds += plan["Planning Time"] + plan["Execution Time"]
    return milliseconds
