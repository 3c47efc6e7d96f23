"""What a field of a message class can hold as JSON: its kinds, its limits and, if they are few, its values.

Annotations are read as they are, without pydantic: its metadata say by their attributes what they are. Where a class
has functions that may change a value, nothing is known of the value unless the function's return type says so.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, is_dataclass
from dataclasses import fields as fields_of
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NewType, TypedDict, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from saga.core.expressions.class_functions import (
    can_alter,
    has_functions_of_pydantic,
    has_metadata,
    has_writers,
    reads_or_writes_otherwise,
    validators_of,
)
from saga.core.fact import declared_type

Number = int | float | Decimal
Limits = tuple[Number | None, Number | None]

ANY_KIND: Final = "any"
_TEXTS: Final = (str, bytes, Decimal, datetime, date, time, timedelta, UUID)
_TEXT_NAMES: Final = ("PastDate", "FutureDate", "PastDatetime", "FutureDatetime", "AwareDatetime", "NaiveDatetime")
_CHANGING: Final = ("AfterValidator", "WrapValidator", "PlainValidator")
_HARMLESS: Final = (*_CHANGING, "BeforeValidator", "FieldInfo", "Discriminator", "UuidVersion")
"""What is annotated beside a type and doesn't change the type, though it has a method of pydantic's."""
_ENFORCED: Final = ("annotated_types", "pydantic", "pydantic_core")
"""Packages whose constraints are enforced when a message is read."""
_WRITING: Final = ("PlainSerializer", "WrapSerializer")
_UNBOUNDED: Final[Limits] = (None, None)
_MOST_VALUES: Final = 16


@dataclass(frozen=True, slots=True)
class _Declared:
    """A field: its annotation, what is annotated beside it, and its default (MISSING if a message has to give it)."""

    annotation: Any
    metadata: tuple[Any, ...]
    default: Any
    is_changed: bool
    """Whether the class has a validator for it, which may return another value of the same type."""
    is_unknown: bool
    """Whether the class writes it, or validates it into something, by a function that doesn't say its type."""


def json_kinds(message_class: type, field: str) -> frozenset[str]:
    """The kinds of JSON value that the field can hold.

    They are text, integer, float, truth, null, list, mapping, and any for what is not known. A float from 1e16 on is
    stored as an integer; it counts as a float here.
    """
    declared = _declared(message_class, field)
    if declared.is_unknown:
        return frozenset({ANY_KIND})
    kinds = _kinds(declared.annotation, declared.metadata)
    return kinds if declared.default is MISSING else kinds | _kinds_of_value(declared.default)


def limits(message_class: type, field: str) -> Limits:
    """The lowest and the highest number that the field can hold, both included; None where there is no limit."""
    declared = _declared(message_class, field)
    if declared.is_changed or declared.is_unknown:
        return _UNBOUNDED
    low, high = _limits(declared.annotation, declared.metadata)
    if isinstance(declared.default, int | float | Decimal) and not isinstance(declared.default, bool):
        low = None if low is None else min(low, declared.default)
        high = None if high is None else max(high, declared.default)
    return low, high


def is_decimal(message_class: type, field: str) -> bool:
    """Whether the field is a Decimal, which is a text in JSON, or absent."""
    declared = _declared(message_class, field)
    kinds = {one for one in _branches(declared.annotation) if one is not NoneType}
    given = declared.default
    return kinds == {Decimal} and (given is MISSING or given is None or type(given) is Decimal)


def most_digits(message_class: type, field: str) -> int | None:
    """The most digits that a Decimal of the field can have; None if its class doesn't limit them."""
    declared = _declared(message_class, field)
    if declared.is_changed or declared.is_unknown:
        return None
    found = _most_digits(declared.annotation, declared.metadata)
    if found is not None and type(declared.default) is Decimal:
        return found if len(format(abs(declared.default), "f").replace(".", "")) <= found else None
    return found


