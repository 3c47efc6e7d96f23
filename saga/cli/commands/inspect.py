"""`saga inspect`: one instance as a timeline that explains itself."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from saga import operations
from saga.cli.shell.database import database
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.terminal import AsJson, columns, outcome_text, pairs, terminal
from saga.cli.shell.watch import PrintJson, Watch, shown_or_watched
from saga.core import Process
from saga.documents.instances import instance_document, one_of
from saga.documents.text import age, clock, date_and_time, shown
from saga.operations import (
    Act,
    AnnouncedOutcome,
    AnsweredMessage,
    Inspection,
    InstanceTimer,
    ListedDeadLetter,
    SentCommand,
    list_dead_letters,
)
from saga.settings import Settings, load_settings

MOST_COUNTED = 1_000
"""How many dead letters are counted for an unknown instance, at most."""


def inspect(
    process_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the instance.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many entries of its record.")] = 200,
    before: Annotated[int | None, typer.Option(min=1, help="Show the entries before this one.")] = None,
    of: OfProcess = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Show an instance: its outcome, every message with the decision it led to, commands and timers."""
    settings = load_settings()
    page = {"limit": limit, "before": before}
    processes = choose_processes(settings, of)

    def show(print_document: PrintJson) -> None:
        process, instance = asyncio.run(_read(settings, processes, process_id, page))
        if as_json:
            print_document(instance_document(process, instance))
        else:
            terminal().print(_explained(process, instance))

    shown_or_watched(show, watch=watch)


async def _read(
    settings: Settings, processes: Sequence[Process], process_id: str, page: Mapping[str, Any]
) -> tuple[Process, Inspection]:
    """The instance and the process that has it. Raises CommandFailed if no process or several have it."""
    async with database(settings) as engine:
        looked = [(process, await operations.inspect(engine, process, process_id, **page)) for process in processes]
        found = [(process, instance) for process, instance in looked if instance is not None]
        dead_letters = () if found else await list_dead_letters(engine, process_id=process_id, limit=MOST_COUNTED)
    if not found:
        raise CommandFailed(_unknown(one_of(processes), process_id, dead_letters))
    if len(found) > 1:
        names = " or ".join(f"--process {process.name}" for process, _ in found)
        raise WrongUsage(f"Several processes have an instance {shown(process_id)!r}: say which, {names}.")
    return found[0]


def _unknown(what: str, process_id: str, dead_letters: tuple[ListedDeadLetter, ...]) -> str:
    if not dead_letters:
        return f"Nothing is known of {what} {shown(process_id)!r}: no message about it was taken in."
    ids = ", ".join(str(dead_letter.id) for dead_letter in dead_letters[:5])
    count = len(dead_letters) if len(dead_letters) < MOST_COUNTED else f"at least {MOST_COUNTED}"
    many = "an open dead letter names" if count == 1 else f"{count} open dead letters name"
    return (
        f"Nothing was taken in of {what} {shown(process_id)!r}, but {many} it ({ids}): "
        f"see `saga dead-letters show {dead_letters[0].id}`."
    )


def _explained(process: Process, instance: Inspection) -> RenderableType:
    parts: list[RenderableType] = [_heading(process, instance), Text()]
    if instance.earlier is not None:
        parts += [Text(f"... earlier: saga inspect {shown(instance.process_id)} --before {instance.earlier}", "dim")]
    parts += [_timeline(instance)] if instance.pruned_at is None else []
    if instance.pruned_at is not None or instance.revived_at is not None:
        parts += [_pruned(process, instance)]
    if instance.erased_at is not None:
        note = f"What its messages said was erased at {date_and_time(instance.erased_at)} UTC."
        parts += [Text(note, "dim")]
    if instance.timers:
        parts += [Text(), _timers(instance.timers)]
    if instance.dead_letters:
        parts += [Text(), _letters(instance)]
    if instance.acts:
        parts += [Text(), _acts(instance.acts)]
    return Group(*parts)


def _acts(acts: Sequence[Act]) -> Table:
    table = columns("when", "who", "did", "why", title="What operators did:")
    for act in acts:
        did = f"{act.action}, {act.answer} (operation {act.id})"
        table.add_row(date_and_time(act.at), shown(act.actor), did, shown(act.reason))
    return table


