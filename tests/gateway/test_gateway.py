"""The gateway on a real database: every movement of money happens once, whatever comes when and how often."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from saga.messages import Envelope, Poison, Raw
from saga.orders import PaymentReceived
from saga.postgres import Unavailable
from saga_gateway_stub.pending import CLAIM_PENDING
from saga_gateway_stub.scenario import FixedDelay
from tests.gateway.desk import Desk, behaviour, command, payment_of, refund, request, void


async def test_a_request_is_captured_once_and_told(desk: Desk) -> None:
    asked = request("o-1")
    await desk.send(asked)
    assert await desk.results() == {asked.id: "requested"}
    assert await desk.answer() == 1
    assert await desk.ledger("o-1") == [("capture", payment_of(asked), 4200)]
    assert await desk.results() == {asked.id: "captured"}
    (told,) = await desk.log("o-1")
    assert (told.type, told.visibility) == ("PaymentReceived", "public")
    assert told.metadata == {"correlationid": "conversation-o-1", "causationid": asked.id}
    assert set(told.data) == {"order_id", "payment_id", "amount", "currency", "received_at"}
    assert PaymentReceived.model_validate(told.data).payment_id == payment_of(asked)


async def test_the_payment_was_received_when_the_ledger_says(desk: Desk) -> None:
    await desk.send(request("o-1"))
    await desk.answer()
    ((at,),) = await desk.rows("SELECT at FROM gateway.ledger")
    assert [told["received_at"] for told in await desk.told("o-1")] == [at.isoformat(timespec="microseconds")]


async def test_nothing_is_captured_before_its_time(desk: Desk) -> None:
    patient = behaviour(delay=FixedDelay(seconds=3_600))
    await desk.send(request("o-1"), acting=patient)
    assert await desk.answer(patient) == 0
    assert await desk.ledger("o-1") == []
    ((seconds,),) = await desk.rows("SELECT extract(epoch FROM due_at - clock_timestamp()) FROM gateway.pending")
    assert 3_000 < seconds <= 3_600


@pytest.mark.parametrize("batches", [1, 2, 3])
async def test_the_same_command_again_is_counted_and_captured_once(desk: Desk, batches: int) -> None:
    asked = request("o-1")
    for _ in range(batches):
        await desk.send(asked, asked)
        await desk.answer()
    assert [kind for kind, *_ in await desk.ledger("o-1")] == ["capture"]
    assert len(await desk.told("o-1")) == 1
    ((deliveries,),) = await desk.rows("SELECT deliveries FROM gateway.command")
    assert deliveries == 2 * batches


async def test_a_void_that_comes_before_its_request_wins(desk: Desk) -> None:
    asked, withdrawn = request("o-1", 1), void("o-1", 2)
    await desk.send(withdrawn)
    await desk.send(asked)
    assert await desk.answer() == 0
    assert await desk.ledger("o-1") == []
    assert await desk.results() == {withdrawn.id: "voided", asked.id: "superseded"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_in_one_batch_the_greatest_revision_holds(desk: Desk, order: tuple[int, ...]) -> None:
    batch = [request("o-1", 1), void("o-1", 2), request("o-1", 3)]
    await desk.send(*(batch[index] for index in order))
    await desk.answer()
    assert await desk.ledger("o-1") == [("capture", payment_of(batch[2]), 4200)]


async def test_a_void_after_the_request_withdraws_it(desk: Desk) -> None:
    asked, withdrawn = request("o-1"), void("o-1")
    await desk.send(asked)
    await desk.send(withdrawn)
    await desk.answer()
    assert await desk.ledger("o-1") == []
    assert await desk.results() == {asked.id: "withdrawn", withdrawn.id: "voided"}
    assert [(row.type, row.visibility) for row in await desk.log("o-1")] == [("PaymentVoided", "internal")]


async def test_a_void_after_the_capture_keeps_the_capture_and_its_answer(desk: Desk) -> None:
    acting = behaviour(reordered=1.0, reorder_seconds=60.0)
    asked = request("o-1")
    await desk.send(asked, acting=acting)
    await desk.answer(acting)
    assert (await desk.ledger("o-1"), await desk.told("o-1")) == ([("capture", payment_of(asked), 4200)], [])
    await desk.send(void("o-1"), acting=acting)
    await desk.make_due()
    await desk.answer(acting)
    assert [told["payment_id"] for told in await desk.told("o-1")] == [payment_of(asked)]
    assert (await desk.results())[asked.id] == "captured"


async def test_a_late_command_of_a_lower_revision_has_no_effect(desk: Desk) -> None:
    newer, older = request("o-1", 3), void("o-1", 2)
    await desk.send(newer)
    await desk.send(older)
    await desk.answer()
    assert await desk.ledger("o-1") == [("capture", payment_of(newer), 4200)]
    assert (await desk.results())[older.id] == "superseded"


async def test_a_request_that_is_made_again_after_its_capture_moves_nothing(desk: Desk) -> None:
    first, second = request("o-1", 1), request("o-1", 3)
    await desk.send(first)
    await desk.answer()
    await desk.send(second)
    await desk.answer()
    assert await desk.ledger("o-1") == [("capture", payment_of(first), 4200)]
    assert await desk.results() == {first.id: "captured", second.id: "repeated"}


async def test_effects_of_one_order_do_not_touch_each_other(desk: Desk) -> None:
    deposit = command("RequestPayment", "o-1", 1, "deposit", amount=100, currency="EUR")
    await desk.send(void("o-1", 9), deposit)
    await desk.answer()
    assert await desk.ledger("o-1") == [("capture", payment_of(deposit), 100)]


async def test_a_payment_is_refunded_once(desk: Desk) -> None:
    asked = request("o-1")
    payment_id = payment_of(asked)
    await desk.send(asked)
    await desk.answer()
    for _ in range(2):
        await desk.send(refund("o-1", payment_id))
    again = replace(refund("o-1", payment_id, revision=5), id="another command")
    await desk.send(again)
    assert await desk.ledger("o-1") == [("capture", payment_id, 4200), ("refund", payment_id, 4200)]
    assert (await desk.results())[again.id] == "repeated"
    assert [row.type for row in await desk.log("o-1")] == ["PaymentReceived", "PaymentRefunded"]
    assert [tuple(row) for row in await desk.rows("SELECT external FROM gateway.ledger ORDER BY movement_id")] == [
        (False,),
        (False,),
    ]


async def test_a_payment_of_somebody_else_is_refunded_and_marked(desk: Desk) -> None:
    await desk.send(refund("o-1", "p-1"), refund("o-2", "p-1"), refund("o-1", "p-1"))
    rows = await desk.rows("SELECT order_id, kind, external FROM gateway.ledger ORDER BY order_id")
    assert [tuple(row) for row in rows] == [("o-1", "refund", True), ("o-2", "refund", True)]


@pytest.mark.parametrize(
    ("order_id", "amount", "reason"), [("o-2", 4200, "belongs to order o-1"), ("o-1", 9900, "is 4200 EUR")]
)
async def test_a_refund_that_contradicts_the_capture_is_refused_and_kept(
    desk: Desk, order_id: str, amount: int, reason: str
) -> None:
    asked = request("o-1")
    await desk.send(asked)
    await desk.answer()
    wrong = refund(order_id, payment_of(asked), amount=amount)
    await desk.send(wrong)
    assert (await desk.results())[wrong.id] == "refused"
    assert [kind for kind, *_ in await desk.ledger("o-1") + await desk.ledger("o-2")] == ["capture"]
    assert reason in (await desk.rejected())[wrong.raw.body]


async def test_a_declined_request_captures_nothing_and_explains_itself(desk: Desk) -> None:
    strict = behaviour(declined=1.0)
    asked = request("o-1")
    await desk.send(asked, acting=strict)
    await desk.answer(strict)
    assert await desk.ledger("o-1") == []
    assert await desk.results() == {asked.id: "declined"}
    assert [(row.type, row.visibility) for row in await desk.log("o-1")] == [("PaymentDeclined", "internal")]


async def test_a_lost_answer_is_repeated_later(desk: Desk) -> None:
    deaf = behaviour(lost_answers=1.0, lost_answer_repeat_seconds=60.0)
    asked = request("o-1")
    await desk.send(asked, acting=deaf)
    assert await desk.answer(deaf) == 1
    assert (len(await desk.ledger("o-1")), await desk.told("o-1")) == (1, [])
    assert await desk.answer(deaf) == 0
    await desk.make_due()
    assert await desk.answer(deaf) == 1
    assert [told["payment_id"] for told in await desk.told("o-1")] == [payment_of(asked)]
    assert await desk.rows("SELECT 1 FROM gateway.pending") == []


async def test_duplicate_answers_say_the_same_again(desk: Desk) -> None:
    talkative = behaviour(duplicates=1.0)
    orders = [f"o-{number}" for number in range(10)]
    await desk.send(*map(request, orders), acting=talkative)
    await desk.answer(talkative)
    await desk.make_due()
    await desk.answer(talkative)
    events = [row for order in orders for row in await desk.log(order)]
    assert len(events) == 40
    assert len({row.event_id for row in events}) not in {10, 40}, "some repeat the event, some are another one"
    for order in orders:
        told = await desk.told(order)
        assert told == [told[0]] * 4
        assert len(await desk.ledger(order)) == 1


async def test_payments_can_be_told_in_another_order_than_captured(desk: Desk) -> None:
    acting = behaviour(reordered=0.5, reorder_seconds=60.0)
    orders = [f"o-{number:02}" for number in range(20)]
    for order in orders:
        await desk.send(request(order), acting=acting)
        await desk.answer(acting)
    await desk.make_due()
    await desk.answer(acting)
    captured = [row.order_id for row in await desk.rows("SELECT order_id FROM gateway.ledger ORDER BY at")]
    told = await desk.rows("SELECT stream_id FROM saga.event_log WHERE type = 'PaymentReceived' ORDER BY position")
    assert captured == orders
    assert sorted(row.stream_id for row in told) == orders
    assert [row.stream_id for row in told] != orders


async def test_in_an_outage_no_command_is_taken(desk: Desk) -> None:
    stop = asyncio.Event()
    stop.set()
    away = behaviour(outage_period_seconds=1e4, outage_seconds=9_999.9)
    await desk.run(
        "UPDATE gateway.opening SET at = clock_timestamp() - make_interval(secs => :begin)",
        begin=away._chance("", "outage") * 1e4 + 1,
    )
    with pytest.raises(Unavailable, match="outage"):
        await desk.send_to(away, stop, request("o-1"))
    assert await desk.results() == {}


def _bad_commands() -> list[tuple[Envelope | Poison, str]]:
    good = request("o-1")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"amount": -1}, "amount: Input should be greater than 0 (got -1)"),
        ({"amount": "1"}, "amount: Input should be a valid integer"),
        ({"amount": 2**53}, "amount: Input should be less than"),
        ({"currency": "euro"}, "currency: String should match"),
        ({"revision": 0}, "revision: Input should be greater than or equal to 1"),
        ({"revision": True}, "revision: Input should be a valid integer"),
        ({"order_id": ""}, "order_id: String should have at least 1 character"),
        ({"order_id": "ж" * 128}, "order_id: Value error, should have at most 255 bytes"),
        ({"order_id": "o-2"}, "subject 'o-1' is not order_id 'o-2'"),
        ({"effect": None}, "effect: Input should be a valid string"),
    ]
    bad: list[tuple[Envelope | Poison, str]] = [
        (replace(good, data={**good.data, **fields}, raw=Raw(f"wrong {number}".encode())), reason)
        for number, (fields, reason) in enumerate(wrong)
    ]
    bad.append((replace(good, type="BuyPony", raw=Raw(b"pony")), "unknown command 'BuyPony': understood are Req"))
    bad.append((Poison(Raw(b"\x00\xff"), "the body is not UTF-8", type="a\x00b", id="\ud800"), "the body is not UTF-8"))
    return bad


async def test_what_is_no_command_is_kept_raw_with_its_reason_and_the_others_go_on(desk: Desk) -> None:
    bad = _bad_commands()
    asked = request("good")
    await desk.send(*(message for message, _ in bad), asked, *(message for message, _ in bad))
    await desk.send(bad[0][0])
    rejected = await desk.rejected()
    assert len(rejected) == len(bad)
    for message, reason in bad:
        assert rejected[message.raw.body].startswith(("wrong data: " + reason, reason))
    assert await desk.results() == {asked.id: "requested"}


async def test_a_known_id_with_other_contents_is_rejected(desk: Desk) -> None:
    asked = request("o-1")
    other = replace(request("o-1", amount=1), id=asked.id)
    await desk.send(asked)
    await desk.send(other)
    await desk.answer()
    assert await desk.ledger("o-1") == [("capture", payment_of(asked), 4200)]
    assert await desk.rejected() == {other.raw.body: f"command {asked.id} came before with other contents"}


async def test_the_ledger_refuses_to_be_changed_or_doubled(desk: Desk) -> None:
    await desk.send(request("o-1"), request("o-2"))
    await desk.answer()
    for statement in ("UPDATE gateway.ledger SET amount = 1", "DELETE FROM gateway.ledger", "TRUNCATE gateway.ledger"):
        with pytest.raises(DBAPIError, match="append-only"):
            await desk.run(statement)
    columns = "kind, order_id, effect, payment_id, amount, currency"
    void_id = void("o-1").id
    await desk.send(void("o-1"))
    for changed in ("'p-other' AS payment_id", "'o-9' AS order_id"):
        name = changed.rpartition(" ")[2]
        with pytest.raises(IntegrityError, match=r"ledger_(capture|payment)_key"):
            await desk.run(
                f"INSERT INTO gateway.ledger (idempotency_key, {columns})"
                f" SELECT :key, {columns.replace(name, changed)} FROM gateway.ledger WHERE order_id = 'o-1'",
                key=void_id,
            )


async def test_two_gateways_and_two_answerers_at_once_double_nothing_and_never_lock_in_a_circle(desk: Desk) -> None:
    talkative = behaviour(duplicates=0.3)
    orders = [f"o-{number:03}" for number in range(150)]
    commands = [make(order) for order in orders for make in (request, void, lambda o: refund(o, f"p-{o}"))]

    async def hand_in(step: int) -> None:
        mixed = commands[::step] + commands
        for begin in range(0, len(mixed), 40):
            await desk.send(*mixed[begin : begin + 40], acting=talkative)

    async def answer() -> None:
        for _ in range(20):
            await desk.answer(talkative)

    async with asyncio.TaskGroup() as everybody:
        for step in (-1, 7, -3):
            everybody.create_task(hand_in(step))
        for _ in range(2):
            everybody.create_task(answer())
    await desk.make_due()
    await desk.answer(talkative)
    doubled = await desk.rows("SELECT 1 FROM gateway.ledger GROUP BY order_id, kind HAVING count(*) > 1")
    untold = await desk.rows(
        "SELECT 1 FROM gateway.ledger AS l WHERE kind = 'capture' AND NOT EXISTS (SELECT FROM saga.event_log AS e"
        " WHERE e.type = 'PaymentReceived' AND e.data->>'payment_id' = l.payment_id)"
    )
    ((refunds,),) = await desk.rows("SELECT count(*) FROM gateway.ledger WHERE kind = 'refund'")
    assert (doubled, untold, refunds) == ([], [], 150)


EXAMPLES = itertools.count()


@given(st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_in_any_order_of_arrival_the_last_revision_decides(desk: Desk, data: st.DataObject) -> None:
    order_id = f"o-{next(EXAMPLES)}"
    kinds = data.draw(st.lists(st.sampled_from([request, void]), min_size=1, max_size=5))
    made = [make(order_id, revision) for revision, make in enumerate(kinds, 1)]
    arriving = data.draw(st.permutations(made + data.draw(st.lists(st.sampled_from(made), max_size=3))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(arriving)))) | {0, len(arriving)})
    for begin, end in itertools.pairwise(cuts):
        await desk.send(*arriving[begin:end])
    await desk.answer()
    expected = [("capture", payment_of(made[-1]), 4200)] if kinds[-1] is request else []
    assert await desk.ledger(order_id) == expected


async def test_looking_for_what_is_due_uses_the_index(desk: Desk) -> None:
    await desk.send(*(request(f"o-{number}") for number in range(500)), acting=behaviour(delay=FixedDelay(seconds=60)))
    async with desk.engine.connect() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = (await connection.execute(text(f"EXPLAIN {CLAIM_PENDING.text}"), {"limit": 200})).scalars().all()
    assert any("pending_due_idx" in line for line in plan)
