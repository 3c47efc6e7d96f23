"""Decoding: CloudEvents 1.0 in binary and structured mode, and plain AMQP messages, become envelopes.

In binary mode the attributes are headers: `ce-id`, or `cloudEvents:id` and `cloudEvents_id` as in the CloudEvents AMQP
binding. Forms may be mixed; if two headers have different values for one attribute, the message is refused.

Decoding never raises: a message that can't be understood becomes poison, with a reason that a person can act on.
"""

import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from saga.core.identifier import MAX_BYTES, MAX_CHARACTERS, byte_length, is_clean, is_short
from saga.messages import UNREADABLE, Envelope, Poison, Raw
from saga.messages.lenient_json import scalars
from saga.messages.strict_json import NotStrictJson, parse

SPEC_VERSION: Final = "1.0"
STRUCTURED: Final = "application/cloudevents"
BINARY_PREFIXES: Final = ("ce-", "cloudevents:", "cloudevents_")
"""The prefixes of headers with attributes, in any case of letters.

The first is ours; the other two are those of the CloudEvents AMQP binding, whose senders use AMQP 1.0.
"""
PLAIN_SOURCE: Final = "/amqp"

_READ: Final = frozenset(
    "specversion id source type subject time sequence previoussequence correlationid causationid traceparent".split()
)

_MODULE_SOURCE = re.compile(r"/modules/([a-z][a-z0-9_-]{0,62})")
_LENIENTLY_READ = [(name,) for name in ("type", "id", "source", "subject", "sequence")]


class _Undecodable(ValueError):
    """Why a message can't be understood."""


def decode(raw: Raw) -> Envelope | Poison:
    """The message as an envelope, or as poison with the reason."""
    attributes: dict[str, Any] = {}
    try:
        attributes, data = _structured(raw) if is_structured(raw) else _binary_or_plain(raw)
        return _envelope(raw, attributes, data)
    except (_Undecodable, NotStrictJson) as error:
        reason = f"its headers can't be read, and without them: {error}" if UNREADABLE in raw.headers else str(error)
        return _poison(raw, reason, attributes or _lenient_attributes(raw))


def _poison(raw: Raw, reason: str, known: Mapping[str, Any]) -> Poison:
    """The message as poison, with all attributes that can be read."""
    source = _if_scalar(known.get("source"))
    module, position = _MODULE_SOURCE.fullmatch(source or ""), _if_position(known)
    return Poison(
        raw=raw,
        reason=reason,
        type=_if_scalar(known.get("type")),
        id=_if_scalar(known.get("id")),
        source=source,
        subject=_if_scalar(known.get("subject")),
        module=module[1] if module and position is not None else None,
        position=position if module else None,
    )


def is_module(source: str) -> bool:
    """Whether a source is a module's, so that positions count."""
    return _MODULE_SOURCE.fullmatch(source) is not None


def is_readable(attributes: Mapping[str, Any], name: str) -> bool:
    """Whether an attribute is missing, or text that can be sent on."""
    try:
        _optional_text({name: _plain(attributes.get(name))}, name)
    except _Undecodable:
        return False
    return True


def is_structured(raw: Raw) -> bool:
    """Whether the whole event is in the body."""
    return (raw.content_type or "").lower().startswith(STRUCTURED)


def _structured(raw: Raw) -> tuple[dict[str, Any], Any]:
    event = parse(raw.body)
    if not isinstance(event, dict):
        raise _Undecodable("a structured CloudEvent is a JSON object")
    data = event.pop("data", None)
    if "data_base64" in event:
        if data is not None:
            raise _Undecodable("it has data and data_base64: one of the two says what the event says")
        try:
            data = parse(b64decode(event.pop("data_base64"), validate=True))
        except (TypeError, ValueError) as error:
            raise _Undecodable(f"data_base64: {error}") from None
    return event, data


def _binary_or_plain(raw: Raw) -> tuple[dict[str, Any], Any]:
    attributes, contradicting = named_attributes(raw)
    if contradicting:
        raise _Undecodable(f"headers contradict each other about {', '.join(sorted(contradicting))}")
    return (attributes or plain_attributes(raw)), parse(raw.body)


def named_attributes(raw: Raw) -> tuple[dict[str, Any], set[str]]:
    """The attributes of a CloudEvent in binary mode, by name, and the names whose forms have different values.

    An attribute that occurs twice in one form becomes a list, which is invalid. Attributes that we do not read may have
    any value.
    """
    named = [(attribute, value) for name, value in raw.headers.items() if (attribute := attribute_of(name)) is not None]
    attributes = dict(named)
    if len(attributes) == len(named):
        return attributes, set()
    forms: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for name, value in raw.headers.items():
        if (attribute := attribute_of(name)) is not None:
            forms[attribute][_form_of(name)].append(value)
    differing: set[str] = set()
    for attribute, by_form in forms.items():
        found = [values if len(values) > 1 else values[0] for values in by_form.values()]
        attributes[attribute] = next((one for one in found if isinstance(one, list)), found[0])
        if any(_plain(one) != _plain(found[0]) for one in found):
            differing.add(attribute)
    return attributes, differing & _READ


