"""All workers die between the commit and the relay, and what they announced is lost, doubled and shuffled on its way.

Each reader believes what the instances are: two clients with queues of their own, whoever reads the public log, and
another process, which gets what its queue has lost from the log.
"""

import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import permutations
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from sqlalchemy import text

from examples.parcel.parcel import parcel
from examples.parcel.purchase import purchase
from saga.core import Process
from saga.messages import Raw
from saga.orders import order_process
from tests.audit.evidence import differing as audited_differing
from tests.examples.place import declared, told_in_the_database
from tests.examples.reading import Reader, as_raw, believed, reading, starting_with
from tests.examples.test_parcel import every_way, expected
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, is_relayed, rows
from tests.rabbitmq.wire import cancelled, channel_at, paid, placed, publish, timed_out
from tests.replay.evidence import differing
from tests.system.crew import Crew, crew_at, only_workers
from tests.waiting import until

ORDER = order_process()
INPUTS: Sequence[Callable[[str], Raw]] = (placed, paid, timed_out, cancelled)
DEATHS = 3
KEPT_BACK = 10
RUN = {"SAGA_PROCESSES": "saga.orders:order_process,examples.parcel.purchase:purchase,examples.parcel.parcel:parcel"}


def orders(chance: random.Random) -> Iterator[list[Raw]]:
    """Every order of every set of the inputs, each message once, twice or three times."""
    for size in range(1, len(INPUTS) + 1):
        for number, way in enumerate(permutations(INPUTS, size)):
            yield [raw for say in way for raw in [say(f"order-{size}-{number}")] * chance.randint(1, 3)]


def merged(lanes: Sequence[Sequence[Raw]], chance: random.Random) -> list[Raw]:
    """All messages; those of each lane in their order."""
    turns = [number for number, lane in enumerate(lanes) for _ in lane]
    left = [iter(lane) for lane in lanes]
    return [next(left[number]) for number in chance.sample(turns, len(turns))]


class BadWay:
    """Consumes from a queue beside its consumers, and so gets a share of its messages. ``fates`` counts theirs."""

    def __init__(self, place: Place, channel: AbstractChannel, chance: random.Random) -> None:
        self.fates: Counter[str] = Counter()
        self._place, self._channel, self._chance = place, channel, chance
        self._late: list[Raw] = []

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Lose a message, double it, or keep it back until others have overtaken it."""
        fate = self._chance.choice(("lost", "doubled", "late"))
        self.fates[fate] += 1
        if fate == "doubled":
            await publish(self._channel, self._place, [as_raw(message)] * 2)
        elif fate == "late":
            self._late.append(as_raw(message))
        if len(self._late) > KEPT_BACK:
            await self.deliver_late()

    async def deliver_late(self) -> None:
        """Send what was kept back, shuffled."""
        late, self._late = self._late, []
        await publish(self._channel, self._place, self._chance.sample(late, len(late)))


@asynccontextmanager
async def bad_way(place: Place, queue: str, chance: random.Random) -> AsyncIterator[BadWay]:
    """On the way to the consumers of a queue, for as long as the block lasts."""
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        way = BadWay(place, channel, chance)
        taking = await channel.get_queue(queue)
        tag = await taking.consume(way.take, no_ack=True)
        yield way
        await taking.cancel(tag)
        await way.deliver_late()


@asynccontextmanager
async def relays_wait(place: Place) -> AsyncIterator[None]:
    """While the block lasts no relay sends anything: each skips a log whose cursor somebody holds."""
    async with place.engine.begin() as connection:
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await connection.execute(text("SELECT FROM saga.cursor WHERE consumer = 'relay' FOR UPDATE"))
        yield


async def all_die(crew: Crew, place: Place, logs: set[str]) -> None:
    """SIGKILL all workers at once when all of these logs have something that is committed and not relayed."""
    await until(lambda: not_relayed(place), lambda waiting: waiting >= logs)
    for name in crew.pids:
        crew.services.kill(name)
    assert await not_relayed(place) >= logs


async def not_relayed(place: Place) -> set[str]:
    """The logs of processes with something that no relay has passed."""
    statement = """
        SELECT m.name FROM saga.module AS m JOIN saga.cursor AS c ON c.module = m.name AND c.consumer = 'relay'
        WHERE m.last_public_position > c.watermark
    """
    return {row.name for row in await rows(place.engine, statement)}


async def cursors_of_relays(place: Place) -> set[str]:
    found = await rows(place.engine, "SELECT module FROM saga.cursor WHERE consumer = 'relay'")
    return {row.module for row in found}


async def missing(place: Place, module: str, consumer: str) -> int:
    """How far a consumer's cursor is from the last public event of a log, which it takes in only without holes."""
    statement = """
        SELECT m.last_public_position - c.watermark AS missing FROM saga.module AS m
        JOIN saga.cursor AS c ON c.module = m.name AND c.consumer = :consumer WHERE m.name = :module
    """
    return int((await rows(place.engine, statement, module=module, consumer=consumer))[0].missing)


