"""Values for the fields of a message class: the usual ones, those at the bounds of a type, and nested ones.

Each candidate is tried: a value counts if the type of the field accepts it and doesn't convert it to another type. A
nested model gets the value with the fewest models within one another, so a model that contains itself ends early.
"""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from inspect import isclass
from itertools import chain, islice
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from saga.convergence.patterns import matching

MOST_VALUES = 6
_MOST_TRIED = 200
_DEEPEST = 8
_LISTS = (list, set, frozenset, tuple)
_QUALIFIERS = (Required, NotRequired)


@dataclass(frozen=True, slots=True)
class Default:
    """Carries the default of a field beside its type; its alias and the rest are not needed here."""

    of: FieldInfo


def fields_of(kind: type) -> Mapping[str, Any]:
    """The fields of a message class, with their types and constraints."""
    if issubclass(kind, BaseModel):
        kind.model_rebuild(raise_errors=False)  # a class may name one that is defined after it
        return {
            name: Annotated[(field.annotation, *field.metadata, Default(field))]
            for name, field in kind.model_fields.items()
        }
    hints = get_type_hints(kind, include_extras=True)
    if dataclasses.is_dataclass(kind):
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return {name: get_args(hint)[0] if get_origin(hint) in _QUALIFIERS else hint for name, hint in hints.items()}


def passing_values(name: str, field: Any) -> list[Any]:
    """The first usual values that a field accepts, at most ``MOST_VALUES``."""
    return list(islice(_accepted(name, field, _DEEPEST), MOST_VALUES))


def _accepted(name: str, field: Any, deepest: int) -> Iterator[Any]:
    """All of these values that a field accepts; models within one another are at most ``deepest``."""
    adapter: TypeAdapter[Any] = TypeAdapter(field)
    return passing(adapter, chain(usual(name), bounds(adapter), built(field, deepest), patterned(adapter)))


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values of an enum, a literal or a bool, also if it is optional."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isclass(annotation) and issubclass(annotation, Enum):
        return tuple(member.value for member in annotation)
    if annotation is bool:
        return (True, False)
    if get_origin(annotation) in {Annotated, Union, types.UnionType}:
        inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
        found = [choices(one) for one in inner if one is not type(None)]
        return found[0] if len(found) == 1 else ()
    return ()


def usual(name: str) -> Iterator[Any]:
    """Values to try, the most ordinary first."""
    yield from (f"{name}-{number}" for number in range(1, MOST_VALUES + 1))
    yield from (100, 40, 60, 1, 0, 10_000, -1)
    yield from ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    yield from ("2026-01-02", "2026-01-01", "2026-01-03", "12:00:00", "11:00:00", "P1D", "P2D")
    yield from ("EUR", "USD", "DE", "FR", "de", "en", "a", "b", "A", "1", "2", "10.00", "20.00")
    yield from ("a@example.org", "b@example.org", "https://example.org/", "https://example.com/")
    yield from (f"00000000-0000-4000-8000-{number:012}" for number in range(1, MOST_VALUES + 1))
    yield from (0.7, 0.6, 0.1, 1.1, 1.3, 49.99, 99.9)  # their sum depends on the order of addition
    yield from ([], {}, ["a"], {"a": "b"}, None)
    yield from ("x" * length for length in range(2, 65))


def bounds(adapter: TypeAdapter[Any]) -> Iterator[Any]:
    """Numbers at the bounds of the type, for types that refuse the ordinary ones."""
    for branch in _branches(adapter):
        for bound, step in (("minimum", 0), ("exclusiveMinimum", 1), ("maximum", 0), ("exclusiveMaximum", -1)):
            if bound in branch:
                yield branch[bound] + step
                yield branch[bound] + step * 2


def admits_negative(adapter: TypeAdapter[Any]) -> bool:
    """Whether a type says itself that its numbers may be below zero."""
    least = [branch.get("minimum", branch.get("exclusiveMinimum", 0)) for branch in _branches(adapter)]
    return any(one < 0 for one in least)


def built(annotation: Any, deepest: int) -> Iterator[Any]:
    """Values of nested models: alone, in lists, or in objects."""
    if is_model(annotation):
        found = (_model(annotation, depth) for depth in range(deepest))
        yield from islice((one for one in found if one is not None), 1)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Annotated, Union, types.UnionType}:
        for one in inner:
            yield from chain(choices(one), built(one, deepest))
    elif origin in _LISTS and inner:
        yield from ([value] for value in chain(choices(inner[0]), built(inner[0], deepest), islice(usual("item"), 20)))
    elif origin is dict:
        yield from ({"a": value} for value in chain(choices(inner[1]), built(inner[1], deepest), usual("item")))


@lru_cache(maxsize=1_024)
def _model(model: type, deepest: int) -> Mapping[str, Any] | None:
    """The most ordinary value of a model; None if one of its fields has none and may not be left out.

    It is stored because models that contain one another would be built again and again.
    """
    values = {name: _first_of(name, field, deepest) for name, field in fields_of(model).items()}
    found = {name: value for name, value in values.items() if value is not dataclasses.MISSING}
    may_be_left_out: frozenset[str] = getattr(model, "__optional_keys__", frozenset())
    return found if values.keys() - found.keys() <= may_be_left_out else None


def is_model(annotation: Any) -> bool:
    """Whether it is a class with fields: of pydantic, a dataclass or a typed dictionary."""
    # Before Python 3.12, typing knows no typed dictionary of typing_extensions, and pydantic takes no other.
    has_fields = dataclasses.is_dataclass(annotation) or hasattr(annotation, "__required_keys__")
    return isclass(annotation) and (has_fields or issubclass(annotation, BaseModel))


def passing(adapter: TypeAdapter[Any], candidates: Iterator[Any]) -> Iterator[Any]:
    """The candidates that the type accepts without converting them to another type."""
    for value in islice(candidates, _MOST_TRIED):
        try:
            taken = adapter.dump_python(adapter.validate_python(value), mode="json")
        except Exception:  # noqa: BLE001, S112 -- a validator of the user may raise anything for an unexpected value
            continue
        if type(taken) is type(value):
            yield value


def default_of(field: Any) -> Any:
    """The default of a field; MISSING if it has none."""
    for item in getattr(field, "__metadata__", ()):
        if isinstance(item, Default) and not item.of.is_required():
            return item.of.get_default(call_default_factory=True)
    return dataclasses.MISSING


def _first_of(name: str, field: Any, deepest: int) -> Any:
    """The most ordinary value of a field: MISSING if none was found and it has no default."""
    if named := choices(field):
        return named[0]
    return next(_accepted(name, field, deepest), default_of(field))


def patterned(adapter: TypeAdapter[Any]) -> Iterator[str]:
    """Texts that match the pattern of a type."""
    for branch in _branches(adapter):
        if isinstance(pattern := branch.get("pattern"), str):
            yield from matching(pattern)


def _branches(adapter: TypeAdapter[Any]) -> Iterator[Mapping[str, Any]]:
    """The JSON schema of a type, or those of its alternatives."""
    try:
        schema = adapter.json_schema()
    except Exception:  # noqa: BLE001 -- a type without a JSON schema has no known bounds; other candidates may fit
        return
    yield from (schema, *schema.get("anyOf", ()))
