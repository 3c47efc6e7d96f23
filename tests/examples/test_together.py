"""Several processes in one database and at one broker, with their deadlines: none of them notices the others."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.shop import order as shop
from examples.trip import process as trip
from saga.convergence import derive_samples, make_fact
from saga.core import Fact, Process
from saga.orders import OrderPlaced, PaymentTimedOut, order_process
from saga.rabbitmq.topology import topology
from saga_scheduler.sweeper import Sweeper
from tests.examples.place import History, declared, diverged, event, shuffled, told_in_the_database
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, messages_taken, rows
from tests.rabbitmq.wire import publish
from tests.waiting import LIMIT_SECONDS, until

SOON = timedelta(milliseconds=200)
SHORT_TRIP = trip.trip_process(booking_timeout=SOON)
SHORT_ORDER = shop.order_process(payment_timeout=SOON, shipping_timeout=SOON)


@asynccontextmanager
async def sweeping(engine: AsyncEngine) -> AsyncIterator[None]:
    """Two schedulers side by side."""
    stop = asyncio.Event()

    async def sweep() -> None:
        sweeper = Sweeper(engine, batch_size=50)
        while not stop.is_set():
            await sweeper.sweep()
            await asyncio.wait([asyncio.ensure_future(stop.wait())], timeout=0.02)

    async with asyncio.TaskGroup() as sweepers:
        sweepers.create_task(sweep())
        sweepers.create_task(sweep())
        yield
        stop.set()


async def all_deadlines_were_answered(engine: AsyncEngine) -> bool:
    """Whether every timer has fired, and its process has taken in what it emitted."""
    fired = "SELECT process, count(*) FROM saga.timer WHERE fired_at IS NOT NULL GROUP BY process"
    taken = "SELECT consumer, count(*) FROM saga.inbox WHERE module = 'scheduler' GROUP BY consumer"
    armed = await rows(engine, "SELECT 1 FROM saga.timer WHERE fired_at IS NULL LIMIT 1")
    return not armed and dict(map(tuple, await rows(engine, fired))) == dict(map(tuple, await rows(engine, taken)))


def but_deadlines(process: Process, samples: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in samples if fact.kind not in process.inputs["scheduler"]]


async def fired_for(engine: AsyncEngine, process: Process) -> dict[str, list[Fact]]:
    """What the deadlines of each instance added to its facts."""
    statement = "SELECT process_id, emits FROM saga.timer WHERE process = :process AND fired_at IS NOT NULL"
    fired: dict[str, list[Fact]] = {}
    for row in await rows(engine, statement, process=process.name):
        said = {process.correlate: row.process_id}
        fired.setdefault(row.process_id, []).append(Fact(process.message_types[row.emits], said))
    return fired


async def test_two_processes_with_their_deadlines_come_to_the_checkers_verdict(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    histories = [
        *shuffled(SHORT_TRIP, but_deadlines(SHORT_TRIP, derive_samples(SHORT_TRIP)), chance, sets=40, orders=3),
        *shuffled(SHORT_ORDER, but_deadlines(SHORT_ORDER, [*map(make_fact, shop.SAMPLES)]), chance, sets=40, orders=3),
    ]
    sent = [raw for history in chance.sample(histories, len(histories)) for raw in history.messages]
    async with (
        declared(place, SHORT_TRIP, SHORT_ORDER) as channel,
        working(place, SHORT_TRIP),
        working(place, SHORT_ORDER),
        sweeping(place.engine),
    ):
        await publish(channel, place, sent)
        await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) >= len(sent))
        await until(lambda: all_deadlines_were_answered(place.engine))
        await until(lambda: is_relayed(place.engine))
        fired = {one.name: await fired_for(place.engine, one) for one in (SHORT_TRIP, SHORT_ORDER)}

        def facts(history: History) -> list[Fact]:
            return [*history.facts, *fired[history.process.name].get(history.process_id, [])]

        assert all(fired.values())
        assert await diverged(place, histories, facts) == []
    assert await dead_letters(place.engine) == []


async def test_what_one_process_does_not_hear_leaves_no_hole_in_its_cursor(place: Place) -> None:
    trips, orders = derive_samples(SHORT_TRIP), [make_fact(sample) for sample in shop.SAMPLES]
    begun = [
        raw
        for number in range(20)
        for raw in (event(SHORT_TRIP, trips[0], f"t-{number}"), event(SHORT_ORDER, orders[0], f"o-{number}"))
    ]
    async with (
        declared(place, SHORT_TRIP, SHORT_ORDER) as channel,
        working(place, SHORT_TRIP),
        working(place, SHORT_ORDER),
        sweeping(place.engine),
    ):
        await publish(channel, place, begun)
        await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) >= len(begun))
        await until(lambda: all_deadlines_were_answered(place.engine))
        await until(lambda: _own_deadlines_not_passed(place.engine), lambda seen: seen == [0, 0])


async def _own_deadlines_not_passed(engine: AsyncEngine) -> list[int]:
    """For each process the deadlines of its own that its watermark has not passed: it stands before a hole."""
    statement = """
        SELECT count(l.position) AS beyond
        FROM saga.cursor AS c
        LEFT JOIN saga.event_log AS l
            ON l.module = c.module AND l.position > c.watermark AND l.data ->> 'armed_by' = c.consumer
        WHERE c.module = 'scheduler' AND c.consumer <> 'relay'
        GROUP BY c.consumer
    """
    return [row.beyond for row in await rows(engine, statement)]


async def test_two_processes_whose_deadlines_have_one_name_keep_to_their_own(place: Place) -> None:
    hasty, patient = order_process(payment_timeout=SOON), shop.order
    placed = Fact(OrderPlaced, {"order_id": "o", "amount": 100, "currency": "EUR", "payment_timeout_seconds": None})
    async with (
        declared(place, hasty, patient) as channel,
        working(place, hasty),
        working(place, patient),
        sweeping(place.engine),
    ):
        await publish(channel, place, [event(hasty, placed, "o-1")])
        await until(lambda: told_in_the_database(place.engine, hasty), lambda seen: seen == {"o-1": "expired"})
        await until(lambda: is_relayed(place.engine))
        await publish(channel, place, [event(patient, Fact(shop.PaymentDeclined, {"attempt_id": "a"}), "o-1")])
        await until(lambda: told_in_the_database(place.engine, patient), lambda seen: seen == {"o-1": "declined"})
        await publish(channel, place, [event(patient, Fact(PaymentTimedOut, {}), "o-1")])
        await until(lambda: told_in_the_database(place.engine, patient), lambda seen: seen == {"o-1": "expired"})
    heard = "SELECT data FROM saga.event_log WHERE module = :module AND data ->> 'type' = 'PaymentTimedOut'"
    assert len(await rows(place.engine, heard, module=patient.module)) == 1
    assert await dead_letters(place.engine) == []


async def test_what_the_broker_gives_up_on_is_kept_for_the_process_that_it_was_for(place: Place) -> None:
    async with declared(place, SHORT_TRIP, SHORT_ORDER) as channel:
        requested = event(SHORT_TRIP, derive_samples(SHORT_TRIP)[0], "t-1")
        await publish(channel, place, [requested])
        queue = await channel.get_queue(topology(place.prefix, SHORT_TRIP).queue("trip"))
        await (await queue.get(timeout=LIMIT_SECONDS)).reject(requeue=False)
        async with working(place, SHORT_ORDER):
            (letter,) = await until(lambda: dead_letters(place.engine))
    assert (letter.consumer, letter.type, letter.kind) == ("trip", "TripRequested", "poison")
