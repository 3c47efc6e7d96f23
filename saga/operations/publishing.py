"""Publishing: one message as a module would send it, to the broker or, where there is none, into the log of its module.

The data of a message are never invented: an error names the fields that are missing, and those its class does not know.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import Enum
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.core.routing import routing_key
from saga.messages import Poison, Raw
from saga.messages.cloudevents import decode
from saga.messages.facts import missing_fields, unknown_fields
from saga.messages.strict_json import NotStrictJson
from saga.modules import NewEvent, append
from saga.modules.outgoing import Outgoing
from saga.modules.payload import require_readable
from saga.operations.errors import OperationFailed
from saga.postgres import durable_transaction
from saga.rabbitmq.connection import broker_errors
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology


class Form(Enum):
    """The form of a message: a CloudEvent in one of its two modes, or a plain message."""

    BINARY = "binary"
    STRUCTURED = "structured"
    PLAIN = "plain"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to send, about the instance ``process_id``, as the module ``module`` would.

    By default the ``id`` is a new UUID, the ``time`` (ISO 8601) is now, and ``source`` and ``routing_key`` are those of
    the module. A ``raw_body`` is sent in place of the data. ``sequence`` and ``previous_sequence`` are positions in the
    module's log: of this event, and of the public one before it.

    >>> from saga.operations import NewMessage
    >>> message = NewMessage("Solved", "t-1", "desk", {"ticket_id": "t-1"}, id="m-1")
    >>> message.source, message.routing_key
    ('/modules/desk', 'desk.Solved')
    """

    type: str
    process_id: str
    module: str
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid4()))
    source: str = ""
    time: str = field(default_factory=_now)
    routing_key: str = ""
    form: Form = Form.BINARY
    raw_body: bytes | None = None
    sequence: int | None = None
    previous_sequence: int | None = None
    correlation_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", self.source or f"/modules/{self.module}")
        object.__setattr__(self, "routing_key", self.routing_key or routing_key(self.module, self.type))


@dataclass(frozen=True, slots=True)
class Published:
    """A message as it was sent: its ``body``, and the exchange that it went to.

    A message that was appended to a log has no exchange, but ``positions``: one for each copy.
    """

    message: NewMessage
    body: bytes
    exchange: str | None = None
    positions: tuple[int, ...] = ()


class MissingFields(OperationFailed):
    """The data lacks ``fields`` that the message class needs."""

    def __init__(self, type_: str, fields: Sequence[str]) -> None:
        super().__init__(f"{type_} needs {', '.join(fields)}")
        self.fields = tuple(fields)


