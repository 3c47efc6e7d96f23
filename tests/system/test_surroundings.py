"""Services work in whatever surroundings they find, and stop when they are asked to."""

import asyncio
import os
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from saga.rabbitmq.connection import connect
from saga.rabbitmq.topology import declare
from tests.engine.conversation import execute
from tests.harness.guard import MARK
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import rows
from tests.system.crew import environment_of
from tests.system.feeding import Feeding
from tests.waiting import LIMIT_SECONDS, pause, until

LOOPS = {
    "worker": {
        "consumer {prefix}.order",
        "consumer {prefix}.undelivered of order",
        "topology watch of order",
        "log feed of order",
        "relay of order-process",
    },
    "scheduler": {"sweep"},
    "gateway-stub": {"answerer", "consumer {prefix}.gateway", "consumer {prefix}.fulfilment"},
}
PROGRAMS = {"worker": "saga run", "scheduler": "saga_scheduler", "gateway-stub": "saga_gateway_stub"}

UNKNOWN_USER = 54321
"""An id that has no entry anywhere."""

ODD = {
    "TZ": "Nowhere/Junk",
    "PGTZ": "Nowhere/Junk",
    "LANG": "xx_YY.junk",
    "LC_ALL": "xx_YY.junk",
    "PYTHONIOENCODING": "ascii",
    "PYTHONOPTIMIZE": "2",
    "COLUMNS": "junk",
    "TERM": "junk",
}


@asynccontextmanager
async def started(
    place: Place,
    service: str,
    wrapped: str = "exec {}",
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A service that a shell starts, its command in the place of ``{}``; killed if it is still there afterwards."""
    if service == "gateway-stub":
        await as_a_worker_declares(place)
    command = f"{shlex.quote(sys.executable)} -m {PROGRAMS[service]}"
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        wrapped.replace("{}", command),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path.cwd()),
            "PYTHONDONTWRITEBYTECODE": "1",
            MARK: os.environ[MARK],
            **environment_of(place, Feeding.PUSHED),
            **(environment or {}),
        },
        start_new_session=True,
        **options,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def as_a_worker_declares(place: Place) -> None:
    """What the stub waits for."""
    async with await connect(place.amqp_url, "test") as connection:
        await declare(await connection.channel(), place.topology)


async def heard_of(place: Place, service: str) -> set[str]:
    """Its loops that go round and have nothing to complain of."""
    found = await rows(
        place.engine, "SELECT loop FROM saga.service WHERE service = :service AND reason IS NULL", service=service
    )
    return {row.loop for row in found}


async def works(place: Place, service: str) -> None:
    """All its loops go round."""
    expected = {loop.format(prefix=place.prefix) for loop in LOOPS[service]}
    await until(lambda: heard_of(place, service), lambda seen: seen == expected)


async def stops(place: Place, service: str, process: asyncio.subprocess.Process, pid: int | None = None) -> None:
    """It ends well, and takes its rows with it."""
    os.kill(pid or process.pid, signal.SIGTERM)
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await process.wait() == 0
    assert await heard_of(place, service) == set()


@pytest.mark.parametrize("service", PROGRAMS)
async def test_odd_settings_no_home_no_user_no_files_no_streams(place: Place, service: str) -> None:
    shell = f"umask 077; ulimit -n 64; cd /; exec {as_unknown_user()} {{}} <&- >&- 2>&-"
    odd = ODD | {"ODD": os.fsdecode(b"\xff\xfe=\x80"), os.fsdecode(b"ODD\xff"): "x"}
    async with started(place, service, shell, odd) as process:
        await works(place, service)
        await stops(place, service, process)


@pytest.mark.parametrize("service", PROGRAMS)
@pytest.mark.parametrize("log", ["/dev/full", "nobody reads"])
async def test_a_log_that_cannot_be_written_stops_nothing(place: Place, service: str, log: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    sink = os.open(log, os.O_WRONLY) if log.startswith("/") else writer
    talkative = {"SAGA_LOG_LEVEL": "debug", "SAGA_GATEWAY_SCENARIO": "calm"}
    async with started(place, service, environment=talkative, stdout=sink, stderr=sink) as process:
        os.close(writer)
        await works(place, service)
        await stops(place, service, process)


async def test_process_1_stops_at_once_and_later(place: Place) -> None:
    """Among its own processes it is the first, for which signals have no default actions; started as the image does."""
    rights = "" if os.geteuid() == 0 else "--user --map-root-user"
    image = f"exec unshare {rights} --pid --fork --kill-child env --block-signal=TERM,INT,HUP {{}}"
    for has_begun in (False, True):
        async with started(place, "scheduler", image) as process:
            pid = await until(lambda: child_of(process.pid))
            if has_begun:
                await works(place, "scheduler")
            await stops(place, "scheduler", process, pid)


def as_unknown_user() -> str:
    """What makes a command run as a user whom nothing knows; nothing where that can't be had."""
    words = f"unshare --user --map-user={UNKNOWN_USER}"
    return words if subprocess.run([*words.split(), "true"], capture_output=True, check=False).returncode == 0 else ""


async def child_of(pid: int) -> int | None:
    """The process that was forked, as soon as it has become Python."""
    return await asyncio.to_thread(_child_of, Path(f"/proc/{pid}/task/{pid}/children"))


def _child_of(listed: Path) -> int | None:
    names = {int(child): Path(f"/proc/{child}/exe").resolve().name for child in listed.read_text().split()}
    return next((child for child, name in names.items() if "python" in name), None)


CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE '%/' || :pid || '@%'
"""


async def test_too_few_file_descriptors_are_waited_for(place: Place, tmp_path: Path) -> None:
    """They run out while it runs, and its connections break."""
    log = tmp_path / "log"
    sink = os.open(log, os.O_WRONLY | os.O_CREAT)
    async with started(place, "worker", stderr=sink) as process:
        os.close(sink)
        await works(place, "worker")
        before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (5, before[1]))
        used = _processor_seconds(process.pid)
        await rows(place.engine, CUT_OFF, pid=str(process.pid))
        await until(lambda: said(log, "Too many open files"))
        await pause(5)
        assert _processor_seconds(process.pid) - used < 3
        assert process.returncode is None
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
        await execute(place.engine, "DELETE FROM saga.service")
        await works(place, "worker")
        await stops(place, "worker", process)


async def said(log: Path, words: str) -> bool:
    return words in await asyncio.to_thread(log.read_text)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
