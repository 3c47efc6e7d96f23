"""Plain JSON values, in the form that they have after being stored and read back.

Python calls 1, 1.0 and true equal, but a reader of JSON does not. If the second of two such values counted as a repeat,
a command would carry whichever came first. So values of facts are compared by ``is_same``, not by ``==``.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

INTEGERS_FROM: Final = 1e16
"""Of a float. From this size on it is written with an exponent, and PostgreSQL's jsonb gives it back as an integer."""

EXACT_TYPES: Final = frozenset({str, int, bool, type(None)})
"""Two equal values of one of these types are the same as JSON."""


def plain(value: Any) -> Any:
    """A copy of the value with keys sorted and tuples as lists.

    Raises TypeError for a value that is not JSON or can't be stored: integers over 64 bits, NUL and lone surrogates.
    """
    if _is_plain(value):
        return value
    if type(value) is float and math.isfinite(value):
        return int(Decimal(repr(value))) if value else 0.0
    if isinstance(value, dict) and all(type(key) is str and _is_plain(key) for key in value):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{value!r:.80} is no JSON value: use words, numbers, lists, and objects whose keys are words")


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same as JSON: equal, and of the same types at every depth.

    Numbers that 64 bits can't hold are the exception: jsonb forgets whether they were integers.

    >>> is_same({"amount": 1}, {"amount": 1.0}), is_same([0.0], [-0.0]), is_same((1,), [1])
    (False, False, True)
    """
    kind = type(one)
    if kind in EXACT_TYPES and kind is type(other):
        return bool(one == other)
    if kind is float or kind is int:
        return _is_same_number(one, other)
    if isinstance(one, Mapping):
        if not isinstance(other, Mapping) or one.keys() != other.keys():
            return False
        return all(is_same(item, other[key]) for key, item in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return kind is type(other) and bool(one == other)


def _is_same_number(one: float, other: Any) -> bool:
    if type(one) is type(other):
        return bool(one == other and (one or math.copysign(1, one) == math.copysign(1, other)))
    return type(other) in (int, float) and bool(one == other) and not -(2**63) <= one < 2**63


def _is_plain(value: Any) -> bool:
    kind: type = type(value)
    if kind is str:
        return "\x00" not in value and (value.isascii() or not any("\ud800" <= one <= "\udfff" for one in value))
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    if kind is float:
        return math.isfinite(value) and not _is_stored_otherwise(value)
    return value is None or kind is bool


def _is_stored_otherwise(value: float) -> bool:
    """Whether jsonb gives this number back as another one: 0.0 for -0.0, and an integer for 1e16."""
    if not value:
        return math.copysign(1, value) < 0
    return INTEGERS_FROM <= abs(value) < 2**63
