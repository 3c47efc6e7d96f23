"""The inbox of a collaborator: takes each command in once, counts how often it came, keeps what is no command."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.engine.dead_letters import dump_properties
from saga.messages import Envelope, Poison
from saga.postgres import Statements, durable_transaction
from saga_gateway_stub.commands import Command, CommandData, poison, read

FINGERPRINT_BYTES = 32
MAX_TEXT_LENGTH = 2_000

_SQL = Statements(__package__)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Commands that are new; and what was rejected because it says something else under a known id."""

    fresh: list[Command]
    conflicting: list[Poison]


class Inbox:
    """The inbox of the collaborator that owns this schema."""

    def __init__(self, schema: str) -> None:
        self._take_in = _SQL[f"{schema}/take_in_commands"]
        self._write_results = _SQL[f"{schema}/write_results"]
        self._keep_rejected = _SQL[f"{schema}/keep_rejected"]

    async def take_in(self, connection: AsyncConnection, commands: Sequence[Command]) -> TakenIn:
        """Take commands in; of several with one id the first."""
        if not commands:
            return TakenIn([], [])
        first: dict[str, Command] = {}
        for command in commands:
            first.setdefault(command.id, command)
        rows = await connection.execute(self._take_in, _columns(first, Counter(command.id for command in commands)))
        known = {row.command_id: row for row in rows}
        conflicting = [
            poison(command.envelope, f"command {command.id} came before with other contents")
            for command in commands
            if command.digest != known[command.id].digest
        ]
        fresh = [
            command
            for command in first.values()
            if known[command.id].result is None and known[command.id].digest == command.digest
        ]
        return TakenIn(fresh, conflicting)

    async def write_results(self, connection: AsyncConnection, results: Mapping[str, Enum]) -> None:
        """Write what became of commands that this transaction has locked."""
        if results:
            values = [result.value for result in results.values()]
            await connection.execute(self._write_results, {"command_ids": list(results), "results": values})

    async def reject(self, connection: AsyncConnection, rejected: Sequence[Poison]) -> None:
        """Keep messages that can't be carried out, raw, with the reason."""
        unique = {_fingerprint(one): one for one in rejected}
        if unique:
            kept = unique.values()
            await connection.execute(
                self._keep_rejected,
                {
                    "fingerprints": list(unique),
                    "reasons": [_text(one.reason) for one in kept],
                    "types": [_text(one.type) for one in kept],
                    "message_ids": [_text(one.id) for one in kept],
                    "bodies": [one.raw.body for one in kept],
                    "properties": [_properties(one).decode() for one in kept],
                },
            )

    async def park(self, engine: AsyncEngine, message: Envelope | Poison, reason: str) -> None:
        """Keep, in a transaction of its own, a message that PostgreSQL won't take in."""
        one = message if isinstance(message, Poison) else poison(message, reason)
        async with durable_transaction(engine) as connection:
            await self.reject(connection, [one])


def read_all(
    messages: Sequence[Envelope | Poison], kinds: Mapping[str, type[CommandData]]
) -> tuple[list[Command], list[Poison]]:
    """The commands among the messages, and what is none."""
    read_ones = [read(message, kinds) for message in messages]
    return (
        [one for one in read_ones if isinstance(one, Command)],
        [one for one in read_ones if isinstance(one, Poison)],
    )


def _columns(commands: Mapping[str, Command], deliveries: Mapping[str, int]) -> dict[str, list[object]]:
    return {
        "command_ids": list(commands),
        "order_ids": [command.data.order_id for command in commands.values()],
        "effects": [command.data.effect for command in commands.values()],
        "types": [command.type for command in commands.values()],
        "revisions": [command.data.revision for command in commands.values()],
        "bodies": [orjson.dumps(command.body).decode() for command in commands.values()],
        "metadata": [orjson.dumps(command.metadata).decode() for command in commands.values()],
        "digests": [command.digest for command in commands.values()],
        "deliveries": [deliveries[command_id] for command_id in commands],
    }


def _fingerprint(rejected: Poison) -> bytes:
    return blake2b(_properties(rejected) + b"\n" + rejected.raw.body, digest_size=FINGERPRINT_BYTES).digest()


def _properties(rejected: Poison) -> bytes:
    return orjson.dumps(dump_properties(rejected.raw), option=orjson.OPT_SORT_KEYS)


def _text(value: str | None) -> str | None:
    """The text as PostgreSQL can store it: without NUL and lone surrogates, and not endless."""
    if value is None:
        return None
    return value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:MAX_TEXT_LENGTH]
