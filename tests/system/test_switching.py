"""Services go over from one feed to the other while they run: nothing is missed, and nothing is done twice."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from saga.devstack.services import our_services
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, is_relayed, rows
from tests.rabbitmq.wire import depth_becomes
from tests.system.crew import Crew, crew_at, everybody
from tests.system.feeding import Feeding
from tests.system.load import a_load, deadlocks, divergences, doubled, send, unfinished, unheard
from tests.waiting import until

PULLED, PUSHED = Feeding.PULLED, Feeding.PUSHED


class Shift:
    """A crew that comes and goes: workers and collaborators, all fed in one way."""

    def __init__(self, place: Place, logs: Path, feeding: Feeding) -> None:
        logs.mkdir()
        self._crew = crew_at(place, logs, everybody(logs, workers=2, schedulers=0), feeding)
        self._stack = AsyncExitStack()

    async def come(self) -> Crew:
        return await self._stack.enter_async_context(self._crew)

    async def go(self) -> None:
        await self._stack.aclose()


async def not_at_the_end(place: Place) -> list[str]:
    """Cursors that are not where their log ends, or have a hole, or are still to be folded."""
    found = await rows(
        place.engine,
        """
        SELECT c.consumer, m.name AS module, c.watermark, c.handled, m.last_position
        FROM saga.cursor AS c JOIN saga.module AS m ON m.name = c.module
        WHERE c.watermark <> m.last_position OR NOT isempty(c.handled)
        UNION ALL
        SELECT a.consumer, a.module, 0, a.covered, 0 FROM saga.cursor_advance AS a
        """,
    )
    return [str(row) for row in found]


async def cursors(place: Place) -> set[tuple[str, str]]:
    return {(row.consumer, row.module) for row in await rows(place.engine, "SELECT * FROM saga.cursor")}


async def came_twice(place: Place) -> tuple[int, int]:
    """How many events came to a worker by both ways, and commands to a collaborator."""
    (row,) = await rows(
        place.engine,
        """
        SELECT
            (SELECT count(*) FROM saga.inbox WHERE repeats > 0) AS events,
            (SELECT count(*) FROM gateway.command WHERE deliveries > 1) AS commands
        """,
    )
    return row.events, row.commands


async def test_from_pull_to_push_and_back_under_load_with_both_at_once_in_between(place: Place, tmp_path: Path) -> None:
    load = a_load(13, told=500, asked=100)
    size = len(load.messages) // 5 + 1
    parts = [load.messages[start : start + size] for start in range(0, len(load.messages), size)]
    first, second = Shift(place, tmp_path / "pulled", PULLED), Shift(place, tmp_path / "pushed", PUSHED)
    third = Shift(place, tmp_path / "pulled-again", PULLED)

    def sending(number: int) -> asyncio.Task[None]:
        return asyncio.create_task(send(place, parts[number], PULLED))

    async with AsyncExitStack() as shifts:
        for shift in (first, second, third):
            shifts.push_async_callback(shift.go)
        schedulers = [one for one in our_services(0, 1) if one.name == "scheduler-1"]
        await shifts.enter_async_context(crew_at(place, tmp_path / "schedulers", schedulers))
        await first.come()
        await sending(0)
        under_way = sending(1)
        await second.come()
        await under_way
        under_way = sending(2)
        await first.go()
        await under_way
        await sending(3)
        await until(lambda: unheard(place, load, PULLED), lambda left: left == 0)
        await depth_becomes(place, place.order_queue, 0)
        under_way = sending(4)
        last = await third.come()
        await under_way
        await second.go()
        await until(lambda: unheard(place, load, PULLED), lambda left: left == 0)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: divergences(place, load), lambda found: not found)
        await until(lambda: is_relayed(place.engine))
        await until(lambda: not_at_the_end(place), lambda found: not found)
        assert last.deaths == []
    heard = {("order", module) for module in ("orders", "payments", "scheduler")}
    assert heard | {("gateway", "order-process"), ("fulfilment", "order-process")} <= await cursors(place)
    assert await doubled(place) == {}
    assert await dead_letters(place.engine) == []
    assert await deadlocks(place) == 0
    assert min(await came_twice(place)) > 0, "both ways were used"
