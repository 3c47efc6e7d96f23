"""Data that an instance carries beside its states, held so that the order of taking it in can't matter.

A register keeps what inputs of one class said, by key. It only grows. The same key with the same contents changes
nothing; the same key with other contents is a conflict, which a person has to settle: picking the one that came first
would make the outcome depend on the order of arrival.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saga.core.fact import Fact

Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Register:
    """What inputs of class ``of`` said, one entry for each value of their field ``key``."""

    name: str
    of: type
    key: str

    def key_of(self, fact: Fact) -> str:
        """The entry that this fact belongs to."""
        return str(fact.fields[self.key])

    def conflict(self, entries: Entries, fact: Fact) -> str | None:
        """What this fact contradicts in the entries, as a sentence; None if nothing."""
        known = entries.get(self.key_of(fact))
        if known is None or known == fact.fields:
            return None
        differences = ", ".join(
            f"{name} is {known.get(name)!r} there and {fact.fields.get(name)!r} here"
            for name in sorted(known.keys() | fact.fields.keys())
            if known.get(name) != fact.fields.get(name)
        )
        return f"{self.key} {self.key_of(fact)!r} is already known with other contents: {differences}"

    def take_in(self, entries: Entries, fact: Fact) -> Entries:
        """The entries with this fact among them; the same object if it was there before."""
        key = self.key_of(fact)
        return entries if key in entries else {**entries, key: fact.fields}
