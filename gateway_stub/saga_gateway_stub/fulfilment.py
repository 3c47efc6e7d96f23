"""The fulfilment: a small sink that remembers whether an order is started or stopped, and how often it was."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.engine.halving import halved
from saga.messages import Envelope, Poison
from saga.postgres import Statements, durable_transaction
from saga_gateway_stub.commands import Command, CommandData, StartFulfilment, StopFulfilment, newest
from saga_gateway_stub.inbox import Inbox, read_all

INBOX = Inbox("fulfilment")
CHANGE_FULFILMENT = Statements(__package__)["fulfilment/change_fulfilment"]

KINDS: Final[Mapping[str, type[CommandData]]] = {kind.__name__: kind for kind in (StartFulfilment, StopFulfilment)}


class Result(Enum):
    """What became of a command, and of the order."""

    STARTED = "started"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"


class Fulfilment:
    """Takes commands; any number may work side by side on one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self, messages: Sequence[Envelope | Poison]) -> None:
        """Take a batch; when this returns it may be acknowledged.

        Raises Unavailable or Conflict when the same call should be made again.
        """
        await halved(self._take, partial(INBOX.park, self._engine), messages)

    async def _take(self, messages: Sequence[Envelope | Poison]) -> None:
        """Take messages in one transaction, all or nothing."""
        commands, rejected = read_all(messages, KINDS)
        async with durable_transaction(self._engine) as connection:
            taken = await INBOX.take_in(connection, commands)
            changed = await _change(connection, newest(taken.fresh))
            results = {command.id: Result.SUPERSEDED for command in taken.fresh} | changed
            await INBOX.write_results(connection, results)
            await INBOX.reject(connection, rejected + taken.conflicting)


async def _change(connection: AsyncConnection, commands: Sequence[Command]) -> dict[str, Result]:
    """Carry commands out; the results of those that were not superseded by a greater revision."""
    if not commands:
        return {}
    wanted = {command.id: _wanted(command) for command in commands}
    columns = {
        "order_ids": [command.data.order_id for command in commands],
        "effects": [command.data.effect for command in commands],
        "states": [result.value for result in wanted.values()],
        "revisions": [command.data.revision for command in commands],
        "command_ids": list(wanted),
    }
    changed = set((await connection.execute(CHANGE_FULFILMENT, columns)).scalars())
    return {command_id: result for command_id, result in wanted.items() if command_id in changed}


def _wanted(command: Command) -> Result:
    return Result.STARTED if isinstance(command.data, StartFulfilment) else Result.STOPPED
