"""The findings of a check, each with the shortest history that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from saga.core import Fact, Process
from saga.core.plain import is_same

History = tuple[Fact, ...]
_CHECKER: Final = f"{__name__.rpartition('.')[0]}."


class Kind(Enum):
    """The kinds of findings."""

    DIVERGES = "diverges"
    REPEAT_CHANGES = "a duplicate changes something"
    WAITS_FOR_EVER = "waits for ever"
    CANNOT_BE_UNDONE = "can't be undone"
    SENT_TWICE = "sent twice"
    FAILS = "fails"
    BEYOND = "beyond a bound"
    DEPENDS_ON_MORE = "depends on more than the facts"
    CANNOT_BE_READ = "can't be read by the new version"


@dataclass(frozen=True, slots=True)
class Split:
    """A history changes from the ``old`` version of a process to the ``new`` one, after this number of facts."""

    old: Process
    new: Process
    after: int

    @property
    def names(self) -> tuple[str, str]:
        """The names of both versions; with their numbers, if these differ."""
        if self.old.version == self.new.version:
            return "the old version", "the new version"
        return f"version {self.old.version}", f"version {self.new.version}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem.

    ``history`` is the shortest that shows it; for a divergence ``other`` has the same facts in another order.
    ``sentence`` is for people. A problem of an upgrade has a ``split``, where its history changes the version; its
    ``other`` is the history of the same facts under the new version alone.
    """

    kind: Kind
    sentence: str
    history: History
    other: History = ()
    split: Split | None = None


def story(history: History, samples: tuple[Fact, ...]) -> str:
    """The history in one line; several samples of one type have numbers."""
    return " -> ".join(name_of(fact, samples) for fact in history) or "nothing"


def reported(history: History, samples: tuple[Fact, ...], split: Split | None) -> str:
    """The history in one line, with a mark where the version changes."""
    names = [name_of(fact, samples) for fact in history]
    if split is not None:
        names.insert(split.after, f"[{split.names[1]}]")
    return " -> ".join(names)


def name_of(fact: Fact, samples: tuple[Fact, ...]) -> str:
    """The type of a sample, with a number if there are several of that type; with its fields if it is none of them."""
    alike = [one for one in samples if one.kind is fact.kind]
    number = next((at for at, one in enumerate(alike, start=1) if is_one_of(fact, (one,))), None)
    if number is None:
        values = ", ".join(f"{name} {value!r}" for name, value in fact.fields.items())
        return f"{fact.kind.__name__}({values})"
    return fact.kind.__name__ if len(alike) < 2 else f"{fact.kind.__name__}#{number}"


def is_one_of(fact: Fact, samples: Sequence[Fact]) -> bool:
    """Whether a fact is among the samples; 1 and 1.0 are two values."""
    return any(one is fact or (one.kind is fact.kind and is_same(one.fields, fact.fields)) for one in samples)


def with_their_facts(finding: Finding, samples: Sequence[Fact]) -> tuple[Fact, ...]:
    """The samples, and the facts of the finding that are not among them."""
    known = list(samples)
    for fact in (*finding.history, *finding.other):
        known += [] if is_one_of(fact, known) else [fact]
    return tuple(known)


def require_not_ours(error: Exception) -> None:
    """Raise the error again if the checker itself raised it: its own error says nothing about a process."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith(_CHECKER):
        raise error
