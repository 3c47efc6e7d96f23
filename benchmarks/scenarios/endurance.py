"""A worker and a scheduler under steady load: how fast memory and tables grow."""

import asyncio
import time
from dataclasses import dataclass

import psutil

from benchmarks.figures import Measured, Series, slope
from benchmarks.messages import INPUTS
from benchmarks.place import Place
from benchmarks.programs import SCHEDULER, WORKER, load, ready
from benchmarks.sizes import Sizes

RSS, RSS_SLOPE = "worker's memory", "worker's memory, growth in the second half"
SAMPLES = 240

SIZES = """
SELECT sum(pg_total_relation_size(relid)) / 1e6, sum(n_dead_tup), sum(n_live_tup)
FROM pg_stat_user_tables WHERE schemaname = 'saga'
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory, tables and rows, ``seconds`` after the load began; sizes in MB."""

    seconds: float
    rss: float
    tables: float
    dead_rows: float
    live_rows: float


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Memory and tables over time, and the slopes of both."""
    seconds, rate = sizes.endurance_seconds, sizes.endurance_rate
    arguments = ("--rate", str(rate), "--seconds", str(seconds), "--inputs-each", str(len(INPUTS)))
    async with place.fresh() as here, ready(here, WORKER) as worker, ready(here, SCHEDULER):
        loading = asyncio.ensure_future(load(here, *arguments))
        samples = await _sample(here, worker.pid, loading, max(1.0, seconds / SAMPLES))
        seen = await loading
    half = samples[len(samples) // 2 :]
    grown = slope((one.seconds, one.tables) for one in samples)
    series = (
        Series(RSS, "MB", tuple(one.rss for one in samples)),
        Series(RSS_SLOPE, "MB/h", (slope((one.seconds, one.rss) for one in half) * 3_600,)),
        Series("all tables with their indexes", "MB", tuple(one.tables for one in samples)),
        Series("all tables with their indexes, growth", "bytes/message", (grown * 1e6 / rate,)),
        Series("dead rows of all", "%", tuple(_dead(one) for one in samples)),
        Series("publish to command, p99", "ms", (seen["p99"],)),
        Series("behind when the load ended", "messages", (seen["backlog"],)),
    )
    note = f"{seconds:,.0f} s at {rate:,} messages/s, 4 inputs for each order; from, to: over time. Nothing is pruned."
    return Measured("Endurance", series, (note,))


async def _sample(place: Place, pid: int, loading: "asyncio.Future[dict[str, float]]", pause: float) -> list[Sample]:
    samples: list[Sample] = []
    process, start = psutil.Process(pid), time.perf_counter()
    async with place.plainly() as connection:
        while not loading.done():
            await asyncio.wait([loading], timeout=pause)
            row = await connection.fetchrow(SIZES)
            assert row is not None
            tables, dead, live = map(float, row)
            rss = process.memory_info().rss / 1e6
            samples.append(Sample(time.perf_counter() - start, rss, tables, dead, live))
    return samples


def _dead(sample: Sample) -> float:
    return 100 * sample.dead_rows / max(1.0, sample.dead_rows + sample.live_rows)
