"""A repair makes an order what its record says, sends nothing, and the order goes on rightly."""

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.postgres import LostRace
from saga.verification.replay import repair
from saga_scheduler.sweeper import Sweeper
from tests.engine.conversation import commands, execute, message, outcome, rows, value
from tests.replay.evidence import PROCESS, delete_entries, differing, history, log, record, row

CORRUPTIONS = (
    "UPDATE saga.instance SET outcome = 'expired' WHERE process_id = '{id}'",
    "UPDATE saga.instance SET settled = NOT settled WHERE process_id = '{id}'",
    "UPDATE saga.instance SET stream_version = stream_version + 3 WHERE process_id = '{id}'",
    "UPDATE saga.instance SET state = '{{}}' WHERE process_id = '{id}'",
    "UPDATE saga.instance SET state = '[7]' WHERE process_id = '{id}'",
    "UPDATE saga.instance SET state = state #- '{{commanded,payment_request}}' WHERE process_id = '{id}'",
    "DELETE FROM saga.instance WHERE process_id = '{id}'",
    "DELETE FROM saga.timer WHERE process_id = '{id}'",
)


@pytest.fixture
def step(engine: AsyncEngine) -> Step:
    return Step(engine, PROCESS, remote_modules=PROCESS.inputs)


@pytest.mark.parametrize("turn", range(2))
async def test_whatever_is_corrupted_is_repaired_and_nothing_is_sent(
    engine: AsyncEngine, step: Step, turn: int, seed: int
) -> None:
    chance = random.Random(seed)
    for batch in history(chance, orders=40):
        await step.handle(batch)
    ids = [process_id for (process_id,) in await rows(engine, "SELECT process_id FROM saga.instance ORDER BY 1")]
    before, logged = {one: await row(engine, one) for one in ids}, await log(engine)
    for process_id in chance.sample(ids, 20):
        await execute(engine, chance.choice(CORRUPTIONS).format(id=process_id).replace("{{", "{").replace("}}", "}"))
    damaged = await differing(engine)
    assert damaged
    for process_id in damaged:
        await repair(engine, PROCESS, process_id)
    assert await differing(engine) == {}
    after = {one: await row(engine, one) for one in ids}
    assert {one: a[:4] for one, a in after.items()} == {one: b[:4] for one, b in before.items()}
    assert await log(engine) == logged


