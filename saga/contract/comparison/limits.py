"""Limits of numbers, texts, lists and objects: whether one piece, or one value, keeps those of another piece."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from saga.contract.comparison.difference import INCOMPARABLE, Difference
from saga.contract.comparison.pieces import ABOUT
from saga.contract.schemas import Schema

Bound = tuple[float, bool]
"""A number, and whether it is excluded itself."""

LENGTHS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
TEXTUAL: Final = ("pattern", "format")


def differences_of_limits(given: Schema, accepting: Schema, path: str) -> Iterator[Difference]:
    """The limits of the accepting piece that the given one does not keep."""
    yield from _of_bounds(given, accepting, path)
    for keyword in LENGTHS:
        if keyword in accepting:
            bound, other = given.get(keyword), accepting[keyword]
            is_least = keyword.startswith("min")
            kept = (bound or 0) >= other if is_least else bound is not None and bound <= other
            if not kept:
                yield Difference(path, keyword, bound, other)
    for keyword in TEXTUAL:
        if keyword in accepting and given.get(keyword) != accepting[keyword]:
            kind = keyword if given.get(keyword) is None else INCOMPARABLE
            said = (given.get(keyword), accepting[keyword])
            yield Difference(path, kind, *(said if kind == keyword else ({keyword: one} for one in said)))
    if "multipleOf" in accepting and not _is_multiple(_step(given), accepting["multipleOf"]):
        yield Difference(path, "multipleOf", given.get("multipleOf"), accepting["multipleOf"])
    if accepting.get("uniqueItems") and not given.get("uniqueItems") and given.get("maxItems", 2) > 1:
        yield Difference(path, "uniqueItems", given.get("uniqueItems", False), True)


def differences_of_value(value: Any, accepting: Schema, path: str) -> Iterator[Difference]:
    """The keywords of the accepting piece, whose type the value has, that refuse this value."""
    if isinstance(value, str):
        if not accepting.get("minLength", 0) <= len(value) <= accepting.get("maxLength", math.inf):
            yield Difference(path, "enum", [value], _limits(accepting))
        if "pattern" in accepting and not re.search(accepting["pattern"], value):
            yield Difference(path, "enum", [value], _limits(accepting))
        if "format" in accepting:
            yield Difference(path, INCOMPARABLE, {"const": value}, {"format": accepting["format"]})
    elif isinstance(value, int | float):
        low, high = _bounds(accepting)
        below = value < low[0] or (low[1] and value == low[0])
        above = value > high[0] or (high[1] and value == high[0])
        if below or above or not _is_multiple(value, accepting.get("multipleOf", value or 1)):
            yield Difference(path, "enum", [value], _limits(accepting))
    elif accepting.keys() & ABOUT[str(accepting["type"])]:
        yield Difference(path, INCOMPARABLE, {"const": value}, _limits(accepting))


def _of_bounds(given: Schema, accepting: Schema, path: str) -> Iterator[Difference]:
    (low, high), (least, most) = _bounds(given), _bounds(accepting)
    if low[0] < least[0] or (low[0] == least[0] and least[1] and not low[1]):
        yield Difference(path, "minimum", _shown(low), _shown(least))
    if high[0] > most[0] or (high[0] == most[0] and most[1] and not high[1]):
        yield Difference(path, "maximum", _shown(high), _shown(most))


def _bounds(schema: Schema) -> tuple[Bound, Bound]:
    """The least and the greatest number; of whole numbers both are included."""
    low = max((schema.get("minimum", -math.inf), False), (schema.get("exclusiveMinimum", -math.inf), True))
    high_closed, high_open = schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)
    high = (high_open, True) if high_open <= high_closed and high_open != math.inf else (high_closed, False)
    low = (-math.inf, False) if low[0] == -math.inf else low
    if schema.get("type") != "integer":
        return low, high
    return _whole(low, 1), _whole(high, -1)


def _whole(bound: Bound, step: int) -> Bound:
    if math.isinf(bound[0]):
        return bound
    rounded = math.ceil(bound[0]) if step > 0 else math.floor(bound[0])
    return (rounded + step if bound[1] and rounded == bound[0] else rounded), False


def _step(schema: Schema) -> Any:
    return schema.get("multipleOf", 1 if schema.get("type") == "integer" else None)


def _is_multiple(number: Any, of: Any) -> bool:
    return number is not None and math.isclose(math.remainder(number, of), 0, abs_tol=1e-12)


def _shown(bound: Bound) -> str | None:
    number, is_excluded = bound
    return None if math.isinf(number) else f"{number}{', excluded' if is_excluded else ''}"


def _limits(schema: Schema) -> Mapping[str, Any]:
    """What a piece says about its values beside their type."""
    return {keyword: said for keyword, said in schema.items() if keyword != "type"}
