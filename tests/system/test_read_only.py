"""The database becomes read-only in the middle of load, as in a failover, and writable again: nobody ends, nothing is
lost, and whoever asks learns it."""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg

from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, is_relayed
from tests.rabbitmq.wire import depth_becomes
from tests.system.crew import Crew, crew_at, environment_of, everybody
from tests.system.feeding import Feeding
from tests.system.load import a_load, divergences, doubled, handled_by_both_collaborators, send, unfinished, unheard
from tests.waiting import until

TOLD, ASKED = 300, 60


async def become(place: Place, *, read_only: bool) -> None:
    """Set it for sessions to come; those that are there end, as a server's do that is demoted."""
    url = place.engine.url.set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute("SET default_transaction_read_only = off")
    await connection.execute(
        f"ALTER DATABASE {url.database} SET default_transaction_read_only = {'on' if read_only else 'off'}"
    )
    if read_only:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await connection.close()


async def health(place: Place) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "saga", "health"),
        env=environment_of(place, Feeding.PUSHED),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def who_knows(crew: Crew) -> set[str]:
    """The services that have said that the database is read-only, and which one that is."""
    told = set()
    for name, log in crew.services.logs.items():
        lines = [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        if any("read-only" in str(line.get("error")) and "database" in str(line.get("server")) for line in lines):
            told.add(name)
    return told


async def test_a_time_of_reading_only_ends_nobody_and_loses_nothing(place: Place, tmp_path: Path) -> None:
    load = a_load(17, told=TOLD, asked=ASKED)
    half = len(load.messages) // 2
    async with crew_at(place, tmp_path, everybody(tmp_path)) as crew:
        born = crew.pids
        await send(place, load.messages[:half])
        await until(lambda: handled_by_both_collaborators(place), lambda count: count > 0)
        await become(place, read_only=True)
        await send(place, load.messages[half:])
        await until(lambda: who_knows(crew), lambda told: told == set(born))
        code, said = await health(place)
        assert (code, "read-only" in said) == (1, True), said
        await become(place, read_only=False)
        await place.engine.dispose()
        await until(lambda: unheard(place, load), lambda left: left == 0)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: divergences(place, load), lambda found: not found)
        await until(lambda: is_relayed(place.engine))
        assert (crew.deaths, crew.pids) == ([], born)
        assert (await health(place))[0] == 0
    assert await doubled(place) == {}
    assert await dead_letters(place.engine) == []
    await depth_becomes(place, place.order_queue, 0)
