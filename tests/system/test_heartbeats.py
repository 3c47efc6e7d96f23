"""Each loop of each service says that it goes round; one that does not is named."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from saga.devstack.services import our_services
from saga.heartbeat import a_loop, beating, goes_round, loops, rests, starts_over
from saga.postgres import connect_engine
from tests.engine.conversation import execute
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import rows
from tests.system.crew import crew_at
from tests.system.test_surroundings import LOOPS
from tests.waiting import LIMIT_SECONDS, pause, until

NAMES = {"worker": "worker-1", "scheduler": "scheduler-1", "gateway-stub": "gateway-stub"}
HEARD = "SELECT * FROM saga.service ORDER BY service, pid, loop"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats come often."""
    monkeypatch.setattr("saga.heartbeat.writing.BEAT_SECONDS", 0.2)
    monkeypatch.setattr("saga.heartbeat.writing.AGAIN_SECONDS", 0.1)


async def heard(engine: AsyncEngine) -> dict[str, Any]:
    return {row.loop: row for row in await rows(engine, HEARD)}


async def test_all_loops_are_heard_of_a_killed_service_leaves_its_rows_and_a_stopped_one_none(
    place: Place, tmp_path: Path
) -> None:
    async with crew_at(place, tmp_path, our_services(1, 1), environment={"SAGA_RETENTION_DAYS": "30"}) as crew:
        expected = {
            (service, crew.pids[name], loop.format(prefix=place.prefix))
            for service, name in (
                ("worker", "worker-1"),
                ("scheduler", "scheduler-1"),
                ("gateway-stub", "gateway-stub"),
            )
            for loop in LOOPS[service] | ({"prune"} if service == "scheduler" else set())
        }

        async def seen() -> set[tuple[str, int, str]]:
            found = await rows(place.engine, HEARD)
            assert {row.host for row in found} <= {socket.gethostname()}
            return {(row.service, row.pid, row.loop) for row in found if row.reason is None}

        await until(seen, lambda found: found == expected)
        died = crew.pids["worker-1"]
        await crew.kill("worker-1")
        await until(seen, lambda found: len(found) == len(expected) + len(LOOPS["worker"]))
    assert {row.pid for row in await rows(place.engine, HEARD)} == {died}


@pytest.mark.usefixtures("quick")
async def test_a_loop_that_hangs_gets_no_beat_and_its_neighbours_do(engine: AsyncEngine) -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        with a_loop("hangs"):
            goes_round()
            begun.set()
            await pause(60)

    async def rest() -> None:
        with a_loop("rests"), rests():
            await pause(60)

    async def go() -> None:
        with a_loop("goes"):
            while True:
                await pause(0.05)
                goes_round()

    async def fail() -> None:
        with a_loop("fails"):
            while True:
                await pause(0.05)
                starts_over("nobody answers")

    async with beating(engine, "worker"):
        tasks = [asyncio.create_task(work()) for work in (hang, rest, go, fail)]
        await begun.wait()
        first = await until(lambda: heard(engine), lambda found: len(found) == 4)
        later = await until(
            lambda: heard(engine),
            lambda found: (found["goes"].beat - found["hangs"].beat).total_seconds() > 1,
        )
        for task in tasks:
            task.cancel()
    assert later["rests"].beat > first["rests"].beat
    assert {name: row.reason for name, row in later.items()} == {
        "goes": None,
        "hangs": None,
        "rests": None,
        "fails": "nobody answers",
    }
    assert {(row.service, row.pid) for row in later.values()} == {("worker", os.getpid())}


@pytest.mark.usefixtures("quick")
async def test_loops_that_end_and_those_of_yesterday_are_forgotten(engine: AsyncEngine) -> None:
    await execute(
        engine,
        "INSERT INTO saga.service (service, host, pid, loop, beat)"
        " SELECT 'worker', 'gone', n, 'relay', now() - n * interval '1 hour' FROM generate_series(23, 25) AS n",
    )
    async with beating(engine, "worker"):
        with a_loop("over"):
            await until(lambda: heard(engine), lambda found: "over" in found)
        with a_loop("next"):
            await until(lambda: heard(engine), lambda found: "next" in found and "over" not in found)
    assert {row.pid for row in await rows(engine, HEARD)} == {23}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("trouble", ["away", "read-only", "not migrated"])
async def test_a_beat_that_cannot_be_written_is_in_nobodys_way(
    database_url: str, engine: AsyncEngine, trouble: str
) -> None:
    causes = {
        "read-only": f"ALTER DATABASE {engine.url.database} SET default_transaction_read_only = on",
        "not migrated": "DROP TABLE saga.service",
    }
    if trouble in causes:
        await execute(engine, causes[trouble])
    beats = connect_engine("postgresql://nobody@127.0.0.1:1/x" if trouble == "away" else database_url, "test", 1)
    async with asyncio.timeout(LIMIT_SECONDS), beating(beats, "worker"):
        with a_loop("works") as loop:
            await pause(0.5)
            loop.goes_round()
    await beats.dispose()


async def test_without_a_service_marks_are_nobodys_business() -> None:
    goes_round()
    starts_over("alone")
    with rests(), a_loop("alone") as loop:
        assert loop.is_going(60)
    assert loops.loops_here.get() is None


async def test_a_beat_that_fails_is_said_in_words_with_its_server(engine: AsyncEngine, quick: None) -> None:
    await execute(engine, "ALTER TABLE saga.service RENAME TO another")

    async def said() -> list[str]:
        return [f"{line['server']} {line['error']}" for line in lines if line["event"] == "beat_failed"]

    with capture_logs() as lines:
        async with beating(engine, "worker"):
            await until(said, lambda found: len(found) == 1)
    for sentence in await said():
        assert sentence.startswith(f"database {engine.url.host}:")
        assert "does not have the tables of this version" in sentence
        assert "[SQL" not in sentence
