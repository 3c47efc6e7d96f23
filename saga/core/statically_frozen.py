"""Internal values that are made for every message: frozen for the type checker only, and so cheap to make.

``dataclass(frozen=True)`` writes each field through ``object.__setattr__``, so that it can't be written again. That
makes a value of six fields four times as slow to create. A message leads to some twenty such values, and mypy, which
checks all code here, refuses a second write. Values that users get are ``dataclass(frozen=True)``: their code may have
no type checker.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def statically_frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots, equality and a hash; the type checker refuses writes to its fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
