"""Seconds from exec to ready of each service, compared with a Python that does nothing."""

import asyncio
import sys
import time
from collections import defaultdict

from benchmarks.figures import Measured, Series
from benchmarks.place import Place
from benchmarks.programs import GATEWAY, SCHEDULER, WORKER, ready
from benchmarks.sizes import Sizes

PYTHON = "Python, from exec to exit"
SERVICES = {"worker": WORKER, "scheduler": SCHEDULER, "gateway stub": GATEWAY}


async def measure(place: Place, sizes: Sizes) -> Measured:
    """One after the other, several rounds."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(sizes.rounds):
        taken[PYTHON].append(await _python())
        for name, module in SERVICES.items():
            async with place.fresh() as here, ready(here, module) as running:
                taken[f"{name}, from exec to ready"].append(running.ready_seconds)
    series = [Series(name, "s", tuple(figures), None if name == PYTHON else PYTHON) for name, figures in taken.items()]
    note = "The schema and the queues exist already, except the gateway's schema. Byte code is compiled."
    return Measured("Start-up", tuple(series), (note,))


async def _python() -> float:
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    await process.wait()
    return time.perf_counter() - start
