"""The declaration of a module: its name, its event types, and which of them are internal.

    @internal
    @dataclass(frozen=True)
    class FraudScoreComputed:
        order_id: str
        score: int

    orders = Module("orders", stream="order_id", events=(OrderPlaced, OrderCancelled, FraudScoreComputed))

    async with sessions.begin() as session:
        session.add(Order(...))
        orders.append(session, [OrderPlaced(...), FraudScoreComputed(...)])

An event is an instance of a pydantic model or a dataclass; the field named by ``stream`` has the id of its stream. The
declaration is a value: nothing is registered, and two services may declare the same module. saga.modules.pending
explains how events wait for the commit, saga.modules.batch and saga.modules.log how they are written.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core.errors import DeclarationError
from saga.core.identifier import IDENTIFIER_RULE, MAX_BYTES, is_identifier, is_short
from saga.core.routing import routing_key
from saga.messages.strict_json import NotStrictJson
from saga.modules import following, payload, reader
from saga.modules.batch import Batch
from saga.modules.following import POLL_SECONDS
from saga.modules.log import Entry, NewEvent, Visibility
from saga.modules.pending import Appendable, hold
from saga.modules.reader import LIMIT, Readable, Reading

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_MARK = "__saga_internal__"

_Kind = TypeVar("_Kind", bound=type)


class EventRefused(ValueError):
    """An event that must not be appended; the message names the event, the reason and the remedy."""


def internal(kind: _Kind) -> _Kind:
    """Mark an event type and its subclasses as internal: other modules see only a gap in the positions.

    It decorates a class that is listed in a Module's ``events``.
    """
    setattr(kind, _MARK, True)
    return kind


@dataclass(frozen=True, slots=True)
class _Declared:
    """A declared event type."""

    kind: type
    visibility: Visibility
    adapter: TypeAdapter[Any]


@dataclass(frozen=True, slots=True)
class Module:
    """A module; its log is in the database of the sessions that are passed to its methods.

    ``name`` has small letters, digits, `_` and `-`, at most 63 of them. ``events`` are pydantic models or dataclasses.
    ``stream`` names a field that every event type has: the id of the event's stream, text of 1 to 200 characters and at
    most 255 bytes. Raises DeclarationError for a wrong declaration.

    >>> from saga.modules import Module, internal
    >>> @internal
    ... @dataclass(frozen=True)
    ... class Rated:
    ...     ticket_id: str
    ...     stars: int
    >>> DESK = Module("desk", stream="ticket_id", events=(Reported, Solved, Rated))
    >>> [one.__name__ for one in DESK.public], [one.__name__ for one in DESK.internal]
    (['Reported', 'Solved'], ['Rated'])
    """

    name: str
    stream: str
    events: tuple[type, ...]
    _declared: Mapping[str, _Declared] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", tuple(self.events))
        if not _NAME.fullmatch(self.name):
            raise DeclarationError(
                f"module {self.name!r}: a name is small letters, digits, _ and -, at most 63 of them"
            )
        declared: dict[str, _Declared] = {}
        for kind in self.events:
            known = declared.setdefault(_type_name(self, kind), _declare(self, kind))
            if known.kind is not kind:
                raise DeclarationError(f"module {self.name}: two event types are named {kind.__name__}: rename one")
        object.__setattr__(self, "_declared", MappingProxyType(declared))

    @property
    def public(self) -> tuple[type, ...]:
        """The event types that all modules may read."""
        return self._of(Visibility.PUBLIC)

    @property
    def internal(self) -> tuple[type, ...]:
        """The event types that only this module may read."""
        return self._of(Visibility.INTERNAL)

    def append(
        self,
        session: Appendable,
        events: Iterable[object],
        *,
        expected_version: int | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Append events in the caller's transaction: they are checked now, and written when it commits.

        With ``expected_version`` all events have to belong to one stream, which has to be at this version at the commit
        (0: it must not exist); otherwise the commit raises StreamConflict and nothing is committed.

        The id of an event with a ``causation_id``, the id of the message that caused it, is derived from that id: if
        the message is handled again, its events get the same ids, and receivers can drop the duplicates. Without a
        known cause the id is random.

        Raises EventRefused for an event that this module does not declare or whose data is not strict JSON, and
        NoTransaction if no commit would write the events.
        """
        metadata = _metadata(correlationid=correlation_id, causationid=causation_id, traceparent=traceparent)
        new = tuple(self._new_event(event, metadata) for event in events)
        if expected_version is not None:
            _require_one_stream(new, expected_version)
        if new:
            hold(session, Batch(self.name, new, expected_version, causation_id))

    async def read(self, session: Readable, after: int, *, limit: int = LIMIT) -> Reading:
        """Read all entries after a position, internal ones included: for the module itself. Raises Pruned."""
        return await reader.read_all(session, self.name, after, limit=limit)

    async def read_stream(self, session: Readable, stream_id: str) -> list[Entry]:
        """Read all entries of a stream, oldest first: for the module itself. The last one has the stream's version."""
        return await reader.read_stream(session, self.name, stream_id)

    def follow(
        self, engine: AsyncEngine, after: int = 0, *, limit: int = LIMIT, poll_seconds: float = POLL_SECONDS
    ) -> AsyncIterator[Reading]:
        """All entries after a position, and then new ones, for ever: for the module itself. Raises as ``follow``."""
        return following.follow_all(engine, self.name, after, limit=limit, poll_seconds=poll_seconds)

    def decode(self, entry: Entry) -> Any:
        """The event of an entry of this module, as an instance of its class.

        Raises LookupError for an entry that is not a declared event of this module or was erased, and pydantic's
        ValidationError if the class no longer accepts the recorded data.
        """
        declared = self._declared.get(entry.type) if entry.module == self.name and entry.target is None else None
        if declared is None:
            raise LookupError(f"{entry.type} of module {entry.module} is no event that module {self.name} declares")
        if entry.metadata.get("erased"):
            raise LookupError(f"{entry.type} at position {entry.position} of module {entry.module} was erased")
        return payload.decode(declared.adapter, entry.data_json)

    def _of(self, visibility: Visibility) -> tuple[type, ...]:
        return tuple(one.kind for one in self._declared.values() if one.visibility is visibility)

    def _new_event(self, event: object, metadata: Mapping[str, str]) -> NewEvent:
        name = type(event).__name__
        declared = self._declared.get(name)
        if declared is None or declared.kind is not type(event):
            raise EventRefused(f"module {self.name} does not declare {name}: add it to the events of its declaration")
        try:
            data = payload.encode(declared.adapter, event)
            stream_id = _identifier(payload.stream_id(data, event, self.stream), self.stream)
        except NotStrictJson as error:
            raise EventRefused(f"{name} of module {self.name} can't be kept: {error}") from None
        return NewEvent(stream_id, name, uuid4().hex, data, visibility=declared.visibility, metadata=metadata)


