"""Sample inputs, made from the message classes: one of each type, several of a type that an instance stores many of.

The number of several is three, because two are not enough: "keep the first two" and a sum of fractions give the same
result in both orders of two. If three of each are too many inputs to check quickly, it is two.

Each field gets the first candidate values that its type and constraints accept, and each variant gets different ones. A
type that a register or reducer stores has one more variant for each further value of a choice (an enum, a literal, a
bool), because the value may matter. If no candidate is accepted, the user has to give samples.
"""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from inspect import isclass
from itertools import chain, islice
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from saga.convergence.functions import functions_about, numbers_in
from saga.core import Deadline, DeclarationError, Fact, Process, Reducer
from saga.core.plain import is_same
from saga.messages.facts import read_fact

INSTANCE = "sample-1"
VARIANTS, FEWER_VARIANTS = 3, 2
MOST_SAMPLES = 10
"""With more, each type gets fewer variants."""
_USUAL_SUM = 200
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_TRIED = 200
_MOST_CHOICES = 3
_MOST_VALUES = 6
_LISTS = (list, set, frozenset, tuple)


def derive_samples(process: Process, variants: int | None = None) -> tuple[Fact, ...]:
    """A fact of each input, and ``variants`` (three, or two) of each that a register or reducer stores many of.

    Raises DeclarationError if no value was found for a field.

    >>> from saga.testing import derive_samples
    >>> [fact.kind.__name__ for fact in derive_samples(tickets)]
    ['Reported', 'Solved']
    """
    if variants is None:
        many = derive_samples(process, VARIANTS)
        return many if len(many) <= MOST_SAMPLES else derive_samples(process, FEWER_VARIANTS)
    instance = _instance(process)
    return tuple(
        fact for kind in process.message_types.values() for fact in _samples(process, kind, instance, variants)
    )


def emitted(process: Process, deadline: Deadline, instance: Any, due: timedelta = timedelta()) -> Fact:
    """The fact that a deadline emits, with the fields that the scheduler sends. Raises like ``read_fact``."""
    fields = {"due_at": (_SOME_TIME + due).isoformat(), "armed_by": process.name, process.correlate: str(instance)}
    return read_fact(deadline.emits, fields)


def _instance(process: Process) -> Any:
    """The instance of all samples: the first value that each class accepts for the field that correlates."""
    fields = [_fields(kind)[process.correlate] for kind in process.message_types.values()]
    adapters = [TypeAdapter(field) for field in fields]
    for candidate in chain([INSTANCE], _candidates(process.correlate)):
        if all(_reads_as(adapter, candidate) == str(candidate) for adapter in adapters):
            return candidate
    raise DeclarationError(f"no sample value was found for {process.correlate}: give samples of your own")


def _reads_as(adapter: TypeAdapter[Any], value: Any) -> str | None:
    """The id that the engine would give an instance with this value; None if the value can't be read."""
    try:
        return str(adapter.dump_python(adapter.validate_python(value), mode="json"))
    except Exception:  # noqa: BLE001 -- a validator of the user may raise anything for an unexpected value
        return None


@dataclass(frozen=True, slots=True)
class _Variant:
    """How one of several samples of a type differs; ``special`` is a number in a function's code."""

    number: int
    choice: int
    keys: frozenset[str]
    words_differ: bool
    special: int | float | None = None


@dataclass(frozen=True, slots=True)
class _Default:
    """Carries the default of a field beside its type; its alias and the rest are not needed here."""

    of: FieldInfo


def _samples(process: Process, kind: type, instance: Any, variants: int) -> Iterator[Fact]:
    fields = _fields(kind)
    made: list[Mapping[str, Any]] = []
    for variant in _variants(process, kind, variants):
        values = _sample(process, kind, instance, variant)
        if any(is_same(values, one) for one in made):
            values = _sample(process, kind, instance, dataclasses.replace(variant, keys=frozenset(fields)))
        if not any(is_same(values, one) for one in made):
            made.append(values)
            yield Fact(kind, values)


def _variants(process: Process, kind: type, variants: int) -> Iterator[_Variant]:
    """The usual variants, one for each further value of a choice, and one for the greatest number in a function."""
    registers = process.registers_by_type[kind]
    keys = frozenset(getattr(register, "key", process.correlate) for register in registers) - {process.correlate}
    is_folded = any(isinstance(register, Reducer) for register in registers)
    usual = variants if keys or is_folded else 1
    choices = max((len(_choices(field)) for field in _fields(kind).values()), default=0) if registers else 1
    several = usual + min(max(choices, 1), _MOST_CHOICES) - 1
    for number in range(several):
        yield _Variant(number, max(0, number - usual + 1), keys, is_folded)
    named = [number for one in functions_about(process, registers) for number in numbers_in(one) if number > _USUAL_SUM]
    if named and usual > 1:
        yield _Variant(several, 0, keys, is_folded, special=max(named))


def _sample(process: Process, kind: type, instance: Any, variant: _Variant) -> Mapping[str, Any]:
    values = {
        name: instance if name == process.correlate else _value(kind, name, field, variant)
        for name, field in _fields(kind).items()
    }
    try:
        return read_fact(kind, values).fields
    except Exception as error:  # noqa: BLE001 -- a validator of the user may raise anything
        raise DeclarationError(f"no sample of {kind.__name__} was found: give samples of your own ({error})") from None


