"""A step that meets the pruner at the same order, or another step, comes out as if it had come before or after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step, StepResult
from saga.messages import Envelope
from saga.postgres import LostRace, Unavailable
from saga.retention import PruneEnd, Pruner
from tests.engine.conversation import commands, message, outcome, rows, value
from tests.retention.archive import (
    MODULES,
    NOW,
    PROCESS,
    counts,
    handle,
    ids,
    logged,
    paid,
    picture,
    prune,
    read_all,
    waiting_for_locks,
)
from tests.waiting import LIMIT_SECONDS

REMOTE = frozenset(MODULES.values())
PRUNED = ["instance", "inbox", "event_log", "timer"]


@asynccontextmanager
async def held(engine: AsyncEngine, statement: str) -> AsyncIterator[None]:
    """While the block runs, another client's transaction has executed the statement."""
    async with engine.begin() as connection:
        await connection.execute(text(statement))
        yield


async def prune_up_to_its_last_statement(engine: AsyncEngine) -> asyncio.Task[object]:
    """A pruner that has removed everything, and waits for the module's row that somebody holds."""
    await read_all(engine)
    pruning = asyncio.create_task(Pruner(engine).prune(NOW))
    await waiting_for_locks(engine, 1)
    return pruning


async def repeat_while_pruning(engine: AsyncEngine, messages: list[Envelope]) -> StepResult:
    async with asyncio.timeout(LIMIT_SECONDS):
        async with held(engine, "SELECT FROM saga.module WHERE name = 'order-process' FOR UPDATE"):
            pruning = await prune_up_to_its_last_statement(engine)
            stepping = asyncio.create_task(handle(engine, *messages, remote_modules=REMOTE))
            await waiting_for_locks(engine, 2)
        await pruning
        return await stepping


async def test_a_repeat_that_waits_for_the_pruner_is_still_a_repeat(engine: AsyncEngine) -> None:
    messages = await paid(engine, "o-1")
    before = await picture(engine)
    taken = await repeat_while_pruning(engine, messages)
    assert (taken.taken, taken.ignored, taken.repeated) == (0, 0, 2)
    assert await picture(engine) == before
    assert await counts(engine, PRUNED) == dict.fromkeys(PRUNED, 0)


async def test_a_repeat_with_a_position_that_waits_for_the_pruner_is_still_a_repeat(engine: AsyncEngine) -> None:
    messages = [
        message(kind, "o-1", module=MODULES[kind], position=position, previous=position - 1)
        for position, kind in enumerate(("OrderPlaced", "PaymentReceived"), 1)
    ]
    await handle(engine, *messages, remote_modules=REMOTE)
    before = await picture(engine)
    assert (await repeat_while_pruning(engine, messages)).repeated == 2
    assert await picture(engine) == before


