"""The topology, as one value: the exchanges, the queues and their bindings.

Queues are quorum queues, also on a single node. Queues of processes and collaborators have a dead-letter exchange. All
have a delivery limit that no message reaches: brokers count a delivery whenever a worker dies, and that is no evidence
against its messages. Without a limit RabbitMQ 4 uses 20, and 3.10 does not accept a negative number for no limit. A
queue that an earlier version declared with a lower limit is used unchanged: no broker changes the arguments of a queue,
and a policy can only lower them.

The worker declares all of it, also the queues of its collaborators, so that commands wait there for a collaborator that
is not deployed yet. Other services need no right to declare anything: they check whether their part exists, and start
over until the worker has declared it.
"""

from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, ExchangeType
from aio_pika.exceptions import ChannelPreconditionFailed
from pamqp.common import FieldTable

from saga.core import Process
from saga.core.routing import routing_key

DELIVERY_LIMIT = 2**31 - 1
FORMER_LIMIT = 200
UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue, and its bindings, each an exchange and a routing key."""

    name: str
    bindings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """All that is declared on the broker; exchanges are topic exchanges, and durable.

    If it ``is_ours``, we declare it; otherwise another service does, and we wait for it.
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
        """The exchange, and its queue, for messages that the broker dead-lettered."""
        return self.queue(UNDELIVERED)

    def queue(self, name: str) -> str:
        """The full name of the queue of a process or collaborator."""
        return f"{self.prefix}.{name}"


def topology(prefix: str, *processes: Process) -> Topology:
    """The topology that processes and their collaborators need; a shared queue is in it once."""
    queues = [queue for process in processes for queue in _queues(prefix, process)]
    return Topology(prefix, tuple(dict.fromkeys(queues)))


def command_queues(prefix: str, *collaborators: str) -> Topology:
    """What collaborators use but do not declare: the exchanges, and the queue of each; without names, the exchanges."""
    return Topology(prefix, tuple(_command_queue(prefix, name) for name in collaborators), is_ours=False)


def _queues(prefix: str, process: Process) -> tuple[Queue, ...]:
    consumed = [(module, kind.__name__) for module, kinds in process.inputs.items() for kind in kinds]
    bindings = tuple((f"{prefix}.events", routing_key(module, type_)) for module, type_ in consumed)
    collaborators = (_command_queue(prefix, name) for name in process.collaborators)
    return (Queue(f"{prefix}.{process.name}", bindings), *collaborators)


def _command_queue(prefix: str, collaborator: str) -> Queue:
    return Queue(f"{prefix}.{collaborator}", ((f"{prefix}.commands", f"{collaborator}.*"),))


async def declare(channel: AbstractChannel, wanted: Topology) -> None:
    """Declare everything; queues and exchanges with the same settings, or those of an earlier version, stay unchanged.

    A topology that is not ours is only looked up, which needs no rights. Raises ChannelNotFoundEntity if it is missing.
    """
    if not wanted.is_ours:
        await look_for(channel, wanted)
        return
    for name in (wanted.events, wanted.commands):
        await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(wanted.undelivered, ExchangeType.FANOUT, durable=True)
    quorum: FieldTable = {"x-queue-type": "quorum"}
    unlimited: FieldTable = quorum | {"x-delivery-limit": DELIVERY_LIMIT}
    kept: FieldTable = {"x-dead-letter-exchange": wanted.undelivered}
    await _declare_queue(channel, wanted.undelivered, unlimited, formerly=quorum)
    for queue in wanted.queues:
        await _declare_queue(
            channel, queue.name, unlimited | kept, formerly=quorum | kept | {"x-delivery-limit": FORMER_LIMIT}
        )
    await bind(channel, wanted)


async def bind(channel: AbstractChannel, wanted: Topology) -> None:
    """Make the bindings of every queue; the queues have to exist."""
    given_up = Queue(wanted.undelivered, ((wanted.undelivered, wanted.undelivered),))
    for queue in (given_up, *wanted.queues):
        bound = await channel.get_queue(queue.name, ensure=False)
        for exchange, key in queue.bindings:
            await bound.bind(exchange, key)


async def look_for(channel: AbstractChannel, wanted: Topology) -> None:
    """Raise ChannelNotFoundEntity unless all exchanges and queues exist."""
    own = [wanted.undelivered] if wanted.is_ours else []
    for name in (wanted.events, wanted.commands, *own):
        await channel.get_exchange(name, ensure=True)
    for name in (*own, *(queue.name for queue in wanted.queues)):
        await channel.get_queue(name, ensure=True)


async def _declare_queue(channel: AbstractChannel, name: str, arguments: FieldTable, *, formerly: FieldTable) -> None:
    """Declare a queue, or accept one that an earlier version declared; a refusal closes the channel, so reopen it."""
    try:
        await channel.declare_queue(name, durable=True, arguments=arguments)
    except ChannelPreconditionFailed:
        await channel.reopen()
        await channel.declare_queue(name, durable=True, arguments=formerly)
