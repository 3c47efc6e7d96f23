"""The topology, as one value: which exchanges and queues there are, and who hears what.

Queues are quorum queues, also on a single node. A delivery limit and a dead-letter exchange are always set: brokers
differ in their defaults, and without them a message that no client can decode is either given out for ever or dropped.
Attempts are counted in Postgres, so the limit is far above anything that restarts of workers reach.

The worker declares all of it, also the queues of its collaborators, so that commands wait there for one that is not
deployed yet. Everybody else needs no right to declare anything: who only uses a part of it looks whether that part is
there, and starts over until the worker has declared it.
"""

from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, ExchangeType

from saga.core import Process

DELIVERY_LIMIT = 200
UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue, and the routing keys by which it hears each exchange."""

    name: str
    bindings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that is declared on the broker; topic exchanges, durable.

    What ``is_ours`` we declare; else somebody else does, and we wait for it.
    """

    prefix: str
    queues: tuple[Queue, ...]
    is_ours: bool = True

    @property
    def events(self) -> str:
        """The exchange of public events."""
        return f"{self.prefix}.events"

    @property
    def commands(self) -> str:
        """The exchange of commands."""
        return f"{self.prefix}.commands"

    @property
    def undelivered(self) -> str:
        """The exchange, and its queue, for what the broker gave out too often without an answer."""
        return self.queue(UNDELIVERED)

    def queue(self, name: str) -> str:
        """The full name of the queue of a process or collaborator."""
        return f"{self.prefix}.{name}"

    def used(self, *names: str) -> "Topology":
        """What a service uses and does not declare: the exchanges, and the queues of these names."""
        wanted = {self.queue(name) for name in names}
        return Topology(self.prefix, tuple(queue for queue in self.queues if queue.name in wanted), is_ours=False)


def topology(prefix: str, *processes: Process) -> Topology:
    """The topology that processes and their collaborators need; a queue that several need stands there once."""
    queues = [queue for process in processes for queue in _queues(prefix, process)]
    return Topology(prefix, tuple(dict.fromkeys(queues)))


def _queues(prefix: str, process: Process) -> tuple[Queue, ...]:
    heard = tuple(
        (f"{prefix}.events", f"{module}.{kind.__name__}") for module, kinds in process.inputs.items() for kind in kinds
    )
    collaborators = tuple(
        Queue(f"{prefix}.{name}", ((f"{prefix}.commands", f"{name}.*"),)) for name in process.collaborators
    )
    return (Queue(f"{prefix}.{process.name}", heard), *collaborators)


async def declare(channel: AbstractChannel, wanted: Topology) -> None:
    """Declare everything; what exists with the same settings stays as it is.

    What is not ours is only looked for, and that takes no rights. Raises ChannelNotFoundEntity while it is not there.
    """
    if not wanted.is_ours:
        await _look_for(channel, wanted)
        return
    for name in (wanted.events, wanted.commands):
        await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(wanted.undelivered, ExchangeType.FANOUT, durable=True)
    dead = await channel.declare_queue(wanted.undelivered, durable=True, arguments={"x-queue-type": "quorum"})
    await dead.bind(wanted.undelivered)
    for queue in wanted.queues:
        declared = await channel.declare_queue(
            queue.name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": wanted.undelivered,
            },
        )
        for exchange, routing_key in queue.bindings:
            await declared.bind(exchange, routing_key)


async def _look_for(channel: AbstractChannel, wanted: Topology) -> None:
    for name in (wanted.events, wanted.commands):
        await channel.get_exchange(name, ensure=True)
    for queue in wanted.queues:
        await channel.get_queue(queue.name, ensure=True)