def _fields(kind: type) -> Mapping[str, Any]:
    """The fields of a message class, with their types and constraints."""
    if issubclass(kind, BaseModel):
        return {
            name: Annotated[(field.annotation, *field.metadata, _Default(field))]
            for name, field in kind.model_fields.items()
        }
    hints = get_type_hints(kind, include_extras=True)
    if dataclasses.is_dataclass(kind):
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return hints


def _value(kind: type, name: str, field: Any, variant: _Variant) -> Any:
    """A value for one field. Variants differ in ids, numbers and times, and in free text if necessary.

    The third variant has the numbers and times of the first: a process that chooses between equals must not choose by
    arrival. Text with a format, such as a currency, stays the same unless nothing else can differ.
    """
    if choices := _choices(field):
        return choices[variant.choice % len(choices)]
    adapter: TypeAdapter[Any] = TypeAdapter(field)
    passing = list(islice(_passing(adapter, chain(_candidates(name), _bounds(adapter), _built(field))), _MOST_VALUES))
    if not passing:
        default = _default(field)
        if default is not dataclasses.MISSING:
            return default
        raise DeclarationError(f"no sample value was found for {kind.__name__}.{name}: give samples of your own")
    if variant.special is not None and type(passing[0]) in (int, float) and name not in variant.keys:
        passing = list(_passing(adapter, iter((variant.special, float(variant.special))))) or passing
    first = passing[0]
    is_free = isinstance(first, str) and first == f"{name}-1"
    if name in variant.keys or name.endswith("id") or (is_free and variant.words_differ):
        return passing[variant.number % len(passing)]
    differs = not isinstance(first, str) or first[:1].isdigit()
    return passing[variant.number % min(len(passing), 2) if differs else 0]


def _choices(annotation: Any) -> tuple[Any, ...]:
    """The values of an enum, a literal or a bool, also if it is optional."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isclass(annotation) and issubclass(annotation, Enum):
        return tuple(member.value for member in annotation)
    if annotation is bool:
        return (True, False)
    if get_origin(annotation) in {Annotated, Union, types.UnionType}:
        inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
        found = [_choices(one) for one in inner if one is not type(None)]
        return found[0] if len(found) == 1 else ()
    return ()


def _candidates(name: str) -> Iterator[Any]:
    """Values to try, the most ordinary first."""
    yield from (f"{name}-{number}" for number in range(1, _MOST_VALUES + 1))
    yield from (100, 40, 60, 1, 0, 10_000, -1)
    yield from ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    yield from ("2026-01-02", "2026-01-01", "2026-01-03", "12:00:00", "11:00:00", "P1D", "P2D")
    yield from ("EUR", "USD", "DE", "FR", "de", "en", "a", "b", "A", "1", "2", "10.00", "20.00")
    yield from ("a@example.org", "b@example.org", "https://example.org/", "https://example.com/")
    yield from (f"00000000-0000-4000-8000-{number:012}" for number in range(1, _MOST_VALUES + 1))
    yield from (0.7, 0.6, 0.1, 1.1, 1.3, 49.99, 99.9)  # their sum depends on the order of addition
    yield from ([], {}, ["a"], {"a": "b"}, None)
    yield from ("x" * length for length in range(2, 65))


def _bounds(adapter: TypeAdapter[Any]) -> Iterator[Any]:
    """Numbers at the bounds of the type, for types that refuse the ordinary ones."""
    try:
        schema = adapter.json_schema()
    except Exception:  # noqa: BLE001 -- a type without a JSON schema has no known bounds; other candidates may fit
        return
    for branch in (schema, *schema.get("anyOf", ())):
        for bound, step in (("minimum", 0), ("exclusiveMinimum", 1), ("maximum", 0), ("exclusiveMaximum", -1)):
            if bound in branch:
                yield branch[bound] + step
                yield branch[bound] + step * 2


def _built(annotation: Any) -> Iterator[Any]:
    """Values of nested models: alone, in lists, or in objects."""
    if isclass(annotation) and issubclass(annotation, BaseModel):
        variant = _Variant(0, 0, frozenset(), words_differ=False)
        yield {name: _value(annotation, name, field, variant) for name, field in _fields(annotation).items()}
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Annotated, Union, types.UnionType}:
        for one in inner:
            yield from chain(_choices(one), _built(one))
    elif origin in _LISTS and inner:
        yield from ([value] for value in chain(_choices(inner[0]), _built(inner[0]), islice(_candidates("item"), 20)))
    elif origin is dict:
        yield from ({"a": value} for value in chain(_choices(inner[1]), _built(inner[1]), _candidates("item")))


def _passing(adapter: TypeAdapter[Any], candidates: Iterator[Any]) -> Iterator[Any]:
    """The candidates that the type accepts without converting them to another type."""
    for value in islice(candidates, _MOST_TRIED):
        try:
            taken = adapter.dump_python(adapter.validate_python(value), mode="json")
        except Exception:  # noqa: BLE001, S112 -- a validator of the user may raise anything for an unexpected value
            continue
        if type(taken) is type(value):
            yield value


def _default(field: Any) -> Any:
    for item in getattr(field, "__metadata__", ()):
        if isinstance(item, _Default) and not item.of.is_required():
            return item.of.get_default(call_default_factory=True)
    return dataclasses.MISSING
