"""The document of an audit: what `saga audit` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from saga.core import Process
from saga.documents.as_data import as_data
from saga.documents.instances import identified, many_of
from saga.operations import AuditReport, DifferingInstance, StrayCommand, UnansweredEvent


def audit_document(report: AuditReport, processes: Sequence[Process]) -> dict[str, Any]:
    """What was compared and what differs."""
    by_name = {process.name: process for process in processes}
    return {
        **as_data(report.instances),
        "left_standing": report.left_standing,
        "heard": report.events,
        "unanswered": report.unanswered,
        "compared": report.commands,
        "astray": report.stray,
        many_of(processes): [_instance_as_data(by_name, finding) for finding in report.findings],
        "events": [_event_as_data(event) for event in report.unanswered_events],
        "commands": [_command_as_data(command) for command in report.stray_commands],
        "gaps": [{"module": gap.module, "first": gap.first, "last": gap.last} for gap in report.first_gaps],
        "more": _is_more(report),
    }


def _instance_as_data(processes: Mapping[str, Process], instance: DifferingInstance) -> dict[str, Any]:
    return {
        **identity_as_data(processes, instance),
        "left_standing": list(instance.left_standing),
        "differences": [
            {"what": one.what, "found": one.found, "model": one.expected, "sentence": one.sentence}
            for one in instance.differences
        ],
    }


def _event_as_data(event: UnansweredEvent) -> dict[str, Any]:
    return {
        "process": event.process,
        "process_id": event.process_id,
        "module": event.module,
        "position": event.position,
        "type": event.type,
        "sentence": event.sentence,
    }


def _command_as_data(command: StrayCommand) -> dict[str, Any]:
    return {
        "process": command.process,
        "process_id": command.process_id,
        "collaborator": command.collaborator,
        "id": command.command_id,
        "type": command.type,
        "is_recorded": command.is_recorded,
        "sentence": command.sentence,
    }


def identity_as_data(processes: Mapping[str, Process], finding: DifferingInstance) -> dict[str, Any]:
    """The instance that differs."""
    process = processes[finding.process]
    return {**identified(process, finding.process_id), "process_version": finding.process_version}


def _is_more(report: AuditReport) -> bool:
    """Whether more was found than is listed."""
    return (
        report.instances.differing > len(report.findings)
        or report.unanswered > len(report.unanswered_events)
        or report.stray > len(report.stray_commands)
        or report.gaps > len(report.first_gaps)
    )
