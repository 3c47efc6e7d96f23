"""`saga audit`: is every instance what the model makes of its facts, and is every event and command accounted for."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.database import database
from saga.cli.shell.processes import OfProcess, choose_processes, identified, many_of, one_of, require_known
from saga.cli.shell.terminal import AsJson, print_json, shown, terminal
from saga.core import Process
from saga.settings import Settings, load_settings
from saga.verification.audit import (
    Astray,
    Audited,
    AuditedCommands,
    AuditedEvents,
    Gap,
    Unanswered,
    audit_commands,
    audit_events,
    audit_logs,
    audit_these,
)
from saga.verification.audit import audit as audit_all
from saga.verification.replay import Standing

PROGRESS_EVERY = 10_000
MOST_CHARACTERS = 300


@dataclass(slots=True)
class Tally:
    """What was found so far; of what differs only the first ``most`` are kept, each with its process."""

    most: int
    checked: int = 0
    differing: int = 0
    erased: int = 0
    pruned: int = 0
    partly_pruned: int = 0
    other_version: int = 0
    left_standing: int = 0
    heard: int = 0
    unanswered: int = 0
    compared: int = 0
    astray: int = 0
    gap_count: int = 0
    told: int = 0
    findings: list[tuple[Process, Audited]] = field(default_factory=list)
    lost: list[tuple[Process, Unanswered]] = field(default_factory=list)
    commands: list[tuple[Process, Astray]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def count(self, process: Process, page: Sequence[Audited]) -> None:
        """Count instances that were looked at."""
        standings = [one.standing for one in page]
        differing = [(process, one) for one in page if one.differences]
        self.checked += standings.count(Standing.COMPARED) + standings.count(Standing.ERASED)
        self.erased += standings.count(Standing.ERASED)
        self.pruned += standings.count(Standing.PRUNED)
        self.partly_pruned += standings.count(Standing.PARTLY_PRUNED)
        self.other_version += sum(one.process_version not in (None, process.version) for one in page)
        self.left_standing += sum(len(one.left_standing) for one in page)
        self.differing += len(differing)
        self.findings += differing[: self.most - len(self.findings)]

    def count_events(self, process: Process, page: AuditedEvents) -> None:
        """Count events that were looked at."""
        self.heard += page.heard
        self.unanswered += len(page.unanswered)
        self.lost += [(process, one) for one in page.unanswered[: self.most - len(self.lost)]]

    def count_commands(self, process: Process, page: AuditedCommands) -> None:
        """Count commands that were compared."""
        self.compared += page.compared
        self.astray += len(page.astray)
        self.commands += [(process, one) for one in page.astray[: self.most - len(self.commands)]]

    def count_gaps(self, page: Sequence[Gap]) -> None:
        """Count what the logs lack."""
        self.gap_count += len(page)
        self.gaps += page[: self.most - len(self.gaps)]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.differing and not self.unanswered and not self.astray and not self.gap_count


def audit(
    process_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Instance ids, such as order ids; all by default.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many differing instances.")] = 100,
    of: OfProcess = None,
    as_json: AsJson = False,
) -> None:
    """Check instances, such as orders, against the model: what the declared tables alone make of their facts.

    Compares states, outcomes and the last command for each effect, without the engine's own decision. Without ids it
    also checks that every consumed event has an answer, that collaborators that keep their commands in this
    database have exactly those of the log, and that no log has a gap. Exit code 1 if anything differs.
    """
    tally = Tally(limit)
    settings = load_settings()
    processes = choose_processes(settings, of)
    asyncio.run(_audit(settings, processes, list(dict.fromkeys(process_ids or ())), tally))
    if as_json:
        print_json(_as_data(tally, many_of(processes)))
    else:
        _show(tally, processes, terminal())
    if not tally.is_clean:
        raise typer.Exit(1)


async def _audit(settings: Settings, processes: Sequence[Process], wanted: list[str], tally: Tally) -> None:
    async with database(settings) as engine:
        if wanted:
            await _audit_these(engine, processes, wanted, tally)
            return
        for process in processes:
            await _audit_all(engine, process, tally, many_of(processes))
        async with aclosing(audit_logs(engine)) as gaps:
            async for page in gaps:
                tally.count_gaps(page)


async def _audit_all(engine: AsyncEngine, process: Process, tally: Tally, what: str) -> None:
    async with aclosing(audit_all(engine, process)) as pages:
        async for page in pages:
            tally.count(process, page)
            _say_progress(tally, what)
    async with aclosing(audit_events(engine, process)) as events:
        async for heard in events:
            tally.count_events(process, heard)
    async with aclosing(audit_commands(engine, process)) as sent:
        async for compared in sent:
            tally.count_commands(process, compared)


async def _audit_these(engine: AsyncEngine, processes: Sequence[Process], wanted: list[str], tally: Tally) -> None:
    """Each named instance in whichever processes have it. Raises CommandFailed if none has one of them."""
    known: set[str] = set()
    for process in processes:
        async with aclosing(audit_these(engine, process, wanted)) as pages:
            async for page in pages:
                tally.count(process, page)
                known |= {one.process_id for one in page if one.standing is not Standing.UNKNOWN}
    require_known(processes, wanted, known)


def _say_progress(tally: Tally, what: str) -> None:
    """Say on stderr how far a long audit is, each time that another so many are done."""
    if tally.checked - tally.told >= PROGRESS_EVERY:
        tally.told = tally.checked
        typer.echo(f"{tally.checked} {what} audited, {tally.differing} differ", err=True)


def _as_data(tally: Tally, what: str) -> dict[str, Any]:
    return {
        "checked": tally.checked,
        "differing": tally.differing,
        "erased": tally.erased,
        "pruned": tally.pruned,
        "partly_pruned": tally.partly_pruned,
        "other_version": tally.other_version,
        "left_standing": tally.left_standing,
        "heard": tally.heard,
        "unanswered": tally.unanswered,
        "compared": tally.compared,
        "astray": tally.astray,
        what: [_instance_as_data(*finding) for finding in tally.findings],
        "events": [_event_as_data(*lost) for lost in tally.lost],
        "commands": [_command_as_data(*one) for one in tally.commands],
        "gaps": [{"module": gap.module, "first": gap.first, "last": gap.last} for gap in tally.gaps],
        "more": tally.differing > len(tally.findings)
        or tally.unanswered > len(tally.lost)
        or tally.astray > len(tally.commands)
        or tally.gap_count > len(tally.gaps),
    }


def _instance_as_data(process: Process, instance: Audited) -> dict[str, Any]:
    return {
        **identified(process, instance.process_id),
        "process_version": instance.process_version,
        "left_standing": list(instance.left_standing),
        "differences": [
            {"what": one.what, "found": one.found, "model": one.model, "sentence": one.sentence}
            for one in instance.differences
        ],
    }


def _event_as_data(process: Process, event: Unanswered) -> dict[str, Any]:
    return {
        "process": process.name,
        "process_id": event.process_id,
        "module": event.module,
        "position": event.position,
        "type": event.type,
        "sentence": event.sentence,
    }


def _command_as_data(process: Process, command: Astray) -> dict[str, Any]:
    return {
        "process": process.name,
        "process_id": command.process_id,
        "collaborator": command.collaborator,
        "id": command.command_id,
        "type": command.type,
        "is_recorded": command.is_recorded,
        "sentence": command.sentence,
    }


def _show(tally: Tally, processes: Sequence[Process], console: Console) -> None:
    for process, instance in tally.findings:
        console.print(_explained(process, instance), soft_wrap=True)
    lost = [(process, one.sentence) for process, one in tally.lost]
    for process, sentence in (*lost, *((process, one.sentence) for process, one in tally.commands)):
        console.print(Text(f"{process.name.capitalize()}: {_short(sentence)}", "red"), soft_wrap=True)
    for gap in tally.gaps:
        console.print(Text(f"T{_short(gap.sentence)[1:]}", "red"), soft_wrap=True)
    console.print(_summary(tally, processes))


def _explained(process: Process, instance: Audited) -> Text:
    text = Text.assemble(f"{process.name.capitalize()} ", (shown(instance.process_id), "bold"))
    for one in instance.differences:
        text.append(f"\n  {_short(one.sentence)}", "red")
    for name in instance.left_standing:
        text.append(f"\n  {_short(name)} was sent last, and nothing is wanted of it now", "dim")
    return text


def _summary(tally: Tally, processes: Sequence[Process]) -> Text:
    text = Text(f"{_counted(tally.checked, one_of(processes), many_of(processes))} audited: ")
    text.append(f"{tally.differing} differ." if tally.differing else "all match the model.")
    if tally.heard:
        text.append(f"\n{_counted(tally.heard, 'event', 'events')} consumed: ")
        text.append(f"{tally.unanswered} without an answer." if tally.unanswered else "all are answered.")
    if tally.compared:
        text.append(f"\n{_counted(tally.compared, 'command', 'commands')} compared with the collaborators: ")
        text.append(f"{tally.astray} on one side only." if tally.astray else "all are on both sides.")
    for number, what in (
        (tally.differing - len(tally.findings), "more differ than are shown, see --limit"),
        (tally.unanswered - len(tally.lost), "more events have no answer than are shown, see --limit"),
        (tally.erased, "erased: compared from their erasure on"),
        (tally.astray - len(tally.commands), "more commands are on one side only than are shown, see --limit"),
        (tally.gap_count - len(tally.gaps), "more gaps are in the logs than are shown, see --limit"),
        (tally.pruned, "pruned: nothing is left to compare"),
        (tally.partly_pruned, "not compared, as the beginning of their record was pruned"),
        (tally.other_version, "written by another version of the process, which alone is no difference"),
    ):
        if number:
            text.append(f"\n{number} {what}.", "dim")
    return text


def _counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number} {many}"


def _short(sentence: str) -> str:
    said = shown(sentence)
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}..."
