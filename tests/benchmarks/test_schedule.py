import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.schedule import Schedule

RATES = st.sampled_from([1.0, 3.0, 100.0, 1_000.0, 5_000.0])


@given(RATES, st.integers(1, 500), st.floats(0, 3))
def test_what_is_due_is_what_should_have_been_published(rate: float, count: int, after: float) -> None:
    schedule = Schedule(start=0.0, rate=rate, count=count)
    due = schedule.due(after)
    assert 0 <= due <= count
    assert due == 0 or schedule.moment(due - 1) <= after + 1e-9
    assert due == count or schedule.moment(due) >= after - 1e-9


def test_nothing_is_due_before_the_start() -> None:
    assert Schedule(start=10.0, rate=100.0, count=5).due(9.999) == 0


def test_a_stall_delays_every_message_that_should_have_been_sent_meanwhile() -> None:
    """One second in which nothing moves: a generator that waits would see it once, this one sees it 100 times."""
    schedule = Schedule(start=0.0, rate=100.0, count=200)
    arrivals = {n: max(schedule.moment(n), 1.5) if 50 <= n < 150 else schedule.moment(n) for n in range(200)}
    late = [latency for latency in schedule.latencies(arrivals) if latency > 0.001]
    assert len(late) == 100
    assert max(late) == pytest.approx(1.0)


def test_a_message_that_never_came_is_infinitely_late() -> None:
    assert Schedule(start=0.0, rate=1.0, count=2).latencies({0: 0.25}) == [0.25, math.inf]
