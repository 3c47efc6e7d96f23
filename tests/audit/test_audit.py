"""An audit finds nothing in what the engine has made of any history, and everything that is made otherwise."""

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.gallery.first_event_wins import diverging
from examples.shop.order import SAMPLES as SHOP_SAMPLES
from examples.shop.order import order as shop_order
from examples.trip.process import trip
from saga.convergence import derive_samples, make_fact
from saga.core import Process, Selection
from saga.engine import Step
from saga.orders.process import OUTCOMES, Cancellation, DeadlineState, Fulfilment, Outcome, Payment, Request
from saga.verification.audit import Audited, audit, audit_these, count_differing
from saga.verification.replay import Coverage
from tests.audit.evidence import answer_again, audited, differing, insert, send, sentences, told
from tests.convergence.mutation import the_order_process
from tests.engine.conversation import execute, looking_beside, message, outcome, rows, value
from tests.replay.evidence import PROCESS, delete_entries, history, log
from tests.retention.archive import prune


@pytest.fixture
def step(engine: AsyncEngine) -> Step:
    return Step(engine, PROCESS, remote_modules=PROCESS.inputs)


@pytest.mark.parametrize("turn", range(3))
async def test_whatever_was_taken_in_is_what_the_model_says(
    engine: AsyncEngine, step: Step, turn: int, seed: int
) -> None:
    for batch in history(random.Random(seed), orders=80):
        await step.handle(batch)
    before = await log(engine)
    found = await audited(engine, page_size=7)
    ids = [process_id for (process_id,) in await rows(engine, "SELECT process_id FROM saga.instance ORDER BY 1")]
    assert [one.process_id for one in found] == ids, "each instance once, in the order of their ids"
    assert {one.process_id: one.differences for one in found if one.differences} == {}
    assert await log(engine) == before
    refunds = await value(engine, "SELECT count(*) FROM saga.event_log WHERE type = 'RefundPayment'")
    assert refunds > 0, "some orders had two payments"


@pytest.mark.parametrize("process", [shop_order, trip], ids=lambda process: process.name)
async def test_other_processes_with_figures_and_several_deadlines_are_what_the_model_says(
    engine: AsyncEngine, process: Process, seed: int
) -> None:
    chance = random.Random(seed)
    facts = [make_fact(sample) for sample in SHOP_SAMPLES] if process is shop_order else derive_samples(process)
    said = []
    for number in range(60):
        some = chance.sample(facts, chance.randrange(1, len(facts) + 1))
        said += [told(fact, f"i-{number}", process.correlate) for fact in [*some, *chance.sample(some, 1)]]
    chance.shuffle(said)
    for start in range(0, len(said), 20):
        await Step(engine, process, remote_modules=process.inputs).handle(said[start : start + 20])
    assert len(await audited(engine, process)) == 60
    assert await differing(engine, process) == {}
    await execute(engine, "UPDATE saga.instance SET settled = NOT settled")
    assert len(await differing(engine, process)) == 60


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("outcome = 'expired'", ["outcome"]),
        ("settled = false", ["settled"]),
        ("stream_version = 99", ["record"]),
        ("""state = jsonb_set(state, '{parts,payment}', '"unpaid"')""", ["parts.payment"]),
        ("state = state #- '{registers,payments,pay-o-1}'", ["registers.payments.pay-o-1"]),
        ("state = jsonb_set(state, '{registers,payments,pay-o-1,amount}', '1')", ["registers.payments.pay-o-1"]),
        ("state = jsonb_set(state, '{commanded,fulfilment,1}', '7')", ["commanded.fulfilment"]),
        ("""state = jsonb_set(state, '{commanded,fulfilment,0}', '"stopped"')""", ["commanded.fulfilment"]),
        ("state = state #- '{revisions,gateway}'", ["revisions.gateway"]),
        ("""state = jsonb_set(state, '{parts,payment}', '"lost"')""", ["state"]),
        ("state = '[]'", ["state"]),
    ],
)
async def test_a_row_that_is_not_what_its_facts_come_to_is_found(
    engine: AsyncEngine, step: Step, change: str, what: list[str]
) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1"), message("OrderPlaced", "o-2")])
    assert await differing(engine) == {}
    await execute(engine, f"UPDATE saga.instance SET {change} WHERE process_id = 'o-1'")
    assert await differing(engine) == {"o-1": what}


