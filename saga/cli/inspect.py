"""`saga inspect`: one order, as a timeline that explains itself."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from saga.cli.database import reading
from saga.cli.failure import CommandFailed
from saga.cli.terminal import AsJson, age, clock, columns, date_and_time, outcome_text, print_json, shown, terminal
from saga.orders import order_process
from saga.reading import (
    AnsweredMessage,
    Inspection,
    OpenLetter,
    SentCommand,
    SetTimer,
    inspect_instance,
    open_letters_of,
)
from saga.settings import Settings, load_settings


def inspect(order_id: Annotated[str, typer.Argument(metavar="ORDER_ID")], as_json: AsJson = False) -> None:
    """Show an order: its outcome, every message with the decision it led to, commands and timers."""
    order = asyncio.run(_read(load_settings(), order_id))
    if as_json:
        print_json(_as_data(order))
    else:
        terminal().print(_explained(order))


async def _read(settings: Settings, order_id: str) -> Inspection:
    async with reading(settings) as connection:
        order = await inspect_instance(connection, order_process(settings.payment_timeout), order_id)
        letters = () if order else await open_letters_of(connection, order_id)
    if order is None:
        raise CommandFailed(_unknown(order_id, letters))
    return order


def _unknown(order_id: str, letters: tuple[OpenLetter, ...]) -> str:
    if not letters:
        return f"Nothing is known of order {shown(order_id)!r}: no message about it was taken in."
    ids = ", ".join(str(letter.id) for letter in letters[:5])
    many = "an open dead letter names" if len(letters) == 1 else f"{len(letters)} open dead letters name"
    return (
        f"Nothing was taken in of order {shown(order_id)!r}, but {many} it ({ids}): "
        f"see `saga dead-letters show {letters[0].id}`."
    )


def _as_data(order: Inspection) -> dict[str, Any]:
    everything = asdict(order)
    return {"order_id": everything.pop("process_id"), **everything}


def _explained(order: Inspection) -> RenderableType:
    parts: list[RenderableType] = [_heading(order), Text(), _timeline(order)]
    if order.timers:
        parts += [Text(), _timers(order.timers)]
    if order.dead_letters:
        parts += [Text(), _letters(order.dead_letters)]
    return Group(*parts)


def _heading(order: Inspection) -> Text:
    states = ", ".join(f"{name} {state}" for name, state in order.states.items())
    settled = "settled" if order.settled else "open"
    return Text.assemble(
        "Order ",
        (shown(order.process_id), "bold"),
        ": ",
        outcome_text(order.outcome),
        f" ({settled})\n{states}\n",
        (f"first heard of {date_and_time(order.created_at)}, last {date_and_time(order.updated_at)} UTC", "dim"),
    )


def _timeline(order: Inspection) -> Table:
    """Each message, the decision it led to, and below it the commands of that decision."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for answered, commands in _answers(order):
        table.add_row(clock(answered.at), _message(answered))
        for timer in order.timers:
            if timer.caused_by == answered.id and answered.taken:
                table.add_row("", Padding(_armed(timer), (0, 0, 0, 2)))
        for command in commands:
            table.add_row("", Padding(_command(command), (0, 0, 0, 2)))
    return table


def _answers(order: Inspection) -> Iterator[tuple[AnsweredMessage, list[SentCommand]]]:
    """Messages in the order in which they were answered, each with the commands that stand before the next answer."""
    ends = [message.version for message in order.messages[1:]] + [None]
    for message, end in zip(order.messages, ends, strict=True):
        yield message, [c for c in order.commands if c.version > message.version and (end is None or c.version < end)]


def _message(answered: AnsweredMessage) -> Text:
    sender = shown(answered.source.removeprefix("/modules/"))
    place = f"position {answered.position}" if answered.position is not None else f"id {shown(answered.id)}"
    text = Text.assemble((shown(answered.type), "bold" if answered.taken else ""), (f" from {sender}, {place}", "dim"))
    if answered.repeats:
        text.append(f", came {answered.repeats + 1} times", "yellow")
    return text.append(f"\n{shown(answered.decision)}", "" if answered.taken else "dim")


def _armed(timer: SetTimer) -> Text:
    return Text.assemble(("-> ", "dim"), f"timer {timer.name}, due {date_and_time(timer.due_at)}")


def _command(command: SentCommand) -> Text:
    fields = "".join(f", {name} {shown(value)}" for name, value in command.fields.items())
    text = Text.assemble(("-> ", "dim"), (command.type, "blue"), f" to {command.target}{fields}")
    text.append(f" ({shown(command.effect)} revision {command.revision}, ", "dim")
    return text.append(*(("published", "dim") if command.published else ("not yet published", "yellow"))).append(
        ")", "dim"
    )


def _timers(timers: tuple[SetTimer, ...]) -> Table:
    table = columns("timer", "emits", "due (UTC)", "", title="Timers")
    for timer in timers:
        if timer.fired_at is not None:
            late = (timer.fired_at - timer.due_at).total_seconds()
            state = Text(f"fired {age(late)} after it was due")
        else:
            state = Text("overdue", "red") if timer.overdue else Text("waits")
        table.add_row(timer.name, timer.emits, date_and_time(timer.due_at), state)
    return table


def _letters(letters: tuple[OpenLetter, ...]) -> Table:
    table = columns("id", "kind", "type", "age", "reason", title="Open dead letters")
    for letter in letters:
        table.add_row(
            str(letter.id), letter.kind, shown(letter.type or "?"), age(letter.age_seconds), shown(letter.reason)
        )
    return table
