"""The durable step: once, all or nothing, and never in the way of others."""

import asyncio
import random
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Register
from saga.core.effect import Selection
from saga.engine import Step, StepResult
from saga.messages import Poison, Raw
from saga.modules import NewEvent, append
from saga.orders import PaymentReceived, order_process
from saga.orders import process as order_tables
from saga.postgres import LostRace, Unavailable, durable_transaction
from tests.engine.conversation import commands, dead_letters, execute, message, outcome, rows, value

PROCESS = order_process()


@pytest.fixture
def step(engine: AsyncEngine) -> Step:
    return Step(engine, PROCESS)


async def test_a_message_leads_to_state_record_command_and_timer_in_one_transaction(
    engine: AsyncEngine, step: Step
) -> None:
    assert await step.handle([message("OrderPlaced", "o-1", message_id="m-a")]) == StepResult(1, 0, 0, 0, 1)
    assert await outcome(engine, "o-1") == "awaiting_payment"
    recorded = await rows(engine, "SELECT position, stream_version, type, target FROM saga.event_log ORDER BY position")
    assert recorded == [(1, 1, "InputTaken", None), (2, 2, "RequestPayment", "gateway")]
    assert await rows(engine, "SELECT name, emits, due_at - armed_at > '14 minutes' FROM saga.timer") == [
        ("payment_deadline", "PaymentTimedOut", True)
    ]
    assert await rows(engine, "SELECT source, message_id, repeats FROM saga.inbox") == [("/tests", "m-a", 0)]


async def test_a_message_takes_effect_once_however_often_it_comes(engine: AsyncEngine, step: Step) -> None:
    paid = message("PaymentReceived", "o-1")
    assert await step.handle([paid, paid]) == StepResult(1, 0, 1, 0, 3)
    assert await step.handle([paid]) == StepResult(0, 0, 1, 0, 0)
    assert await commands(engine, "o-1") == ["VoidPayment", "StartFulfilment"]
    assert await value(engine, "SELECT repeats FROM saga.inbox") == 2


async def test_the_same_fact_under_another_id_is_answered_and_changes_nothing(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("PaymentReceived", "o-1")])
    assert await step.handle([message("PaymentReceived", "o-1")]) == StepResult(0, 1, 0, 0, 0)
    said = await value(engine, "SELECT data ->> 'decision' FROM saga.event_log WHERE type = 'InputIgnored'")
    assert said == "ignored, because payment_id 'pay-o-1' is already known"


@pytest.mark.parametrize("kind", ["OrderCancelled", "PaymentReceived", "PaymentTimedOut"])
async def test_any_input_may_come_first(engine: AsyncEngine, step: Step, kind: str) -> None:
    await step.handle([message(kind, "o-1")])
    before = await outcome(engine, "o-1")
    await step.handle([message("OrderPlaced", "o-1")])
    assert await outcome(engine, "o-1") == before != "awaiting_payment"
    assert "RequestPayment" not in await commands(engine, "o-1")