def values_of(message_class: type, field: str) -> frozenset[Any] | None:
    """Every value that the field can hold as JSON, if they are few and no two are equal in Python; else None."""
    declared = _declared(message_class, field)
    if declared.is_changed or declared.is_unknown:
        return None
    given = [] if declared.default is MISSING else [declared.default]
    values = [_as_json(one) for one in [*(_values(declared.annotation) or [_Unlisted()]), *given]]
    if any(isinstance(one, _Unlisted) for one in values) or len(values) > _MOST_VALUES:
        return None
    distinct = frozenset(values)
    return distinct if len(distinct) == len({(type(one), one) for one in values}) else None


class _Unlisted:
    """A value that stands for values that can't be listed."""


def _values(annotation: Any) -> list[Any] | None:
    """What can be listed of a type; None if it can't be."""
    found: list[Any] = []
    for one in _branches(annotation):
        if one is NoneType:
            found.append(None)
        elif one is bool:
            found += [False, True]
        elif get_origin(one) is Literal:
            found += get_args(one)
        elif isinstance(one, type) and issubclass(one, Enum) and _has_these_members_only(one):
            found += list(one)
        else:
            return None
    return found


def _as_json(value: Any) -> Any:
    value = value.value if isinstance(value, Enum) else value
    return value if value is None or type(value) in (str, int, bool) else _Unlisted()


def _declared(message_class: type, field: str) -> _Declared:
    model = getattr(message_class, "__pydantic_fields__", None)
    if isinstance(model, Mapping):
        return _of_model(message_class, field, model[field])
    try:
        annotation = get_type_hints(message_class, include_extras=True).get(field, Any)
    except (NameError, TypeError):  # a name that only its module's type checker knows
        annotation = declared_type(message_class, field)
    given = MISSING
    if is_dataclass(message_class):
        one = next(one for one in fields_of(message_class) if one.name == field)
        given = one.default if one.default_factory is MISSING else _made(one.default_factory)
        if has_metadata(given):
            return _with_default(message_class, annotation, given)
    changed, unknown = _about_functions(annotation, ())
    unknown = unknown or has_functions_of_pydantic(message_class) or reads_or_writes_otherwise(message_class)
    return _Declared(annotation, (), given, changed or can_alter(message_class), unknown)


def _with_default(message_class: type, annotation: Any, given: Any) -> _Declared:
    """A field of a dataclass whose default is a pydantic Field, which has metadata and perhaps a default."""
    metadata = tuple(given.metadata)
    changed, unknown = _about_functions(annotation, metadata)
    unknown = unknown or has_functions_of_pydantic(message_class) or reads_or_writes_otherwise(message_class)
    return _Declared(annotation, metadata, _default_of(given), changed or can_alter(message_class), unknown)


def _of_model(message_class: type, field: str, declared: Any) -> _Declared:
    decorators = getattr(message_class, "__pydantic_decorators__", None)
    metadata = tuple(declared.metadata)
    changed, unknown = _about_functions(declared.annotation, metadata)
    changed = changed or can_alter(message_class)
    for one in validators_of(decorators, field):
        if getattr(one.info, "mode", "after") != "before":
            changed = True
            unknown = unknown or not _returns(one.func, declared.annotation, metadata)
    unknown = unknown or has_writers(decorators, field) or reads_or_writes_otherwise(message_class)
    return _Declared(declared.annotation, metadata, _default_of(declared), changed, unknown)


def _default_of(declared: Any) -> Any:
    if declared.is_required():
        return MISSING
    factory = declared.default_factory
    return declared.default if factory is None else _made(factory)


def _made(factory: Any) -> Any:
    try:
        return factory()
    except Exception:  # noqa: BLE001 -- a function of the user may raise anything, or take the validated fields
        return _Unlisted()


