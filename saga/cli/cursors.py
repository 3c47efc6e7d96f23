"""`saga cursors`: how far each consumer got in each module, what it handled beyond, and what is missing in between."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.database import reading
from saga.cli.holes import alarms_of, holes_of
from saga.cli.terminal import AsJson, columns, print_json, shown, terminal
from saga.reading import ConsumerCursor, read_cursors
from saga.settings import Settings, load_settings

MOST_SHOWN_RANGES = 3


def cursors(as_json: AsJson = False) -> None:
    """List cursors: of each consumer, the position in each module up to which everything was handled, and its holes."""
    found = asyncio.run(_read(load_settings()))
    if as_json:
        print_json({"cursors": [_as_data(cursor) for cursor in found], "count": len(found)})
    else:
        terminal().print(_explained(found))


async def _read(settings: Settings) -> Sequence[ConsumerCursor]:
    async with reading(settings) as connection:
        return await read_cursors(connection)


def _as_data(cursor: ConsumerCursor) -> dict[str, Any]:
    handled = [{"first": first, "last": last} for first, last in cursor.handled_above]
    return {**asdict(cursor), "handled_above": handled}


def _explained(found: Sequence[ConsumerCursor]) -> RenderableType:
    if not found:
        return Text("There is no cursor yet: nobody has read anything.")
    table = columns("consumer", "module", "cursor", "horizon", "behind", "handled above", "holes")
    for cursor in found:
        names = (shown(cursor.consumer), shown(cursor.module), str(cursor.watermark))
        horizon = Text("log kept elsewhere", "dim") if cursor.horizon is None else Text(str(cursor.horizon))
        behind = Text("" if cursor.behind is None else str(cursor.behind), "yellow" if cursor.behind else "")
        table.add_row(*names, horizon, behind, _ranges(cursor), holes_of(cursor))
    return Group(table, *alarms_of(found))


def _ranges(cursor: ConsumerCursor) -> Text:
    named = [str(first) if first == last else f"{first}..{last}" for first, last in cursor.handled_above]
    left = cursor.hole_count - len(named[:MOST_SHOWN_RANGES])
    return Text(", ".join(named[:MOST_SHOWN_RANGES]) + (f" and {left} more" if left else ""))
