"""The findings of a check, each with the shortest history that shows it."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from saga.core import Fact, Process

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
    """The type of a sample, with a number if there are several of that type."""
    alike = [one for one in samples if one.kind is fact.kind]
    return fact.kind.__name__ if len(alike) < 2 else f"{fact.kind.__name__}#{alike.index(fact) + 1}"


def require_not_ours(error: Exception) -> None:
    """Raise the error again if the checker itself raised it: its own error says nothing about a process."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith(_CHECKER):
        raise error
