"""A log is pruned from its front, as far as everybody has read it, and goes on as if nothing were missing."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.messages import Envelope
from saga.modules import NewEvent, Pruned, Visibility, append, read_public
from saga.modules.reader import read_commands, read_outgoing
from saga.postgres import durable_transaction
from saga.retention import PrunedLog, Pruner
from tests.engine.conversation import commands, dead_letters, execute, message, outcome, rows, value
from tests.retention.archive import NOW, PROCESS, fire_all, handle, ids, logged, paid, picture, prune, read_all


async def record(engine: AsyncEngine, *stream_ids: str, module: str = "shop", version: int | None = None) -> int:
    events = [NewEvent(stream_id, "Sold", f"e-{stream_id}", {}, stream_version=version) for stream_id in stream_ids]
    async with durable_transaction(engine) as connection:
        return await append(connection, module, events)


async def left(engine: AsyncEngine, module: str = "shop") -> list[int]:
    statement = "SELECT position FROM saga.event_log WHERE module = :module ORDER BY position"
    return [position for (position,) in await rows(engine, statement, module=module)]


async def have_read(engine: AsyncEngine, consumer: str, position: int, module: str = "shop") -> None:
    await execute(
        engine,
        "INSERT INTO saga.cursor (consumer, module, watermark) VALUES (:consumer, :module, :position)"
        " ON CONFLICT (consumer, module) DO UPDATE SET watermark = excluded.watermark",
        consumer=consumer,
        module=module,
        position=position,
    )


async def only(engine: AsyncEngine, module: str = "shop") -> PrunedLog:
    report = await Pruner(engine).prune(NOW)
    (found,) = [log for log in report.logs if log.module == module]
    return found


async def test_a_log_that_nobody_reads_is_kept(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-2")
    assert await only(engine) == PrunedLog("shop", 0, 0, 0, None)
    assert await left(engine) == [1, 2]


async def test_a_log_is_pruned_up_to_its_slowest_reader(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-2", "s-3")
    await have_read(engine, "relay", 3)
    await have_read(engine, "order", 2)
    assert await only(engine) == PrunedLog("shop", 2, 2, 2, "order")
    assert await left(engine) == [3]
    assert await value(engine, "SELECT pruned_position FROM saga.module") == 2


async def test_what_is_handled_beyond_a_hole_does_not_count_as_read(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-2", "s-3")
    await have_read(engine, "order", 1)
    await execute(engine, "UPDATE saga.cursor SET handled = '{[3,4)}', hole_since = now()")
    await only(engine)
    assert await left(engine) == [2, 3]


async def test_a_young_event_ends_the_part_that_goes(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-2", "s-3")
    await execute(engine, "ALTER TABLE saga.event_log DISABLE TRIGGER USER")
    await execute(engine, "UPDATE saga.event_log SET recorded_at = now() - interval '2 d' WHERE position <> 2")
    await execute(engine, "ALTER TABLE saga.event_log ENABLE TRIGGER USER")
    await have_read(engine, "relay", 3)
    await Pruner(engine).prune(timedelta(days=1))
    assert await left(engine) == [2, 3]


async def test_the_versions_of_a_stream_go_on_counting(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-1", "s-2")
    await have_read(engine, "relay", 3)
    await only(engine)
    assert await left(engine) == []
    await record(engine, "s-1", "s-3", "s-1")
    versions = "SELECT stream_id, stream_version FROM saga.event_log ORDER BY position"
    assert await rows(engine, versions) == [("s-1", 3), ("s-3", 1), ("s-1", 4)]


async def test_a_reader_from_before_is_told_and_one_from_behind_reads_on(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-2", "s-3")
    await have_read(engine, "relay", 2)
    await only(engine)
    async with engine.connect() as connection:
        with pytest.raises(Pruned, match="pruned up to position 2"):
            await read_public(connection, "shop", 0)
        ((entry,), horizon) = await read_public(connection, "shop", 2)
    assert (entry.position, entry.previous_public_position, horizon) == (3, 2, 3)


async def test_pages_are_small_and_lead_to_the_end(engine: AsyncEngine) -> None:
    await record(engine, *(f"s-{number}" for number in range(25)))
    await have_read(engine, "relay", 23)
    report = await Pruner(engine, events_at_once=5).prune(NOW)
    assert (report.removed.entries, await left(engine)) == (23, [24, 25])


async def test_nobody_but_the_pruner_deletes_from_a_log(engine: AsyncEngine) -> None:
    await record(engine, "s-1")
    await have_read(engine, "relay", 1)
    await only(engine)
    await record(engine, "s-2")
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(engine, "DELETE FROM saga.event_log")


async def contradicted(engine: AsyncEngine) -> Envelope:
    """An order of whose event a message with other contents claims the position."""
    (placed,) = await logged(engine, message("OrderPlaced", "o-1"))
    await handle(engine, placed, message("OrderCancelled", "o-1"))
    false = message("OrderCancelled", "o-2", module="orders", position=1, previous=0)
    assert (await handle(engine, false)).dead == 1
    return false


async def test_what_an_open_dead_letter_names_stays_until_it_is_closed(engine: AsyncEngine) -> None:
    false = await contradicted(engine)
    await record(engine, "o-1", module="orders")
    await read_all(engine, "order")
    await prune(engine)
    assert await left(engine, "orders") == [1]
    assert await ids(engine, "instance") == ["o-1"]
    assert await record(engine, "o-1", module="orders") == 3
    assert await value(engine, "SELECT max(stream_version) FROM saga.event_log WHERE module = 'orders'") == 3
    letters = [letter for (letter,) in await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")]
    assert (await Step(engine, PROCESS).handle([false], redriven=letters)).dead == 1, (
        "it still is not what the log says"
    )
    await execute(engine, "UPDATE saga.dead_letter SET state = 'discarded', closed_at = now()")
    await read_all(engine, "order")
    assert (await prune(engine)).removed.dead_letters == 1
    assert await left(engine, "orders") == []
    assert await ids(engine, "instance_tombstone") == ["o-1"]


async def test_an_open_dead_letter_keeps_its_order_and_is_kept(engine: AsyncEngine) -> None:
    await paid(engine, "o-1", "o-2")
    assert (await handle(engine, message("PaymentReceived", "o-1", amount=9_900))).dead == 1
    report = await prune(engine)
    assert (report.removed.instances, report.removed.dead_letters) == (1, 0)
    assert await ids(engine, "instance") == ["o-1"]
    assert len(await dead_letters(engine)) == 1


async def test_an_order_that_is_not_settled_keeps_everything_of_its_own(engine: AsyncEngine) -> None:
    await handle(engine, message("OrderPlaced", "o-1"), message("OrderCancelled", "o-2"))
    before = await picture(engine)
    await prune(engine)
    assert (await ids(engine, "instance"), await commands(engine, "o-1")) == (["o-1"], ["RequestPayment"])
    assert await picture(engine) == before
    assert await rows(engine, "SELECT process_id FROM saga.timer") == [("o-1",)]


async def test_an_order_whose_commands_or_announcements_were_not_read_is_kept(engine: AsyncEngine) -> None:
    await paid(engine, "o-1", "o-2")
    await fire_all(engine)
    announced = "SELECT position FROM saga.event_log WHERE type = 'OrderPaid' AND stream_id = 'o-1'"
    assert await value(engine, announced) == 6, "behind the commands"
    await have_read(engine, "relay", 5, PROCESS.module)
    await Pruner(engine).prune(NOW)
    assert await ids(engine, "instance") == ["o-1", "o-2"]
    await have_read(engine, "relay", 6, PROCESS.module)
    await Pruner(engine).prune(NOW)
    assert await ids(engine, "instance") == ["o-2"]
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE stream_id = 'o-2'") > 0


async def test_without_a_relay_nothing_goes_behind_a_command_that_waits_for_its_first_reader(
    engine: AsyncEngine,
) -> None:
    await handle(engine, message("OrderCancelled", "o-1"))
    await paid(engine, "o-2")
    await handle(engine, message("OrderCancelled", "o-3"))
    await read_all(engine, "gateway")
    log = await only(engine, PROCESS.module)
    assert (log.held_by, log.reach) == ("fulfilment", log.reach)
    assert await ids(engine, "instance_tombstone") == ["o-1"]
    async with engine.connect() as connection:
        known = await value(engine, "SELECT pruned_position FROM saga.module")
        ((start,), _) = await read_commands(connection, PROCESS.module, "fulfilment", known)
    assert (start.type, start.stream_id, log.reach) == ("StartFulfilment", "o-2", start.position - 1)
    await read_all(engine, "fulfilment")
    await only(engine, PROCESS.module)
    assert await ids(engine, "instance") == []


async def test_a_new_relay_begins_behind_what_is_pruned_and_misses_nothing(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await prune(engine)
    await execute(engine, "DELETE FROM saga.cursor WHERE consumer = 'relay'")
    await handle(engine, message("OrderCancelled", "o-2"))
    async with engine.connect() as connection:
        with pytest.raises(Pruned):
            await read_outgoing(connection, PROCESS.module, 0)
        known = await value(engine, "SELECT pruned_position FROM saga.module")
        found, _ = await read_outgoing(connection, PROCESS.module, known)
    assert [(entry.stream_id, entry.type) for entry in found] == [("o-2", "VoidPayment"), ("o-2", "OrderWithdrawn")]


async def test_the_notes_on_a_process_s_own_progress_go_and_count_on(engine: AsyncEngine) -> None:
    messages = await logged(engine, *(message("OrderCancelled", f"o-{number}") for number in range(3)))
    notes = "SELECT stream_version FROM saga.event_log WHERE stream_id = '' ORDER BY position"
    await handle(engine, messages[0])
    await handle(engine, messages[1])
    assert await rows(engine, notes) == [(1,), (2,)]
    await prune(engine)
    assert await left(engine, PROCESS.module) == []
    await handle(engine, messages[2])
    assert await rows(engine, notes) == [(3,)]


async def test_a_log_named_like_a_process_s_own_is_pruned_as_any_other(engine: AsyncEngine) -> None:
    await record(engine, "s-1", "s-2", module="shop-process")
    await have_read(engine, "relay", 2, "shop-process")
    assert (await only(engine, "shop-process")).entries == 2


async def test_timers_go_with_their_order_and_the_late_timeout_of_one_changes_nothing(engine: AsyncEngine) -> None:
    await handle(engine, message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1"))
    assert (await prune(engine)).removed.timers == 1
    await handle(engine, message("PaymentTimedOut", "o-1"))
    assert (await outcome(engine, "o-1"), await commands(engine, "o-1")) == ("cancelled", [])


async def test_closed_dead_letters_go_when_they_are_old_and_open_ones_never(engine: AsyncEngine) -> None:
    nonsense = [message("Nonsense", f"o-{number}") for number in range(30)]
    await handle(engine, *nonsense)
    close = "UPDATE saga.dead_letter SET state = 'discarded', closed_at = now() - CAST(:age AS interval)"
    await execute(engine, f"{close} WHERE dead_letter_id <= 20", age=timedelta(days=3))
    await execute(engine, f"{close} WHERE dead_letter_id BETWEEN 11 AND 15", age=timedelta(days=1))
    await execute(engine, "UPDATE saga.dead_letter SET first_seen_at = now() - interval '9 d'")
    report = await prune(engine, timedelta(days=2), entries_at_once=4)
    assert report.removed.dead_letters == 15
    kept = await rows(engine, "SELECT state, count(*) FROM saga.dead_letter GROUP BY state ORDER BY state")
    assert kept == [("discarded", 5), ("open", 10)]


async def test_counting_gives_what_pruning_removes_and_touches_nothing(engine: AsyncEngine) -> None:
    messages = [message(kind, f"o-{n}") for n in range(40) for kind in ("OrderPlaced", "PaymentReceived")]
    await handle(engine, *await logged(engine, *messages[:40]), *messages[40:], message("OrderPlaced", "o-open"))
    await handle(engine, message("Nonsense", "o-1"))
    await execute(engine, "UPDATE saga.dead_letter SET state = 'discarded', closed_at = now()")
    await read_all(engine)
    transactions = (
        "SELECT CAST(xmin AS text) FROM saga.event_log UNION ALL SELECT CAST(xmax AS text) FROM saga.instance"
    )
    before = await rows(engine, transactions)
    pruner = Pruner(engine, entries_at_once=7, events_at_once=7)
    counted = await pruner.count(NOW)
    assert await rows(engine, transactions) == before
    pruned = await pruner.prune(NOW)
    assert counted.removed == pruned.removed
    assert pruned.removed.instances == 40
    assert [(log.module, log.entries) for log in counted.logs] == [(log.module, log.entries) for log in pruned.logs]


async def test_internal_events_of_a_module_go_with_its_prefix(engine: AsyncEngine) -> None:
    async with durable_transaction(engine) as connection:
        secret = NewEvent("s-1", "Scored", "e-secret", {}, visibility=Visibility.INTERNAL)
        await append(connection, "shop", [secret, NewEvent("s-1", "Sold", "e-1", {})])
    await have_read(engine, "relay", 2)
    assert (await only(engine)).entries == 2
