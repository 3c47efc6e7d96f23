"""Plain JSON values, in the form that they have after being stored and read back."""

import math
from typing import Any


def plain(value: Any) -> Any:
    """A copy of the value with keys sorted and tuples as lists.

    Raises TypeError for a value that is not JSON or can't be stored: integers over 64 bits, NUL and lone surrogates.
    """
    if _is_plain(value):
        return value
    if isinstance(value, dict) and all(type(key) is str and _is_plain(key) for key in value):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{value!r:.80} is no JSON value: use words, numbers, lists, and objects whose keys are words")


def _is_plain(value: Any) -> bool:
    kind: type = type(value)
    if kind is str:
        return "\x00" not in value and (value.isascii() or not any("\ud800" <= one <= "\udfff" for one in value))
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    if kind is float:
        return math.isfinite(value)
    return value is None or kind is bool
