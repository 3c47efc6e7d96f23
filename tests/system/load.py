"""Load: orders with everything that happens to them, seeded; sent through every outage; and held against the auditor.

Where services are pushed it goes to the broker, and where they pull into the logs of the modules that say it.

There are two kinds of orders. The test sends all messages of `told` ones itself, in any order and
repeatedly. Of `asked` ones it sends only that they were placed, and perhaps cancelled: the gateway and the scheduler
send the rest.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from saga.core import Fact
from saga.engine.intake import AdmittedMessage, admit
from saga.messages import Envelope, Raw
from saga.messages.cloudevents import decode
from saga.modules import NewEvent, append
from saga.orders import PaymentReceived, PaymentTimedOut, order_process
from saga.postgres import LostRace, Unavailable, durable_transaction
from tests.orders.auditor import audit
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import end_states, rows
from tests.rabbitmq.wire import cancelled, channel_at, paid, placed, publish, timed_out, under_another_id
from tests.system.feeding import Feeding
from tests.waiting import pause

PROCESS = order_process()
START = "awaiting_payment"
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
    messages = [raw for n in range(told) for raw in _told(f"sent-{n}", chance)]
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


async def send(place: Place, messages: Sequence[Raw], feeding: Feeding = Feeding.PUSHED) -> None:
    """Send messages until all of them are safe, through any number of restarts of what keeps them."""
    left = list(messages)
    while left:
        try:
            if feeding.is_from_logs:
                await _append(place, left)
            else:
                await _publish(place, left)
        except (AMQPError, ChannelInvalidStateError, OSError, Unavailable, LostRace):
            await pause(RETRY_SECONDS)


async def _publish(place: Place, left: list[Raw]) -> None:
    async with channel_at(place) as channel:
        while left:
            await publish(channel, place, left[:CHUNK])
            del left[:CHUNK]


async def _append(place: Place, left: list[Raw]) -> None:
    while left:
        events: defaultdict[str, list[NewEvent]] = defaultdict(list)
        for raw in left[:CHUNK]:
            data, (module, _, kind) = orjson.loads(raw.body), raw.routing_key.partition(".")
            events[module].append(NewEvent(data["order_id"], kind, str(raw.headers["ce-id"]), data))
        async with durable_transaction(place.engine) as connection:
            for module in sorted(events):
                await append(connection, module, events[module])
        del left[:CHUNK]


async def unheard(place: Place, load: Load, feeding: Feeding = Feeding.PUSHED) -> int:
    """How much of the load, all of which was sent, has still to be taken in."""
    if not feeding.is_from_logs:
        return load.distinct - await messages_sent_by_us(place)
    return sum((await behind(place)).values())


async def behind(place: Place) -> dict[str, int]:
    """By module, how many positions the order process's cursor is from the last public event; only where it is."""
    found = await rows(
        place.engine,
        """
        SELECT m.name, m.last_public_position - coalesce(c.watermark, 0) AS missing
        FROM saga.module AS m LEFT JOIN saga.cursor AS c ON c.consumer = 'order' AND c.module = m.name
        WHERE m.name = ANY (:consumed) AND m.last_public_position > coalesce(c.watermark, 0)
        """,
        consumed=[*PROCESS.inputs],
    )
    return {row.name: row.missing for row in found}


async def divergences(place: Place, load: Load) -> list[str]:
    """Orders that are not what the auditor says of everything that was said about them, by the test and in the logs.

    Neither are those about which readers of the public log believe something else.
    """
    facts = load.facts
    for order_id, fact in await _facts_of_others(place, load):
        facts[order_id].append(fact)
    announced = await _announced(place)
    seen = await end_states(place.engine)
    diverged = [
        f"{order_id}: {seen.get(order_id)} instead of {audit(known)}"
        for order_id, known in facts.items()
        if seen.get(order_id) != audit(known)
    ]
    return diverged or [
        f"{order_id}: {announced.get(order_id)} was announced, and it is {audit(known).outcome}"
        for order_id, known in facts.items()
        if announced.get(order_id, START) != audit(known).outcome
    ]


async def _announced(place: Place) -> dict[str, str]:
    """The outcome of each order for whoever lets the announcement with the greatest revision hold."""
    found = await rows(
        place.engine,
        """
        SELECT DISTINCT ON (stream_id) stream_id, data ->> 'outcome' AS outcome FROM saga.public_event
        WHERE module = :own ORDER BY stream_id, CAST(data ->> 'revision' AS int) DESC
        """,
        own=PROCESS.module,
    )
    return {row.stream_id: row.outcome for row in found}


async def handled_by_both_collaborators(place: Place) -> int:
    """How many commands each of the two has taken, at least."""
    counts = await rows(
        place.engine,
        "SELECT count(*) AS taken FROM gateway.command UNION ALL SELECT count(*) AS taken FROM fulfilment.command",
    )
    return min(int(row.taken) for row in counts)


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
                SELECT FROM saga.event_log WHERE module = 'scheduler' AND stream_id NOT LIKE 'sent-%'
                GROUP BY stream_id, type HAVING count(*) > 1) d)
                AS timers,
            (SELECT count(*) FROM (SELECT FROM saga.event_log WHERE target IS NOT NULL
                GROUP BY event_id HAVING count(*) > 1) d) AS commands,
            (SELECT count(*) FROM (SELECT FROM saga.public_event WHERE module = 'order-process'
                GROUP BY stream_id, data ->> 'revision' HAVING count(*) > 1) d) AS announcements,
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


async def _facts_of_others(place: Place, load: Load) -> list[tuple[str, Fact]]:
    """What the gateway and the scheduler said, from their logs."""
    kinds: dict[str, Any] = {"PaymentReceived": PaymentReceived, "PaymentTimedOut": PaymentTimedOut}
    found = await rows(
        place.engine,
        """
        SELECT type, stream_id, event_id, CAST(data AS text) AS data FROM saga.event_log
        WHERE visibility = 'public' AND module <> :own
        """,
        own=PROCESS.module,
    )
    ours = {raw.headers["ce-id"] for raw in load.messages}
    return [
        (row.stream_id, Fact(kinds[row.type], kinds[row.type].model_validate(orjson.loads(row.data)).model_dump()))
        for row in found
        if row.event_id not in ours
    ]


def _admitted(raw: Raw) -> AdmittedMessage:
    envelope = decode(raw)
    assert isinstance(envelope, Envelope)
    admitted = admit(PROCESS, envelope)
    assert isinstance(admitted, AdmittedMessage)
    return admitted
