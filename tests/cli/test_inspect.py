"""`saga inspect` explains how an order came to its outcome."""

from itertools import permutations
from typing import Any

import pytest

from tests.cli.shell import Saga, at, message

THREE = ("PaymentReceived", "OrderCancelled", "PaymentTimedOut")


def test_it_tells_every_message_with_its_decision_and_the_commands(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", message_id="a"))
    saga.handle(at(message("PaymentReceived", "o-1", message_id="b"), "payments", 4, 0), remote_modules={"payments"})
    order = saga.json("inspect", "o-1")
    assert (order["order_id"], order["outcome"]) == ("o-1", "paid")
    assert order["states"] == {"request": "placed", "payment": "paid", "deadline": "running", "cancellation": "open"}
    assert [(m["type"], m["id"], m["source"], m["position"], m["taken"], m["outcome"]) for m in order["messages"]] == [
        ("OrderPlaced", "a", "/tests", None, True, "awaiting_payment"),
        ("PaymentReceived", "b", "/modules/payments", 4, True, "paid"),
    ]
    assert "awaiting_payment -> paid" in order["messages"][1]["decision"]
    assert [(c["type"], c["target"], c["revision"], c["caused_by"]) for c in order["commands"]] == [
        ("RequestPayment", "gateway", 1, "a"),
        ("VoidPayment", "gateway", 2, "b"),
        ("StartFulfilment", "fulfilment", 1, "b"),
    ]
    assert [(timer["name"], timer["fired_at"]) for timer in order["timers"]] == [("payment_deadline", None)]
    assert order["created_at"] <= order["updated_at"]


def test_the_timeline_has_each_decision_above_its_commands(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"), message("OrderCancelled", "o-1"))
    shown = saga("inspect", "o-1").stdout
    words = ["refunded", "PaymentReceived", "StartFulfilment", "OrderCancelled", "StopFulfilment", "RefundPayment"]
    places = [shown.index(word) for word in words]
    assert places == sorted(places)


@pytest.mark.parametrize("arrival", list(permutations(THREE)), ids=" ".join)
def test_facts_do_not_depend_on_the_order_of_arrival(saga: Saga, arrival: tuple[str, ...]) -> None:
    saga.handle(*(message(type_, "o-1") for type_ in arrival))
    order = saga.json("inspect", "o-1")
    assert [fact["type"] for fact in order["facts"]] == sorted(THREE)
    assert order["outcome"] == "refunded"


def test_repeats_are_counted_and_are_no_second_message(saga: Saga) -> None:
    once, placed = message("OrderPlaced", "o-1"), at(message("OrderCancelled", "o-1"), "orders", 1, 0)
    saga.handle(once, placed, remote_modules={"orders"})
    saga.handle(once, placed, placed, remote_modules={"orders"})
    assert [m["repeats"] for m in saga.json("inspect", "o-1")["messages"]] == [1, 2]


def test_an_ignored_message_is_told_but_is_no_fact(saga: Saga) -> None:
    saga.handle(message("OrderCancelled", "o-1"), message("OrderCancelled", "o-1"))
    order = saga.json("inspect", "o-1")
    assert [m["taken"] for m in order["messages"]] == [True, False]
    assert "already cancelled" in order["messages"][1]["decision"]
    assert len(order["facts"]) == 1


def test_a_command_is_published_once_the_relay_is_past_it(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"))
    assert [c["published"] for c in saga.json("inspect", "o-1")["commands"]] == [False, False]
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('relay', 'order-process', 2)")
    assert [c["published"] for c in saga.json("inspect", "o-1")["commands"]] == [True, False]


def test_an_unknown_order_is_a_sentence_and_exit_code_1(saga: Saga) -> None:
    result = saga("inspect", "nobody", "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Nothing is known of order 'nobody'" in result.stderr


def test_an_unknown_order_with_a_dead_letter_names_it(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-1))
    result = saga("inspect", "o-1")
    assert result.exit_code == 1
    assert "saga dead-letters show 1" in result.stderr


def test_dead_letters_of_a_known_order_stand_below_it(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"))
    saga.handle(message("PaymentReceived", "o-1", amount=1))
    assert [letter["kind"] for letter in saga.json("inspect", "o-1")["dead_letters"]] == ["conflict"]
    assert "already known with other contents" in saga("inspect", "o-1").stdout


def test_it_tells_what_was_announced_with_its_cause_and_whether_others_can_have_received_it(saga: Saga) -> None:
    saga.handle(message("PaymentTimedOut", "o-1", message_id="a"))
    saga.handle(message("PaymentReceived", "o-1", message_id="b"))
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('relay', 'order-process', 3)")
    said = saga.json("inspect", "o-1")["announcements"]
    assert [(one["type"], one["outcome"], one["revision"], one["caused_by"], one["published"]) for one in said] == [
        ("OrderExpired", "expired", 1, "a", True),
        ("OrderPaid", "paid", 2, "b", False),
    ]
    shown = " ".join(saga("inspect", "o-1").stdout.split())
    assert "-> OrderExpired announces expired (revision 1, published)" in shown
    assert "-> OrderPaid announces paid (revision 2, still in the log only)" in shown
    assert shown.index("OrderExpired announces") < shown.index("PaymentReceived") < shown.index("OrderPaid announces")


def test_an_order_is_never_read_as_markup(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "[bold]o[/nothing]"))
    result = saga("inspect", "[bold]o[/nothing]")
    assert result.exit_code == 0
    assert "[bold]o[/nothing]" in result.stdout


def test_a_database_without_tables_asks_for_the_migration(saga: Saga) -> None:
    saga.sql("DROP SCHEMA saga CASCADE")
    result = saga("inspect", "o-1")
    assert result.exit_code == 2
    assert "saga migrate" in result.stderr


def versions(page: dict[str, Any]) -> list[int]:
    """The numbers of the entries on a page."""
    return [one["version"] for kind in ("messages", "commands", "announcements") for one in page[kind]]


def test_of_a_long_record_a_page_is_shown_and_where_the_page_before_begins(saga: Saga) -> None:
    saga.handle(*(message("PaymentReceived", "o-1", payment_id=f"p-{number}") for number in range(30)))
    last = saga.json("inspect", "o-1", "--limit", "10")
    entries = last["entries"]
    assert sorted(versions(last)) == list(range(entries - 9, entries + 1))
    assert (last["announcements"][0]["version"], entries) == (62, 62), "announced once, after all of them"
    assert last["earlier"] == entries - 9
    seen, before = [], None
    while True:
        page = saga.json("inspect", "o-1", "--limit", "7", *([] if before is None else ["--before", str(before)]))
        seen += versions(page)
        if (before := page["earlier"]) is None:
            break
    assert sorted(seen) == list(range(1, entries + 1)), "every entry once"
    assert f"--before {entries - 9}" in saga("inspect", "o-1", "--limit", "10").stdout
    assert "earlier" not in saga("inspect", "o-1", "--limit", "10", "--before", "5").stdout


def test_of_many_dead_letters_the_first_are_shown_and_the_others_counted(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"))
    saga.handle(*(message("PaymentReceived", "o-1", amount=number) for number in range(1, 13)))
    shown = saga.json("inspect", "o-1", "--limit", "5")
    assert (len(shown["dead_letters"]), shown["open_dead_letters"]) == (5, 12)
    assert "... and 7 more" in saga("inspect", "o-1", "--limit", "5").stdout
