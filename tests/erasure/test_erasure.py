"""An erased order has lost the data of its messages, and answers everything as before."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.engine.dead_letters import DeadLetterState, close
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.messages import Envelope, Poison, Raw
from saga.modules import NewEvent, append, read_public
from saga.operations import UnknownInstances
from saga.operations.erasure import Erasure, NotErasable, erase
from saga.postgres import durable_transaction
from saga.verification.audit import audit, audit_events
from saga.verification.replay import Coverage, check, repair
from tests.engine.conversation import commands, dead_letters, execute, message, outcome, rows, value
from tests.erasure.dump import found_in_dump
from tests.gateway.desk import Desk, refund, request, void
from tests.retention.archive import PROCESS, handle, ids, logged, picture, prune, read_all, waiting_for_locks

SECRET = "jane.doe@example.org"
WHY = "request 4711"
KINDS = ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")


def told(kind: str, order_id: str = "o-1", **data: Any) -> Envelope:
    """A message that says the secret wherever a sender may say something."""
    said = message(kind, order_id, customer={"email": SECRET}, **data)
    said = replace(said, correlation_id=SECRET, traceparent=SECRET)
    return said if kind != "OrderCancelled" else replace(said, data={**said.data, "reason": f"{SECRET} said so"})


async def erased(engine: AsyncEngine, order_id: str = "o-1") -> Erasure:
    return await erase(engine, PROCESS, order_id, actor="ops", reason=WHY)


async def require_clean(engine: AsyncEngine, **coverages: Coverage) -> None:
    """Replay and audit find nothing, and these standings."""
    replayed = [one async for page in check(engine, PROCESS) for one in page]
    audited = [one async for page in audit(engine, PROCESS) for one in page]
    assert [one.differences for one in replayed] == [()] * len(replayed)
    assert [one.differences for one in audited] == [()] * len(audited)
    assert {one.process_id.replace("-", "_"): one.coverage for one in replayed} == coverages
    assert {one.process_id.replace("-", "_"): one.coverage for one in audited} == coverages
    assert [lost async for page in audit_events(engine, PROCESS) for lost in page.unanswered] == []


async def test_what_was_erased_is_found_nowhere_in_a_dump(engine: AsyncEngine, database_url: str, desk: Desk) -> None:
    messages = await logged(engine, *[told(kind) for kind in KINDS])
    await handle(engine, *messages, told("PaymentReceived", payment_id="p-2"))
    await handle(engine, told("PaymentReceived", amount=1, note=SECRET))
    ((letter,),) = await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")
    async with durable_transaction(engine) as connection:
        await close(connection, [letter], DeadLetterState.DISCARDED)
    body = orjson.dumps({"order_id": "o-1", "wrong": SECRET})
    await desk.send(request("o-1"), void("o-1"), refund("o-1", "p-2"), Poison(Raw(body=body), "no command"))
    await execute(
        engine,
        "UPDATE gateway.command SET metadata = metadata || jsonb_build_object('correlationid', CAST(:s AS text))",
        s=SECRET,
    )
    await read_all(engine)
    assert await found_in_dump(database_url, SECRET) == [SECRET]
    before = await picture(engine)
    done = await erased(engine)
    assert (done.dead_letters, done.events) == (1, {"orders": 2, "payments": 3, "scheduler": 1})
    assert set(done.collaborators) == {"gateway"}
    assert await found_in_dump(database_url, SECRET, "jane", "example.org") == []
    (was, version, _), (became, version_now, _) = before["o-1"], (await picture(engine))["o-1"]
    assert (became, version_now) == (was, version + 1)
    await require_clean(engine, o_1=Coverage.ERASED)


@pytest.mark.parametrize("arrival", list(permutations(KINDS)), ids=" ".join)
async def test_an_order_erased_between_any_two_messages_ends_as_if_it_had_not_been(
    engine: AsyncEngine, arrival: Sequence[str]
) -> None:
    for kind in arrival:
        for order_id in ("o-1", "o-2"):
            await handle(engine, told(kind, order_id))
        await read_all(engine)
        if await value(engine, "SELECT settled FROM saga.instance WHERE process_id = 'o-1'"):
            await erased(engine)
            await require_clean(engine, o_1=Coverage.ERASED, o_2=Coverage.COMPARED)
    assert await outcome(engine, "o-1") == await outcome(engine, "o-2") == "refunded"
    assert await commands(engine, "o-1") == await commands(engine, "o-2")


async def test_a_payment_after_the_erasure_is_refunded_with_the_amount_that_came(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("OrderCancelled"))
    await read_all(engine)
    await erased(engine)
    await handle(engine, told("PaymentReceived", payment_id="late", amount=77))
    assert await outcome(engine, "o-1") == "refunded"
    ((data,),) = await rows(engine, "SELECT CAST(data AS text) FROM saga.event_log WHERE type = 'RefundPayment'")
    assert orjson.loads(data) | {"payment_id": "late", "amount": 77, "currency": "EUR"} == orjson.loads(data)
    await require_clean(engine, o_1=Coverage.ERASED)


async def test_a_payment_from_before_the_erasure_is_refunded_after_it(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("PaymentReceived", payment_id="early", amount=55))
    await read_all(engine)
    await erased(engine)
    await handle(engine, told("OrderCancelled"))
    ((data,),) = await rows(engine, "SELECT CAST(data AS text) FROM saga.event_log WHERE type = 'RefundPayment'")
    assert orjson.loads(data) | {"payment_id": "early", "amount": 55, "currency": "EUR"} == orjson.loads(data)


async def test_duplicates_stay_duplicates_under_the_same_id_and_under_another(engine: AsyncEngine) -> None:
    known = [told("OrderPlaced"), *await logged(engine, told("PaymentReceived")), told("OrderCancelled")]
    await handle(engine, *known)
    await read_all(engine)
    await erased(engine)
    assert (await handle(engine, *known)).repeated == len(known)
    again = [replace(one, id=f"again-{one.id}", module=None, position=None, previous_position=None) for one in known]
    assert (await handle(engine, *again)).ignored == len(known)
    assert await dead_letters(engine) == []
    await require_clean(engine, o_1=Coverage.ERASED)


async def test_a_contradiction_is_still_a_conflict(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("PaymentReceived"))
    await read_all(engine)
    await erased(engine)
    assert (await handle(engine, told("PaymentReceived", amount=1))).dead == 1


async def test_an_erased_order_can_be_pruned_revived_and_erased_again(engine: AsyncEngine, database_url: str) -> None:
    await handle(engine, told("OrderPlaced"), told("PaymentReceived"))
    await read_all(engine)
    await erased(engine)
    await prune(engine)
    assert await ids(engine, "instance_tombstone") == ["o-1"]
    await handle(engine, told("OrderCancelled"))
    assert await outcome(engine, "o-1") == "refunded"
    await read_all(engine)
    await erased(engine)
    assert await found_in_dump(database_url, SECRET) == []
    await require_clean(engine, o_1=Coverage.ERASED)


async def test_a_pruned_order_is_erased_from_its_tombstone(engine: AsyncEngine, database_url: str) -> None:
    await handle(engine, told("OrderPlaced"), told("PaymentReceived"))
    await prune(engine)
    await execute(
        engine,
        "UPDATE saga.instance_tombstone"
        " SET state = jsonb_set(state, '{registers,payments,pay-o-1,note}', '\"x-secret\"')",
    )
    await erased(engine)
    assert await found_in_dump(database_url, "x-secret") == []
    await handle(engine, told("OrderCancelled"))
    assert await outcome(engine, "o-1") == "refunded"


async def test_no_reader_and_no_relay_gets_an_erased_event_any_more(engine: AsyncEngine) -> None:
    await handle(
        engine, *await logged(engine, told("OrderPlaced"), told("OrderCancelled"), message("OrderPlaced", "o-2"))
    )
    await read_all(engine)
    await erased(engine)
    async with engine.connect() as connection:
        entries, horizon = await read_public(connection, "orders", 0)
    assert ([entry.stream_id for entry in entries], horizon) == (["o-2"], 3)
    assert await value(engine, "SELECT count(*) FROM saga.outgoing WHERE module = 'orders'") == 1


async def test_it_waits_for_readers_open_letters_and_the_end_of_the_order(engine: AsyncEngine) -> None:
    with pytest.raises(UnknownInstances, match="nothing is known of 'o-1'"):
        await erased(engine)
    await handle(engine, *await logged(engine, told("OrderPlaced")))
    with pytest.raises(NotErasable, match="order o-1 is awaiting_payment, and not settled"):
        await erase(engine, PROCESS, "o-1", actor="ops", reason=WHY, dry_run=True)
    await handle(engine, *await logged(engine, told("OrderCancelled")))
    await execute(engine, "INSERT INTO saga.cursor (consumer, module) VALUES ('relay', 'orders')")
    with pytest.raises(NotErasable, match="relay has not read position 1 of orders yet"):
        await erased(engine)
    await read_all(engine)
    await handle(engine, told("PaymentReceived"), told("PaymentReceived", amount=1))
    with pytest.raises(NotErasable, match=r"open dead letters \(\d+\)"):
        await erased(engine)
    assert await rows(engine, "SELECT action FROM saga.operation") == []


async def test_it_waits_for_a_payment_that_is_the_first_event_of_its_log(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("OrderCancelled"))
    await read_all(engine)
    await logged(engine, told("PaymentReceived", amount=77))
    with pytest.raises(NotErasable, match="order has not read position 1 of payments yet"):
        await erased(engine)
    await LogFeed(engine, Step(engine, PROCESS), PROCESS, "saga", grace=AT_ONCE, page_size=7).feed_once()
    assert await outcome(engine, "o-1") == "refunded"
    with pytest.raises(NotErasable, match="relay has not read position 1 of payments yet"):
        await erased(engine)
    await read_all(engine)
    await erased(engine)


async def test_it_waits_for_a_deadline_that_fires_meanwhile(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("OrderCancelled"))
    await read_all(engine)
    async with durable_transaction(engine) as scheduler:
        await scheduler.execute(text("UPDATE saga.timer SET fired_at = greatest(due_at, now())"))
        fired = NewEvent("o-1", "PaymentTimedOut", "e-1", {"order_id": "o-1"}, metadata={"correlationid": SECRET})
        await append(scheduler, "scheduler", [fired])
        erasing = asyncio.create_task(erased(engine))
        await waiting_for_locks(engine, 1)
    with pytest.raises(NotErasable, match="has not read position 1 of scheduler yet"):
        await erasing


async def test_what_only_dead_letters_say_of_an_instance_is_erased(engine: AsyncEngine, database_url: str) -> None:
    (wrong,) = await logged(engine, told("PaymentReceived", amount=-1))
    await handle(engine, replace(wrong, raw=Raw(orjson.dumps(wrong.data))))
    await read_all(engine)
    await read_all(engine, PROCESS.name)
    with pytest.raises(NotErasable, match=r"open dead letters \(\d+\)"):
        await erased(engine)
    ((letter,),) = await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")
    async with durable_transaction(engine) as connection:
        await close(connection, [letter], DeadLetterState.DISCARDED)
    done = await erased(engine)
    assert (done.entries, done.events, done.dead_letters) == (0, {"payments": 1}, 1)
    assert await found_in_dump(database_url, SECRET) == []
    assert await value(engine, "SELECT count(*) FROM saga.operation WHERE ids = '{o-1}'") == 1
    assert [lost async for page in audit_events(engine, PROCESS) for lost in page.unanswered] == []


async def test_a_letter_that_comes_again_can_be_looked_at_again(engine: AsyncEngine) -> None:
    bad = told("PaymentReceived", amount=1)
    await handle(engine, told("OrderPlaced"), told("PaymentReceived"))
    await handle(engine, bad)
    ((letter,),) = await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")
    async with durable_transaction(engine) as connection:
        await close(connection, [letter], DeadLetterState.DISCARDED)
    await read_all(engine)
    await erased(engine)
    assert await rows(engine, "SELECT body, reason FROM saga.dead_letter") == [(b"", "erased")]
    await handle(engine, bad)
    left = await rows(engine, "SELECT body, attempts FROM saga.dead_letter ORDER BY dead_letter_id")
    assert left == [(b"", 1), (bad.raw.body, 1)]


async def test_planning_changes_nothing_and_says_the_same(engine: AsyncEngine) -> None:
    await handle(engine, *await logged(engine, told("OrderPlaced"), told("OrderCancelled")))
    await read_all(engine)
    everything = (
        "SELECT CAST(l AS text) FROM saga.event_log AS l UNION ALL SELECT CAST(i AS text) FROM saga.instance AS i"
    )
    before = await rows(engine, everything)
    planned = await erase(engine, PROCESS, "o-1", actor="ops", reason=WHY, dry_run=True)
    assert await rows(engine, everything) == before
    assert await erased(engine) == planned
    assert await rows(engine, everything) != before


async def test_it_is_recorded_who_did_it_to_what_and_why_and_for_good(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("OrderCancelled"))
    await read_all(engine)
    await erased(engine)
    ((actor, action, reason, ids_, result),) = await rows(
        engine, "SELECT actor, action, reason, ids, CAST(result AS text) FROM saga.operation"
    )
    assert (actor, action, reason, ids_) == ("ops", "erase", WHY, ["o-1"])
    assert orjson.loads(result)["entries"] > 0
    for change in ("UPDATE saga.operation SET actor = 'x'", "DELETE FROM saga.operation", "TRUNCATE saga.operation"):
        for meanwhile in ("pruning", "erasing"):
            with pytest.raises(DBAPIError, match="append-only"):
                async with engine.begin() as connection:
                    await connection.execute(text(f"SET LOCAL saga.{meanwhile} = 'on'"))
                    await connection.execute(text(change))


async def test_a_second_erasure_finds_nothing_and_is_recorded(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("OrderCancelled"))
    await read_all(engine)
    await erased(engine)
    before = await picture(engine)
    again = await erased(engine)
    assert (again.entries, again.events, again.dead_letters, again.collaborators) == (0, {}, 0, {})
    assert await picture(engine) == before
    assert await value(engine, "SELECT count(*) FROM saga.operation") == 2


async def test_an_erasure_moves_nothing_in_the_log(engine: AsyncEngine) -> None:
    await handle(engine, *await logged(engine, told("OrderPlaced"), told("OrderCancelled")))
    await read_all(engine)
    places = (
        "SELECT module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, "
        "target, recorded_at FROM saga.event_log WHERE type <> 'InstanceErased' ORDER BY module, position"
    )
    before = await rows(engine, places)
    await erased(engine)
    assert await rows(engine, places) == before
    with pytest.raises(DBAPIError, match="append-only: an erasure changes data and metadata only"):
        async with engine.begin() as connection:
            await connection.execute(text("SELECT set_config('saga.erasing', 'on', true)"))
            await connection.execute(text("UPDATE saga.event_log SET type = 'Other'"))


async def test_a_row_that_is_damaged_after_an_erasure_is_repaired_from_the_record(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("PaymentReceived"))
    await read_all(engine)
    await erased(engine)
    await handle(engine, told("OrderCancelled"))
    before = await picture(engine)
    sent = await commands(engine, "o-1")
    await execute(engine, "UPDATE saga.instance SET outcome = 'paid', state = '{}'")
    assert (await repair(engine, PROCESS, "o-1")).repairable
    (outcome_before, _, state_before), (outcome_now, _, state_now) = before["o-1"], (await picture(engine))["o-1"]
    assert (outcome_now, state_now) == (outcome_before, state_before)
    assert await commands(engine, "o-1") == sent


async def test_orders_that_are_erased_under_load_end_as_the_others(engine: AsyncEngine) -> None:
    orders = [f"o-{number}" for number in range(40)]

    async def tell() -> None:
        for kind in KINDS:
            for start in range(0, len(orders), 8):
                await handle(engine, *await logged(engine, *[told(kind, one) for one in orders[start : start + 8]]))

    async def erase_on(done: asyncio.Event) -> int:
        count = 0
        while not done.is_set():
            await read_all(engine)
            for order_id in orders[::2]:
                try:
                    await erased(engine, order_id)
                    count += 1
                except (NotErasable, UnknownInstances):
                    await asyncio.sleep(0)
        return count

    done = asyncio.Event()
    erasing = asyncio.create_task(erase_on(done))
    await tell()
    done.set()
    assert await erasing > 0
    await read_all(engine)
    for order_id in orders[::2]:
        await erased(engine, order_id)
    assert {one: end for one, (end, _, _) in (await picture(engine)).items()} == dict.fromkeys(orders, "refunded")
    assert {len(await commands(engine, one)) for one in orders} == {len(await commands(engine, "o-0"))}
    coverages = {one.replace("-", "_"): Coverage.ERASED if one in orders[::2] else Coverage.COMPARED for one in orders}
    await require_clean(engine, **coverages)


async def test_another_order_with_a_similar_id_loses_nothing(engine: AsyncEngine) -> None:
    messages = [told(kind, one) for one in ("o-1", "o-10") for kind in ("OrderPlaced", "OrderCancelled")]
    await handle(engine, *await logged(engine, *messages))
    await read_all(engine)
    untouched = "SELECT CAST(l AS text) FROM saga.event_log AS l WHERE stream_id = 'o-10' ORDER BY module, position"
    before = await rows(engine, untouched)
    await erased(engine)
    assert await rows(engine, untouched) == before


async def test_a_step_that_works_on_the_order_is_waited_for(engine: AsyncEngine) -> None:
    await handle(engine, told("OrderPlaced"), told("OrderCancelled"))
    await read_all(engine)
    done = await asyncio.gather(erased(engine), Step(engine, PROCESS).handle([told("PaymentReceived")]), erased(engine))
    assert done[1].taken == 1
    assert await outcome(engine, "o-1") == "refunded"
    await require_clean(engine, o_1=Coverage.ERASED)
