"""`saga erase`: remove for good the personal data that settled instances, such as orders, received."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import product
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.checked import unknown
from saga.cli.shell.database import database
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.operator import Actor, Operator, Reason, operator
from saga.cli.shell.processes import OfProcess, choose_processes, load_processes
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.core import Process
from saga.documents.instances import identified
from saga.documents.text import sentence, shown
from saga.operations import Erasure, NotErasable, UnknownInstances, erase
from saga.settings import Settings, load_settings

Erasures = list[tuple[Process, str, Erasure]]


def erase_instances(
    process_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Instance ids, such as order ids.")],
    *,
    reason: Reason,
    actor: Actor = None,
    of: OfProcess = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be erased and what stays.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase personal data of settled instances: all message data that the process no longer reads.

    Positions, ids and keys stay, so late messages are answered as before. It can't be undone, and it does not reach
    backups, the broker, or collaborators in other databases. Example: saga erase order-1 --reason "request 4711"
    """
    if as_json and not (yes or dry_run):
        raise WrongUsage("--json asks no questions: add --yes, or --dry-run.")
    by = operator(actor, reason)
    settings = load_settings()
    wanted = list(dict.fromkeys(process_ids))
    processes = choose_processes(settings, of)
    done = asyncio.run(_erase(settings, processes, wanted, by, dry_run=True))
    if not as_json:
        terminal().print(_explained(done, dry_run=dry_run))
    if not dry_run:
        if not yes:
            typer.confirm("Erase this for good?", abort=True)
        done = asyncio.run(_erase(settings, processes, wanted, by, dry_run=False))
    if as_json:
        print_json({"dry_run": dry_run, "erased": [_as_data(*one) for one in done]})
    elif not dry_run:
        typer.echo(f"Erased {', '.join(shown(process_id) for _, process_id, _ in done)}.")


async def _erase(
    settings: Settings, processes: Sequence[Process], wanted: Sequence[str], by: Operator, *, dry_run: bool
) -> Erasures:
    """Erase each instance in every process that has it. Raises CommandFailed if no process has one of them."""
    done: Erasures = []
    why: dict[str, Any] = {"actor": by.actor, "reason": by.reason, "others": load_processes(settings)}
    async with database(settings) as engine:
        try:
            for process_id, process in product(wanted, processes):
                with suppress(UnknownInstances):
                    done.append((process, process_id, await erase(engine, process, process_id, **why, dry_run=dry_run)))
        except NotErasable as error:
            before = "" if dry_run else " The instances named before this one are erased."
            raise CommandFailed(f"{sentence(error)}{before}") from None
    known = {process_id for _, process_id, _ in done}
    if missing := [one for one in wanted if one not in known]:
        raise CommandFailed(unknown(missing, processes))
    return done


def _as_data(process: Process, process_id: str, one: Erasure) -> dict[str, Any]:
    return {
        **identified(process, process_id),
        "entries": one.entries,
        "events": dict(one.events),
        "dead_letters": one.dead_letters,
        "collaborators": dict(one.collaborators),
        "kept": {kind: sorted(fields) for kind, fields in sorted(one.kept.fields.items())},
        "kept_whole": list(one.kept.reducers),
    }


def _explained(erasures: Erasures, *, dry_run: bool) -> RenderableType:
    table = columns("process", "id", "entries", "events", "dead letters", "at collaborators")
    for process, process_id, one in erasures:
        table.add_row(
            process.name,
            shown(process_id),
            str(one.entries),
            _counts(one.events),
            str(one.dead_letters),
            _counts(one.collaborators),
        )
    title = "Nothing was changed. This would be erased:" if dry_run else "This was erased:"
    parts: list[RenderableType] = [Text(title), Text(), table, Text()]
    by_process = {process.name: (process, one) for process, _, one in erasures}
    return Group(*parts, *(_kept(process, one) for process, one in by_process.values()))


def _counts(counts: Any) -> str:
    return ", ".join(f"{number} in {shown(name)}" for name, number in counts.items()) or "0"


def _kept(process: Process, one: Erasure) -> RenderableType:
    table = columns(
        "message", "field", "why it stays", title=f"These fields stay, because the process {process.name} reads them:"
    )
    for kind, fields in sorted(one.kept.fields.items()):
        for name, whys in sorted(fields.items()):
            table.add_row(kind, name, "; ".join(whys))
    for name in one.kept.reducers:
        table.add_row("", name, "a reducer: its whole value stays")
    return table
