"""The inbox: takes in each message once. A known key means a duplicate, or a conflict if the contents differ.

Inbox rows are pruned together with their instance. A message whose position the cursor covers is then still a
duplicate. A message without position leaves a tombstone, which still distinguishes a duplicate from a conflict.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.engine.intake import AdmittedMessage
from saga.postgres import LostRace, Statements, as_rows

_SQL = Statements(__package__)
VERIFY_POSITIONS = _SQL["verify_positions"]
INSERT_INBOX = _SQL["insert_inbox"]
READ_INBOX_TOMBSTONES = _SQL["read_inbox_tombstones"]
COUNT_PRUNED = _SQL["count_pruned"]
COUNT_REPEATED_POSITIONS = _SQL["count_repeated_positions"]
COUNT_REPEATED_MESSAGES = _SQL["count_repeated_messages"]
FORGET_POSITIONS = _SQL["forget_positions"]
FORGET_MESSAGES = _SQL["forget_messages"]

TOMBSTONE_KEY_BYTES = 16

Identity = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Messages classified as new, duplicate or conflicting (with the reason)."""

    fresh: list[AdmittedMessage] = field(default_factory=list)
    repeated: list[AdmittedMessage] = field(default_factory=list)
    conflicting: list[tuple[AdmittedMessage, str]] = field(default_factory=list)


async def verify_positions(
    connection: AsyncConnection, messages: Sequence[AdmittedMessage], remote_modules: Collection[str]
) -> tuple[list[AdmittedMessage], list[tuple[AdmittedMessage, str]]]:
    """Compare messages with the logs in this database; returns the correct ones, and the false claims with a reason.

    A false position would mark another event as handled. A log that has no event yet has no position. Positions of
    modules whose logs are in another database, which are the last argument, can't be verified and are believed.
    """
    claims = {
        (m.key.module, m.key.position)
        for m in messages
        if m.key.position is not None and m.key.module not in remote_modules
    }
    if not claims:
        return list(messages), []
    modules, positions = zip(*claims, strict=True)
    rows = await connection.execute(VERIFY_POSITIONS, {"modules": list(modules), "positions": list(positions)})
    logged = {(row.module, row.position): row for row in rows}
    verified, false_claims = [], []
    for message in messages:
        row = logged.get((message.key.module, message.key.position))
        reason = _false_claim(message, row) if row else None
        if reason is None:
            verified.append(message)
        else:
            false_claims.append((message, reason))
    return verified, false_claims


def _false_claim(message: AdmittedMessage, logged: Row[Any]) -> str | None:
    envelope, claim = message.envelope, f"position {logged.position} of module {logged.module}"
    if not logged.is_kept:
        remedy = "If it is in another database, SAGA_LOG_URLS has to name it"
        return f"{claim} can't be: no log of it is kept here. {remedy}"
    if logged.position > logged.last_position:
        return f"{claim} is beyond the end of its log, which is {logged.last_position}"
    if logged.event_id is None:
        was_pruned = logged.position <= logged.pruned_position
        return None if was_pruned else f"{claim} is no public event of its log"
    if logged.event_id != envelope.id:
        return f"{claim} is event {logged.event_id}, not {envelope.id}"
    if envelope.previous_position not in (None, logged.previous_public_position):
        return f"{claim} follows public position {logged.previous_public_position}, not {envelope.previous_position}"
    return None


async def deduplicate(
    connection: AsyncConnection, consumer: str, messages: Sequence[AdmittedMessage], *, redriven: bool
) -> Deduplicated:
    """Insert the new messages, in one statement, and classify all of them."""
    result = Deduplicated()
    if not messages:
        return result
    first: dict[Identity, AdmittedMessage] = {}
    later = [m for m in messages if first.setdefault(m.key.identity, m) is not m]
    new = await _insert(connection, consumer, list(first.values()), redriven=redriven)
    result.fresh.extend(m for identity, m in first.items() if identity in new)
    known = {identity: (m.digest, m.key.message_id) for identity, m in first.items() if identity in new}
    again = [m for identity, m in first.items() if identity not in new]
    known |= await _count_duplicates(connection, consumer, again + later)
    known |= await _read_tombstones(connection, consumer, [m for m in again if m.key.identity not in known])
    for message in again + later:
        before = known.get(message.key.identity)
        if before is None or before == (message.digest, message.key.message_id):
            result.repeated.append(message)
        else:
            result.conflicting.append((message, _contradiction(message, before[1])))
    return result


def tombstone_key(source: str, message_id: str) -> bytes:
    """The key of the tombstone of a message without position."""
    named = f"{len(source)}:{source}{message_id}".encode("utf-8", "surrogatepass")
    return blake2b(named, digest_size=TOMBSTONE_KEY_BYTES).digest()


