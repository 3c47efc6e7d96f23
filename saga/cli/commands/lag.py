"""`saga lag`: how far each consumer got, and what waits where."""

import asyncio
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from saga import operations
from saga.cli.shell.broker_view import look_at_broker
from saga.cli.shell.database import database
from saga.cli.shell.holes import alarms_of, holes_of
from saga.cli.shell.processes import load_processes
from saga.cli.shell.services import blocked, services
from saga.cli.shell.terminal import AsJson, columns, terminal
from saga.cli.shell.watch import PrintJson, Watch, shown_or_watched
from saga.core import Process
from saga.documents.lag import BrokerView, is_relayed, lag_document
from saga.documents.text import age, shown
from saga.operations import ConsumerCursor, Lag
from saga.settings import Settings, load_settings


def lag(*, watch: Watch = False, as_json: AsJson = False) -> None:
    """Show outboxes, cursors and holes, queues, services, overdue timers, dead letters and blocking transactions."""
    settings = load_settings()
    processes = load_processes(settings)

    def show(print_document: PrintJson) -> None:
        known, seen = asyncio.run(_read(settings, processes))
        if as_json:
            print_document(lag_document(known, seen))
        else:
            terminal().print(_explained(known, seen))

    shown_or_watched(show, watch=watch)


async def _read(settings: Settings, processes: Sequence[Process]) -> tuple[Lag, BrokerView]:
    async with database(settings) as engine:
        known = await operations.lag(engine)
    return known, await look_at_broker(settings, processes)


def _explained(known: Lag, seen: BrokerView) -> RenderableType:
    parts: list[RenderableType] = [
        _modules(known, seen),
        Text(),
        _cursors(known.cursors),
        Text(),
        _queues(seen),
        Text(),
    ]
    return Group(
        *parts,
        services(known.services),
        Text(),
        _timers(known),
        _letters(known.open_dead_letters),
        blocked(known.blocked),
    )


def _modules(known: Lag, seen: BrokerView) -> RenderableType:
    if not known.modules:
        return Text("Modules: no log is kept here yet.")
    if not is_relayed(known, seen):
        table = columns("module", "last position", "last public", title="Modules")
        for module in known.modules:
            table.add_row(shown(module.name), str(module.last_position), str(module.last_public_position))
        return table
    table = columns(
        "module", "last position", "last public", "not relayed", "oldest", title="Modules and their outboxes"
    )
    waiting = {outbox.module: outbox for outbox in known.outbox}
    for module in known.modules:
        outbox = waiting[module.name]
        late = age(outbox.oldest_age_seconds) if outbox.not_relayed else ""
        numbers = (module.last_position, module.last_public_position)
        table.add_row(shown(module.name), *map(str, numbers), _count(outbox.not_relayed), late)
    return table


def _cursors(cursors: Sequence[ConsumerCursor]) -> RenderableType:
    if not cursors:
        return Text("Cursors: nobody has read anything yet.")
    table = columns("consumer", "module", "cursor", "behind", "holes", title="Cursors")
    for cursor in cursors:
        behind = Text("log in another database", "dim") if cursor.behind is None else _count(cursor.behind)
        table.add_row(shown(cursor.consumer), shown(cursor.module), str(cursor.watermark), behind, holes_of(cursor))
    return Group(table, *alarms_of(cursors))


def _queues(seen: BrokerView) -> RenderableType:
    if not seen.exists:
        return Text.assemble(("Queues: ", "bold"), "none, there is no broker")
    if seen.error is not None:
        return Text.assemble(("Queues: ", "bold"), (shown(seen.error), "red"))
    table = columns("queue", "messages", "consumers", title="Queues")
    for queue in seen.queues:
        if queue.messages is None:
            table.add_row(queue.name, Text("not declared yet", "dim"), "")
        else:
            table.add_row(queue.name, _count(queue.messages), str(queue.consumers))
    return table


def _timers(known: Lag) -> Text:
    timers = known.timers
    text = Text.assemble(("Timers: ", "bold"), f"{timers.armed} armed, ")
    if not timers.overdue:
        return text.append("none overdue")
    return text.append(f"{timers.overdue} overdue, the oldest by {age(timers.oldest_overdue_seconds)}", "yellow")


def _letters(count: int) -> Text:
    text = Text.assemble(("Dead letters: ", "bold"))
    return text.append(f"{count} open, see `saga dead-letters list`", "yellow") if count else text.append("none open")


def _count(number: int) -> Text:
    return Text(str(number), "yellow" if number else "")
