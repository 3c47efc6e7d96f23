"""`saga audit`: check that instances match the model, and that no event, command or log entry is missing."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from saga import operations
from saga.cli.shell.checked import (
    Progress,
    counted,
    heading,
    notes,
    short,
    unknown,
)
from saga.cli.shell.database import operate
from saga.cli.shell.failure import CommandFailed
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.terminal import AsJson, print_json, terminal
from saga.core import Process
from saga.documents.audit import audit_document
from saga.documents.instances import many_of, one_of
from saga.operations import AuditReport, DifferingInstance, UnknownInstances
from saga.settings import load_settings


def audit(
    process_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Instance ids, such as order ids; all by default.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many differing instances.")] = 100,
    of: OfProcess = None,
    as_json: AsJson = False,
) -> None:
    """Check instances, such as orders, against the model: the result of the declared tables for their facts.

    Compares states, outcomes and the last command for each effect, without the engine's own decision. Without ids it
    also checks that every consumed event has an answer, that collaborators that keep their commands in this
    database have exactly those of the log, and that no log has a gap. Exit code 1 if anything differs.
    """
    settings = load_settings()
    processes = choose_processes(settings, of)
    milestones = Progress(processes, "audited")

    def progress(so_far: AuditReport) -> None:
        if not process_ids:
            milestones.say(so_far.instances)

    try:
        report = operate(
            settings,
            partial(operations.audit, processes=processes, ids=process_ids or None, limit=limit, progress=progress),
        )
    except UnknownInstances as error:
        raise CommandFailed(unknown(error.ids, processes)) from None
    if as_json:
        print_json(audit_document(report, processes))
    else:
        _show(report, processes, terminal())
    if not report.is_clean:
        raise typer.Exit(1)


def _show(report: AuditReport, processes: Sequence[Process], console: Console) -> None:
    for instance in report.findings:
        console.print(_explained(instance), soft_wrap=True)
    events = [(event.process, event.sentence) for event in report.unanswered_events]
    commands = [(command.process, command.sentence) for command in report.stray_commands]
    for name, sentence in (*events, *commands):
        console.print(Text(f"{name.capitalize()}: {short(sentence)}", "red"), soft_wrap=True)
    for gap in report.first_gaps:
        console.print(Text(f"T{short(gap.sentence)[1:]}", "red"), soft_wrap=True)
    console.print(_summary(report, processes))


def _explained(instance: DifferingInstance) -> Text:
    text = heading(instance)
    for one in instance.differences:
        text.append(f"\n  {short(one.sentence)}", "red")
    for name in instance.left_standing:
        text.append(f"\n  {short(name)} was sent last, and nothing is wanted of it now", "dim")
    return text


def _summary(report: AuditReport, processes: Sequence[Process]) -> Text:
    instances = report.instances
    text = Text(f"{counted(instances.checked, one_of(processes), many_of(processes))} audited: ")
    text.append(f"{instances.differing} differ." if instances.differing else "all match the model.")
    if report.events:
        text.append(f"\n{counted(report.events, 'event', 'events')} consumed: ")
        text.append(f"{report.unanswered} without an answer." if report.unanswered else "all are answered.")
    if report.commands:
        text.append(f"\n{counted(report.commands, 'command', 'commands')} compared with the collaborators: ")
        text.append(f"{report.stray} on one side only." if report.stray else "all are on both sides.")
    return text.append(notes(instances, _hidden(report)))


def _hidden(report: AuditReport) -> list[tuple[int, str]]:
    """How many findings of each kind are beyond the limit."""
    return [
        (report.instances.differing - len(report.findings), "more differ than are shown, see --limit"),
        (
            report.unanswered - len(report.unanswered_events),
            "more events have no answer than are shown, see --limit",
        ),
        (
            report.stray - len(report.stray_commands),
            "more commands are on one side only than are shown, see --limit",
        ),
        (report.gaps - len(report.first_gaps), "more gaps are in the logs than are shown, see --limit"),
    ]
