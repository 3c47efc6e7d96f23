"""All scenarios, in one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.figures import Measured
from benchmarks.place import Place
from benchmarks.scenarios import (
    catch_up,
    cost,
    drain,
    endurance,
    large_tables,
    latency,
    memory,
    peers,
    start_up,
    timers,
)
from benchmarks.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Scenario:
    """A measurement, and the name that selects it; ``is_asked_for`` if it is measured only when it is named."""

    name: str
    purpose: str
    measure: Callable[[Place, Sizes], Awaitable[Measured]]
    is_asked_for: bool = False


SCENARIOS = (
    Scenario("drain", "from a filled queue to the acknowledgement", drain.measure),
    Scenario("peers", "the same work by what people use today", peers.measure),
    Scenario("latency", "from publish to the command on the wire", latency.measure),
    Scenario("large-tables", "draining into tables that hold years of orders", large_tables.measure),
    Scenario("timers", "many armed timers, and many that are due at once", timers.measure),
    Scenario("catch-up", "following a log without a broker", catch_up.measure),
    Scenario("memory", "the most that a worker ever holds", memory.measure),
    Scenario("start-up", "from exec to ready", start_up.measure),
    Scenario("endurance", "what grows under steady load", endurance.measure),
    Scenario("cost", "processor time per message, of another checkout or setting too", cost.measure, is_asked_for=True),
)
