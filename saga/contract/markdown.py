"""The contract as Markdown: a section for each event, and a table for all commands and one for all announcements."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from saga.contract.contract import Contract, Kind, Message
from saga.contract.schemas import Schema, resolved

OF_EVERY_COMMAND: Final = 3
"""The first fields of a command: the instance, the effect, the revision."""


def to_markdown(contract: Contract) -> str:
    """All sections, each with a heading."""
    sections = {"Events": events(contract), "Commands": commands(contract), "Announcements": announcements(contract)}
    return "\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items() if text)


def events(contract: Contract) -> str:
    """A section for each event: its description and its fields."""
    return "\n".join(_event(one) for one in contract.of_kind(Kind.EVENT))


def commands(contract: Contract) -> str:
    """A table of the commands."""
    found = contract.of_kind(Kind.COMMAND)
    if not found:
        return ""
    names = list(_first_variant(found[0])["properties"])[:OF_EVERY_COMMAND]
    beside = ", ".join(f"`{name}`" for name in names)
    rows = [
        (
            f"`{one.type}`",
            f"`{one.routing_key}`",
            "; ".join(", ".join(f"`{name}`" for name in more) for more in _more_fields(one)),
            ", ".join(f"`{effect}`" for effect in one.about),
        )
        for one in found
    ]
    return _table(("type", "routing key", f"data besides {beside}", "effect"), rows)


def announcements(contract: Contract) -> str:
    """A table of the announcements."""
    rows = []
    for one in contract.of_kind(Kind.ANNOUNCEMENT):
        fields = one.payload["properties"]
        outcomes = ", ".join(f"`{word}`" for word in fields["outcome"]["enum"])
        rows.append(
            (f"`{one.type}`", f"`{one.routing_key}`", outcomes, *map(_promise, (fields["settled"], fields["final"])))
        )
    return _table(("type", "routing key", "`outcome`", "`settled`", "`final`"), rows) if rows else ""


def _event(message: Message) -> str:
    whole = message.payload
    payload = resolved(whole, whole)
    needed = payload.get("required", ())
    rows = [
        (f"`{name}`", *_about(schema, whole, is_needed=name in needed))
        for name, schema in payload.get("properties", {}).items()
    ]
    said = " ".join(message.description.split())
    first = f"Routing key `{message.routing_key}`. {said}".strip()
    return f"### {message.type}\n\n{first}\n\n{_table(('field', 'type', ''), rows)}"


def _about(schema: Any, whole: Schema, *, is_needed: bool) -> tuple[str, str]:
    """The type of a field, and whether it is needed with what it means."""
    said = schema.get("description") if isinstance(schema, Mapping) else None
    return type_in_words(schema, whole), "; ".join(filter(None, ("needed" if is_needed else "optional", said)))


def type_in_words(schema: Any, whole: Schema) -> str:
    """What a schema accepts, in words."""
    if not isinstance(schema, Mapping):
        return "anything" if schema else "nothing"
    if name := str(schema.get("$ref", "")).rpartition("/")[2]:
        inner = resolved(schema, whole)
        return f"`{name}`" if inner.get("type") == "object" else type_in_words(inner, whole)
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return " or ".join(f"`{one}`" for one in values)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return _either(list(dict.fromkeys(type_in_words(one, whole) for one in schema[keyword])))
    words = str(schema.get("type", "anything"))
    if words == "array" and "items" in schema:
        words = f"list of {type_in_words(schema['items'], whole)}"
    return ", ".join([words, *_limits(schema)])


def _either(words: list[str]) -> str:
    """One of these; a comma keeps the limits of one from what follows it."""
    return (", or " if any("," in one for one in words) else " or ").join(words)


def _limits(schema: Schema) -> Iterator[str]:
    """The limits that a schema declares, in words."""
    if (low := schema.get("exclusiveMinimum")) is not None:
        yield f"more than {low}"
    if (low := schema.get("minimum")) is not None:
        yield f"at least {low}"
    if (high := schema.get("exclusiveMaximum")) is not None:
        yield f"less than {high}"
    if (high := schema.get("maximum")) is not None:
        yield f"at most {high}"
    least, most = schema.get("minLength"), schema.get("maxLength")
    if least is not None or most is not None:
        yield f"{least} to {most} characters" if least and most is not None else _one_sided(least, most)
    if "format" in schema:
        yield str(schema["format"])
    if "pattern" in schema:
        yield f"`{schema['pattern']}`"


def _one_sided(least: int | None, most: int | None) -> str:
    return f"at most {most} characters" if most is not None else f"at least {least} characters"


def _more_fields(message: Message) -> list[list[str]]:
    """The fields of a command beside those of every command, for each of its variants."""
    return [more for one in _variants(message) if (more := list(one["properties"])[OF_EVERY_COMMAND:])]


def _first_variant(message: Message) -> Schema:
    return _variants(message)[0]


def _variants(message: Message) -> list[Schema]:
    whole = message.payload
    return [resolved(one, whole) for one in whole.get("anyOf", [whole])]


def _promise(schema: Schema) -> str:
    """What readers may rely on: that it is true, or nothing."""
    return "yes" if schema.get("const") is True else "not promised"


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    texts = [f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines]
    texts[1] = f"|{'|'.join('---' for _ in headings)}|"
    return "\n".join(texts) + "\n"
