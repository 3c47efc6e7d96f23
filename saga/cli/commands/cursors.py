"""`saga cursors`: how far each consumer got in each module, and which positions below are missing.

`repair` corrects a cursor that covers positions that were never handled; `forget` removes cursors nobody needs.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.cli.shell.database import operate
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.holes import alarms_of, holes_of
from saga.cli.shell.operator import Actor, Reason, operator
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.core import Process
from saga.documents.as_data import as_data
from saga.documents.logs import cursors_document
from saga.documents.text import sentence, shown
from saga.operations import (
    BeyondLog,
    ConsumerCursor,
    ForgottenCursor,
    NotConsumed,
    RepairedCursor,
    Unavailable,
    UnknownModule,
    list_cursors,
)
from saga.postgres import connect_engine
from saga.settings import Settings, load_settings

MOST_SHOWN_RANGES = 3
MOST_SHOWN_CHARACTERS = 40


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


@app.callback(invoke_without_command=True)
def cursors(context: typer.Context, as_json: AsJson = False) -> None:
    """List cursors: the position up to which each consumer handled everything in a module, and the holes after it."""
    if context.invoked_subcommand is not None:
        return
    found = operate(load_settings(), list_cursors)
    if as_json:
        print_json(cursors_document(found))
    else:
        terminal().print(_explained(found))


@app.command("repair")
def repair_cursors(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="Module name, as in `saga cursors`.")],
    *,
    reason: Reason,
    actor: Actor = None,
    handled_upto: Annotated[
        int | None,
        typer.Option(
            "--handled-up-to",
            min=0,
            help="Count all positions up to this one as handled. By default, those that were pruned.",
        ),
    ] = None,
    of: OfProcess = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set the cursors of a module back to the positions that are proved to be handled; the rest comes again."""
    by = operator(actor, reason)
    settings, processes = _chosen(of, yes=yes, as_json=as_json)
    repair = partial(
        _repair,
        settings,
        processes=processes,
        module=module,
        handled_up_to=handled_upto,
        actor=by.actor,
        reason=by.reason,
    )
    with _refusals(module):
        if not yes:
            planned = operate(settings, partial(repair, dry_run=True))
            terminal().print(_repaired(planned))
            if not any(one.is_changed for one in planned):
                return
            typer.confirm("Change these cursors?", abort=True)
        done = operate(settings, repair)
    if as_json:
        print_json({"repaired": [{**as_data(one), "changed": one.is_changed} for one in done], "count": len(done)})
    else:
        terminal().print(_repaired(done) if yes else "Done.")


@app.command("forget")
def forget_cursors(
    *,
    reason: Reason,
    actor: Actor = None,
    of: OfProcess = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove cursors in modules that the process does not consume (any more)."""
    by = operator(actor, reason)
    settings, processes = _chosen(of, yes=yes, as_json=as_json)
    forget = partial(operations.forget_cursors, processes=processes, actor=by.actor, reason=by.reason)
    if not yes:
        planned = operate(settings, partial(forget, dry_run=True))
        terminal().print(_forgotten(planned))
        if not planned:
            return
        typer.confirm("Remove these cursors?", abort=True)
    done = operate(settings, forget)
    if as_json:
        print_json({"forgotten": {process.name: _modules_of(process.name, done) for process in processes}})
    else:
        terminal().print(_forgotten(done) if yes else "Done.")


def _chosen(of: str | None, *, yes: bool, as_json: bool) -> tuple[Settings, tuple[Process, ...]]:
    if as_json and not yes:
        raise WrongUsage("--json asks no questions: add --yes.")
    settings = load_settings()
    return settings, choose_processes(settings, of)


async def _repair(
    settings: Settings, engine: AsyncEngine, *, module: str, **options: Any
) -> tuple[RepairedCursor, ...]:
    async with _remote_logs(settings, module) as remote_logs:
        return await operations.repair_cursors(engine, module=module, remote_logs=remote_logs, **options)


@asynccontextmanager
async def _remote_logs(settings: Settings, module: str) -> AsyncIterator[Mapping[str, AsyncEngine | None]]:
    """The module's log, if it is in another database. Raises CommandFailed where that can't be reached."""
    url = settings.log_urls.get(module)
    if module not in settings.log_urls or url is None:
        yield dict.fromkeys(settings.log_urls.keys() & {module})
        return
    engine = connect_engine(url.get_secret_value(), "cli")
    try:
        yield {module: engine}
    except Unavailable as error:
        if error.server != f"log of {module}":
            raise
        raise CommandFailed(f"{error}. Start it, or give null for it in SAGA_LOG_URLS.") from error
    finally:
        await engine.dispose()


@contextmanager
def _refusals(module: str) -> Iterator[None]:
    """Turn a refused repair into a sentence that names the remedy."""
    try:
        yield
    except NotConsumed as error:
        raise WrongUsage(sentence(error)) from None
    except BeyondLog as error:
        raise WrongUsage(f"--handled-up-to is beyond the end of the log, which is {error.last_position}.") from None
    except UnknownModule:
        raise CommandFailed(
            f"No log of {shown(module)} is kept here yet. If it is in another database, name it in SAGA_LOG_URLS; "
            "if not, repair its cursors when it has its first event."
        ) from None


def _repaired(found: Sequence[RepairedCursor]) -> RenderableType:
    table = columns("consumer", "module", "cursor", "handled above", "is then", "handled above", "positions freed")
    for one in found:
        before, after = ((str(at.watermark), _brief(at.handled)) for at in (one.before, one.after))
        table.add_row(shown(one.consumer), shown(one.module), *before, *after, str(one.released))
    return table if any(one.is_changed for one in found) else Group(table, Text("Nothing is wrong here."))


def _brief(handled: str) -> str:
    return handled if len(handled) <= MOST_SHOWN_CHARACTERS else f"{handled[:MOST_SHOWN_CHARACTERS]}..."


def _modules_of(consumer: str, found: Sequence[ForgottenCursor]) -> list[str]:
    return [one.module for one in found if one.consumer == consumer]


def _forgotten(found: Sequence[ForgottenCursor]) -> RenderableType:
    by_consumer = {one.consumer: _modules_of(one.consumer, found) for one in found}
    lines = [
        Text(f"{shown(consumer)}: {len(modules)} cursors, in {', '.join(map(shown, modules[:MOST_SHOWN_RANGES]))} ...")
        for consumer, modules in by_consumer.items()
    ]
    return Group(*lines) if lines else Text("There is no cursor of a module that no process here consumes.")


def _explained(found: Sequence[ConsumerCursor]) -> RenderableType:
    if not found:
        return Text("There is no cursor yet: nobody has read anything.")
    table = columns("consumer", "module", "cursor", "horizon", "behind", "handled above", "holes")
    for cursor in found:
        names = (shown(cursor.consumer), shown(cursor.module), str(cursor.watermark))
        horizon = Text("log in another database", "dim") if cursor.horizon is None else Text(str(cursor.horizon))
        behind = Text("" if cursor.behind is None else str(cursor.behind), "yellow" if cursor.behind else "")
        table.add_row(*names, horizon, behind, _ranges(cursor), holes_of(cursor))
    return Group(table, *alarms_of(found))


def _ranges(cursor: ConsumerCursor) -> Text:
    named = [str(first) if first == last else f"{first}..{last}" for first, last in cursor.handled_above]
    left = cursor.hole_count - len(named[:MOST_SHOWN_RANGES])
    return Text(", ".join(named[:MOST_SHOWN_RANGES]) + (f" and {left} more" if left else ""))
