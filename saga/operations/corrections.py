"""Corrections: a dead letter's message with some of its parts replaced by an operator, and the rest as it was. Pure.

Attributes are replaced where the message has them: in its headers in binary mode, in its body in structured mode. A
plain message becomes an equal CloudEvent in binary mode, because it has no place for a source or a subject.

What the operator does not name stays, with three exceptions, so that every dead letter can be repaired. The version
becomes the supported one. Attributes that only describe a message (time, conversation, trace) are left out where they
can't be read or headers contradict each other. A source that is no module removes the position.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from saga.messages.cloudevents import (
    SPEC_VERSION,
    attribute_of,
    is_module,
    is_readable,
    is_structured,
    named_attributes,
    plain_attributes,
)
from saga.messages.strict_json import NotStrictJson, parse
from saga.operations.dead_letters import DeadLetter, raw_of
from saga.operations.errors import OperationFailed

POSITIONS: Final = frozenset({"sequence", "previoussequence"})
_DESCRIPTIVE: Final = ("time", "correlationid", "causationid", "traceparent")
_NEEDED: Final = ("id", "type", "source", "data")
"""Needed to correct a structured event whose body can't be read."""


class NotCorrectable(OperationFailed):
    """The dead letter's message can't be corrected like this, and nothing was done."""


class EntryNotCorrectable(NotCorrectable):
    """The dead letter is a log entry that the relay could not send, and a log is not changed."""


class NotStrictData(NotCorrectable):
    """The given data is no strict JSON, which all parsers read alike."""


@dataclass(frozen=True, slots=True)
class Correction:
    """New values for parts of a message; None leaves a part as it is. ``data`` is JSON, as bytes.

    >>> from saga.operations import Correction
    >>> Correction(type="Solved", subject="t-1").attributes
    {'type': 'Solved', 'subject': 't-1'}
    """

    id: str | None = None
    type: str | None = None
    source: str | None = None
    subject: str | None = None
    data: bytes | None = None

    def __bool__(self) -> bool:
        return self != Correction()

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes that are replaced, by their names."""
        named = {"id": self.id, "type": self.type, "source": self.source, "subject": self.subject}
        return {name: value for name, value in named.items() if value is not None}


def corrected(dead_letter: DeadLetter, correction: Correction) -> DeadLetter:
    """The dead letter with these parts of its message replaced.

    Raises NotStrictData, and NotCorrectable where the other parts can't be read.
    """
    raw = raw_of(dead_letter)
    data = None if correction.data is None else _parsed(correction.data)
    if is_structured(raw):
        event = _corrected_attributes(_event(dead_letter, correction), correction)
        if correction.data is not None:
            event = {name: value for name, value in event.items() if name != "data_base64"} | {"data": data}
        return replace(dead_letter, body=_as_json(event))
    attributes = _corrected_attributes(_in_headers(dead_letter, correction), correction)
    others = {name: value for name, value in raw.headers.items() if attribute_of(name) is None}
    headers = others | {f"ce-{name}": value for name, value in attributes.items()}
    body = dead_letter.body if correction.data is None else _as_json(data)
    return replace(dead_letter, body=body, properties={**dead_letter.properties, "headers": headers})


def _in_headers(dead_letter: DeadLetter, correction: Correction) -> dict[str, Any]:
    """The attributes of a message that is not structured."""
    named, contradicting = named_attributes(raw_of(dead_letter))
    if doubtful := contradicting - correction.attributes.keys() - {*_DESCRIPTIVE, "specversion"} - _without(correction):
        names = ", ".join(sorted(doubtful))
        raise NotCorrectable(f"the headers of {dead_letter.id} contradict each other about {names}: say what is right")
    known = named or {name: value for name, value in plain_attributes(raw_of(dead_letter)).items() if value}
    return {name: value for name, value in known.items() if name not in contradicting}


def _corrected_attributes(known: Mapping[str, Any], correction: Correction) -> dict[str, Any]:
    unreadable = {name for name in _DESCRIPTIVE if not is_readable(known, name)}
    kept = {name: value for name, value in known.items() if name not in unreadable | _without(correction)}
    return {**kept, "specversion": SPEC_VERSION, **correction.attributes}


def _without(correction: Correction) -> frozenset[str]:
    """The attributes that are removed from the message."""
    has_place = correction.source is None or is_module(correction.source)
    return frozenset() if has_place else POSITIONS


def _event(dead_letter: DeadLetter, correction: Correction) -> dict[str, Any]:
    """The structured event as it was; empty if it can't be read and the correction has all that is needed."""
    try:
        event = parse(dead_letter.body) if correction.data is None else json.loads(dead_letter.body)
    except (ValueError, RecursionError):
        event = None
    if isinstance(event, dict):
        return event
    given = {**correction.attributes, **({} if correction.data is None else {"data": correction.data})}
    if missing := [name for name in _NEEDED if name not in given]:
        raise NotCorrectable(
            f"{dead_letter.id} is a structured event whose body can't be read:"
            f" its {', '.join(missing)} have to be given too"
        )
    return {}


def _parsed(data: bytes) -> Any:
    try:
        return parse(data)
    except NotStrictJson as error:
        raise NotStrictData(str(error)) from None


def _as_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
