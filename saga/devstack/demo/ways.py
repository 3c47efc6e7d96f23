"""Two ways for an input to reach the order process: over the broker, or through its module's log.

Both can repeat an input. Over the broker that is the same message, delivered again; in a log it is another event at a
position of its own with the same contents.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncEngine
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from saga.core.routing import routing_key
from saga.modules import NewEvent, append
from saga.modules.outgoing import Outgoing
from saga.postgres import LostRace, Statements, Unavailable, durable_transaction
from saga.rabbitmq.publisher import Publisher

SOURCE = "/demo/arrivals"
MARK_OF_THE_DEMO = "demo"
"""In the metadata of events that the demo appended in another module's name."""

LONGEST_WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.02

_SQL = Statements(__package__)
COUNT_TAKEN = _SQL["count_taken"]
COUNT_UNREAD = _SQL["count_unread"]


@dataclass(frozen=True, slots=True)
class Input:
    """An event of a module about an order; the same ``id`` is the same input."""

    id: str
    module: str
    kind: str
    order_id: str
    data: Mapping[str, Any]


class Way(Protocol):
    """Brings inputs to the order process."""

    async def send(self, inputs: Sequence[Input]) -> None:
        """Send inputs, no two of them the same; once this returns they can't be lost."""

    async def until_handled(self) -> None:
        """Wait until everything that was sent is handled."""


class ByBroker:
    """Publishes inputs, like modules whose logs are in another database."""

    def __init__(self, publisher: Publisher, engine: AsyncEngine, prefix: str) -> None:
        self._publisher = publisher
        self._engine = engine
        self._prefix = prefix
        self._sent: set[str] = set()

    async def send(self, inputs: Sequence[Input]) -> None:
        """Publish, confirmed by the broker."""
        await self._publisher.publish([_message(self._prefix, one) for one in inputs])
        self._sent |= {one.id for one in inputs}

    async def until_handled(self) -> None:
        """Wait for an inbox row for each."""
        await _until(self._engine, COUNT_TAKEN, {"source": SOURCE}, len(self._sent))


class ByLogs:
    """Appends inputs to the logs of their modules."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def send(self, inputs: Sequence[Input]) -> None:
        """Append, in one transaction."""
        events: defaultdict[str, list[NewEvent]] = defaultdict(list)
        for one in inputs:
            mark = {MARK_OF_THE_DEMO: True}
            events[one.module].append(NewEvent(one.order_id, one.kind, one.id, one.data, metadata=mark))
        await append_surely(self._engine, events)

    async def until_handled(self) -> None:
        """Wait until the order process's cursors have reached the ends of the logs."""
        await _until(self._engine, COUNT_UNREAD, {}, 0)


async def append_surely(engine: AsyncEngine, events: Mapping[str, Sequence[NewEvent]]) -> None:
    """Append to each module's log, all or nothing; retry while the database is away."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type((Unavailable, LostRace)),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        stop=stop_after_delay(LONGEST_WAIT_SECONDS),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            async with durable_transaction(engine) as connection:
                for module in sorted(events):
                    await append(connection, module, events[module])


async def _until(engine: AsyncEngine, question: TextClause, about: Mapping[str, str], answer: int) -> None:
    async with asyncio.timeout(LONGEST_WAIT_SECONDS), engine.connect() as connection:
        while (await connection.execute(question, about)).scalar_one() != answer:
            await asyncio.sleep(LOOK_SECONDS)


def _message(prefix: str, one: Input) -> Outgoing:
    return Outgoing(
        exchange=f"{prefix}.events",
        routing_key=routing_key(one.module, one.kind),
        id=one.id,
        type=one.kind,
        correlation_id=None,
        headers={
            "ce-specversion": "1.0",
            "ce-id": one.id,
            "ce-source": SOURCE,
            "ce-type": one.kind,
            "ce-subject": one.order_id,
        },
        body=orjson.dumps(one.data),
    )
