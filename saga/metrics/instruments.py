"""Counters, histograms and gauges that cost nothing while they are off; the only code that knows prometheus-client.

Counters and histograms belong to the client. Gauges are kept here, because a client's gauge can't forget series: all
values of a gauge are replaced at once, or read from the process at the scrape.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

if TYPE_CHECKING:
    import prometheus_client
    from prometheus_client.metrics_core import Metric as Family

MOST_SERIES: Final = 500
"""Series of one gauge at most; more are left out. Rows come with the largest values first."""

Labels = TypeVar("Labels", bound=tuple[str, ...])


class Metric:
    """What a metric is called, means, and is distinguished by; ``kind`` is its type in the exposition format."""

    kind: ClassVar[str]

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = tuple(labels)

    def switch_on(self, registry: "prometheus_client.CollectorRegistry") -> None:
        """Keep values in this registry from now on."""
        raise NotImplementedError

    def switch_off(self) -> None:
        """Forget all values, and keep none from now on."""
        raise NotImplementedError


class Counter(Metric):
    """Counts what happened; its name ends with `_total`."""

    kind = "counter"
    _kept: "prometheus_client.Counter | None" = None

    def add(self, amount: int, *values: str) -> None:
        """Count so many more, with these values of the labels, in their order."""
        if self._kept is not None:
            self._kept.labels(*values).inc(amount)

    def switch_on(self, registry: "prometheus_client.CollectorRegistry") -> None:
        """See Metric."""
        import prometheus_client  # noqa: PLC0415 -- not imported while metrics are off

        self._kept = prometheus_client.Counter(self.name, self.meaning, self.labels, registry=registry)

    def switch_off(self) -> None:
        """See Metric."""
        self._kept = None


class Histogram(Metric):
    """Counts measured values by their size; ``bounds`` are the upper ends of the buckets."""

    kind = "histogram"
    _kept: "prometheus_client.Histogram | None" = None

    def __init__(self, name: str, meaning: str, labels: Sequence[str], *, bounds: Sequence[float]) -> None:
        super().__init__(name, meaning, labels)
        self.bounds = tuple(bounds)

    @property
    def is_on(self) -> bool:
        """Whether values are kept: where it costs something to find them, ask first."""
        return self._kept is not None

    def observe(self, value: float, *values: str) -> None:
        """Add one measured value, with these values of the labels."""
        if self._kept is not None:
            self._kept.labels(*values).observe(value)

    def observe_each(self, measured: Iterable[float], *values: str) -> None:
        """Add measured values that have the same labels."""
        if self._kept is not None:
            series = self._kept.labels(*values)
            for value in measured:
                series.observe(value)

    def switch_on(self, registry: "prometheus_client.CollectorRegistry") -> None:
        """See Metric."""
        import prometheus_client  # noqa: PLC0415 -- not imported while metrics are off

        self._kept = prometheus_client.Histogram(
            self.name, self.meaning, self.labels, registry=registry, buckets=self.bounds
        )

    def switch_off(self) -> None:
        """See Metric."""
        self._kept = None


class Gauge(Metric):
    """Values that go up and down: the last that were set, and what functions return now that ``reads`` was given."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, meaning, labels)
        self._is_on = False
        self._values: dict[tuple[str, ...], float] = {}
        self._sources: list[tuple[tuple[str, ...], Callable[[], float]]] = []

    def replace(self, values: Mapping[Labels, float]) -> None:
        """Set all values, each under the values of its labels; what was set before is forgotten."""
        if self._is_on:
            self._values = {(*labels,): value for labels, value in islice(values.items(), MOST_SERIES)}

    @contextmanager
    def reads(self, source: Callable[[], float], *values: str) -> Iterator[None]:
        """Add the value of ``source``, with these values of the labels, for as long as the block lasts."""
        added = values, source
        self._sources.append(added)
        try:
            yield
        finally:
            self._sources.remove(added)

    def labels_now(self) -> Sequence[tuple[str, ...]]:
        """The labels of the values that were set last."""
        return list(self._values)

    def collect(self) -> "Iterator[Family]":
        """The gauge as the client exposes it."""
        from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415 -- see above

        family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        sums = defaultdict(float, self._values)
        for labels, source in list(self._sources):
            sums[labels] += source()
        for labels, value in sums.items():
            family.add_metric(labels, value)
        yield family

    def switch_on(self, registry: "prometheus_client.CollectorRegistry") -> None:
        """See Metric."""
        self._is_on = True
        registry.register(self)

    def switch_off(self) -> None:
        """See Metric."""
        self._is_on = False
        self._values = {}


class Stopwatch:
    """Measures the stages of some work one after the other; the last label of the histogram is the stage.

    ``ended`` has the stages with the times at which they ended, by ``time.perf_counter``.
    """

    __slots__ = ("_histogram", "_last", "_values", "ended")

    def __init__(self, histogram: Histogram, *values: str) -> None:
        self._histogram = histogram
        self._values = values
        self._last = time.perf_counter()
        self.ended: list[tuple[str, float]] = []

    def mark(self, stage: str) -> None:
        """End a stage: it took the time since the previous mark."""
        now = time.perf_counter()
        self._histogram.observe(now - self._last, *self._values, stage)
        self._last = now
        self.ended.append((stage, now))


Exposition = Callable[[], bytes]
"""Returns all metrics in Prometheus' text format."""


@contextmanager
def switched_on(metrics: Sequence[Metric]) -> Iterator[Exposition]:
    """Keep values of these metrics for as long as the block lasts; gives what exposes them."""
    import prometheus_client  # noqa: PLC0415 -- see above

    # The times at which series began: nobody here asks for them, and they double the number of series.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = prometheus_client.CollectorRegistry()
    for metric in metrics:
        metric.switch_on(registry)
    try:
        yield lambda: prometheus_client.generate_latest(registry)
    finally:
        for metric in metrics:
            metric.switch_off()
