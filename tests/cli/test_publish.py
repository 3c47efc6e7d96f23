"""`saga publish` sends what a module would send, and says where it went."""

import json

import pytest

from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from tests.cli.shell import Saga


@pytest.mark.parametrize("form", ["--structured", "--plain", None])
def test_every_form_of_a_published_message_is_understood(saga: Saga, form: str | None) -> None:
    sent = saga.json("publish", "OrderPlaced", "o-1", "--sample", *([form] if form else []))
    (raw,) = saga.queued()
    message = decode(raw)
    assert isinstance(message, Envelope)
    assert (message.type, message.id) == ("OrderPlaced", sent["id"])
    assert message.data == {"order_id": "o-1", "amount": 4200, "currency": "EUR"} == sent["data"]
    assert raw.routing_key == sent["routing_key"] == "orders.OrderPlaced"
    assert sent["form"] == (form or "--binary")[2:]


def test_a_place_in_the_log_of_the_module_goes_along(saga: Saga) -> None:
    saga.json(
        "publish",
        "PaymentReceived",
        "o-1",
        "--sample",
        "--sequence",
        "7",
        "--previous-sequence",
        "5",
        "--correlation-id",
        "c",
    )
    message = decode(*saga.queued())
    assert isinstance(message, Envelope)
    assert (message.module, message.position, message.previous_position) == ("payments", 7, 5)
    assert message.correlation_id == "c"


def test_given_data_replaces_the_sample_field_by_field(saga: Saga) -> None:
    given = '{"amount": 1, "more": [true]}'
    saga.json("publish", "PaymentReceived", "o-1", "--sample", "--allow-unknown", "--data", given)
    message = decode(*saga.queued())
    assert isinstance(message, Envelope)
    assert message.data["amount"] == 1
    assert message.data["more"] == [True]
    assert message.data["currency"] == "EUR"
    assert "o-1" in message.data["payment_id"]


def test_copies_have_one_id(saga: Saga) -> None:
    saga.json("publish", "OrderCancelled", "o-1", "--sample", "--duplicate", "5")
    copies = saga.queued()
    assert len(copies) == 5
    assert len({copy.message_id for copy in copies}) == 1


def test_two_calls_send_two_messages(saga: Saga) -> None:
    ids = {saga.json("publish", "OrderPlaced", "o-1", "--sample")["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_raw_body_is_sent_byte_by_byte(saga: Saga) -> None:
    body = b"\xff\x00 not json"
    result = saga("publish", "OrderPlaced", "o-1", "--raw-body", "-", stdin=body)
    assert result.exit_code == 0, result.stderr
    (raw,) = saga.queued()
    assert raw.body == body
    assert isinstance(decode(raw), Poison)
    assert "\x00" not in result.stdout


def test_a_message_that_no_queue_takes_is_an_error(saga: Saga) -> None:
    result = saga("publish", "Unheard", "o-1", "--sample", "--module", "orders")
    assert result.exit_code == 1
    assert "No queue takes orders.Unheard" in result.stderr
    assert result.stdout == ""


def test_an_unknown_type_needs_a_module_and_reaches_the_queue_by_a_known_key(saga: Saga) -> None:
    assert saga("publish", "Unheard", "o-1", "--sample").exit_code == 2
    result = saga(
        "publish", "Unheard", "o-1", "--sample", "--module", "orders", "--routing-key", "orders.OrderPlaced", "--json"
    )
    assert json.loads(result.stdout)["type"] == "Unheard"
    assert "dead letter" in result.stderr
    assert len(saga.queued()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--data", "{"),
        ("--data", "[1]"),
        ("--data", "[" * 5_000),
        ("--plain", "--structured"),
        ("--plain", "--sequence", "3"),
        ("--data", "{}", "--raw-body", "-"),
        ("--raw-body", "-"),
        ("--duplicate", "0"),
        ("--id", "x" * 256),
        ("--id", "ж" * 128),
        ("--correlation-id", "ж" * 128),
        ("--routing-key", "ж" * 128),
        ("--correlation-id", "\udcff"),
        ("--source", "\udcff"),
    ],
)
def test_what_can_not_be_meant_is_refused_before_anything_is_sent(saga: Saga, words: tuple[str, ...]) -> None:
    result = saga("publish", "OrderPlaced", "o-1", "--sample", *words)
    assert result.exit_code == 2
    assert result.stderr
    assert saga.queued() == []


def test_a_broker_that_is_away_is_named_without_its_password(saga: Saga) -> None:
    result = saga("publish", "OrderPlaced", "o-1", "--sample", SAGA_AMQP_URL="amqp://somebody:verysecret@127.0.0.1:1/")
    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.stderr
    assert "verysecret" not in result.output


def test_nothing_is_invented_unless_a_sample_is_asked_for(saga: Saga) -> None:
    result = saga("publish", "PaymentReceived", "o-1", "--data", '{"amount": 4200}')
    assert result.exit_code == 2
    assert result.stderr.startswith("PaymentReceived needs payment_id, currency: give them with --data")
    assert "--sample" in result.stderr
    assert saga.queued() == []
    sent = saga.json("publish", "OrderCancelled", "o-1", "--data", '{"reason": "late"}')
    assert sent["data"] == {"order_id": "o-1", "reason": "late"}


def test_a_field_that_no_message_has_is_refused_unless_it_is_meant(saga: Saga) -> None:
    words = ("publish", "OrderPlaced", "o-1", "--data", '{"amount": 1, "currency": "EUR", "curency": "USD"}')
    result = saga(*words)
    assert result.exit_code == 2
    assert "OrderPlaced has no curency (did you mean currency?)" in result.stderr
    assert "--allow-unknown" in result.stderr
    assert saga.queued() == []
    assert saga.json(*words, "--allow-unknown")["data"]["curency"] == "USD"


def test_what_a_field_holds_is_for_the_service_to_judge(saga: Saga) -> None:
    assert (
        saga.json("publish", "OrderPlaced", "o-1", "--data", '{"amount": -1, "currency": "EUR"}')["data"]["amount"]
        == -1
    )
