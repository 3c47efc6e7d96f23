"""Instances: lock and load those of a batch, and write what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process, State, dump_state, load_state
from saga.postgres import Conflict, Statements

_SQL = Statements(__package__)
INSERT_MISSING_INSTANCES = _SQL["insert_missing_instances"]
LOCK_INSTANCES = _SQL["lock_instances"]
UPDATE_INSTANCES = _SQL["update_instances"]
DELETE_UNBORN_INSTANCES = _SQL["delete_unborn_instances"]


@dataclass(frozen=True, slots=True)
class Instance:
    """A process instance; ``stream_version`` counts the entries of its stream in the process's log."""

    process_id: str
    stream_version: int
    state: State


@dataclass(frozen=True, slots=True)
class Decided:
    """An instance as it is to be written."""

    instance: Instance
    outcome: Enum


async def lock(connection: AsyncConnection, process: Process, process_ids: set[str]) -> dict[str, Instance]:
    """Lock and load the instances, those that did not exist at their start."""
    if not process_ids:
        return {}
    wanted = {"process": process.name, "process_version": process.version, "process_ids": sorted(process_ids)}
    await connection.execute(INSERT_MISSING_INSTANCES, wanted)
    start = State.start(process)
    return {
        process_id: Instance(process_id, version, load_state(process, orjson.loads(state)) if version else start)
        for process_id, version, state in await connection.execute(LOCK_INSTANCES, wanted)
    }


async def write(connection: AsyncConnection, process: Process, decided: Sequence[Decided]) -> None:
    """Write the decided instances, each of which this transaction has locked."""
    if not decided:
        return
    result = await connection.execute(
        UPDATE_INSTANCES,
        {
            "process": process.name,
            "process_version": process.version,
            "process_ids": [one.instance.process_id for one in decided],
            "stream_versions": [one.instance.stream_version for one in decided],
            "outcomes": [one.outcome.value for one in decided],
            "settled": [one.outcome in process.settled for one in decided],
            "states": [orjson.dumps(dump_state(one.instance.state)).decode() for one in decided],
        },
    )
    if result.rowcount != len(decided):
        raise Conflict(f"wrote {result.rowcount} of {len(decided)} locked instances")


async def delete_unborn(connection: AsyncConnection, process: Process, instances: Mapping[str, Instance]) -> None:
    """Remove the rows of instances of which nothing was taken in, ever."""
    unborn = [process_id for process_id, instance in instances.items() if instance.stream_version == 0]
    if unborn:
        await connection.execute(DELETE_UNBORN_INSTANCES, {"process": process.name, "process_ids": unborn})
