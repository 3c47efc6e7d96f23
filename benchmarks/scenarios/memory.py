"""The peak memory of a worker, with many messages waiting for it, and with bodies of the largest size."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import aio_pika

from benchmarks.draining import Handled, until_handled
from benchmarks.figures import Measured, Series
from benchmarks.messages import INPUTS, Kind, inputs, message, random_key
from benchmarks.place import Place
from benchmarks.programs import WORKER, ready
from benchmarks.sizes import Sizes
from saga.modules.outgoing import Outgoing

BIG_BYTES = 240 * 1024
FILLED_AT_ONCE = 50

IDLE, WAITING, BIG = "worker that idles", "worker, ordinary messages", "worker, bodies of 240 KiB"


async def measure(place: Place, sizes: Sizes) -> Measured:
    """MB at the peak, with a process for each figure."""
    peaks: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(sizes.rounds):
        peaks[IDLE].append(await _peak(place, []))
        peaks[WAITING].append(await _peak(place, inputs(Kind.NEW, sizes.waiting)))
        peaks[BIG].append(await _peak(place, _big(sizes.big_bodies)))
    series = [Series(name, "MB", tuple(figures), None if name == IDLE else IDLE) for name, figures in peaks.items()]
    note = f"{sizes.waiting:,} ordinary messages wait, or {sizes.big_bodies:,} big ones."
    return Measured("Memory of a worker at its peak", tuple(series), (note,))


def _big(count: int) -> list[Outgoing]:
    run = uuid4().hex[:8]
    return [message(random_key(run, n), INPUTS[0], random_key(run, n), padding=BIG_BYTES) for n in range(count)]


async def _peak(place: Place, outgoing: Sequence[Outgoing]) -> float:
    async with place.fresh() as here, here.plainly() as connection, await aio_pika.connect(here.amqp_url) as broker:
        for start in range(0, len(outgoing), FILLED_AT_ONCE):
            await here.fill(outgoing[start : start + FILLED_AT_ONCE])
        handled = await Handled.since_now(connection)
        async with ready(here, WORKER) as worker:
            await until_handled(handled, await broker.channel(), here.order_queue, len(outgoing))
            assert await handled.count() == len(outgoing)
            return _high_water_megabytes(worker.pid)


def _high_water_megabytes(pid: int) -> float:
    """The kernel's peak of resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6