def _about_functions(annotation: Any, metadata: tuple[Any, ...]) -> tuple[bool, bool]:
    """Whether a function beside the type may change values, and whether it may give or write another type."""
    changed = unknown = False
    inner = annotation
    while get_origin(inner) is Annotated:
        inner, *more = get_args(inner)
        metadata = (*more, *metadata)
    for one in metadata:
        name = type(one).__name__
        if name in _CHANGING:
            changed = True
            unknown = unknown or not _returns(one.func, inner, ())
        unknown = unknown or name in _WRITING
        unknown = unknown or (hasattr(one, "__get_pydantic_core_schema__") and name not in _HARMLESS)
    if get_origin(inner) in {Union, UnionType}:
        for one in get_args(inner):
            more_changed, more_unknown = _about_functions(one, ())
            changed, unknown = changed or more_changed, unknown or more_unknown
    return changed, unknown


def _returns(function: Any, annotation: Any, metadata: tuple[Any, ...]) -> bool:
    """Whether the function says that it returns a value of this type, or of one of its branches."""
    function = getattr(function, "__func__", function)
    try:
        returned = get_type_hints(function)["return"]
    except (NameError, TypeError, KeyError):
        return False
    return ANY_KIND not in (kinds := _kinds(returned, ())) and kinds <= _kinds(annotation, metadata)


def _branches(annotation: Any) -> Iterator[Any]:
    """The types that a union has, those behind Annotated, NewType and a named type included."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _branches(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for one in get_args(annotation):
            yield from _branches(one)
    elif isinstance(annotation, NewType):
        yield from _branches(annotation.__supertype__)
    elif type(annotation).__name__ == "TypeAliasType" and not get_args(annotation):
        yield from _branches(annotation.__value__)
    else:
        yield NoneType if annotation is None else annotation


def _kinds(annotation: Any, metadata: tuple[Any, ...]) -> frozenset[str]:
    if _about_functions(annotation, metadata)[1]:
        return frozenset({ANY_KIND})
    return frozenset(kind for one in _branches(annotation) for kind in _kinds_of_branch(one))


def _kinds_of_branch(one: Any) -> frozenset[str]:
    if get_origin(one) is Literal:
        return frozenset(kind for value in get_args(one) for kind in _kinds_of_value(value))
    origin = get_origin(one) or one
    if not isinstance(origin, type):
        return frozenset({"mapping"} if type(one) is type(TypedDict) else {ANY_KIND})
    if issubclass(origin, Enum):
        kinds = frozenset(kind for member in origin for kind in _kinds_of_value(member.value))
        return kinds if _has_these_members_only(origin) else frozenset({ANY_KIND})
    if origin is NoneType:
        return frozenset({"null"})
    if origin.__module__ == "pydantic.networks" or origin.__name__ in _TEXT_NAMES:
        return frozenset({"text"})
    if _is_written_by_itself(origin):
        return frozenset({ANY_KIND})
    known = ((bool, "truth"), (int, "integer"), (float, "float"), *((text, "text") for text in _TEXTS))
    for of, kind in known:
        if issubclass(origin, of):
            return frozenset({kind})
    if issubclass(origin, list | tuple | set | frozenset):
        return frozenset({"list"})
    is_mapping = issubclass(origin, Mapping) or is_dataclass(origin) or hasattr(origin, "__pydantic_fields__")
    return frozenset({"mapping" if is_mapping else ANY_KIND})


def _has_these_members_only(kind: type[Enum]) -> bool:
    """Whether an enum has no values but those of its members: flags can be joined, and _missing_ makes others."""
    makes_others = any("_missing_" in vars(base) for base in kind.__mro__ if base.__module__ != "enum")
    return not (_is_written_by_itself(kind) or makes_others or issubclass(kind, Flag))


def _is_written_by_itself(kind: type) -> bool:
    """Whether the class says itself how pydantic reads and writes it; a model does so as we expect."""
    own = hasattr(kind, "__get_pydantic_core_schema__") or hasattr(kind, "__get_validators__")
    return own and not isinstance(getattr(kind, "__pydantic_fields__", None), Mapping)


def _kinds_of_value(value: Any) -> frozenset[str]:
    value = value.value if isinstance(value, Enum) else value
    return frozenset({ANY_KIND}) if isinstance(value, _Unlisted) else _kinds_of_branch(type(value))


def _limits(annotation: Any, metadata: tuple[Any, ...]) -> Limits:
    """The limits of what is numeric in the type; a limit beside a union holds for each of its branches.

    Of several lower limits pydantic may let the last replace the others, so only the weakest is known to hold.
    """
    lows: list[Number | None] = []
    highs: list[Number | None] = []
    for branch in _numeric(annotation):
        found = list(_constraints(metadata))
        inner: Any = branch
        while get_origin(inner) is Annotated:
            inner, *more = get_args(inner)
            found += _constraints(tuple(more))
        low, high = _listed(inner)
        is_whole = isinstance(inner, type) and issubclass(inner, int)
        for name, bound in found:
            if name in ("ge", "gt"):
                limit = _whole(bound, above=name == "gt") if is_whole else bound
                low = limit if low is None else min(low, limit)
            else:
                limit = -_whole(-bound, above=name == "lt") if is_whole else bound
                high = limit if high is None else max(high, limit)
        lows.append(low)
        highs.append(high)
    if not lows:
        return _UNBOUNDED
    return _least(lows), _greatest(highs)


def _numeric(annotation: Any) -> Iterator[Any]:
    """The branches that can be numbers, each still in its Annotated."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        for one in get_args(annotation):
            yield from _numeric(one)
    elif isinstance(annotation, NewType):
        yield from _numeric(annotation.__supertype__)
    elif type(annotation).__name__ == "TypeAliasType" and origin is None:
        yield from _numeric(annotation.__value__)
    elif origin is Annotated:
        inner, *metadata = get_args(annotation)
        yield from (Annotated[(one, *metadata)] for one in _numeric(inner))
    elif annotation is Any or _kinds_of_branch(annotation) & {"integer", "float", ANY_KIND} or annotation is Decimal:
        yield annotation