def _heading(process: Process, instance: Inspection) -> Text:
    states = ", ".join(f"{name} {state}" for name, state in instance.states.items())
    settled = "settled" if instance.settled else "open"
    return Text.assemble(
        f"{process.name.capitalize()} ",
        (shown(instance.process_id), "bold"),
        ": ",
        outcome_text(instance.outcome),
        f" ({settled})\n{states}\n",
        (f"first message {date_and_time(instance.created_at)}, last {date_and_time(instance.updated_at)} UTC", "dim"),
    )


def _pruned(process: Process, instance: Inspection) -> Text:
    """Notes on entries that are not shown, and why."""
    if instance.pruned_at is None:
        came_back = f"the {process.name} came back with the first of these messages"
        return Text(f"What was before that was pruned; {came_back}.", "dim")
    return Text(
        f"Its messages, commands and timers were pruned at {date_and_time(instance.pruned_at)} UTC; "
        "what still comes is answered from its last state."
    )


def _timeline(instance: Inspection) -> Table:
    """Each message with the decision it led to; below it, the commands of that decision, and what was announced."""
    table = pairs()
    entries: list[AnsweredMessage | SentCommand | AnnouncedOutcome] = [
        *instance.messages,
        *instance.commands,
        *instance.announcements,
    ]
    for one in sorted(entries, key=lambda entry: entry.version):
        if isinstance(one, SentCommand):
            table.add_row("", Padding(_command(one), (0, 0, 0, 2)))
            continue
        if isinstance(one, AnnouncedOutcome):
            table.add_row("", Padding(_said(one), (0, 0, 0, 2)))
            continue
        table.add_row(clock(one.at), _message(one))
        for timer in instance.timers:
            if timer.caused_by == one.id and one.taken:
                table.add_row("", Padding(_armed(timer), (0, 0, 0, 2)))
    return table


def _message(answered: AnsweredMessage) -> Text:
    sender = shown(answered.source.removeprefix("/modules/"))
    place = f"position {answered.position}" if answered.position is not None else f"id {shown(answered.id)}"
    text = Text.assemble((shown(answered.type), "bold" if answered.taken else ""), (f" from {sender}, {place}", "dim"))
    if answered.repeats:
        text.append(f", came {answered.repeats + 1} times", "yellow")
    return text.append(f"\n{shown(answered.decision)}", "" if answered.taken else "dim")


def _armed(timer: InstanceTimer) -> Text:
    return Text.assemble(("-> ", "dim"), f"timer {timer.name}, due {date_and_time(timer.due_at)}")


def _command(command: SentCommand) -> Text:
    fields = "".join(f", {name} {shown(value)}" for name, value in command.fields.items())
    text = Text.assemble(("-> ", "dim"), (command.type, "blue"), f" to {command.target}{fields}")
    text.append(f" ({shown(command.effect)} revision {command.revision}, ", "dim")
    return text.append(*_whereabouts(command)).append(")", "dim")


def _said(said: AnnouncedOutcome) -> Text:
    where = ("published", "dim") if said.published else ("still in the log only", "yellow")
    text = Text.assemble(("-> ", "dim"), (shown(said.type), "green"), f" announces {shown(said.outcome)}")
    return text.append(f" (revision {said.revision}, ", "dim").append(*where).append(")", "dim")


def _whereabouts(command: SentCommand) -> tuple[str, str]:
    if command.published:
        return "published", "dim"
    return ("pulled from the log", "dim") if command.pulled else ("still in the log only", "yellow")


def _timers(timers: tuple[InstanceTimer, ...]) -> Table:
    table = columns("timer", "emits", "due (UTC)", "", title="Timers")
    for timer in timers:
        if timer.fired_at is not None:
            late = (timer.fired_at - timer.due_at).total_seconds()
            state = Text(f"fired {age(late)} after it was due")
        else:
            state = Text("overdue", "red") if timer.overdue else Text("waits")
        table.add_row(timer.name, timer.emits, date_and_time(timer.due_at), state)
    return table


def _letters(instance: Inspection) -> RenderableType:
    table = columns("id", "kind", "type", "age", "reason", title="Open dead letters")
    for dead_letter in instance.dead_letters:
        table.add_row(
            str(dead_letter.id),
            dead_letter.kind,
            shown(dead_letter.type or "?"),
            age(dead_letter.age_seconds),
            shown(dead_letter.reason),
        )
    left = instance.open_dead_letters - len(instance.dead_letters)
    return Group(table, Text(f"... and {left} more: see --limit.", "dim")) if left > 0 else table