def _type_name(module: Module, kind: Any) -> str:
    if not isinstance(kind, type):
        raise DeclarationError(f"module {module.name}: {kind!r} is no class: list the event types themselves")
    name = kind.__name__
    if not name.isidentifier() or not is_identifier(name):
        raise DeclarationError(f"module {module.name}: {name} is no name for an event type: derive a class from it")
    if not is_short(routing_key(module.name, name)):
        raise DeclarationError(
            f"module {module.name}: a routing key with {name} has more than {MAX_BYTES} bytes: derive a class with a"
            " shorter name from it"
        )
    return name


def _declare(module: Module, kind: type) -> _Declared:
    if issubclass(kind, BaseModel):
        names = set(kind.model_fields)
    elif is_dataclass(kind):
        names = {one.name for one in fields(kind)}
    else:
        raise DeclarationError(
            f"module {module.name}: {kind.__name__} is neither a pydantic model nor a dataclass: make it one of them"
        )
    if module.stream not in names:
        raise DeclarationError(
            f"module {module.name}: {kind.__name__} has no field {module.stream!r}, which names the stream: add it"
        )
    visibility = Visibility.INTERNAL if getattr(kind, _MARK, False) else Visibility.PUBLIC
    try:
        return _Declared(kind, visibility, TypeAdapter(kind))
    except PydanticUserError as error:
        raise DeclarationError(f"module {module.name}: {kind.__name__} can't be written as JSON: {error}") from error


def _metadata(**known: str | None) -> dict[str, str]:
    try:
        return {name: _identifier(text, name) for name, text in known.items() if text is not None}
    except NotStrictJson as error:
        raise EventRefused(str(error)) from None


def _identifier(text: Any, name: str) -> str:
    """The text, if it is an identifier; readers would refuse anything else."""
    if not is_identifier(text):
        raise NotStrictJson(f"{name} is {text!r:.60}: write text of {IDENTIFIER_RULE}")
    return text


def _require_one_stream(events: tuple[NewEvent, ...], expected_version: int) -> None:
    streams = sorted({event.stream_id for event in events})
    if len(streams) != 1:
        raise ValueError(f"an expected version is of one stream, and these events are of {streams}: append them apart")
    if expected_version < 0:
        raise ValueError(f"expected version {expected_version}: versions count from 1, and 0 means a new stream")
