"""Neighbours of what a function names: values next to its constants, and nested values that differ in one place."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import MISSING
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import TypeAdapter

from saga.convergence.candidates import choices, default_of, fields_of, is_model, passing_values
from saga.convergence.functions import Constant
from saga.core.plain import is_same

_MOST_ITEMS: Final = 6
_MOST_DISTINCT: Final = 120


def accepted(adapter: TypeAdapter[Any], values: Sequence[Any]) -> list[Any]:
    """The values, read by the type from JSON and written again; without those that it refuses."""
    found = []
    for value in values:
        with suppress(Exception):  # a validator of the user may raise anything
            found.append(adapter.dump_python(adapter.validate_json(json.dumps(value, default=str)), mode="json"))
    return found


def near(constants: Sequence[Constant]) -> list[Any]:
    """The constants with their neighbours: one below and one above; a text in other cases and with spaces around it."""
    found: list[Any] = []
    numbers = [number for one in constants if (number := number_of(one)) is not None]
    texts = [one for one in constants if isinstance(one, str)]
    found += [*texts, *numbers, *map(float, numbers), *map(str, numbers)]
    for text in texts:
        found += [text.upper(), text.lower(), text.title(), f" {text} ", text.strip(), f"{text}x"]
    for number in numbers:
        around = [number - 1, number + 1, number // 2, number // 2 + 1, number - 100, number // 3, number // 3 + 1]
        around += [float(number) - 0.01, float(number) + 0.01, float(number) + 1e-9, *_scaled(number)]
        # What is never below zero may be meant to grow: that is for the functions to say.
        fitting = [one for one in around if one >= 0 or number < 0]
        found += [*fitting, f"{number}.00", *map(str, fitting[:2])]
    return found


def _scaled(number: Any) -> Iterator[int]:
    """The number in units a hundred and a thousand times smaller, such as cents, with neighbours."""
    for factor in (100, 1_000):
        scaled = int(Decimal(str(number)) * factor)
        yield from (scaled - 1, scaled, scaled + 1)


def nested(annotation: Any, deepest: int, constants: Sequence[Any]) -> Iterator[Any]:
    """Values of nested models, lists and mappings that differ in one place, the constants among them."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Annotated, Union} or type(annotation).__name__ == "UnionType":
        for one in inner[:1] if origin is Annotated else inner:
            yield from nested(one, deepest, constants)
    elif is_model(annotation) and deepest:
        yield from _models(annotation, deepest, constants)
    elif origin in (list, tuple) and inner and deepest:
        first, *others = [*_items(inner[0], deepest, constants), None]
        yield from ([], [first])
        for other in others[:_MOST_ITEMS]:
            yield from ([first, other], [other, first], [first, first])
    elif origin is dict and deepest:
        for value in _items(inner[1], deepest, constants):
            yield from ({"a": value}, {"b": value}, {"a": value, "b": value})


def _models(model: type, deepest: int, constants: Sequence[Any]) -> Iterator[dict[str, Any]]:
    values = {name: _items(field, deepest, constants) for name, field in fields_of(model).items()}
    usual = {name: known[0] for name, known in values.items() if known}
    yield usual
    for name, known in values.items():
        yield from ({**usual, name: other} for other in known[1:])


def _items(field: Any, deepest: int, constants: Sequence[Any]) -> list[Any]:
    """A few values of an item or of a nested field."""
    default = default_of(field)
    named = distinct(accepted(TypeAdapter(field), constants))[:_MOST_ITEMS]
    known = [*choices(field), *passing_values("item", field)[:3], *named]
    known += islice(nested(field, deepest - 1, constants), 3)
    return known or ([] if default is MISSING else [default])


def number_of(constant: Constant) -> Any:
    """The number that a constant is or writes; None if it is neither."""
    if not isinstance(constant, str):
        return constant if abs(float(constant)) < 2**53 else None
    with suppress(ArithmeticError, ValueError):
        number = Decimal(constant)
        if number.is_finite() and abs(number) < 2**53:
            return int(number) if number == int(number) else float(number)
    return None


def as_json(value: Any) -> str:
    """Equal for values that are the same as JSON."""
    return json.dumps(value, sort_keys=True)


def distinct(values: Sequence[Any]) -> list[Any]:
    """The first values that differ from one another as JSON."""
    found: list[Any] = []
    for value in values:
        if len(found) < _MOST_DISTINCT and not any(is_same(value, one) for one in found):
            found.append(value)
    return found
