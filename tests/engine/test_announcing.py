"""A step announces each change of outcome in its own transaction: the greatest revision is always the outcome."""

import asyncio
import random
from dataclasses import replace
from itertools import permutations

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step, StepResult
from saga.operations import erase
from saga.orders import order_process
from saga.postgres import LostRace
from tests.audit.evidence import differing as audited_differing
from tests.engine.conversation import dead_letters, message, outcome, rows, value
from tests.replay.evidence import differing
from tests.retention.archive import prune

PROCESS = order_process()
SILENT = replace(PROCESS, announces=None)
KINDS = ("OrderPlaced", "PaymentReceived", "PaymentTimedOut", "OrderCancelled")


@pytest.fixture
def step(engine: AsyncEngine) -> Step:
    return Step(engine, PROCESS)


async def announced(engine: AsyncEngine, order_id: str) -> list[tuple[str, str, int]]:
    """Type, outcome and revision of what readers of the public log receive of an order."""
    entries = await rows(
        engine,
        "SELECT type, CAST(data AS text) FROM saga.public_event WHERE module = :module AND stream_id = :id"
        " ORDER BY position",
        module=PROCESS.module,
        id=order_id,
    )
    received = [(type_, orjson.loads(data)) for type_, data in entries]
    assert all(data["order_id"] == order_id for _, data in received)
    return [(type_, data["outcome"], data["revision"]) for type_, data in received]


async def test_each_change_is_announced_with_its_cause_behind_the_commands(engine: AsyncEngine, step: Step) -> None:
    assert await step.handle([message("OrderPlaced", "o-1")]) == StepResult(1, 0, 0, 0, 1)
    assert await announced(engine, "o-1") == []
    await step.handle([message("PaymentTimedOut", "o-1")])
    paid = replace(message("PaymentReceived", "o-1", message_id="m-p"), correlation_id="c-1")
    assert (await step.handle([paid])).outgoing == 2
    await step.handle([message("OrderCancelled", "o-1")])
    assert await announced(engine, "o-1") == [
        ("OrderExpired", "expired", 1),
        ("OrderPaid", "paid", 2),
        ("OrderRefunded", "refunded", 3),
    ]
    (said,) = await rows(
        engine, "SELECT data, metadata, event_id, visibility FROM saga.event_log WHERE type = 'OrderPaid'"
    )
    assert said[0] == {
        "order_id": "o-1",
        "announcement_id": said[2],
        "outcome": "paid",
        "revision": 2,
        "settled": True,
        "final": False,
    }
    assert said[1] == {"correlationid": "c-1", "causationid": "m-p"}
    last = "SELECT type FROM saga.event_log WHERE stream_id = 'o-1' ORDER BY stream_version DESC LIMIT 1"
    assert (said[3], await value(engine, last)) == ("public", "OrderRefunded")
    assert await value(engine, "SELECT data ->> 'final' FROM saga.event_log WHERE type = 'OrderRefunded'") == "true"


async def test_a_batch_announces_what_holds_after_it(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message(kind, "o-1") for kind in KINDS])
    assert await announced(engine, "o-1") == [("OrderRefunded", "refunded", 1)]


async def test_what_is_ignored_or_comes_again_announces_nothing(engine: AsyncEngine, step: Step) -> None:
    cancelled = message("OrderCancelled", "o-1")
    await step.handle([cancelled])
    await step.handle([cancelled])
    assert (await step.handle([message("OrderCancelled", "o-1", message_id="m-z")])).ignored == 1
    assert await announced(engine, "o-1") == [("OrderWithdrawn", "cancelled", 1)]


async def test_a_revision_is_in_the_state_that_is_stored(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("PaymentReceived", "o-1")])
    stored = orjson.loads(await value(engine, "SELECT CAST(state AS text) FROM saga.instance"))
    assert stored["commanded"]["/announced"] == ["paid", 1]


async def test_every_order_of_the_inputs_in_any_batches_ends_with_the_outcome(engine: AsyncEngine, seed: int) -> None:
    chance = random.Random(seed)
    orders = {
        f"o-{number}-{size}": [*some, *chance.sample(some, chance.randrange(size + 1))]
        for size in range(1, 5)
        for number, some in enumerate(permutations(KINDS, size))
    }
    lanes = [[], [], []]  # type: ignore[var-annotated]
    for order_id, kinds in orders.items():
        for kind in kinds:
            said = message(kind, order_id, message_id=f"{order_id}-{kind}")
            lanes[chance.randrange(3)] += [said] * chance.randint(1, 3)

    async def work(mine: list[object]) -> None:
        step = Step(engine, PROCESS)
        while mine:
            batch, rest = mine[: (size := chance.randrange(1, 40))], mine[size:]
            try:
                await step.handle(batch)  # type: ignore[arg-type]
            except LostRace:
                continue
            mine = rest

    await asyncio.gather(*(work(lane) for lane in lanes))
    for order_id in orders:
        received = await announced(engine, order_id)
        assert [revision for _, _, revision in received] == list(range(1, len(received) + 1)), order_id
        believed = received[-1][1] if received else "awaiting_payment"
        assert believed == await outcome(engine, order_id), order_id
    assert await differing(engine) == {}
    assert await audited_differing(engine) == {}