async def test_a_late_input_to_a_finished_order_is_answered_by_the_same_rules(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await step.handle([message("PaymentReceived", "o-1")])
    assert await outcome(engine, "o-1") == "refunded"
    assert (await commands(engine, "o-1"))[-2:] == ["StopFulfilment", "RefundPayment"]


async def test_the_same_message_id_with_other_contents_is_a_conflict(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1", message_id="m-a")])
    again = [message("OrderPlaced", "o-2", message_id="m-a"), message("OrderCancelled", "o-1", message_id="m-a")]
    assert await step.handle(again) == StepResult(0, 0, 0, 2, 0)
    reason = "the same message was taken in before with other contents"
    assert await dead_letters(engine) == [("conflict", reason)] * 2
    assert await outcome(engine, "o-2") is None


async def test_the_same_payment_with_other_contents_is_a_conflict_and_can_be_put_back(
    engine: AsyncEngine, step: Step
) -> None:
    contradiction = message("PaymentReceived", "o-1", amount=9_900)
    await step.handle([message("PaymentReceived", "o-1"), contradiction])
    ((kind, reason),) = await dead_letters(engine)
    assert (kind, "amount is 4200 there and 9900 here" in reason) == ("conflict", True)
    assert await value(engine, "SELECT count(*) FROM saga.inbox") == 1, "a parked message must not count as taken in"
    assert (await step.handle([contradiction])).dead == 1, "it is judged again, not dropped as a repeat"
    assert await value(engine, "SELECT attempts FROM saga.dead_letter") == 2


async def test_a_second_payment_is_refunded_whichever_came_first(engine: AsyncEngine, step: Step) -> None:
    later = message("PaymentReceived", "o-1", payment_id="p-2", received_at="2026-01-01T00:00:02Z")
    sooner = message("PaymentReceived", "o-1", payment_id="p-1", received_at="2026-01-01T00:00:01+00:00")
    await step.handle([later])
    await step.handle([sooner])
    refunds = await rows(engine, "SELECT data ->> 'payment_id' FROM saga.event_log WHERE type = 'RefundPayment'")
    assert refunds == [("p-2",)]


async def test_poison_is_kept_raw_with_its_reason_and_the_others_go_on(engine: AsyncEngine, step: Step) -> None:
    poison = Poison(Raw(b"\xff\x00", headers={"x": b"\xfe"}), "the body is not UTF-8")
    unknown = message("OrderShipped", "o-1")
    assert await step.handle([poison, message("OrderPlaced", "o-1"), unknown]) == StepResult(1, 0, 0, 2, 1)
    kept = dict(await rows(engine, "SELECT reason, body FROM saga.dead_letter WHERE kind = 'poison'"))
    assert kept.pop("the body is not UTF-8") == b"\xff\x00"
    (reason,) = kept
    assert reason.startswith("unknown type 'OrderShipped': order consumes OrderPlaced")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"amount": -5}, "amount: Input should be greater than 0 (got -5)"),
        ({"amount": 4.5}, "amount: Input should be a valid integer"),
        ({"amount": True}, "amount: Input should be a valid integer"),
        ({"amount": "42"}, "amount: Input should be a valid integer"),
        ({"amount": 2**60}, "amount: Input should be less than or equal to"),
        ({"currency": "euro"}, "currency: String should match pattern"),
        ({"payment_timeout_seconds": 0}, "payment_timeout_seconds: Input should be greater than 0"),
        ({"order_id": 7}, "order_id: Input should be a valid string"),
        ({"order_id": ""}, "order_id: String should have at least 1 character"),
    ],
)
async def test_wrong_data_is_refused_by_the_name_of_the_field(
    engine: AsyncEngine, step: Step, data: dict[str, object], complaint: str
) -> None:
    wrong = message("OrderPlaced", "o-1")
    assert (await step.handle([replace(wrong, data={**wrong.data, **data})])).dead == 1
    assert complaint in (await dead_letters(engine))[0][1]


async def test_an_order_id_may_come_as_subject_but_not_contradict_the_data(engine: AsyncEngine, step: Step) -> None:
    placed = message("OrderPlaced", "o-1")
    without = {name: said for name, said in placed.data.items() if name != "order_id"}
    assert (await step.handle([replace(placed, data=without, subject="o-1")])).taken == 1
    assert (await step.handle([replace(message("OrderCancelled", "o-1"), subject="o-2")])).dead == 1
    assert (await step.handle([replace(placed, id="m-x", data=without)])).dead == 1
    reasons = [reason for _, reason in await dead_letters(engine)]
    assert reasons == ["subject 'o-2' is not order_id 'o-1'", "missing order_id: neither in the data nor as subject"]


