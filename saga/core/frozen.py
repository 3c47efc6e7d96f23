"""Values that are made for every message: frozen for the type checker, and cheap to make.

``dataclass(frozen=True)`` writes each field through ``object.__setattr__``, so that nobody can write it again: a value
of six fields takes four times as long to make as without. A message leads to some twenty such values, and mypy, which
sees all code here, refuses a second write before anything runs.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots, equality and a hash, whose fields nobody writes after it was made."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
