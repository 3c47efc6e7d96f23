"""A replay finds what differs from the record, and nothing else; it sends nothing."""

import random

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.modules.reader import read_all
from saga.verification.replay import Coverage, check, check_these
from saga.verification.replay.pages import FIND_NEXT
from tests.engine.conversation import execute, looking_beside, message, outcome, rows, value
from tests.replay.evidence import PROCESS, delete_entries, differing, examined, history, log, reasons, record


@pytest.fixture
def step(engine: AsyncEngine) -> Step:
    return Step(engine, PROCESS, remote_modules=PROCESS.inputs)


@pytest.mark.parametrize("turn", range(3))
async def test_whatever_was_taken_in_is_what_its_record_says(
    engine: AsyncEngine, step: Step, turn: int, seed: int
) -> None:
    for batch in history(random.Random(seed), orders=60):
        await step.handle(batch)
    before = await log(engine)
    found = await examined(engine, page_size=7)
    ids = [process_id for (process_id,) in await rows(engine, "SELECT process_id FROM saga.instance ORDER BY 1")]
    assert [one.process_id for one in found] == ids, "each instance once, in the order of their ids"
    assert {one.process_id: one.differences for one in found if one.differences} == {}
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE type = 'CursorMoved'") > 0
    assert await log(engine) == before


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("outcome = 'expired'", "outcome"),
        ("settled = false", "settled"),
        ("stream_version = 1", "stream_version"),
        ("stream_version = 99", "stream_version"),
        ("""state = jsonb_set(state, '{parts,payment}', '"unpaid"')""", "state.parts.payment"),
        ("state = state #- '{registers,payments,pay-o-1}'", "state.registers.payments.pay-o-1"),
        ("state = jsonb_set(state, '{registers,payments,pay-o-1,amount}', '1')", "state.registers.payments.pay-o-1"),
        ("state = jsonb_set(state, '{commanded,fulfilment,1}', '7')", "state.commanded.fulfilment"),
        ("state = state #- '{revisions,gateway}'", "state.revisions.gateway"),
        ("""state = jsonb_set(state, '{parts,payment}', '"lost"')""", "state"),
        ("state = '[]'", "state"),
    ],
)
async def test_what_differs_is_found_and_named(engine: AsyncEngine, step: Step, change: str, what: str) -> None:
    said = [message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1"), message("PaymentReceived", "o-2")]
    await step.handle(said)
    await execute(engine, f"UPDATE saga.instance SET {change} WHERE process_id = 'o-1'")
    assert await differing(engine) == {"o-1": [what]}


async def test_an_order_that_is_recorded_and_has_no_row_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("PaymentReceived", "o-2")])
    await execute(engine, "DELETE FROM saga.instance WHERE process_id = 'o-1'")
    assert await differing(engine) == {"o-1": ["row"]}
    assert await reasons(engine, "o-1") == ["it has no row; recorded is awaiting_payment"]


