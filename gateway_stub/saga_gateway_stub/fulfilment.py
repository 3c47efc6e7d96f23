"""The fulfilment: records whether the fulfilment of an order is started or stopped, and how often each happened."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.collaborator import Collaborator, Command
from saga.messages import Envelope, Poison
from saga.postgres import Statements
from saga_gateway_stub.commands import StartFulfilment, StopFulfilment

CHANGE_FULFILMENT = Statements(__package__)["fulfilment/change_fulfilment"]


class Result(Enum):
    """The result of a command, and the state of the order."""

    STARTED = "started"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"


class Fulfilment:
    """Handles commands; any number may work side by side on one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.collaborator = Collaborator(
            "fulfilment", instance="order_id", handlers={StartFulfilment: _start, StopFulfilment: _stop}
        )

    async def handle(self, messages: Sequence[Envelope | Poison]) -> None:
        """Handle a batch; after this returns, the batch may be acknowledged.

        Raises Unavailable or LostRace when the same call should be made again.
        """
        await self.collaborator.handle(self._engine, messages)


async def _start(command: Command[StartFulfilment], connection: AsyncConnection) -> str:
    return await _change(command, connection, Result.STARTED)


async def _stop(command: Command[StopFulfilment], connection: AsyncConnection) -> str:
    return await _change(command, connection, Result.STOPPED)


async def _change(command: Command[Any], connection: AsyncConnection, result: Result) -> str:
    """Carry a command out, unless the program's previous version has carried out one with a greater revision."""
    parameters = {
        "order_id": command.instance_id,
        "effect": command.effect,
        "state": result.value,
        "revision": command.revision,
        "command_id": command.id,
    }
    is_changed = (await connection.execute(CHANGE_FULFILMENT, parameters)).rowcount == 1
    return (result if is_changed else Result.SUPERSEDED).value
