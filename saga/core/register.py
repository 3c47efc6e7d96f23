"""The data of an instance beside its states, stored so that the order of arrival does not matter.

A register stores the fields of inputs of one class, by key. It only grows. The same key with the same contents changes
nothing. The same key with other contents is a conflict, which a person has to settle: keeping the first arrival would
make the outcome depend on the order.

Functions that read a register, or the value of a reducer, see the keys sorted, never in their order of arrival. So "the
first entry" is the same in every history, also after the state was stored and read back.

Both are bounded, because the engine reads, decides and writes an instance as a whole: one that grew without limit would
delay all others. An input beyond the bound is refused and waits for a person.
"""

import json
from bisect import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from saga.core.errors import DeclarationError
from saga.core.fact import Fact
from saga.core.plain import is_same, plain
from saga.core.words import require_name

Entries = Mapping[str, Mapping[str, Any]]
"""The contents of a register: for each key, sorted, the fields of its input as plain JSON values (times are text)."""

MOST_ENTRIES: Final = 1_000
MOST_REDUCED_BYTES: Final = 16_384
MOST_SHOWN: Final = 200
"""Characters of a reducer's value in an explanation."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """A fact that would exceed a bound of the instance, and so can't be taken in; ``why`` is a clause."""

    why: str


@dataclass(frozen=True, slots=True)
class Register:
    """The fields of inputs of class ``of``: one entry for each value of their field ``key``, at most ``most`` entries.

    A second input with the same key and the same fields is ignored. One with other fields is a conflict, which a person
    settles; 1, 1.0 and true are different values. Raises DeclarationError for a bound below 1.

    >>> from saga import Fact
    >>> REPORTS.apply({}, Fact(Reported, {"ticket_id": "t-1", "text": "broken"}))
    {'t-1': {'ticket_id': 't-1', 'text': 'broken'}}
    """

    name: str
    of: type
    key: str
    most: int = MOST_ENTRIES

    def __post_init__(self) -> None:
        require_name("register", self.name)
        require_bound(f"register {self.name!r}", "most", self.most)

    @property
    def inputs(self) -> frozenset[type]:
        """The input classes that the register stores."""
        return frozenset({self.of})

    @property
    def start(self) -> Entries:
        """The contents before the first input."""
        return {}

    def key_of(self, fact: Fact) -> str:
        """The key of the entry that this fact belongs to."""
        return str(fact.fields[self.key])

    def conflict(self, entries: Entries, fact: Fact) -> str | None:
        """A sentence about how this fact contradicts the entries; None if it does not.

        A field that was erased from the entry contradicts nothing.
        """
        if (known := entries.get(self.key_of(fact))) is None:
            return None
        differences = ", ".join(
            f"{name} is {value!r} there and {fact.fields.get(name)!r} here"
            for name, value in sorted(known.items())
            if not is_same(value, fact.fields.get(name))
        )
        if not differences:
            return None
        return f"{self.key} {self.key_of(fact)!r} is already known with other contents: {differences}"

    def apply(self, entries: Entries, fact: Fact) -> Entries:
        """The entries with this fact added; the same object if it was among them before."""
        key = self.key_of(fact)
        if key in entries:
            return entries
        items = list(entries.items())
        items.insert(bisect(list(entries), key), (key, fact.fields))
        return dict(items)

    def apply_bounded(self, entries: Entries, fact: Fact) -> Entries | Beyond:
        """As ``apply``, or Beyond if that would exceed ``most``."""
        if len(entries) >= self.most and self.key_of(fact) not in entries:
            return Beyond(f"register {self.name} holds {len(entries)} entries, and its bound is most={self.most}")
        return self.apply(entries, fact)

    def load(self, stored: Entries) -> Entries:
        """The entries, read back from their stored form."""
        return {key: stored[key] for key in sorted(stored)}

    def known(self, fact: Fact) -> str:
        """Why this fact is nothing new, as a clause."""
        return f"{self.key} {self.key_of(fact)!r} is already known"

    def changes(self, before: Entries, after: Entries) -> list[str]:
        """What is new, in words."""
        return [] if before is after else [f"{self.name} +{key}" for key in sorted(after.keys() - before.keys())]


@dataclass(frozen=True, slots=True)
class Reducer:
    """Data that a function of yours folds, for what no register can hold.

    ``reduce`` gets a copy of its last result (at first ``start``) and a fact, and returns the new value: plain JSON of
    at most ``most_bytes`` bytes, equal to the last value if the fact changes nothing. Nothing here keeps it from
    depending on the order of the facts; the checker examines whether it does.

    Raises DeclarationError for a start that is not JSON or exceeds the bound, and for a bound below 1.

    >>> from saga import Fact, Reducer
    >>> def add_text(known: list[str], fact: Fact) -> list[str]:
    ...     return sorted({*known, fact.fields["text"]})
    >>> words = Reducer("words", of=(Reported,), start=[], reduce=add_text)
    >>> words.apply(["broken"], Fact(Reported, {"ticket_id": "t-1", "text": "again"}))
    ['again', 'broken']
    """

    name: str
    of: tuple[type, ...]
    start: Any
    reduce: Callable[[Any, Fact], Any]
    most_bytes: int = MOST_REDUCED_BYTES

    def __post_init__(self) -> None:
        require_name("reducer", self.name)
        require_bound(f"reducer {self.name!r}", "most_bytes", self.most_bytes)
        try:
            object.__setattr__(self, "start", plain(self.start))
        except TypeError as error:
            raise DeclarationError(f"reducer {self.name!r}: start: {error}") from None
        if _size(self.start) > self.most_bytes:
            raise DeclarationError(f"reducer {self.name!r}: its start is larger than most_bytes={self.most_bytes}")

    @property
    def inputs(self) -> frozenset[type]:
        """The input classes that the reducer folds."""
        return frozenset(self.of)

    def conflict(self, value: Any, fact: Fact) -> str | None:  # noqa: ARG002 -- has the signature of Register.conflict
        """None: a reducer knows no conflicts."""
        return None

    def apply(self, value: Any, fact: Fact) -> Any:
        """The value after the fact; the same object if the fact changes nothing."""
        reduced = plain(self.reduce(plain(value), fact))
        return value if is_same(reduced, value) else reduced

    def apply_bounded(self, value: Any, fact: Fact) -> Any | Beyond:
        """As ``apply``, or Beyond if the value would grow beyond ``most_bytes``."""
        reduced = self.apply(value, fact)
        if reduced is value or (size := _size(reduced)) <= max(self.most_bytes, _size(value)):
            return reduced
        return Beyond(f"reducer {self.name} would hold {size} bytes, and its bound is most_bytes={self.most_bytes}")

    def load(self, stored: Any) -> Any:
        """The value, read back from its stored form."""
        return plain(stored)

    def known(self, fact: Fact) -> str:
        """Why this fact is nothing new, as a clause."""
        return f"{fact.kind.__name__} is nothing new to {self.name}"

    def changes(self, before: Any, after: Any) -> list[str]:
        """What is new, in words."""
        return [] if is_same(before, after) else [f"{self.name} {_shown(before)} -> {_shown(after)}"]


def require_bound(what: str, name: str, bound: object, least: int = 1) -> None:
    """Raise DeclarationError if the bound is not a whole number or is too small."""
    if type(bound) is not int or bound < least:
        raise DeclarationError(f"{what}: {name} is {bound!r}: write a whole number of at least {least}")


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
