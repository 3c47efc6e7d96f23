"""Documents about logs and their readers: what `saga modules`, `saga log` and `saga cursors` print."""

from collections.abc import Sequence
from typing import Any

from saga.documents.as_data import as_data
from saga.modules import Entry
from saga.operations import ConsumerCursor, ListedModule, LogPage


def modules_document(modules: Sequence[ListedModule]) -> dict[str, Any]:
    """The modules, and the ends of their logs."""
    return {"modules": [as_data(module) for module in modules], "count": len(modules)}


def cursors_document(cursors: Sequence[ConsumerCursor]) -> dict[str, Any]:
    """How far each consumer got in each module."""
    return {"cursors": [_cursor(cursor) for cursor in cursors], "count": len(cursors)}


def log_document(page: LogPage) -> dict[str, Any]:
    """A page of a module's log."""
    return {
        "module": page.module,
        "after": page.after,
        "horizon": page.horizon,
        "last_position": page.log.last_position,
        "last_public_position": page.log.last_public_position,
        "pruned_position": page.log.pruned_position,
        "events": [entry_document(entry) for entry in page.entries],
        "count": len(page.entries),
        "more": page.horizon < page.log.last_position,
    }


def entry_document(entry: Entry) -> dict[str, Any]:
    """One entry of a log."""
    return {
        "module": entry.module,
        "position": entry.position,
        "previous_public_position": entry.previous_public_position,
        "recorded_at": entry.recorded_at,
        "type": entry.type,
        "visibility": "internal" if is_internal(entry) else "public",
        "target": entry.target,
        "stream_id": entry.stream_id,
        "stream_version": entry.stream_version,
        "event_id": entry.event_id,
        "data": entry.data,
        "metadata": dict(entry.metadata),
    }


def is_internal(entry: Entry) -> bool:
    """Every public event of a log in this database names its predecessor."""
    return entry.previous_public_position is None


def _cursor(cursor: ConsumerCursor) -> dict[str, Any]:
    handled = [{"first": first, "last": last} for first, last in cursor.handled_above]
    return {**as_data(cursor), "handled_above": handled}
