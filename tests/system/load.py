"""Load: orders with everything that happens to them, seeded; sent through every outage; and held against the auditor.

There are two kinds of orders. Of *told* ones the test says everything itself, in any order and repeatedly. Of *asked*
ones it says only that they were placed, and perhaps cancelled: the gateway and the scheduler say the rest.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from saga.core import Envelope, Fact, Raw
from saga.engine.intake import Admitted, admit
from saga.orders import PaymentReceived, PaymentTimedOut, order_process
from saga.transport.codec import decode
from tests.orders.auditor import audit
from tests.transport.place import Place
from tests.transport.records import rows, verdicts
from tests.transport.wire import cancelled, channel_at, paid, placed, publish, timed_out, under_another_id

PROCESS = order_process()
CHUNK = 100
RETRY_SECONDS = 0.2


@dataclass
class Load:
    """Messages to send, in this order."""

    messages: list[Raw] = field(default_factory=list)

    @property
    def distinct(self) -> int:
        """How many messages there are, without those that are sent again."""
        return len({raw.headers["ce-id"] for raw in self.messages})

    @property
    def facts(self) -> dict[str, list[Fact]]:
        by_order: defaultdict[str, list[Fact]] = defaultdict(list)
        for raw in self.messages:
            admitted = _admitted(raw)
            by_order[admitted.process_id].append(admitted.fact)
        return dict(by_order)


def a_load(seed: int, *, told: int = 0, asked: int = 0) -> Load:
    chance = random.Random(seed)
    messages = [raw for n in range(told) for raw in _told(f"told-{n}", chance)]
    chance.shuffle(messages)
    asked_for = [raw for n in range(asked) for raw in _asked(f"asked-{n}", chance)]
    for raw in asked_for:
        messages.insert(chance.randrange(len(messages) + 1), raw)
    return Load(messages)


def _told(order_id: str, chance: random.Random) -> Iterable[Raw]:
    kinds = [placed(order_id), paid(order_id), cancelled(order_id), timed_out(order_id), paid(order_id, "p-2")]
    for raw in chance.sample(kinds, chance.randint(1, len(kinds))):
        yield raw
        if chance.random() < 0.3:
            yield raw
        if chance.random() < 0.1:
            yield under_another_id(raw)


def _asked(order_id: str, chance: random.Random) -> Iterable[Raw]:
    yield placed(order_id, payment_timeout_seconds=round(chance.uniform(0.3, 3.0), 3))
    if chance.random() < 0.3:
        yield cancelled(order_id)


async def send(place: Place, messages: Sequence[Raw]) -> None:
    """Send messages until the broker has confirmed all of them, through any number of its restarts."""
    left = list(messages)
    while left:
        try:
            async with channel_at(place) as channel:
                while left:
                    await publish(channel, place, left[:CHUNK])
                    del left[:CHUNK]
        except (AMQPError, ChannelInvalidStateError, OSError):
            await asyncio.sleep(RETRY_SECONDS)


async def divergences(place: Place, load: Load) -> list[str]:
    """Orders that are not what the auditor says of everything that was said about them, by the test and in the logs."""
    facts = load.facts
    for order_id, fact in await _facts_in_logs(place):
        facts[order_id].append(fact)
    seen = await verdicts(place.engine)
    return [
        f"{order_id}: {seen.get(order_id)} instead of {audit(known)}"
        for order_id, known in facts.items()
        if seen.get(order_id) != audit(known)
    ]


async def unfinished(place: Place) -> dict[str, int]:
    """What still has to move before everything is settled, by what it is; empty when all is."""
    (row,) = await rows(
        place.engine,
        """
        SELECT
            (SELECT count(*) FROM saga.instance WHERE process_id LIKE 'asked-%' AND NOT settled) AS waiting_orders,
            (SELECT count(*) FROM saga.timer WHERE fired_at IS NULL AND due_at < clock_timestamp() + interval '1 min')
                AS timers,
            (SELECT count(*) FROM gateway.pending) AS answers,
            (SELECT count(*) FROM saga.event_log AS l WHERE l.target = 'gateway'
                AND NOT EXISTS (SELECT FROM gateway.command AS c WHERE c.command_id = l.event_id))
            + (SELECT count(*) FROM saga.event_log AS l WHERE l.target = 'fulfilment'
                AND NOT EXISTS (SELECT FROM fulfilment.command AS c WHERE c.command_id = l.event_id)) AS commands
        """,
    )
    return {name: count for name, count in row._asdict().items() if count}


async def doubled(place: Place) -> dict[str, int]:
    """What was done twice, by what it is; empty when nothing was."""
    (row,) = await rows(
        place.engine,
        """
        SELECT
            (SELECT count(*) FROM (
                SELECT FROM gateway.ledger GROUP BY kind, order_id, payment_id HAVING count(*) > 1) d)
                AS movements_of_money,
            (SELECT count(*) FROM (
                SELECT FROM gateway.ledger WHERE kind = 'capture' GROUP BY order_id HAVING count(*) > 1) d) AS captures,
            (SELECT count(*) FROM (
                SELECT FROM saga.event_log WHERE module = 'scheduler' GROUP BY stream_id, type HAVING count(*) > 1) d)
                AS timers,
            (SELECT count(*) FROM (SELECT FROM saga.event_log WHERE target IS NOT NULL
                GROUP BY event_id HAVING count(*) > 1) d) AS commands,
            (SELECT count(*) FROM (SELECT FROM saga.event_log WHERE type = 'InputTaken'
                GROUP BY stream_id, metadata ->> 'source', metadata ->> 'id' HAVING count(*) > 1) d) AS inputs
        """,
    )
    return {name: count for name, count in row._asdict().items() if count}


async def messages_sent_by_us(place: Place) -> int:
    """How many of the test's own messages were taken in: those that were in no log."""
    (row,) = await rows(place.engine, "SELECT count(*) AS taken FROM saga.inbox WHERE position IS NULL")
    return int(row.taken)


async def deadlocks(place: Place) -> int:
    (row,) = await rows(place.engine, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(row.deadlocks)


async def _facts_in_logs(place: Place) -> list[tuple[str, Fact]]:
    kinds: dict[str, Any] = {"PaymentReceived": PaymentReceived, "PaymentTimedOut": PaymentTimedOut}
    found = await rows(
        place.engine,
        "SELECT type, stream_id, CAST(data AS text) AS data FROM saga.event_log WHERE visibility = 'public'",
    )
    return [
        (row.stream_id, Fact(kinds[row.type], kinds[row.type].model_validate(orjson.loads(row.data)).model_dump()))
        for row in found
    ]


def _admitted(raw: Raw) -> Admitted:
    envelope = decode(raw)
    assert isinstance(envelope, Envelope)
    admitted = admit(PROCESS, envelope)
    assert isinstance(admitted, Admitted)
    return admitted
