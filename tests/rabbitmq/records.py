"""What the database holds after the fact: the evidence that tests look at."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import load_state
from saga.orders import order_process
from tests.orders.auditor import EndState, net_effects

PROCESS = order_process()


@dataclass(frozen=True)
class Position:
    """How far a consumer got in a module's log, and how many ranges it handled beyond."""

    watermark: int
    ranges_beyond: int


async def rows(engine: AsyncEngine, statement: str, **parameters: Any) -> list[Row[Any]]:
    async with engine.connect() as connection:
        return list(await connection.execute(text(statement), parameters))


async def dead_letters(engine: AsyncEngine) -> list[Row[Any]]:
    return await rows(engine, "SELECT * FROM saga.dead_letter ORDER BY dead_letter_id")


async def open_dead_letters(engine: AsyncEngine) -> list[Row[Any]]:
    return [letter for letter in await dead_letters(engine) if letter.state == "open"]


async def end_states(engine: AsyncEngine) -> dict[str, EndState]:
    """Outcome and net effects of every instance, by order."""
    found = await rows(engine, "SELECT process_id, outcome, CAST(state AS text) AS state FROM saga.instance")
    return {
        row.process_id: EndState(row.outcome, net_effects(load_state(PROCESS, orjson.loads(row.state))))
        for row in found
    }


async def outcomes(engine: AsyncEngine) -> dict[str, str]:
    return {order_id: end_state.outcome for order_id, end_state in (await end_states(engine)).items()}


async def outcome(engine: AsyncEngine, order_id: str) -> str | None:
    return (await outcomes(engine)).get(order_id)


async def answers(engine: AsyncEngine, order_id: str) -> list[str]:
    """How each message about an order was answered, in the order in which they were handled."""
    statement = """
        SELECT type, data ->> 'type' AS said FROM saga.event_log
        WHERE module = 'order-process' AND stream_id = :order_id AND target IS NULL AND visibility = 'internal'
        ORDER BY stream_version
    """
    return [f"{row.type} {row.said}" for row in await rows(engine, statement, order_id=order_id)]


async def announced(engine: AsyncEngine, order_id: str) -> list[str]:
    """What was announced of an order, in the order of the revisions."""
    statement = """
        SELECT type, data ->> 'outcome' AS outcome FROM saga.public_event
        WHERE module = 'order-process' AND stream_id = :order_id ORDER BY CAST(data ->> 'revision' AS int)
    """
    return [f"{row.type} {row.outcome}" for row in await rows(engine, statement, order_id=order_id)]


async def messages_taken(engine: AsyncEngine) -> tuple[int, int]:
    """How many messages were taken in, and how many times one of them came again."""
    (row,) = await rows(engine, "SELECT count(*) AS taken, coalesce(sum(repeats), 0) AS again FROM saga.inbox")
    return row.taken, int(row.again)


async def commands(engine: AsyncEngine) -> list[Row[Any]]:
    """Every command in the log, in position order."""
    statement = "SELECT * FROM saga.event_log WHERE target IS NOT NULL ORDER BY module, position"
    return await rows(engine, statement)


async def is_relayed(engine: AsyncEngine) -> bool:
    """Whether everything in every log has been published."""
    statement = """
        SELECT m.name FROM saga.module AS m
        LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
        WHERE m.last_position > coalesce(c.watermark, 0)
    """
    return not await rows(engine, statement)


async def position_in(engine: AsyncEngine, module: str, consumer: str = "order") -> Position | None:
    statement = """
        SELECT watermark, (SELECT count(*) FROM unnest(handled)) AS ranges_beyond FROM saga.cursor
        WHERE consumer = :consumer AND module = :module
    """
    found = await rows(engine, statement, consumer=consumer, module=module)
    return Position(found[0].watermark, found[0].ranges_beyond) if found else None
