"""Batches: the events of one call of ``Module.append``, and writing all batches of a transaction at its end.

Modules are written in the order of their names, so two transactions that append to the same modules never wait for each
other in a circle. While a transaction holds a module's row, no other one can append to the module, so a stream's
version can't change before the commit. If two transactions expect the same version, the second one finds a higher one.
(Above READ COMMITTED PostgreSQL itself refuses the second one: a serialization failure instead of a StreamConflict.)
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import Connection

from saga.messages.identity import derived_id
from saga.modules.log import NewEvent, append_last, lock_module
from saga.postgres import Statements

_SQL = Statements(__package__)
READ_STREAM_VERSIONS = _SQL["read_stream_versions"]


class StreamConflict(Exception):
    """A stream is not at the version that an append expected: read the stream again, and decide again.

    The commit raises it; the transaction is rolled back.
    """

    def __init__(self, module: str, stream_id: str, expected: int, actual: int) -> None:
        super().__init__(
            f"stream {stream_id!r} of module {module} is at version {actual}, expected was {expected}: "
            "read it again, and decide from what is there now"
        )
        self.module = module
        self.stream_id = stream_id
        self.expected = expected
        self.actual = actual


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of one call; with an ``expected_version``, all are of one stream, which has to be at that version.

    The ids of the events are random, or derived from ``causation_id`` if there is one.
    """

    module: str
    events: tuple[NewEvent, ...]
    expected_version: int | None = None
    causation_id: str | None = None


def write(connection: Connection, batches: Sequence[Batch]) -> None:
    """Append all batches, as the last action of the transaction. Raises StreamConflict."""
    for module, group in groupby(sorted(batches, key=_module), key=_module):
        own = list(group)
        _require_expected_versions(connection, module, own)
        append_last(connection, module, _identified(own))


def _module(batch: Batch) -> str:
    return batch.module


def _require_expected_versions(connection: Connection, module: str, batches: Sequence[Batch]) -> None:
    """Check the versions batch by batch: a later batch may expect the version after an earlier one."""
    stream_ids = {batch.events[0].stream_id for batch in batches if batch.expected_version is not None}
    if not stream_ids:
        return
    lock_module(connection, module)
    rows = connection.execute(READ_STREAM_VERSIONS, {"module": module, "stream_ids": sorted(stream_ids)})
    versions = Counter({row.stream_id: row.last_version for row in rows})
    for batch in batches:
        stream_id, expected = batch.events[0].stream_id, batch.expected_version
        if expected is not None and versions[stream_id] != expected:
            raise StreamConflict(module, stream_id, expected, versions[stream_id])
        versions.update(event.stream_id for event in batch.events)


def _identified(batches: Sequence[Batch]) -> list[NewEvent]:
    """The events; those with a known cause get ids derived from it.

    They are numbered within the transaction, so that two calls with the same cause give different ids.
    """
    numbers: Counter[tuple[str, str, str]] = Counter()
    events: list[NewEvent] = []
    for batch in batches:
        for event in batch.events:
            if batch.causation_id is None:
                events.append(event)
                continue
            caused = (batch.causation_id, event.stream_id, event.type)
            events.append(replace(event, event_id=derived_id(batch.module, *caused, numbers[caused])))
            numbers[caused] += 1
    return events
