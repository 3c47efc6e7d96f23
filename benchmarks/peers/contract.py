"""How a peer is called and what it prints: the same for all peers, so that one program can run any of them.

    PYTHON hand_core.py --amqp-url URL --database-url URL --queue NAME --count N --at-once K

The queue is filled before. A peer creates its tables, in a schema of its own, before the clock starts; consumes exactly
N messages; counts the rows that it has written; and prints one JSON object as its last line. It exits non-zero if
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
    """The task of a peer. `at_once` is the number of transactions that may be open together."""

    amqp_url: str
    database_url: str
    queue: str
    count: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a peer: seconds from the first delivery until everything was written and acknowledged."""

    seconds: float
    schema: str
    taken: str = "SELECT count(*) FROM {schema}.inbox"
    """Counts the messages that were handled."""
    commands: str = "SELECT count(*) FROM {schema}.outbox"
    """Counts the commands that were written."""


class Incomplete(RuntimeError):
    """A peer did less or more than its task: its figure means nothing."""


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
    """Drop the schema of an earlier run, and create it with these tables."""
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
    """The number of messages in the queue, including those that were delivered and never acknowledged."""
    async with await aio_pika.connect(task.amqp_url) as connection:
        channel = await connection.channel()
        # Unacknowledged messages of a closed connection return to the queue a little later.
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
