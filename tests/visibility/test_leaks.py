"""Nothing internal gets out: real services, each with rights of its own, and somebody who listens everywhere.

Modules append events at random, public ones and internal ones, and the services do their work and keep internal events
of their own. Whatever comes to any exchange, stands in any feed of another module or in a dead letter, or is logged, is
then searched for every type, id, field and value that the logs hold under an internal event and nowhere else.
"""

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.services import Program
from saga.modules import NewEvent, Visibility, append, read_public
from saga.modules.reader import read_commands
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.engine.conversation import execute, rows, value
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import is_relayed
from tests.rabbitmq.wire import channel_at, drain, placed, publish
from tests.system.crew import Crew, crew_at, everybody
from tests.visibility.brokers import Guarded, guarded
from tests.visibility.feeds import first_reading
from tests.visibility.logins import Logins
from tests.waiting import LIMIT_SECONDS, until

MARK = "zqj"
"""Begins everything that is internal in the test's own events; no id, type or password has these letters by chance."""

ORDERS = 40
MODULES = ("orders", "payments")
PROCESS = order_process()
DATABASE_GROUPS = {
    "worker": ("saga_worker", f"saga_module_{PROCESS.module}"),
    "scheduler": ("saga_scheduler",),
    "gateway-stub": ("saga_collaborator_gateway", "saga_collaborator_fulfilment", "saga_module_payments"),
}
OWN_INTERNAL_TYPES = {"InputTaken", "InputIgnored", "PaymentVoided"}


@dataclass
class Reported:
    """What the test appended: ids of what is public, and how much was internal."""

    public: set[str] = field(default_factory=set)
    internal: int = 0


@pytest.fixture
async def broker(engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str) -> AsyncIterator[Guarded]:
    async with guarded(Place(engine, amqp_url, management_url, prefix)) as broker:
        yield broker


async def programs(logs: Path, logins: Logins, broker: Guarded) -> list[Program]:
    """One of each service, with a login and a user of its own."""
    made = []
    for program in everybody(logs, workers=1, schedulers=1):
        service = program.name.rstrip("-0123456789")
        database_url = await logins.url(*DATABASE_GROUPS[service])
        if service == "gateway-stub":
            await logins.may_create_schemas(database_url)
        own = {"SAGA_DATABASE_URL": database_url}
        if service != "scheduler":
            own["SAGA_AMQP_URL"] = broker.seen_by(service).amqp_url
        made.append(Program(program.name, program.argv, {**program.environment, **own}))
    return made


def told_of(chance: random.Random, module: str, number: int, told: Reported) -> Iterator[NewEvent]:
    """What happens to an order in one module: some of it public, the rest for the module alone, in any order."""
    order = f"o-{number}"
    placed_with: dict[str, object] = {
        "amount": 4_200,
        "currency": "EUR",
        "payment_timeout_seconds": chance.choice([1, 5]),
    }
    public = {"orders": ["OrderPlaced", "OrderPacked"], "payments": ["PaymentReconciled"]}[module]
    if module == "orders" and chance.random() < 0.5:
        public.append("OrderCancelled")
    happened: list[NewEvent] = [
        NewEvent(order, kind, f"public-{module}-{kind}-{number}", {"order_id": order, **placed_with}) for kind in public
    ]
    told.public |= {event.event_id for event in happened}
    for part in range(chance.randrange(4)):
        name = f"{MARK}-{module}-{number}-{part}"
        stream = chance.choice([order, f"{name}-stream"])
        metadata = {"correlationid": f"{name}-correlation", "causationid": f"{name}-cause", f"{name}-note": name}
        data = {"order_id": order, f"{name}-field": f"{name}-value", f"{name}-nested": [{f"{name}-inner": name}]}
        event = NewEvent(stream, f"{name}-Scored", name, data, Visibility.INTERNAL, metadata=metadata)
        happened.insert(chance.randrange(len(happened) + 1), event)
        told.internal += 1
    yield from happened


async def append_at_random(chance: random.Random, logins: Logins) -> Reported:
    """Every module's service appends with a login of its own, in transactions that are as large as chance has it."""
    told = Reported()
    for module in MODULES:
        engine = await logins.engine(f"saga_module_{module}")
        events = [event for number in range(ORDERS) for event in told_of(chance, module, number, told)]
        while events:
            size = chance.randrange(1, 12)
            async with durable_transaction(engine) as connection:
                await append(connection, module, events[:size])
            events = events[size:]
    return told


async def send_what_will_be_a_dead_letter(place: Place) -> None:
    """Messages that are not understood, or claim the position of an internal event."""
    statement = "SELECT min(position) FROM saga.event_log WHERE module = 'orders' AND visibility = 'internal'"
    position = await value(place.engine, statement)
    claim = placed("o-claims")
    claim.headers.update({"ce-sequence": str(position), "ce-previoussequence": str(position - 1)})  # type: ignore[attr-defined]
    async with channel_at(place) as channel:
        await publish(channel, place, [placed("o-1", amount=-1), claim])


