"""How a peer is called and what it prints: the same for all peers, so that one program can run any of them.

    PYTHON hand_core.py --amqp-url URL --database-url URL --queue NAME --count N --at-once K

The queue is filled before. A peer makes its tables, in a schema of its own, before the clock starts; takes exactly N
messages; counts in the database what it has written; and prints one JSON object as its last line. It ends non-zero if
anything is missing or doubled.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aio_pika
import asyncpg
import uvloop


@dataclass(frozen=True, slots=True)
class Task:
    """What a peer is asked for. `at_once` is how many transactions may be open together."""

    amqp_url: str
    database_url: str
    queue: str
    count: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a peer reports: seconds from the first delivery until everything was written and acknowledged."""

    seconds: float
    schema: str
    taken: str = "SELECT count(*) FROM {schema}.inbox"
    """How many messages are known as taken in."""
    commands: str = "SELECT count(*) FROM {schema}.outbox"
    """How many commands are written."""


class Incomplete(RuntimeError):
    """A peer did less or more than it was asked for: its figure means nothing."""


def run(peer: str, description: str | None, work: Callable[[Task], Awaitable[Done]]) -> None:
    """Do the work, check it, print the result."""
    task = _asked(description)
    try:
        result = uvloop.run(_checked(peer, task, work))
    except Incomplete as error:
        sys.exit(f"{peer}: {error}")
    print(json.dumps(result), flush=True)


async def _checked(peer: str, task: Task, work: Callable[[Task], Awaitable[Done]]) -> dict[str, object]:
    await _refuse_what_is_not_durable(task.database_url)
    done = await work(task)
    taken = await _count(task.database_url, done.taken.format(schema=done.schema))
    commands = await _count(task.database_url, done.commands.format(schema=done.schema))
    left = await _left(task)
    if (taken, commands, left) != (task.count, task.count, 0):
        raise Incomplete(f"{taken} taken in and {commands} commands of {task.count}, {left} left in the queue")
    return {
        "peer": peer,
        "messages": task.count,
        "seconds": done.seconds,
        "at_once": task.at_once,
        "commands": commands,
    }


async def _refuse_what_is_not_durable(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for setting in ("fsync", "synchronous_commit"):
            if await connection.fetchval("SELECT current_setting($1)", setting) != "on":
                raise Incomplete(f"{setting} is not on, so nothing here would be durable")
    finally:
        await connection.close()


async def fresh_schema(database_url: str, schema: str, tables: str = "") -> None:
    """Drop what an earlier run left, and create the schema with these tables in it."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
        await connection.execute(f"SET search_path TO {schema}; {tables}")
    finally:
        await connection.close()


async def _count(database_url: str, query: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def _left(task: Task) -> int:
    """Messages in the queue, those included that were delivered and never acknowledged."""
    async with await aio_pika.connect(task.amqp_url) as connection:
        channel = await connection.channel()
        # What a closed connection had not acknowledged comes back a little later than the connection goes.
        await asyncio.sleep(0.2)
        queue = await channel.declare_queue(task.queue, passive=True)
        return queue.declaration_result.message_count or 0


def _asked(description: str | None) -> Task:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--amqp-url", required=True)
    parser.add_argument("--database-url", required=True, help="postgresql://...")
    parser.add_argument("--queue", required=True, help="already filled")
    parser.add_argument("--count", type=int, required=True, help="messages in the queue")
    parser.add_argument("--at-once", type=int, default=1, help="transactions open together")
    arguments = parser.parse_args()
    return Task(**vars(arguments))
