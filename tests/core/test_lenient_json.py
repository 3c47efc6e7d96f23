"""Of a body that is no strict JSON is read what people look for it by."""

import json
import time

import pytest

from saga.messages.lenient_json import scalars

ID, IN_EVENT = ("order_id",), ("data", "order_id")
WANTED = (ID, IN_EVENT)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"order_id": "o-1"}', "o-1"),
        (b'{"order_id":"o-1","amount":NaN}', "o-1"),
        (b'{"amount":1e400, "order_id" :\n"o-1"}', "o-1"),
        (b'{"amount":' + b"7" * 5_001 + b',"order_id":"o-1"}', "o-1"),
        (b'{"order_id":"o-1","order_id":"o-2"}', "o-1"),
        (b'{"a":1,"a":2,"order_id":"o-1"}', "o-1"),
        (b'{"order_id":"o-1"} and more', "o-1"),
        (b'{"order_id":"o-1","note":"cut o', "o-1"),
        (b'{"order_id":"o-1","lines":[{"order_id":"o-2"', "o-1"),
        (b'{"lines":[{"order_id":"o-2"}],"deep":{"order_id":"o-3"},"order_id":"o-1"}', "o-1"),
        (b'{"note":"\\"order_id\\":\\"o-2\\"","order_id":"o-1"}', "o-1"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 9_999 + b',"order_id":"o-1"}', "o-1"),
        (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b',"order_id":"o-1"}', "o-1"),
        (b'\xef\xbb\xbf{"order_id":"o-1"}', "o-1"),
        (b'{"name":"\xff\xfe","order_id":"o-1"}', "o-1"),
        ('{"order_id":"o-1"}'.encode("utf-16"), "o-1"),
        (b'{"order_id":42}', "42"),
        (b'{"order_id":-4.20}', "-4.20"),
        (b'{"order_id":true}', "true"),
        ('{"order_id":"ж"}'.encode(), "ж"),
        (b'{"order_id":"\\u0436"}', "ж"),
        (b'{"order_id":"a\\qb"}', "a\\qb"),
        (b"{'order_id':'o-1'}", None),
        (b'{"order_id":null}', None),
        (b'{"order_id":""}', None),
        (b'{"order_id":["o-1"]}', None),
        (b'{"order_id":{"id":"o-1"}}', None),
        (b'{"order_id":"o-', None),
        (b'{"order_id":', None),
        (b'["order_id","o-1"]', None),
        (b'"order_id":"o-1"', None),
        (b"]]}}", None),
        (b"", None),
    ],
)
def test_what_a_body_says_of_its_order(body: bytes, said: str | None) -> None:
    assert scalars(body, WANTED).get(ID) == said


def test_a_structured_event_has_its_data_a_level_below() -> None:
    body = json.dumps({"id": "m", "data": {"order_id": "o-1", "x": {"order_id": "o-2"}}}).encode()[:-2]
    assert scalars(body, (*WANTED, ("id",))) == {IN_EVENT: "o-1", ("id",): "m"}


@pytest.mark.parametrize(
    "piece", [b'"', b"\\", b'\\"', b'"\\', b"[", b"{", b'"a":', b'{"a":', b'"\\"":', b",", b"]", b" "]
)
def test_whatever_comes_takes_no_long_time(piece: bytes) -> None:
    """A pattern that goes back would take minutes for some of these."""
    begin = time.process_time()
    for first in (b"", b"{", b'"', b'{"order_id"'):
        scalars(first + piece * (300_000 // len(piece)), WANTED)
    assert time.process_time() - begin < 10
