"""Processor time per message, by the process that used it; of another checkout or setting too, in alternating rounds.

The clock says little on a machine that does other things as well. What each process used is known to the kernel, and
adds up to what an operator pays for. The figures are scaled by a fixed Python loop that is timed before and after each
measurement: what a throttled processor takes longer for, the loop takes longer for as well.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aio_pika
import psutil
from sqlalchemy.engine import make_url

from benchmarks.draining import Handled, until_handled, until_relayed
from benchmarks.figures import Measured, Series
from benchmarks.messages import Kind, inputs
from benchmarks.place import Place
from benchmarks.processor import Watched, between, listening_pid, scale
from benchmarks.programs import SCHEDULER, STEPPING, WORKER, Running, held, ready, release
from benchmarks.sides import Side
from benchmarks.sizes import Sizes

WORKER_PART, SCHEDULER_PART, ALL = "worker", "scheduler", "all together"
UNIT = "us/message"
_STAGES = "benchmarks/stages.py"

NOTES = (
    "Microseconds of processor time for each message, scaled to a machine on which a fixed Python loop takes 18.2 us.",
    "step: consumer and durable step. service: saga run and a scheduler, until all commands are published.",
    "The stages are the worker's own Python, in memory. The rest of it: the client of PostgreSQL and acknowledgements.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """Programs that drain a queue, and the kind of messages in it."""

    name: str
    module: tuple[str, ...]
    kind: Kind

    @property
    def is_service(self) -> bool:
        """Whether a scheduler and what a side has beside its services run as well."""
        return self.module == WORKER


STEP = Case("step, new orders", STEPPING, Kind.NEW)
CASES = (
    STEP,
    Case("service, new orders", WORKER, Kind.NEW),
    Case("service, 4 messages each", WORKER, Kind.FOUR),
)


def part_name(case: Case, part: str) -> str:
    """The name of a figure of this checkout."""
    return f"{case.name}: {part}"


async def measure(place: Place, sizes: Sizes) -> Measured:
    """All cases on all sides, in alternating rounds."""
    here = Side("this checkout", "saga", settings=sizes.settings, beside=sizes.beside)
    sides = [here] if sizes.against is None else [here, Side(_named(sizes), "other", sizes.against)]
    figures: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    async with AsyncExitStack() as stack:
        places = {side.name: await stack.enter_async_context(side.prepared(place)) for side in sides}
        for number in range(sizes.rounds):
            for side in sides if number % 2 else sides[::-1]:
                for name, figure in (await _round(side, places[side.name], sizes.drained)).items():
                    figures[side.name][name].append(figure)
    return Measured("Processor time per message", tuple(_series(figures, sides)), NOTES)


def _named(sizes: Sizes) -> str:
    assert sizes.against is not None
    changed = [*sizes.settings, *sizes.beside]
    is_same = sizes.against.folder == Side("", "").checkout.folder
    return f"without {', '.join(changed)}" if is_same and changed else f"in {sizes.against.folder.name}"


def _series(figures: Mapping[str, Mapping[str, list[float]]], sides: list[Side]) -> list[Series]:
    here, *others = sides
    found: list[Series] = []
    for name, rounds in figures[here.name].items():
        named = {other.name: f"{name}, {other.name}" for other in others if name in figures[other.name]}
        against = next(iter(named.values()), None)
        found.append(Series(name, UNIT, tuple(rounds), against))
        found += [Series(theirs, UNIT, tuple(figures[other][name])) for other, theirs in named.items()]
    return found


async def _round(side: Side, prepared: Place, count: int) -> dict[str, float]:
    """All figures of a side, once."""
    found: dict[str, float] = {}
    if (side.checkout.folder / _STAGES).exists():
        printed = await _scaled_stages(side, prepared)
        found |= {f"stage of the worker, new orders: {stage}": figure for stage, figure in printed.items()}
    for case in CASES:
        async with side.fresh(prepared) as place:
            parts = await _drained(side, place, case, count)
        found |= {part_name(case, part): figure for part, figure in (parts | {ALL: sum(parts.values())}).items()}
    return found


async def _scaled_stages(side: Side, place: Place) -> dict[str, float]:
    before = scale()
    printed: dict[str, float] = json.loads(await side.python(place, "-m", "benchmarks.stages"))
    factor = (before + scale()) / 2 / 1e6
    return {stage: figure * factor for stage, figure in printed.items()}


async def _drained(side: Side, place: Place, case: Case, count: int) -> dict[str, float]:
    """Scaled microseconds of processor time for each message, of each part, until the queue is empty."""
    outgoing = inputs(case.kind, count)
    await side.fill(place, outgoing)
    async with place.plainly() as connection, await aio_pika.connect(place.amqp_url) as broker:
        channel = await broker.channel()
        handled = await Handled.since_now(connection)
        async with _started(side, place, case) as (workers, others):
            postmaster = await asyncio.to_thread(lambda: psutil.Process(connection.get_server_pid()).parent())
            assert postmaster is not None, "the server is not on this machine"
            programs = {WORKER_PART: workers[0].pid} | {name: one.pid for name, one in others.items()}
            watched = Watched(connection, postmaster, listening_pid(make_url(place.amqp_url).port or 5672), programs)
            early, speed = await handled.count(), await asyncio.to_thread(scale)
            before = await watched.used()
            release(workers)
            await until_handled(handled, channel, side.topology.queue("order"), len(outgoing))
            if case.is_service:
                await until_relayed(connection)
            after = await watched.used()
            factor = (speed + await asyncio.to_thread(scale)) / 2
    left = len(outgoing) - early
    if not left:
        raise ValueError(f"All {count} messages were taken before the time began: take more of them")
    return {part: seconds * factor / left for part, seconds in between(before, after).items()}


@asynccontextmanager
async def _started(side: Side, place: Place, case: Case) -> AsyncIterator[tuple[list[Running], dict[str, Running]]]:
    """The worker, held, and the other programs of this case, ready."""
    async with AsyncExitStack() as stack:
        others: dict[str, Running] = {}
        if case.is_service:
            for name, module in {SCHEDULER_PART: SCHEDULER, **{one: tuple(one.split()) for one in side.beside}}.items():
                running = ready(place, module, side.environment, side.checkout)
                others[name] = await stack.enter_async_context(running)
        worker = held(place, case.module, 1, side.environment, side.checkout)
        yield await stack.enter_async_context(worker), others
