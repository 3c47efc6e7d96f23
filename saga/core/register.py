"""Data that an instance carries beside its states, held so that the order of taking it in can't matter.

A register keeps what inputs of one class said, by key. It only grows. The same key with the same contents changes
nothing; the same key with other contents is a conflict, which a person has to settle: picking the one that came first
would make the outcome depend on the order of arrival.

Whoever looks at a register or at what a reducer made sees the keys sorted, never in their order of arrival: "the first
entry" is the same one in every history, also after the state was stored and read back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.fact import Fact
from saga.core.plain import plain

Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Register:
    """What inputs of class ``of`` said, one entry for each value of their field ``key``."""

    name: str
    of: type
    key: str

    @property
    def inputs(self) -> frozenset[type]:
        """The input classes that it keeps."""
        return frozenset({self.of})

    @property
    def start(self) -> Entries:
        """What it holds before anything came."""
        return {}

    def key_of(self, fact: Fact) -> str:
        """The entry that this fact belongs to."""
        return str(fact.fields[self.key])

    def conflict(self, entries: Entries, fact: Fact) -> str | None:
        """What this fact contradicts in the entries, as a sentence; None if nothing.

        A field that the entry does not have, because it was erased, contradicts nothing.
        """
        known = entries.get(self.key_of(fact), {})
        differences = ", ".join(
            f"{name} is {value!r} there and {fact.fields.get(name)!r} here"
            for name, value in sorted(known.items())
            if value != fact.fields.get(name)
        )
        if not differences:
            return None
        return f"{self.key} {self.key_of(fact)!r} is already known with other contents: {differences}"

    def take_in(self, entries: Entries, fact: Fact) -> Entries:
        """The entries with this fact among them; the same object if it was there before."""
        key = self.key_of(fact)
        return entries if key in entries else dict(sorted({**entries, key: fact.fields}.items()))

    def load(self, stored: Entries) -> Entries:
        """The entries as they were before they were stored."""
        return dict(sorted(stored.items()))

    def known(self, fact: Fact) -> str:
        """Why this fact is nothing new, as a clause."""
        return f"{self.key} {self.key_of(fact)!r} is already known"

    def changes(self, before: Entries, after: Entries) -> list[str]:
        """What is new, in words."""
        return [f"{self.name} +{key}" for key in after if key not in before]


@dataclass(frozen=True, slots=True)
class Reducer:
    """Data that a function of the user's own folds, where no register will do.

    ``reduce`` gets a copy of what it made of the inputs before (``start`` at first) and a fact, and gives what it makes
    of both: plain JSON values, and an equal value if the fact changes nothing. Nothing here keeps it from depending on
    the order of the facts; the checker examines whether it does.
    """

    name: str
    of: tuple[type, ...]
    start: Any
    reduce: Callable[[Any, Fact], Any]

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "start", plain(self.start))
        except TypeError as error:
            raise DeclarationError(f"reducer {self.name!r}: start: {error}") from None

    @property
    def inputs(self) -> frozenset[type]:
        """The input classes that it folds."""
        return frozenset(self.of)

    def conflict(self, value: Any, fact: Fact) -> str | None:  # noqa: ARG002 -- a register's shape
        """A function contradicts nothing."""
        return None

    def take_in(self, value: Any, fact: Fact) -> Any:
        """What it makes of the fact; the same object if that is nothing new."""
        reduced = plain(self.reduce(plain(value), fact))
        return value if reduced == value else reduced

    def load(self, stored: Any) -> Any:
        """The value as it was before it was stored."""
        return plain(stored)

    def known(self, fact: Fact) -> str:
        """Why this fact is nothing new, as a clause."""
        return f"{fact.kind.__name__} is nothing new to {self.name}"

    def changes(self, before: Any, after: Any) -> list[str]:
        """What is new, in words."""
        return [] if before == after else [f"{self.name} {before!r} -> {after!r}"]
