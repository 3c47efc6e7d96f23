"""A process that freezes inside a transaction holds the others up for seconds, and is named meanwhile."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from saga.engine import Step
from saga.heartbeat import beating
from saga.messages.cloudevents import decode
from saga.operations.services import read_blocked
from saga.orders import order_process
from saga.postgres import LostRace, Unavailable, connect_engine, while_open
from saga.rabbitmq.publisher import Publisher
from saga.worker.relay import Relay
from saga_scheduler.sweeper import Sweeper
from tests.cli.shell import Saga
from tests.engine.conversation import execute
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import is_relayed, outcomes, rows
from tests.rabbitmq.wire import placed
from tests.system.crew import Crew, crew_at, only_workers
from tests.system.load import send
from tests.system.test_clocks import fired
from tests.system.test_time import programs
from tests.waiting import until

WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE '%/' || :pid || '@%'
AND query LIKE '%' || :query || '%'
"""


async def freeze_behind(
    place: Place, lock: str, pid: int, begin: Callable[[], Awaitable[object]], query: str = ""
) -> None:
    """Stop a process while a statement of it waits for this lock; then it gets it, and says nothing any more."""

    async def freeze() -> None:
        await begin()
        await until(lambda: rows(place.engine, WAITING, pid=str(pid), query=query))
        os.kill(pid, signal.SIGSTOP)

    async with place.engine.begin() as connection:
        await connection.execute(text(lock))
        await while_open(connection, freeze())


async def soon(work: Callable[[], Awaitable[Any]], done: Callable[[Any], bool] = bool) -> None:
    """Do it again and again until it is done; who is frozen would keep it from that for ever."""

    async def is_done() -> bool:
        try:
            return done(await work())
        except (LostRace, Unavailable):
            return False

    await until(is_done)


async def blocker(place: Place, pid: int, *, waiting: int = 0) -> Any:
    """What is said of a process that holds others up, once at least so many wait for it."""

    async def look() -> list[Any]:
        async with place.engine.connect() as connection:
            found = await read_blocked(connection)
        return [one for one in found if one.process is not None and one.process.pid == pid and one.waiting >= waiting]

    return (await until(look))[0]


def url_of(place: Place) -> str:
    return place.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def ask(place: Place) -> dict[str, Any]:
    document: dict[str, Any] = await asyncio.to_thread(Saga(url_of(place), place.amqp_url, place.prefix).json, "lag")
    return document


def awake(crew: Crew, name: str) -> None:
    os.kill(crew.pids[name], signal.SIGCONT)


@pytest.mark.long
async def test_a_worker_frozen_in_its_step_is_named_and_others_go_on_with_its_messages_too(
    place: Place, tmp_path: Path
) -> None:
    step = Step(place.engine, order_process())
    await step.handle([decode(placed("first"))])
    module = "SELECT FROM saga.module WHERE name = 'order-process' FOR UPDATE"
    async with crew_at(place, tmp_path, only_workers(2)) as crew:
        frozen = crew.pids["worker-1"]
        await freeze_behind(place, module, frozen, lambda: send(place, [placed(f"o-{n}") for n in range(200)]))
        others = asyncio.create_task(soon(lambda: step.handle([decode(placed("other"))]), lambda _: True))
        seen = await blocker(place, frozen)
        (shown,) = [one for one in (await ask(place))["blocked"] if one["pid"] == seen.pid]
        assert shown["process"] == {"service": "worker", "host": os.uname().nodename, "pid": frozen}
        assert (shown["host"], shown["state"]) == ("127.0.0.1", "idle in transaction")
        assert shown["since"].endswith("Z")
        assert shown["waiting"] >= 1
        await others
        await until(lambda: outcomes(place.engine), lambda known: len(known) == 202)
        awake(crew, "worker-1")
        assert crew.deaths == []


async def test_a_relay_frozen_over_its_cursor_leaves_it_to_others(place: Place, tmp_path: Path) -> None:
    """It freezes between the two messages by which the driver runs a statement that is new to it."""
    sends = Publisher(place.amqp_url, place.topology, 10)
    other = connect_engine(url_of(place), "other", 1)
    async with crew_at(place, tmp_path, only_workers(1)) as crew, sends, beating(other, "worker"):
        frozen = crew.pids["worker-1"]
        await freeze_behind(
            place,
            "LOCK TABLE saga.event_log IN ACCESS EXCLUSIVE MODE",
            frozen,
            lambda: execute(place.engine, "INSERT INTO saga.module VALUES ('orders', 1, 1)"),
            query="saga.outgoing",
        )
        relay = Relay(place.engine, sends, place.prefix, 10)
        assert (await blocker(place, frozen)).waiting == 0
        await soon(relay.relay_once, lambda relayed: relayed > 0)
        assert await is_relayed(place.engine)
        awake(crew, "worker-1")
    await other.dispose()


async def test_timers_that_a_frozen_scheduler_claimed_are_fired_by_another(place: Place, tmp_path: Path) -> None:
    step = Step(place.engine, order_process())
    async with crew_at(place, tmp_path, programs(0, 1)) as crew:
        frozen = crew.pids["scheduler-1"]
        late = [decode(placed(f"o-{n}", payment_timeout_seconds=0.05)) for n in range(3)]
        await execute(place.engine, "INSERT INTO saga.module (name) VALUES ('scheduler')")
        await freeze_behind(
            place, "SELECT FROM saga.module WHERE name = 'scheduler' FOR UPDATE", frozen, lambda: step.handle(late)
        )
        sweeper = Sweeper(place.engine, 10)
        assert (await blocker(place, frozen)).process.service == "scheduler"

        async def sweep() -> int:
            await sweeper.sweep()
            return await fired(place)

        await soon(sweep, lambda count: count == 3)
        awake(crew, "scheduler-1")


SLEEPING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"

GREEDY = """
import asyncio, sys
from sqlalchemy import text
from saga.postgres import connect_engine

async def main():
    engine = connect_engine(sys.argv[1], "greedy")
    async with engine.begin() as connection:
        await connection.execute(text("SELECT FROM saga.module FOR UPDATE"))
        print("locked", flush=True)
        await connection.execute(text("SELECT pg_sleep(2), repeat('x', 200000000)"))

asyncio.run(main())
"""


@pytest.mark.long
async def test_a_client_that_freezes_while_a_large_answer_is_on_its_way_holds_nobody_up(place: Place) -> None:
    step = Step(place.engine, order_process())
    await step.handle([decode(placed("first"))])
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GREEDY, url_of(place), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert client.stdout is not None
        assert await client.stdout.readline() == b"locked\n"
        await until(lambda: rows(place.engine, SLEEPING))
        client.send_signal(signal.SIGSTOP)
        other = asyncio.create_task(soon(lambda: step.handle([decode(placed("other"))]), lambda _: True))
        await blocker(place, client.pid, waiting=1)
        await other
    finally:
        client.kill()
        await client.wait()
