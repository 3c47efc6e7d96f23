"""`saga replay`: are orders, or instances of other processes, what their record says, and what differs if not."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
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
from saga.verification.replay import Difference, Examined, Standing, check, check_these, repair

PROGRESS_EVERY = 10_000
MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """An instance of a process that differs, and whether it was repaired."""

    process: Process
    instance: Examined
    repaired: bool

    @property
    def left(self) -> tuple[Difference, ...]:
        """The differences that are still there."""
        return tuple(one for one in self.instance.differences if not (self.repaired and one.repairable))


@dataclass(slots=True)
class Tally:
    """What was found so far; of the findings only the first are kept."""

    most: int
    checked: int = 0
    differing: int = 0
    repaired: int = 0
    left: int = 0
    erased: int = 0
    pruned: int = 0
    partly_pruned: int = 0
    other_version: int = 0
    told: int = 0
    findings: list[Finding] = field(default_factory=list)

    def count(self, instance: Examined, version: int) -> None:
        """Count an instance that was looked at."""
        self.checked += instance.standing in (Standing.COMPARED, Standing.ERASED)
        self.erased += instance.standing is Standing.ERASED
        self.pruned += instance.standing is Standing.PRUNED
        self.partly_pruned += instance.standing is Standing.PARTLY_PRUNED
        self.other_version += instance.process_version not in (None, version)

    def add(self, finding: Finding) -> bool:
        """Count an instance that differs; whether it is among those that are kept."""
        self.differing += 1
        self.repaired += finding.repaired
        self.left += bool(finding.left)
        if is_kept := len(self.findings) < self.most:
            self.findings.append(finding)
        return is_kept


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is to be checked: all instances of these processes, or those with these ids; and whether to repair them."""

    processes: Sequence[Process]
    wanted: Sequence[str]
    repairing: bool


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
    """Rebuild instances, such as orders, from the record and compare them with what is stored. Send nothing.

    Exit code 1 if any difference is left.
    """
    tally = Tally(limit)
    console = None if as_json else terminal()
    settings = load_settings()
    processes = choose_processes(settings, of)
    wanted = list(dict.fromkeys(process_ids or ()))
    asyncio.run(_replay(settings, _Choice(processes, wanted, repairing), tally, console))
    if console is None:
        print_json(_as_data(tally, many_of(processes)))
    else:
        console.print(_summary(tally, processes, repairing=repairing))
    if tally.left:
        raise typer.Exit(1)


async def _replay(settings: Settings, choice: _Choice, tally: Tally, console: Console | None) -> None:
    async with database(settings) as engine, aclosing(_pages(engine, choice)) as pages:
        async for process, page in pages:
            for instance in page:
                tally.count(instance, process.version)
                if instance.differences and (finding := await _finding(engine, process, instance, choice.repairing)):
                    is_kept = tally.add(finding)
                    if console is not None and is_kept:
                        console.print(_explained(finding), soft_wrap=True)
            if not choice.wanted:
                _say_progress(tally, many_of(choice.processes))


async def _pages(engine: AsyncEngine, choice: _Choice) -> AsyncGenerator[tuple[Process, list[Examined]], None]:
    """What there is of each process. Named instances are all looked for before anything is done about any of them."""
    if choice.wanted:
        for page in await _named(engine, choice):
            yield page
        return
    for process in choice.processes:
        async with aclosing(check(engine, process)) as pages:
            async for examined in pages:
                yield process, examined


async def _named(engine: AsyncEngine, choice: _Choice) -> list[tuple[Process, list[Examined]]]:
    """Each named instance in whichever processes have it. Raises CommandFailed if none has one of them."""
    found, known = [], set()
    for process in choice.processes:
        async for examined in check_these(engine, process, choice.wanted):
            there = [instance for instance in examined if instance.standing is not Standing.UNKNOWN]
            known |= {instance.process_id for instance in there}
            found.append((process, there))
    require_known(choice.processes, choice.wanted, known)
    return found


async def _finding(engine: AsyncEngine, process: Process, instance: Examined, repairing: bool) -> Finding | None:
    """The instance as it differs; None if, looked at again for its repair, it does not."""
    if not (repairing and instance.repairable):
        return Finding(process, instance, repaired=False)
    found = await repair(engine, process, instance.process_id)
    return Finding(process, found, repaired=found.repairable) if found.differences else None


def _say_progress(tally: Tally, what: str) -> None:
    """Say on stderr how far a long check is, each time that another so many are done."""
    if tally.checked - tally.told >= PROGRESS_EVERY:
        tally.told = tally.checked
        typer.echo(f"{tally.checked} {what} checked, {tally.differing} differ", err=True)


def _as_data(tally: Tally, what: str) -> dict[str, Any]:
    return {
        "checked": tally.checked,
        "differing": tally.differing,
        "repaired": tally.repaired,
        "left": tally.left,
        "erased": tally.erased,
        "pruned": tally.pruned,
        "partly_pruned": tally.partly_pruned,
        "other_version": tally.other_version,
        what: [_finding_as_data(finding) for finding in tally.findings],
        "more": tally.differing > len(tally.findings),
    }


def _finding_as_data(finding: Finding) -> dict[str, Any]:
    left = finding.left
    return {
        **identified(finding.process, finding.instance.process_id),
        "process_version": finding.instance.process_version,
        "repaired": finding.repaired,
        "differences": [
            {
                "what": one.what,
                "stored": one.stored,
                "recorded": one.recorded,
                "sentence": one.sentence,
                "repaired": one not in left,
            }
            for one in finding.instance.differences
        ],
    }


def _explained(finding: Finding) -> Text:
    process, instance, left = finding.process, finding.instance, finding.left
    text = Text.assemble(f"{process.name.capitalize()} ", (shown(instance.process_id), "bold"))
    if instance.process_version not in (None, process.version):
        written = f"its row was written by version {instance.process_version} of the process"
        text.append(f" ({written}, this is {process.version})", "dim")
    for one in instance.differences:
        text.append(f"\n  {_short(one.sentence)}", "red" if one in left else "")
        if one not in left:
            text.append(", repaired", "green")
    return text


def _summary(tally: Tally, processes: Sequence[Process], *, repairing: bool) -> Text:
    what = one_of(processes) if tally.checked == 1 else many_of(processes)
    text = Text(f"{tally.checked} {what} checked: ")
    text.append(f"{tally.differing} differ" if tally.differing else "all match their record")
    if repairing and tally.differing:
        text.append(f", {tally.repaired} repaired" + (f", {tally.left} still differ" if tally.left else ""))
    elif tally.differing:
        text.append("; `saga replay --repair` rewrites rows and timers")
    text.append(".")
    for number, what in (
        (tally.differing - len(tally.findings), "more differ than are shown, see --limit"),
        (tally.erased, "erased: compared from their erasure on"),
        (tally.pruned, "pruned: nothing is left to compare"),
        (tally.partly_pruned, "not compared, as the beginning of their record was pruned"),
        (tally.other_version, "written by another version of the process, which alone is no difference"),
    ):
        if number:
            text.append(f"\n{number} {what}.", "dim")
    return text


def _short(sentence: str) -> str:
    said = shown(sentence)
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}..."
