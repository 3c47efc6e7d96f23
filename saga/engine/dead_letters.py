"""Dead letters: messages that could not be handled, in raw form and with the reason, so that they can be redriven."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.messages import Poison, Raw
from saga.postgres import Statements

_SQL = Statements(__package__)
KEEP_DEAD_LETTERS = _SQL["keep_dead_letters"]
CLOSE_DEAD_LETTERS = _SQL["close_dead_letters"]
FAIL_AGAIN = _SQL["fail_again"]

MAX_TEXT_LENGTH = 400
MAX_REASON_LENGTH = 2_000


class DeadLetterKind(Enum):
    """Not understood; contradicting a known fact; or handling it failed."""

    POISON = "poison"
    CONFLICT = "conflict"
    FAILED = "failed"


class DeadLetterState(Enum):
    """Waiting for a person; redriven and handled; or discarded."""

    OPEN = "open"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class NewDeadLetter:
    """A message to store; ``poison`` has its raw form, the reason, and its known attributes."""

    kind: DeadLetterKind
    poison: Poison
    process_id: str | None = None


async def keep(connection: AsyncConnection, consumer: str, dead_letters: Sequence[NewDeadLetter]) -> None:
    """Write dead letters; the same raw message twice is one dead letter with two attempts."""
    fingerprints = [fingerprint(one.poison.raw) for one in dead_letters]
    unique, attempts = dict(zip(fingerprints, dead_letters, strict=True)), Counter(fingerprints)
    if not unique:
        return
    kept = list(unique.values())
    await connection.execute(
        KEEP_DEAD_LETTERS,
        {
            "consumer": consumer,
            "fingerprints": list(unique),
            "kinds": [one.kind.value for one in kept],
            "reasons": [stored_text(one.poison.reason, MAX_REASON_LENGTH) for one in kept],
            "types": [stored_text(one.poison.type) for one in kept],
            "process_ids": [stored_text(one.process_id or one.poison.subject) for one in kept],
            "sources": [stored_text(one.poison.source) for one in kept],
            "message_ids": [stored_text(one.poison.id) for one in kept],
            "modules": [stored_text(one.poison.module) for one in kept],
            "positions": [one.poison.position for one in kept],
            "bodies": [one.poison.raw.body for one in kept],
            "attempts": [attempts[one] for one in unique],
            "properties": [orjson.dumps(dump_properties(one.poison.raw)).decode() for one in kept],
        },
    )


async def close(connection: AsyncConnection, dead_letter_ids: Sequence[int], state: DeadLetterState) -> list[int]:
    """Close dead letters; returns the ids of those that were open."""
    rows = await connection.execute(
        CLOSE_DEAD_LETTERS, {"dead_letter_ids": list(dead_letter_ids), "state": state.value}
    )
    return [row.dead_letter_id for row in rows]


async def fail_again(connection: AsyncConnection, dead_letter_id: int, reason: str) -> None:
    """Record that an open dead letter was redriven and failed again."""
    parameters = {"dead_letter_id": dead_letter_id, "reason": stored_text(reason, MAX_REASON_LENGTH)}
    await connection.execute(FAIL_AGAIN, parameters)


def as_kept(process_id: str) -> str:
    """The id of an instance in the form that dead letters store."""
    return stored_text(process_id) or ""


def dump_properties(raw: Raw) -> dict[str, Any]:
    """Everything except the body, as JSON that PostgreSQL can store; unusual values become text."""
    return {
        "routing_key": stored_text(raw.routing_key),
        "exchange": stored_text(raw.exchange),
        "content_type": stored_text(raw.content_type),
        "message_id": stored_text(raw.message_id),
        "type": stored_text(raw.type),
        "correlation_id": stored_text(raw.correlation_id),
        "headers": _storable(raw.headers),
    }


def load_raw(body: bytes, properties: Mapping[str, Any]) -> Raw:
    """The raw message of a dead letter."""
    return Raw(body=body, **properties)


def fingerprint(raw: Raw) -> bytes:
    """A digest of 32 bytes, the same for messages that are equal byte for byte."""
    properties = orjson.dumps(dump_properties(raw), option=orjson.OPT_SORT_KEYS)
    return blake2b(properties + b"\n" + raw.body, digest_size=32).digest()


def stored_text(value: str | None, most: int = MAX_TEXT_LENGTH) -> str | None:
    """The text as PostgreSQL can store it: without NUL and lone surrogates, cut after ``most`` characters."""
    if value is None:
        return None
    clean = value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return clean if len(clean) <= most else clean[:most] + "..."


def _storable(value: Any, depth: int = 0) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 2**63 else str(value)
        case str():
            return stored_text(value, 10_000)
        case bytes() | bytearray():
            return {"base64": b64encode(value).decode()}
        case datetime():
            return value.isoformat()
        case dict() if depth < 8:
            return {stored_text(str(key)): _storable(item, depth + 1) for key, item in value.items()}
        case list() | tuple() if depth < 8:
            return [_storable(item, depth + 1) for item in value]
        case _:
            return stored_text(repr(value), 10_000)
