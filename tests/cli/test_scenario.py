"""`saga scenario` sends what its seed says, and finds every order that is not what its facts demand."""

import json
from dataclasses import replace

import pytest

from saga.cli.shell.arrivals import Shape, arrivals
from saga.cli.shell.expectation import EXPECTED, check
from saga.core import SubMachine
from saga.operations.outcomes import RecordedCommand, RecordedInput, RecordedOrder
from saga.orders import order_process
from tests.cli.shell import Saga

SHAPE = Shape(orders=200, rate=100, max_copies=3, spread_seconds=2)


def paid_order() -> RecordedOrder:
    return RecordedOrder(
        "o-1",
        "paid",
        settled=True,
        inputs=[
            RecordedInput("PaymentReceived", {"payment_id": "b"}, taken=True, message_id="m-1"),
            RecordedInput(
                "PaymentReceived",
                {"payment_id": "a", "received_at": "2026-01-31T12:00:00Z"},
                taken=True,
                message_id="m-2",
            ),
        ],
        commands=[
            RecordedCommand("VoidPayment", "payment_request", 1),
            RecordedCommand("StartFulfilment", "fulfilment", 1),
            RecordedCommand("RefundPayment", "refund/b", 2),
        ],
    )


def test_the_same_seed_gives_the_same_messages_in_the_same_order() -> None:
    assert arrivals("run", 7, SHAPE) == arrivals("run", 7, SHAPE)
    assert arrivals("run", 7, SHAPE) != arrivals("run", 8, SHAPE)


def test_another_run_of_a_seed_differs_in_its_names_alone() -> None:
    one, other = (
        [
            (a.at, a.sample.type, a.sample.form, json.dumps(a.sample.data).replace(run, ""))
            for a in arrivals(run, 7, SHAPE)
        ]
        for run in ("run-1", "run-2")
    )
    assert one == other
    assert not {a.sample.id for a in arrivals("run-1", 7, SHAPE)} & {a.sample.id for a in arrivals("run-2", 7, SHAPE)}


def test_a_plan_has_every_set_of_facts_duplicates_and_messages_before_their_order() -> None:
    plan = arrivals("run", 7, SHAPE)
    by_order: dict[str, list[str]] = {}
    for arrival in plan:
        by_order.setdefault(arrival.sample.process_id, []).append(arrival.sample.type)
    kinds = ("PaymentReceived", "PaymentTimedOut", "OrderCancelled")
    assert {tuple(kind in types for kind in kinds) for types in by_order.values()} == set(EXPECTED)
    assert len({arrival.sample.id for arrival in plan}) < len(plan)
    assert any("OrderPlaced" in types and types[0] != "OrderPlaced" for types in by_order.values())
    assert len(by_order) == SHAPE.orders


def test_the_expectation_agrees_with_the_tables_of_the_process() -> None:
    process = order_process()
    starts = [part.start for part in process.outcomes.columns if isinstance(part, SubMachine)]
    told = {
        tuple(state is not start for state, start in zip(states, starts, strict=True)): outcome.value
        for states, outcome in process.outcomes.cells.items()
    }
    assert told == EXPECTED


def test_an_order_that_is_as_it_should_be_has_no_problem() -> None:
    assert check(paid_order(), ["m-1", "m-2"]).problems == ()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (replace(paid_order(), outcome="refunded"), "it is refunded, and should be paid"),
        (replace(paid_order(), commands=paid_order().commands[:2]), "refunds are none, and should be refund/b"),
        (
            replace(paid_order(), commands=[*paid_order().commands, RecordedCommand("RefundPayment", "refund/b", 3)]),
            "refunds",
        ),
        (
            replace(
                paid_order(), commands=[*paid_order().commands, RecordedCommand("StopFulfilment", "fulfilment", 2)]
            ),
            "the last command for fulfilment is StopFulfilment",
        ),
        (replace(paid_order(), inputs=paid_order().inputs[:1]), "message m-2 was never answered"),
    ],
)
def test_what_differs_is_named(wrong: RecordedOrder, problem: str) -> None:
    assert problem in "; ".join(check(wrong, ["m-1", "m-2"]).problems)


def test_with_services_running_all_orders_come_to_what_their_facts_demand(saga: Saga) -> None:
    with saga.running("saga", "run"), saga.running("saga_scheduler"):
        result = saga("scenario", "--orders", "40", "--seed", "7", "--spread", "1", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0, document
    assert (document["diverged"], document["missing"], document["unsettled"]) == ([], [], [])
    assert sum(row["orders"] for row in document["outcomes"]) == document["orders"] == 40
    assert document["messages"] > document["distinct_messages"] > 40


def test_without_services_every_order_is_missing(saga: Saga) -> None:
    result = saga("scenario", "--orders", "3", "--seed", "7", "--spread", "0", "--timeout", "1")
    assert result.exit_code == 1
    assert "3 missing" in result.stdout
