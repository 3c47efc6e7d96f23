"""A schema in pieces: each describes values of one JSON type, or one value, and has no branches or references.

A value is accepted by a schema if one of its pieces accepts it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Final

from saga.contract.schemas import Schema, resolved

TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
ANY_TYPE: Final = ("null", "boolean", "number", "string", "array", "object")
"""An integer is a number."""
ANNOTATIONS: Final = frozenset(
    "title description default examples deprecated readOnly writeOnly discriminator contentMediaType contentEncoding "
    "contentSchema $schema $id $anchor $comment $defs definitions".split()
)
ABOUT: Final[Mapping[str, frozenset[str]]] = {
    "number": frozenset("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split()),
    "string": frozenset("minLength maxLength pattern format".split()),
    "array": frozenset("items prefixItems minItems maxItems uniqueItems".split()),
    "object": frozenset("properties required additionalProperties propertyNames minProperties maxProperties".split()),
}
"""The keywords that say something about values of one type alone, and nothing about others."""
_CHOICES: Final = ("anyOf", "oneOf")
_STRONGER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    "required": lambda one, other: sorted({*one, *other}),
    "uniqueItems": lambda one, other: one or other,
}


def pieces(schema: Any, document: Mapping[str, Any]) -> list[Schema]:
    """The pieces of a schema; references lead into the document."""
    return [part for one in _branches(schema, document) for part in _by_type(one)]


def type_of(value: Any) -> str:
    """The JSON type of a value; an integer for a number without a fraction."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value) and value.is_integer()):
        return "integer"
    known = ((float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in known if isinstance(value, kind)), "object")


def type_of_piece(piece: Schema) -> str:
    """The JSON type of the values that a piece describes."""
    return type_of(piece["const"]) if "const" in piece else str(piece["type"])


def covers(accepting: str, given: str) -> bool:
    """Whether a value of one type is one of the other as well."""
    return accepting == given or (accepting == "number" and given == "integer")


def _branches(schema: Any, document: Mapping[str, Any]) -> Iterator[Schema]:
    """The schema without references and branches: one for each combination of them."""
    if isinstance(schema, bool) or not isinstance(schema, Mapping):
        yield from [{}] if schema is True else []
        return
    flat = resolved(schema, document)
    own = {keyword: said for keyword, said in flat.items() if keyword not in (*_CHOICES, "allOf", *ANNOTATIONS)}
    choices = [
        [part for one in flat[keyword] for part in _branches(one, document)] for keyword in _CHOICES if keyword in flat
    ]
    together = [list(_branches(one, document)) for one in flat.get("allOf", ())]
    for combination in product(*choices, *together):
        joined: Schema = own
        for part in combination:
            joined = _joined(joined, part)
        yield joined


def _joined(one: Schema, other: Schema) -> Schema:
    """What both schemas accept; a keyword whose two values can't be joined becomes one that can't be compared."""
    joined = dict(one)
    for keyword, said in other.items():
        mine: Any = joined.get(keyword, said)
        if mine == said:
            joined[keyword] = said
        elif keyword == "properties":
            both = {name: {"allOf": [mine[name], said[name]]} for name in mine.keys() & said.keys()}
            joined[keyword] = {**mine, **said, **both}
        elif keyword == "type":
            joined[keyword] = [name for name in TYPES if _has_type(mine, name) and _has_type(said, name)]
        elif keyword in _STRONGER:
            joined[keyword] = _STRONGER[keyword](mine, said)
        else:
            joined["allOf"] = [*joined.get("allOf", []), {keyword: said}]
    return joined


def _has_type(said: Any, name: str) -> bool:
    return any(covers(one, name) for one in ([said] if isinstance(said, str) else said))


def _by_type(schema: Schema) -> Iterator[Schema]:
    said = schema.get("type", ANY_TYPE)
    types = [said] if isinstance(said, str) else list(said)
    if "enum" in schema or "const" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        yield from ({"const": one} for one in values if any(covers(name, type_of(one)) for name in types))
        return
    for name in types:
        if name in ("null", "boolean"):
            yield from ({"const": one} for one in ((None,) if name == "null" else (False, True)))
            continue
        others = frozenset().union(*(about for of, about in ABOUT.items() if not covers(of, name)))
        yield {**{keyword: value for keyword, value in schema.items() if keyword not in others}, "type": name}
