"""`saga erase`: remove for good what settled orders, or instances of other processes, were told."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.database import database
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.operator import Actor, Operator, Reason, operator
from saga.cli.shell.processes import OfProcess, choose_processes, identified, load_processes, require_known
from saga.cli.shell.terminal import AsJson, columns, print_json, shown, terminal
from saga.core import Process
from saga.operations.erasure import Plan, Refused, Target, erase, plan
from saga.settings import Settings, load_settings

Erasures = list[tuple[Target, Plan]]


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
    planned = asyncio.run(_plan(settings, choose_processes(settings, of), wanted))
    if not as_json:
        terminal().print(_explained(planned, dry_run=dry_run))
    if dry_run:
        done = planned
    else:
        if not yes:
            typer.confirm("Erase this for good?", abort=True)
        targets = [target for target, _ in planned]
        done = asyncio.run(_erase(settings, targets, by))
    if as_json:
        print_json({"dry_run": dry_run, "erased": [_as_data(*one) for one in done]})
    elif not dry_run:
        typer.echo(f"Erased {', '.join(shown(target.process_id) for target, _ in done)}.")


async def _plan(settings: Settings, processes: Sequence[Process], wanted: Sequence[str]) -> Erasures:
    """What there is to erase, of all of them before any is touched."""
    planned: Erasures = []
    running = load_processes(settings)
    async with database(settings) as engine:
        for process_id in wanted:
            for process in processes:
                every = tuple({one.name: one for one in (*running, process)}.values())
                target = Target(process, process_id, every)
                try:
                    planned.append((target, await plan(engine, target)))
                except LookupError:
                    continue
                except Refused as error:
                    raise CommandFailed(shown(error)) from None
    require_known(processes, wanted, {target.process_id for target, _ in planned})
    return planned


async def _erase(settings: Settings, targets: Sequence[Target], by: Operator) -> Erasures:
    async with database(settings) as engine:
        try:
            return [(one, await erase(engine, one, actor=by.actor, reason=by.reason)) for one in targets]
        except (Refused, LookupError) as error:
            raise CommandFailed(f"{shown(error)} What was named before it is erased.") from None


def _as_data(target: Target, one: Plan) -> dict[str, Any]:
    return {
        **identified(target.process, target.process_id),
        "entries": one.entries,
        "events": dict(one.events),
        "dead_letters": one.dead_letters,
        "collaborators": dict(one.collaborators),
        "kept": {kind: sorted(fields) for kind, fields in sorted(one.kept.fields.items())},
        "kept_whole": list(one.kept.reducers),
    }


def _explained(planned: Erasures, *, dry_run: bool) -> RenderableType:
    table = columns("process", "id", "entries", "events", "dead letters", "at collaborators")
    for target, one in planned:
        table.add_row(
            target.process.name,
            shown(target.process_id),
            str(one.entries),
            _counts(one.events),
            str(one.dead_letters),
            _counts(one.collaborators),
        )
    title = "Nothing was touched. This would be emptied:" if dry_run else "This is emptied:"
    parts: list[RenderableType] = [Text(title), Text(), table, Text()]
    by_process = {target.process.name: (target.process, one) for target, one in planned}
    return Group(*parts, *(_kept(process, one) for process, one in by_process.values()))


def _counts(counts: Any) -> str:
    return ", ".join(f"{number} in {shown(name)}" for name, number in counts.items()) or "0"


def _kept(process: Process, one: Plan) -> RenderableType:
    table = columns(
        "message", "field", "why it stays", title=f"These fields stay, because the process {process.name} reads them:"
    )
    for kind, fields in sorted(one.kept.fields.items()):
        for name, whys in sorted(fields.items()):
            table.add_row(kind, name, "; ".join(whys))
    for name in one.kept.reducers:
        table.add_row("", name, "a reducer: its whole value stays")
    return table
