"""Values that are made for every message and handed to nobody outside: frozen for the type checker, and cheap to make.

``dataclass(frozen=True)`` writes each field through ``object.__setattr__``, so that nobody can write it again: a value
of six fields takes four times as long to make as without. A message leads to some twenty such values, and mypy, which
sees all code here, refuses a second write before anything runs. What others get in their hands is a
``dataclass(frozen=True)``: their code may have no type checker.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def statically_frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots, equality and a hash, to whose fields the type checker lets nobody write."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
