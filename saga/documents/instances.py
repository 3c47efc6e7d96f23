"""Documents about instances: what `saga list` and `saga inspect` print."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from saga.core import Process
from saga.documents.as_data import as_data
from saga.operations import Inspection, ListedInstance

PLURALS: Final = {"order": "orders"}
"""Processes that have a word of their own for their instances."""


def one_of(processes: Sequence[Process]) -> str:
    """The word for one instance of these processes."""
    return processes[0].name if len(processes) == 1 else "instance"


def many_of(processes: Sequence[Process]) -> str:
    """The word for several instances of these processes."""
    return PLURALS.get(one_of(processes), "instances")


def identified(process: Process, process_id: str) -> dict[str, str]:
    """The instance, for programs: under the process's own name for its id, and under names that all processes share."""
    return {process.correlate: process_id, "process": process.name, "process_id": process_id}


def instances_document(
    processes: Sequence[Process], instances: Sequence[ListedInstance], *, more: bool
) -> dict[str, Any]:
    """A list of instances of these processes; ``more`` says that there are further ones."""
    by_name: Mapping[str, Process] = {process.name: process for process in processes}
    listed = [_listed(by_name[one.process], one) for one in instances]
    return {many_of(processes): listed, "count": len(listed), "more": more}


def instance_document(process: Process, instance: Inspection) -> dict[str, Any]:
    """All that is known of one instance."""
    return {**identified(process, instance.process_id), **as_data(instance)}


def _listed(process: Process, instance: ListedInstance) -> dict[str, object]:
    return {
        **identified(process, instance.process_id),
        "outcome": instance.outcome,
        "settled": instance.settled,
        "stuck": instance.stuck,
        "reason": instance.reason,
        "reason_codes": list(instance.reason_codes),
        "updated_at": instance.updated_at,
    }
