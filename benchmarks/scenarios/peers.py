"""The same work with common libraries: a message in, dedup, state, one command out, durable, acknowledged."""

import importlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from benchmarks.draining import drain
from benchmarks.figures import Measured, Series
from benchmarks.messages import Kind
from benchmarks.place import Place
from benchmarks.programs import STEPPING
from benchmarks.scenarios.drain import case_name
from benchmarks.sizes import Sizes
from saga.devstack.stack import Addresses

OURS = case_name("step", 1, Kind.FOUR)
"""The peers' work: four messages for each order, whose commands are written durably and not published."""
MISSING = "benchmarks/peers is not there, or lacks what its requirements file names: nothing to compare with. {}"

Rates = Callable[..., Awaitable[Mapping[str, list[float]]]]


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Messages per second of saga and of each peer, alternating. Saga is timed to the last acknowledgement."""
    measured: defaultdict[str, list[float]] = defaultdict(list)
    rates, notes = _rates()
    for _ in range(sizes.rounds):
        measured[OURS].append((await drain(place, STEPPING, 1, Kind.FOUR, sizes.drained)).taken)
        if rates is not None:
            for name, found in (await rates(_addresses(place), count=sizes.peer_messages, rounds=1)).items():
                measured[name] += found
    series = [Series(name, "messages/s", tuple(figures), _against(name)) for name, figures in measured.items()]
    complete = [one for one in series if len(one.rounds) == sizes.rounds]
    notes += [f"{one.name} did not do every round, and is left out." for one in series if one not in complete]
    return Measured("Peers on the same work", tuple(complete), tuple(notes))


def _rates() -> tuple[Rates | None, list[str]]:
    try:
        return cast(Rates, importlib.import_module("benchmarks.peers").rates), ["Ratios: a peer's rate to ours."]
    except (ImportError, AttributeError) as error:
        return None, [MISSING.format(error)]


def _addresses(place: Place) -> Addresses:
    return place.addresses


def _against(name: str) -> str | None:
    return None if name == OURS else OURS
