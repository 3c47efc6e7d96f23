"""The commands where a system runs without a broker: what they send goes into the modules' logs, and they say so."""

import json
import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from saga.cli.shell.addresses import amqp_url_if_any
from saga.devstack import children
from saga.settings import Settings
from tests.cli.shell import Saga
from tests.waiting import eventually


@pytest.fixture
def saga(database_url: str, prefix: str, tmp_path: Path) -> Saga:
    """The commands beside a database alone; what runs in other folders is not theirs."""
    saga = Saga(database_url, "", prefix)
    saga.environment |= {"SAGA_FEED": "pull", "SAGA_HOME": str(tmp_path)}
    return saga


def a_stack_runs(home: Path, database_url: str, amqp_url: str | None) -> None:
    """A stack in this folder, as its owner would announce it."""
    (home / "stack").mkdir()
    owner = {"pid": os.getpid(), "identity": children.identity(os.getpid())}
    addresses = {"database_url": database_url, "amqp_url": amqp_url, "management_url": amqp_url}
    (home / "stack" / "running.json").write_text(json.dumps(owner | addresses))


def outcome(saga: Saga, order_id: str) -> str | None:
    result = saga("inspect", order_id, "--json")
    return json.loads(result.stdout)["outcome"] if result.exit_code == 0 else None


def test_a_published_message_goes_into_the_log_of_the_module_that_owns_its_type(saga: Saga) -> None:
    sent = [
        saga.json("publish", kind, "o-1", "--sample") for kind in ("OrderPlaced", "PaymentReceived", "PaymentTimedOut")
    ]
    assert [(one["module"], one["positions"]) for one in sent] == [
        ("orders", [1]),
        ("payments", [1]),
        ("scheduler", [1]),
    ]
    assert {(one["exchange"], one["routing_key"], one["form"]) for one in sent} == {(None, None, None)}
    said = saga("publish", "OrderCancelled", "o-1", "--sample", "--id", "c-1", "--correlation-id", "talk").stdout
    assert "Appended OrderCancelled for o-1 to the log of orders, position 2" in said
    assert "there is no broker" in said
    placed, cancelled = saga.json("log", "orders")["events"]
    assert (placed["type"], placed["data"]) == ("OrderPlaced", {"order_id": "o-1", "amount": 4200, "currency": "EUR"})
    assert (cancelled["event_id"], cancelled["metadata"]) == ("c-1", {"correlationid": "talk"})


def test_a_worker_that_pulls_takes_in_what_was_published_and_a_copy_changes_nothing(saga: Saga) -> None:
    copies = saga.json("publish", "PaymentReceived", "o-1", "--sample", "--duplicate", "3")
    assert copies["positions"] == [1, 2, 3]
    saga.json("publish", "OrderCancelled", "o-1", "--sample")
    with saga.running("saga", "run"):
        assert eventually(lambda: outcome(saga, "o-1") == "refunded")
    order = saga.json("inspect", "o-1")
    assert [message["taken"] for message in order["messages"] if message["type"] == "PaymentReceived"].count(True) == 1
    assert len(order["messages"]) == 4


