"""Every event that a cursor has passed has an answer, or the audit names it."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.messages import Poison
from saga.modules import NewEvent, Visibility, append
from saga.postgres import durable_transaction
from saga.retention import Pruner
from saga.verification.audit import audit_logs
from saga.verification.audit.events import READ_ANSWERED, READ_CAME_BACK, READ_EVENTS
from tests.audit.evidence import differing, events
from tests.engine.conversation import execute, message, rows
from tests.replay.evidence import PROCESS, delete_entries
from tests.retention.archive import NOW, handle, logged, prune


async def some(engine: AsyncEngine, chance: random.Random, orders: int) -> int:
    """Orders that were read from their modules' logs, in any order and some of them twice; how many events."""
    ids = [f"o-{number}" for number in range(orders)]
    kinds = ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")
    said = [message(kind, order_id) for order_id in ids for kind in chance.sample(kinds, 3)]
    chance.shuffle(said)
    known = await logged(engine, *said)
    await handle(engine, *chance.sample(known, len(known)), *known[:5])
    return len(known)


async def lose(engine: AsyncEngine, order_id: str) -> None:
    """An order whose answers, row and dead letters are gone, as if no message of it had ever come."""
    await delete_entries(engine, order_id, "module = 'order-process'")
    await execute(engine, "DELETE FROM saga.instance WHERE process_id = :id", id=order_id)


@pytest.mark.parametrize("turn", range(2))
async def test_what_was_heard_is_answered(engine: AsyncEngine, turn: int, seed: int) -> None:
    count = await some(engine, random.Random(seed), orders=20)
    assert await events(engine, page_size=7) == (count, [])
    assert await differing(engine) == {}


async def test_an_event_that_was_passed_and_never_answered_is_named(engine: AsyncEngine) -> None:
    placed, paid, other = await logged(
        engine, message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1"), message("OrderPlaced", "o-2")
    )
    await handle(engine, placed, paid, other)
    await lose(engine, "o-1")
    heard, lost = await events(engine)
    assert heard == 3
    assert [one.sentence for one in lost] == [
        "position 1 of orders, OrderPlaced about o-1, was passed and has no answer",
        "position 1 of payments, PaymentReceived about o-1, was passed and has no answer",
    ]


