"""A fact: an input as its message class and its validated fields."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints


@dataclass(frozen=True, slots=True)
class Fact:
    """One input.

    ``kind`` is the message class that sub-machines name in their tables; ``fields`` are the values that the class
    declares, as plain JSON values. Fields that the class does not declare are not part of the fact. ``make_fact`` of
    `saga.testing` makes a fact from a message.

    >>> from saga import Fact
    >>> Fact(Solved, {"ticket_id": "t-1"}).fields
    {'ticket_id': 't-1'}
    """

    kind: type
    fields: Mapping[str, Any]


def is_message_class(kind: type) -> bool:
    """Whether it is a dataclass or a pydantic model; the core recognises a model without importing pydantic."""
    return is_dataclass(kind) or _is_model(kind)


def _is_model(kind: type) -> bool:
    return isinstance(getattr(kind, "__pydantic_fields__", None), Mapping)


def declared_fields(kind: type) -> frozenset[str]:
    """The fields that a message class or its bases declare."""
    if is_dataclass(kind):
        return frozenset(one.name for one in fields(kind))
    if _is_model(kind):
        return frozenset(kind.__pydantic_fields__)  # type: ignore[attr-defined]
    return frozenset(name for base in kind.__mro__ for name in getattr(base, "__annotations__", {}))


def declared_type(kind: type, name: str) -> Any:
    """The type that a message class declares for a field; Any if the class does not say."""
    if _is_model(kind):
        return kind.__pydantic_fields__[name].annotation  # type: ignore[attr-defined]
    try:
        return get_type_hints(kind).get(name, Any)
    except (NameError, TypeError):  # a name that only its module's type checker knows
        return Any
