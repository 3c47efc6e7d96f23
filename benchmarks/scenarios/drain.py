"""From a filled queue to the acknowledgement: one and two worker processes, beside clients that only consume."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks import limits
from benchmarks.draining import drain
from benchmarks.figures import Measured, Series
from benchmarks.messages import Kind
from benchmarks.place import Place
from benchmarks.programs import STEPPING, WORKER
from benchmarks.sizes import Sizes

AIO_PIKA = "aio-pika: consume, acknowledge"
AIORMQ = "aiormq: consume, acknowledge"
DECODING = "our consumer: consume, decode, acknowledge"
INSERTING = "unnest-insert of the inbox rows only"
CLIENTS = (1, 8, 32)

NOTES = (
    "step: consumer and durable step; whole worker: saga run, which relays the commands on the same cores meanwhile.",
    "Two processes are held against one process of aio-pika.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A number of processes, and the kind of messages in the queue."""

    module: tuple[str, ...]
    workers: int
    kind: Kind

    @property
    def name(self) -> str:
        """The name in tables and targets."""
        return case_name("whole worker" if self.module == WORKER else "step", self.workers, self.kind)

    @property
    def against(self) -> str:
        """New instances are compared with consuming alone, everything else with new instances."""
        return AIO_PIKA if self.kind is Kind.NEW else Case(self.module, self.workers, Kind.NEW).name


def case_name(program: str, workers: int, kind: Kind) -> str:
    """The name of a case."""
    return f"{program} x{workers}, {kind.value}"


def published(name: str) -> str:
    """The name of the same case, timed until its last command was published."""
    return f"{name}, commands published"


CASES = tuple(Case(module, workers, kind) for kind in Kind for module in (STEPPING, WORKER) for workers in (1, 2))
LESS = tuple(
    case
    for case in CASES
    if case.kind is Kind.NEW or (case.workers == 1 and (case.module == WORKER or case.kind is not Kind.FOUR))
)


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Messages per second of all cases and limits, alternating."""
    cases, count = CASES if sizes.every_case else LESS, sizes.drained
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(sizes.rounds):
        for name, limit in _limits(place, sizes).items():
            rates[name].append(await limit())
        for case in cases:
            drained = await drain(place, case.module, case.workers, case.kind, count)
            rates[case.name].append(drained.taken)
            if drained.relayed is not None and case.kind is Kind.NEW:
                rates[published(case.name)].append(drained.relayed)
    against = {case.name: case.against for case in cases}
    against |= {published(name): AIO_PIKA for name in against}
    against |= {DECODING: AIO_PIKA, AIORMQ: AIO_PIKA, INSERTING: AIO_PIKA}
    series = [Series(name, _unit(name), tuple(figures), against.get(name)) for name, figures in rates.items()]
    return Measured("Filled queue to acknowledgement", tuple(series), NOTES)


def commits(clients: int) -> str:
    """The name of the limit of commits."""
    return f"pgbench: one-row commits, {clients} at once"


def _limits(place: Place, sizes: Sizes) -> dict[str, Callable[[], Awaitable[float]]]:
    count = sizes.drained
    consuming: dict[str, Callable[[], Awaitable[float]]] = {
        AIO_PIKA: lambda: limits.aio_pika_rate(place, count),
        AIORMQ: lambda: limits.aiormq_rate(place, count),
        DECODING: lambda: limits.decoding_rate(place, count),
        INSERTING: lambda: limits.insert_rate(place, count),
    }
    committing = {commits(n): _committing(place, n, sizes.commit_seconds) for n in CLIENTS}
    return consuming | committing


def _committing(place: Place, clients: int, seconds: int) -> Callable[[], Awaitable[float]]:
    return lambda: limits.commit_rate(place, clients, seconds)


def _unit(name: str) -> str:
    return "rows/s" if name == INSERTING or name.startswith("pgbench") else "messages/s"
