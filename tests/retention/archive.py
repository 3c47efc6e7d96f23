"""What the tests of retention say and ask: orders with a history, readers that have read it, and what is left of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import State, load_state
from saga.engine import Step, StepResult
from saga.messages import Envelope
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import LostRace, Unavailable, durable_transaction
from saga.retention import Pruner, PruneReport
from tests.engine.conversation import execute, message, rows, value
from tests.waiting import until

PROCESS = order_process()
MODULES = {"OrderPlaced": "orders", "OrderCancelled": "orders", "PaymentReceived": "payments"}
MOST_ATTEMPTS = 100
NOW = timedelta(0)
"""Everything is older than that."""


async def logged(engine: AsyncEngine, *messages: Envelope) -> list[Envelope]:
    """The same messages as events of their modules' logs, which are kept here."""
    return [await _logged(engine, one) for one in messages]


async def _logged(engine: AsyncEngine, one: Envelope) -> Envelope:
    module = MODULES.get(one.type, "scheduler")
    async with durable_transaction(engine) as connection:
        position = await append(connection, module, [NewEvent(str(one.data["order_id"]), one.type, one.id, one.data)])
    previous = await value(
        engine,
        "SELECT previous_public_position FROM saga.event_log WHERE module = :module AND position = :position",
        module=module,
        position=position,
    )
    return replace(one, source=f"/modules/{module}", module=module, position=position, previous_position=previous)


async def handle(engine: AsyncEngine, *messages: Envelope, remote_modules: Collection[str] = ()) -> StepResult:
    """The messages, taken by one step; it is run again as whoever calls a step does."""
    for _ in range(MOST_ATTEMPTS):
        try:
            return await Step(engine, PROCESS, remote_modules=remote_modules).handle(messages)
        except (LostRace, Unavailable):
            continue
    raise AssertionError(f"a step did not get through in {MOST_ATTEMPTS} attempts")


async def fire_all(engine: AsyncEngine) -> None:
    """Let all timers have fired."""
    await execute(engine, "UPDATE saga.timer SET fired_at = greatest(clock_timestamp(), due_at) WHERE fired_at IS NULL")


async def read_all(engine: AsyncEngine, consumer: str = "relay") -> None:
    """Let a consumer have read every log to its end, and all timers have fired."""
    await fire_all(engine)
    await execute(
        engine,
        "INSERT INTO saga.cursor (consumer, module, watermark) SELECT :consumer, name, last_position FROM saga.module"
        " ON CONFLICT (consumer, module) DO UPDATE SET watermark = excluded.watermark",
        consumer=consumer,
    )


async def prune(engine: AsyncEngine, older_than: timedelta = NOW, entries_at_once: int = 500) -> PruneReport:
    """Everything that may be pruned, after the relay has read all there is."""
    await read_all(engine)
    return await Pruner(engine, entries_at_once=entries_at_once).prune(older_than)


async def paid(engine: AsyncEngine, *order_ids: str) -> list[Envelope]:
    """Orders that were placed and paid, all without positions."""
    messages = [message(kind, order_id) for order_id in order_ids for kind in ("OrderPlaced", "PaymentReceived")]
    await handle(engine, *messages)
    return messages


async def ids(engine: AsyncEngine, table: str) -> list[str]:
    """The instances in a table, in the order of their ids."""
    return [one for (one,) in await rows(engine, f"SELECT process_id FROM saga.{table} ORDER BY process_id")]


async def picture(engine: AsyncEngine) -> dict[str, tuple[str, int, dict[str, Any]]]:
    """Outcome, version and state of every order, wherever they are kept."""
    found = await rows(
        engine,
        "SELECT process_id, outcome, stream_version, CAST(state AS text) FROM saga.instance UNION ALL"
        " SELECT process_id, outcome, stream_version, CAST(state AS text) FROM saga.instance_tombstone",
    )
    assert len({order_id for order_id, *_ in found}) == len(found), "an instance is either there or a tombstone"
    return {order_id: (outcome, version, orjson.loads(state)) for order_id, outcome, version, state in found}


async def states(engine: AsyncEngine) -> dict[str, tuple[str, State]]:
    """Outcome and state of every order, wherever they are kept."""
    pictured = await picture(engine)
    return {order_id: (outcome, load_state(PROCESS, state)) for order_id, (outcome, _, state) in pictured.items()}


async def counts(engine: AsyncEngine, tables: Iterable[str]) -> dict[str, int]:
    """How many rows these tables have."""
    return {table: await value(engine, f"SELECT count(*) FROM saga.{table}") for table in tables}


async def waiting_for_locks(engine: AsyncEngine, count: int) -> None:
    """Wait until so many backends of this database wait for a lock."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await until(lambda: value(engine, statement), lambda waiting: waiting >= count)


def batches(messages: Sequence[Envelope], size: int) -> list[Sequence[Envelope]]:
    """The messages in batches."""
    return [messages[start : start + size] for start in range(0, len(messages), size)]
