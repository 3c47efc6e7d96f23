"""`saga dead-letters`: messages that could not be handled: look at them, put them back, or give them up."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.commands.redrive import Redriven, corrected, redrive_some, resend_one
from saga.cli.shell.addresses import amqp_url
from saga.cli.shell.broker import broker
from saga.cli.shell.database import database, reading
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.letter import as_data, explained, identified
from saga.cli.shell.processes import load_processes
from saga.cli.shell.terminal import AsJson, age, columns, print_json, shown, terminal
from saga.core import Process
from saga.engine.dead_letters import DeadLetterState, close
from saga.operations import KeptMessage, OpenLetter, Wanted, list_dead_letters, list_open_ids, read_dead_letters
from saga.postgres import durable_transaction
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.settings import Settings, load_settings
from saga.worker.relay import CONSUMER as RELAY

AT_ONCE = 200
"""Dead letters that are redriven together."""
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
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first."""
    if state not in STATES:
        raise WrongUsage(f"There is no state {shown(state)!r}: take one of {', '.join(STATES)}.")
    settings = load_settings()
    wanted = Wanted(None if state == "all" else state, process_id, type_, text)
    found = asyncio.run(_list(settings, wanted, limit + 1))
    letters, more = found[:limit], len(found) > limit
    if as_json:
        processes = load_processes(settings)
        listed = [{**identified(letter, processes), **asdict(letter)} for letter in letters]
        print_json({"dead_letters": listed, "count": len(letters), "more": more})
    else:
        _show(letters, wanted, more=more)


