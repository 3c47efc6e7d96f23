"""The data of messages as JSON Schemas: of an event, what its class accepts; of a command, what its template makes."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

from saga.contract.contract import ContractError
from saga.contract.schemas import Schema, or_null, placed, resolved, without_titles
from saga.core import Announces, CommandTemplate, Condition, Effect, EntryFigure, Figure, Process, Register
from saga.core.effect import ComputedField
from saga.core.expressions.excess import FieldOfEntry
from saga.core.identifier import IDENTIFIER_RULE, MAX_CHARACTERS
from saga.core.words import is_among

NO_CONTROL: Final = "^[^\\x00-\\x1f\\x7f]+$"
IDENTIFIER: Final = {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS, "pattern": NO_CONTROL}
REVISION: Final = {"type": "integer", "minimum": 1}
REVISION_OF_COMMAND: Final = "counts up from 1 for each instance and collaborator; the greatest is valid for an effect"
OF_JSON_TYPE: Final[Mapping[str, Schema]] = {
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
    "float": {"type": "number"},
    "text": {"type": "string"},
    "truth": {"type": "boolean"},
    "list": {"type": "array"},
    "mapping": {"type": "object"},
    "null": {"type": "null"},
}
"""The schema for each JSON type of an expression; what is not here can be anything."""
SYNTAX: Final = frozenset("\\^$.|?*+()[]{}/")
"""What means something in a regular expression, in Python as in JavaScript."""


def event_payload(kind: type) -> Schema:
    """What the class of an event accepts. Raises ContractError for a class that JSON Schema can't describe."""
    return {**_schema_of(kind, "validation"), "title": kind.__name__}


def command_payload(
    correlate: str, effect: Effect, template: CommandTemplate, key: str | None, *, sure: bool
) -> Schema:
    """What a command has of one effect; of each entry under ``key``, if the effect exists for each of a register.

    Unless it is ``sure`` that the message with the copied fields has come, they may be null.
    """
    properties: dict[str, Any] = {
        correlate: IDENTIFIER | {"description": f"the instance: {IDENTIFIER_RULE}"},
        "effect": _effect(effect, key),
        "revision": REVISION | {"description": REVISION_OF_COMMAND},
    }
    definitions: dict[str, Any] = {}
    if isinstance(template.register, Register) and template.fields:
        copied, definitions = _copied(template.register.of, template.fields)
        properties |= copied if sure or key is not None else {name: or_null(one) for name, one in copied.items()}
    properties |= {one.name: _computed(one) for one in template.computed}
    return _object(template.type, properties, definitions)


def announcement_payload(process: Process, announces: Announces, outcomes: Sequence[Enum]) -> Schema:
    """What an announcement of one type says, which stands for these outcomes."""
    properties: dict[str, Any] = {
        process.correlate: IDENTIFIER | {"description": f"the instance: {IDENTIFIER_RULE}"},
        "announcement_id": IDENTIFIER | {"description": "another one for each announcement"},
        "outcome": {"type": "string", "enum": [one.value for one in outcomes]},
        "revision": REVISION | {"description": "counts up from 1 for each instance; the greatest is valid"},
        "settled": _truth(outcomes, process.settled) | {"description": "whether the process waits for nothing more"},
        "final": _truth(outcomes, announces.final) | {"description": "whether no message can change the outcome"},
    }
    definitions: dict[str, Schema] = {}
    if announces.register is not None:
        copied, definitions = _copied(announces.register.of, announces.fields)
        properties |= copied
    return _object(announces.types[outcomes[0]], properties, definitions)


def either(schemas: Iterable[Schema]) -> Schema:
    """The schema of what one of these accepts; the only one, if they are equal."""
    distinct: list[Schema] = []
    for one in schemas:
        if one not in distinct:
            distinct.append(one)
    if len(distinct) == 1:
        return distinct[0]
    parts: dict[str, Schema] = {}
    for number, one in enumerate(distinct, 1):
        parts |= dict(placed(one, f"variant{number}", "#/$defs/"))
    references = [{"$ref": f"#/$defs/variant{number}"} for number in range(1, len(distinct) + 1)]
    return {"title": distinct[0]["title"], "anyOf": references, "$defs": parts}


def _schema_of(kind: type, mode: Literal["validation", "serialization"]) -> Schema:
    try:
        schema = TypeAdapter(kind).json_schema(mode=mode, by_alias=mode == "validation")
    except (PydanticInvalidForJsonSchema, PydanticUserError) as error:
        said = str(error).splitlines()[0]
        raise ContractError(f"{kind.__name__} has no JSON Schema: {said}") from None
    found: Schema = without_titles(schema)
    return found


def _copied(kind: type, names: tuple[str, ...]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schemas of these fields as a register holds them, and the definitions that they refer to."""
    whole = _schema_of(kind, "serialization")
    fields = resolved(whole, whole)["properties"]
    copied: dict[str, Schema] = {
        name: {keyword: said for keyword, said in fields[name].items() if keyword != "default"} for name in names
    }
    definitions: dict[str, Schema] = dict(whole.get("$defs", {}))
    needed: dict[str, Schema] = {}
    pending: list[Any] = list(copied.values())
    while pending:
        one = pending.pop()
        if isinstance(one, Mapping):
            name = str(one.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions and name not in needed:
                needed[name] = definitions[name]
                pending.append(definitions[name])
            pending += one.values()
        elif isinstance(one, list):
            pending += one
    return copied, {name: needed[name] for name in sorted(needed)}


def _effect(effect: Effect, key: str | None) -> Schema:
    if key is None:
        return {"const": effect.name}
    literal = "".join(f"\\{one}" if one in SYNTAX else one for one in effect.name)
    return {"type": "string", "pattern": f"^{literal}\\/", "description": f"{effect.name}/ and the {key}"}


def _computed(field: ComputedField) -> Schema:
    """The schema of a computed field: of an expression what it gives, of a function of the user anything."""
    schema = _of_expression(field.compute)
    said = [] if schema else ["any JSON value: a function computes it"]
    said += ["cumulative: a greater value includes the lesser ones"] if field.is_cumulative else []
    return {**schema, **({"description": "; ".join(said)} if said else {})}


def _of_expression(compute: object) -> Schema:
    if isinstance(compute, Condition):
        return OF_JSON_TYPE["truth"]
    if not isinstance(compute, Figure | EntryFigure):
        return {}
    schema = OF_JSON_TYPE.get(str(getattr(compute, "json_type", "mixed")), {})
    if isinstance(compute, FieldOfEntry):
        can_be_absent = compute.field.can_be_absent
    else:
        can_be_absent = isinstance(compute, Figure) and compute.span(None).can_be_absent
    return or_null(schema) if can_be_absent and schema != OF_JSON_TYPE["null"] else schema


def _truth(outcomes: Sequence[Enum], those: frozenset[Enum]) -> dict[str, Any]:
    """Whether an outcome is one of those: a promise if all are, and nothing that a reader may rely on if not."""
    return {"const": True} if all(is_among(one, those) for one in outcomes) else {"type": "boolean"}


def _object(title: str, properties: dict[str, Any], definitions: dict[str, Schema]) -> Schema:
    """What the process sends: each field always, and perhaps further ones in a later version."""
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        **({"$defs": definitions} if definitions else {}),
    }
