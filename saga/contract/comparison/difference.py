"""One difference between two schemas."""

from dataclasses import dataclass
from typing import Any, Final

INCOMPARABLE: Final = "incomparable"
"""The keyword of a difference where nothing here decides what each side accepts."""
LOST: Final = "lost"
"""The keyword of a difference where one side names a field, and the other one refuses it or names it no longer."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a value that is given is not accepted.

    ``path`` is the field, with dots for nested ones, ``[]`` for the items of a list and ``*`` for fields of any name.
    ``given`` and ``accepted`` are what both sides say about ``keyword``.
    """

    path: str
    keyword: str
    given: Any = None
    accepted: Any = None