async def test_a_decision_that_raises_parks_its_instance_alone(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(entries: object) -> frozenset[str]:
        raise ZeroDivisionError("a bug in the process")

    monkeypatch.setattr(
        order_tables, "SURPLUS", Selection("broken", Register("payments", PaymentReceived, "payment_id"), choose)
    )
    broken = Step(engine, order_process())
    batch = [message("OrderCancelled", "o-2"), message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1")]
    assert await broken.handle(batch) == StepResult(1, 0, 0, 2, 2)
    assert (await outcome(engine, "o-1"), await outcome(engine, "o-2")) == (None, "cancelled")
    assert {kind for kind, _ in await dead_letters(engine)} == {"failed"}
    assert "the decision raised ZeroDivisionError: a bug in the process" in (await dead_letters(engine))[0][1]

    monkeypatch.undo()
    letters = [row[0] for row in await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")]
    assert await Step(engine, order_process()).handle(batch[1:], redriven=letters) == StepResult(2, 0, 0, 0, 4)
    assert await outcome(engine, "o-1") == "paid"
    assert await dead_letters(engine) == []


async def test_a_redriven_message_that_was_taken_in_meanwhile_changes_nothing(engine: AsyncEngine, step: Step) -> None:
    placed = message("OrderPlaced", "o-1")
    await step.handle([placed])
    assert await step.handle([placed], redriven=[1]) == StepResult(0, 0, 1, 0, 0)


async def test_nothing_is_left_of_a_step_that_fails_at_its_last_statement(engine: AsyncEngine, step: Step) -> None:
    await execute(
        engine,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a bug' USING ERRCODE = '42601'; END $$",
    )
    await execute(
        engine, "CREATE TRIGGER fail BEFORE INSERT ON saga.event_log FOR EACH STATEMENT EXECUTE FUNCTION fail()"
    )
    with pytest.raises(DBAPIError, match="a bug"):
        await step.handle([message("OrderPlaced", "o-1"), message("Nonsense", "o-1")])
    for table in ("inbox", "instance", "timer", "event_log", "dead_letter", "module"):
        assert await value(engine, f"SELECT count(*) FROM saga.{table}") == 0, table


async def test_many_workers_on_the_same_orders_lose_and_double_nothing(engine: AsyncEngine, seed: int) -> None:
    chance = random.Random(seed)
    orders = [f"o-{number}" for number in range(40)]
    kinds = ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")
    everything = [message(kind, order) for order in orders for kind in kinds]
    deliveries = everything * 3
    chance.shuffle(deliveries)
    batches = [deliveries[start : start + 25] for start in range(0, len(deliveries), 25)]

    async def work(mine: list[list[object]]) -> None:
        step = Step(engine, PROCESS)
        for batch in mine:
            while True:
                try:
                    await step.handle(batch)  # type: ignore[arg-type]
                    break
                except (LostRace, Unavailable):
                    continue

    await asyncio.gather(*(work(batches[number::4]) for number in range(4)))  # type: ignore[arg-type]
    assert {await outcome(engine, order) for order in orders} == {"refunded"}
    answered = await value(engine, "SELECT count(*) FROM saga.event_log WHERE type IN ('InputTaken', 'InputIgnored')")
    assert answered == len(everything)
    sent = await rows(engine, "SELECT count(*), count(DISTINCT event_id) FROM saga.event_log WHERE target IS NOT NULL")
    assert sent[0][0] == sent[0][1]


async def test_a_position_must_be_what_its_log_says(engine: AsyncEngine, step: Step) -> None:
    async with durable_transaction(engine) as connection:
        await append(
            connection,
            "orders",
            [NewEvent("o-1", "OrderPlaced", "e-1", {}), NewEvent("o-1", "OrderCancelled", "e-2", {})],
        )
    claims = [
        message("OrderCancelled", "o-1", module="orders", position=9, message_id="e-9"),
        message("OrderCancelled", "o-1", module="orders", position=2, message_id="e-x"),
        message("OrderCancelled", "o-1", module="orders", position=2, previous=0, message_id="e-2"),
    ]
    assert (await step.handle(claims)).dead == 3
    assert {reason for _, reason in await dead_letters(engine)} == {
        "position 9 of module orders is beyond the end of its log, which is 2",
        "position 2 of module orders is event e-2, not e-x",
        "position 2 of module orders follows public position 1, not 0",
    }
    assert await rows(engine, "SELECT * FROM saga.cursor") == [], "an invented position must not move a cursor"
    assert (
        await step.handle([message("OrderCancelled", "o-1", module="orders", position=2, previous=1, message_id="e-2")])
    ).taken == 1


@pytest.mark.parametrize("previous", [0, 999, None])
@pytest.mark.parametrize("position", [1_000, 2**63 - 2])
async def test_a_claim_on_a_log_that_has_not_begun_is_refused_and_covers_nothing(
    engine: AsyncEngine, step: Step, position: int, previous: int | None
) -> None:
    liar = message("PaymentReceived", "liar", module="payments", position=position, previous=previous)
    assert (await step.handle([liar])).dead == 1
    ((_, reason),) = await dead_letters(engine)
    assert "no log of it is kept here" in reason
    assert "SAGA_LOG_URLS" in reason
    assert await rows(engine, "SELECT * FROM saga.cursor") == []
    assert await rows(engine, "SELECT * FROM saga.instance") == []
    real = [message("PaymentReceived", f"o-{n}", module="payments", position=n, previous=n - 1) for n in range(1, 21)]
    async with durable_transaction(engine) as connection:
        events = [NewEvent(str(one.data["order_id"]), one.type, one.id, one.data) for one in real]
        await append(connection, "payments", events)
    assert (await step.handle(real)).taken == 20


async def test_a_module_that_is_kept_elsewhere_is_believed(engine: AsyncEngine) -> None:
    step = Step(engine, PROCESS, remote_modules={"payments"})
    assert (await step.handle([message("PaymentReceived", "o-1", module="payments", position=1_000)])).taken == 1


async def test_only_a_module_that_the_process_hears_has_a_cursor(engine: AsyncEngine) -> None:
    """Neither a message that it refuses leaves one, nor one that speaks for another module."""
    step = Step(engine, PROCESS, remote_modules={"payments", "orders", "invented", "order-process", "relay"})
    claims = [
        message("PaymentReceived", "o-1", module=module, position=1_000, previous=0)
        for module in ("orders", "invented", "order-process", "relay", "scheduler")
    ]
    assert (await step.handle(claims)).dead == len(claims)
    assert (await step.handle([message("Nonsense", "o-1", module="invented", position=7)])).dead == 1
    assert await rows(engine, "SELECT * FROM saga.cursor") == []
    assert await rows(engine, "SELECT * FROM saga.instance") == []


async def test_a_position_is_a_repeat_even_when_its_inbox_row_is_pruned(engine: AsyncEngine) -> None:
    step = Step(engine, PROCESS, remote_modules={"orders"})
    placed = message("OrderPlaced", "o-1", module="orders", position=1, previous=0)
    await step.handle([placed])
    await execute(engine, "DELETE FROM saga.inbox")
    assert await step.handle([placed]) == StepResult(0, 0, 1, 0, 0)
    other = message("OrderPlaced", "o-2", module="orders", position=1, previous=0)
    assert (await step.handle([other])).taken == 0


async def test_the_same_position_with_another_id_is_a_conflict(engine: AsyncEngine) -> None:
    step = Step(engine, PROCESS, remote_modules={"orders"})
    await step.handle([message("OrderPlaced", "o-1", module="orders", position=1, message_id="m-a")])
    assert (await step.handle([message("OrderPlaced", "o-2", module="orders", position=1, message_id="m-b")])).dead == 1
    assert await dead_letters(engine) == [("conflict", "position 1 of module orders was taken in as message m-a")]