async def test_a_difference_says_what_is_stored_against_what_is_recorded(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await execute(engine, "UPDATE saga.instance SET outcome = 'paid', stream_version = 2")
    assert await reasons(engine, "o-1") == [
        "outcome: stored paid, recorded cancelled",
        "stream_version: stored 2, recorded 5",
    ]


async def test_a_deadline_without_a_timer_is_found_as_long_as_the_order_waits(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2"), message("PaymentReceived", "o-2")])
    await execute(engine, "DELETE FROM saga.timer")
    assert await differing(engine) == {"o-1": ["timer.payment_deadline"]}
    assert "has no timer: it would wait for ever" in (await reasons(engine, "o-1"))[0]


async def test_a_row_of_which_nothing_is_recorded_is_found_and_left_alone(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await delete_entries(engine, "o-1", "true")
    (found,) = await examined(engine)
    assert [(one.what, one.repairable) for one in found.differences] == [("record", False)]


async def test_a_command_that_is_gone_from_the_log_is_named_by_the_input_that_leads_to_it(
    engine: AsyncEngine, step: Step
) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1")])
    await delete_entries(engine, "o-1", "type = 'VoidPayment'")
    (reason,) = await reasons(engine, "o-1")
    assert reason.startswith("entry 3 of its record leads to VoidPayment revision 2 for gateway (payment_request)")
    assert reason.endswith("and the log does not have it")


async def test_a_command_that_no_input_leads_to_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await execute(
        engine,
        "INSERT INTO saga.event_log (module, position, stream_id, stream_version, event_id, type, visibility, target,"
        " data, metadata) VALUES ('order-process', 3, 'o-1', 3, 'x', 'StartFulfilment', 'internal', 'fulfilment',"
        """ '{"effect": "fulfilment", "revision": 1}', '{}')""",
    )
    assert await differing(engine) == {
        "o-1": ["stream_version", "state.commanded.fulfilment", "state.revisions.fulfilment", "command.fulfilment"]
    }


async def test_a_record_that_lacks_an_input_is_not_followed_further(engine: AsyncEngine, step: Step) -> None:
    await step.handle(
        [message("PaymentReceived", "o-1"), message("OrderCancelled", "o-1"), message("OrderPlaced", "o-1")]
    )
    await delete_entries(engine, "o-1", "data ->> 'type' = 'OrderCancelled'")
    (reason,) = await reasons(engine, "o-1")
    assert "entry 1: what stood behind it is not in the log: 1 of its stream's versions" in reason
    assert not (await examined(engine))[0].repairable


async def test_a_record_that_lacks_its_beginning_is_not_followed(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await delete_entries(engine, "o-1", "stream_version <= 2")
    assert await differing(engine) == {"o-1": ["entry.3"]}
    await execute(engine, "INSERT INTO saga.stream_tombstone VALUES ('order-process', 'o-1', 4)")
    assert [one.coverage for one in await examined(engine)] == [Coverage.PARTLY_PRUNED], "this was done on purpose"


@pytest.mark.parametrize(
    ("type_", "said", "reason"),
    [
        ("InputTaken", {"type": "OrderShipped", "fields": {}}, "order does not know OrderShipped any more"),
        (
            "InputTaken",
            {
                "type": "PaymentReceived",
                "fields": {"order_id": "o-1", "payment_id": "p", "amount": -1, "currency": "EUR"},
            },
            "its data are not valid any more: amount: Input should be greater than 0",
        ),
        (
            "InputIgnored",
            {"type": "OrderPlaced", "fields": {"order_id": "o-1", "amount": 1, "currency": "EUR"}},
            "OrderPlaced contradicts what was recorded before: order_id 'o-1' is already known with other contents",
        ),
        ("InputTaken", {}, "replaying it raised KeyError"),
        ("SomethingElse", {}, "it is a SomethingElse, which no instance's stream is known to hold"),
    ],
)
async def test_an_entry_that_cannot_be_replayed_is_a_finding_about_its_order_alone(
    engine: AsyncEngine, step: Step, type_: str, said: dict[str, object], reason: str
) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2")])
    await record(engine, "o-1", type_, said)
    assert list(await differing(engine)) == ["o-1"]
    (sentence,) = await reasons(engine, "o-1")
    assert f"entry 3: {reason}" in sentence


async def test_the_version_of_the_process_alone_is_no_difference(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await execute(engine, "UPDATE saga.instance SET process_version = 7, state = state #- '{parts,deadline}'")
    (found,) = await examined(engine)
    assert (found.process_version, found.differences) == (7, ()), "a part that is not stored stands at its start"


async def test_a_pruned_order_is_no_difference_and_neither_is_one_that_came_back(
    engine: AsyncEngine, step: Step
) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await execute(
        engine,
        "INSERT INTO saga.instance_tombstone SELECT process, process_id, process_version, stream_version, outcome,"
        " state, created_at, updated_at FROM saga.instance",
    )
    await execute(engine, "DELETE FROM saga.instance")
    assert [one.coverage for one in await examined(engine)] == [Coverage.PRUNED], "its record may outlive its row"
    await delete_entries(engine, "o-1", "true")
    assert await examined(engine) == []
    assert [one.coverage async for page in check_these(engine, PROCESS, ["o-1"]) for one in page] == [Coverage.PRUNED]
    await step.handle([message("PaymentReceived", "o-1")])
    assert await outcome(engine, "o-1") == "refunded"
    began = "SELECT stream_version, type FROM saga.event_log WHERE stream_id = 'o-1' ORDER BY 1 LIMIT 1"
    assert await rows(engine, began) == [(6, "InstanceRevived")]
    assert await differing(engine) == {}
    await execute(engine, "UPDATE saga.instance SET outcome = 'paid'")
    assert await differing(engine) == {"o-1": ["outcome"]}


async def test_an_order_of_which_nothing_is_known_is_said_to_be_unknown(engine: AsyncEngine) -> None:
    pages = [page async for page in check_these(engine, PROCESS, ["o-1"])]
    assert [one.coverage for one in pages[0]] == [Coverage.UNKNOWN]


async def test_a_check_beside_running_steps_finds_no_difference(engine: AsyncEngine, step: Step, seed: int) -> None:
    batches = history(random.Random(seed), orders=150)
    wrong, looked_at = list[object](), 0

    async def look() -> None:
        nonlocal looked_at
        async for page in check(engine, PROCESS, page_size=20):
            looked_at += len(page)
            wrong.extend(one for one in page if one.differences)

    await looking_beside(step, batches, look)
    assert wrong == []
    assert looked_at > 0, "it looked while they worked"
    assert await differing(engine) == {}


async def test_instances_are_found_by_index(engine: AsyncEngine) -> None:
    await execute(
        engine,
        "INSERT INTO saga.event_log (module, position, stream_id, stream_version, event_id, type, visibility, data,"
        " metadata) SELECT 'order-process', n, 'o-' || n / 3, n % 3 + 1, n, 'InputTaken', 'internal', '{}', '{}'"
        " FROM generate_series(1, 60000) AS n",
    )
    await execute(
        engine,
        "INSERT INTO saga.instance (process, process_id, process_version)"
        " SELECT 'order', 'o-' || n, 1 FROM generate_series(1, 20000) AS n",
    )
    await execute(engine, "ANALYZE saga.event_log, saga.instance")
    parameters = {"process": "order", "module": "order-process", "after": "o-5", "limit": 500}
    plan = "\n".join(line for (line,) in await rows(engine, f"EXPLAIN {FIND_NEXT.text}", **parameters))
    assert "event_log_module_stream_id_stream_version_key" in plan
    assert "instance_pkey" in plan
    assert "Seq Scan" not in plan
    found = [one for (one,) in await rows(engine, FIND_NEXT.text, **parameters)]
    all_of_them = "SELECT process_id FROM saga.instance WHERE process_id > 'o-5' ORDER BY process_id LIMIT 500"
    assert found == [one for (one,) in await rows(engine, all_of_them)]


async def test_reading_the_log_is_all_that_a_check_does(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await execute(engine, "DELETE FROM saga.instance")
    await examined(engine)
    assert await rows(engine, "SELECT * FROM saga.instance") == []
    async with engine.connect() as connection:
        assert (await read_all(connection, PROCESS.module, 0)).horizon == 2
