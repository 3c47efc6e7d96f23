"""`saga collaborators`: what each collaborator took, ignored and rejected, and why."""

from functools import partial
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from saga.cli.shell.database import operate
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.documents.as_data import as_data
from saga.documents.text import date_and_time, shown
from saga.operations import ListedCollaborator, list_collaborators
from saga.settings import load_settings


def collaborators(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Rejected messages to show of each, the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List collaborators: how many commands each took, ignored or refused, and what it rejected and why.

    Shows only collaborators that keep their commands in this database, as those of saga.collaborator do.
    """
    found = operate(load_settings(), partial(list_collaborators, limit=limit))
    if as_json:
        print_json({"collaborators": [as_data(one) for one in found], "count": len(found)})
    else:
        terminal().print(_document(found))


def _document(found: tuple[ListedCollaborator, ...]) -> RenderableType:
    if not found:
        return Text("No collaborator keeps its commands in this database.")
    parts: list[RenderableType] = [_counts(found)]
    for one in found:
        if one.newest_rejected:
            parts += ["", _rejected(one)]
    return Group(*parts)


def _counts(found: tuple[ListedCollaborator, ...]) -> Table:
    table = columns("collaborator", "taken", "superseded", "refused", "duplicates", "rejected", "last command (UTC)")
    for one in found:
        numbers = (one.taken, one.superseded, one.refused, one.duplicates, one.rejected)
        last = date_and_time(one.last_received_at) if one.last_received_at else ""
        table.add_row(shown(one.name), *map(str, numbers), last)
    return table


def _rejected(one: ListedCollaborator) -> Table:
    left_out = one.rejected - len(one.newest_rejected)
    more = f", and {left_out} more" if left_out else ""
    table = columns("last came (UTC)", "times", "type", "id", "reason", title=f"Rejected by {shown(one.name)}{more}")
    for message in one.newest_rejected:
        table.add_row(
            date_and_time(message.last_received_at),
            str(message.deliveries),
            shown(message.type or "?"),
            shown(message.message_id or "?"),
            shown(message.reason),
        )
    return table
