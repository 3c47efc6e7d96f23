"""`saga list` shows orders, and names what keeps those that are stuck."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.operations.listing import LIST_NEWEST
from tests.cli.shell import Saga, message


@pytest.fixture
def relayed(saga: Saga) -> None:
    """A relay that is done with everything, for ever."""
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('relay', 'order-process', 1000000)")


def listed(saga: Saga, *words: str) -> list[dict[str, Any]]:
    document = saga.json("list", *words)
    assert document["count"] == len(document["orders"])
    orders: list[dict[str, Any]] = document["orders"]
    return orders


def test_the_newest_come_first(saga: Saga) -> None:
    for order_id in ("o-1", "o-2", "o-3"):
        saga.handle(message("OrderPlaced", order_id))
    saga.handle(message("PaymentReceived", "o-1"))
    assert [order["order_id"] for order in listed(saga)] == ["o-1", "o-3", "o-2"]


def test_one_outcome_can_be_asked_for(saga: Saga) -> None:
    saga.handle(
        message("OrderPlaced", "waits"), message("OrderCancelled", "cancelled"), message("PaymentReceived", "paid")
    )
    assert [order["order_id"] for order in listed(saga, "--outcome", "paid")] == ["paid"]
    assert [order["order_id"] for order in listed(saga, "--outcome", "awaiting_payment")] == ["waits"]
    assert listed(saga, "--outcome", "refunded") == []


def test_an_outcome_that_does_not_exist_is_refused_with_those_that_do(saga: Saga) -> None:
    result = saga("list", "--outcome", "lost")
    assert result.exit_code == 2
    assert "awaiting_payment, cancelled, expired, paid, refunded" in result.stderr


def test_a_limit_says_that_there_is_more(saga: Saga) -> None:
    saga.handle(*(message("OrderPlaced", f"o-{number}") for number in range(3)))
    assert saga.json("list", "--limit", "2")["more"] is True
    assert saga.json("list", "--limit", "3")["more"] is False


@pytest.mark.usefixtures("relayed")
def test_an_order_that_waits_for_its_deadline_is_not_stuck(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"))
    assert listed(saga, "--stuck") == []
    assert [(order["stuck"], order["reason"]) for order in listed(saga)] == [(False, None)]


@pytest.mark.usefixtures("relayed")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE saga.timer SET due_at = now() - interval '20 s'", r"overdue by \d+ s: is a scheduler running\?"),
        (
            "UPDATE saga.timer SET due_at = now() - interval '20 s', fired_at = now() - interval '10 s'",
            r"fired \d+ s ago, and nothing came of it",
        ),
        ("DELETE FROM saga.timer", "no deadline will end that"),
    ],
)
def test_an_open_order_without_a_way_on_is_stuck(saga: Saga, change: str, reason: str) -> None:
    saga.handle(message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2"))
    saga.sql(f"{change} WHERE process_id = 'o-1'")
    (order,) = listed(saga, "--stuck")
    assert (order["order_id"], order["stuck"]) == ("o-1", True)
    assert re.search(reason, order["reason"])


@pytest.mark.usefixtures("relayed")
def test_a_settled_order_needs_no_deadline(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1"))
    saga.sql("UPDATE saga.timer SET due_at = now() - interval '20 s'")
    assert listed(saga, "--stuck") == []


def test_an_order_whose_commands_nobody_relays_is_stuck_after_a_grace(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"))
    assert listed(saga, "--stuck") == []
    saga.sql(
        "INSERT INTO saga.event_log (module, position, stream_id, stream_version, event_id, type, visibility, target,"
        " data, metadata, recorded_at) SELECT module, 99, stream_id, 99, 'e', 'VoidPayment', 'internal', 'gateway',"
        " data, metadata, now() - interval '20 s' FROM saga.event_log LIMIT 1"
    )
    (order,) = listed(saga, "--stuck")
    assert re.search(r"neither relayed nor pulled for \d+ s: is a worker running", order["reason"])


@pytest.mark.usefixtures("relayed")
def test_an_order_with_an_open_dead_letter_is_stuck_until_it_is_closed(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"))
    saga.handle(message("PaymentReceived", "o-1", amount=1))
    (order,) = listed(saga, "--stuck")
    assert "an open dead letter" in order["reason"]
    saga.json("dead-letters", "discard", "1", "--yes")
    assert listed(saga, "--stuck") == []


async def test_the_list_reads_the_log_backwards_and_sorts_nothing(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        values = {"process": "order", "module": "order-process", "outcome": None, "limit": 50}
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {LIST_NEWEST.text}"), values)).scalars())
    assert "Index Scan Backward using event_log_pkey" in plan
    assert "instance_pkey" in plan
    assert "Sort" not in plan


def test_the_table_is_for_people(saga: Saga) -> None:
    saga.handle(message("OrderCancelled", "o-1"))
    shown = saga("list").stdout
    assert "o-1" in shown
    assert "cancelled" in shown


@pytest.mark.usefixtures("relayed")
def test_orders_that_only_dead_letters_name_are_among_the_stuck_the_newest_first(saga: Saga) -> None:
    wrong = {name: replace(message("OrderPlaced", name), body=b'{"order_id":"%s"}' % name.encode()) for name in "abc"}
    saga.handle(message("OrderPlaced", "b"))
    for letter in wrong.values():
        saga.handle(letter)
    saga.handle(replace(wrong["a"], routing_key="a.second"))
    assert [(one["order_id"], one["outcome"]) for one in listed(saga, "--stuck")] == [
        ("a", None),
        ("c", None),
        ("b", "awaiting_payment"),
    ]
    assert "nothing was taken in of it; 2 open dead letters" in listed(saga, "--stuck")[0]["reason"]
    assert [one["order_id"] for one in listed(saga, "--stuck", "--outcome", "awaiting_payment")] == ["b"]
    shown = saga("list", "--stuck", "--limit", "2").stdout
    assert "... and more: these are 2" in shown
    ids = [str(one["id"]) for one in saga.json("dead-letters", "list")["dead_letters"]]
    saga.json("dead-letters", "discard", *ids, "--yes")
    assert listed(saga, "--stuck") == []


@pytest.mark.usefixtures("relayed")
def test_a_pruned_order_that_a_dead_letter_names_is_among_the_stuck_with_its_last_outcome(saga: Saga) -> None:
    saga.handle(message("OrderCancelled", "o-1"))
    saga.json("prune", "--older-than", "0s", "--yes")
    saga.handle(replace(message("OrderPlaced", "o-1"), body=b'{"order_id":"o-1"}'))
    (order,) = listed(saga, "--stuck")
    assert (order["order_id"], order["outcome"], order["settled"]) == ("o-1", "cancelled", True)
    assert order["reason"] == "an open dead letter: see `saga dead-letters list`"


def test_only_what_changed_since_is_listed(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2"))
    saga.sql("UPDATE saga.instance SET updated_at = '2026-01-31T12:00Z' WHERE process_id = 'o-1'")
    assert [order["order_id"] for order in listed(saga, "--since", "15m")] == ["o-2"]
    assert len(listed(saga, "--since", "2026-01-31T13:00+01:00")) == 2
    assert saga("list", "--since", "1y").exit_code == 2
