"""`saga dead-letters`: messages that could not be handled: show, redrive or discard them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.cli.shell.addresses import amqp_url, amqp_url_if_any
from saga.cli.shell.broker import broker
from saga.cli.shell.database import operate
from saga.cli.shell.dead_letter import explained
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.moments import Since, since_moment
from saga.cli.shell.operator import Actor, Operator, ReasonIfAny, operator
from saga.cli.shell.processes import load_processes
from saga.cli.shell.terminal import AsJson, columns, print_json, terminal
from saga.core import Process
from saga.documents.as_data import as_data
from saga.documents.dead_letters import dead_letter_document, dead_letters_document
from saga.documents.text import age, sentence, shown
from saga.engine.dead_letters import DeadLetterState
from saga.operations import (
    Correction,
    EntryNotCorrectable,
    ForeignDeadLetters,
    ListedDeadLetter,
    NoBroker,
    NotStrictData,
    Pace,
    Redriven,
    RedriveReport,
    UnknownDeadLetters,
    list_dead_letters,
    read_dead_letters,
    redrive,
)
from saga.settings import Settings, load_settings
from saga.tracing import TracesUnavailable, traced

STATES = ("all", *(state.value for state in DeadLetterState))

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Messages that could not be handled: show, redrive or discard them.",
)

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="Dead letter ids, as in `saga dead-letters list`.")]


@app.command("list")
def list_letters(
    process_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only dead letters of this instance, such as an order id.")
    ] = None,
    *,
    type_: Annotated[str | None, typer.Option("--type", help="Only messages of this type.")] = None,
    text: Annotated[
        str | None,
        typer.Option(help="Only with this text in an id, source, MODULE/POSITION, reason, property or body."),
    ] = None,
    state: Annotated[str, typer.Option(help="open, redriven, discarded or all.")] = "open",
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first. With --since, only those that came or failed again since then."""
    if state not in STATES:
        raise WrongUsage(f"There is no state {shown(state)!r}: take one of {', '.join(STATES)}.")
    settings = load_settings()
    wanted: dict[str, Any] = {"state": None if state == "all" else state, "process_id": process_id}
    wanted |= {"type": type_, "text": text, "since": since_moment(since)}
    found = operate(settings, partial(list_dead_letters, **wanted, limit=limit + 1))
    dead_letters, more = found[:limit], len(found) > limit
    if as_json:
        print_json(dead_letters_document(dead_letters, load_processes(settings), more=more))
    else:
        _show(dead_letters, wanted, more=more)


