"""`saga operations`: what operators did, to what, why, and what came of it."""

from functools import partial
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.addresses import amqp_url_if_any
from saga.cli.shell.database import operate
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.operator import Actor, operator
from saga.cli.shell.processes import load_processes
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.documents.operations import operation_document, operations_document
from saga.documents.text import date_and_time, sentence, shown
from saga.operations import (
    NotRunning,
    OperationFailed,
    OperationReport,
    Redriven,
    UnknownOperation,
    carry_out,
    list_operations,
    read_operation,
    resume_operation,
    stop_operation,
)
from saga.settings import load_settings
from saga.tracing import TracesUnavailable, traced

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What operators did, to what, why, and what came of it.",
)

Id = Annotated[int, typer.Argument(metavar="ID", help="The number of an operation.", min=1, max=2**63 - 1)]


@app.command("list")
def list_all(
    *,
    before: Annotated[int, typer.Option(min=1, help="Only operations before this one.")] = 2**63 - 1,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what operators did, newest first."""
    found = operate(load_settings(), partial(list_operations, before=before, limit=limit + 1))
    listed, more = found[:limit], len(found) > limit
    if as_json:
        print_json(operations_document(listed, more=more))
        return
    if not listed:
        terminal().print("Nobody did anything yet.")
        return
    table = columns("id", "when", "who", "what", "state", "why")
    for one in listed:
        what = f"{one.action} {one.size}"
        table.add_row(str(one.id), date_and_time(one.at), shown(one.actor), what, one.state, shown(one.reason))
    terminal().print(table)
    if more:
        terminal().print(f"... and more: these are {len(listed)}, see --before {listed[-1].id}.")


@app.command()
def show(
    operation_id: Id,
    after: Annotated[str, typer.Option(metavar="ITEM", help="Only items after this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many items.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show one operation, and the answer to each thing that it was done to."""
    try:
        report = operate(load_settings(), partial(read_operation, id=operation_id, after=after, limit=limit))
    except UnknownOperation as error:
        raise CommandFailed(f"{sentence(error)[:-1]}: `saga operations list` shows them.") from None
    more = len(report.items) == limit
    if as_json:
        print_json(operation_document(report, more=more))
    else:
        terminal().print(_explained(report))


@app.command()
def stop(operation_id: Id, actor: Actor = None) -> None:
    """Stop a running operation. What is being done at this moment is still done."""
    try:
        operate(load_settings(), partial(stop_operation, id=operation_id, actor=operator(actor, None).actor))
    except (UnknownOperation, NotRunning) as error:
        raise CommandFailed(sentence(error)) from None
    typer.echo(f"Stopped operation {operation_id}.")


@app.command()
def resume(operation_id: Id, actor: Actor = None) -> None:
    """Go on with an operation that was stopped, stopped by itself, or was interrupted. This command does it itself."""
    settings, by = load_settings(), operator(actor, None)

    def say(answer: Redriven) -> None:
        terminal().print(f"{answer.id}: {shown(answer.sentence)}", soft_wrap=True)

    async def work(engine: AsyncEngine) -> str | None:
        report = await read_operation(engine, operation_id, limit=1)
        if report.state != "running":
            await resume_operation(engine, operation_id, actor=by.actor)
        return await carry_out(
            engine,
            load_processes(settings),
            operation_id,
            broker=amqp_url_if_any(settings),
            prefix=settings.prefix,
            remote_modules=settings.log_urls,
            publish_timeout_seconds=settings.publish_timeout_seconds,
            progress=say,
        )

    try:
        with traced("saga-cli", settings.traces):
            ended = operate(settings, work)
    except TracesUnavailable as error:
        raise WrongUsage(str(error)) from error
    except OperationFailed as error:
        raise CommandFailed(sentence(error)) from None
    if ended is None:
        raise CommandFailed(
            f"Another process carries it out, or it was stopped: see `saga operations show {operation_id}`."
        )
    if ended != "done":
        raise CommandFailed(f"Operation {operation_id} stopped by itself again: `saga operations show` says why.")


def _explained(report: OperationReport) -> RenderableType:
    answered = ", ".join(f"{number} {shown(answer)}" for answer, number in report.answers.items()) or "none yet"
    lines = [
        f"Operation {report.id}: {report.action} of {report.size}, by {shown(report.actor)}",
        f"When: {date_and_time(report.at)} UTC",
        f"Why: {shown(report.reason)}",
        f"State: {report.state}" + (f". {shown(report.note)}" if report.note else ""),
        f"Answers: {answered}",
    ]
    if not report.items:
        lines.append(f"Of: {', '.join(map(shown, report.ids))}{', ...' if report.size > len(report.ids) else ''}")
        return Text("\n".join(lines))
    table = columns("item", "answer", "instance", "when")
    for one in report.items:
        whose = f"{one.process} {one.process_id}" if one.process and one.process_id else ""
        table.add_row(shown(one.item), shown(one.answer), shown(whose), date_and_time(one.at))
    return Group(Text("\n".join(lines)), Text(), table)