async def listen_everywhere(place: Place) -> str:
    """A queue that gets whatever comes to any exchange."""
    async with channel_at(place) as channel:
        queue = await channel.declare_queue(f"{place.prefix}.everything", durable=True)
        for exchange in (place.topology.events, place.topology.commands, place.topology.undelivered):
            await queue.bind(exchange, "#")
        return queue.name


async def let_the_broker_give_up(place: Place) -> None:
    """Reject a message of each queue, as the broker itself does after too many attempts."""
    async with channel_at(place) as channel:
        await publish(channel, place, [placed("o-given-up")])
        await (await (await channel.get_queue(place.order_queue)).get(timeout=LIMIT_SECONDS)).reject(requeue=False)


async def at_rest(place: Place) -> bool:
    """Whether every order has its outcome, and everything was sent and consumed."""
    waiting = await value(
        place.engine,
        """
        SELECT count(*) FILTER (WHERE outcome = 'awaiting_payment') + abs(:orders - count(*)) FROM saga.instance
        WHERE process_id ~ '^o-[0-9]+$'
        """,
        orders=ORDERS,
    )
    letters = await value(place.engine, "SELECT count(*) FROM saga.dead_letter")
    return waiting == 0 and letters >= 3 and await is_relayed(place.engine)


async def disturb(engine: AsyncEngine) -> None:
    """End the services' database connections, so that they have something to complain of."""
    await execute(engine, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'login\\_%'")


async def what_left(place: Place, queue: str) -> list[str]:
    """Everything that came to any exchange, with all that was said around it."""
    return [
        repr((m.routing_key, m.headers, m.message_id, m.correlation_id, m.type, m.body))
        for m in await drain(place, queue)
    ]


async def what_feeds_say(logins: Logins) -> list[str]:
    """Everything that readers and collaborators get: through our functions, and straight from the views."""
    reader = await logins.engine("saga_reader")
    modules = [name for (name,) in await rows(reader, "SELECT name FROM saga.public_module")]
    assert set(modules) == {*MODULES, "scheduler", PROCESS.module}
    found: list[object] = []
    for module in modules:
        async with reader.connect() as connection:
            found += (await read_public(connection, module, 0, limit=10_000)).entries
        if module != PROCESS.module:
            found += (await first_reading(reader, module)).entries
    found += await rows(reader, "SELECT * FROM saga.public_event")
    for name in PROCESS.collaborators:
        collaborator = await logins.engine(f"saga_collaborator_{name}")
        async with collaborator.connect() as connection:
            found += (await read_commands(connection, PROCESS.module, name, 0, limit=10_000)).entries
        found += await rows(collaborator, "SELECT * FROM saga.command")
    found += await rows(await logins.engine("saga_relay"), "SELECT * FROM saga.outgoing")
    return [repr(one) for one in found]


async def what_was_kept_elsewhere(engine: AsyncEngine) -> list[str]:
    """Dead letters, and what the collaborators keep of what they got."""
    tables = ("saga.dead_letter", "gateway.command", "gateway.rejected", "fulfilment.command", "fulfilment.rejected")
    return [repr(row) for table in tables for row in await rows(engine, f"SELECT t, CAST(t AS text) FROM {table} AS t")]


def what_was_logged(crew: Crew) -> list[str]:
    return [line for path in crew.services.logs.values() for line in path.read_text().splitlines()]


async def secrets_of(engine: AsyncEngine) -> set[str]:
    """Ids and types of internal events, the test's own mark, and a field that only the process's records have."""
    statement = "SELECT event_id, type FROM saga.event_log WHERE visibility = 'internal' AND target IS NULL"
    internal = await rows(engine, statement)
    assert {kind for _, kind in internal} >= OWN_INTERNAL_TYPES
    return {text for row in internal for text in row} | {MARK, '"decision"'}


def leaks(secrets: set[str], said: Sequence[str]) -> list[str]:
    return [f"{secret} in {text:.300}" for text in said for secret in secrets if secret in text]


async def test_nothing_internal_is_published_read_kept_or_logged(
    engine: AsyncEngine, logins: Logins, broker: Guarded, tmp_path: Path, seed: int
) -> None:
    chance, place = random.Random(seed), broker.place
    everything = await listen_everywhere(place)
    await let_the_broker_give_up(place)
    async with crew_at(place, tmp_path, await programs(tmp_path, logins, broker)) as crew:
        told = await append_at_random(chance, logins)
        await disturb(engine)
        await send_what_will_be_a_dead_letter(place)
        await until(lambda: at_rest(place))
        logged = what_was_logged(crew)
    secrets = await secrets_of(engine)
    said = {
        "wire": await what_left(place, everything),
        "feeds": await what_feeds_say(logins),
        "kept": await what_was_kept_elsewhere(engine),
        "logged": logged,
    }
    for where, texts in said.items():
        assert leaks(secrets, texts) == [], where
    assert told.internal > 50
    for where in ("wire", "feeds"):
        unseen = {name for name in told.public if not any(f"'{name}'" in text for text in said[where])}
        assert unseen == set(), f"the search of the {where} would have found nothing"
    assert any(orjson.loads(line)["event"] in {"starting_over", "retrying_batch"} for line in logged)
    assert any(orjson.loads(line)["event"] == "dead_letters" for line in logged)
