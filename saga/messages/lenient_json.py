"""Lenient JSON: reads values from a body that is not strict JSON. Only for people; the result affects no decision.

The problem: a message that can't be understood usually still names its instance. A parser stops at the first error, and
many errors are late or local: a field that is NaN, a key that occurs twice, a truncated body.

The model: the text is read token by token, and only strings and brackets count. A string before a colon is a key; the
open brackets give the path to it. All text between tokens is skipped. Each token is read once, without recursion, so
depth and size do no harm.
"""

import json
import re
from collections.abc import Iterator, Sequence

from saga.messages.strict_json import MAX_BODY_BYTES

Path = tuple[str, ...]

_TOKEN = re.compile(r'"(?P<text>[^"\\]*(?:\\.[^"\\]*)*)(?P<end>"?)|(?P<bracket>[{}\[\]])', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")
_WORD = re.compile(r"[^\s,:{}\[\]\"]+")
_NULL = "null"


def scalars(body: bytes, wanted: Sequence[Path]) -> dict[Path, str]:
    """The strings, numbers and booleans at these paths, as text; the first if a path has several."""
    found: dict[Path, str] = {}
    for path, value in _scalars(_decoded(body[:MAX_BODY_BYTES]), max(map(len, wanted))):
        if path in wanted and path not in found and value:
            found[path] = value
            if len(found) == len(wanted):
                break
    return found


def _decoded(body: bytes) -> str:
    """The text of the body, in any encoding of JSON; invalid bytes become escapes."""
    return body.decode(json.detect_encoding(body), "backslashreplace")


def _scalars(text: str, most: int) -> Iterator[tuple[Path, str]]:
    """The values of keys in objects, with paths of up to ``most`` keys; values within lists are left out."""
    open_: list[str | None] = []  # the key of each open bracket; None within a list or for the first
    key: str | None = None
    lists = 0
    for token in _TOKEN.finditer(text):
        bracket = token["bracket"]
        if bracket in ("{", "["):
            open_.append(key)
            lists += bracket == "["
            key = None
        elif bracket is not None:
            if open_:
                open_.pop()
            lists = max(0, lists - (bracket == "]"))
            key = None
        elif key is not None:
            yield (*_names(open_), key), _unescaped(token["text"]) if token["end"] else ""
            key = None
        elif token["end"] and not lists and 0 < len(open_) <= most and (colon := _COLON.match(text, token.end())):
            key = _unescaped(token["text"])
            if word := _WORD.match(text, colon.end()):
                yield (*_names(open_), key), "" if word[0] == _NULL else word[0]
                key = None


def _names(open_: Sequence[str | None]) -> Path:
    return tuple(name for name in open_ if name is not None)


def _unescaped(text: str) -> str:
    try:
        value: str = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return value
