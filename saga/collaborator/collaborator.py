"""A collaborator: receives the commands of processes, and passes each command that holds to the handler of its type.

The problem: commands come more than once, overtake each other, and come together with messages that are no commands.
A command moves money or goods, so its effect must happen once, and an older command must not undo a newer one.

The model: a batch of messages is one durable transaction. First it inserts each command by its id: for a known id it
only counts the delivery. Among the new commands, the one with the greatest revision holds for each (instance, effect);
all others are superseded and have no effect, in whatever order they come. The handlers of the commands that hold then
work on the same connection: their rows, the answers that they append to a module's log and the command's result commit
together. Last, messages that could not be carried out are kept unchanged, with the reason. The batch is acknowledged
after the commit.

Every batch takes its locks in the same order, level by level and by key within a level: commands, effects, what the
handlers lock (in the order of the effects), rejected messages, and at the commit the rows of the modules. So replicas
wait for each other, but not in a circle as long as the handlers keep to that order.

The failures: a message that PostgreSQL refuses does not hold up the others: the batch is halved until the message is
alone, and it is rejected. If a handler raises Unavailable, nothing is committed, and the batch comes again. Any other
exception of a handler is a bug and ends ``run``: rejecting the command would lose it before a person has looked at it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.collaborator.commands import Command, Commands, Refusal, newest
from saga.collaborator.inbox import Inbox
from saga.collaborator.spans import CommandSpans
from saga.collaborator.tables import OwnStatements, create_tables
from saga.core import DeclarationError
from saga.engine.halving import halved
from saga.engine.intake import poison
from saga.feeds.command_feed import CommandFeed
from saga.messages import Envelope, Poison
from saga.postgres import again_after_lost_races, durable_transaction
from saga.rabbitmq.admission import Commands as Admission
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.topology import command_queues
from saga.service import look_first

HANDLED: Final = "handled"
SUPERSEDED: Final = "superseded"
REFUSED: Final = "refused"
"""Results that the collaborator writes itself; handlers may return words of their own."""

BATCH_SIZE: Final = 200
POLL_SECONDS: Final = 0.1

Result = str | Refusal | None
"""The result of a command, a word of the handler's choice; None stands for ``handled``."""

