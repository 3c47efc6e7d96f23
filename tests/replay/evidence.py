"""What the tests of replay do to the database behind everybody's back, and what they look at afterwards."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.messages import Envelope, Raw
from saga.modules import NewEvent, Visibility, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga.verification.replay import Coverage, Examined, check
from tests.engine.conversation import message, rows, value

PROCESS = order_process()
LOG = "SELECT module, position, stream_id, stream_version, type, target, CAST(data AS text) FROM saga.event_log"


async def examined(engine: AsyncEngine, page_size: int = 500) -> list[Examined]:
    """Every instance, examined."""
    return [one async for page in check(engine, PROCESS, page_size) for one in page]


async def differing(engine: AsyncEngine) -> dict[str, list[str]]:
    """What differs, by instance."""
    return {
        one.process_id: [difference.what for difference in one.differences]
        for one in await examined(engine)
        if one.differences
    }


async def reasons(engine: AsyncEngine, process_id: str) -> list[str]:
    """What differs of one instance, in words."""
    (found,) = [one for one in await examined(engine) if one.process_id == process_id]
    assert found.coverage is Coverage.COMPARED
    return [difference.sentence for difference in found.differences]


async def log(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    """Everything in every log but what a repair notes."""
    return await rows(engine, f"{LOG} WHERE type <> 'InstanceRepaired' ORDER BY module, position")


async def row(engine: AsyncEngine, process_id: str) -> tuple[Any, ...]:
    """Everything that a repair writes into the row of an instance, but the version of its stream."""
    (found,) = await rows(
        engine,
        "SELECT process_version, outcome, settled, CAST(state AS text), created_at FROM saga.instance"
        " WHERE process_id = :id",
        id=process_id,
    )
    return (*found[:3], orjson.loads(found[3]), found[4])


async def delete_entries(engine: AsyncEngine, process_id: str, condition: str) -> None:
    """Take entries out of the log, which nobody does but pruning."""
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL saga.pruning = 'on'"))
        deleted = await connection.execute(
            text(f"DELETE FROM saga.event_log WHERE stream_id = :id AND {condition}"), {"id": process_id}
        )
        assert deleted.rowcount > 0


async def record(engine: AsyncEngine, process_id: str, type_: str, data: dict[str, Any]) -> None:
    """Append an entry to an instance's stream that no step has written, and count it in its row."""
    known = await value(
        engine, "SELECT coalesce(max(stream_version), 0) FROM saga.event_log WHERE stream_id = :id", id=process_id
    )
    entry = NewEvent(
        process_id, type_, f"{process_id}-{known}", data, visibility=Visibility.INTERNAL, stream_version=known + 1
    )
    async with durable_transaction(engine) as connection:
        await append(connection, PROCESS.module, [entry])
        await connection.execute(
            text("UPDATE saga.instance SET stream_version = stream_version + 1 WHERE process_id = :id"),
            {"id": process_id},
        )


def history(chance: random.Random, orders: int) -> list[list[Envelope]]:
    """Everything that happens to orders, shuffled, repeated and contradicted; in batches as a step gets them."""
    said = [envelope for number in range(orders) for envelope in _told(f"o-{number}", chance)]
    said += chance.sample(said, len(said) // 5)
    chance.shuffle(said)
    places = sorted(chance.sample(range(len(said)), len(said) // 3))
    for position, place in enumerate(places, 1):
        said[place] = _placed_in_log(said[place], position)
    batches = []
    while said:
        size = chance.randrange(1, 30)
        batches.append(said[:size])
        said = said[size:]
    return batches


def _told(order_id: str, chance: random.Random) -> Sequence[Envelope]:
    payment = f"p-{chance.randrange(3)}"
    of_these = [
        message("OrderPlaced", order_id, note="any"),
        message("OrderPlaced", order_id, payment_timeout_seconds=chance.choice([60, 0.5])),
        message("OrderCancelled", order_id, reason="élan"),
        message("PaymentReceived", order_id, payment_id=payment, received_at="2026-01-01T00:00:02+01:00"),
        message("PaymentReceived", order_id, payment_id="p-9", received_at="2026-01-01T00:00:01Z", amount=1),
        message("PaymentReceived", order_id, payment_id="p-9", amount=2),
        message("PaymentTimedOut", order_id),
    ]
    return chance.sample(of_these, chance.randrange(1, len(of_these) + 1))


def _placed_in_log(envelope: Envelope, position: int) -> Envelope:
    """The same message with a place in a log that is in another database."""
    raw = Raw(orjson.dumps([envelope.id, position]))
    (module,) = [module for module, kinds in PROCESS.inputs.items() if PROCESS.message_types[envelope.type] in kinds]
    source = f"/modules/{module}"
    return replace(envelope, source=source, raw=raw, module=module, position=position, previous_position=position - 1)