def _listed(inner: Any) -> Limits:
    """The limits of a literal or an enum."""
    values = [one for one in _values(inner) or () if type(_as_json(one)) is int]
    numbers = [_as_json(one) for one in values]
    return (min(numbers), max(numbers)) if numbers else _UNBOUNDED


def _constraints(metadata: tuple[Any, ...]) -> Iterator[tuple[str, Number]]:
    for one in metadata:
        if has_metadata(one):
            yield from _constraints(tuple(one.metadata))
        if type(one).__module__.partition(".")[0] not in _ENFORCED:
            continue
        for name in ("ge", "gt", "le", "lt"):
            bound = getattr(one, name, None)
            if isinstance(bound, int | float | Decimal) and (not isinstance(bound, float) or math.isfinite(bound)):
                yield name, bound


def _whole(bound: Number, *, above: bool) -> int:
    """The least whole number that is at least the bound, or above it."""
    return math.floor(bound) + 1 if above else math.ceil(bound)


def _least(bounds: list[Number | None]) -> Number | None:
    known = [one for one in bounds if one is not None]
    return min(known) if len(known) == len(bounds) else None


def _greatest(bounds: list[Number | None]) -> Number | None:
    known = [one for one in bounds if one is not None]
    return max(known) if len(known) == len(bounds) else None


def _most_digits(annotation: Any, metadata: tuple[Any, ...]) -> int | None:
    found: list[int] = []
    inner = annotation
    while get_origin(inner) is Annotated:
        inner, *more = get_args(inner)
        metadata = (*metadata, *more)
    for one in metadata:
        nested = tuple(one.metadata) if has_metadata(one) else (one,)
        nested = tuple(each for each in nested if type(each).__module__.partition(".")[0] in _ENFORCED)
        found += [digits for each in nested if isinstance(digits := getattr(each, "max_digits", None), int)]
    if found:
        return max(found)
    if get_origin(inner) in {Union, UnionType}:
        several = [_most_digits(one, ()) for one in get_args(inner) if one is not NoneType]
        known = [one for one in several if one is not None]
        return max(known) if known and len(known) == len(several) else None
    return None
