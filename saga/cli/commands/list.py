"""`saga list`: instances, such as orders, and which of them are stuck."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text

from saga import operations
from saga.cli.shell.database import operate
from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.moments import Since, since_moment
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.terminal import AsJson, columns, outcome_text, terminal
from saga.cli.shell.watch import PrintJson, Watch, shown_or_watched
from saga.core import Process
from saga.documents.instances import instances_document, one_of
from saga.documents.text import date_and_time, shown
from saga.operations import ListedInstance
from saga.settings import load_settings


def list_instances(
    *,
    outcome: Annotated[str | None, typer.Option(help="Only instances with this outcome.")] = None,
    stuck: Annotated[bool, typer.Option("--stuck", help="Only instances that will not go on by themselves.")] = False,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many.")] = 50,
    of: OfProcess = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """List instances, such as orders, newest first, and why any of them is stuck. --since compares the last change."""
    settings = load_settings()
    processes = choose_processes(settings, of)
    known = sorted({one.value for process in processes for one in process.outcomes.cells.values()})
    if outcome is not None and outcome not in known:
        ends = f"No {one_of(processes)} ends as {shown(outcome)!r}"
        raise WrongUsage(f"{ends}: the outcomes are {', '.join(known)}.")
    since_moment(since)

    def show(print_document: PrintJson) -> None:
        wanted: dict[str, Any] = {"outcome": outcome, "stuck": stuck, "since": since_moment(since), "limit": limit + 1}
        found = operate(settings, partial(operations.list_instances, processes=processes, **wanted))
        instances, more = found[:limit], len(found) > limit
        if as_json:
            print_document(instances_document(processes, instances, more=more))
        else:
            _show(processes, instances, more=more, stuck=stuck)

    shown_or_watched(show, watch=watch)


def _show(processes: Sequence[Process], instances: Sequence[ListedInstance], *, more: bool, stuck: bool) -> None:
    console, what = terminal(), one_of(processes)
    if not instances:
        console.print(f"No {what} is stuck." if stuck else f"There is no such {what}.")
        return
    mixed = ["process"] if len(processes) > 1 else []
    table = columns(*mixed, what, "outcome", "last change (UTC)", "stuck")
    for one in instances:
        reason = Text(shown(one.reason or ""), "red")
        mine = [one.process] if mixed else []
        table.add_row(
            *mine, shown(one.process_id), outcome_text(one.outcome or "-"), date_and_time(one.updated_at), reason
        )
    console.print(table)
    if more:
        console.print(Text(f"... and more: these are {len(instances)}, see --limit.", "dim"))
