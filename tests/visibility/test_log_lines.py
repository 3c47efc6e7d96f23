"""A log line says what happened to the service, never what a message said, even when the database complains aloud."""

import ast
import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRET = "xyzzy"
SHOWN_LEVELS = {"info", "warning", "error", "exception", "critical"}
SAFE_FIELDS = {
    "application",  # of a session that froze: service, process and host
    "attempt",  # how often it was tried
    "before",  # a time
    "batch",  # how many messages
    "consumer",
    "count",  # of dead letters
    "error",  # what a server said, without the details that a database adds
    "events",  # how many
    "first",  # a position
    "host",  # where the endpoint listens
    "id",  # of a public event that nobody listens to
    "known",  # the newest version of a schema that the program knows
    "loop",
    "module",
    "page",  # of the console, by the first part of its path
    "operation",  # its number
    "path",  # of a page of the endpoint
    "peer",  # the address that asks the console
    "port",  # where the endpoint listens
    "position",
    "process_id",  # of an instance that is full: without it nobody could find it
    "queue",
    "reason",  # why a log can't be asked, why a service can't start, why the broker takes nothing
    "rights",  # of who signed in: the name of a token
    "schema",
    "routing_key",  # of a public event that nobody listens to
    "server",  # database or broker, host and port
    "seconds",  # how long a service may take to stop
    "state",  # how an operation ended
    "timers",  # how many
    "trace",  # where an event loop stands still, or a page failed: lines of code
    "version",  # of a schema
}
"""Looked at one by one. A new field belongs here once it is clear that it never holds data of a message."""

SAFE_FILES = {
    "saga/service.py",  # settings, when a service is ready
    "scheduler/saga_scheduler/housekeeping.py",  # counts of what was pruned
}
"""Where fields have names that are not written at the call."""

COMPLAIN = """
import asyncio, logging, os
import structlog
from saga.logging import configure_logging
from saga.modules import NewEvent, Visibility, append
from saga.postgres import connect_engine, durable_transaction

SECRET = os.environ["SECRET"]

async def main():
    configure_logging("worker")
    engine = connect_engine(os.environ["DATABASE_URL"], "worker")
    event = NewEvent(SECRET, SECRET, SECRET, {SECRET: SECRET}, Visibility.INTERNAL, stream_version=VERSION)
    for attempt in range(2):
        try:
            async with durable_transaction(engine) as connection:
                await append(connection, "orders", [event])
        except Exception as error:
            structlog.get_logger().warning("starting_over", error=str(error))
            structlog.get_logger().exception("died")
            logging.getLogger("apscheduler").error("Job raised an exception", exc_info=True)
            logging.getLogger("aiormq").error("It said %s", error)
    await engine.dispose()

asyncio.run(main())
"""


def logged_fields() -> Iterator[tuple[str, str]]:
    """Where something is logged that is shown by default, and under which name; ``**`` is every name."""
    for folder in ("saga", "scheduler", "gateway_stub"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(file.read_text())):
                if isinstance(call, ast.Call) and _is_shown(call.func):
                    place = f"{file.relative_to(ROOT)}:{call.lineno}"
                    assert len(call.args) == 1, place
                    assert isinstance(call.args[0], ast.Constant), place
                    yield from ((place, keyword.arg or "**") for keyword in call.keywords)


def _is_shown(function: ast.expr) -> bool:
    is_log = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return is_log and function.value.id in {"_log", "log", "logger"} and function.attr in SHOWN_LEVELS  # type: ignore[attr-defined]


def test_every_field_that_is_logged_was_looked_at() -> None:
    fields = list(logged_fields())
    assert len(fields) > 15
    unknown = [(place, name) for place, name in fields if name not in SAFE_FIELDS]
    assert {place.partition(":")[0] for place, name in unknown if name == "**"} <= SAFE_FILES
    assert [one for one in unknown if one[1] != "**"] == []


@pytest.mark.parametrize(
    ("version", "constraint"),
    [(1, "event_log_module_stream_id_stream_version_key"), (0, "event_log_stream_version_check")],
)
async def test_what_the_database_shows_of_a_row_is_not_logged(database_url: str, version: int, constraint: str) -> None:
    program = COMPLAIN.replace("VERSION", str(version))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env={"DATABASE_URL": database_url, "SECRET": SECRET},
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, logged = await process.communicate()
    assert logged.count(constraint.encode()) >= 4, logged.decode()
    assert SECRET.encode() not in logged


SPEAK = """
import asyncio, logging, threading, warnings
from saga.logging import configure_logging

class Broken:
    def __del__(self):
        raise ValueError("in a destructor")

async def fails():
    raise RuntimeError("nobody asked")

async def main():
    task = asyncio.create_task(fails())
    await asyncio.sleep(0.01)
    del task
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)

configure_logging("worker")
logging.getLogger("aiormq").error("It said %s", "so")
warnings.warn("careful", RuntimeWarning)
thread = threading.Thread(target=lambda: [].pop())
thread.start()
thread.join()
broken = Broken()
del broken
asyncio.run(main())
raise KeyError("at the end")
"""


async def test_what_libraries_and_python_say_is_a_json_line_too() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SPEAK, cwd=ROOT, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    printed, logged = await process.communicate()
    assert printed == b""
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {(line["event"], line["service"]) for line in lines} == {("library", "worker")}
    heard = [(line["library"], line.get("exception", line["said"]).splitlines()[-1]) for line in lines]
    assert heard == [
        ("aiormq", "It said so"),
        ("py.warnings", "<string>:21: RuntimeWarning: careful"),
        ("python", "IndexError: pop from empty list"),
        ("python", "ValueError: in a destructor"),
        ("asyncio", "RuntimeError: nobody asked"),
        ("asyncio", "ZeroDivisionError: division by zero"),
        ("python", "KeyError: 'at the end'"),
    ]
