"""Real gateways on a real broker, killed for real while they work: no money is lost, none moves twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import orjson
import pytest

from saga.messages import Envelope
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import declare, topology
from tests.gateway.desk import Desk, payment_of, refund, request, start, stop, void
from tests.waiting import until

ROUGH = """
summary = "everything at once, quickly"
declined = 0.1
lost_answers = 0.3
lost_answer_repeat_seconds = 0.3
duplicates = 0.4
duplicate_within_seconds = 0.5
reordered = 0.5
reorder_seconds = 0.5
outage_period_seconds = 1.0
outage_seconds = 0.2

[delay]
kind = "exponential"
mean_seconds = 0.3
"""
ORDERS = [f"o-{number:03}" for number in range(300)]
MEMORY_BYTES = 150 * 1024 * 1024


def outgoing(prefix: str, target: str, message: Envelope) -> Outgoing:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": message.id,
        "ce-source": message.source,
        "ce-type": message.type,
        "ce-subject": str(message.subject),
    }
    return Outgoing(
        exchange=f"{prefix}.commands",
        routing_key=f"{target}.{message.type}",
        id=message.id,
        type=message.type,
        correlation_id=message.correlation_id,
        headers=headers,
        body=orjson.dumps(message.data),
    )


class Stubs:
    """Two gateway processes; each can be killed, and then another one takes its place."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self.processes: list[asyncio.subprocess.Process] = []

    async def launch(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "saga_gateway_stub", env=self._environment, stderr=asyncio.subprocess.PIPE
        )
        self.processes.append(process)
        assert process.stderr is not None
        async for line in process.stderr:
            if orjson.loads(line)["event"] == "ready":
                return
        pytest.fail(f"the gateway ended with {await process.wait()} before it was ready")

    async def replace_oldest(self) -> None:
        oldest = self.processes.pop(0)
        oldest.kill()
        await oldest.communicate()
        await self.launch()

    async def stop(self) -> list[int]:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(process.communicate() for process in self.processes))
        return [process.returncode or 0 for process in self.processes]

    def peak_bytes(self) -> int:
        status = [Path(f"/proc/{process.pid}/status").read_text() for process in self.processes]
        return max(int(text.partition("VmHWM:")[2].split()[0]) for text in status) * 1024


@pytest.fixture
async def environment(database_url: str, amqp_url: str, prefix: str, tmp_path: Path) -> dict[str, str]:
    """Where the gateways work; what they use at the broker is there, as a worker would have declared it."""
    async with await aio_pika.connect(amqp_url) as connection:
        await declare(await connection.channel(), topology(prefix, order_process()))
    scenario = tmp_path / "rough.toml"
    scenario.write_text(ROUGH)
    ours = {
        "SAGA_DATABASE_URL": database_url,
        "SAGA_AMQP_URL": amqp_url,
        "SAGA_PREFIX": prefix,
        "SAGA_GATEWAY_SCENARIO": str(scenario),
        "SAGA_GATEWAY_SEED": "7",
    }
    return {**os.environ, **ours}


@asynccontextmanager
async def two_stubs(environment: dict[str, str]) -> AsyncIterator[Stubs]:
    stubs = Stubs(environment)
    try:
        await asyncio.gather(stubs.launch(), stubs.launch())
        yield stubs
    finally:
        for process in stubs.processes:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def wait_for(desk: Desk, question: str) -> None:
    """Wait until the database says yes."""

    async def answer() -> bool:
        ((is_so,),) = await desk.rows(f"SELECT {question}")
        return bool(is_so)

    await until(answer)


async def send(publisher: Publisher, prefix: str, target: str, commands: Sequence[Envelope]) -> None:
    for begin in range(0, len(commands), 50):
        unrouted = await publisher.publish([outgoing(prefix, target, one) for one in commands[begin : begin + 50]])
        assert unrouted == ()


async def test_killed_again_and_again_the_gateways_lose_and_double_nothing(
    desk: Desk, environment: dict[str, str], amqp_url: str, prefix: str
) -> None:
    voided = set(ORDERS[::10])
    asked = [request(order) for order in ORDERS]
    others = [void(order) for order in voided] + [refund(order, f"p-{order}") for order in ORDERS[:50]]
    async with (
        two_stubs(environment) as stubs,
        Publisher(amqp_url, topology(prefix, order_process()), 10.0) as publisher,
    ):
        await send(publisher, prefix, "gateway", others + asked)
        await send(publisher, prefix, "fulfilment", [make(order) for order in ORDERS for make in (stop, start, start)])
        for captures in (10, 60, 120, 180):
            await wait_for(desk, f"count(*) >= {captures} FROM gateway.ledger WHERE kind = 'capture'")
            await stubs.replace_oldest()
        await send(publisher, prefix, "gateway", asked)
        await wait_for(desk, f"count(*) = {len(asked) + len(others)} FROM gateway.command")
        await wait_for(desk, f"count(*) >= {len(asked)} FROM gateway.command WHERE deliveries > 1")
        await wait_for(desk, "count(*) = 0 FROM gateway.pending")
        await wait_for(desk, f"count(*) = {2 * len(ORDERS)} FROM fulfilment.command")
        assert stubs.peak_bytes() < MEMORY_BYTES
        assert await stubs.stop() == [0, 0]
    await assert_books_are_right(desk, asked, voided)


async def assert_books_are_right(desk: Desk, asked: Sequence[Envelope], voided: set[str]) -> None:
    results = await desk.results()
    captured = {
        row.order_id: row.payment_id for row in await desk.rows("SELECT * FROM gateway.ledger") if row.kind == "capture"
    }
    assert not voided & captured.keys()
    for one in asked:
        order_id = str(one.subject)
        expected = {"withdrawn", "superseded"} if order_id in voided else {"captured", "declined"}
        assert results[one.id] in expected
        assert captured.get(order_id) == (payment_of(one) if results[one.id] == "captured" else None)
        told = {event["payment_id"] for event in await desk.told(order_id)}
        assert told == ({captured[order_id]} if order_id in captured else set())
    assert await desk.rows("SELECT 1 FROM gateway.ledger GROUP BY order_id, kind HAVING count(*) > 1") == []
    ((refunds,),) = await desk.rows("SELECT count(*) FROM gateway.ledger WHERE kind = 'refund' AND external")
    assert refunds == 50
    ((stopped,),) = await desk.rows("SELECT count(*) FROM fulfilment.fulfilment WHERE state = 'stopped' AND starts < 2")
    assert stopped == len(ORDERS)
