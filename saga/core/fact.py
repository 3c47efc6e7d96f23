"""A fact: an input that is taken in, as its message class and its validated fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One input.

    ``kind`` is the message class that sub-machines name in their tables; ``fields`` are the values that the class
    declares, as plain JSON values. Fields that the class does not declare are not part of the fact.
    """

    kind: type
    fields: Mapping[str, Any]
