"""`saga replay` says whether the orders are what their record says, and mends them on demand."""

import json

import pytest

from saga.cli.shell import checked
from tests.cli.shell import Saga, message


def take_some(saga: Saga) -> None:
    saga.handle(*(message("OrderPlaced", f"o-{number}") for number in (1, 2, 3)), message("PaymentReceived", "o-3"))


def corrupt(saga: Saga) -> None:
    saga.sql("UPDATE saga.instance SET outcome = 'expired', settled = true WHERE process_id = 'o-1'")
    saga.sql("DELETE FROM saga.timer WHERE process_id = 'o-2'")


def test_orders_that_are_what_their_record_says(saga: Saga) -> None:
    take_some(saga)
    assert saga.json("replay") == {
        "checked": 3,
        "differing": 0,
        "repaired": 0,
        "left": 0,
        "erased": 0,
        "pruned": 0,
        "partly_pruned": 0,
        "other_version": 0,
        "orders": [],
        "more": False,
    }
    assert saga("replay").stdout == "3 orders checked: all match their record.\n"
    assert saga.json("replay", "o-2", "o-2")["checked"] == 1


def test_differences_are_said_in_words_and_the_exit_code_is_one(saga: Saga) -> None:
    take_some(saga)
    corrupt(saga)
    result = saga("replay")
    assert result.exit_code == 1
    order, *differences = result.stdout.splitlines()[:3]
    assert order == "Order o-1"
    assert differences == [
        "  outcome: stored expired, recorded awaiting_payment",
        "  settled: stored true, recorded false",
    ]
    assert "its deadline payment_deadline" in result.stdout
    assert "3 orders checked: 2 differ; `saga replay --repair` rewrites rows and timers." in result.stdout
    assert saga("replay", "o-3").exit_code == 0
    assert saga("replay", "o-1", "o-3").exit_code == 1


def test_a_document_names_each_difference(saga: Saga) -> None:
    take_some(saga)
    corrupt(saga)
    result = saga("replay", "--json", "--limit", "1")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["checked"], document["differing"], document["left"], document["more"]) == (3, 2, 2, True)
    (order,) = document["orders"]
    assert (order["order_id"], order["process_version"], order["repaired"]) == ("o-1", 1, False)
    assert order["differences"][0] == {
        "what": "outcome",
        "stored": "expired",
        "recorded": "awaiting_payment",
        "sentence": "outcome: stored expired, recorded awaiting_payment",
        "repaired": False,
    }


def test_a_repair_mends_what_differs(saga: Saga) -> None:
    take_some(saga)
    corrupt(saga)
    document = saga.json("replay", "--repair")
    assert (document["differing"], document["repaired"], document["left"]) == (2, 2, 0)
    assert all(one["repaired"] for order in document["orders"] for one in order["differences"])
    assert saga.json("replay")["differing"] == 0
    assert saga.json("inspect", "o-1")["outcome"] == "awaiting_payment"
    assert len(saga.json("inspect", "o-1")["messages"]) == 1, "a repair is no message"


def test_what_was_repaired_and_what_was_not_is_said(saga: Saga) -> None:
    take_some(saga)
    corrupt(saga)
    saga.sql(
        "INSERT INTO saga.instance (process, process_id, process_version, outcome) VALUES ('order', 'x', 1, 'paid')"
    )
    result = saga("replay", "--repair")
    assert result.exit_code == 1
    assert "  settled: stored true, recorded false, repaired" in result.stdout
    assert "  it has a row (paid), and nothing is recorded of it\n" in result.stdout
    assert "4 orders checked: 3 differ, 2 repaired, 1 still differ." in result.stdout


def test_another_version_of_the_process_is_said_and_is_no_difference(saga: Saga) -> None:
    take_some(saga)
    saga.sql("UPDATE saga.instance SET process_version = 7")
    assert saga.json("replay")["other_version"] == 3
    assert "3 written by another version of the process, which alone is no difference." in saga("replay").stdout
    corrupt(saga)
    assert "Order o-1 (its row was written by version 7 of the process, this is 1)" in saga("replay").stdout


def test_an_order_of_which_nothing_is_known_is_an_error(saga: Saga) -> None:
    take_some(saga)
    result = saga("replay", "o-1", "o-\x1b7")
    assert (result.exit_code, result.stderr) == (1, r"Nothing is known of order 'o-\\x1b7'." + "\n")


def test_a_pruned_order_is_said_to_be_pruned(saga: Saga) -> None:
    saga.sql(
        "INSERT INTO saga.instance_tombstone VALUES ('order', 'o-1', 1, 3, 'paid', '{}', now(), now(), now())",
    )
    assert saga.json("replay", "o-1")["pruned"] == 1
    assert "1 pruned: nothing is left to compare." in saga("replay", "o-1").stdout


def test_texts_of_strangers_cannot_reach_the_terminal(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1", payment_id="[bold]p\u202e\u009b2J"))
    saga.sql("UPDATE saga.instance SET state = state #- '{registers,payments}'")
    said = saga("replay").stdout
    assert not {"\u202e", "\u009b"} & set(said)
    assert r"[bold]p\u202e\x9b2J" in said


def test_a_long_check_says_how_far_it_is(saga: Saga, monkeypatch: pytest.MonkeyPatch) -> None:
    take_some(saga)
    monkeypatch.setattr(checked, "PROGRESS_EVERY", 2)
    result = saga("replay", "--json")
    assert result.stderr == "3 orders checked, 0 differ\n"


def test_a_database_that_is_away_is_an_error(saga: Saga) -> None:
    result = saga("replay", SAGA_DATABASE_URL="postgresql://somebody:verysecret@127.0.0.1:1/saga")
    assert result.exit_code == 1
    assert "127.0.0.1:1/saga can't be reached" in result.stderr
    assert "verysecret" not in result.output
