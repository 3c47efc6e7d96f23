"""`saga replay`: whether instances, such as orders, match their record, and what differs."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import typer
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
from saga.documents.as_data import as_data
from saga.documents.audit import identity_as_data
from saga.documents.instances import many_of, one_of
from saga.operations import DifferingInstance, ReplayReport, UnknownInstances
from saga.settings import load_settings


def replay(
    process_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Instance ids, such as order ids; all by default.")
    ] = None,
    *,
    repairing: Annotated[bool, typer.Option("--repair", help="Rewrite rows and timers that differ.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many differing instances.")] = 100,
    of: OfProcess = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild instances, such as orders, from their record and compare them with their rows. Sends nothing.

    Exit code 1 if any difference is left.
    """
    settings = load_settings()
    processes = choose_processes(settings, of)
    by_name = {process.name: process for process in processes}
    console = terminal()
    milestones = Progress(processes, "checked")
    shown = 0

    def progress(so_far: ReplayReport) -> None:
        nonlocal shown
        for finding in so_far.findings[shown:] if not as_json else ():
            console.print(_explained(by_name[finding.process], finding), soft_wrap=True)
        shown = len(so_far.findings)
        if not process_ids:
            milestones.say(so_far.instances)

    wanted: dict[str, Any] = {"ids": process_ids or None, "repair": repairing, "limit": limit}
    try:
        report = operate(settings, partial(operations.replay, processes=processes, **wanted, progress=progress))
    except UnknownInstances as error:
        raise CommandFailed(unknown(error.ids, processes)) from None
    if as_json:
        print_json(_as_data(report, by_name))
    else:
        console.print(_summary(report, processes, repairing=repairing))
    if report.left:
        raise typer.Exit(1)


def _as_data(report: ReplayReport, processes: Mapping[str, Process]) -> dict[str, Any]:
    return {
        **as_data(report.instances),
        "repaired": report.repaired,
        "left": report.left,
        many_of([*processes.values()]): [_finding_as_data(processes, finding) for finding in report.findings],
        "more": report.instances.differing > len(report.findings),
    }


def _finding_as_data(processes: Mapping[str, Process], finding: DifferingInstance) -> dict[str, Any]:
    left = finding.left
    return {
        **identity_as_data(processes, finding),
        "repaired": finding.repaired,
        "differences": [
            {
                "what": one.what,
                "stored": one.found,
                "recorded": one.expected,
                "sentence": one.sentence,
                "repaired": one not in left,
            }
            for one in finding.differences
        ],
    }


def _explained(process: Process, finding: DifferingInstance) -> Text:
    text, left = heading(finding), finding.left
    if finding.process_version not in (None, process.version):
        written = f"its row was written by version {finding.process_version} of the process"
        text.append(f" ({written}, this is {process.version})", "dim")
    for one in finding.differences:
        text.append(f"\n  {short(one.sentence)}", "red" if one in left else "")
        if one not in left:
            text.append(", repaired", "green")
    return text


def _summary(report: ReplayReport, processes: Sequence[Process], *, repairing: bool) -> Text:
    instances = report.instances
    text = Text(f"{counted(instances.checked, one_of(processes), many_of(processes))} checked: ")
    text.append(f"{instances.differing} differ" if instances.differing else "all match their record")
    if repairing and instances.differing:
        text.append(f", {report.repaired} repaired" + (f", {report.left} still differ" if report.left else ""))
    elif instances.differing:
        text.append("; `saga replay --repair` rewrites rows and timers")
    hidden = (instances.differing - len(report.findings), "more differ than are shown, see --limit")
    return text.append(".").append(notes(instances, [hidden]))