class UnknownFields(OperationFailed):
    """The data has ``fields`` that the message class does not know."""

    def __init__(self, type_: str, fields: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(f"{type_} has no {', '.join(_with_likely(one, known) for one in fields)}")
        self.fields = tuple(fields)


class NoConsumer(OperationFailed):
    """No process consumes such a message, or no queue takes it: nothing was sent."""


class NotLoggable(OperationFailed):
    """A log can't hold the message: nothing was appended."""


async def publish(
    broker: str,
    processes: Sequence[Process],
    message: NewMessage,
    *,
    prefix: str = "saga",
    copies: int = 1,
    allow_unknown: bool = False,
    timeout_seconds: float = 10.0,
) -> Published:
    """Send a message to the broker at this AMQP URL, ``copies`` times with the same id.

    Declares the queues of ``processes`` first. ``prefix`` is that of the exchanges. Waits up to ``timeout_seconds`` for
    each confirm.

    The names of the fields are compared with the message class, their values are not. Raises MissingFields, and
    UnknownFields unless ``allow_unknown``, with nothing sent; NoConsumer if no queue takes it; Unavailable, when some
    copies may have been sent.
    """
    _require_fields(_consumer_of(processes, message), message, allow_unknown=allow_unknown)
    sent = outgoing(message, prefix)
    with broker_errors(broker):
        async with Publisher(broker, topology(prefix, *processes), timeout_seconds) as publisher:
            for _ in range(copies):  # one after the other: two of one id must never be under way on one channel
                if await publisher.publish([sent]):
                    raise NoConsumer(f"no queue takes {sent.routing_key}")
    return Published(message, sent.body, sent.exchange)


async def append_message(
    engine: AsyncEngine,
    processes: Sequence[Process],
    message: NewMessage,
    *,
    copies: int = 1,
    allow_unknown: bool = False,
) -> Published:
    """Append a message to the log of its module, ``copies`` times, where the processes pull it from.

    Raises MissingFields and UnknownFields as ``publish`` does, NoConsumer if none of the processes consumes it,
    NotLoggable if a log can't hold it, Unavailable or LostRace; nothing is appended then.
    """
    process = _consumer_of(processes, message)
    _require_fields(process, message, allow_unknown=allow_unknown)
    _require_loggable(process, message)
    positions = await append_messages(engine, [message] * copies)
    return Published(message, json.dumps(message.data).encode(), positions=tuple(positions))


def _consumer_of(processes: Sequence[Process], message: NewMessage) -> Process:
    """The process that declares the message: one that consumes it from its module, else one that knows the type."""
    for process in processes:
        if message.type in {kind.__name__ for kind in process.inputs.get(message.module, ())}:
            return process
    return next((process for process in processes if message.type in process.message_types), processes[0])


def _require_fields(process: Process, message: NewMessage, *, allow_unknown: bool) -> None:
    """Raise MissingFields or UnknownFields where the data is not what the message class declares."""
    kind = process.message_types.get(message.type)
    if kind is None or message.raw_body is not None:
        return
    unknown, known = unknown_fields(kind, message.data)
    if unknown and not allow_unknown:
        raise UnknownFields(message.type, unknown, known)
    if missing := missing_fields(kind, message.data):
        raise MissingFields(message.type, missing)


async def append_messages(engine: AsyncEngine, messages: Sequence[NewMessage]) -> list[int]:
    """Append messages to the logs of their modules, in one transaction; the position of each.

    They were checked before. Raises Unavailable or LostRace with nothing appended.
    """
    by_module: defaultdict[str, list[int]] = defaultdict(list)
    for number, message in enumerate(messages):
        by_module[message.module].append(number)
    positions: dict[int, int] = {}
    async with durable_transaction(engine) as connection:
        for module, numbers in sorted(by_module.items()):
            last = await append(connection, module, [_event(messages[number]) for number in numbers])
            positions |= dict(zip(numbers, range(last - len(numbers) + 1, last + 1), strict=True))
    return [positions[number] for number in range(len(messages))]


def _require_loggable(process: Process, message: NewMessage) -> None:
    """Raise NoConsumer where nobody follows such an event, and NotLoggable where a log can't hold it."""
    if unfit := only_for_a_broker(message):
        raise NotLoggable(f"a log has no place for {', '.join(unfit)}")
    consumed = [(module, kind.__name__) for module, kinds in process.inputs.items() for kind in kinds]
    if (message.module, message.type) not in consumed:
        named = ", ".join(f"{module}.{kind}" for module, kind in consumed)
        place = f"{message.type} in the log of {message.module}"
        raise NoConsumer(f"nobody follows {place}: {process.name} consumes {named}")
    sent = outgoing(message, process.name)
    read = decode(Raw(body=sent.body, headers=sent.headers, content_type=sent.content_type))
    if isinstance(read, Poison):
        raise NotLoggable(f"a log can't hold this: {read.reason}")
    try:
        require_readable(json.dumps(message.data, ensure_ascii=False))
    except NotStrictJson as error:
        raise NotLoggable(f"a log can't hold this: {error}") from None


def only_for_a_broker(message: NewMessage) -> list[str]:
    """The fields of a message that a log has no place for."""
    is_given = {
        "sequence": message.sequence is not None,
        "previous_sequence": message.previous_sequence is not None,
        "source": message.source != f"/modules/{message.module}",
        "routing_key": message.routing_key != routing_key(message.module, message.type),
        "form": message.form is not Form.BINARY,
        "raw_body": message.raw_body is not None,
    }
    return [name for name, given in is_given.items() if given]


def outgoing(message: NewMessage, prefix: str) -> Outgoing:
    """The message as it goes over the wire."""
    body, headers, content_type = _written(message)
    return Outgoing(
        exchange=f"{prefix}.events",
        routing_key=message.routing_key,
        id=message.id,
        type=message.type,
        correlation_id=message.correlation_id,
        headers=headers,
        body=message.raw_body if message.raw_body is not None else body,
        content_type=content_type,
    )


def _written(message: NewMessage) -> tuple[bytes, dict[str, str], str]:
    match message.form:
        case Form.BINARY:
            headers = {f"ce-{name}": value for name, value in _attributes(message).items()}
            return _json(message.data), headers, "application/json"
        case Form.STRUCTURED:
            return _json({**_attributes(message), "data": message.data}), {}, "application/cloudevents+json"
        case Form.PLAIN:
            return _json(message.data), {}, "application/json"


def _attributes(message: NewMessage) -> dict[str, str]:
    optional = {
        "sequence": message.sequence,
        "previoussequence": message.previous_sequence,
        "correlationid": message.correlation_id,
    }
    return {
        "specversion": "1.0",
        "id": message.id,
        "source": message.source,
        "type": message.type,
        "subject": message.process_id,
        "time": message.time,
        **{name: str(value) for name, value in optional.items() if value is not None},
    }


def _event(message: NewMessage) -> NewEvent:
    metadata = {"correlationid": message.correlation_id} if message.correlation_id else {}
    return NewEvent(message.process_id, message.type, message.id, message.data, metadata=metadata)


def _json(value: Mapping[str, Any]) -> bytes:
    """The data as JSON in ASCII, unchanged: the service has to refuse what is no strict JSON, not the sender."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _with_likely(field: str, known: Sequence[str]) -> str:
    likely = get_close_matches(field, known, 1)
    return f"{field} (did you mean {likely[0]}?)" if likely else field
