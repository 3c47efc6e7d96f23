"""`saga lag`: how far everybody got, and what waits where."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aio_pika.exceptions import ChannelNotFoundEntity
from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.addresses import amqp_url
from saga.cli.broker import broker
from saga.cli.database import reading
from saga.cli.failure import CommandFailed
from saga.cli.terminal import AsJson, age, columns, print_json, shown, terminal
from saga.orders import order_process
from saga.reading import ConsumerCursor, Hole, Lag, read_lag
from saga.settings import Settings, load_settings
from saga.transport.connection import connect
from saga.transport.topology import topology

BROKER_PATIENCE_SECONDS = 5.0
MOST_SHOWN_HOLES = 5


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages that wait in a queue, and who consumes it; both None where there is no such queue yet."""

    name: str
    messages: int | None
    consumers: int | None


@dataclass(frozen=True, slots=True)
class BrokerView:
    """What the broker says; without an answer, why."""

    error: str | None
    queues: tuple[QueueDepth, ...] = ()


def lag(as_json: AsJson = False) -> None:
    """Show how far each consumer got, its holes, the queues, what is not relayed and what is due."""
    known, seen = asyncio.run(_read(load_settings()))
    if as_json:
        print_json(_as_data(known, seen))
    else:
        terminal().print(_explained(known, seen))


async def _read(settings: Settings) -> tuple[Lag, BrokerView]:
    async with reading(settings) as connection:
        known = await read_lag(connection)
    return known, await _look_at_broker(settings)


async def _look_at_broker(settings: Settings) -> BrokerView:
    try:
        url = amqp_url(settings)
        with broker(url):
            async with asyncio.timeout(BROKER_PATIENCE_SECONDS):
                return BrokerView(None, await _depths(url, settings))
    except CommandFailed as error:
        return BrokerView(str(error))


async def _depths(url: str, settings: Settings) -> tuple[QueueDepth, ...]:
    """Ask for each queue on a channel of its own: the broker closes it where there is no such queue."""
    wanted = topology(settings.prefix, order_process())
    depths = []
    async with await connect(url, "lag") as connection:
        for name in (*(queue.name for queue in wanted.queues), wanted.undelivered):
            channel = await connection.channel(publisher_confirms=False)
            try:
                told = (await channel.declare_queue(name, passive=True)).declaration_result
                depths.append(QueueDepth(name, told.message_count, told.consumer_count))
                await channel.close()
            except ChannelNotFoundEntity:
                depths.append(QueueDepth(name, None, None))
    return tuple(depths)


def _as_data(known: Lag, seen: BrokerView) -> dict[str, Any]:
    return {
        **asdict(known),
        "broker": {"reachable": seen.error is None, "error": seen.error},
        "queues": [asdict(queue) for queue in seen.queues],
    }


def _explained(known: Lag, seen: BrokerView) -> RenderableType:
    parts: list[RenderableType] = [_modules(known), Text(), _cursors(known.cursors), Text(), _queues(seen), Text()]
    return Group(*parts, _timers(known), _letters(known.open_dead_letters))


def _modules(known: Lag) -> RenderableType:
    if not known.modules:
        return Text("Modules: no log is kept here yet.")
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
        behind = Text("log kept elsewhere", "dim") if cursor.behind is None else _count(cursor.behind)
        table.add_row(shown(cursor.consumer), shown(cursor.module), str(cursor.watermark), behind, _holes(cursor))
    return table


def _holes(cursor: ConsumerCursor) -> Text:
    if not cursor.hole_count:
        return Text("none", "dim")
    ranges = [str(h.first) if h.first == h.last else f"{h.first}..{h.last}" for h in cursor.holes]
    ages = [f" ({_hole_age(cursor, hole)})" for hole in cursor.holes]
    named = [place + old for place, old in zip(ranges, ages, strict=True)][:MOST_SHOWN_HOLES]
    left = cursor.hole_count - len(named)
    return Text(", ".join(named) + (f" and {left} more" if left else ""), "yellow")


def _hole_age(cursor: ConsumerCursor, hole: Hole) -> str:
    if hole.age_seconds is not None:
        return f"for {age(hole.age_seconds)}"
    return "log kept elsewhere" if cursor.behind is None else "nothing public in there"


def _queues(seen: BrokerView) -> RenderableType:
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
