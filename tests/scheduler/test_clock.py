"""Whatever the machine's clock does, what is due by the database's clock is emitted."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Self

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga_scheduler.metronome import Metronome
from saga_scheduler.sweeper import Sweeper
from tests.engine.conversation import value
from tests.scheduler.test_sweeper import arm
from tests.waiting import until

FIRED = "SELECT count(*) FROM saga.timer WHERE fired_at IS NOT NULL"
POLL_SECONDS = 0.1


class Wall(datetime):
    """The machine's clock, off by ``offset``."""

    offset: Callable[[], timedelta] = timedelta

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp((datetime.now(UTC) + cls.offset()).timestamp(), tz)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    """The clock that the scheduler goes by."""
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Wall)
    monkeypatch.setattr("saga_scheduler.metronome.datetime", Wall)
    monkeypatch.setattr(Wall, "offset", timedelta)
    return Wall


def slow() -> Callable[[], timedelta]:
    """A clock that has nearly stopped."""
    begin = time.monotonic()
    return lambda: timedelta(seconds=0.99 * (begin - time.monotonic()))


CHANGES: dict[str, list[Callable[[], timedelta]]] = {
    "set back": [lambda: timedelta(minutes=-10)],
    "set back again and again": [partial(timedelta, days=-n) for n in range(1, 6)],
    "set forward, and corrected": [lambda: timedelta(days=20_000), timedelta],
    "hardly going": [slow()],
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
async def test_deadlines_fire_through_every_change_of_the_clock(
    engine: AsyncEngine, wall: type[Wall], changes: list[Callable[[], timedelta]]
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Metronome(Sweeper(engine, batch_size=10), POLL_SECONDS).run(stop))
    fired = 0
    for change in [timedelta, *changes]:
        wall.offset = change
        await arm(engine, fired + 2, seconds=0.05)
        fired += 2
        await until(lambda: value(engine, FIRED), lambda count: running.done() or count == fired)  # noqa: B023
        assert not running.done()
    stop.set()
    await running
