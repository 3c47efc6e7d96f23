"""Lenient JSON: what can be read of a body that is no strict JSON. For people who look for it, never for effect.

The problem: a message that is not understood still says whom it is about, mostly. A parser gives up at the first error,
and the best ones are those that fail late: a field that is NaN, a key that comes twice, a body that was cut off.

The model: the text is read token by token, and only strings and brackets count. A string before a colon is a key; the
path to it is known from the brackets that are open. What stands between tokens is passed over, whatever it is. Each
token is looked at once and nothing recurs, so depth and size do no harm.
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
    """Of the values at these paths, those that are texts, numbers or truths, as text; the first of several."""
    found: dict[Path, str] = {}
    for path, value in _scalars(_decoded(body[:MAX_BODY_BYTES]), max(map(len, wanted))):
        if path in wanted and path not in found and value:
            found[path] = value
            if len(found) == len(wanted):
                break
    return found


def _decoded(body: bytes) -> str:
    """UTF-8 as far as it goes, or what else JSON comes in, with or without a byte order mark."""
    return body.decode(json.detect_encoding(body), "backslashreplace")


def _scalars(text: str, most: int) -> Iterator[tuple[Path, str]]:
    """The values of keys in objects, down to paths of ``most`` keys; nothing that is within a list."""
    open_: list[str | None] = []  # for each open bracket the key that leads to it; None for a list or the first
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
