"""Whatever is killed, and whenever: nothing is lost, nothing is done twice, and everything settles by itself."""

import asyncio
from pathlib import Path

import pytest

from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, is_relayed, messages_taken
from tests.rabbitmq.wire import depth_becomes
from tests.system.crew import crew_at, everybody, only_workers
from tests.system.feeding import Feeding
from tests.system.load import a_load, behind, deadlocks, divergences, doubled, send, unfinished, unheard
from tests.waiting import until


@pytest.mark.parametrize(
    "feeding",
    [Feeding.PUSHED, pytest.param(Feeding.NO_BROKER, marks=pytest.mark.long)],
    ids=lambda feeding: feeding.value,
)
async def test_services_that_are_killed_in_the_middle_of_load_lose_and_double_nothing(
    place: Place, tmp_path: Path, feeding: Feeding
) -> None:
    load = a_load(7, told=900, asked=150)
    victims = ("worker-1", "gateway-stub", "worker-2", "scheduler-1", "worker-1", "gateway-stub", "scheduler-2")
    slice_ = len(load.messages) // len(victims) + 1
    async with crew_at(place, tmp_path, everybody(tmp_path), feeding) as crew:
        for number, victim in enumerate(victims):
            sending = asyncio.create_task(send(place, load.messages[number * slice_ : (number + 1) * slice_], feeding))
            await crew.kill(victim)
            await sending
        await until(lambda: unheard(place, load, feeding), lambda left: left == 0)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: divergences(place, load), lambda found: not found)
        if feeding.has_broker:
            await until(lambda: is_relayed(place.engine))
            await depth_becomes(place, place.order_queue, 0)
        assert await until(lambda: behind(place), lambda left: not left) == {}
    assert len(crew.deaths) == len(victims), crew.news
    assert await doubled(place) == {}
    assert await dead_letters(place.engine) == []
    assert await deadlocks(place) == 0


@pytest.mark.parametrize("feeding", [Feeding.PUSHED, Feeding.NO_BROKER], ids=lambda feeding: feeding.value)
async def test_a_worker_that_is_asked_to_stop_while_busy_ends_well_and_another_one_goes_on(
    place: Place, tmp_path: Path, feeding: Feeding
) -> None:
    load = a_load(8, told=1_500)
    async with crew_at(place, tmp_path, only_workers(1), feeding) as crew:
        sending = asyncio.create_task(send(place, load.messages, feeding))
        await until(lambda: messages_taken(place.engine), lambda seen: seen[0] > 500)
        crew.ask_to_stop("worker-1")
        await until(crew.first_deaths, lambda seen: len(seen) == 1)
        assert "worker-1 died (exit code 0)" in crew.deaths[0]
        await sending
        await until(lambda: unheard(place, load, feeding), lambda left: left == 0)
    assert await divergences(place, load) == []
    if not feeding.is_from_logs:
        await depth_becomes(place, place.order_queue, 0)
    assert '"event": "stopped"' in crew.log_of("worker-1")


@pytest.mark.parametrize(
    ("name", "feeding"),
    [("scheduler-1", Feeding.PUSHED), ("gateway-stub", Feeding.PUSHED), ("gateway-stub", Feeding.NO_BROKER)],
    ids=lambda one: one.value if isinstance(one, Feeding) else one,
)
async def test_a_busy_service_that_is_asked_to_stop_ends_well(
    place: Place, tmp_path: Path, name: str, feeding: Feeding
) -> None:
    load = a_load(9, asked=150)
    async with crew_at(place, tmp_path, everybody(tmp_path, workers=1, schedulers=1), feeding) as crew:
        await send(place, load.messages, feeding)
        crew.ask_to_stop(name)
        await until(crew.first_deaths, lambda seen: len(seen) == 1)
        assert f"{name} died (exit code 0)" in crew.deaths[0]
        await until(lambda: unheard(place, load, feeding), lambda left: left == 0)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: divergences(place, load), lambda found: not found)
    assert await doubled(place) == {}