async def test_a_late_fact_that_waits_for_the_pruner_revives_what_it_leaves(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    taken = await repeat_while_pruning(engine, [message("OrderCancelled", "o-1")])
    assert (taken.taken, await outcome(engine, "o-1")) == (1, "refunded")
    assert await commands(engine, "o-1") == ["StopFulfilment", "RefundPayment"]
    assert await ids(engine, "instance_tombstone") == []


@pytest.mark.parametrize("modules", [{}, MODULES], ids=["without positions", "with positions"])
async def test_a_repeat_whose_order_was_pruned_and_revived_while_it_waited_is_still_a_repeat(
    engine: AsyncEngine, modules: dict[str, str]
) -> None:
    """The step waits for another message of its batch, and has looked for tombstones before there were any."""
    before, repeated = (
        message(kind, "o-1", message_id=kind, module=modules.get(kind), position=1 if modules else None)
        for kind in ("OrderPlaced", "PaymentReceived")
    )
    await handle(engine, before, repeated, remote_modules=REMOTE)
    in_the_way = (
        "INSERT INTO saga.inbox (consumer, module, position, source, message_id, digest)"
        " VALUES ('order', 'orders', 9, '/modules/orders', 'first', substr(sha256(''), 1, 16))"
    )
    first = message("OrderPlaced", "o-2", message_id="first", module="orders", position=9, previous=8)
    async with asyncio.timeout(LIMIT_SECONDS):
        async with engine.connect() as connection:
            await connection.execute(text(in_the_way))
            stepping = asyncio.create_task(handle(engine, first, repeated, remote_modules=REMOTE))
            await waiting_for_locks(engine, 1)
            assert (await prune(engine)).removed.instances == 1
            assert (await handle(engine, message("OrderCancelled", "o-1"))).taken == 1
            await connection.rollback()
        taken = await stepping
    assert (taken.taken, taken.repeated, taken.dead) == (1, 1, 0)


async def test_a_step_whose_instance_is_pruned_before_it_can_lock_it_is_run_again(engine: AsyncEngine) -> None:
    """The step has found the row, and waits for it, when another transaction takes it away."""
    await paid(engine, "o-1")
    stepping = None
    async with asyncio.timeout(LIMIT_SECONDS):
        async with engine.begin() as connection:
            await connection.execute(text("SELECT FROM saga.instance FOR UPDATE"))
            stepping = asyncio.create_task(Step(engine, PROCESS).handle([message("OrderCancelled", "o-1")]))
            await waiting_for_locks(engine, 1)
            await connection.execute(text("DELETE FROM saga.instance"))
        with pytest.raises(LostRace, match="pruned just now"):
            await stepping


async def test_two_steps_that_revive_an_order_at_once_revive_it_once(engine: AsyncEngine) -> None:
    await paid(engine, "o-1", "o-2")
    await prune(engine)
    late = [message("PaymentReceived", order, payment_id=f"z-{n}") for order in ("o-1", "o-2") for n in range(8)]
    async with asyncio.timeout(LIMIT_SECONDS):
        taken = await asyncio.gather(*(handle(engine, *late[number::8]) for number in range(8)))
    assert sum(one.taken for one in taken) == 16
    revived = "SELECT stream_id, count(*) FROM saga.event_log WHERE type = 'InstanceRevived' GROUP BY 1 ORDER BY 1"
    assert await rows(engine, revived) == [("o-1", 1), ("o-2", 1)]
    refunds = await rows(engine, "SELECT stream_id, data ->> 'effect' FROM saga.event_log WHERE type = 'RefundPayment'")
    assert len(refunds) == len(set(refunds)) == 16


async def test_the_pruner_passes_over_what_a_step_holds(engine: AsyncEngine) -> None:
    await paid(engine, "o-1", "o-2")
    async with held(engine, "SELECT FROM saga.instance WHERE process_id = 'o-1' FOR UPDATE"):
        assert (await prune(engine)).removed.instances == 1
    assert (await ids(engine, "instance"), await ids(engine, "instance_tombstone")) == (["o-1"], ["o-2"])
    assert await value(engine, "SELECT count(*) FROM saga.inbox") == 2
    assert (await prune(engine)).removed.instances == 1


async def test_the_pruner_leaves_what_a_step_has_moved_while_it_waited(engine: AsyncEngine) -> None:
    messages = await paid(engine, "o-1", "o-2")
    await read_all(engine)
    async with asyncio.timeout(LIMIT_SECONDS):
        async with held(engine, "SELECT FROM saga.inbox WHERE message_id = '" + messages[0].id + "' FOR UPDATE"):
            pruning = asyncio.create_task(Pruner(engine).prune(NOW))
            await waiting_for_locks(engine, 1)
            assert (await handle(engine, message("OrderCancelled", "o-2"))).taken == 1
        await pruning
    assert (await ids(engine, "instance"), await ids(engine, "instance_tombstone")) == (["o-2"], ["o-1"])
    assert await value(engine, "SELECT count(*) FROM saga.inbox") == 3


async def test_only_one_pruner_works_at_a_time(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    async with asyncio.timeout(LIMIT_SECONDS):
        async with held(engine, "SELECT FROM saga.module WHERE name = 'order-process' FOR UPDATE"):
            first = await prune_up_to_its_last_statement(engine)
            second = await Pruner(engine).prune(NOW)
        await first
    assert (second.ended, bool(second.removed)) == (PruneEnd.ANOTHER_IS_PRUNING, False)
    assert await ids(engine, "instance_tombstone") == ["o-1"]


async def test_a_pruner_that_is_killed_in_the_middle_leaves_complete_batches(engine: AsyncEngine) -> None:
    await paid(engine, "o-1", "o-2")
    before = await counts(engine, [*PRUNED, "instance_tombstone", "inbox_tombstone"])
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(LIMIT_SECONDS):
        async with held(engine, "SELECT FROM saga.module WHERE name = 'order-process' FOR UPDATE"):
            pruning = await prune_up_to_its_last_statement(engine)
            await rows(engine, kill + " AND datname = current_database()")
            with pytest.raises(Unavailable):
                await pruning
    assert await counts(engine, [*PRUNED, "instance_tombstone", "inbox_tombstone"]) == before
    assert (await prune(engine)).removed.instances == 2


async def test_a_batch_is_small_and_the_pruner_stops_between_two(engine: AsyncEngine) -> None:
    await paid(engine, *(f"o-{number}" for number in range(60)))
    await read_all(engine)
    stop = asyncio.Event()
    stop.set()
    stopped = await Pruner(engine).prune(NOW, stop=stop)
    assert (stopped.ended, bool(stopped.removed)) == (PruneEnd.STOPPED, False)
    await prune(engine, entries_at_once=20)
    sizes = await rows(engine, "SELECT count(*) FROM saga.instance_tombstone GROUP BY CAST(xmin AS text)")
    assert sum(size for (size,) in sizes) == 60
    assert max(size for (size,) in sizes) <= 20


async def test_nobody_who_appends_waits_for_a_pruner_that_waits(engine: AsyncEngine) -> None:
    """The module's row is the last thing that the pruner locks."""
    messages = await paid(engine, "o-1")
    await read_all(engine)
    async with asyncio.timeout(LIMIT_SECONDS):
        async with held(engine, "SELECT FROM saga.inbox WHERE message_id = '" + messages[0].id + "' FOR UPDATE"):
            pruning = asyncio.create_task(Pruner(engine).prune(NOW))
            await waiting_for_locks(engine, 1)
            assert (await handle(engine, message("OrderPlaced", "o-2"))).taken == 1
            await logged(engine, message("OrderPlaced", "o-3"))
        await pruning
