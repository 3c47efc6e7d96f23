"""What is stuck is looked for once, however many ask, and nobody waits for it long."""

import asyncio
from datetime import UTC, datetime

from saga.console.lookout import Lookout
from saga.operations import ListedInstance, Unavailable
from tests.waiting import until_true

ONE = ListedInstance("order", "o-1", "open", False, "it waits", datetime.now(UTC), ("no_deadline",))


async def test_a_look_that_is_quick_is_of_this_moment() -> None:
    looks = []

    async def look() -> tuple[ListedInstance, ...]:
        looks.append(1)
        return (ONE,) * len(looks)

    lookout = Lookout(look, wait_seconds=30)
    for number in (1, 2):
        seen = await lookout.ask()
        assert seen is not None and len(seen.instances) == number and seen.is_fresh


async def test_who_asks_while_a_long_look_goes_on_gets_what_was_seen_before() -> None:
    goes_on, looks = asyncio.Event(), []

    async def look() -> tuple[ListedInstance, ...]:
        looks.append(1)
        await goes_on.wait()
        return (ONE,)

    lookout = Lookout(look, wait_seconds=0.001)
    assert await asyncio.gather(*(lookout.ask() for _ in range(5))) == [None] * 5
    assert len(looks) == 1
    goes_on.set()
    await until_true(lambda: lookout._looking is None)
    seen = await lookout.ask()  # it rests, and what it saw stands
    assert seen is not None and seen.instances == (ONE,) and len(looks) == 1


async def test_a_database_that_is_away_is_nothing_seen_and_asked_again() -> None:
    async def look() -> tuple[ListedInstance, ...]:
        raise Unavailable("away")

    lookout = Lookout(look)
    assert await lookout.ask() is None and await lookout.ask() is None


async def test_it_ends_with_the_console() -> None:

    async def look() -> tuple[ListedInstance, ...]:
        await asyncio.Event().wait()
        raise AssertionError

    lookout = Lookout(look, wait_seconds=0.001)
    assert await lookout.ask() is None
    await lookout.stop()
    assert lookout._looking is None
