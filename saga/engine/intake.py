"""Intake: which fact a well-formed message states, and about which instance. Pure; pydantic checks the data here."""

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
from saga.core.statically_frozen import statically_frozen
from saga.messages import Envelope, Poison
from saga.messages.facts import read_fact, said_of
from saga.messages.lenient_json import scalars

DIGEST_BYTES = 16
MODULES = "/modules/"
"""What the source of a module begins with; its name follows."""
_SHOWN_CHARACTERS = 60
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_URL_SAFE = str.maketrans("-_", "+/")


@statically_frozen
class Key:
    """What a message is deduplicated by: its position where it has one, else its source and id."""

    module: str | None
    position: int | None
    source: str
    message_id: str

    @property
    def identity(self) -> tuple[str | int, ...]:
        """The part that decides whether two messages are the same."""
        if self.module is not None and self.position is not None:
            return self.module, self.position
        return self.source, self.message_id


@statically_frozen
class AdmittedMessage:
    """A message that the process understands; ``said`` are the data that were read as its fact."""

    envelope: Envelope
    fact: Fact
    said: Mapping[str, Any]
    process_id: str
    key: Key
    digest: bytes


def admit(process: Process, envelope: Envelope) -> AdmittedMessage | Poison:
    """The fact that a message states, or why it states none."""
    kind = process.message_types.get(envelope.type)
    if kind is None:
        return poison(envelope, unknown_type(process, envelope.type))
    if not _is_heard(process, envelope.source, kind):
        complaint = f"{_short(envelope.source)} is no module from which {process.name} consumes {envelope.type}"
        return unplaced(poison(envelope, complaint))
    said = envelope.data
    named = said_of(kind, process.correlate, said)
    if named is None:
        named = envelope.subject
        said = {**said, process.correlate: named}
    if named is None:
        return poison(envelope, f"missing {process.correlate}: neither in the data nor as subject")
    if envelope.subject is not None and envelope.subject != str(named):
        return poison(envelope, f"subject {_short(envelope.subject)} is not {process.correlate} {_short(named)}")
    try:
        fact = read_fact(kind, said)
    except ValidationError as error:
        return poison(envelope, f"wrong data: {_complaints(error)}")
    except MemoryError:
        raise  # It may end the next worker without a word: a rehearsal has to see it.
    except Exception as error:  # noqa: BLE001 -- a function of a message class may raise anything, for one message alone
        return poison(envelope, f"wrong data: reading them as {kind.__name__} raised {type(error).__name__}: {error}")
    named = fact.fields[process.correlate]
    process_id = str(named)
    if type(named) not in (str, int) or not is_identifier(process_id):
        reason = f"{process.correlate} {_short(process_id)} names no instance: that takes {IDENTIFIER_RULE}"
        return poison(envelope, reason)
    key = Key(envelope.module, envelope.position, envelope.source, envelope.id)
    return AdmittedMessage(envelope, fact, said, process_id, key, _digest(envelope, process_id))


def unknown_type(process: Process, type_: str) -> str:
    """Why a message of this type, which the process does not hear, is not taken in."""
    return f"unknown type {_short(type_)}: {process.name} consumes {', '.join(process.message_types)}"


def names_module(source: str) -> bool:
    """Whether a source has the form of a module's, in capital letters too: then it has to be one, letter by letter."""
    return source[: len(MODULES)].lower() == MODULES


def _is_heard(process: Process, source: str, kind: type) -> bool:
    """Whether the process hears this kind from the source; one that names no module may say anything."""
    if not names_module(source):
        return True
    return source.startswith(MODULES) and kind in process.inputs.get(source[len(MODULES) :], ())


def is_for_other_process(process: Process, envelope: Envelope) -> bool:
    """Whether a message tells of another process's deadline, of which this one hears because theirs have one name."""
    armed_by = envelope.data.get("armed_by")
    if armed_by is None or armed_by == process.name:
        return False
    return any(isinstance(own, Deadline) and own.emits.__name__ == envelope.type for own in process.effects)


def named_instance(process: Process, message: Poison) -> str | None:
    """The instance that a message seems to be about, for people who look for it; None if it names none.

    What the data says comes first, in either of its places, then the subject.
    """
    data, event, encoded = (process.correlate,), ("data", process.correlate), ("data_base64",)
    said = scalars(message.raw.body, (data, event, encoded))
    unpacked = scalars(_unpacked(said[encoded]), (data,)) if encoded in said else {}
    named = said.get(data) or said.get(event) or unpacked.get(data) or message.subject
    return (
        named if named is None else _as_written(process.message_types.get(message.type or ""), process.correlate, named)
    )


def _as_written(kind: type | None, correlate: str, named: str) -> str:
    """The id as the instance has it, which may be another spelling, where the message class takes it for one."""
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
    """The bytes that this is in base64, as far as it is that."""
    digits = _NO_BASE64.sub("", text.translate(_URL_SAFE))
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return b64decode(digits + "=" * (-len(digits) % 4))


def poison(envelope: Envelope, reason: str) -> Poison:
    """The well-formed message as one that can't be handled."""
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
    """The message without the position that it claims: one that speaks for somebody else has none to give away."""
    return replace(message, module=None, position=None, previous_position=None)


def _digest(envelope: Envelope, process_id: str) -> bytes:
    """A digest of what the message says: the same in every encoding and order of fields."""
    said = orjson.dumps([envelope.type, process_id, envelope.data], option=orjson.OPT_SORT_KEYS)
    return blake2b(said, digest_size=DIGEST_BYTES).digest()


def _complaints(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, complaint['loc'])) or 'data'}: {complaint['msg'].removeprefix('Value error, ')}"
        f" (got {_short(complaint['input'])})"
        for complaint in error.errors(include_url=False)[:5]
    )


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
