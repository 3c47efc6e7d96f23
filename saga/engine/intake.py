"""Intake: which fact a well-formed message states, and about which instance. Pure; pydantic checks the data here."""

import re
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from saga.core import Deadline, Envelope, Fact, Poison, Process
from saga.core.frozen import frozen

DIGEST_BYTES = 16
MODULES = "/modules/"
"""What the source of a module begins with; its name follows."""
MAX_ID_LENGTH = 200
_SHOWN_CHARACTERS = 60
_ID = re.compile(rf"[^\x00-\x1f\x7f]{{1,{MAX_ID_LENGTH}}}")
_ID_RULE = f"that takes 1 to {MAX_ID_LENGTH} characters, none of them a control character"


@frozen
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


@frozen
class Admitted:
    """A message that the process understands."""

    envelope: Envelope
    fact: Fact
    process_id: str
    key: Key
    digest: bytes


def admit(process: Process, envelope: Envelope) -> Admitted | Poison:
    """The fact that a message states, or why it states none."""
    kind = process.kinds.get(envelope.type)
    if kind is None:
        return poison(envelope, unknown_type(process, envelope.type))
    if not _is_heard(process, envelope.source, kind):
        complaint = f"{_short(envelope.source)} is no module from which {process.name} hears {envelope.type}"
        return unplaced(poison(envelope, complaint))
    if not issubclass(kind, BaseModel):
        raise TypeError(f"{kind.__name__} is not a pydantic model: the engine can't check its messages")
    named = envelope.data.get(process.correlate)
    if named is None:
        named = envelope.subject
    if named is None:
        return poison(envelope, f"missing {process.correlate}: neither in the data nor as subject")
    if envelope.subject is not None and envelope.subject != str(named):
        return poison(envelope, f"subject {_short(envelope.subject)} is not {process.correlate} {_short(named)}")
    try:
        message = kind.model_validate({**envelope.data, process.correlate: named})
    except ValidationError as error:
        return poison(envelope, f"wrong data: {_complaints(error)}")
    fields = message.model_dump(mode="json", include=_declared(kind))
    process_id = str(fields[process.correlate])
    if not _ID.fullmatch(process_id):
        return poison(envelope, f"{process.correlate} {_short(process_id)} names no instance: {_ID_RULE}")
    key = Key(envelope.module, envelope.position, envelope.source, envelope.id)
    return Admitted(envelope, Fact(kind, fields), process_id, key, _digest(envelope, process_id))


@lru_cache(maxsize=1_024)
def _declared(kind: type[BaseModel]) -> set[str]:
    """The names of the fields that a message class declares."""
    return set(kind.model_fields)


def unknown_type(process: Process, type_: str) -> str:
    """Why a message of this type, which the process does not hear, is not taken in."""
    return f"unknown type {_short(type_)}: {process.name} hears {', '.join(process.kinds)}"


def names_module(source: str) -> bool:
    """Whether a source has the form of a module's, in capital letters too: then it has to be one, letter by letter."""
    return source[: len(MODULES)].lower() == MODULES


def _is_heard(process: Process, source: str, kind: type) -> bool:
    """Whether the process hears this kind from the source; one that names no module may say anything."""
    if not names_module(source):
        return True
    return source.startswith(MODULES) and kind in process.inputs.get(source[len(MODULES) :], ())


def is_overheard(process: Process, envelope: Envelope) -> bool:
    """Whether a message tells of another process's deadline, of which this one hears because theirs have one name."""
    armed_by = envelope.data.get("armed_by")
    if armed_by is None or armed_by == process.name:
        return False
    return any(isinstance(own, Deadline) and own.emits.__name__ == envelope.type for own in process.effects)


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
