"""RabbitMQ and Postgres go away in the middle of load and come back: everything settles, by itself.

These tests have a stack of their own, so that they take nothing away from others.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from saga.devstack.stack import LocalStack
from saga.postgres import connect_engine
from saga.postgres.migrations import migrate
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, is_relayed
from tests.rabbitmq.wire import depth_becomes
from tests.system.crew import crew_at, everybody
from tests.system.feeding import Feeding
from tests.system.load import (
    a_load,
    divergences,
    doubled,
    handled_by_both_collaborators,
    send,
    unfinished,
    unheard,
)
from tests.waiting import until

SAFE_AGE_SECONDS = 3
TOLD, ASKED = 500, 80


@pytest.fixture(scope="module")
def fragile() -> Iterator[LocalStack]:
    """A stack that may be broken."""
    with LocalStack.temporary() as stack:
        yield stack


@pytest.fixture
async def place(fragile: LocalStack, prefix: str) -> AsyncIterator[Place]:
    """A database and a name space of their own on the fragile stack."""
    addresses, name = fragile.addresses, f"test_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(addresses.database_url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)
    await asyncio.to_thread(migrate, url)
    engine = connect_engine(url, "test", pool_size=3)
    assert addresses.amqp_url is not None
    assert addresses.management_url is not None
    yield Place(engine, addresses.amqp_url, addresses.management_url, prefix)
    await engine.dispose()


def restart_rabbitmq(stack: LocalStack) -> None:
    assert stack.rabbitmq is not None
    stack.rabbitmq.restart()


def kill_rabbitmq(stack: LocalStack) -> None:
    assert stack.rabbitmq is not None
    stack.rabbitmq.kill()
    stack.rabbitmq.start()


def restart_postgres(stack: LocalStack) -> None:
    assert stack.postgres is not None
    stack.postgres.restart("fast")


def stop_postgres_immediately(stack: LocalStack) -> None:
    assert stack.postgres is not None
    stack.postgres.restart("immediate")


async def age_seconds(place: Place) -> float:
    """For how long messages have been taken in, and so the least age of every queue."""
    async with place.engine.connect() as connection:
        age = await connection.execute(
            text("SELECT CAST(extract(epoch FROM clock_timestamp() - min(received_at)) AS float) FROM saga.inbox")
        )
        return float(age.scalar_one())


DISRUPTIONS = [
    (restart_rabbitmq, Feeding.PUSHED, True),
    (kill_rabbitmq, Feeding.PUSHED, False),
    (restart_postgres, Feeding.PUSHED, False),
    (stop_postgres_immediately, Feeding.PUSHED, False),
    (stop_postgres_immediately, Feeding.NO_BROKER, True),
]


@pytest.mark.parametrize(
    ("disrupt", "feeding"),
    [
        pytest.param(
            *(disrupt, feeding),
            id=f"{disrupt.__name__}-{feeding.value}",
            marks=pytest.mark.long if is_long else (),
        )
        for disrupt, feeding, is_long in DISRUPTIONS
    ],
)
async def test_everything_settles_by_itself_after(
    place: Place,
    fragile: LocalStack,
    tmp_path: Path,
    disrupt: Callable[[LocalStack], None],
    feeding: Feeding,
) -> None:
    load = a_load(11, told=TOLD, asked=ASKED)
    half = len(load.messages) // 2
    async with crew_at(place, tmp_path, everybody(tmp_path), feeding) as crew:
        born = crew.pids
        await send(place, load.messages[:half], feeding)
        await until(lambda: handled_by_both_collaborators(place), lambda count: count >= half // 5)
        # A quorum queue that RabbitMQ 3.10 declared a moment before a SIGKILL may be gone or half there.
        await until(lambda: age_seconds(place), lambda age: age >= SAFE_AGE_SECONDS)
        sending = asyncio.create_task(send(place, load.messages[half:], feeding))
        await asyncio.to_thread(disrupt, fragile)
        await sending
        # The pool of the test itself has connections to a server that is no more.
        await place.engine.dispose()
        await until(lambda: unheard(place, load, feeding), lambda left: left == 0)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: divergences(place, load), lambda found: not found)
        if feeding.has_broker:
            await until(lambda: is_relayed(place.engine))
        assert (crew.deaths, crew.pids) == ([], born)
    assert await doubled(place) == {}
    assert await dead_letters(place.engine) == []
    if not feeding.is_from_logs:
        await depth_becomes(place, place.order_queue, 0)


async def test_who_pulls_goes_on_while_the_broker_is_away_and_the_relay_makes_up_for_it(
    place: Place, fragile: LocalStack, tmp_path: Path
) -> None:
    assert fragile.rabbitmq is not None
    load = a_load(14, told=200, asked=40)
    async with crew_at(place, tmp_path, everybody(tmp_path, workers=1, schedulers=1), Feeding.PULLED) as crew:
        await asyncio.to_thread(fragile.rabbitmq.stop)
        try:
            await send(place, load.messages, Feeding.PULLED)
            await until(lambda: unheard(place, load, Feeding.PULLED), lambda left: left == 0)
            await until(lambda: unfinished(place), lambda left: not left)
            await until(lambda: divergences(place, load), lambda found: not found)
            assert not await is_relayed(place.engine)
        finally:
            await asyncio.to_thread(fragile.rabbitmq.start)
        await until(lambda: is_relayed(place.engine))
        assert crew.deaths == []
    assert await doubled(place) == {}


@pytest.mark.parametrize(
    ("what", "feeding"),
    [
        ("rabbitmq", Feeding.PUSHED),
        ("postgres", Feeding.PUSHED),
        pytest.param("postgres", Feeding.NO_BROKER, marks=pytest.mark.long),
    ],
    ids=lambda one: one.value if isinstance(one, Feeding) else one,
)
async def test_a_service_that_is_asked_to_stop_during_an_outage_ends_well(
    place: Place, fragile: LocalStack, tmp_path: Path, what: str, feeding: Feeding
) -> None:
    server = getattr(fragile, what)
    load = a_load(12, told=300)
    async with crew_at(place, tmp_path, everybody(tmp_path, workers=1, schedulers=1), feeding) as crew:
        names = sorted(crew.pids)
        await send(place, load.messages, feeding)
        await asyncio.to_thread(server.stop)
        try:
            for name in names:
                crew.ask_to_stop(name)
            deaths = await until(crew.first_deaths, lambda seen: sorted(seen) == names)
        finally:
            await asyncio.to_thread(server.start)
            await place.engine.dispose()
        assert {name: line.partition(" died ")[2][:13] for name, line in deaths.items()} == dict.fromkeys(
            names, "(exit code 0)"
        )
        await crew.ready()
        await until(lambda: unheard(place, load, feeding), lambda left: left == 0)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: divergences(place, load), lambda found: not found)
