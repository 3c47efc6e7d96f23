"""Only what every parser reads the same way is read at all; the rest is refused by name."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga.messages.strict_json import MAX_BODY_BYTES, MAX_DEPTH, NotStrictJson, parse

REFUSED = {
    "nothing": (b"", "not JSON"),
    "not JSON": (b"order o-1 was paid", "not JSON"),
    "half of it": (b'{"order_id": "o-', "not JSON"),
    "something after it": (b'{"order_id": "o-1"} {}', "not JSON"),
    "a byte order mark": (b'\xef\xbb\xbf{"order_id": "o-1"}', "not JSON"),
    "UTF-16": ('{"order_id": "o-1"}'.encode("utf-16"), "not UTF-8: byte 0 is 0xff"),
    "Latin-1": ('{"order_id": "ö"}'.encode("latin-1"), "not UTF-8: byte 14 is 0xf6"),
    "a surrogate as bytes": (b'{"order_id": "\xed\xa0\x80"}', "not UTF-8"),
    "NUL, bare": (b'{"order_id": "\x00"}', "not JSON"),
    "NUL, escaped": (rb'{"order_id": "\u0000"}', "NUL character"),
    "NUL in a key": (rb'{"a\u0000b": 1}', "NUL character"),
    "a lone surrogate": (rb'{"order_id": "\ud800"}', "lone surrogate"),
    "a lone surrogate in a key, deep inside": (rb'{"a": [{"\udc00": 1}]}', "lone surrogate"),
    "NaN": (b'{"amount": NaN}', "NaN"),
    "Infinity": (b'{"amount": Infinity}', "Infinity"),
    "minus Infinity": (b'{"amount": -Infinity}', "-Infinity"),
    "1e400": (b'{"amount": 1e400}', "out of range: 1e400"),
    "a number with endless digits": (b'{"amount": 0.' + b"3" * 5_000 + b"}", "out of range"),
    "an integer of 65 bits": (b'{"amount": 18446744073709551616}', "more than 64 bits"),
    "an integer of 5,001 digits": (b'{"amount": ' + b"9" * 5_001 + b"}", "more than 64 bits"),
    "a key twice": (b'{"amount": 1, "amount": 2}', "the key 'amount' twice"),
    "a key twice, once escaped": (rb'{"amount": 1, "\u0061mount": 2}', "the key 'amount' twice"),
    "a key twice, deep inside": (b'[{"a": [{"b": 1, "b": 1}]}]', "the key 'b' twice"),
    "a level too deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), f"deeper than {MAX_DEPTH}"),
    "10,000 levels": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, f"deeper than {MAX_DEPTH}"),
    "a byte too long": (b'"' + b"x" * (MAX_BODY_BYTES - 1) + b'"', f"{MAX_BODY_BYTES + 1} bytes"),
    "5 MB": (b'"' + b"x" * 5_000_000 + b'"', "5000002 bytes"),
}

READ = {
    "an emoji, as bytes": ('{"a": "🎉"}'.encode(), {"a": "🎉"}),
    "an emoji, as a pair of escapes": (rb'{"a": "\ud83c\udf89"}', {"a": "🎉"}),
    "the greatest integer": (b"9223372036854775807", 2**63 - 1),
    "the least integer": (b"-9223372036854775808", -(2**63)),
    "as deep as allowed": (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
    "as long as allowed": (b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"', "x" * (MAX_BODY_BYTES - 2)),
    "many brackets, none of them deep": (b'"' + b"[" * 1_000 + b'"', "[" * 1_000),
    "white space around it": (b" \n\t[1] \r\n", [1]),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_parsers_disagree_about_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(NotStrictJson) as refused:
        parse(body)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_key_twice_among_thousands_is_found_at_once() -> None:
    """Looking for each key among all others would hold a worker up for most of a minute."""
    keys = [f'"{number:x}":0' for number in range(29_000)]
    began = time.process_time()
    with pytest.raises(NotStrictJson, match="the key '7147' twice"):
        parse(f"{{{','.join([*keys, keys[-1]])}}}".encode())
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("body", "value"), READ.values(), ids=READ)
def test_what_all_parsers_read_the_same_is_read(body: bytes, value: object) -> None:
    assert parse(body) == value


WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXT, children, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_every_strict_value_is_read_as_it_was_written(value: object, ascii_only: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused_and_what_is_read_goes_round(body: bytes) -> None:
    try:
        value = parse(body)
    except NotStrictJson:
        return
    assert parse(json.dumps(value).encode()) == value
