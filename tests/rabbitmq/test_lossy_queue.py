"""Between the log and the queue messages are lost, late, doubled and shuffled: the logs alone say how it ends."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence

from saga.core import Fact
from saga.engine import Step
from saga.engine.intake import AdmittedMessage, admit
from saga.feeds.gaps import GapTimeouts
from saga.feeds.log_feed import LogFeed
from saga.messages import Envelope, Poison
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility, append, read_horizon, read_public
from saga.modules.outgoing import Outgoing, as_delivered
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga.rabbitmq.admission import Events
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.publisher import Publisher
from saga.worker.relay import Relay
from tests.orders.auditor import EndState, audit
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, end_states, position_in
from tests.waiting import until

PROCESS = order_process()
ORDERS = 150
MODULES = ("orders", "payments", "scheduler")
QUICK = GapTimeouts(hole_seconds=0.3, tail_seconds=1.0)
LOST, LATE, DOUBLED = 0.25, 0.2, 0.2


class LossyPublisher(Publisher):
    """Says of everything that the broker has it. In truth it loses, delays, doubles and shuffles at random."""

    def __init__(self, place: Place, chance: random.Random) -> None:
        super().__init__(place.amqp_url, place.topology, timeout_seconds=5)
        self._chance = chance
        self._late: list[Outgoing] = []
        self.lost = 0

    async def publish(self, messages: Sequence[Outgoing]) -> tuple[Outgoing, ...]:
        sent = list(self._late)
        self._late = []
        for message in messages:
            fate = self._chance.random()
            if fate < LOST:
                self.lost += 1
            elif fate < LOST + LATE:
                self._late.append(message)
            else:
                sent += [message] * (2 if fate > 1 - DOUBLED else 1)
        self._chance.shuffle(sent)
        await super().publish(sent)
        return ()


def events(order_id: str, chance: random.Random) -> list[tuple[str, NewEvent]]:
    """Some of what can happen to an order, each in the log of its module; payments may be two different ones."""
    money = {"amount": 4_200, "currency": "EUR"}
    all_ = [
        ("orders", "OrderPlaced", money),
        ("orders", "OrderCancelled", {}),
        ("scheduler", "PaymentTimedOut", {}),
        *(
            ("payments", "PaymentReceived", {**money, "payment_id": f"{name}-{order_id}", "received_at": at})
            for name, at in (("a", "2026-01-31T12:00:00Z"), ("b", "2026-01-31T11:59:59Z"))
        ),
    ]
    chosen = [one for one in all_ if chance.random() < 0.6] or all_[:1]
    return [
        (module, NewEvent(order_id, kind, derived_id("test", order_id, kind, number), {"order_id": order_id, **data}))
        for number, (module, kind, data) in enumerate(chosen)
    ]


def secret(number: int) -> NewEvent:
    return NewEvent("x", "Noted", derived_id("noted", number), {"number": number}, visibility=Visibility.INTERNAL)


async def record_at_random(place: Place, chance: random.Random) -> None:
    """Everything that happens, in the logs, in small transactions with internal events in between."""
    happening = [one for number in range(ORDERS) for one in events(f"o-{number}", chance)]
    chance.shuffle(happening)
    for number, (module, event) in enumerate(happening):
        async with durable_transaction(place.engine) as connection:
            hidden = [secret(number)] if chance.random() < 0.3 else []
            await append(connection, module, [*hidden, event] if chance.random() < 0.5 else [event, *hidden])


async def folded(place: Place) -> dict[str, EndState]:
    """What the facts in the logs must come to, order by order."""
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    async with place.engine.connect() as connection:
        for module in MODULES:
            for entry in (await read_public(connection, module, 0, limit=100_000)).entries:
                message = as_delivered(entry, place.prefix)
                assert isinstance(message, Envelope)
                admitted = admit(PROCESS, message)
                assert isinstance(admitted, AdmittedMessage)
                facts[admitted.process_id].append(admitted.fact)
    return {order_id: audit(known) for order_id, known in facts.items()}


async def last_positions(place: Place) -> dict[str, int]:
    async with place.engine.connect() as connection:
        horizons = {module: await read_horizon(connection, module) for module in MODULES}
    return {module: horizon.last_position for module, horizon in horizons.items() if horizon}


async def test_whatever_the_way_to_the_queue_does_the_logs_say_how_every_order_ends(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    step = Step(place.engine, PROCESS)
    stop, consuming = asyncio.Event(), asyncio.Event()

    async def handle(messages: Sequence[Envelope | Poison]) -> None:
        await step.handle(messages)

    async def cursors() -> dict[str, tuple[int, int]]:
        found = {module: await position_in(place.engine, module) for module in MODULES}
        return {module: (at.watermark, at.ranges_beyond) for module, at in found.items() if at}

    feed = LogFeed(place.engine, step, PROCESS, place.prefix, grace=QUICK, page_size=50)
    async with LossyPublisher(place, chance) as publisher, asyncio.TaskGroup() as loops:
        relay = Relay(place.engine, publisher, place.prefix, 20)
        consumer = Consumer(place.amqp_url, place.topology, "order", handle, 25, judge=Events(PROCESS, place.prefix))
        loops.create_task(consumer.run(stop, consuming))
        loops.create_task(relay.run(stop, 0.02))
        loops.create_task(feed.run(stop, asyncio.Event(), 0.1))
        await consuming.wait()
        await record_at_random(place, chance)
        ends = {module: (last, 0) for module, last in (await last_positions(place)).items()}
        try:
            await until(cursors, lambda seen: seen == ends)
        finally:
            stop.set()
    assert publisher.lost > ORDERS / 10, "the test must lose something"
    assert await end_states(place.engine) == await folded(place)
    assert await dead_letters(place.engine) == []
