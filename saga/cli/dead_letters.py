"""`saga dead-letters`: messages that could not be handled: look at them, put them back, or give them up."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from saga.cli.database import database, reading
from saga.cli.failure import CommandFailed, WrongUsage
from saga.cli.letter import as_data, explained
from saga.cli.redrive import Redriven, corrected, redrive_one
from saga.cli.terminal import AsJson, age, columns, print_json, shown, terminal
from saga.engine.dead_letters import DeadLetterState, close
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga.reading import KeptMessage, OpenLetter, list_dead_letters, list_open_ids, read_dead_letters
from saga.settings import Settings, load_settings

STATES = ("all", *(state.value for state in DeadLetterState))

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Messages that could not be handled: look at them, put them back, or give them up.",
)

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="As `saga dead-letters list` shows them.")]


@app.command("list")
def list_letters(
    state: Annotated[str, typer.Option(help="open, redriven, discarded or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first."""
    if state not in STATES:
        raise WrongUsage(f"There is no state {shown(state)!r}: take one of {', '.join(STATES)}.")
    found = asyncio.run(_list(load_settings(), None if state == "all" else state, limit + 1))
    letters, more = found[:limit], len(found) > limit
    if as_json:
        print_json({"dead_letters": [_listed(letter) for letter in letters], "count": len(letters), "more": more})
    else:
        _show(letters, state, more=more)


@app.command()
def show(
    dead_letter_id: Annotated[int, typer.Argument(metavar="ID")],
    full: Annotated[bool, typer.Option("--full", help="The whole body, however long.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show all of one dead letter, its body included."""
    letter = asyncio.run(_read(load_settings(), [dead_letter_id]))[dead_letter_id]
    if as_json:
        print_json(as_data(letter, full=full))
    else:
        terminal().print(explained(letter, full=full))


@app.command()
def redrive(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...")] = None,
    every: Annotated[bool, typer.Option("--all", help="All open ones, oldest first.")] = False,
    data: Annotated[str | None, typer.Option(metavar="JSON", help="Corrected data in place of the message's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back: each goes through the same step as a delivered message, here and at once.

    Exit code 1 if any of them is still dead.
    """
    if bool(ids) == every:
        raise WrongUsage("Name the dead letters to redrive, or say --all.")
    if data is not None and len(ids or ()) != 1:
        raise WrongUsage("--data corrects one message: name a single dead letter.")
    answers = asyncio.run(_redrive(load_settings(), ids, data))
    if as_json:
        print_json({"redriven": [asdict(answer) for answer in answers], "count": len(answers)})
    else:
        _show_answers(answers)
    if any(answer.answer == "dead" for answer in answers):
        raise typer.Exit(1)


@app.command()
def discard(
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give dead letters up: they are kept, marked as discarded, and nothing more is done about them."""
    if as_json and not yes:
        raise WrongUsage("--json asks no questions: add --yes.")
    settings = load_settings()
    letters = asyncio.run(_read(settings, ids))
    _check_open(letters)
    if not yes:
        for letter in letters.values():
            typer.echo(f"{letter.id}: {shown(letter.type or '?')} of order {shown(letter.process_id or '?')}")
        typer.confirm("Give up on these messages for good?", abort=True)
    discarded = asyncio.run(_discard(settings, list(letters)))
    if as_json:
        print_json({"discarded": discarded, "count": len(discarded)})
    else:
        typer.echo(f"Discarded {', '.join(map(str, discarded)) or 'none'}.")


async def _list(settings: Settings, state: str | None, limit: int) -> tuple[OpenLetter, ...]:
    async with reading(settings) as connection:
        return await list_dead_letters(connection, state=state, limit=limit)


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


async def _redrive(settings: Settings, ids: list[int] | None, data: str | None) -> list[Redriven]:
    async with reading(settings) as connection:
        wanted = ids or await list_open_ids(connection)
    letters = await _read(settings, wanted)
    if ids:
        _check_open(letters)
    process = order_process(settings.payment_timeout)
    async with database(settings) as engine:
        answers = []
        for letter in letters.values():
            message = letter if data is None else corrected(process, letter, data)
            answers.append(await redrive_one(engine, process, message))
        return answers


async def _discard(settings: Settings, ids: list[int]) -> list[int]:
    async with database(settings) as engine, durable_transaction(engine) as connection:
        return sorted(await close(connection, ids, DeadLetterState.DISCARDED))


def _listed(letter: OpenLetter) -> dict[str, Any]:
    known = asdict(letter)
    return {"id": known.pop("id"), "order_id": known.pop("process_id"), **known}


def _show(letters: tuple[OpenLetter, ...], state: str, *, more: bool) -> None:
    console = terminal()
    if not letters:
        console.print("There are no dead letters." if state == "all" else f"There are no {state} dead letters.")
        return
    table = columns("id", "dead letter")
    for letter in letters:
        table.add_row(str(letter.id), _summary(letter))
    console.print(table)
    if more:
        console.print(f"... and more: these are {len(letters)}, see --limit.")


def _summary(letter: OpenLetter) -> Text:
    tries = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    order = f" of order {shown(letter.process_id)[:60]}" if letter.process_id else ""
    closed = "" if letter.state == "open" else f", {letter.state}"
    return Text.assemble(
        (f"{shown(letter.type or 'message')[:60]}{order}", "bold"),
        (f" ({letter.kind}, {tries}, {age(letter.age_seconds)} old{closed})", "dim"),
        f"\n{shown(letter.reason)[:300]}",
    )


def _show_answers(answers: list[Redriven]) -> None:
    console = terminal()
    if not answers:
        console.print("There are no open dead letters.")
    for answer in answers:
        console.print(f"{answer.id}: {shown(answer.sentence)}", soft_wrap=True)
