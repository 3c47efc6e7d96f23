"""`saga prune`: remove old rows that nothing needs any more, while the services run."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.database import operate
from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.moments import duration
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.documents.as_data import as_data
from saga.documents.text import age, date_and_time, shown
from saga.operations import PrunedLog, PruneEnd, PruneReport, prune
from saga.settings import Settings, load_settings

KINDS: Final = {
    "instances": "settled orders",
    "entries": "log entries",
    "messages": "inbox rows",
    "timers": "timers",
    "dead_letters": "closed dead letters",
    "operation_items": "answers of operations",
}


def prune_database(
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Such as 36h or 30d. [SAGA_RETENTION_DAYS]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be pruned.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prune settled instances, logs and the inbox, in small batches. Late messages are answered as before.

    Shows what would be removed, and asks: pruning can't be undone.
    """
    if as_json and not (yes or dry_run):
        raise WrongUsage("--json asks no questions: add --yes, or --dry-run to count only.")
    settings = load_settings()
    retention = _retention(settings, older_than)
    if not (yes or dry_run):
        would_go = operate(settings, partial(prune, older_than=retention, dry_run=True))
        if not _confirmed(would_go, retention):
            return
    report = operate(settings, partial(prune, older_than=retention, dry_run=dry_run))
    if as_json:
        print_json(_as_data(report, retention, dry_run=dry_run))
    else:
        terminal().print(_explained(report, retention, dry_run=dry_run))


def _retention(settings: Settings, older_than: str | None) -> timedelta:
    if older_than is not None:
        if (found := duration(older_than)) is None:
            raise WrongUsage(
                f"--older-than {shown(older_than)!r} is no age: write a number and s, m, h, d or w, such as 36h or 30d."
            )
        return found
    if settings.retention is None:
        raise WrongUsage(
            "Nothing says how long to keep things: give --older-than, such as 30d, or set SAGA_RETENTION_DAYS."
        )
    return settings.retention


def _confirmed(counted: PruneReport, retention: timedelta) -> bool:
    """Show what would be removed, and ask. If that is nothing, don't ask."""
    terminal().print(_explained(counted, retention, dry_run=True))
    if not counted.removed:
        return False
    typer.confirm("Remove it for good?", abort=True)
    return True


def _as_data(report: PruneReport, retention: timedelta, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "older_than_seconds": retention.total_seconds(),
        "before": report.before,
        "ended": report.ended.value,
        "removed": as_data(report.removed),
        "logs": [as_data(log) for log in report.logs],
    }


def _explained(report: PruneReport, retention: timedelta, *, dry_run: bool) -> RenderableType:
    parts: list[RenderableType] = [_heading(report, retention, dry_run=dry_run)]
    if report.removed:
        table = columns("what", "would go" if dry_run else "pruned")
        for kind, count in as_data(report.removed).items():
            table.add_row(KINDS[kind], str(count))
        parts += [Text(), table]
    if report.logs:
        parts += [Text(), _logs(report.logs, dry_run=dry_run)]
    return Group(*parts)


def _heading(report: PruneReport, retention: timedelta, *, dry_run: bool) -> Text:
    what = f"what is older than {age(retention.total_seconds())} (before {date_and_time(report.before)} UTC)"
    if report.ended is PruneEnd.ANOTHER_IS_PRUNING:
        return Text(f"Another pruner is at work and prunes {what}.", "yellow")
    if not report.removed:
        return Text(f"Nothing to prune: {what} is still needed, or was pruned before.")
    return Text(f"{'Nothing was changed. This would be pruned: ' if dry_run else 'Pruned '}{what}.")


def _logs(logs: tuple[PrunedLog, ...], *, dry_run: bool) -> RenderableType:
    table = columns("module", "would go" if dry_run else "pruned", "pruned up to", "read up to", "slowest reader")
    for log in logs:
        slowest = Text(shown(log.held_by)) if log.held_by else Text("nobody reads it: kept", "yellow")
        table.add_row(shown(log.module), str(log.entries), str(log.pruned_position), str(log.reach), slowest)
    return table
