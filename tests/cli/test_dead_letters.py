"""`saga dead-letters` shows what could not be handled, and puts it back."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from saga.messages import Raw
from tests.cli.shell import Saga, message

HOSTILE = b"\x1b]0;title\x07\x1b[2J[bold red]gotcha[/] \xc2\x9b31m \xe2\x80\xae"
GOOD = '{"order_id": "o-1", "amount": 100, "currency": "EUR"}'


def letters(saga: Saga, *words: str) -> list[dict[str, Any]]:
    document = saga.json("dead-letters", "list", *words)
    assert document["count"] == len(document["dead_letters"])
    found: list[dict[str, Any]] = document["dead_letters"]
    return found


def structured(order_id: str, **data: object) -> Raw:
    event = {"specversion": "1.0", "id": "s-1", "source": "/tests", "type": "OrderPlaced", "subject": order_id}
    body = json.dumps({**event, "data": {"order_id": order_id, **data}}).encode()
    return Raw(body=body, content_type="application/cloudevents+json")


def test_the_list_has_the_newest_first_with_their_reasons(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-5))
    saga.handle(message("Unheard", "o-2"))
    newest, oldest = letters(saga)
    assert (newest["order_id"], newest["type"], newest["kind"], newest["attempts"]) == ("o-2", "Unheard", "poison", 1)
    assert "unknown type" in newest["reason"]
    assert "amount" in oldest["reason"]
    assert oldest["age_seconds"] >= newest["age_seconds"] >= 0


@pytest.mark.parametrize("words", [("list",), ("show", "1"), ("show", "1", "--full")])
def test_a_hostile_message_does_nothing_to_the_terminal(saga: Saga, words: tuple[str, ...]) -> None:
    hostile = message(HOSTILE.decode(), "[blink]o-1[/blink]", body=HOSTILE)
    saga.handle(replace(hostile, headers={**hostile.headers, "x\x1b[2J": "[/unopened] \x1b[31m"}))
    result = saga("dead-letters", *words)
    assert result.exit_code == 0, result.stderr
    assert not [character for character in result.stdout if not character.isprintable() and character != "\n"]
    if words[0] == "show":
        assert "[bold red]gotcha[/]" in result.stdout
        assert r"\x1b[2J" in result.stdout


def test_bytes_that_are_no_text_are_shown_as_base64(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", body=b"\xff\xfe\x00"))
    shown = saga.json("dead-letters", "show", "1")
    assert (shown["body_encoding"], b64decode(shown["body"])) == ("base64", b"\xff\xfe\x00")
    assert "ff fe 00" in saga("dead-letters", "show", "1").stdout


def test_a_long_body_is_shortened_unless_all_of_it_is_asked_for(saga: Saga) -> None:
    body = "ä".encode() * 5_000
    saga.handle(message("OrderPlaced", "o-1", body=body))
    short, full = saga.json("dead-letters", "show", "1"), saga.json("dead-letters", "show", "1", "--full")
    assert (short["body_shortened"], short["body_bytes"], short["body_encoding"]) == (True, 10_000, "utf-8")
    assert (full["body_shortened"], full["body"]) == (False, body.decode())
    assert len(short["body"]) < 2_000


def test_a_corrected_message_is_taken_in_and_its_letter_is_closed(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", message_id="m", amount=-5))
    (answer,) = saga.json("dead-letters", "redrive", "1", "--data", GOOD)["redriven"]
    assert (answer["id"], answer["answer"]) == (1, "taken")
    (taken,) = saga.json("inspect", "o-1")["messages"]
    assert taken["id"] == "m"
    assert letters(saga) == []
    assert [letter["state"] for letter in letters(saga, "--state", "all")] == ["redriven"]


def test_a_structured_event_is_corrected_inside_of_its_body(saga: Saga) -> None:
    saga.handle(structured("o-1", amount="much"))
    (answer,) = saga.json("dead-letters", "redrive", "1", "--data", GOOD)["redriven"]
    assert answer["answer"] == "taken"
    (taken,) = saga.json("inspect", "o-1")["messages"]
    assert (taken["id"], taken["source"]) == ("s-1", "/tests")


def test_a_structured_event_that_can_not_be_read_needs_all_that_is_lost(saga: Saga) -> None:
    saga.handle(Raw(body=b'{"specversion": ', content_type="application/cloudevents+json"))
    result = saga("dead-letters", "redrive", "1", "--data", GOOD)
    assert result.exit_code == 1
    assert "its id, type, source have to be given too" in result.stderr
    assert [letter["attempts"] for letter in letters(saga)] == [1]


def test_a_correction_that_is_wrong_itself_changes_nothing(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-5))
    result = saga("dead-letters", "redrive", "1", "--data", '{"order_id": "o-1", "amount": 0, "currency": "EUR"}')
    assert result.exit_code == 1
    assert "nothing was done" in result.stderr
    assert [(letter["id"], letter["attempts"]) for letter in letters(saga)] == [(1, 1)]


@pytest.mark.parametrize("data", ["{", "[" * 5_000, '{"a":' * 40 + "1" + "}" * 40, '{"a": NaN}', "\udcff"])
def test_a_correction_that_is_no_strict_json_is_refused_in_a_sentence(saga: Saga, data: str) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-5))
    result = saga("dead-letters", "redrive", "1", "--data", data)
    assert (result.exit_code, "--data can't be read" in result.stderr) == (2, True)
    assert [(letter["id"], letter["attempts"]) for letter in letters(saga)] == [(1, 1)]


def test_what_is_still_wrong_stays_open_with_one_more_attempt(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-5))
    result = saga("dead-letters", "redrive", "--all", "--json")
    assert result.exit_code == 1
    (answer,) = json.loads(result.stdout)["redriven"]
    assert (answer["answer"], answer["dead_letter_id"]) == ("dead", 1)
    assert "amount" in answer["sentence"]
    assert [(letter["id"], letter["attempts"]) for letter in letters(saga)] == [(1, 2)]


def test_a_conflict_in_a_corrected_message_is_kept_as_a_letter_of_its_own(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"), message("PaymentReceived", "o-1", amount=-1))
    other = '{"order_id": "o-1", "payment_id": "p-o-1", "amount": 7, "currency": "EUR"}'
    result = saga("dead-letters", "redrive", "1", "--data", other, "--json")
    assert result.exit_code == 1
    (answer,) = json.loads(result.stdout)["redriven"]
    (letter,) = letters(saga)
    assert answer["dead_letter_id"] == letter["id"] != 1
    assert letter["kind"] == "conflict"


def test_what_says_nothing_new_is_ignored_and_closed(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"), message("OrderPlaced", "o-1", amount=-1))
    sample = '{"order_id": "o-1", "amount": 4200, "currency": "EUR"}'
    (answer,) = saga.json("dead-letters", "redrive", "1", "--data", sample)["redriven"]
    assert answer["answer"] == "ignored"
    assert letters(saga) == []


def test_a_letter_whose_message_was_taken_in_meanwhile_is_a_duplicate(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", message_id="m", amount=-1))
    saga.handle(message("OrderPlaced", "o-1", message_id="m", amount=100))
    (answer,) = saga.json("dead-letters", "redrive", "1", "--data", GOOD)["redriven"]
    assert answer["answer"] == "duplicate"
    assert len(saga.json("inspect", "o-1")["messages"]) == 1


def test_all_that_is_open_can_be_put_back_at_once(saga: Saga) -> None:
    saga.handle(*(message("OrderPlaced", f"o-{n}", amount=-1) for n in range(3)))
    saga.json("dead-letters", "discard", "2", "--yes")
    result = saga("dead-letters", "redrive", "--all", "--json")
    assert [answer["id"] for answer in json.loads(result.stdout)["redriven"]] == [1, 3]


def test_discarded_letters_are_kept_and_stay_closed(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-1))
    assert saga.json("dead-letters", "discard", "1", "--yes") == {"discarded": [1], "count": 1}
    assert [letter["state"] for letter in letters(saga, "--state", "discarded")] == ["discarded"]
    for words in (("redrive", "1"), ("discard", "1", "--yes")):
        result = saga("dead-letters", *words)
        assert result.exit_code == 1
        assert "1 was discarded before" in result.stderr


def test_discarding_asks_first(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-1))
    assert saga("dead-letters", "discard", "1", stdin="n\n").exit_code == 1
    assert len(letters(saga)) == 1
    assert saga("dead-letters", "discard", "1", "--json").exit_code == 2
    assert saga("dead-letters", "discard", "1", stdin="y\n").exit_code == 0
    assert letters(saga) == []


@pytest.mark.parametrize("words", [("show", "7"), ("redrive", "7"), ("discard", "7", "--yes")])
def test_a_letter_that_does_not_exist_is_a_sentence_and_exit_code_1(saga: Saga, words: tuple[str, ...]) -> None:
    result = saga("dead-letters", *words)
    assert result.exit_code == 1
    assert "There is no dead letter 7" in result.stderr


@pytest.mark.parametrize("words", [(), ("1", "--all"), ("1", "2", "--data", "{}"), ("0",)])
def test_a_redrive_has_to_say_which(saga: Saga, words: tuple[str, ...]) -> None:
    assert saga("dead-letters", "redrive", *words).exit_code == 2


def plain(**properties: str | None) -> Raw:
    return Raw(body=GOOD.encode(), routing_key="orders.OrderPlaced", **properties)  # type: ignore[arg-type]


def without(raw: Raw, attribute: str) -> Raw:
    return replace(raw, headers={name: value for name, value in raw.headers.items() if name != f"ce-{attribute}"})


PLACED = message("OrderPlaced", "o-1", message_id="m-1")
POSITION = {"ce-source": "/modules/orders", "ce-sequence": "seven"}
REPAIRS: dict[str, tuple[Raw, tuple[str, ...], tuple[str, str]]] = {
    "no id": (without(PLACED, "id"), ("--id", "r-1"), ("r-1", "/tests")),
    "an endless id": (message("OrderPlaced", "o-1", message_id="x" * 300), ("--id", "r-1"), ("r-1", "/tests")),
    "an unknown type": (
        message("Unheard", "o-1", message_id="m-1", amount=1, currency="EUR"),
        ("--type", "OrderPlaced"),
        ("m-1", "/tests"),
    ),
    "no source": (without(PLACED, "source"), ("--source", "/shop"), ("m-1", "/shop")),
    "another's subject": (
        replace(PLACED, headers={**PLACED.headers, "ce-subject": "o-2"}),
        ("--subject", "o-1"),
        ("m-1", "/tests"),
    ),
    "no version": (without(PLACED, "specversion"), ("--id", "m-1"), ("m-1", "/tests")),
    "a sequence that is a word": (
        replace(PLACED, headers={**PLACED.headers, **POSITION}),
        ("--source", "/repaired"),
        ("m-1", "/repaired"),
    ),
    "a time that can't be passed on": (
        replace(PLACED, headers={**PLACED.headers, "ce-time": "\n"}),
        ("--id", "m-1"),
        ("m-1", "/tests"),
    ),
    "two ids": (
        replace(PLACED, headers={**PLACED.headers, "cloudEvents:id": "m-2"}),
        ("--id", "m-2"),
        ("m-2", "/tests"),
    ),
    "plain, without id": (plain(), ("--id", "r-1"), ("r-1", "/amqp")),
    "plain, with another type": (
        plain(message_id="m-1", type="Unheard"),
        ("--type", "OrderPlaced", "--subject", "o-1"),
        ("m-1", "/amqp"),
    ),
    "structured, with another type": (
        replace(
            structured("o-1", amount=1, currency="EUR"),
            body=structured("o-1", amount=1, currency="EUR").body.replace(b"OrderPlaced", b"Unheard"),
        ),
        ("--type", "OrderPlaced"),
        ("s-1", "/tests"),
    ),
    "structured, unreadable": (
        Raw(body=b"{", content_type="application/cloudevents+json"),
        ("--id", "r-1", "--type", "OrderPlaced", "--source", "/shop", "--data", GOOD),
        ("r-1", "/shop"),
    ),
}


@pytest.mark.parametrize(("broken", "words", "identity"), REPAIRS.values(), ids=REPAIRS)
def test_every_part_of_a_message_can_be_corrected_and_the_rest_stays(
    saga: Saga, broken: Raw, words: tuple[str, ...], identity: tuple[str, str]
) -> None:
    assert saga.handle(broken).dead == 1
    (answer,) = saga.json("dead-letters", "redrive", "1", *words)["redriven"]
    assert answer["answer"] == "taken", answer
    (taken,) = saga.json("inspect", "o-1")["messages"]
    assert (taken["id"], taken["source"], taken["type"]) == (*identity, "OrderPlaced")


def test_headers_that_still_contradict_each_other_are_for_a_person_to_settle(saga: Saga) -> None:
    saga.handle(replace(PLACED, headers={**PLACED.headers, "cloudEvents:id": "m-2"}))
    result = saga("dead-letters", "redrive", "1", "--type", "OrderPlaced")
    assert result.exit_code == 1
    assert "the headers of 1 contradict each other about id" in result.stderr.lower()
    assert [letter["attempts"] for letter in letters(saga)] == [1]


def test_a_corrected_id_that_contradicts_another_message_is_kept_as_a_letter_of_its_own(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", message_id="m"), without(message("OrderPlaced", "o-2"), "id"))
    result = saga("dead-letters", "redrive", "1", "--id", "m", "--json")
    assert result.exit_code == 1
    (answer,) = json.loads(result.stdout)["redriven"]
    (letter,) = letters(saga)
    assert answer["dead_letter_id"] == letter["id"] != 1


def test_only_what_came_since_is_listed(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=-1), message("OrderPlaced", "o-2", amount=-1))
    saga.sql("UPDATE saga.dead_letter SET last_seen_at = '2026-01-31T12:00Z' WHERE process_id = 'o-1'")
    assert [letter["process_id"] for letter in letters(saga, "--since", "15m")] == ["o-2"]
    assert len(letters(saga, "--since", "2026-01-31T12:00")) == 2
    assert len(letters(saga, "--since", "2026-01-31T12:00:01")) == 1
    assert "no open dead letters like that" in saga("dead-letters", "list", "--since", "0s").stdout
    refused = saga("dead-letters", "list", "--since", "yesterday")
    assert (refused.exit_code, "neither an age nor a time" in refused.stderr) == (2, True)
