"""Facts: reads a message as a fact of its message class. Pure; pydantic reads the data.

A message class is a pydantic model or a dataclass. Its messages arrive as JSON and are validated as JSON, so even a
strict class accepts a time as text. Each reading of a message has to give the same fact: workers compare facts, and a
replay reads them again. So classes that can't guarantee that are refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import to_json

from saga.core import DeclarationError, Fact, Process
from saga.core.fact import is_message_class
from saga.core.plain import plain

_WRAPPED: Final = ("model", "dataclass")
_SETS: Final = ("set", "frozenset")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field, and the names under which a message may give it."""

    name: str
    names: tuple[str, ...]
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """How messages of a class are read; ``trouble`` is a clause about why they can't be, or None."""

    adapter: TypeAdapter[Any]
    fields: Mapping[str, _Field]
    trouble: str | None


def require_readable(process: Process) -> None:
    """Raise DeclarationError, with the remedy, if the process consumes a class whose messages can't be read."""
    for kind in process.message_types.values():
        if (trouble := _trouble(process.correlate, kind)) is not None:
            raise DeclarationError(f"process {process.name!r}: {kind.__name__} {trouble}")


def read_fact(kind: type, data: Mapping[str, Any]) -> Fact:
    """The fact of a message with these data.

    Raises pydantic's ValidationError for wrong data, and whatever a function of the class raises.
    """
    return make_fact(message_of(kind, data))


def make_fact(message: Any) -> Fact:
    """The fact that the engine would read from this message.

    The message is an instance of a message class. Raises pydantic's error for values that can't be written as JSON. The
    limits of a dataclass are not checked: give values that its class admits.

    >>> from saga.testing import make_fact
    >>> make_fact(Solved("t-1")).fields
    {'ticket_id': 't-1'}
    """
    kind: type = type(message)
    reading = _reading(kind)
    dumped = reading.adapter.dump_python(
        message, mode="json", include=set(reading.fields), by_alias=False, warnings=False
    )
    return Fact(kind, {name: plain(dumped[name]) for name in reading.fields})


def message_of(kind: type, data: Mapping[str, Any]) -> Any:
    """The message with these data, by the names of its fields or by their aliases."""
    return _reading(kind).adapter.validate_json(to_json(data), by_alias=True, by_name=True)


def missing_fields(kind: type, data: Mapping[str, Any]) -> list[str]:
    """The fields of the class that the data lack, nested ones with dots; empty if that is unclear."""
    try:
        message_of(kind, data)
    except ValidationError as error:
        wrong = [one for one in error.errors(include_url=False) if one["type"] in ("missing", "missing_argument")]
        return [".".join(map(str, one["loc"])) for one in wrong]
    except Exception:  # noqa: BLE001 -- a function of a message class may raise anything; handling the message reports it
        return []
    return []


