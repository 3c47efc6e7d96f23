"""Several processes at one broker and in one database, and what they came to there."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.convergence.configuration import EndState, frozen
from saga.convergence.enumeration import run_history
from saga.core import Command, Effect, Fact, Process
from saga.core.routing import routing_key
from saga.engine.intake import AdmittedMessage, admit
from saga.messages import Envelope, Raw
from saga.messages.cloudevents import decode
from saga.rabbitmq.topology import declare, topology
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import rows
from tests.rabbitmq.wire import drain


@dataclass(frozen=True)
class History:
    """What is sent about one instance of a process, in this order, duplicates included."""

    process: Process
    process_id: str
    messages: tuple[Raw, ...]

    @property
    def facts(self) -> list[Fact]:
        """The distinct facts, in an order that has nothing to do with that of sending."""
        distinct = {raw.routing_key.encode() + raw.body: raw for raw in self.messages}
        return [fact_of(self.process, distinct[said]) for said in sorted(distinct)]

    def __str__(self) -> str:
        return f"{self.process_id}: {' -> '.join(raw.routing_key for raw in self.messages)}"


def event(process: Process, fact: Fact, process_id: str) -> Raw:
    """The fact as a CloudEvent, as the module that owns it would send it about this instance."""
    (module,) = [module for module, kinds in process.inputs.items() if fact.kind in kinds]
    kind = fact.kind.__name__
    said = {"specversion": "1.0", "id": str(uuid4()), "source": f"/modules/{module}", "type": kind}
    return Raw(
        body=orjson.dumps({**fact.fields, process.correlate: process_id}),
        routing_key=routing_key(module, kind),
        content_type="application/json",
        headers={f"ce-{name}": value for name, value in said.items()},
    )


def fact_of(process: Process, raw: Raw) -> Fact:
    """What the engine understands."""
    envelope = decode(raw)
    assert isinstance(envelope, Envelope)
    admitted = admit(process, envelope)
    assert isinstance(admitted, AdmittedMessage)
    return admitted.fact


def shuffled(
    process: Process, samples: Sequence[Fact], chance: random.Random, *, sets: int, orders: int
) -> Iterator[History]:
    """So many sets of the samples, each in so many orders, with every fact up to three times.

    What comes again is the same message, or the same fact in a message of its own.
    """
    for number in range(sets):
        chosen = chance.sample(samples, chance.randint(1, len(samples)))
        for order in range(orders):
            process_id = f"{process.name}-{number}-{order}"
            once = [event(process, fact, process_id) for fact in chosen]
            again = [under_another_id(raw) if chance.random() < 0.5 else raw for raw in once if chance.random() < 0.3]
            more = [raw for raw in again if chance.random() < 0.3]
            messages = [*once, *again, *more]
            yield History(process, process_id, tuple(chance.sample(messages, len(messages))))


def under_another_id(raw: Raw) -> Raw:
    return replace(raw, headers={**raw.headers, "ce-id": str(uuid4())})


@asynccontextmanager
async def declared(place: Place, *processes: Process) -> AsyncIterator[AbstractChannel]:
    """A channel, with the queues of these processes for as long as the block lasts."""
    wanted = [topology(place.prefix, process) for process in processes]
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel(on_return_raises=True)
        for one in wanted:
            await declare(channel, one)
        try:
            yield channel
        finally:
            for one in wanted:
                for queue in one.queues:
                    await channel.queue_delete(queue.name)


async def told_in_the_database(engine: AsyncEngine, process: Process) -> dict[str, str]:
    """The outcome of every instance."""
    statement = "SELECT process_id, outcome FROM saga.instance WHERE process = :process"
    return {row.process_id: row.outcome for row in await rows(engine, statement, process=process.name)}


async def told_to_collaborators(place: Place, *processes: Process) -> dict[tuple[str, str], frozenset[object]]:
    """For each instance the net effects: of all commands for one effect the one with the greatest revision holds."""
    queues = {queue for process in processes for queue in process.collaborators}
    taken = [message for queue in sorted(queues) for message in await drain(place, f"{place.prefix}.{queue}")]
    return {
        (process.name, process_id): frozenset(effects)
        for process in processes
        for process_id, effects in _latest(process, taken).items()
    }


def _latest(process: Process, taken: Sequence[AbstractIncomingMessage]) -> dict[str, list[object]]:
    latest: defaultdict[str, dict[str, Command]] = defaultdict(dict)
    for message in taken:
        if message.headers["ce-source"] != f"/modules/{process.module}":
            continue
        said = orjson.loads(message.body)
        process_id, effect, revision = said.pop(process.correlate), said.pop("effect"), said.pop("revision")
        command = Command(str(message.type), "", effect, revision, said)
        known = latest[process_id].get(effect)
        assert known is None or known.revision != revision or known == command, f"{effect} of {process_id}: {revision}"
        if known is None or known.revision < revision:
            latest[process_id][effect] = command
    effects = {effect.name: effect for effect in process.effects if isinstance(effect, Effect)}
    return {
        process_id: [
            (name, condition, frozen(command.fields))
            for name, command in commands.items()
            for condition in _conditions(effects[name.partition("/")[0]], command)
        ]
        for process_id, commands in latest.items()
    }


def _conditions(effect: Effect, command: Command) -> Iterator[str]:
    """The condition that a command brings about, unless that is how things were from the beginning."""
    for condition, sends in effect.commands.items():
        if sends.type == command.type and condition is not effect.initially:
            yield condition.value


async def diverged(
    place: Place,
    histories: Sequence[History],
    facts: Callable[[History], Sequence[Fact]] = lambda history: history.facts,
) -> list[str]:
    """Each history that did not come to the checker's end state for the set of its facts, by outcome or net effects."""
    processes = list({history.process.name: history.process for history in histories}.values())
    outcomes = {process.name: await told_in_the_database(place.engine, process) for process in processes}
    effects = await told_to_collaborators(place, *processes)
    assert any(effects.values()), "no command came to any collaborator"
    differing = []
    for history in histories:
        name = history.process.name
        expected: EndState = run_history(history.process, facts(history)).end_state
        outcome = outcomes[name].get(history.process_id)
        net = effects.get((name, history.process_id), frozenset())
        if (outcome, net) != (expected.outcome.value, expected.effects):
            differing.append(f"{history}: {outcome} {sorted(map(str, net))} instead of {expected}")
    return differing