async def require_unknown(
    connection: AsyncConnection, consumer: str, messages: Sequence[AdmittedMessage], *, redriven: bool
) -> None:
    """Check again that these messages, of instances that were once pruned, are new. Raises LostRace otherwise.

    The insert may have waited for a pruner that was removing the row. Its snapshot then can't see the tombstone that
    the pruner left; a later statement can. Inbox rows are pruned with their instance, so this concerns only instances
    that are pruned, or that another step has revived since.
    """
    if not messages:
        return
    parameters = {"consumer": consumer, "redriven": redriven, "keys": _tombstone_keys(messages), **_columns(messages)}
    if known := (await connection.execute(COUNT_PRUNED, parameters)).scalar_one():
        raise LostRace(f"the rows of {known} messages were pruned just now")


def _contradiction(message: AdmittedMessage, message_id: str) -> str:
    if message.key.message_id != message_id:
        return f"position {message.key.position} of module {message.key.module} was taken in as message {message_id}"
    return "the same message was taken in before with other contents"


async def _insert(
    connection: AsyncConnection, consumer: str, messages: Sequence[AdmittedMessage], *, redriven: bool
) -> set[Identity]:
    """Insert messages, whose identities all differ; returns the identities of the new ones."""
    rows = as_rows(map(_row, messages))
    parameters = {"consumer": consumer, "redriven": redriven, "messages": rows, "count": len(messages)}
    new = (await connection.execute(INSERT_INBOX, parameters)).scalar_one()
    if new is None:
        return {message.key.identity for message in messages}
    return {_identity(*row) for row in orjson.loads(new)}


def _row(message: AdmittedMessage) -> dict[str, str | int | None]:
    key = message.key
    row: dict[str, str | int | None] = {
        "source": key.source,
        "message_id": key.message_id,
        "digest": message.digest.hex(),
    }
    if key.position is not None:
        return row | {"module": key.module, "position": key.position}
    return row | {"key": tombstone_key(key.source, key.message_id).hex()}


async def _count_duplicates(
    connection: AsyncConnection, consumer: str, messages: Sequence[AdmittedMessage]
) -> dict[Identity, tuple[bytes, str]]:
    """Count duplicates in the inbox; returns the digest and message id that the inbox has for each of their keys."""
    known: dict[Identity, tuple[bytes, str]] = {}
    for statement, group in (
        (COUNT_REPEATED_POSITIONS, [m for m in messages if m.key.position is not None]),
        (COUNT_REPEATED_MESSAGES, [m for m in messages if m.key.position is None]),
    ):
        if group:
            for row in await connection.execute(statement, {"consumer": consumer, **_columns(group)}):
                known[_identity(*row[:4])] = (row.digest, row.message_id)
    return known


async def _read_tombstones(
    connection: AsyncConnection, consumer: str, messages: Sequence[AdmittedMessage]
) -> dict[Identity, tuple[bytes, str]]:
    """The digests in the tombstones of messages whose rows were pruned."""
    tombstoned = {tombstone_key(m.key.source, m.key.message_id): m.key for m in messages if m.key.position is None}
    if not tombstoned:
        return {}
    rows = await connection.execute(READ_INBOX_TOMBSTONES, {"consumer": consumer, "keys": list(tombstoned)})
    return {tombstoned[row.key].identity: (row.digest, tombstoned[row.key].message_id) for row in rows}


async def forget(connection: AsyncConnection, consumer: str, messages: Sequence[AdmittedMessage]) -> None:
    """Remove parked messages from the inbox."""
    for statement, group in (
        (FORGET_POSITIONS, [m for m in messages if m.key.position is not None]),
        (FORGET_MESSAGES, [m for m in messages if m.key.position is None]),
    ):
        if group:
            await connection.execute(statement, {"consumer": consumer, **_columns(group)})


def _columns(messages: Iterable[AdmittedMessage]) -> dict[str, list[str | int | None]]:
    keys = [message.key for message in messages]
    return {
        "modules": [key.module if key.position is not None else None for key in keys],
        "positions": [key.position for key in keys],
        "sources": [key.source for key in keys],
        "message_ids": [key.message_id for key in keys],
    }


def _tombstone_keys(messages: Iterable[AdmittedMessage]) -> list[bytes | None]:
    return [_tombstone_key(message) for message in messages]


def _tombstone_key(message: AdmittedMessage) -> bytes | None:
    """The tombstone's key; None for a message with a position, which has no tombstone."""
    key = message.key
    return tombstone_key(key.source, key.message_id) if key.position is None else None


def _identity(module: str | None, position: int | None, source: str, message_id: str) -> Identity:
    return (module, position) if module is not None and position is not None else (source, message_id)
