"""A message that can't be handled is found from the order that it names, whatever else is wrong with it."""

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest

from saga.messages import Raw
from tests.cli.shell import Saga, message

BAD = {"order_id": "o-1", "amount": -1, "currency": "EUR"}


def plain(body: bytes | dict[str, Any] = BAD, **properties: Any) -> Raw:
    said = {"message_id": "m-1", "type": "OrderPlaced", "routing_key": "orders.OrderPlaced", **properties}
    return Raw(body=body if isinstance(body, bytes) else json.dumps(body).encode(), **said)


def binary(body: bytes | dict[str, Any] = BAD, **attributes: Any) -> Raw:
    said = {"specversion": "1.0", "id": "m-1", "source": "/shop", "type": "OrderPlaced", **attributes}
    raw = plain(body, message_id=None, type=None)
    return Raw(raw.body, raw.routing_key, headers={f"ce-{name}": value for name, value in said.items() if value != ...})


def structured(after: bytes = b"", data: bytes | dict[str, Any] = BAD, **attributes: Any) -> Raw:
    said = {"specversion": "1.0", "id": "m-1", "source": "/shop", "type": "OrderPlaced", **attributes}
    event = json.dumps({name: value for name, value in said.items() if value != ...}).encode()
    written = data if isinstance(data, bytes) else b'"data":' + json.dumps(data).encode()
    return Raw(event[:-1] + b"," + written + b"}" + after, content_type="application/cloudevents+json")


def packed(data: bytes) -> bytes:
    return b'"data_base64":' + json.dumps(b64encode(data).decode()).encode()


FORMS = {
    "plain with wrong data": plain(),
    "plain without an id": plain(message_id=None),
    "plain of an unknown type": plain(type="Guessed"),
    "plain whose amount is NaN": plain(b'{"order_id":"o-1","amount":NaN}'),
    "plain with a key twice": plain(b'{"order_id":"o-1","amount":1,"amount":2}'),
    "plain with more behind it": plain(b'{"order_id":"o-1"} "x"'),
    "plain that was cut off": plain(b'{"order_id":"o-1","amount":4'),
    "plain that is too deep": plain(b'{"order_id":"o-1","deep":' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
    "plain that is no UTF-8": plain(b'{"name":"\xff","order_id":"o-1"}'),
    "plain with a byte order mark": plain(b"\xef\xbb\xbf" + json.dumps(BAD).encode()),
    "plain that is too large": plain({**BAD, "note": "x" * 300_000}),
    "plain that is an event itself": plain({"specversion": "1.0", "data": BAD}),
    "binary with wrong data": binary(),
    "binary without an id": binary(id=...),
    "binary of another version": binary(specversion="2.0"),
    "binary with a bad sequence": binary(sequence="first"),
    "binary with a subject that is no text": binary(subject={"a": 1}),
    "binary with nothing but a subject": binary(b"<xml/>", subject="o-1"),
    "structured with wrong data": structured(),
    "structured without an id": structured(id=...),
    "structured with more behind it": structured(after=b"x"),
    "structured with base64": structured(data=packed(json.dumps(BAD).encode())),
    "structured with base64 that is cut off": structured(data=packed(b'{"order_id":"o-1","amount":Na')),
    "structured with base64 for addresses": structured(
        data=b'"data_base64":"' + urlsafe_b64encode(b'{"order_id":"o-1","x":"??>>\xff"}').rstrip(b"=") + b'"'
    ),
    "structured with nothing but a subject": structured(data=b'"data":NaN', subject="o-1"),
}


@pytest.mark.parametrize("name", FORMS)
def test_it_is_found_from_its_order_whether_that_is_known_or_not(saga: Saga, name: str) -> None:
    saga.handle(FORMS[name])
    (letter,) = saga.json("dead-letters", "list", "o-1")["dead_letters"]
    assert (letter["process_id"], letter["order_id"]) == ("o-1", "o-1")
    unknown = saga("inspect", "o-1")
    assert unknown.exit_code == 1
    assert f"an open dead letter names it ({letter['id']})" in unknown.stderr
    (lost,) = saga.json("list", "--stuck")["orders"]
    assert (lost["order_id"], lost["outcome"], lost["settled"]) == ("o-1", None, False)
    assert lost["reason"] == "nothing was taken in of it; an open dead letter: see `saga dead-letters list`"
    saga.handle(message("OrderPlaced", "o-1"))
    assert [one["id"] for one in saga.json("inspect", "o-1")["dead_letters"]] == [letter["id"]]
    (stuck,) = saga.json("list", "--stuck")["orders"]
    assert (stuck["order_id"], "an open dead letter" in stuck["reason"]) == ("o-1", True)


@pytest.mark.parametrize("order_id", [42, 4.5, True, 12345678901234567890])
def test_an_id_of_the_wrong_kind_is_shown_as_text(saga: Saga, order_id: object) -> None:
    saga.handle(plain({**BAD, "order_id": order_id}))
    (letter,) = saga.json("dead-letters", "list", json.dumps(order_id))["dead_letters"]
    assert letter["process_id"] == json.dumps(order_id)


def test_an_endless_id_is_found_by_all_of_it(saga: Saga) -> None:
    saga.handle(plain({**BAD, "order_id": "o" * 9_000}))
    (letter,) = saga.json("dead-letters", "list", "o" * 9_000)["dead_letters"]
    assert len(letter["process_id"]) < 500


@pytest.mark.parametrize("name", ["structured with more behind it", "binary with a subject that is no text"])
def test_attributes_are_kept_as_far_as_they_can_be_read(saga: Saga, name: str) -> None:
    saga.handle(FORMS[name])
    letter = saga.json("dead-letters", "show", "1")
    assert (letter["type"], letter["message_id"], letter["source"]) == ("OrderPlaced", "m-1", "/shop")


@pytest.mark.parametrize("raw", [binary, structured])
def test_the_place_that_a_bad_message_claims_is_kept_and_covers_nothing(saga: Saga, raw: Any) -> None:
    saga.handle(raw(specversion="2.0", source="/modules/elsewhere", sequence="7", previoussequence="0"))
    letter = saga.json("dead-letters", "show", "1")
    assert (letter["module"], letter["position"]) == ("elsewhere", 7)
    assert [one["id"] for one in saga.json("dead-letters", "list", "--text", "elsewhere/7")["dead_letters"]] == [1]
    assert "elsewhere" not in [one["module"] for one in saga.json("cursors")["cursors"]]


def test_the_list_can_be_narrowed(saga: Saga) -> None:
    saga.handle(plain(), plain({**BAD, "order_id": "o-2"}, message_id="m-2", type="Guessed"))
    saga.handle(plain(b"\xff needle", message_id="m-3", type="OrderCancelled"))

    def ids(*words: str) -> list[int]:
        return [one["id"] for one in saga.json("dead-letters", "list", *words)["dead_letters"]]

    everything = ids()
    assert len(everything) == 3
    assert [len(ids("o-1")), len(ids("o-2")), len(ids("o-3"))] == [1, 1, 0]
    assert len(ids("--type", "Guessed")) == len(ids("--text", "m-2")) == len(ids("--text", "needle")) == 1
    assert ids("--type", "Guessed") == ids("o-2", "--text", "unknown type")
    assert ids("o-1", "--type", "Guessed") == []
    saga.json("dead-letters", "discard", str(ids("o-1")[0]), "--yes")
    assert ids("o-1") == []
    assert len(ids("o-1", "--state", "all")) == 1
    assert "There are no open dead letters like that." in saga("dead-letters", "list", "o-1").stdout
