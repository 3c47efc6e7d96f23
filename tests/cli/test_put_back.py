"""A redrive vouches for where a message came from; what it says of modules and positions counts as ever."""

import json

import pytest

from saga.settings import SettingsError, load_settings
from tests.cli.shell import Saga, at, message
from tests.cli.test_lag import cursor
from tests.waiting import eventually

REMOTE = json.dumps({"payments": None})


def redrive(saga: Saga, **environment: str) -> str:
    result = saga("dead-letters", "redrive", "--all", "--json", **environment)
    return str(json.loads(result.stdout)["redriven"][0]["answer"])


def test_a_position_of_a_log_in_another_database_is_refused_until_its_module_is_named(saga: Saga) -> None:
    claim = at(message("PaymentReceived", "o-1"), "payments", 1, 0)
    assert saga.handle(claim).dead == 1
    (letter,) = saga.json("dead-letters", "list")["dead_letters"]
    assert (letter["kind"], "SAGA_LOG_URLS has to name it" in letter["reason"]) == ("conflict", True)
    assert redrive(saga) == "dead"
    assert saga.json("cursors")["cursors"] == []
    assert redrive(saga, SAGA_LOG_URLS=REMOTE) == "taken"
    assert cursor(saga.json("cursors"), "order", "payments")["watermark"] == 1


def publish(saga: Saga, *words: str) -> None:
    saga.json("publish", "PaymentReceived", "o-1", "--sample", *words)


def test_a_message_under_another_key_is_put_back_by_what_it_says(saga: Saga) -> None:
    with saga.running("saga", "run"):
        publish(saga, "--id", "m-1", "--routing-key", "orders.OrderPlaced")
        eventually(lambda: saga.json("dead-letters", "list")["count"])
    assert redrive(saga) == "taken"
    (taken,) = saga.json("inspect", "o-1")["messages"]
    assert (taken["id"], taken["source"]) == ("m-1", "/modules/payments")


def test_a_module_that_does_not_have_the_type_stays_dead(saga: Saga) -> None:
    with saga.running("saga", "run"):
        publish(saga, "--source", "/modules/orders")
        eventually(lambda: saga.json("dead-letters", "list")["count"])
    assert redrive(saga) == "dead"
    (letter,) = saga.json("dead-letters", "list")["dead_letters"]
    assert letter["reason"] == "'/modules/orders' is no module from which order consumes PaymentReceived"


@pytest.mark.parametrize(
    ("said", "names"),
    [("", set()), (" company.bus, amq.default,", {"company.bus", "amq.default"}), ('["a, b"]', {"a, b"})],
)
def test_exchanges_are_named_with_commas_or_as_json(
    monkeypatch: pytest.MonkeyPatch, said: str, names: set[str]
) -> None:
    monkeypatch.setenv("SAGA_ACCEPTED_EXCHANGES", said)
    assert load_settings().accepted_exchange_names == names


@pytest.mark.parametrize("said", ['["a"', "[1]", '[["a"]]'])
def test_what_names_no_exchanges_is_said_with_the_variable(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("SAGA_ACCEPTED_EXCHANGES", said)
    with pytest.raises(SettingsError, match="SAGA_ACCEPTED_EXCHANGES"):
        load_settings()