def unknown_fields(kind: type, data: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The top-level names of the data that a message class does not declare, and all that it declares.

    Names that it only tolerates (``extra="allow"``) are not declared.
    """
    known = [name for field in _reading(kind).fields.values() for name in (field.name, *_first_names(field.schema))]
    return [name for name in data if name not in known], known


def names_of(kind: type, field: str) -> tuple[str, ...]:
    """The names under which a message may give a field at the top level of its data."""
    return _reading(kind).fields[field].names


def said_of(kind: type, field: str, data: Mapping[str, Any]) -> Any:
    """The value of a field in a message's data, under any of the field's names; None if it is missing."""
    return next((data[name] for name in names_of(kind, field) if data.get(name) is not None), None)


def _trouble(correlate: str, kind: Any) -> str | None:
    name = kind.__name__
    if not is_message_class(kind):
        return "is neither a pydantic model nor a dataclass: make it one of them"
    if not name.isidentifier():
        return "has no name that a message could have: derive a class from it"
    try:
        reading = _reading(kind)
    except PydanticUserError as error:
        return f"can't be read from JSON: {str(error).splitlines()[0]}"
    if correlate not in reading.fields:
        return f"has no field {correlate}: nothing says which instance it is about"
    return reading.trouble


@lru_cache(maxsize=1_024)
def _reading(kind: Any) -> _Read:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    whole, fields = _unwrapped(adapter.core_schema)
    return _Read(adapter, fields, next(_troubles(whole, fields, adapter.core_schema), None))


def _unwrapped(schema: Any) -> tuple[list[Mapping[str, Any]], Mapping[str, _Field]]:
    """The outer layers of a class's schema, and its fields."""
    defined = {one["ref"]: one for one in schema.get("definitions", ())}
    layers: list[Mapping[str, Any]] = []
    while schema["type"] not in ("model-fields", "dataclass-args"):
        schema = defined[schema["schema_ref"]] if schema["type"] == "definition-ref" else schema
        if schema["type"] in _WRAPPED:
            layers.append(schema)
        if "schema" not in schema:
            return layers, {}
        schema = schema["schema"]
    listed = schema["fields"]
    named = listed.items() if isinstance(listed, dict) else [(one["name"], one) for one in listed]
    return layers, {name: _Field(name, (name, *_aliases(one)), one) for name, one in named}


def _aliases(field: Mapping[str, Any]) -> Iterator[str]:
    """The aliases of a field at the top level of the data."""
    alias = field.get("validation_alias")
    for one in [alias] if isinstance(alias, str) else alias or ():
        path = [one] if isinstance(one, str) else one
        if len(path) == 1:
            yield path[0]


def _first_names(field: Mapping[str, Any]) -> Iterator[str]:
    """The top-level names of a field's aliases, also those where the field is nested deeper."""
    alias = field.get("validation_alias")
    for one in [alias] if isinstance(alias, str) else alias or ():
        yield one if isinstance(one, str) else str(one[0])


def _troubles(layers: list[Mapping[str, Any]], fields: Mapping[str, _Field], schema: Any) -> Iterator[str]:
    if not fields:
        yield "has no fields of its own: make it a pydantic model or a dataclass with fields"
    if any(layer.get("serialization", {}).get("type", "").startswith("function") for layer in layers):
        yield "writes itself with a model_serializer: a fact holds its fields as they are, so remove that"
    for one, other, name in _shared_names(fields.values()):
        yield f"reads {one} and {other} from the same name {name}: give one of them another alias"
    for field in fields.values():
        name = field.name
        if field.schema.get("serialization_exclude"):
            yield f"leaves {name} out of what it writes (exclude): a fact holds every field, so remove that"
        if field.schema.get("init") is False:
            yield f"does not take {name} from the message (init=False): leave the field out"
        factory = field.schema["schema"].get("default_factory")
        takes_data = field.schema["schema"].get("default_factory_takes_data")
        if factory is not None and not takes_data and _is_fickle(factory):
            yield f"has another default for {name} each time: the same message would not be the same fact"
    if _has_set(schema):
        yield "has a set in it, whose order is another one in each process: use a list or a tuple"


def _shared_names(fields: Iterable[_Field]) -> Iterator[tuple[str, str, str]]:
    """Two fields and a name under which both are read; a fact is read again by the names of its fields."""
    known: dict[str, str] = {}
    for field in fields:
        for name in dict.fromkeys(field.names):
            if (other := known.setdefault(name, field.name)) != field.name:
                yield other, field.name, name


def _is_fickle(factory: Callable[[], Any]) -> bool:
    first, second = factory(), factory()
    return bool(first != second)


def _has_set(schema: Any) -> bool:
    """Whether a schema has a set anywhere."""
    pending = [schema]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if one.get("type") in _SETS:
                return True
            pending += [item for name, item in one.items() if name not in ("metadata", "default")]
        elif isinstance(one, list | tuple):
            pending += one
    return False
