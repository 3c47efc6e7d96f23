"""The time from when a message should have been published to when its command is at a consumer, at fixed rates.

A process of its own generates the load by an open-loop schedule, and the worker is `saga run`. The result is compared
with one hop through the broker at the same rate; a publish with its confirm and a commit of one row are also measured,
each alone.
"""

import time
from collections import defaultdict

from benchmarks.figures import Measured, Series, percentile
from benchmarks.loading import SHARES
from benchmarks.place import Place
from benchmarks.programs import WORKER, load, ready
from benchmarks.sizes import Sizes

ALONE = 300
UNSUSTAINED_SHARE = 0.05
NEVER = -1.0

CONFIRM, COMMIT = "a publish and its confirm, alone", "a commit of one row, alone"


def through_saga(rate: int, share: str) -> str:
    """The name of a latency through the worker."""
    return f"{rate:,}/s, publish to command, {share}"


def one_hop(rate: int, share: str) -> str:
    """The name of a latency through the broker alone."""
    return f"{rate:,}/s, broker alone, {share}"


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Milliseconds at each rate, alternating, and the backlog when the load ended."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    behind: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(sizes.rounds):
        await _alone(place, taken)
        for rate in sizes.latency_rates:
            arguments = ("--rate", str(rate), "--seconds", str(sizes.latency_seconds))
            async with place.fresh() as here:
                direct = await load(here, "--direct", *arguments)
            async with place.fresh() as here, ready(here, WORKER):
                through = await load(here, *arguments)
            for share in SHARES:
                taken[one_hop(rate, share)].append(direct[share])
                taken[through_saga(rate, share)].append(through[share])
            behind[f"{rate:,}/s, behind when the load ended"].append(through["backlog"])
    against = {through_saga(rate, share): one_hop(rate, share) for rate in sizes.latency_rates for share in SHARES}
    series = [Series(name, "ms", tuple(figures), against.get(name)) for name, figures in taken.items()]
    series += [Series(name, "messages", tuple(figures)) for name, figures in behind.items()]
    return Measured("Publish to command on the wire", tuple(series), tuple(_notes(sizes, behind)))


async def _alone(place: Place, taken: defaultdict[str, list[float]]) -> None:
    async with place.fresh() as here:
        confirmed = await load(here, "--confirms", str(ALONE))
        committed = await _commits(here)
    for share in SHARES:
        taken[f"{CONFIRM}, {share}"].append(confirmed[share])
        taken[f"{COMMIT}, {share}"].append(percentile(committed, SHARES[share]))


async def _commits(place: Place) -> list[float]:
    """Milliseconds of a publish and of a commit, each alone."""
    taken = []
    async with place.plainly() as connection:
        await connection.execute("CREATE TABLE public.committed (contents text)")
        insert = await connection.prepare("INSERT INTO public.committed (contents) VALUES ($1)")
        for _ in range(ALONE):
            start = time.perf_counter()
            await insert.fetch("a row of one commit")
            taken.append((time.perf_counter() - start) * 1_000)
    return taken


def _notes(sizes: Sizes, behind: defaultdict[str, list[float]]) -> list[str]:
    notes = [f"{NEVER:.0f} ms: so late that it had not come 15 s after the load ended."]
    for rate, backlogs in zip(sizes.latency_rates, behind.values(), strict=True):
        if max(backlogs) > rate * sizes.latency_seconds * UNSUSTAINED_SHARE:
            notes.append(f"{rate:,}/s was NOT sustained: up to {max(backlogs):,.0f} messages were behind at the end.")
    return notes
