"""Sample inputs, made from the message classes: one of each type, several of a type that an instance stores many of.

The number of several is three, because two are not enough: "keep the first two" and a sum of fractions give the same
result in both orders of two. If three of each are too many inputs to check quickly, it is two, or one.

Each field gets the first candidate values that its type and constraints accept, and each variant gets different ones. A
type that a register or reducer stores has one more variant for each further value of a choice (an enum, a literal, a
bool), because the value may matter. If no candidate is accepted, the user has to give samples.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic import TypeAdapter

from saga.convergence.candidates import choices, default_of, fields_of, passing, passing_values, patterned, usual
from saga.convergence.functions import functions_about, numbers_in
from saga.core import DeclarationError, Fact, Process, Reducer
from saga.core.plain import is_same
from saga.messages.facts import make_fact, read_fact

INSTANCE = "sample-1"
VARIANTS = 3
MOST_SAMPLES, MOST_OF_TWO = 10, 14
"""With more, each type gets two variants, or one: there are as many nodes to explore as sets of samples."""
_USUAL_SUM = 200
_MOST_CHOICES = 3
_FEW_BYTES = 4_096
"""A bound of a reducer that a few texts reach."""


def derive_samples(process: Process, variants: int | None = None, *, given: Sequence[Any] = ()) -> tuple[Fact, ...]:
    """A fact of each input, and ``variants`` (three, two or one) of each that a register or reducer stores many of.

    ``given`` are messages or facts of your own, for types whose fields can't be made: a pattern that is not simple, or
    a rule between fields. They are taken as they are, further ones of their types are like them but for their keys, and
    the other types are made for the same instance. Raises DeclarationError, which names the field, if no value was
    found for it.

    >>> from saga.testing import derive_samples
    >>> [fact.kind.__name__ for fact in derive_samples(tickets)]
    ['Reported', 'Solved']
    >>> [fact.fields["ticket_id"] for fact in derive_samples(tickets, given=[Solved("t-1")])]
    ['t-1', 't-1']
    """
    if variants is None:
        for number, most in ((VARIANTS, MOST_SAMPLES), (2, MOST_OF_TWO)):
            if len(several := derive_samples(process, number, given=given)) <= most:
                return several
        return derive_samples(process, 1, given=given)
    facts = [one if isinstance(one, Fact) else make_fact(one) for one in given]
    instance = facts[0].fields[process.correlate] if facts else instance_of(process)
    made: list[Fact] = []
    for kind in process.message_types.values():
        own = [fact for fact in facts if fact.kind is kind]
        made += _like(process, own, variants) if own else _samples(process, kind, instance, variants)
    return tuple(made)


def instance_of(process: Process) -> Any:
    """The instance of all samples: the first value that each class accepts for the field that correlates."""
    fields = [fields_of(kind)[process.correlate] for kind in process.message_types.values()]
    adapters = [TypeAdapter(field) for field in fields]
    matching = chain.from_iterable(map(patterned, adapters))
    for candidate in chain([INSTANCE], usual(process.correlate), matching):
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
    """How one of several samples of a type differs; ``special`` is a number in a function's code.

    Texts have ``letters`` if that is not 0: two of them are more than a reducer may hold.
    """

    number: int
    choice: int
    keys: frozenset[str]
    words_differ: bool
    special: int | float | None = None
    letters: int = 0


def _samples(process: Process, kind: type, instance: Any, variants: int) -> Iterator[Fact]:
    fields = fields_of(kind)
    made: list[Mapping[str, Any]] = []
    for variant in _variants(process, kind, variants):
        values = _sample(process, kind, instance, variant)
        if any(is_same(values, one) for one in made):
            values = _sample(process, kind, instance, dataclasses.replace(variant, keys=frozenset(fields)))
        if not any(is_same(values, one) for one in made):
            made.append(values)
            yield Fact(kind, values)


def _like(process: Process, given: Sequence[Fact], variants: int) -> Iterator[Fact]:
    """The given facts of one type, and others that differ in their keys, until there are as many as of any type."""
    yield from given
    kind = given[0].kind
    names = keys_of(process, kind)
    for number in range(len(given), variants if names else 0):
        template = given[number % len(given)]
        values = dict(template.fields)
        for name in names:
            passing = passing_values(name, fields_of(kind)[name])
            values[name] = passing[number % len(passing)] if passing else values[name]
        try:
            made = read_fact(kind, values)
        except Exception:  # noqa: BLE001, S112 -- a validator of the user may raise anything
            continue
        yield from [] if any(is_same(made.fields, one.fields) for one in given) else [made]


def keys_of(process: Process, kind: type) -> frozenset[str]:
    """The fields of a message class that are keys of a register, but for the one that correlates."""
    registers = process.registers_by_type[kind]
    return frozenset(getattr(register, "key", process.correlate) for register in registers) - {process.correlate}


def _variants(process: Process, kind: type, variants: int) -> Iterator[_Variant]:
    """The usual variants, one for each further value of a choice, and one for the greatest number in a function."""
    registers = process.registers_by_type[kind]
    keys = keys_of(process, kind)
    is_folded = any(isinstance(register, Reducer) for register in registers)
    usual = variants if keys or is_folded else 1
    most = max((len(choices(field)) for field in fields_of(kind).values()), default=0) if registers else 1
    several = usual + min(max(most, 1), _MOST_CHOICES) - 1
    least = min((one.most_bytes for one in registers if isinstance(one, Reducer)), default=_FEW_BYTES)
    letters = least // 2 if least < _FEW_BYTES else 0
    for number in range(several):
        yield _Variant(number, max(0, number - usual + 1), keys, is_folded, letters=letters)
    named = [number for one in functions_about(process, registers) for number in numbers_in(one) if number > _USUAL_SUM]
    if named and usual > 1:
        yield _Variant(several, 0, keys, is_folded, special=max(named))


def _sample(process: Process, kind: type, instance: Any, variant: _Variant) -> Mapping[str, Any]:
    values = {
        name: instance if name == process.correlate else _value(kind, name, field, variant)
        for name, field in fields_of(kind).items()
    }
    try:
        return read_fact(kind, values).fields
    except Exception as error:  # noqa: BLE001 -- a validator of the user may raise anything
        raise DeclarationError(
            f"no sample of {kind.__name__} was found, though each of its fields has a value: {_remedy(kind)} ({error})"
        ) from None


def _value(kind: type, name: str, field: Any, variant: _Variant) -> Any:
    """A value for one field. Variants differ in ids, numbers and times, and in free text if necessary.

    The third variant has the numbers and times of the first: a process that chooses between equals must not choose by
    arrival. Text with a format, such as a currency, stays the same unless nothing else can differ.
    """
    if named := choices(field):
        return named[variant.choice % len(named)]
    values = passing_values(name, field)
    if not values:
        default = default_of(field)
        if default is not dataclasses.MISSING:
            return default
        raise DeclarationError(f"no sample value was found for {kind.__name__}.{name}: {_remedy(kind)}")
    if variant.special is not None and type(values[0]) in (int, float) and name not in variant.keys:
        adapter: TypeAdapter[Any] = TypeAdapter(field)
        values = list(passing(adapter, iter((variant.special, float(variant.special))))) or values
    first = values[0]
    is_free = isinstance(first, str) and first == f"{name}-1"
    if is_free and variant.letters and name not in variant.keys:
        adapter = TypeAdapter(field)
        values = list(passing(adapter, (one.ljust(variant.letters, "x") for one in values))) or values
    if name in variant.keys or name.endswith("id") or (is_free and variant.words_differ):
        return values[variant.number % len(values)]
    differs = not isinstance(first, str) or first[:1].isdigit()
    return values[variant.number % min(len(values), 2) if differs else 0]


def _remedy(kind: type) -> str:
    return (
        f"give samples of your own, or one {kind.__name__}, and derive_samples(process, given=[...]) makes those of the"
        " other types"
    )