@app.command()
def show(
    dead_letter_id: Annotated[int, typer.Argument(metavar="ID")],
    full: Annotated[bool, typer.Option("--full", help="Show the whole body, however long.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter, with its headers and body."""
    settings = load_settings()
    with refusals():
        (dead_letter,) = operate(settings, partial(read_dead_letters, ids=_checked([dead_letter_id])))
    if as_json:
        print_json(dead_letter_document(dead_letter, load_processes(settings), full=full))
    else:
        terminal().print(explained(dead_letter, full=full))


@app.command("redrive")
def redrive_letters(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Redrive all open dead letters, oldest first.")] = False,
    data: Annotated[str | None, typer.Option(metavar="JSON", help="Corrected data in place of the message's.")] = None,
    message_id: Annotated[str | None, typer.Option("--id", metavar="TEXT", help="Corrected message id.")] = None,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Corrected message type.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Corrected source. If it names no module, the message has no position.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Corrected subject: the instance id.")] = None,
    reason: ReasonIfAny = None,
    actor: Actor = None,
    rate: Annotated[float | None, typer.Option(min=0.01, max=10_000, help="Messages a second at most.")] = None,
    halt_after: Annotated[
        int, typer.Option(min=0, max=10_000, help="Stop after so many in a row that are still dead; 0 for never.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Handle dead letters again, as if they were delivered again. This command does it itself, at once.

    What the relay could not send is sent again from its log. The options correct a single message; what none of them
    names stays as it was. `saga operations` shows later who did it, and why. Exit code 1 if any of the messages is
    still dead.
    """
    if bool(ids) == every:
        raise WrongUsage("Name the dead letters to redrive, or say --all.")
    body = None if data is None else data.encode("utf-8", "surrogateescape")
    correction = Correction(message_id, type_, source, subject, body)
    if correction and len(ids or ()) != 1:
        raise WrongUsage(
            "A correction (--data, --id, --type, --source, --subject) is for a single dead letter: name it."
        )
    by = operator(actor, reason)
    pace = Pace(_batch(rate), rate, halt_after)
    settings = load_settings()
    processes = {process.name: process for process in load_processes(settings)}
    console = terminal()

    def say(answer: Redriven) -> None:
        if not as_json:
            console.print(f"{answer.id}: {shown(answer.sentence)}", soft_wrap=True)

    answers = _redrive(settings, processes, ids or None, _How(correction, by, pace), say)
    if as_json:
        print_json({"redriven": [_answer_as_data(one, processes) for one in answers], "count": len(answers)})
    elif not answers:
        console.print("There are no open dead letters.")
    if any(answer.answer == "dead" for answer in answers):
        raise typer.Exit(1)


@app.command()
def discard(
    ids: Ids,
    reason: ReasonIfAny = None,
    actor: Actor = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Close dead letters without handling them. They are kept, marked as discarded."""
    if as_json and not yes:
        raise WrongUsage("--json asks no questions: add --yes.")
    by = operator(actor, reason)
    discarding = partial(operations.discard, ids=_checked(ids), actor=by.actor, reason=by.reason)
    settings = load_settings()
    with refusals():
        if not yes:
            operate(settings, partial(discarding, dry_run=True))
            for dead_letter in operate(settings, partial(read_dead_letters, ids=ids)):
                whose = f"{dead_letter.consumer} {dead_letter.process_id or '?'}"
                typer.echo(f"{dead_letter.id}: {shown(dead_letter.type or '?')} of {shown(whose)}")
            typer.confirm("Discard these dead letters for good?", abort=True)
        discarded = operate(settings, discarding)
    if as_json:
        print_json({"discarded": discarded, "count": len(discarded)})
    else:
        typer.echo(f"Discarded {', '.join(map(str, discarded)) or 'none'}.")


def _checked(ids: Sequence[int]) -> list[int]:
    if any(not 0 < one < 2**63 for one in ids):
        raise WrongUsage("A dead letter's id is a number from 1 on: `saga dead-letters list` shows them.")
    return [*ids]


@dataclass(frozen=True, slots=True)
class _How:
    """How dead letters are redriven, by whom, and why."""

    correction: Correction
    by: Operator
    pace: Pace


def _batch(rate: float | None) -> int:
    """How many are redriven at once: what a second may bring."""
    return 200 if rate is None else min(200, max(1, int(rate)))


def _redrive(
    settings: Settings,
    processes: Mapping[str, Process],
    ids: list[int] | None,
    how: _How,
    say: Callable[[Redriven], None],
) -> Sequence[Redriven]:
    """Redrive these, or all that are open. ``say`` is called with each result."""
    url = amqp_url_if_any(settings)
    redriven = partial(
        redrive,
        processes=[*processes.values()],
        ids=None if ids is None else _checked(ids),
        broker=url,
        prefix=settings.prefix,
        remote_modules=settings.log_urls,
        publish_timeout_seconds=settings.publish_timeout_seconds,
        correction=how.correction,
        actor=how.by.actor,
        reason=how.by.reason,
        pace=how.pace,
        progress=say,
    )

    async def work(engine: AsyncEngine) -> RedriveReport:
        with broker(url) if url else nullcontext():
            return await redriven(engine)

    try:
        with refusals(processes), traced("saga-cli", settings.traces):
            done = operate(settings, work)
    except TracesUnavailable as error:
        raise WrongUsage(str(error)) from error
    except NoBroker:
        amqp_url(settings)  # says how to name one
        raise
    for consumer, number in sorted(done.left_alone.items()):
        typer.echo(
            f"{number} of {shown(consumer)} not redriven: SAGA_PROCESSES names only {', '.join(processes)}.", err=True
        )
    return done.answers


@contextmanager
def refusals(processes: Collection[str] = ()) -> Iterator[None]:
    """Turn a refused operation into a sentence that names the remedy."""
    try:
        yield
    except UnknownDeadLetters as error:
        raise CommandFailed(f"{sentence(error)[:-1]}: `saga dead-letters list` shows them.") from None
    except ForeignDeadLetters as error:
        owners = ", ".join(f"{one} is one of {shown(consumer)}" for one, consumer in error.consumers.items())
        raise CommandFailed(
            f"SAGA_PROCESSES names only {', '.join(processes)}: add the others; nothing was done: {owners}."
        ) from None
    except NotStrictData as error:
        raise WrongUsage(f"--data can't be read: {shown(error)}.") from None
    except EntryNotCorrectable as error:
        raise WrongUsage(sentence(error)) from None


def _answer_as_data(answer: Redriven, processes: Mapping[str, Process]) -> dict[str, object]:
    """The answer; if it is about an instance, also under the process's own name for its id."""
    own = {processes[answer.process].correlate: answer.process_id} if answer.process in processes else {}
    return {**own, **as_data(answer)}


def _show(dead_letters: tuple[ListedDeadLetter, ...], wanted: Mapping[str, Any], *, more: bool) -> None:
    console = terminal()
    if not dead_letters:
        state = "" if wanted["state"] is None else f"{wanted['state']} "
        such = " like that" if any(value is not None for name, value in wanted.items() if name != "state") else ""
        console.print(f"There are no {state}dead letters{such}.")
        return
    table = columns("id", "dead letter")
    for dead_letter in dead_letters:
        table.add_row(str(dead_letter.id), _summary(dead_letter))
    console.print(table)
    if more:
        console.print(f"... and more: these are {len(dead_letters)}, see --limit.")


def _summary(dead_letter: ListedDeadLetter) -> Text:
    tries = "1 attempt" if dead_letter.attempts == 1 else f"{dead_letter.attempts} attempts"
    whose = shown(dead_letter.consumer)
    whose = f"of {whose} {shown(dead_letter.process_id)}" if dead_letter.process_id else f"to {whose}"
    closed = "" if dead_letter.state == "open" else f", {dead_letter.state}"
    return Text.assemble(
        (f"{shown(dead_letter.type or 'message')[:60]} {whose}", "bold"),
        (f" ({dead_letter.kind}, {tries}, {age(dead_letter.age_seconds)} old{closed})", "dim"),
        f"\n{shown(dead_letter.reason)[:300]}",
    )