CommandHandler = Callable[[Command[Any], AsyncConnection], Awaitable[Result]]
"""Carries a command out within the transaction of the connection."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,44}")
_NAMES_OF_OTHERS = ("saga", "pg_")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,44}")
_OTHER_COLUMNS = frozenset(
    "command_id effect type revision body metadata digest result deliveries received_at last_received_at".split()
)


async def _at_once() -> None:
    """Begin the batch without waiting."""


class Collaborator:
    """A collaborator, declared by its name and a handler for each type of command.

        async def send_receipt(command: Command[SendReceipt], connection: AsyncConnection) -> None:
            await connection.execute(INSERT_MAIL, {"order_id": command.data.order_id})
            MAILS.append(connection, [ReceiptQueued(order_id=command.data.order_id)], **command.cause)

        mailer = Collaborator("mailer", instance="order_id", handlers={SendReceipt: send_receipt})
        await mailer.run(stop, engine=engine, broker=amqp_url)

    ``name`` is the name in the processes (``Effect(collaborator=...)``): small letters, digits, _ and -, at most 45,
    not beginning with saga or pg_. It is also the schema of the tables.
    ``instance`` is the field of every command that names its instance, like the process's ``correlate``.
    ``handlers`` maps each command's class, a pydantic model or a dataclass, to the coroutine that carries it out; the
    class is named after the command and declares the fields that the handler needs. A handler gets the command and the
    connection of the transaction. It returns a word for the result, None, or a Refusal. It must neither commit nor wait
    for another system: PostgreSQL ends a transaction that is idle for 10 s. For longer work, write a row; a loop of its
    own does the work, with the command's id as idempotency key.

    ``before_batch`` is awaited before each batch. It may wait, or raise Unavailable so that the batch comes again.

    Any number of replicas may run, in any number of processes. Raises DeclarationError for an invalid declaration.
    """

    def __init__(
        self,
        name: str,
        *,
        instance: str,
        handlers: Mapping[type, CommandHandler],
        before_batch: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        if not _NAME.fullmatch(name) or name.startswith(_NAMES_OF_OTHERS):
            raise DeclarationError(
                f"collaborator {name!r}: a name is small letters, digits, _ and -, at most 45 of them, and begins with"
                " neither saga nor pg_"
            )
        if not _FIELD.fullmatch(instance) or instance in _OTHER_COLUMNS:
            raise DeclarationError(f"collaborator {name}: {instance!r} can't name instances: take another field")
        self.name: Final = name
        self._handlers = {command_type.__name__: handler for command_type, handler in handlers.items()}
        self._commands = Commands(name, instance, tuple(handlers))
        self._statements = OwnStatements(name, instance)
        self._inbox = Inbox(self._statements)
        self._before_batch = before_batch

    async def create_tables(self, engine: AsyncEngine) -> None:
        """Create the tables ``command``, ``effect`` and ``rejected`` in the schema of the collaborator's name.

        Existing tables stay unchanged, and if all exist, no right to create is needed. Any number of callers may do
        this at once. ``run`` does this first. Raises Unavailable.
        """
        await again_after_lost_races()(create_tables, engine, self._statements)

    async def handle(self, engine: AsyncEngine, messages: Sequence[Envelope | Poison]) -> None:
        """Handle a batch in one durable transaction; after this returns, the batch may be acknowledged.

        Raises Unavailable or LostRace when the same call should be made again, and any exception of a handler.
        """
        await self._before_batch()
        await halved(partial(self._handle, engine), partial(self._park, engine), messages)

    async def run(
        self,
        stop: asyncio.Event,
        *,
        engine: AsyncEngine,
        broker: str | None = None,
        logs: AsyncEngine | None = None,
        ready: asyncio.Event | None = None,
        prefix: str = "saga",
        batch_size: int = BATCH_SIZE,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """Handle commands until ``stop`` is set, through every loss of the servers.

        ``engine`` is the database of the collaborator's tables and of the modules whose logs hold its answers, with the
        schema of `saga migrate`. ``broker`` is the AMQP URL of a broker where a worker has declared the queue. ``logs``
        is the database with the logs of the processes; without a broker the default is ``engine``. With both, commands
        come both ways, and each is handled once. Following logs takes one connection more than the batches: if ``logs``
        is ``engine``, its pool needs at least three.

        ``ready`` is set once commands can come. ``prefix`` is SAGA_PREFIX of the workers. A transaction has at most
        ``batch_size`` messages; the logs are polled every ``poll_seconds``.

        Raises CannotStart, with a sentence that says what to do, if the tables do not exist and can't be created; and,
        in an ExceptionGroup, the exception of a handler.
        """
        if not await look_first(stop, partial(self.create_tables, engine)):
            return
        handle = partial(self.handle, engine)
        feeds: list[Consumer | CommandFeed] = []
        if broker is not None:
            queues, admitted = command_queues(prefix, self.name), Admission(self.name, prefix)
            feeds.append(Consumer(broker, queues, self.name, handle, batch_size, judge=admitted))
        if broker is None or logs is not None:
            followed = engine if logs is None else logs
            feeds.append(CommandFeed(followed, self.name, handle, batch_size, prefix=prefix, poll_seconds=poll_seconds))
        feeding = [asyncio.Event() for _ in feeds]
        async with asyncio.TaskGroup() as loops:
            running = [loops.create_task(feed.run(stop, one)) for feed, one in zip(feeds, feeding, strict=True)]
            waiting = loops.create_task(_set_when_all(feeding, ready or asyncio.Event()))
            await asyncio.wait(running)
            waiting.cancel()

    async def _handle(self, engine: AsyncEngine, messages: Sequence[Envelope | Poison]) -> None:
        """Handle messages in one transaction, all or nothing."""
        spans = CommandSpans(self.name, self._handlers)
        commands, rejected = self._commands.read(spans.enter(messages))
        async with durable_transaction(engine) as connection:
            found = await self._inbox.deduplicate(connection, commands)
            holding = await self._inbox.hold(connection, newest(found.fresh))
            results = {command.id: SUPERSEDED for command in found.fresh}
            for command in holding:
                result = await self._handlers[command.type](command, connection)
                if isinstance(result, Refusal):
                    rejected.append(poison(command.envelope, result.reason))
                    result = REFUSED
                results[command.id] = HANDLED if result is None else result
            await self._inbox.write_results(connection, results)
            rejected += found.contradicting
            await self._inbox.reject(connection, rejected)
        spans.end(commands, results, rejected)

    async def _park(self, engine: AsyncEngine, message: Envelope | Poison, reason: str) -> None:
        """Keep a message that PostgreSQL refuses as rejected, in a transaction of its own."""
        spans = CommandSpans(self.name, self._handlers)
        rejected = message if isinstance(message, Poison) else poison(message, reason)
        async with durable_transaction(engine) as connection:
            await self._inbox.reject(connection, [rejected])
        spans.end((), {}, [rejected])


async def _set_when_all(events: Sequence[asyncio.Event], ready: asyncio.Event) -> None:
    for event in events:
        await event.wait()
    ready.set()