async def test_a_repair_is_recorded_in_the_stream_as_an_internal_event(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await execute(engine, "UPDATE saga.instance SET outcome = 'paid', settled = true")
    await repair(engine, PROCESS, "o-1")
    noted = await rows(
        engine,
        "SELECT stream_version, visibility, target, data -> 'differences' ->> 0 FROM saga.event_log"
        " WHERE type = 'InstanceRepaired'",
    )
    assert noted == [(3, "internal", None, "outcome: stored paid, recorded awaiting_payment")]
    assert await value(engine, "SELECT stream_version FROM saga.instance") == 3


async def test_an_order_in_order_is_not_touched(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    before = await rows(engine, "SELECT *, xmin FROM saga.instance")
    assert (await repair(engine, PROCESS, "o-1")).differences == ()
    assert await rows(engine, "SELECT *, xmin FROM saga.instance") == before
    assert await value(engine, "SELECT last_position FROM saga.module WHERE name = 'order-process'") == 2


async def test_an_order_that_lost_its_row_goes_on_after_its_repair(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await execute(engine, "DELETE FROM saga.instance")
    late = message("PaymentReceived", "o-1")
    assert (await step.handle([late])).dead == 1
    await repair(engine, PROCESS, "o-1")
    recorded = "SELECT min(recorded_at) FROM saga.event_log"
    assert await value(engine, "SELECT created_at FROM saga.instance") == await value(engine, recorded)
    letters = [letter for (letter,) in await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")]
    await step.handle([late], redriven=letters)
    assert await outcome(engine, "o-1") == "refunded"
    assert await commands(engine, "o-1") == ["RequestPayment", "VoidPayment", "StopFulfilment", "RefundPayment"]
    assert await differing(engine) == {}


async def test_a_repair_and_a_step_at_once_end_as_one_after_the_other(engine: AsyncEngine, step: Step) -> None:
    for number in range(10):
        await step.handle([message("OrderPlaced", f"o-{number}"), message("OrderCancelled", f"o-{number}")])
    await execute(engine, "DELETE FROM saga.instance")

    async def pay(order_id: str) -> None:
        late = message("PaymentReceived", order_id)
        while True:
            try:
                await step.handle([late])
                return
            except LostRace:
                continue

    each = [f"o-{number}" for number in range(10)]
    await asyncio.gather(*map(pay, each), *(repair(engine, PROCESS, order_id) for order_id in each))
    assert {await outcome(engine, order_id) for order_id in each} == {"refunded"}
    assert await differing(engine) == {}


async def test_a_deadline_is_armed_again_as_it_was(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1", payment_timeout_seconds=3600)])
    armed = "SELECT process, process_id, name, emits, CAST(data AS text), CAST(metadata AS text) FROM saga.timer"
    before, due = await rows(engine, armed), await value(engine, "SELECT due_at FROM saga.timer")
    await execute(engine, "DELETE FROM saga.timer")
    await repair(engine, PROCESS, "o-1")
    assert await rows(engine, armed) == before
    assert abs(await value(engine, "SELECT due_at FROM saga.timer") - due) < timedelta(minutes=10)


async def test_a_deadline_that_has_passed_meanwhile_fires_at_once(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1", payment_timeout_seconds=0.001)])
    await execute(engine, "DELETE FROM saga.timer")
    await repair(engine, PROCESS, "o-1")
    assert (await Sweeper(engine, 10).sweep()).fired == 1
    emitted = await rows(engine, "SELECT stream_id, type FROM saga.event_log WHERE module = 'scheduler'")
    assert emitted == [("o-1", "PaymentTimedOut")]


async def test_an_order_that_decided_on_a_wrong_state_learns_what_was_really_sent(
    engine: AsyncEngine, step: Step
) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await execute(
        engine,
        """UPDATE saga.instance SET state = jsonb_set(jsonb_set(state,
        '{commanded,fulfilment}', '["started", 1]'), '{revisions,fulfilment}', '1')""",
    )
    await step.handle([message("PaymentReceived", "o-1", payment_id="p-1")])
    assert "StartFulfilment" not in await commands(engine, "o-1"), "it believes that this was sent"
    found = await repair(engine, PROCESS, "o-1")
    assert [(one.what, one.repairable) for one in found.differences] == [
        ("state.commanded.fulfilment", True),
        ("state.revisions.fulfilment", True),
        ("command.fulfilment", False),
    ]
    assert "StartFulfilment" not in await commands(engine, "o-1"), "a repair sends nothing"
    await step.handle([message("PaymentReceived", "o-1", payment_id="p-2")])
    assert "StartFulfilment" in await commands(engine, "o-1"), "the next input makes good for it"
    assert await differing(engine) == {"o-1": ["command.fulfilment"]}, "what was not sent in time stays a finding"


async def test_what_no_repair_can_mend_is_left_as_it_is(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", one) for one in ("gone", "no-row", "unknown", "no-record")])
    await delete_entries(engine, "gone", "target IS NULL")
    await delete_entries(engine, "no-record", "true")
    for one in ("no-row", "unknown"):
        await record(engine, one, "InputTaken", {"type": "OrderShipped", "fields": {}})
    await execute(engine, "DELETE FROM saga.instance WHERE process_id = 'no-row'")
    stored, logged = "SELECT * FROM saga.instance ORDER BY process_id", await log(engine)
    before, damaged = await rows(engine, stored), await differing(engine)
    assert set(damaged) == {"gone", "no-row", "unknown", "no-record"}
    for one in damaged:
        assert not (await repair(engine, PROCESS, one)).repairable
    assert await differing(engine) == damaged
    assert await rows(engine, stored) == before
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE type = 'InstanceRepaired'") == 0
    assert await log(engine) == logged
