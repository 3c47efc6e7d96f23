"""Instances: lock and load those of a batch, and write what was decided.

A pruned instance is a tombstone that keeps its state. It comes back when something new is taken in: the row is created
as for an instance that is heard of for the first time, the decision starts from the tombstone's state, and what was
decided takes the tombstone's place. Where nothing is decided, the new row goes and the tombstone stays.

The tombstone is looked for after the row was created, in a statement of its own: creating it waits for a pruner that
is just removing the old row, and only a later statement sees the tombstone that this pruner left. A row that was there
and is gone when it is locked was pruned in between: a conflict, the step is run again.

Every instance is bounded, but a batch may be about many large ones. Only so many are loaded in one transaction.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process, State, dump_state, load_state
from saga.core.statically_frozen import statically_frozen
from saga.postgres import LostRace, Statements, as_rows

_SQL = Statements(__package__)
INSERT_MISSING_INSTANCES = _SQL["insert_missing_instances"]
LOCK_INSTANCES = _SQL["lock_instances"]
READ_INSTANCE_TOMBSTONES = _SQL["read_instance_tombstones"]
REVIVE_INSTANCES = _SQL["revive_instances"]
UPDATE_INSTANCES = _SQL["update_instances"]
DELETE_EMPTY_INSTANCES = _SQL["delete_empty_instances"]


MOST_BYTES: Final = 4 * 1024 * 1024
"""States as JSON that one transaction loads, unless it is a single one."""


class TooMuchAtOnce(Exception):
    """More than one transaction takes; nothing was done, and fewer messages at a time will do."""


@statically_frozen
class Instance:
    """A process instance; ``stream_version`` counts the entries of its stream in the process's log.

    ``state_bytes`` is about the size of the state as it is stored.
    ``revived_as`` is the outcome with which it was pruned, if it comes back from its tombstone; it ``was_pruned`` if
    that happens now or has happened before.
    """

    process_id: str
    stream_version: int
    state: State
    state_bytes: int = 0
    revived_as: str | None = None
    was_pruned: bool = False


@statically_frozen
class Decided:
    """An instance as it is to be written; its state is left as it stands in the row unless it ``is_changed``."""

    instance: Instance
    outcome: Enum
    is_changed: bool = True


async def lock(connection: AsyncConnection, process: Process, process_ids: set[str]) -> dict[str, Instance]:
    """Lock and load the instances, those that did not exist at their start.

    Raises Conflict if one of them was pruned in the meantime, and TooMuchAtOnce.
    """
    if not process_ids:
        return {}
    parameters = {"process": process.name, "process_version": process.version, "process_ids": sorted(process_ids)}
    await connection.execute(INSERT_MISSING_INSTANCES, parameters)
    rows = (await connection.execute(LOCK_INSTANCES, {**parameters, "most_bytes": MOST_BYTES})).all()
    if any(row.state is None for row in rows):
        raise TooMuchAtOnce
    if len(rows) != len(process_ids):
        raise LostRace(f"{len(process_ids) - len(rows)} of {len(process_ids)} instances were pruned just now")
    start = State.start(process)
    found = {
        process_id: Instance(
            process_id,
            version,
            load_state(process, orjson.loads(state)) if version else start,
            len(state),
            was_pruned=revived,
        )
        for process_id, version, state, revived, _ in rows
    }
    return found | await _pruned(connection, process, [row.process_id for row in rows if row.is_pruned])


async def _pruned(connection: AsyncConnection, process: Process, process_ids: list[str]) -> dict[str, Instance]:
    """These instances as their tombstones keep them."""
    if not process_ids:
        return {}
    parameters = {"process": process.name, "process_ids": process_ids}
    return {
        row.process_id: Instance(
            row.process_id,
            row.stream_version,
            load_state(process, orjson.loads(row.state)),
            len(row.state),
            revived_as=row.outcome,
            was_pruned=True,
        )
        for row in await connection.execute(READ_INSTANCE_TOMBSTONES, parameters)
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
            "instances": encode(process, decided),
        },
    )
    if result.rowcount != len(decided):
        raise LostRace(f"wrote {result.rowcount} of {len(decided)} locked instances")
    if revived := [one.instance.process_id for one in decided if one.instance.revived_as is not None]:
        await connection.execute(REVIVE_INSTANCES, {"process": process.name, "process_ids": revived})


def encode(process: Process, decided: Sequence[Decided]) -> str:
    """The instances as they are written. Raises TypeError for a state that is no JSON."""
    return as_rows(_row(process, one) for one in decided)


def _row(process: Process, decided: Decided) -> dict[str, Any]:
    row = {
        "process_id": decided.instance.process_id,
        "stream_version": decided.instance.stream_version,
        "outcome": decided.outcome.value,
        "settled": decided.outcome in process.settled,
    }
    return row | {"state": dump_state(decided.instance.state)} if decided.is_changed else row


async def delete_empty(connection: AsyncConnection, process: Process, instances: Mapping[str, Instance]) -> None:
    """Remove the rows that this transaction created for instances of which nothing was taken in."""
    empty = [
        process_id
        for process_id, instance in instances.items()
        if instance.stream_version == 0 or instance.revived_as is not None
    ]
    if empty:
        await connection.execute(DELETE_EMPTY_INSTANCES, {"process": process.name, "process_ids": empty})
