"""What is new to an order that was pruned is answered by the same rules as if it had not been."""

from itertools import permutations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Register, State, announce, decide
from saga.core.effect import Selection
from saga.engine import Step
from saga.engine.intake import AdmittedMessage, admit
from saga.orders import PaymentReceived, order_process
from saga.orders import process as order_tables
from tests.engine.conversation import commands, dead_letters, message, outcome, rows, value
from tests.retention.archive import PROCESS, counts, handle, ids, logged, paid, picture, prune, states

KINDS = ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")
SENT = """
SELECT position, type, CAST(data ->> 'revision' AS int) FROM saga.event_log
WHERE target IS NOT NULL OR visibility = 'public' ORDER BY position
"""


async def test_a_second_payment_for_a_pruned_order_is_refunded(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await prune(engine)
    second = message("PaymentReceived", "o-1", payment_id="z-2")
    assert (await handle(engine, second)).taken == 1
    assert (await outcome(engine, "o-1"), await commands(engine, "o-1")) == ("paid", ["RefundPayment"])
    refunded = await value(engine, "SELECT data ->> 'payment_id' FROM saga.event_log WHERE type = 'RefundPayment'")
    assert refunded == "z-2"
    assert await ids(engine, "instance_tombstone") == []


async def test_a_payment_for_an_order_that_was_cancelled_and_pruned_is_refunded(engine: AsyncEngine) -> None:
    await handle(engine, message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1"))
    await prune(engine)
    assert (await handle(engine, message("PaymentReceived", "o-1"))).taken == 1
    assert await outcome(engine, "o-1") == "refunded"
    assert await commands(engine, "o-1") == ["StopFulfilment", "RefundPayment"]


@pytest.mark.parametrize("arrival", list(permutations(KINDS)), ids=" ".join)
async def test_pruning_between_any_two_messages_changes_neither_state_nor_what_is_sent(
    engine: AsyncEngine, arrival: tuple[str, ...]
) -> None:
    state, decided, sent = State.start(PROCESS), [], dict[int, tuple[str, int]]()
    for kind in arrival:
        arrived = message(kind, "o-1")
        await handle(engine, arrived)
        sent |= {position: (type_, revision) for position, type_, revision in await rows(engine, SENT)}
        await prune(engine)
        admitted = admit(PROCESS, arrived)
        assert isinstance(admitted, AdmittedMessage)
        decision = decide(PROCESS, state, admitted.fact)
        state, said = announce(PROCESS, decision.state, decision.outcome)
        decided += [(command.type, command.revision) for command in decision.commands]
        decided += [(said.type, said.revision)] if said else []
    assert await ids(engine, "instance") == []
    assert (await states(engine))["o-1"][1] == state
    assert list(sent.values()) == decided


async def test_what_a_pruned_order_already_knows_revives_it_and_sends_nothing(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    before = await picture(engine)
    await prune(engine)
    assert (await handle(engine, message("PaymentReceived", "o-1"))).ignored == 1
    (was, version, state), (became, version_now, state_now) = before["o-1"], (await picture(engine))["o-1"]
    assert (became, state_now, version_now) == (was, state, version + 2)
    assert await commands(engine, "o-1") == []


async def test_a_revived_order_begins_its_stream_with_the_state_from_which_it_goes_on(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    created = await value(engine, "SELECT created_at FROM saga.instance")
    (was, version, state) = (await picture(engine))["o-1"]
    await prune(engine)
    late = message("OrderCancelled", "o-1")
    await handle(engine, late)
    stream = await rows(
        engine,
        "SELECT stream_version, type, visibility, target, data, metadata ->> 'causationid' FROM saga.event_log"
        " WHERE stream_id = 'o-1' ORDER BY position",
    )
    said = {"state": state, "outcome": was}
    assert stream[0] == (version + 1, "InstanceRevived", "internal", None, said, late.id)
    assert [number for number, *_ in stream] == list(range(version + 1, version + 1 + len(stream)))
    assert await rows(engine, "SELECT created_at, stream_version FROM saga.instance") == [(created, stream[-1][0])]


async def test_a_revived_order_is_pruned_again_with_all_that_it_ever_knew(engine: AsyncEngine) -> None:
    messages = [*await paid(engine, "o-1"), *await logged(engine, message("OrderCancelled", "o-1"))]
    await prune(engine)
    await handle(engine, messages[-1])
    assert (await prune(engine)).removed.instances == 1
    before = await picture(engine)
    assert (await handle(engine, *messages)).repeated == len(messages)
    assert await picture(engine) == before
    assert await counts(engine, ["instance", "inbox", "event_log"]) == {"instance": 0, "inbox": 0, "event_log": 0}


async def test_contradicting_what_a_pruned_order_knows_is_a_dead_letter_and_revives_nothing(
    engine: AsyncEngine,
) -> None:
    await paid(engine, "o-1")
    before = await picture(engine)
    await prune(engine)
    contradiction = message("PaymentReceived", "o-1", amount=9_900)
    assert (await handle(engine, contradiction)).dead == 1
    ((kind, reason),) = await dead_letters(engine)
    assert (kind, "amount is 4200 there and 9900 here" in reason) == ("conflict", True)
    assert await picture(engine) == before
    assert await counts(engine, ["instance", "inbox", "event_log"]) == {"instance": 0, "inbox": 0, "event_log": 0}
    assert (await handle(engine, contradiction)).dead == 1, "it is judged again, not dropped as a repeat"


async def test_a_contradiction_beside_a_late_fact_is_a_dead_letter_of_a_revived_order(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await prune(engine)
    taken = await handle(engine, message("PaymentReceived", "o-1", amount=9_900), message("OrderCancelled", "o-1"))
    assert (taken.taken, taken.dead) == (1, 1)
    assert await outcome(engine, "o-1") == "refunded"
    assert await ids(engine, "instance_tombstone") == []


async def test_a_message_that_failed_and_is_put_back_is_taken_in_by_a_pruned_order(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await handle(engine, message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1"))
    await prune(engine)
    late = await logged(engine, message("PaymentReceived", "o-1"))

    def choose(entries: object) -> frozenset[str]:
        raise ZeroDivisionError("a bug in the process")

    broken = Selection("broken", Register("payments", PaymentReceived, "payment_id"), choose)
    monkeypatch.setattr(order_tables, "EVERY_PAYMENT", broken)
    assert (await Step(engine, order_process()).handle(late)).dead == 1
    monkeypatch.undo()
    assert await ids(engine, "instance_tombstone") == ["o-1"]
    await prune(engine)
    assert (await handle(engine, *late)).repeated == 1, "its cursor has passed it, it waits as a dead letter"
    letters = [letter for (letter,) in await rows(engine, "SELECT dead_letter_id FROM saga.dead_letter")]
    assert (await Step(engine, order_process()).handle(late, redriven=letters)).taken == 1
    assert await outcome(engine, "o-1") == "refunded"
