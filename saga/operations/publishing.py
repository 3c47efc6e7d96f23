"""Publishing: one message as a module would send it, to the broker or, where there is none, into the log of its module.

Nothing is invented here: a message has the fields that it is given. ``require_fields`` says which are missing, and
which ones its class does not know.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.messages import Poison, Raw
from saga.messages.cloudevents import decode
from saga.messages.facts import missing_fields, unknown_fields
from saga.messages.strict_json import NotStrictJson
from saga.modules import NewEvent, append
from saga.modules.outgoing import Outgoing
from saga.modules.payload import require_readable
from saga.operations.errors import OperationFailed
from saga.postgres import durable_transaction
from saga.rabbitmq.publisher import Publisher


class Form(Enum):
    """How a message is written: as a CloudEvent in one of its two modes, or without."""

    BINARY = "binary"
    STRUCTURED = "structured"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be sent; ``raw_body``, if any, is sent in place of the data.

    ``process_id`` is the id of the instance that it is about, ``module`` is who sends it. ``time`` is ISO 8601.
    """

    type: str
    process_id: str
    module: str
    id: str
    source: str
    time: str
    routing_key: str
    form: Form
    data: Mapping[str, Any]
    raw_body: bytes | None = None
    sequence: int | None = None
    previous_sequence: int | None = None
    correlation_id: str | None = None


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


def require_fields(process: Process, message: NewMessage, *, allow_unknown: bool = False) -> None:
    """Raise MissingFields or UnknownFields where the data is not what the message class declares.

    What a field holds is not looked at, and nothing of a type that the process does not consume.
    """
    kind = process.message_types.get(message.type)
    if kind is None or message.raw_body is not None:
        return
    unknown, known = unknown_fields(kind, message.data)
    if unknown and not allow_unknown:
        raise UnknownFields(message.type, unknown, known)
    if missing := missing_fields(kind, message.data):
        raise MissingFields(message.type, missing)


async def publish(publisher: Publisher, prefix: str, message: NewMessage, *, copies: int = 1) -> Outgoing:
    """Send a message to the exchange of events, ``copies`` times under its one id; the message as it was sent.

    Raises NoConsumer where no queue takes it, and the broker's errors.
    """
    sent = outgoing(message, prefix)
    for _ in range(copies):  # one after the other: two of one id must never be under way on one channel
        if await publisher.publish([sent]):
            raise NoConsumer(f"no queue takes {sent.routing_key}")
    return sent


async def append_messages(engine: AsyncEngine, messages: Sequence[NewMessage]) -> list[int]:
    """Append messages to the logs of their modules, in one transaction; the position of each.

    They were looked at with ``require_loggable``. Raises Unavailable or Conflict with nothing appended.
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


def require_loggable(process: Process, message: NewMessage) -> None:
    """Raise NoConsumer where nobody follows such an event, and NotLoggable where a log can't hold it."""
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
    said = {"correlationid": message.correlation_id} if message.correlation_id else {}
    return NewEvent(message.process_id, message.type, message.id, message.data, metadata=said)


def _json(value: Mapping[str, Any]) -> bytes:
    """In ASCII, as it was given: what strict JSON refuses, the service has to refuse, not whoever sends it."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _with_likely(field: str, known: Sequence[str]) -> str:
    likely = get_close_matches(field, known, 1)
    return f"{field} (did you mean {likely[0]}?)" if likely else field
