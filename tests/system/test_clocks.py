"""A scheduler whose clock is set, or which was stopped for a while, goes on firing what is due."""

import os
import signal
from pathlib import Path

import pytest

from saga.devstack.services import Program, our_services
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import rows
from tests.rabbitmq.wire import placed
from tests.system.crew import crew_at
from tests.system.faketime import Clock
from tests.system.load import send
from tests.waiting import pause, until

ORDERS = 6


async def fired(place: Place) -> int:
    (row,) = await rows(place.engine, "SELECT count(*) AS fired FROM saga.timer WHERE fired_at IS NOT NULL")
    return int(row.fired)


async def expire(place: Place, count: int) -> None:
    """Some more orders are placed, up to so many, and their deadlines pass."""
    orders = [placed(f"o-{number}", payment_timeout_seconds=0.5) for number in range(count - ORDERS, count)]
    await send(place, orders)
    await until(lambda: fired(place), lambda seen: seen == count)


@pytest.mark.long
async def test_the_clock_is_set_back_and_forward_and_goes_slowly(place: Place, tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    programs = [
        Program(one.name, one.argv, clock.environment if one.name == "scheduler-1" else {})
        for one in our_services(1, 1)
        if one.name != "gateway-stub"
    ]
    async with crew_at(place, tmp_path / "logs", programs) as crew:
        for turn, told in enumerate(("+0", "-10m", "+20000d", "+0", "+0 x0.01", "-20000d"), 1):
            clock.set(told)
            await expire(place, ORDERS * turn)
        os.kill(crew.pids["scheduler-1"], signal.SIGSTOP)
        await pause(3)
        os.kill(crew.pids["scheduler-1"], signal.SIGCONT)
        await expire(place, ORDERS * 7)
        assert crew.deaths == []
