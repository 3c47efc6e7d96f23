"""Whoever receives what orders announce believes what they are, whatever is lost, doubled, shuffled or killed."""

import asyncio
import random
from collections.abc import Callable
from itertools import permutations

from saga.engine import Step
from saga.messages import Raw
from saga.messages.cloudevents import decode
from saga.orders import order_process
from saga.rabbitmq.publisher import Publisher
from saga.worker.relay import Relay
from tests.audit.evidence import differing as audited_differing
from tests.examples.reading import as_raw, believed, reading, starting_with
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, messages_taken, outcomes
from tests.rabbitmq.wire import cancelled, channel_at, paid, placed, publish, timed_out
from tests.replay.evidence import differing
from tests.waiting import until

PROCESS = order_process()
INPUTS: dict[str, Callable[[str], Raw]] = {
    "placed": placed,
    "paid": paid,
    "timed out": timed_out,
    "cancelled": cancelled,
}


async def test_every_order_of_the_inputs_once_to_three_times_ends_with_the_outcome_for_every_reader(
    place: Place, seed: int
) -> None:
    chance = random.Random(seed)
    ways = [(size, way) for size in range(1, 5) for way in permutations(INPUTS, size)]
    lanes = []
    for number, (_, way) in enumerate(ways):
        for times in (1, 2, 3):
            raws = [INPUTS[name](f"order-{number}-{times}") for name in way]
            lanes.append([raw for raw in raws for _ in range(times)])
    sent = [lane[turn] for turn in range(max(map(len, lanes))) for lane in lanes if turn < len(lane)]
    async with (
        channel_at(place) as channel,
        reading(place, PROCESS, channel, "one") as one,
        reading(place, PROCESS, channel, "other") as other,
        working(place, batch_size=chance.randrange(20, 200)),
        working(place, batch_size=chance.randrange(20, 200)),
    ):
        await publish(channel, place, sent)
        await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) >= len(sent))
        await until(lambda: is_relayed(place.engine))
        changed = starting_with(await outcomes(place.engine), "awaiting_payment")
        first, second = await one.received(), await other.received()
        for received in (first, second):
            badly = [*received, *chance.sample(received, len(received) // 3)]
            assert believed(PROCESS, chance.sample(badly, len(badly))) == changed
        assert [as_raw(message).headers["ce-source"] for message in first[:1]] == ["/modules/order-process"]
    assert await dead_letters(place.engine) == []
    assert await differing(place.engine) == {}
    assert await audited_differing(place.engine) == {}


async def test_what_was_committed_before_a_worker_died_is_announced_by_the_next_one(place: Place, seed: int) -> None:
    """The step commits, and nothing relays it: then the next relay does, and sends nothing twice that differs."""
    chance = random.Random(seed)
    orders = [f"order-{number}" for number in range(30)]
    step = Step(place.engine, PROCESS)
    async with channel_at(place) as channel, reading(place, PROCESS, channel, "one") as reader:
        for turn in range(3):
            some = chance.sample(orders, 20)
            for raw in [chance.choice([paid, timed_out, cancelled])(one) for one in some]:
                await step.handle([decode(raw)])
            if turn == 1:  # a relay that is cancelled while it publishes: its cursor stays where it was
                await _cut_short(place, chance.uniform(0.0, 0.3))
        async with working(place):
            await until(lambda: is_relayed(place.engine))
        changed = starting_with(await outcomes(place.engine), "awaiting_payment")
        assert believed(PROCESS, await reader.received()) == changed
    assert await dead_letters(place.engine) == []


async def _cut_short(place: Place, seconds: float) -> None:
    async with Publisher(place.amqp_url, place.topology, 10) as publisher:
        relay = asyncio.create_task(Relay(place.engine, publisher, place.prefix, 7).relay_once())
        await asyncio.wait([relay], timeout=seconds)
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
