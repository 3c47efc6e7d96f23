"""Strict JSON: only JSON that every parser, and PostgreSQL's jsonb, reads in the same way.

Parsers disagree: ``json.loads`` accepts NaN, lone surrogates, NUL and duplicate keys; jsonb refuses some of these, and
stores numbers that Python reads back as infinity. Ambiguous JSON is refused here, with the name of the problem.
"""

import json
import math
from collections import Counter
from typing import Any

MAX_BODY_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 40


class NotStrictJson(ValueError):
    """The bytes are not strict JSON; the message says what is wrong, and where if known."""


def parse(body: bytes) -> Any:
    """The JSON value of the bytes. Raises NotStrictJson."""
    if len(body) > MAX_BODY_BYTES:
        raise NotStrictJson(f"the body has {len(body)} bytes; {MAX_BODY_BYTES} are allowed")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"the body is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}") from None
    if (plain := _flat(text)) is not None:
        return plain
    try:
        value = _DECODER.decode(text)
    except NotStrictJson:
        raise
    except RecursionError:
        raise NotStrictJson(f"the JSON is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise NotStrictJson(f"the body is not JSON: {error}") from None
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise NotStrictJson(f"the JSON is nested deeper than {MAX_DEPTH} levels")
    if "\\" in text:
        _check_strings(value)
    return value


def _flat(text: str) -> dict[str, Any] | None:
    """The value if it is an object of strings, 64-bit integers, booleans and nulls, as most messages are; else None.

    Python's own decoder without hooks reads such an object many times faster. Without escapes every quote begins or
    ends a key or a string, so a duplicate key leaves more quotes than the value accounts for.
    """
    if "\\" in text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if type(value) is not dict:
        return None
    texts = 0
    for item in value.values():
        kind = type(item)
        if kind is str:
            texts += 1
        elif kind is int:
            if not -(2**63) <= item < 2**63:
                return None
        elif kind is not bool and item is not None:
            return None
    return value if text.count('"') == 2 * (len(value) + texts) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        often = Counter(name for name, _ in pairs)
        twice = next(name for name in often if often[name] > 1)
        raise NotStrictJson(f"the JSON has the key {twice[:60]!r} twice")
    return unique


def _integer(text: str) -> int:
    number = int(text) if len(text) <= MAX_NUMBER_LENGTH else 2**63
    if not -(2**63) <= number < 2**63:
        raise NotStrictJson(f"the JSON has an integer of more than 64 bits: {text[:30]}...")
    return number


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or len(text) > MAX_NUMBER_LENGTH:
        raise NotStrictJson(f"the JSON has a number that is out of range: {text[:30]}")
    return number


def _constant(name: str) -> Any:
    raise NotStrictJson(f"the JSON has {name}, which is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        level = [item for parent in level if isinstance(parent, dict | list) for item in _children(parent)]
        deepest += 1
    return deepest - 1 if not isinstance(value, dict | list) else deepest


def _children(parent: dict[str, Any] | list[Any]) -> list[Any]:
    return list(parent.values()) if isinstance(parent, dict) else parent


def _check_strings(value: Any) -> None:
    """Check all strings: escapes can express NUL and lone surrogates, which the bytes can't."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str):
            _check_string(item)


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise NotStrictJson("the JSON has a NUL character in a string")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise NotStrictJson("the JSON has a lone surrogate in a string")
