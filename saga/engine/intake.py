"""Intake: reads the fact and the instance of a well-formed message. Pure; pydantic checks the data here."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from saga.core import Deadline, Fact, Process
from saga.core.identifier import IDENTIFIER_RULE, is_identifier
from saga.core.routing import is_of_process
from saga.core.statically_frozen import statically_frozen
from saga.messages import Envelope, Poison
from saga.messages.facts import read_fact, said_of
from saga.messages.lenient_json import scalars

DIGEST_BYTES = 16
MODULES = "/modules/"
"""The prefix of a module's source; the module's name follows."""
_SHOWN_CHARACTERS = 60
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_URL_SAFE = str.maketrans("-_", "+/")


@statically_frozen
class Key:
    """The deduplication key of a message: its position if it has one, else its source and id."""

    module: str | None
    position: int | None
    source: str
    message_id: str

    @property
    def identity(self) -> tuple[str | int, ...]:
        """The values that are equal for duplicates."""
        if self.module is not None and self.position is not None:
            return self.module, self.position
        return self.source, self.message_id


@statically_frozen
class AdmittedMessage:
    """A message that the process understands; ``data`` are the values that its fact was read from."""

    envelope: Envelope
    fact: Fact
    data: Mapping[str, Any]
    process_id: str
    key: Key
    digest: bytes


def admit(process: Process, envelope: Envelope) -> AdmittedMessage | Poison:
    """The message with its fact, or as poison with the reason."""
    kind = process.message_types.get(envelope.type)
    if kind is None:
        return poison(envelope, unknown_type(process, envelope.type))
    if not _is_consumed(process, envelope.source, kind):
        reason = f"{_short(envelope.source)} is no module from which {process.name} consumes {envelope.type}"
        return unplaced(poison(envelope, reason))
    data = envelope.data
    named = said_of(kind, process.correlate, data)
    subject = None if announces(envelope) else envelope.subject
    if named is None:
        named = subject
        data = {**data, process.correlate: named}
    if named is None:
        return poison(envelope, f"missing {process.correlate}: neither in the data nor as subject")
    if subject is not None and subject != str(named):
        return poison(envelope, f"subject {_short(envelope.subject)} is not {process.correlate} {_short(named)}")
    try:
        fact = read_fact(kind, data)
    except ValidationError as error:
        return poison(envelope, f"wrong data: {_problems(error)}")
    except MemoryError:
        raise  # It may end the next worker without a message, so a rehearsal has to see it.
    except Exception as error:  # noqa: BLE001 -- a function of a message class may raise anything; only this message fails
        return poison(envelope, f"wrong data: reading them as {kind.__name__} raised {type(error).__name__}: {error}")
    named = fact.fields[process.correlate]
    process_id = str(named)
    if type(named) not in (str, int) or not is_identifier(process_id):
        reason = f"{process.correlate} {_short(process_id)} names no instance: that takes {IDENTIFIER_RULE}"
        return poison(envelope, reason)
    key = Key(envelope.module, envelope.position, envelope.source, envelope.id)
    return AdmittedMessage(envelope, fact, data, process_id, key, _digest(envelope, process_id))


def unknown_type(process: Process, type_: str) -> str:
    """The reason for refusing a message of this type, which the process does not consume."""
    return f"unknown type {_short(type_)}: {process.name} consumes {', '.join(process.message_types)}"


def names_module(source: str) -> bool:
    """Whether a source begins like a module's, in any case of letters: then it has to be exactly a module's source."""
    return source[: len(MODULES)].lower() == MODULES


def _is_consumed(process: Process, source: str, kind: type) -> bool:
    """Whether the process consumes this kind from the source; a source that is no module may send all kinds."""
    if not names_module(source):
        return True
    return source.startswith(MODULES) and kind in process.inputs.get(source[len(MODULES) :], ())


def announces(message: Envelope | Poison) -> bool:
    """Whether a message is what another process announces: its subject is that process's instance, not ours."""
    source = message.source or ""
    return source.startswith(MODULES) and is_of_process(source)


def is_for_other_process(process: Process, envelope: Envelope) -> bool:
    """Whether a message is about a deadline of another process; it arrives here because both inputs have one name."""
    armed_by = envelope.data.get("armed_by")
    if armed_by is None or armed_by == process.name:
        return False
    return any(isinstance(own, Deadline) and own.emits.__name__ == envelope.type for own in process.effects)


def named_instance(process: Process, message: Poison) -> str | None:
    """The instance that a message seems to be about, so that people can find it; None if it names none.

    The data come first, in either of the two places where a CloudEvent may have them, then the subject.
    """
    data, event, encoded = (process.correlate,), ("data", process.correlate), ("data_base64",)
    found = scalars(message.raw.body, (data, event, encoded))
    unpacked = scalars(_unpacked(found[encoded]), (data,)) if encoded in found else {}
    named = (
        found.get(data) or found.get(event) or unpacked.get(data) or (None if announces(message) else message.subject)
    )
    return (
        named if named is None else _as_written(process.message_types.get(message.type or ""), process.correlate, named)
    )


def _as_written(kind: type | None, correlate: str, named: str) -> str:
    """The id in the spelling of the instance, if the message class can read it."""
    if kind is None or not issubclass(kind, BaseModel):
        return named
    reader = _reader_of(kind, correlate)
    try:
        return str(reader.dump_python(reader.validate_python(named), mode="json"))
    except ValidationError:
        return named


@lru_cache(maxsize=1_024)
def _reader_of(kind: type[BaseModel], name: str) -> TypeAdapter[Any]:
    """Reads one field of a message class."""
    return TypeAdapter(kind.model_fields[name].rebuild_annotation())


def _unpacked(text: str) -> bytes:
    """Decode base64, ignoring all that is not base64."""
    digits = _NO_BASE64.sub("", text.translate(_URL_SAFE))
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return b64decode(digits + "=" * (-len(digits) % 4))


def poison(envelope: Envelope, reason: str) -> Poison:
    """The well-formed message as poison with this reason."""
    return Poison(
        raw=envelope.raw,
        reason=reason,
        type=envelope.type,
        id=envelope.id,
        source=envelope.source,
        subject=envelope.subject,
        module=envelope.module,
        position=envelope.position,
        previous_position=envelope.previous_position,
        well_formed=True,
    )


def unplaced(message: Poison) -> Poison:
    """The message without the position that it claims: a sender can't settle a position of another module."""
    return replace(message, module=None, position=None, previous_position=None)


def _digest(envelope: Envelope, process_id: str) -> bytes:
    """A digest of the message's contents, the same in every encoding and order of fields."""
    contents = orjson.dumps([envelope.type, process_id, envelope.data], option=orjson.OPT_SORT_KEYS)
    return blake2b(contents, digest_size=DIGEST_BYTES).digest()


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'data'}: {problem['msg'].removeprefix('Value error, ')}"
        f" (got {_short(problem['input'])})"
        for problem in error.errors(include_url=False)[:5]
    )


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