@app.command()
def show(
    dead_letter_id: Annotated[int, typer.Argument(metavar="ID")],
    full: Annotated[bool, typer.Option("--full", help="Show the whole body, however long.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter, with its headers and body."""
    settings = load_settings()
    letter = asyncio.run(_read(settings, [dead_letter_id]))[dead_letter_id]
    if as_json:
        print_json(as_data(letter, load_processes(settings), full=full))
    else:
        terminal().print(explained(letter, full=full))


@app.command()
def redrive(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...")] = None,
    every: Annotated[bool, typer.Option("--all", help="Redrive all open dead letters, oldest first.")] = False,
    data: Annotated[str | None, typer.Option(metavar="JSON", help="Corrected data in place of the message's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Handle dead letters again, at once and in this command, as if they were delivered again.

    What the relay could not send is sent again from its log. Exit code 1 if any of them is still dead.
    """
    if bool(ids) == every:
        raise WrongUsage("Name the dead letters to redrive, or say --all.")
    if data is not None and len(ids or ()) != 1:
        raise WrongUsage("--data corrects one message: name a single dead letter.")
    settings = load_settings()
    processes = {process.name: process for process in load_processes(settings)}
    answers: list[Redriven] = []
    console = terminal()

    def say(answer: Redriven) -> None:
        answers.append(answer)
        if not as_json:
            console.print(f"{answer.id}: {shown(answer.sentence)}", soft_wrap=True)

    asyncio.run(_redrive(settings, processes, ids, data, say))
    if as_json:
        print_json({"redriven": [_told(one, processes) for one in answers], "count": len(answers)})
    elif not answers:
        console.print("There are no open dead letters.")
    if any(answer.answer == "dead" for answer in answers):
        raise typer.Exit(1)


@app.command()
def discard(
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give dead letters up: they are kept, marked as discarded."""
    if as_json and not yes:
        raise WrongUsage("--json asks no questions: add --yes.")
    settings = load_settings()
    letters = asyncio.run(_read(settings, ids))
    _check_open(letters)
    if not yes:
        for letter in letters.values():
            whose = f"{letter.consumer} {letter.process_id or '?'}"
            typer.echo(f"{letter.id}: {shown(letter.type or '?')} of {shown(whose)}")
        typer.confirm("Give up on these messages for good?", abort=True)
    discarded = asyncio.run(_discard(settings, list(letters)))
    if as_json:
        print_json({"discarded": discarded, "count": len(discarded)})
    else:
        typer.echo(f"Discarded {', '.join(map(str, discarded)) or 'none'}.")


async def _list(settings: Settings, wanted: Wanted, limit: int) -> tuple[OpenLetter, ...]:
    async with reading(settings) as connection:
        return await list_dead_letters(connection, wanted, limit=limit)


async def _read(settings: Settings, ids: list[int]) -> dict[int, KeptMessage]:
    """These dead letters, in the order of their naming. Raises CommandFailed if any does not exist."""
    if any(not 0 < one < 2**63 for one in ids):
        raise WrongUsage("A dead letter's id is a number from 1 on: `saga dead-letters list` shows them.")
    async with reading(settings) as connection:
        letters = await read_dead_letters(connection, ids)
    if missing := [str(one) for one in ids if one not in letters]:
        raise CommandFailed(f"There is no dead letter {', '.join(missing)}: `saga dead-letters list` shows them.")
    return {one: letters[one] for one in ids}


def _check_open(letters: dict[int, KeptMessage]) -> None:
    if closed := [letter for letter in letters.values() if letter.state != DeadLetterState.OPEN.value]:
        said = ", ".join(f"{letter.id} was {letter.state} before" for letter in closed)
        raise CommandFailed(f"Only open dead letters can be closed; nothing was done: {said}.")


def _check_owned(letters: Mapping[int, KeptMessage], processes: Mapping[str, Process]) -> None:
    """Raise CommandFailed if any is one of a process that is not here to take it."""
    if foreign := [letter for letter in letters.values() if letter.consumer not in (*processes, RELAY)]:
        said = ", ".join(f"{letter.id} is one of {shown(letter.consumer)}" for letter in foreign)
        raise CommandFailed(
            f"SAGA_PROCESSES gives {', '.join(processes)}: name the others' there too; nothing was done: {said}."
        )


def _say_foreign(left: Mapping[str, int], processes: Mapping[str, Process]) -> None:
    for consumer, number in sorted(left.items()):
        typer.echo(f"{number} of {shown(consumer)} left alone: SAGA_PROCESSES gives {', '.join(processes)}.", err=True)


async def _redrive(
    settings: Settings,
    processes: Mapping[str, Process],
    ids: list[int] | None,
    data: str | None,
    say: Callable[[Redriven], None],
) -> None:
    """Redrive these, or all that are open, some at a time; ``say`` what came of each."""
    if ids:
        named = await _read(settings, ids)
        _check_open(named)
        _check_owned(named, processes)
        if data is not None and (unsent := [one for one in named.values() if one.consumer == RELAY]):
            raise WrongUsage(f"{unsent[0].id} is an entry of a log, which says what it says: --data can't correct it.")
    async with reading(settings) as connection:
        wanted = ids or await list_open_ids(connection)
    foreign: Counter[str] = Counter()
    async with database(settings) as engine:
        for start in range(0, len(wanted), AT_ONCE):
            async with engine.connect() as connection:
                letters = (await read_dead_letters(connection, wanted[start : start + AT_ONCE])).values()
            foreign.update(letter.consumer for letter in letters if letter.consumer not in (*processes, RELAY))
            for process in processes.values():
                own = [letter for letter in letters if letter.consumer == process.name]
                if data is not None:
                    own = [corrected(settings, process, letter, data) for letter in own]
                for answer in await redrive_some(engine, settings, process, own) if own else ():
                    say(answer)
            if unsent := [letter for letter in letters if letter.consumer == RELAY]:
                await _resend(engine, settings, processes, unsent, say)
    _say_foreign(foreign, processes)


async def _resend(
    engine: AsyncEngine,
    settings: Settings,
    processes: Mapping[str, Process],
    unsent: Sequence[KeptMessage],
    say: Callable[[Redriven], None],
) -> None:
    url = amqp_url(settings)
    declared = topology(settings.prefix, *processes.values())
    with broker(url):
        async with Publisher(url, declared, settings.publish_timeout_seconds) as publisher:
            for letter in unsent:
                say(await resend_one(engine, publisher, settings.prefix, letter))


def _told(answer: Redriven, processes: Mapping[str, Process]) -> dict[str, object]:
    """The answer, with the instance in its process's own word too, if it is one's."""
    own = {processes[answer.process].correlate: answer.process_id} if answer.process in processes else {}
    return {**own, **asdict(answer)}


async def _discard(settings: Settings, ids: list[int]) -> list[int]:
    async with database(settings) as engine, durable_transaction(engine) as connection:
        return sorted(await close(connection, ids, DeadLetterState.DISCARDED))


def _show(letters: tuple[OpenLetter, ...], wanted: Wanted, *, more: bool) -> None:
    console = terminal()
    if not letters:
        state = "" if wanted.state is None else f"{wanted.state} "
        such = "" if (wanted.process_id, wanted.type, wanted.text) == (None, None, None) else " like that"
        console.print(f"There are no {state}dead letters{such}.")
        return
    table = columns("id", "dead letter")
    for letter in letters:
        table.add_row(str(letter.id), _summary(letter))
    console.print(table)
    if more:
        console.print(f"... and more: these are {len(letters)}, see --limit.")


def _summary(letter: OpenLetter) -> Text:
    tries = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    whose = shown(letter.consumer)[:60]
    whose = f"of {whose} {shown(letter.process_id)[:60]}" if letter.process_id else f"to {whose}"
    closed = "" if letter.state == "open" else f", {letter.state}"
    return Text.assemble(
        (f"{shown(letter.type or 'message')[:60]} {whose}", "bold"),
        (f" ({letter.kind}, {tries}, {age(letter.age_seconds)} old{closed})", "dim"),
        f"\n{shown(letter.reason)[:300]}",
    )