async def test_a_difference_says_what_is_stored_against_the_model(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await execute(engine, "UPDATE saga.instance SET outcome = 'paid'")
    assert await sentences(engine) == ["outcome is paid, and the model says cancelled"]


async def test_an_instance_without_row_or_without_record_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2")])
    await execute(engine, "DELETE FROM saga.instance WHERE process_id = 'o-1'")
    await delete_entries(engine, "o-2", "true")
    assert await sentences(engine) == [
        "it has no row; its facts come to awaiting_payment",
        "it has a row, and nothing is recorded of it",
    ]


async def test_a_command_that_is_gone_from_the_log_is_found_whichever_it_is(engine: AsyncEngine, step: Step) -> None:
    for order_id in ("o-1", "o-2"):
        await step.handle([message("OrderPlaced", order_id), message("PaymentReceived", order_id)])
    await delete_entries(engine, "o-1", "type = 'RequestPayment'")
    await delete_entries(engine, "o-2", "type = 'StartFulfilment'")
    found = await differing(engine)
    assert found["o-1"] == ["record", "revisions.gateway"]
    assert found["o-2"] == ["record", "effect.fulfilment", "commanded.fulfilment", "revisions.fulfilment"]
    assert "fulfilment has to be started, and StartFulfilment was never sent to fulfilment" in await sentences(engine)


async def test_an_input_that_is_gone_from_the_log_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await delete_entries(engine, "o-1", "data ->> 'type' = 'OrderCancelled'")
    found = await differing(engine)
    assert {"record", "outcome", "parts.cancellation", "effect.payment_request"} <= set(found["o-1"])


async def test_a_last_command_that_says_something_else_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await send(engine, "o-1", "RequestPayment", 2, amount=1, currency="EUR")
    assert await differing(engine) == {
        "o-1": ["effect.payment_request", "commanded.payment_request", "revisions.gateway"]
    }
    assert (await sentences(engine))[0] == (
        'payment_request: the last RequestPayment says {"amount":1,"currency":"EUR"},'
        ' and has to say {"amount":4200,"currency":"EUR"}'
    )


@pytest.mark.parametrize(
    ("type_", "revision", "what"),
    [
        ("VoidPayment", 2, "effect.payment_request"),
        ("RequestPayment", 1, "revisions.gateway"),
        ("RequestPayment", 4, "revisions.gateway"),
        ("EatPayment", 2, "effect.payment_request"),
    ],
)
async def test_a_command_that_no_model_leads_to_is_found(
    engine: AsyncEngine, step: Step, type_: str, revision: int, what: str
) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await send(engine, "o-1", type_, revision, amount=4_200, currency="EUR")
    assert what in (await differing(engine))["o-1"]


async def test_numbers_that_are_far_off_are_counted_and_not_listed(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await send(engine, "o-1", "RequestPayment", 10**12, amount=4_200, currency="EUR")
    await execute(engine, "UPDATE saga.instance SET stream_version = 3000000000")
    found = await sentences(engine)
    assert found[0] == "its record lacks the entries 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2999999987 more"
    assert found[1].startswith("gateway was never sent revision 2, 3, 4, ")


async def test_a_declaration_that_fails_is_a_finding_about_its_instance_alone(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("PaymentReceived", "o-2")])

    def choose(payments: Mapping[str, object]) -> frozenset[str]:
        raise ZeroDivisionError("nothing to share")

    draft = the_order_process().build()
    (table,) = draft.wanted
    selection = Selection("a share", draft.registers[1], choose)  # type: ignore[arg-type]
    shared = {
        cell: {effect: selection if isinstance(how, Selection) else how for effect, how in wants.items()}
        for cell, wants in table.cells.items()
    }
    found = await differing(engine, replace(draft, wanted=(replace(table, cells=shared),)))
    assert found == {"o-2": ["model"]}


async def test_two_answers_to_one_message_are_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle(
        [message("OrderPlaced", "o-1", module="orders", position=7, previous=6), message("OrderPlaced", "o-2")]
    )
    await answer_again(engine, "o-1")
    await answer_again(engine, "o-2")
    found = await sentences(engine)
    assert found[0] == "position 7 of orders was answered 2 times"
    assert found[1].endswith("from /tests was answered 2 times")
    assert len(found) == 2


async def answered(engine: AsyncEngine, order_id: str, type_: str, kind: str = "InputTaken", **fields: object) -> None:
    """An answer that no step has given."""
    data = {"type": type_, "fields": {"order_id": order_id, **fields}, "decision": "", "outcome": ""}
    await insert(engine, order_id, {"type": kind, "data": data, "metadata": {"source": "/nobody", "id": order_id}})


async def test_facts_that_cannot_be_read_are_a_finding_about_their_order_alone(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", f"o-{number}") for number in range(1, 6)])
    await answered(engine, "o-1", "OrderShipped")
    await answered(engine, "o-2", "OrderPlaced", amount=-1, currency="EUR")
    await answered(engine, "o-3", "OrderPlaced", amount=1, currency="EUR")
    await insert(engine, "o-4", {"type": "SomethingElse", "data": {}})
    assert await sentences(engine) == [
        "entry 3 of its record: order does not know OrderShipped any more",
        "entry 3 of its record: its data are not valid any more: amount: Input should be greater than 0",
        "two facts say different things of order_id 'o-3' (order)",
        "entry 3 of its record: it is a SomethingElse, which no instance's stream is known to hold",
    ]


async def test_a_fact_that_was_ignored_and_counts_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2")])
    await answered(engine, "o-1", "OrderCancelled", "InputIgnored")
    await answered(engine, "o-2", "OrderPlaced", "InputIgnored", amount=4_200, currency="EUR")
    assert (await differing(engine)).keys() == {"o-1"}
    assert (await sentences(engine))[0] == "OrderCancelled was ignored, and the model takes it in"


def with_one_cell_changed(cell: str) -> Process:
    """The order process with another table."""
    draft = the_order_process()
    match cell:
        case "an outcome":
            refunded = (Payment.PAID, DeadlineState.RUNNING, Cancellation.CANCELLED)
            return replace(draft, outcomes={**draft.outcomes, refunded: Outcome.CANCELLED}).build()
        case "a want":
            (placed,) = [one for one in draft.wants if one[0] is Outcome.PAID and one[1] is Request.PLACED]
            wants = {**draft.wants, placed: {**draft.wants[placed], "fulfilment": Fulfilment.STOPPED}}
            return replace(draft, wants=wants).build()
        case "a selection":
            return replace(draft, surplus_by=("payment_id",)).build()
        case _:
            return replace(draft, settled=frozenset(OUTCOMES.states)).build()


REFUNDS = ("effect.refund/p-1", "effect.refund/p-2")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (
            "an outcome",
            {"o-1": ["effect.fulfilment", "effect.refund/p-1", "effect.refund/p-2", "outcome", "announcement"]},
        ),
        ("a want", {"o-2": ["effect.fulfilment"]}),
        ("a selection", {"o-2": [*REFUNDS]}),
        ("what is settled", {"o-3": ["settled"]}),
    ],
)
async def test_an_engine_that_runs_another_table_is_found(
    engine: AsyncEngine, cell: str, found: dict[str, list[str]]
) -> None:
    first, second = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"
    await Step(engine, with_one_cell_changed(cell)).handle(
        [
            *(message("OrderPlaced", order_id) for order_id in ("o-1", "o-2", "o-3")),
            message("PaymentReceived", "o-2", payment_id="p-1", received_at=second),
            message("PaymentReceived", "o-2", payment_id="p-2", received_at=first),
            message("OrderCancelled", "o-1"),
            message("PaymentReceived", "o-1", payment_id="p-1", received_at=second),
            message("PaymentReceived", "o-1", payment_id="p-2", received_at=first),
        ]
    )
    assert await differing(engine) == found


