"""A fact: an input that is taken in, as its message class and its validated fields."""

from collections.abc import Mapping
from typing import Any

from saga.core.frozen import frozen


@frozen
class Fact:
    """One input.

    ``kind`` is the message class that sub-machines name in their tables; ``fields`` are the values that the class
    declares, as plain JSON values. Fields that the class does not declare are not part of the fact.
    """

    kind: type
    fields: Mapping[str, Any]


def declared_fields(kind: type) -> frozenset[str]:
    """The fields that a message class declares, by itself or through its bases."""
    return frozenset(name for base in kind.__mro__ for name in getattr(base, "__annotations__", {}))
