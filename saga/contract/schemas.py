"""JSON Schemas as values: what is inside one, and where its definitions go in a document of several."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
"""A JSON Schema that is an object; ``true`` and ``false`` stand only inside of others."""

BY_NAME: Final = ("properties", "$defs", "patternProperties")
LISTED: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
SINGLE: Final = ("items", "additionalProperties", "propertyNames", "contains", "not")
OWN: Final = "#/$defs/"


def rewritten(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The schema with a change made to it and to every schema inside of it; values such as defaults are left alone."""
    if not isinstance(schema, Mapping):
        return schema
    inner: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in BY_NAME and isinstance(value, Mapping):
            inner[keyword] = {name: rewritten(one, change) for name, one in value.items()}
        elif keyword in LISTED and isinstance(value, list):
            inner[keyword] = [rewritten(one, change) for one in value]
        else:
            inner[keyword] = rewritten(value, change) if keyword in SINGLE else value
    return change(inner)


def without_titles(schema: Any) -> Any:
    """The schema without the titles that pydantic derives from names."""
    return rewritten(schema, lambda one: {keyword: value for keyword, value in one.items() if keyword != "title"})


def placed(schema: Schema, name: str, folder: str) -> Iterator[tuple[str, Schema]]:
    """The schema and each of its definitions under a name of its own, with references into a common folder."""

    def moved(one: dict[str, Any]) -> dict[str, Any]:
        reference = one.get("$ref")
        if isinstance(reference, str) and reference.startswith(OWN):
            return one | {"$ref": f"{folder}{name}.{reference.removeprefix(OWN)}"}
        return one

    yield name, rewritten({keyword: value for keyword, value in schema.items() if keyword != "$defs"}, moved)
    for inner, definition in schema.get("$defs", {}).items():
        yield f"{name}.{inner}", rewritten(definition, moved)


def resolved(schema: Schema, document: Mapping[str, Any]) -> Schema:
    """The schema that a reference into a document leads to. Raises KeyError if it leads nowhere."""
    seen: set[str] = set()
    while isinstance(reference := schema.get("$ref"), str):
        if reference in seen or not reference.startswith("#/"):
            raise KeyError(reference)
        seen.add(reference)
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        if not isinstance(found, Mapping):
            raise KeyError(reference)
        beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        schema = {**found, **beside}
    return schema


def or_null(schema: Schema) -> Schema:
    """The schema of a value that may be absent."""
    if not schema.keys() - {"description"}:
        return schema
    said = {keyword: value for keyword, value in schema.items() if keyword == "description"}
    inner = {keyword: value for keyword, value in schema.items() if keyword != "description"}
    return {"anyOf": [inner, {"type": "null"}], **said}
