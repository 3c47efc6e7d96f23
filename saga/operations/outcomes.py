"""The outcomes of many instances, with their inputs and commands: for checks from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process
from saga.operations.instances import ANSWERS
from saga.postgres import Statements

_SQL = Statements(__package__)
COUNT_ANSWERED = _SQL["count_answered"]
READ_OUTCOMES = _SQL["read_outcomes"]

INSTANCES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Answered:
    """How many of some instances are settled, and how many of the messages in question were answered."""

    settled: int
    answered: int


@dataclass(frozen=True, slots=True)
class RecordedInput:
    """An input that was answered: whether it changed anything, and its fields."""

    type: str
    fields: Mapping[str, Any]
    taken: bool
    message_id: str


@dataclass(frozen=True, slots=True)
class RecordedCommand:
    """A command that was sent."""

    type: str
    effect: str
    revision: int


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """An instance with its inputs and commands, in the order of their recording."""

    process_id: str
    outcome: str
    settled: bool
    inputs: list[RecordedInput] = field(default_factory=list)
    commands: list[RecordedCommand] = field(default_factory=list)


async def count_answered(
    connection: AsyncConnection, process: Process, process_ids: Sequence[str], message_ids_begin: str
) -> Answered:
    """How far these instances got with the messages whose ids begin like this."""
    parameters = {"process": process.name, "module": process.module, "process_ids": list(process_ids)}
    row = (await connection.execute(COUNT_ANSWERED, parameters | {"message_ids_begin": message_ids_begin})).one()
    return Answered(row.settled, row.answered)


async def read_outcomes(connection: AsyncConnection, process: Process, ids: Sequence[str]) -> dict[str, RecordedOrder]:
    """These instances, by id; those that do not exist are missing."""
    recorded: dict[str, RecordedOrder] = {}
    for start in range(0, len(ids), INSTANCES_AT_ONCE):
        some = list(ids[start : start + INSTANCES_AT_ONCE])
        parameters = {"process": process.name, "module": process.module, "process_ids": some}
        for row in await connection.execute(READ_OUTCOMES, parameters):
            instance = recorded.setdefault(row.process_id, RecordedOrder(row.process_id, row.outcome, row.settled))
            data = orjson.loads(row.data)
            if row.type in ANSWERS:
                came = RecordedInput(data["type"], data["fields"], row.type == "InputTaken", row.message_id)
                instance.inputs.append(came)
            elif row.target is not None:
                instance.commands.append(RecordedCommand(row.type, data["effect"], data["revision"]))
    return recorded
