"""`saga log`: what a module's log says, up to now or as it goes on."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.cli.shell.database import database, reading
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.moments import Since, since_moment
from saga.cli.shell.terminal import AsJson, date_and_time, print_json, print_json_line, shown, terminal
from saga.modules import Entry, Horizon, Pruned, Reading, read_horizon, read_public
from saga.modules.reader import read_all
from saga.operations import find_position_before, find_tail, list_modules
from saga.settings import Settings, load_settings

POLL_SECONDS = 0.2
FOLLOWED_AT_ONCE = 500
MOST_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see of a log; without ``after`` the last entries."""

    module: str
    internal: bool
    after: int | None
    limit: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The entries after a position, up to a horizon, and how far the log goes.

    ``pruned`` says that nobody asked for the position: it is where the log begins since it was pruned.
    """

    after: int
    entries: list[Entry]
    horizon: int
    known: Horizon
    pruned: bool = False


def log(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="Module name, as in `saga modules`.")],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the log until Ctrl-C.")] = False,
    internal: Annotated[bool, typer.Option("--internal", help="Show internal events and commands, too.")] = False,
    after: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Start after this position.")] = None,
    since: Since = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="Show at most this many; with --follow, to start with.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a module's log: its last public events, or those after a position or since a moment.

    With --follow, --json prints one event per line.
    """
    if after is not None and since is not None:
        raise WrongUsage("--after and --since both say where to start: give one of them.")
    settings, wanted = load_settings(), Wanted(module, internal, after, limit, since_moment(since))
    if not module:
        raise WrongUsage("Name a module: `saga modules` lists them.")
    if follow:
        asyncio.run(_follow(settings, wanted, as_json=as_json))
        return
    page = asyncio.run(_read(settings, wanted))
    if as_json:
        print_json(_as_data(wanted, page))
    else:
        _show(page)


async def _read(settings: Settings, wanted: Wanted) -> Page:
    async with reading(settings) as connection:
        return await _first_page(connection, wanted)


async def _follow(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    """Print outside of the database's context: a reader who goes away is no failure of the database."""
    async with aclosing(_pages(settings, wanted)) as pages:
        async for page in pages:
            if as_json:
                for entry in page.entries:
                    print_json_line(_entry_as_data(entry))
            else:
                _show(page)


async def _pages(settings: Settings, wanted: Wanted) -> AsyncGenerator[Page, None]:
    async with database(settings) as engine:
        async with engine.connect() as connection:
            page = await _first_page(connection, wanted)
        yield page
        while True:
            async with engine.connect() as connection:
                found = await _read_after(connection, wanted, page.horizon, FOLLOWED_AT_ONCE)
            if found.horizon == page.horizon:
                await asyncio.sleep(POLL_SECONDS)
                continue
            page = Page(page.horizon, found.entries, found.horizon, page.known)
            yield page


async def _first_page(connection: AsyncConnection, wanted: Wanted) -> Page:
    known = await read_horizon(connection, wanted.module)
    if known is None:
        raise CommandFailed(await _unknown(connection, wanted.module))
    after = wanted.after
    if wanted.since is not None:
        after = await find_position_before(connection, wanted.module, wanted.since, known)
    if after is None:
        after = await find_tail(connection, wanted.module, known, limit=wanted.limit, internal=wanted.internal)
    found = await _read_after(connection, wanted, after, wanted.limit)
    return Page(after, found.entries, found.horizon, known, wanted.after is None and 0 < after == known.pruned_position)


async def _read_after(connection: AsyncConnection, wanted: Wanted, after: int, limit: int) -> Reading:
    read = read_all if wanted.internal else read_public
    try:
        return await read(connection, wanted.module, after, limit=limit)
    except Pruned as error:
        known = await read_horizon(connection, wanted.module)
        begin = known.pruned_position if known else after
        raise CommandFailed(f"{shown(str(error).capitalize())}. Begin with --after {begin}.") from error


async def _unknown(connection: AsyncConnection, module: str) -> str:
    found = await list_modules(connection)
    here = ", ".join(shown(one.name) for one in found if one.kept_here) or "none yet"
    if any(one.name == module for one in found):
        return f"The log of module {shown(module)!r} is kept elsewhere: ask there. Kept here: {here}."
    return f"No event was appended to a log of {shown(module)!r} here. Kept here: {here}."


def _as_data(wanted: Wanted, page: Page) -> dict[str, Any]:
    return {
        "module": wanted.module,
        "after": page.after,
        "horizon": page.horizon,
        "last_position": page.known.last_position,
        "last_public_position": page.known.last_public_position,
        "pruned_position": page.known.pruned_position,
        "events": [_entry_as_data(entry) for entry in page.entries],
        "count": len(page.entries),
        "more": page.horizon < page.known.last_position,
    }


def _entry_as_data(entry: Entry) -> dict[str, Any]:
    return {
        "module": entry.module,
        "position": entry.position,
        "previous_public_position": entry.previous_public_position,
        "recorded_at": entry.recorded_at,
        "type": entry.type,
        "visibility": "internal" if _is_internal(entry) else "public",
        "target": entry.target,
        "stream_id": entry.stream_id,
        "stream_version": entry.stream_version,
        "event_id": entry.event_id,
        "data": entry.data,
        "metadata": dict(entry.metadata),
    }


def _show(page: Page) -> None:
    console = terminal()
    if page.pruned:
        console.print(Text(f"1..{page.after} pruned", "dim"))
    seen = page.after
    for entry in page.entries:
        if entry.position > seen + 1:
            console.print(_gap(seen + 1, entry.position - 1))
        console.print(_line(entry), soft_wrap=True)
        seen = entry.position
    if page.horizon > seen:
        console.print(_gap(seen + 1, page.horizon))


def _gap(first: int, last: int) -> Text:
    """Positions without a public event."""
    return Text(f"{first if first == last else f'{first}..{last}'} internal", "dim")


def _line(entry: Entry) -> Text:
    text = Text.assemble(f"{entry.position:>6}  ", (date_and_time(entry.recorded_at), "dim"), "  ")
    text.append(shown(entry.type), "blue" if entry.target else "" if _is_internal(entry) else "bold")
    if entry.target:
        text.append(f" to {shown(entry.target)}", "dim")
    elif _is_internal(entry):
        text.append(" (internal)", "dim")
    text.append(f"  {shown(entry.stream_id)}")
    return text.append(f"  {shown(entry.event_id)}  {_shortened(entry.data)}", "dim")


def _is_internal(entry: Entry) -> bool:
    """Every public event of a log that is kept here knows its predecessor."""
    return entry.previous_public_position is None


def _shortened(data: Any) -> str:
    said = shown(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}..."
