"""Deaths of workers: those that no message caused cost no message, and a message that causes them is found out."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from saga.devstack.services import Program
from saga.messages import Raw
from saga.modules import NewEvent, append
from saga.postgres import durable_transaction
from tests.engine.killing import doors
from tests.examples.place import declared
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, messages_taken, open_dead_letters, rows
from tests.rabbitmq.wire import event, publish
from tests.system.crew import crew_at, environment_of, everybody
from tests.system.feeding import Feeding
from tests.system.load import a_load, divergences, doubled, send, unheard
from tests.waiting import until

KILLS = 20
MOST_DEATHS = 10
SETTLE_SECONDS = 120


def workers(count: int) -> list[Program]:
    """Workers of the process whose messages kill."""
    run = (sys.executable, "-m", "saga", "run", "tests.engine.killing:doors")
    return [Program(f"worker-{number}", run) for number in range(1, count + 1)]


def knock(room: str, **how: str) -> Raw:
    raw = event("Knocked", {"room": room, **how})
    return Raw(raw.body, "halls.Knocked", content_type=raw.content_type, headers={**raw.headers, "ce-source": "/halls"})


async def visits(place: Place) -> int:
    ((count,),) = await rows(place.engine, "SELECT count(*) FROM saga.instance WHERE process = 'doors'")
    return int(count)


async def require_only(place: Place, killers: Sequence[str], innocent: int) -> None:
    """Wait until all innocent messages are handled and these rooms are the dead letters, each once."""
    await until(lambda: visits(place), lambda seen: seen == innocent, seconds=SETTLE_SECONDS)
    letters = await until(lambda: open_dead_letters(place.engine), lambda seen: len(seen) == len(killers))
    assert sorted((one.process_id, one.kind) for one in letters) == sorted((room, "failed") for room in killers)


async def kill_while_it_works(place: Place, log: Path) -> None:
    """Start a worker, and SIGKILL it as soon as it has handled something."""
    with log.open("wb") as said:
        environment = os.environ | environment_of(place, Feeding.PUSHED)
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "saga", "run", env=environment, stdout=said, stderr=said
        )
        try:
            before = await messages_taken(place.engine)
            await until(lambda: messages_taken(place.engine), lambda now: now != before, seconds=SETTLE_SECONDS)
        finally:
            worker.kill()
            await worker.wait()


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_workers_that_are_killed_many_times_under_load_leave_no_dead_letter(place: Place, tmp_path: Path) -> None:
    load = a_load(11, told=KILLS * 150)
    slice_ = len(load.messages) // KILLS + 1
    for number in range(KILLS):
        part = load.messages[number * slice_ : (number + 1) * slice_]
        sending = asyncio.create_task(send(place, part))
        await kill_while_it_works(place, tmp_path / f"killed-{number}.log")
        await sending
    async with crew_at(place, tmp_path, everybody(tmp_path, schedulers=1)):
        await until(lambda: unheard(place, load), lambda left: left == 0, seconds=SETTLE_SECONDS)
        await until(lambda: divergences(place, load), lambda found: not found, seconds=SETTLE_SECONDS)
    assert await doubled(place) == {}
    assert await dead_letters(place.engine) == []


async def test_killing_messages_among_many_in_a_queue_are_the_only_dead_letters(place: Place, tmp_path: Path) -> None:
    messages = [knock(f"r-{number}") for number in range(2_000)]
    messages.insert(1_500, knock("later", checked="kill"))
    messages[700:700] = [knock("one", decided="exit"), knock("two", decided="raise")]
    async with declared(place, doors) as channel:
        await publish(channel, place, messages)
        async with crew_at(place, tmp_path, workers(2)) as crew:
            await require_only(place, ["one", "two", "later"], innocent=2_000)
    assert 1 <= len(crew.deaths) <= MOST_DEATHS, crew.news


async def test_killing_messages_in_a_log_are_the_only_dead_letters(place: Place, tmp_path: Path) -> None:
    hows = {"r-300": {"decided": "exit"}, "r-1500": {"checked": "kill"}}
    told = [
        NewEvent(stream_id=room, type="Knocked", event_id=room, data={"room": room, **hows.get(room, {})})
        for room in (f"r-{number}" for number in range(2_000))
    ]
    async with durable_transaction(place.engine) as connection:
        await append(connection, "halls", told)
    async with crew_at(place, tmp_path, workers(3), Feeding.NO_BROKER) as crew:
        await require_only(place, list(hows), innocent=2_000 - len(hows))
    assert 1 <= len(crew.deaths) <= MOST_DEATHS, crew.news