def _form_of(header: str) -> str:
    """The prefix of the header's name."""
    name = header.lower()
    return next(prefix for prefix in BINARY_PREFIXES if name.startswith(prefix))


@lru_cache(maxsize=1_024)
def attribute_of(header: str) -> str | None:
    """The attribute of a header, in any case of letters; None if the header has none."""
    name = header.lower()
    return next((name.removeprefix(prefix) for prefix in BINARY_PREFIXES if name.startswith(prefix)), None)


def _plain(value: Any) -> Any:
    """An AMQP timestamp as text in the form of CloudEvents; other values unchanged."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def plain_attributes(raw: Raw) -> dict[str, Any]:
    """Attributes from the AMQP properties of a message that is no CloudEvent; missing ones are None or empty."""
    return {
        "specversion": SPEC_VERSION,
        "id": raw.message_id,
        "source": PLAIN_SOURCE,
        "type": raw.type or raw.routing_key.rpartition(".")[2],
        "correlationid": raw.correlation_id,
    }


def _lenient_attributes(raw: Raw) -> dict[str, Any]:
    """Attributes from the properties and the body of a message whose body can't be parsed."""
    if is_structured(raw):
        return {path[0]: value for path, value in scalars(raw.body, _LENIENTLY_READ).items()}
    attributes, contradicting = named_attributes(raw)
    known = {name: value for name, value in plain_attributes(raw).items() if value} | attributes
    return {name: value for name, value in known.items() if name not in contradicting}


def _envelope(raw: Raw, attributes: Mapping[str, Any], data: Any) -> Envelope:
    if attributes.get("specversion") != SPEC_VERSION:
        raise _Undecodable(f"specversion is {attributes.get('specversion')!r}; {SPEC_VERSION!r} is understood")
    if not isinstance(data, dict):
        raise _Undecodable("the data is not a JSON object")
    source = _text(attributes, "source")
    module, position, previous = _place(attributes, source)
    return Envelope(
        type=_text(attributes, "type"),
        id=_text(attributes, "id"),
        source=source,
        data=data,
        raw=raw,
        subject=_optional_text(attributes, "subject"),
        time=_optional_text({"time": _plain(attributes.get("time"))}, "time"),
        module=module,
        position=position,
        previous_position=previous,
        correlation_id=_optional_text(attributes, "correlationid"),
        causation_id=_optional_text(attributes, "causationid"),
        traceparent=_optional_text(attributes, "traceparent"),
    )


def _place(attributes: Mapping[str, Any], source: str) -> tuple[str | None, int | None, int | None]:
    """The module, the position in its log and the public position before it; all None if the source is no module."""
    numbered = "sequence" in attributes or "previoussequence" in attributes
    named = _MODULE_SOURCE.fullmatch(source) if numbered else None
    if named is None:
        return None, None, None
    position = _position(attributes, "sequence", least=1)
    previous = _position(attributes, "previoussequence", least=0)
    if position is None and previous is not None:
        raise _Undecodable("previoussequence without sequence")
    if position is not None and previous is not None and previous >= position:
        raise _Undecodable(f"previoussequence {previous} is not below sequence {position}")
    return (None if position is None else named[1]), position, previous


def _text(attributes: Mapping[str, Any], name: str) -> str:
    value = _optional_text(attributes, name)
    if value is None:
        raise _Undecodable(f"the message has no {name}")
    return value


def _optional_text(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _Undecodable(f"{name} is not text: {value!r:.60}")
    if len(value) > MAX_CHARACTERS or not is_clean(value):
        raise _Undecodable(f"{name} is longer than {MAX_CHARACTERS} characters or has control characters")
    if not is_short(value):
        raise _Undecodable(f"{name} has {byte_length(value)} bytes; {MAX_BYTES} are allowed")
    return value


def _position(attributes: Mapping[str, Any], name: str, least: int) -> int | None:
    value = attributes.get(name)
    if value is None:
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) < 2**63 - 1:
        raise _Undecodable(f"{name} is not a decimal number from {least} on: {value!r:.60}")
    return int(text)


def _if_scalar(value: Any) -> str | None:
    """A string, number or boolean, as text."""
    return str(value) or None if isinstance(value, str | int | float) else None


def _if_position(known: Mapping[str, Any]) -> int | None:
    try:
        return _position(known, "sequence", least=1)
    except _Undecodable:
        return None