def test_wrong_data_becomes_a_dead_letter_as_it_would_from_a_queue_and_can_be_redriven(saga: Saga) -> None:
    saga.json("publish", "OrderPlaced", "o-1", "--sample", "--data", '{"amount": 0}')
    with saga.running("saga", "run"):
        (letter,) = eventually(lambda: saga.json("dead-letters", "list")["dead_letters"])
    assert "amount" in letter["reason"]
    good = '{"order_id": "o-1", "amount": 100, "currency": "EUR"}'
    (answer,) = saga.json("dead-letters", "redrive", str(letter["id"]), "--data", good)["redriven"]
    assert answer["answer"] == "taken"
    assert outcome(saga, "o-1") == "awaiting_payment"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--sequence", "3"), "no place for --sequence"),
        (("--previous-sequence", "0"), "no place for --previous-sequence"),
        (("--source", "/elsewhere"), "no place for --source"),
        (("--time", "2026-01-31T12:00:00Z"), "no place for --time"),
        (("--routing-key", "orders.Other"), "no place for --routing-key"),
        (("--structured",), "no place for --structured"),
        (("--plain",), "no place for --structured or --plain"),
        (("--raw-body", "-"), "no place for --raw-body"),
        (("--data", '{"amount": NaN}'), "can't hold this: "),
        (("--data", '{"note": "\\u0000"}'), "can't hold this: "),
        (("--id", "x" * 201), "can't hold this: id is longer than 200 characters"),
        (("--id", "ж" * 128), "can't hold this: id has 256 bytes; 255 are allowed"),
        (("--correlation-id", "ж" * 128), "can't hold this: correlationid has 256 bytes"),
        (("--data", f'{{"note": [{"1e-35," * 9_999}1]}}'), "can't hold this: the body has"),
        (("--id", ""), "can't hold this: the message has no id"),
    ],
)
def test_what_a_log_can_not_hold_is_refused_with_the_reason(saga: Saga, words: tuple[str, ...], complaint: str) -> None:
    sample = ("--sample", "--allow-unknown") if "--raw-body" not in words else ()
    result = saga("publish", "OrderPlaced", "o-1", *sample, *words)
    assert result.exit_code == 2
    assert "There is no broker" in result.stderr
    assert complaint in result.stderr
    assert saga.json("modules")["modules"] == []


@pytest.mark.parametrize(
    ("type_", "module"), [("Unheard", "orders"), ("OrderPlaced", "payments"), ("OrderPlaced", "nobody")]
)
def test_what_nobody_would_hear_is_an_error_and_not_appended(saga: Saga, type_: str, module: str) -> None:
    result = saga("publish", type_, "o-1", "--sample", "--module", module)
    assert result.exit_code == 1
    assert f"nobody follows {type_} in the log of {module}" in result.stderr
    assert "orders.OrderPlaced" in result.stderr
    assert saga.json("modules")["modules"] == []


def test_lag_has_no_queues_and_nothing_waits_for_a_relay(saga: Saga) -> None:
    saga.json("publish", "OrderPlaced", "o-1", "--sample")
    document = saga.json("lag")
    assert document["broker"] == {"reachable": None, "error": None}
    assert (document["queues"], document["outbox"]) == ([], [])
    shown = saga("lag").stdout
    assert "Queues: none, there is no broker" in shown
    assert "relayed" not in shown


def test_a_system_that_once_had_a_relay_shows_what_that_has_left(saga: Saga) -> None:
    saga.json("publish", "OrderPlaced", "o-1", "--sample", "--duplicate", "3")
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('relay', 'orders', 1)")
    (outbox,) = saga.json("lag")["outbox"]
    assert (outbox["module"], outbox["not_relayed"]) == ("orders", 2)


def test_how_far_a_collaborator_is_behind_with_its_commands_is_shown(saga: Saga) -> None:
    saga.json("publish", "PaymentReceived", "o-1", "--sample")
    with saga.running("saga", "run"):
        assert eventually(lambda: outcome(saga, "o-1") == "paid")
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('gateway', 'order-process', 1)")
    found = {(one["consumer"], one["module"]): one for one in saga.json("lag")["cursors"]}
    assert found["gateway", "order-process"]["behind"] >= 2


def test_a_healthy_service_needs_the_database_alone(saga: Saga) -> None:
    assert saga.json("health") == {
        "healthy": True,
        "database": "ok",
        "broker": "none",
        "services": "ok",
        "notes": [],
    }
    assert "there is no broker" in saga("health").stdout


def test_a_service_that_is_pushed_is_not_healthy_without_a_broker(saga: Saga) -> None:
    result = saga("health", SAGA_FEED="push")
    assert result.exit_code == 1
    assert "SAGA_AMQP_URL is not set" in result.stderr


