"""What a queue loses is fetched from the log."""

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.modules import NewEvent, Visibility, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga.transport.hole_filler import HoleFiller
from tests.engine.conversation import dead_letters, message, outcome, rows

PROCESS = order_process()


def filler(engine: AsyncEngine) -> HoleFiller:
    return HoleFiller(engine, Step(engine, PROCESS), PROCESS, "saga")


async def record(engine: AsyncEngine, *events: NewEvent) -> None:
    async with durable_transaction(engine) as connection:
        await append(connection, "orders", events)


def cancelled(order_id: str) -> NewEvent:
    return NewEvent(order_id, "OrderCancelled", f"e-{order_id}", {"order_id": order_id})


async def deliver(engine: AsyncEngine, order_id: str, position: int, previous: int | None) -> None:
    place = {"module": "orders", "position": position, "previous": previous}
    said = message("OrderCancelled", order_id, message_id=f"e-{order_id}", **place)  # type: ignore[arg-type]
    assert (await Step(engine, PROCESS).take([said])).taken == 1


async def cursor(engine: AsyncEngine) -> list[tuple[int, str]]:
    return await rows(engine, "SELECT watermark, CAST(handled AS text) FROM saga.cursor")  # type: ignore[return-value]


async def test_an_overtaken_event_is_a_hole_and_is_fetched_after_its_grace(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"), cancelled("o-2"), cancelled("o-3"))
    await deliver(engine, "o-3", 3, 2)
    filling = filler(engine)
    assert await filling.fill_once() == 0, "it may still come"
    assert await cursor(engine) == [(0, "{[3,4)}")]
    assert await filling.fill_once(hole_grace_seconds=0) == 2
    assert await cursor(engine) == [(3, "{}")]
    assert [await outcome(engine, f"o-{n}") for n in (1, 2, 3)] == ["cancelled"] * 3


async def test_a_lost_last_event_is_fetched_after_a_longer_grace(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"))
    filling = filler(engine)
    assert await filling.fill_once(hole_grace_seconds=0) == 0
    assert await filling.fill_once(tail_grace_seconds=0) == 1
    assert await outcome(engine, "o-1") == "cancelled"
    assert await filling.fill_once(tail_grace_seconds=0) == 0


async def test_what_comes_after_all_is_a_repeat(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"))
    await filler(engine).fill_once(tail_grace_seconds=0)
    late = message("OrderCancelled", "o-1", message_id="e-o-1", module="orders", position=1, previous=0)
    assert (await Step(engine, PROCESS).take([late])).repeated == 1


async def test_a_gap_without_public_events_explains_itself(engine: AsyncEngine) -> None:
    hidden = NewEvent("o-1", "FraudScoreComputed", "e-x", {"score": 7}, visibility=Visibility.INTERNAL)
    await record(engine, hidden, cancelled("o-1"), hidden, cancelled("o-2"))
    await deliver(engine, "o-1", 2, None)
    await deliver(engine, "o-2", 4, None)
    assert await cursor(engine) == [(0, "{[2,3),[4,5)}")]
    await filler(engine).fill_once()
    assert await cursor(engine) == [(4, "{}")]
    recorded = await rows(engine, "SELECT CAST(data AS text) FROM saga.event_log WHERE module = 'order-process'")
    assert not any("score" in data for (data,) in recorded)


async def test_a_public_event_that_the_process_does_not_hear_is_passed_over(engine: AsyncEngine) -> None:
    await record(engine, NewEvent("o-1", "OrderPraised", "e-p", {"order_id": "o-1"}), cancelled("o-2"))
    await deliver(engine, "o-2", 2, 1)
    await filler(engine).fill_once(hole_grace_seconds=0)
    assert await cursor(engine) == [(2, "{}")]
    assert await dead_letters(engine) == []


async def test_a_logged_event_that_is_wrong_becomes_one_dead_letter_and_no_endless_hole(engine: AsyncEngine) -> None:
    await record(engine, NewEvent("o-1", "OrderPlaced", "e-w", {"order_id": "o-1", "amount": -1}), cancelled("o-2"))
    await deliver(engine, "o-2", 2, 1)
    filling = filler(engine)
    assert await filling.fill_once(hole_grace_seconds=0) == 1
    assert await filling.fill_once(hole_grace_seconds=0) == 0
    assert [kind for kind, _ in await dead_letters(engine)] == ["poison"]
