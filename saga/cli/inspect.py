"""`saga inspect`: one instance, such as an order, as a timeline that explains itself."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from saga.cli.database import reading
from saga.cli.failure import CommandFailed, WrongUsage
from saga.cli.processes import OfProcess, choose_processes, identified, one_of
from saga.cli.terminal import AsJson, age, clock, columns, date_and_time, outcome_text, print_json, shown, terminal
from saga.core import Process
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


def inspect(
    process_id: Annotated[str, typer.Argument(metavar="ID", help="Of an order, for instance.")],
    of: OfProcess = None,
    as_json: AsJson = False,
) -> None:
    """Show an instance: its outcome, every message with the decision it led to, commands and timers."""
    settings = load_settings()
    process, instance = asyncio.run(_read(settings, choose_processes(settings, of), process_id))
    if as_json:
        print_json(_as_data(process, instance))
    else:
        terminal().print(_explained(process, instance))


async def _read(settings: Settings, processes: Sequence[Process], process_id: str) -> tuple[Process, Inspection]:
    """The instance and its process, wherever it is. Raises CommandFailed if no process has it, or several do."""
    async with reading(settings) as connection:
        looked = [(process, await inspect_instance(connection, process, process_id)) for process in processes]
        found = [(process, instance) for process, instance in looked if instance is not None]
        letters = () if found else await open_letters_of(connection, process_id)
    if not found:
        raise CommandFailed(_unknown(one_of(processes), process_id, letters))
    if len(found) > 1:
        names = " or ".join(f"--process {process.name}" for process, _ in found)
        raise WrongUsage(f"Several processes have an instance {shown(process_id)!r}: say which, {names}.")
    return found[0]


def _unknown(what: str, process_id: str, letters: tuple[OpenLetter, ...]) -> str:
    if not letters:
        return f"Nothing is known of {what} {shown(process_id)!r}: no message about it was taken in."
    ids = ", ".join(str(letter.id) for letter in letters[:5])
    many = "an open dead letter names" if len(letters) == 1 else f"{len(letters)} open dead letters name"
    return (
        f"Nothing was taken in of {what} {shown(process_id)!r}, but {many} it ({ids}): "
        f"see `saga dead-letters show {letters[0].id}`."
    )


def _as_data(process: Process, instance: Inspection) -> dict[str, Any]:
    return {**identified(process, instance.process_id), **asdict(instance)}


def _explained(process: Process, instance: Inspection) -> RenderableType:
    parts: list[RenderableType] = [_heading(process, instance), Text()]
    parts += [_timeline(instance)] if instance.pruned_at is None else []
    if instance.pruned_at is not None or instance.revived_at is not None:
        parts += [_pruned(process, instance)]
    if instance.erased_at is not None:
        said = f"What its messages said was erased at {date_and_time(instance.erased_at)} UTC."
        parts += [Text(said, "dim")]
    if instance.timers:
        parts += [Text(), _timers(instance.timers)]
    if instance.dead_letters:
        parts += [Text(), _letters(instance.dead_letters)]
    return Group(*parts)


def _heading(process: Process, instance: Inspection) -> Text:
    states = ", ".join(f"{name} {state}" for name, state in instance.states.items())
    settled = "settled" if instance.settled else "open"
    return Text.assemble(
        f"{process.name.capitalize()} ",
        (shown(instance.process_id), "bold"),
        ": ",
        outcome_text(instance.outcome),
        f" ({settled})\n{states}\n",
        (f"first heard of {date_and_time(instance.created_at)}, last {date_and_time(instance.updated_at)} UTC", "dim"),
    )


def _pruned(process: Process, instance: Inspection) -> Text:
    """What is not shown, and why."""
    if instance.pruned_at is None:
        came_back = f"the {process.name} came back with the first of these messages"
        return Text(f"What was before that was pruned; {came_back}.", "dim")
    return Text(
        f"Its messages, commands and timers were pruned at {date_and_time(instance.pruned_at)} UTC; "
        "what still comes is answered from its last state."
    )


def _timeline(instance: Inspection) -> Table:
    """Each message, the decision it led to, and below it the commands of that decision."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for answered, commands in _answers(instance):
        table.add_row(clock(answered.at), _message(answered))
        for timer in instance.timers:
            if timer.caused_by == answered.id and answered.taken:
                table.add_row("", Padding(_armed(timer), (0, 0, 0, 2)))
        for command in commands:
            table.add_row("", Padding(_command(command), (0, 0, 0, 2)))
    return table


def _answers(instance: Inspection) -> Iterator[tuple[AnsweredMessage, list[SentCommand]]]:
    """Messages in the order in which they were answered, each with the commands that stand before the next answer."""
    commands = instance.commands
    ends = [message.version for message in instance.messages[1:]] + [None]
    for message, end in zip(instance.messages, ends, strict=True):
        yield message, [c for c in commands if c.version > message.version and (end is None or c.version < end)]


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
    return text.append(*_whereabouts(command)).append(")", "dim")


def _whereabouts(command: SentCommand) -> tuple[str, str]:
    if command.published:
        return "published", "dim"
    return ("pulled from the log", "dim") if command.pulled else ("still in the log only", "yellow")


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