async def test_what_is_beyond_the_cursor_is_not_asked_for(engine: AsyncEngine) -> None:
    placed, _ = await logged(engine, message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2"))
    await handle(engine, placed)
    assert await events(engine) == (1, [])


async def test_what_was_handled_out_of_turn_is_asked_for_and_the_hole_before_it_is_not(engine: AsyncEngine) -> None:
    first, _, third, fourth = await logged(engine, *(message("OrderPlaced", f"o-{number}") for number in range(1, 5)))
    await handle(engine, first, third, fourth)
    assert await rows(engine, "SELECT watermark, CAST(handled AS text) FROM saga.cursor") == [(1, "{[3,5)}")]
    assert await events(engine, page_size=1) == (3, [])
    await lose(engine, "o-3")
    await lose(engine, "o-4")
    heard, lost = await events(engine, page_size=1)
    assert (heard, [one.position for one in lost]) == (3, [3, 4])


async def test_what_has_a_dead_letter_is_answered_and_without_it_is_not(engine: AsyncEngine) -> None:
    placed, other = await logged(engine, message("OrderPlaced", "o-1"), message("OrderPlaced", "o-1", amount=1))
    await handle(engine, placed, other)
    assert await rows(engine, "SELECT kind, position FROM saga.dead_letter") == [("conflict", 2)]
    assert await events(engine) == (2, [])
    await execute(engine, "UPDATE saga.dead_letter SET state = 'discarded', closed_at = now()")
    assert await events(engine) == (2, [])
    await execute(engine, "DELETE FROM saga.dead_letter")
    assert [one.position for one in (await events(engine))[1]] == [2]


async def test_a_dead_letter_of_another_message_at_its_position_is_no_answer(engine: AsyncEngine) -> None:
    (placed,) = await logged(engine, message("OrderPlaced", "o-1"))
    liar = replace(message("OrderPlaced", "o-2"), module="orders", position=1, previous_position=0)
    assert (await handle(engine, liar)).dead == 1
    await execute(engine, "INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('order', 'orders', 1)")
    assert [(one.position, one.event_id) for one in (await events(engine))[1]] == [(1, placed.id)]


async def test_a_letter_that_was_discarded_stays_as_long_as_its_event(engine: AsyncEngine) -> None:
    placed, other = await logged(engine, message("OrderPlaced", "o-1"), message("OrderPlaced", "o-1", amount=1))
    await handle(engine, placed, other)
    await execute(engine, "UPDATE saga.dead_letter SET state = 'discarded', closed_at = now()")
    await execute(engine, "INSERT INTO saga.cursor (consumer, module) VALUES ('slow', 'orders')")
    assert (await prune(engine)).removed.dead_letters == 0
    assert (await Pruner(engine).count(NOW)).removed.dead_letters == 0
    assert await events(engine) == (2, [])
    await execute(engine, "DELETE FROM saga.cursor WHERE consumer = 'slow'")
    assert (await prune(engine)).removed.dead_letters == 1
    assert await events(engine) == (0, [])


async def test_an_event_that_was_not_understood_is_asked_for_too(engine: AsyncEngine) -> None:
    (wrong,) = await logged(engine, message("OrderPlaced", "o-1", amount=-1))
    letter = Poison(wrong.raw, "wrong", type=wrong.type, id=wrong.id, module=wrong.module, position=wrong.position)
    await Step(engine, PROCESS).handle([letter], settled=[("orders", 0, 1)])
    assert await events(engine) == (1, [])
    await execute(engine, "DELETE FROM saga.dead_letter")
    assert [one.sentence for one in (await events(engine))[1]] == [
        "position 1 of orders, OrderPlaced which names no instance, was passed and has no answer"
    ]


async def test_what_the_process_does_not_hear_is_not_asked_for(engine: AsyncEngine) -> None:
    async with durable_transaction(engine) as connection:
        said = [
            NewEvent("o-1", "OrderAdmired", "e-1", {"order_id": "o-1"}),
            NewEvent("o-1", "OrderPlaced", "e-2", {}, visibility=Visibility.INTERNAL),
        ]
        await append(connection, "orders", said)
        timed_out = {"order_id": "o-1", "armed_by": "another"}
        await append(connection, "scheduler", [NewEvent("o-1", "PaymentTimedOut", "e-3", timed_out)])
    await Step(engine, PROCESS).handle([], settled=[("orders", 0, 2), ("scheduler", 0, 1)])
    assert await events(engine) == (0, [])


async def test_what_was_pruned_is_not_asked_for(engine: AsyncEngine) -> None:
    said = await logged(engine, message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1"))
    await handle(engine, *said)
    await execute(engine, "INSERT INTO saga.cursor (consumer, module) VALUES ('slow', 'orders')")
    await prune_all_but_the_orders(engine)
    assert await rows(engine, "SELECT process_id FROM saga.instance_tombstone") == [("o-1",)]
    assert await events(engine) == (2, []), "the events are still there, for the slow reader"
    await handle(engine, message("PaymentReceived", "o-1"))
    assert await events(engine) == (2, []), "and the order came back"
    await execute(engine, "DELETE FROM saga.cursor WHERE consumer = 'slow'")
    await prune(engine)
    assert await events(engine) == (0, [])


async def prune_all_but_the_orders(engine: AsyncEngine) -> None:
    """Prune while a slow reader has read nothing of the orders."""
    await prune(engine)
    async with engine.connect() as connection:
        left = (await connection.execute(text("SELECT count(*) FROM saga.event_log WHERE module = 'orders'"))).scalar()
    assert left == 2


async def test_events_and_their_answers_are_found_by_index(engine: AsyncEngine) -> None:
    await execute(
        engine,
        "INSERT INTO saga.event_log (module, position, previous_public_position, stream_id, stream_version, event_id,"
        " type, visibility, data, metadata) SELECT module, n, CASE module WHEN 'orders' THEN n - 1 END, 'o-' || n / 3,"
        " n % 3 + 1, n, 'InputTaken', CASE module WHEN 'orders' THEN 'public' ELSE 'internal' END, '{}',"
        """ json_build_object('module', 'orders', 'position', n)"""
        " FROM generate_series(1, 30000) AS n, (VALUES ('orders'), ('order-process')) AS m (module)",
    )
    await execute(engine, "ANALYZE saga.event_log")
    ids = {"own": "order-process", "process_ids": [f"o-{n}" for n in range(300)]}
    page = {"module": "orders", "after": 10_000, "upto": 30_000, "watermark": 30_000, "handled": "{}", "limit": 500}
    for statement, wanted, index in (
        (READ_EVENTS, page, "event_log_public_idx"),
        (READ_ANSWERED, {**ids, "module": "orders", "positions": [*range(900)]}, "event_log_module_stream_id"),
        (READ_CAME_BACK, {**ids, "process": "order"}, "event_log_module_stream_id"),
    ):
        plan = "\n".join(line for (line,) in await rows(engine, f"EXPLAIN {statement.text}", **wanted))
        assert index in plan
        assert "Seq Scan on event_log" not in plan


async def test_what_a_log_lacks_is_named_also_where_everything_else_of_the_order_is_gone(engine: AsyncEngine) -> None:
    said = [message("OrderPlaced", f"o-{number}") for number in range(5)]
    await handle(engine, *await logged(engine, *said))
    assert await gaps(engine) == []
    for order_id in ("o-1", "o-2", "o-4"):
        await lose(engine, order_id)
        await delete_entries(engine, order_id, "module = 'orders'")
    assert await events(engine) == (2, []), "nothing is left that could differ"
    for page_size in (1, 3, 1_000):
        lacking = await gaps(engine, page_size)
        assert {n for module, first, last in lacking if module == "orders" for n in range(first, last + 1)} == {2, 3, 5}
        assert any(module == "order-process" for module, _, _ in lacking)
    assert [one.sentence async for page in audit_logs(engine) for one in page if one.module == "orders"] == [
        "the log of orders lacks positions 2 to 3",
        "the log of orders lacks position 5",
    ]


async def test_what_was_pruned_is_no_gap(engine: AsyncEngine) -> None:
    said = [message(kind, f"o-{n}") for n in range(5) for kind in ("OrderPlaced", "PaymentReceived")]
    await handle(engine, *await logged(engine, *said[:6]))
    await prune(engine)
    await handle(engine, *await logged(engine, *said[6:]))
    assert await gaps(engine) == []


async def gaps(engine: AsyncEngine, page_size: int = 1_000) -> list[tuple[str, int, int]]:
    """What the logs lack."""
    return [(one.module, one.first, one.last) async for page in audit_logs(engine, page_size) for one in page]