async def taken(place: Place, process: Process) -> int:
    """How many different messages a process has answered."""
    statement = "SELECT count(*) AS taken FROM saga.inbox WHERE consumer = :consumer"
    return int((await rows(place.engine, statement, consumer=process.name))[0].taken)


async def announced(place: Place, process: Process) -> dict[str, tuple[str, int, str]]:
    """Instance, revision and outcome of every announcement in the public log, by its id."""
    statement = """
        SELECT event_id, stream_id, CAST(data ->> 'revision' AS int) AS revision, data ->> 'outcome' AS outcome
        FROM saga.public_event WHERE module = :module
    """
    found = await rows(place.engine, statement, module=process.module)
    return {row.event_id: (row.stream_id, row.revision, row.outcome) for row in found}


async def assert_heard(place: Place, process: Process, start: str, readers: Sequence[Reader]) -> None:
    """Each client has received every announcement in the log; the last of each instance is its outcome."""
    outcomes = starting_with(await told_in_the_database(place.engine, process), start)
    in_log = await announced(place, process)
    revisions: defaultdict[str, list[int]] = defaultdict(list)
    for process_id, revision, _ in in_log.values():
        revisions[process_id].append(revision)
    assert {one: sorted(said) for one, said in revisions.items()} == {
        one: list(range(1, len(said) + 1)) for one, said in revisions.items()
    }
    assert {one: outcome for _, one, outcome in sorted((said[1], said[0], said[2]) for said in in_log.values())} == (
        outcomes
    )
    for reader in readers:
        received = await reader.received()
        assert {str(message.message_id) for message in received} == in_log.keys()
        assert believed(process, received) == outcomes


async def settled(place: Place, look: Callable[[], Awaitable[object]], wanted: object) -> None:
    await until(look, lambda seen: seen == wanted)
    await until(lambda: is_relayed(place.engine))


@pytest.mark.long
async def test_every_reader_believes_what_the_instances_are_after_deaths_between_commit_and_relay(
    place: Place, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    lanes, parcels = list(orders(chance)), list(every_way(chance))
    sent = merged([*lanes, *(some for _, _, some in parcels)], chance)
    of_orders = len({raw.headers["ce-id"] for lane in lanes for raw in lane})
    of_purchases = len({raw.headers["ce-id"] for raw in sent}) - of_orders
    piece = len(sent) // (DEATHS + 1) + 1
    async with AsyncExitStack() as stack:
        sending = await stack.enter_async_context(channel_at(place))
        channel = await stack.enter_async_context(declared(place, purchase, parcel))
        heard = {
            process.name: [
                await stack.enter_async_context(reading(place, process, channel, name)) for name in ("one", "other")
            ]
            for process in (ORDER, purchase)
        }
        crew = await stack.enter_async_context(crew_at(place, tmp_path, only_workers(2), environment=RUN))
        async with bad_way(place, f"{place.prefix}.{parcel.name}", chance) as way:
            await publish(sending, place, sent[:piece])
            await until(lambda: cursors_of_relays(place), lambda seen: seen >= {ORDER.module, purchase.module})
            for number in range(1, DEATHS + 1):
                async with relays_wait(place):
                    await publish(sending, place, sent[number * piece : (number + 1) * piece])
                    await all_die(crew, place, {ORDER.module, purchase.module})
                await crew.ready()
            await settled(place, lambda: taken(place, ORDER), of_orders)
            await settled(place, lambda: taken(place, purchase), of_purchases)
        wanted = {one: expected(*contents) for one, contents, _ in parcels if any(contents)}
        await settled(place, lambda: told_in_the_database(place.engine, parcel), wanted)
        await until(lambda: missing(place, purchase.module, parcel.name), lambda left: left == 0)
        assert await told_in_the_database(place.engine, parcel) == wanted
        await assert_heard(place, ORDER, "awaiting_payment", heard[ORDER.name])
        await assert_heard(place, purchase, "open", heard[purchase.name])
    assert len(crew.deaths) == 2 * DEATHS, crew.news
    assert set(way.fates) == {"lost", "doubled", "late"}
    assert await dead_letters(place.engine) == []
    assert await differing(place.engine) == {}
    assert await audited_differing(place.engine) == {}