async def test_an_order_that_was_pruned_and_came_back_goes_on_from_what_it_was(engine: AsyncEngine, step: Step) -> None:
    said = [message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1", payment_id="p-1")]
    await step.handle([*said, message("OrderCancelled", "o-2")])
    await prune(engine)
    assert await audited(engine) == []
    assert [one.coverage async for page in audit_these(engine, PROCESS, ["o-1"]) for one in page] == [Coverage.PRUNED]
    await step.handle([message("OrderCancelled", "o-1"), message("PaymentReceived", "o-2")])
    assert (await outcome(engine, "o-1"), await outcome(engine, "o-2")) == ("refunded", "refunded")
    assert len(await audited(engine)) == 2
    assert await differing(engine) == {}
    await delete_entries(engine, "o-1", "type = 'RefundPayment'")
    await execute(engine, "UPDATE saga.instance SET outcome = 'cancelled' WHERE process_id = 'o-2'")
    assert await differing(engine) == {
        "o-1": ["record", "effect.refund/p-1", "commanded.refund/p-1", "revisions.gateway"],
        "o-2": ["outcome"],
    }


async def test_an_order_whose_record_lacks_its_beginning_is_told_apart_from_one_that_was_pruned(
    engine: AsyncEngine, step: Step
) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await delete_entries(engine, "o-1", "stream_version <= 2")
    assert "record" in (await differing(engine))["o-1"]
    await execute(engine, "INSERT INTO saga.stream_tombstone VALUES ('order-process', 'o-1', 4)")
    assert [one.coverage for one in await audited(engine)] == [Coverage.PARTLY_PRUNED], "this was done on purpose"


async def test_a_deadline_that_will_never_come_is_found(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2"), message("PaymentReceived", "o-2")])
    await execute(engine, "DELETE FROM saga.timer")
    assert await sentences(engine) == ["payment_deadline has no timer: it would wait for ever"]


async def test_the_version_of_the_process_alone_is_no_difference(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    await execute(engine, "UPDATE saga.instance SET process_version = 7, state = state #- '{parts,deadline}'")
    (found,) = await audited(engine)
    assert (found.process_version, found.differences) == (7, ()), "a part that is not stored stands at its start"


async def test_an_order_of_which_nothing_is_known_is_said_to_be_unknown(engine: AsyncEngine) -> None:
    assert [one.coverage async for page in audit_these(engine, PROCESS, ["o-1"]) for one in page] == [Coverage.UNKNOWN]


async def test_a_process_that_diverges_is_told_from_a_system_that_went_astray(engine: AsyncEngine) -> None:
    paid = message("PaymentReceived", "o-1", received_at="2026-01-01T00:00:00Z")
    await Step(engine, diverging).handle([paid, message("OrderCancelled", "o-1"), message("OrderCancelled", "o-2")])
    (found,) = [one async for page in audit(engine, diverging) for one in page if one.differences]
    assert (found.process_id, [one.what for one in found.differences]) == ("o-1", ["model"])
    assert found.differences[0].sentence == (
        "first-event-wins itself diverges: its facts, in another order, come to other parts.order"
    )


async def test_what_was_sent_last_and_is_not_wanted_any_more_is_told_and_not_compared(engine: AsyncEngine) -> None:
    draft = the_order_process()
    wants = {
        cell: {} if cell[0] is Outcome.CANCELLED and cell[1] is Request.PLACED else wanted
        for cell, wanted in draft.wants.items()
    }
    process = replace(draft, wants=wants).build()
    await Step(engine, process).handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    (found,) = await audited(engine, process)
    assert (found.differences, found.left_standing) == ((), ("payment_request: RequestPayment",))


async def test_what_no_part_of_the_facts_wants_is_found_though_nothing_is_wanted_now(
    engine: AsyncEngine, step: Step
) -> None:
    await step.handle([message("OrderPlaced", "o-1")])
    shipped = {"order_id": "o-1", "effect": "fulfilment", "revision": 1}
    await insert(engine, "o-1", {"type": "StartFulfilment", "target": "fulfilment", "data": shipped})
    assert "StartFulfilment was sent to fulfilment for fulfilment, and no part of the facts wants that" in (
        await sentences(engine)
    )
    await execute(engine, "UPDATE saga.instance SET process_version = 7")
    assert not [one for one in await sentences(engine) if "no part of the facts" in one], "another version may have"


async def test_an_audit_beside_running_steps_finds_no_difference(engine: AsyncEngine, step: Step, seed: int) -> None:
    batches = history(random.Random(seed), orders=100)
    wrong: list[Audited] = []
    looked_at = 0

    async def look() -> None:
        nonlocal looked_at
        async for page in audit(engine, PROCESS, page_size=20):
            looked_at += len(page)
            wrong.extend(one for one in page if one.differences)

    await looking_beside(step, batches, look)
    assert wrong == []
    assert looked_at > 0, "it looked while they worked"
    assert await count_differing(engine, PROCESS) == 0
