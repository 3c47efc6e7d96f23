"""`saga list`: which orders there are, and which of them are stuck."""

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from saga.cli.database import reading
from saga.cli.failure import WrongUsage
from saga.cli.terminal import AsJson, columns, date_and_time, outcome_text, print_json, shown, terminal
from saga.orders import order_process
from saga.reading import ListedInstance, list_newest, list_stuck
from saga.settings import Settings, load_settings


def list_orders(
    outcome: Annotated[str | None, typer.Option(help="Only orders that have come to this.")] = None,
    stuck: Annotated[bool, typer.Option("--stuck", help="Only orders that will not go on by themselves.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List orders, newest first, and say what keeps those that are stuck."""
    settings = load_settings()
    known = sorted({one.value for one in order_process().outcomes.cells.values()})
    if outcome is not None and outcome not in known:
        raise WrongUsage(f"No order ends as {shown(outcome)!r}: the outcomes are {', '.join(known)}.")
    found = asyncio.run(_read(settings, outcome, stuck=stuck, limit=limit + 1))
    orders, more = found[:limit], len(found) > limit
    if as_json:
        print_json({"orders": [_as_data(order) for order in orders], "count": len(orders), "more": more})
    else:
        _show(orders, more=more, stuck=stuck)


async def _read(settings: Settings, outcome: str | None, *, stuck: bool, limit: int) -> list[ListedInstance]:
    process = order_process(settings.payment_timeout)
    async with reading(settings) as connection:
        query = list_stuck if stuck else list_newest
        return await query(connection, process, outcome=outcome, limit=limit)


def _as_data(order: ListedInstance) -> dict[str, object]:
    return {
        "order_id": order.process_id,
        "outcome": order.outcome,
        "settled": order.settled,
        "stuck": order.stuck,
        "reason": order.reason,
        "updated_at": order.updated_at,
    }


def _show(orders: list[ListedInstance], *, more: bool, stuck: bool) -> None:
    console = terminal()
    if not orders:
        console.print("No order is stuck." if stuck else "There is no such order.")
        return
    table = columns("order", "outcome", "last change (UTC)", "stuck")
    for order in orders:
        reason = Text(shown(order.reason or ""), "red")
        table.add_row(shown(order.process_id), outcome_text(order.outcome), date_and_time(order.updated_at), reason)
    console.print(table)
    if more:
        console.print(Text(f"... and more: these are {len(orders)}, see --limit.", "dim"))
