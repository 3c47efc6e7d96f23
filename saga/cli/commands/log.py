"""`saga log`: the entries of a module's log, up to now or as they are appended."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.database import database, operate
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.moments import Since, since_moment
from saga.cli.shell.terminal import AsJson, print_json, print_json_line, terminal
from saga.documents.logs import entry_document, is_internal, log_document
from saga.documents.text import date_and_time, shown
from saga.modules import Entry, Pruned
from saga.operations import LogPage, UnknownModule, follow_log, read_log
from saga.settings import Settings, load_settings

MOST_CHARACTERS = 120

Follow = Callable[[AsyncEngine], AsyncGenerator[LogPage, None]]


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
    settings, begin = load_settings(), since_moment(since)
    if not module:
        raise WrongUsage("Name a module: `saga modules` lists them.")
    wanted: dict[str, Any] = {"after": after, "since": begin, "internal": internal, "limit": limit}
    try:
        if follow:
            pages_of = partial(follow_log, module=module, **wanted)
            asyncio.run(_follow(settings, pages_of, is_first=after is None, as_json=as_json))
            return
        page = operate(settings, partial(read_log, module=module, **wanted))
    except UnknownModule as error:
        raise CommandFailed(_unknown(error)) from None
    except Pruned as error:
        reason = shown(str(error).capitalize())
        raise CommandFailed(f"{reason}. Begin with --after {error.pruned_position}.") from error
    if as_json:
        print_json(log_document(page))
    else:
        _show(page, is_first=after is None)


async def _follow(settings: Settings, pages_of: Follow, *, is_first: bool, as_json: bool) -> None:
    """Print outside the database's context: if the reader of the output goes away, that is no database error."""
    async with aclosing(_pages(settings, pages_of)) as pages:
        async for page in pages:
            if as_json:
                for entry in page.entries:
                    print_json_line(entry_document(entry))
            else:
                _show(page, is_first=is_first)
            is_first = False


async def _pages(settings: Settings, pages_of: Follow) -> AsyncGenerator[LogPage, None]:
    async with database(settings) as engine, aclosing(pages_of(engine)) as pages:
        async for page in pages:
            yield page


def _unknown(error: UnknownModule) -> str:
    here = ", ".join(map(shown, error.kept_here)) or "none yet"
    if error.is_remote:
        return f"The log of module {shown(error.module)!r} is in another database: ask there. Kept here: {here}."
    return f"No event was appended to a log of {shown(error.module)!r} here. Kept here: {here}."


def _show(page: LogPage, *, is_first: bool) -> None:
    """``is_first`` says that no start was asked for: the page begins where the log begins, after what was pruned."""
    console = terminal()
    if is_first and 0 < page.after == page.log.pruned_position:
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
    text.append(shown(entry.type), "blue" if entry.target else "" if is_internal(entry) else "bold")
    if entry.target:
        text.append(f" to {shown(entry.target)}", "dim")
    elif is_internal(entry):
        text.append(" (internal)", "dim")
    text.append(f"  {shown(entry.stream_id)}")
    return text.append(f"  {shown(entry.event_id)}  {_shortened(entry.data)}", "dim")


def _shortened(data: Any) -> str:
    text = shown(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."
