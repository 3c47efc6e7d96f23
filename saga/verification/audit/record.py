"""The record of one instance as a set: its facts, its answers and its commands, whatever their order. Pure.

An instance that was pruned and came back has lost what was before. Its record begins with the state with which it came
back, and what stands in front of that, if anything is left of it, is part of that state already.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from saga.core import Commanded, Fact, Process, load_state
from saga.messages.facts import read_fact
from saga.modules import Entry
from saga.verification.audit.model import JointState, beginning, canonical
from saga.verification.replay.fold import ANSWERS, ERASED, REPAIRED, RESTARTS

MOST_TROUBLES: Final = 10
MOST_FEW: Final = 10


@dataclass(frozen=True, slots=True)
class LastCommand:
    """A command as the log has it."""

    type: str
    collaborator: str
    effect: str
    revision: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Absent:
    """Numbers that are not there: the first few of them, and how many there are."""

    few: tuple[int, ...]
    count: int

    def __str__(self) -> str:
        named = ", ".join(map(str, self.few))
        return named if self.count == len(self.few) else f"{named} and {self.count - len(self.few)} more"


def absent(known: AbstractSet[int], first: int, last: int) -> Absent:
    """Which numbers from the first to the last are not known; however far apart these are."""
    count = max(last - first + 1 - sum(first <= one <= last for one in known), 0)
    return Absent(
        tuple(islice((one for one in range(first, last + 1) if one not in known), min(count, MOST_FEW))), count
    )


@dataclass(slots=True)
class Record:
    """What is recorded of an instance.

    ``facts`` are all that it has answered, by their canonical form, and ``taken`` those that it took in. ``answers``
    counts by what an answer is about: the position in a log, or the source and id of what has none. ``last`` is the
    command with the greatest revision for each effect; ``revisions`` counts those of each collaborator. ``troubles``
    are entries that are not in order, in words; the record ``is_readable`` unless one of its facts is lost with them.
    What an instance had before it was pruned is in ``begin``, ``commanded`` and ``sent_before``.
    """

    process: Process
    begin: JointState
    is_revived: bool = False
    is_erased: bool = False
    commanded: Mapping[str, Commanded] = field(default_factory=dict)
    sent_before: Mapping[str, int] = field(default_factory=dict)
    facts: dict[bytes, Fact] = field(default_factory=dict)
    taken: set[bytes] = field(default_factory=set)
    answers: Counter[tuple[str, str | int]] = field(default_factory=Counter)
    last: dict[str, LastCommand] = field(default_factory=dict)
    revisions: dict[str, Counter[int]] = field(default_factory=dict)
    versions: set[int] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    is_readable: bool = True

    @classmethod
    def begun(cls, process: Process, entry: Entry) -> "Record":
        """The record of an instance whose first entry this is, or that came back with it."""
        record = cls(process, beginning(process), is_revived=entry.type in RESTARTS, is_erased=entry.type == ERASED)
        record.add(entry)
        return record

    def add(self, entry: Entry) -> None:
        """Add an entry; one that can't be read is a trouble of this instance alone."""
        self.versions.add(entry.stream_version)
        try:
            if entry.target is not None:
                self._add_command(entry, entry.target)
            elif entry.type in RESTARTS:
                self._come_back(entry)
            elif entry.type in ANSWERS:
                self._add_answer(entry)
            elif entry.type != REPAIRED:
                self._complain(entry, f"it is a {entry.type}, which no instance's stream is known to hold")
        except Exception as error:  # noqa: BLE001 -- an entry that can't be read is a finding about its instance alone
            self._complain(entry, _why(error))
            self.is_readable &= entry.target is not None

    def missing(self, last_version: int) -> "Absent":
        """The versions of its stream that are not there, up to the last one that its row counts."""
        first = min(self.versions) if self.is_revived else 1
        return absent(self.versions, first, max(last_version, *self.versions))

    def _come_back(self, entry: Entry) -> None:
        state = load_state(self.process, entry.data["state"])
        self.begin = JointState(state.machines, state.registers)
        self.commanded, self.sent_before = state.commanded, state.revisions

    def _add_answer(self, entry: Entry) -> None:
        origin = entry.metadata
        in_log = origin.get("position") is not None
        self.answers[(origin["module"], origin["position"]) if in_log else (origin["source"], origin["id"])] += 1
        name = str(entry.data["type"])
        kind = self.process.message_types.get(name)
        if kind is None:
            raise LookupError(f"{self.process.name} does not know {name} any more")
        fact = read_fact(kind, entry.data["fields"])
        said = canonical(fact)
        self.facts[said] = fact
        if str(fact.fields[self.process.correlate]) != entry.stream_id:
            about = f"{self.process.correlate} {fact.fields[self.process.correlate]!r}"
            self._complain(entry, f"it answers {name} about {about}")
        if entry.type == "InputTaken":
            self.taken.add(said)

    def _add_command(self, entry: Entry, target: str) -> None:
        said = dict(entry.data)
        effect, revision = str(said.pop("effect")), int(said.pop("revision"))
        if said.pop(self.process.correlate) != entry.stream_id:
            self._complain(entry, f"its {entry.type} is about another instance")
        self.revisions.setdefault(target, Counter())[revision] += 1
        known = self.last.get(effect)
        if known is None or revision >= known.revision:
            self.last[effect] = LastCommand(entry.type, target, effect, revision, said)

    def _complain(self, entry: Entry, why: str) -> None:
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(f"entry {entry.stream_version} of its record: {why}")


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"its data are not valid any more: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, LookupError) and not isinstance(error, KeyError):
        return str(error)
    return f"reading it raised {type(error).__name__}: {error}"
