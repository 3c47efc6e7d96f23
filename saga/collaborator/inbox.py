"""The inbox of a collaborator: each command once, the command that holds for each effect, and rejected messages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.collaborator.commands import Command
from saga.collaborator.tables import OwnStatements
from saga.engine.dead_letters import MAX_REASON_LENGTH, dump_properties, fingerprint, stored_text
from saga.engine.intake import poison
from saga.messages import Poison


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Commands that are new; and commands that were rejected because a known id came with other contents."""

    fresh: list[Command[Any]]
    contradicting: list[Poison]


class Inbox:
    """The inbox in the tables of one collaborator; every method works within the caller's transaction."""

    def __init__(self, statements: OwnStatements) -> None:
        self._take_in = statements["take_in_commands"]
        self._hold = statements["hold_effects"]
        self._write_results = statements["write_results"]
        self._keep_rejected = statements["keep_rejected"]

    async def deduplicate(self, connection: AsyncConnection, commands: Sequence[Command[Any]]) -> Deduplicated:
        """Insert commands by id and return the new ones; of several with one id, the first counts."""
        if not commands:
            return Deduplicated([], [])
        first: dict[str, Command[Any]] = {}
        for command in commands:
            first.setdefault(command.id, command)
        rows = await connection.execute(self._take_in, _columns(first, Counter(command.id for command in commands)))
        known = {row.command_id: row for row in rows}
        contradicting = [
            poison(command.envelope, f"command {command.id} came before with other contents")
            for command in commands
            if command.digest != known[command.id].digest
        ]
        fresh = [
            command
            for command in first.values()
            if known[command.id].result is None and known[command.id].digest == command.digest
        ]
        return Deduplicated(fresh, contradicting)

    async def hold(self, connection: AsyncConnection, commands: Sequence[Command[Any]]) -> list[Command[Any]]:
        """Lock the effects and let these commands hold; return those that no greater revision supersedes."""
        if not commands:
            return []
        columns = {
            "instance_ids": [command.instance_id for command in commands],
            "effects": [command.effect for command in commands],
            "revisions": [command.revision for command in commands],
            "command_ids": [command.id for command in commands],
        }
        holding = set((await connection.execute(self._hold, columns)).scalars())
        return [command for command in commands if command.id in holding]

    async def write_results(self, connection: AsyncConnection, results: Mapping[str, str]) -> None:
        """Write the results of commands that this transaction has locked."""
        if results:
            columns = {"command_ids": list(results), "results": list(results.values())}
            await connection.execute(self._write_results, columns)

    async def reject(self, connection: AsyncConnection, rejected: Sequence[Poison]) -> None:
        """Keep raw messages that can't be carried out, with the reason."""
        unique = {fingerprint(one.raw): one for one in rejected}
        if unique:
            kept = unique.values()
            await connection.execute(
                self._keep_rejected,
                {
                    "fingerprints": list(unique),
                    "reasons": [stored_text(one.reason, MAX_REASON_LENGTH) for one in kept],
                    "types": [stored_text(one.type) for one in kept],
                    "message_ids": [stored_text(one.id) for one in kept],
                    "bodies": [one.raw.body for one in kept],
                    "properties": [orjson.dumps(dump_properties(one.raw)).decode() for one in kept],
                },
            )


def _columns(commands: Mapping[str, Command[Any]], deliveries: Mapping[str, int]) -> dict[str, list[object]]:
    return {
        "command_ids": list(commands),
        "instance_ids": [command.instance_id for command in commands.values()],
        "effects": [command.effect for command in commands.values()],
        "types": [command.type for command in commands.values()],
        "revisions": [command.revision for command in commands.values()],
        "bodies": [orjson.dumps(command.body).decode() for command in commands.values()],
        "metadata": [orjson.dumps(command.metadata).decode() for command in commands.values()],
        "digests": [command.digest for command in commands.values()],
        "deliveries": [deliveries[command_id] for command_id in commands],
    }
