"""`saga audit` says whether the orders are what the model says of their facts."""

import json

import pytest

from saga.cli.shell import checked
from saga.messages.identity import derived_id
from tests.cli.shell import Saga, message


def take_some(saga: Saga) -> None:
    saga.handle(*(message("OrderPlaced", f"o-{number}") for number in (1, 2, 3)), message("PaymentReceived", "o-3"))


def test_orders_that_are_what_the_model_says(saga: Saga) -> None:
    take_some(saga)
    found = saga.json("audit")
    assert {name: found[name] for name in ("checked", "differing", "unanswered", "orders", "events", "more")} == {
        "checked": 3,
        "differing": 0,
        "unanswered": 0,
        "orders": [],
        "events": [],
        "more": False,
    }
    assert saga("audit").stdout == "3 orders audited: all match the model.\n"
    assert saga.json("audit", "o-2", "o-2")["checked"] == 1


def test_differences_are_said_in_words_and_the_exit_code_is_one(saga: Saga) -> None:
    take_some(saga)
    saga.sql("UPDATE saga.instance SET outcome = 'expired' WHERE process_id <> 'o-3'")
    result = saga("audit")
    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        [
            "Order o-1",
            "  outcome is expired, and the model says awaiting_payment",
            "Order o-2",
            "  outcome is expired, and the model says awaiting_payment",
            "3 orders audited: 2 differ.",
        ],
    )
    assert saga("audit", "o-3").exit_code == 0
    assert saga("audit", "o-1", "o-3").exit_code == 1


def test_a_document_names_each_difference(saga: Saga) -> None:
    take_some(saga)
    saga.sql("UPDATE saga.instance SET outcome = 'expired' WHERE process_id <> 'o-3'")
    result = saga("audit", "--json", "--limit", "1")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["checked"], document["differing"], document["more"]) == (3, 2, True)
    (order,) = document["orders"]
    assert (order["order_id"], order["process_version"], order["left_standing"]) == ("o-1", 1, [])
    assert order["differences"] == [
        {
            "what": "outcome",
            "found": "expired",
            "model": "awaiting_payment",
            "sentence": "outcome is expired, and the model says awaiting_payment",
        }
    ]


def test_events_that_nobody_answered_are_named(saga: Saga) -> None:
    saga.sql("INSERT INTO saga.module (name, last_position, last_public_position) VALUES ('orders', 2, 2)")
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('order', 'orders', 2)")
    for position in (1, 2):
        saga.sql(
            "INSERT INTO saga.event_log (module, position, previous_public_position, stream_id, stream_version,"
            " event_id, type, visibility, data, metadata) VALUES ('orders', :position, :before, 'o-1', :position,"
            " 'e', 'OrderCancelled', 'public', '{}', '{}')",
            position=position,
            before=position - 1,
        )
    result = saga("audit", "--limit", "1")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "Order: position 1 of orders, OrderCancelled about o-1, was passed and has no answer"
    )
    assert "2 events consumed: 2 without an answer." in result.stdout
    document = json.loads(saga("audit", "--json", "--limit", "1").stdout)
    assert (document["heard"], document["unanswered"], document["more"]) == (2, 2, True)
    assert document["events"][0]["position"] == 1


def test_commands_that_only_one_side_has_are_named(saga: Saga) -> None:
    take_some(saga)
    saga.sql("CREATE SCHEMA gateway")
    saga.sql(
        "CREATE TABLE gateway.command AS SELECT event_id AS command_id, type, data AS body,"
        " now() - interval '1 hour' AS received_at FROM saga.event_log WHERE target = 'gateway'"
    )
    found = saga.json("audit")
    assert (found["compared"], found["astray"], found["commands"]) == (4, 0, [])
    assert "4 commands compared with the collaborators: all are on both sides." in saga("audit").stdout
    saga.sql("DELETE FROM gateway.command WHERE body ->> 'order_id' = 'o-1'")
    saga.sql(
        "INSERT INTO gateway.command SELECT :id, 'VoidPayment', CAST(:body AS jsonb)",
        id=derived_id("command", "order", "o-2", "payment_request", 2),
        body='{"order_id": "o-2", "effect": "payment_request", "revision": 2}',
    )
    result = saga("audit", "--limit", "1")
    assert result.exit_code == 1
    assert "commands compared with the collaborators: 2 on one side only." in result.stdout
    assert "1 more commands are on one side only than are shown, see --limit." in result.stdout
    document = json.loads(saga("audit", "--json").stdout)
    assert [(one["collaborator"], one["process_id"], one["is_recorded"]) for one in document["commands"]] == [
        ("gateway", "o-2", False),
        ("gateway", "o-1", True),
    ]
    assert document["commands"][0]["sentence"].startswith("gateway has VoidPayment ")


def test_all_processes_are_audited_or_the_one_that_is_named(saga: Saga) -> None:
    take_some(saga)
    saga.environment["SAGA_PROCESSES"] = "saga.orders:order_process,examples.trip.process:trip"
    found = saga.json("audit")
    assert (found["checked"], found["instances"]) == (3, [])
    assert saga.json("audit", "--process", "trip")["checked"] == 0
    saga.sql("UPDATE saga.instance SET settled = true WHERE process_id = 'o-1'")
    document = json.loads(saga("audit", "o-1", "--json").stdout)
    (instance,) = document["instances"]
    assert (instance["process"], instance["process_id"], instance["order_id"]) == ("order", "o-1", "o-1")


def test_another_version_and_a_pruned_order_are_said_and_are_no_difference(saga: Saga) -> None:
    take_some(saga)
    saga.sql("UPDATE saga.instance SET process_version = 7")
    saga.sql(
        "INSERT INTO saga.instance_tombstone VALUES ('order', 'o-9', 1, 3, 'paid', '{}', now(), now(), now())",
    )
    assert saga.json("audit")["other_version"] == 3
    assert "3 written by another version of the process, which alone is no difference." in saga("audit").stdout
    assert saga.json("audit", "o-9")["pruned"] == 1


def test_an_order_of_which_nothing_is_known_is_an_error(saga: Saga) -> None:
    take_some(saga)
    result = saga("audit", "o-1", "o-\x1b7")
    assert (result.exit_code, result.stderr) == (1, r"Nothing is known of order 'o-\\x1b7'." + "\n")


def test_texts_of_strangers_cannot_reach_the_terminal(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1", payment_id="[bold]p\u202e\u009b2J"))
    saga.sql("UPDATE saga.instance SET state = state #- '{registers,payments}'")
    said = saga("audit").stdout
    assert not {"\u202e", "\u009b"} & set(said)
    assert r"[bold]p\u202e\x9b2J" in said


def test_a_long_audit_says_how_far_it_is(saga: Saga, monkeypatch: pytest.MonkeyPatch) -> None:
    take_some(saga)
    monkeypatch.setattr(checked, "PROGRESS_EVERY", 2)
    assert saga("audit", "--json").stderr == "3 orders audited, 0 differ\n"


def test_a_database_that_is_away_is_an_error(saga: Saga) -> None:
    result = saga("audit", SAGA_DATABASE_URL="postgresql://somebody:verysecret@127.0.0.1:1/saga")
    assert result.exit_code == 1
    assert "127.0.0.1:1/saga can't be reached" in result.stderr
    assert "verysecret" not in result.output