async def test_what_an_older_version_did_not_say_is_said_after_the_next_message(engine: AsyncEngine) -> None:
    await Step(engine, SILENT).handle([message("PaymentReceived", "o-1"), message("OrderPlaced", "o-1")])
    newer = replace(PROCESS, version=PROCESS.version + 1)
    await Step(engine, newer).handle([message("PaymentTimedOut", "o-1")])
    assert await announced(engine, "o-1") == [("OrderPaid", "paid", 1)]


async def test_a_pruned_instance_that_comes_back_counts_on_and_says_nothing_twice(
    engine: AsyncEngine, step: Step
) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1")])
    await prune(engine)
    assert await rows(engine, "SELECT 1 FROM saga.instance") == []
    await step.handle([message("PaymentTimedOut", "o-1")])
    assert await announced(engine, "o-1") == []
    await step.handle([message("OrderCancelled", "o-1")])
    assert await announced(engine, "o-1") == [("OrderRefunded", "refunded", 2)]
    await prune(engine)
    await step.handle([message("PaymentReceived", "o-1", payment_id="late")])
    assert await announced(engine, "o-1") == [], "what is final is said once"
    assert await differing(engine) == {}
    assert await audited_differing(engine) == {}


async def test_an_erasure_leaves_what_readers_believe(engine: AsyncEngine, step: Step) -> None:
    said = replace(message("PaymentReceived", "o-1", note="secret"), correlation_id="secret", traceparent="secret")
    await step.handle([said])
    before = await announced(engine, "o-1")
    await erase(engine, PROCESS, "o-1", actor="test", reason="asked")
    assert await announced(engine, "o-1") == before != []
    assert await rows(engine, "SELECT 1 FROM saga.event_log WHERE CAST(metadata AS text) LIKE '%secret%'") == []
    await step.handle([message("OrderCancelled", "o-1")])
    assert (await announced(engine, "o-1"))[-1] == ("OrderRefunded", "refunded", 2)
    assert await differing(engine) == {}
    assert await audited_differing(engine) == {}


async def test_a_redriven_message_is_announced_like_any_other(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("PaymentReceived", "o-1", amount="none", message_id="m-1")])
    assert len(await dead_letters(engine)) == 1
    assert await announced(engine, "o-1") == []
    await step.handle([message("PaymentReceived", "o-1", message_id="m-1")], redriven=[1])
    assert await announced(engine, "o-1") == [("OrderPaid", "paid", 1)]


@pytest.mark.parametrize(
    ("change", "given"),
    [
        ("outcome", '"expired"'),
        ("revision", "7"),
        ("type", "OrderExpired"),
    ],
)
async def test_another_announcement_than_the_record_leads_to_is_found_by_replay_and_audit(
    engine: AsyncEngine, step: Step, change: str, given: str
) -> None:
    await step.handle([message("PaymentReceived", "o-1"), message("OrderCancelled", "o-2")])
    what = f"type = '{given}'" if change == "type" else f"data = jsonb_set(data, '{{{change}}}', '{given}')"
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(f"UPDATE saga.event_log SET {what} WHERE type = 'OrderPaid'"))
    assert "announcement" in (await differing(engine))["o-1"]
    assert "announcement" in (await audited_differing(engine))["o-1"]
    assert "o-2" not in {**await differing(engine), **await audited_differing(engine)}


@pytest.mark.parametrize(("promise", "given"), [("settled", "false"), ("final", "true")])
async def test_a_false_promise_in_an_announcement_is_found_by_the_audit(
    engine: AsyncEngine, step: Step, promise: str, given: str
) -> None:
    await step.handle([message("PaymentReceived", "o-1"), message("OrderCancelled", "o-2")])
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        changed = (
            f"UPDATE saga.event_log SET data = jsonb_set(data, '{{{promise}}}', '{given}') WHERE type = 'OrderPaid'"
        )
        await connection.execute(text(changed))
    assert await audited_differing(engine) == {"o-1": ["announcement"]}


async def test_a_missing_announcement_is_found_by_replay_and_audit(engine: AsyncEngine, step: Step) -> None:
    await Step(engine, SILENT).handle([message("PaymentReceived", "o-1")])
    assert await differing(engine) == {"o-1": ["announcement"]}
    assert await audited_differing(engine) == {"o-1": ["announcement"]}