@pytest.mark.parametrize("words", [("publish", "OrderPlaced", "o-1", "--sample"), ("scenario", "--orders", "1")])
def test_where_a_broker_is_missing_it_is_said(saga: Saga, words: tuple[str, ...]) -> None:
    result = saga(*words, SAGA_FEED="push")
    assert result.exit_code == 2
    assert "SAGA_AMQP_URL is not set" in result.stderr


def test_a_worker_that_is_pushed_does_not_start_without_a_broker(saga: Saga) -> None:
    assert "SAGA_AMQP_URL is not set" in saga.refusal("saga", "run", SAGA_FEED="push")


def test_a_running_stack_without_a_broker_is_found_by_its_commands(saga: Saga, tmp_path: Path) -> None:
    a_stack_runs(tmp_path, saga.environment["SAGA_DATABASE_URL"], None)
    alone = {"SAGA_DATABASE_URL": "", "SAGA_FEED": "push"}
    assert "Appended" in saga("publish", "OrderPlaced", "o-1", "--sample", **alone).stdout
    assert "there is no broker" in saga("lag", **alone).stdout
    assert saga("health", **alone).exit_code == 0
    assert "runs without a broker: say SAGA_FEED=pull" in saga.refusal("saga", "run", **alone)


def test_the_broker_of_a_stack_with_another_database_is_not_meant(
    saga: Saga, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a worker would relay the events of one system to the broker of another one."""
    a_stack_runs(tmp_path, "postgresql://somewhere.example/else", "amqp://somewhere.example/")
    monkeypatch.delenv("SAGA_AMQP_URL", raising=False)
    ours = Settings(database_url=SecretStr(saga.environment["SAGA_DATABASE_URL"]), home=tmp_path)
    its = Settings(database_url=SecretStr("postgresql://somewhere.example/else"), home=tmp_path)
    assert amqp_url_if_any(ours) is None
    assert amqp_url_if_any(its) == "amqp://somewhere.example/"
    assert saga.json("lag")["broker"]["reachable"] is None


def test_a_scenario_goes_through_the_logs_and_its_orders_come_to_what_their_facts_demand(saga: Saga) -> None:
    with saga.running("saga", "run"), saga.running("saga_scheduler"):
        result = saga("scenario", "--orders", "40", "--seed", "7", "--spread", "1", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0, document
    assert sum(row["orders"] for row in document["outcomes"]) == document["orders"] == 40
    assert document["messages"] > document["distinct_messages"] > 40
    (events,) = [one for one in saga.json("modules")["modules"] if one["name"] == "payments"]
    assert events["last_public_position"] > 40
    assert saga.json("lag")["broker"]["reachable"] is None


def test_a_command_is_pulled_once_its_collaborator_is_past_it_and_an_order_is_stuck_while_nobody_is(saga: Saga) -> None:
    saga.json("publish", "PaymentReceived", "o-1", "--sample")
    with saga.running("saga", "run"):
        assert eventually(lambda: outcome(saga, "o-1") == "paid")
    assert "still in the log only" in saga("inspect", "o-1").stdout
    saga.sql("ALTER TABLE saga.event_log DISABLE TRIGGER USER")
    saga.sql("UPDATE saga.event_log SET recorded_at = now() - interval '20 s'")
    (stuck,) = saga.json("list", "--stuck")["orders"]
    assert re.search(r"2 commands neither relayed nor pulled for \d+ s", stuck["reason"])
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('gateway', 'order-process', 99)")
    (stuck,) = saga.json("list", "--stuck")["orders"]
    assert "1 command neither relayed nor pulled" in stuck["reason"]
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('fulfilment', 'order-process', 99)")
    assert saga.json("list", "--stuck")["orders"] == []
    shown = saga("inspect", "o-1").stdout
    assert shown.count("pulled from the log") == 2
    assert [(c["published"], c["pulled"]) for c in saga.json("inspect", "o-1")["commands"]] == [(False, True)] * 2
