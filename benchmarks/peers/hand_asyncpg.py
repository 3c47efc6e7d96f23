"""By hand, as fast as it gets with a transaction for each message: aio-pika and bare asyncpg.

Two statements between BEGIN and COMMIT, each of which does two things at once, so four round trips a message. asyncpg
prepares both at their first use and keeps them (`connect(statement_cache_size=100)`, the default, "API Reference"). The
pool is as large as there are lanes, and open before the clock starts ("Connection Pools").
"""

from collections.abc import Awaitable, Callable

import asyncpg
import orjson
from aio_pika.abc import AbstractIncomingMessage
from contract import Done, Task, fresh_schema, run
from lanes import consume
from orders import State, decide, read
from tables import TABLES

SCHEMA = "hand_asyncpg"

TAKE = """
WITH new AS (
    INSERT INTO inbox (source, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING message_id
)
INSERT INTO orders (order_id) SELECT $3 FROM new
ON CONFLICT (order_id) DO UPDATE SET order_id = excluded.order_id
RETURNING placed, paid, cancelled, elapsed
"""
"""Records the message, and creates or locks its order. Returns no row if the message was handled before."""

MOVE = """
WITH moved AS (
    UPDATE orders SET placed = $2, paid = $3, cancelled = $4, elapsed = $5, version = version + 1 WHERE order_id = $1
)
INSERT INTO outbox (command_id, order_id, type, data) VALUES ($6, $1, $7, $8)
"""
"""The new state, and the command."""


async def work(task: Task) -> Done:
    """Handle all messages."""
    await fresh_schema(task.database_url, SCHEMA, TABLES)
    async with asyncpg.create_pool(
        task.database_url,
        min_size=task.at_once,
        max_size=task.at_once,
        server_settings={"search_path": SCHEMA},
    ) as pool:
        return Done(await consume(task, step(pool)), SCHEMA)


def step(pool: asyncpg.Pool) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    """One message, one transaction."""

    async def take(delivery: AbstractIncomingMessage) -> None:
        message = read(delivery.headers, delivery.body)
        order_id = message.body.order_id
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(TAKE, message.source, message.id, order_id)
            if row is None:
                return
            decision = decide(State(*row), message)
            new = decision.state
            await connection.execute(
                MOVE,
                order_id,
                new.placed,
                new.paid,
                new.cancelled,
                new.elapsed,
                decision.command_id,
                decision.command,
                orjson.dumps({"order_id": order_id, "cause": message.id}).decode(),
            )

    return take


if __name__ == "__main__":
    run("hand_asyncpg", __doc__, work)
