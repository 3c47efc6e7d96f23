"""The record of one instance as a set: its facts, its answers and its commands, without their order. Pure.

An instance that was pruned and came back has lost its earlier entries. Its record begins with the restored state; any
entry before that, if it still exists, is part of that state already.
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
from saga.verification.replay.fold import ANSWERS, ERASED, REPAIRED, RESTARTS, is_announcement

MOST_TROUBLES: Final = 10
MOST_FEW: Final = 10


@dataclass(frozen=True, slots=True)
class LastCommand:
    """A command in the log."""

    type: str
    collaborator: str
    effect: str
    revision: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LastAnnouncement:
    """The announcement with the greatest revision."""

    type: str
    outcome: str
    revision: int
    settled: bool
    final: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Absent:
    """Missing numbers: the first few of them, and their count."""

    few: tuple[int, ...]
    count: int

    def __str__(self) -> str:
        named = ", ".join(map(str, self.few))
        return named if self.count == len(self.few) else f"{named} and {self.count - len(self.few)} more"


def absent(known: AbstractSet[int], first: int, last: int) -> Absent:
    """The numbers from ``first`` to ``last`` that are not known; also fast for a wide range."""
    count = max(last - first + 1 - sum(first <= one <= last for one in known), 0)
    return Absent(
        tuple(islice((one for one in range(first, last + 1) if one not in known), min(count, MOST_FEW))), count
    )


@dataclass(slots=True)
class Record:
    """The record of an instance.

    ``facts`` are all facts that it has answered, by their canonical form, and ``taken`` those that it took in.
    ``answers`` counts answers by the position of their message in a log, or by source and id for a message without a
    position. ``last`` is the command with the greatest revision for each effect; ``revisions`` counts the revisions of
    each collaborator. ``said`` counts the revisions of announcements, and ``announced`` is the last one. ``troubles``
    describes invalid entries in words; ``is_readable`` is false if a fact is lost with one of them. ``begin``,
    ``commanded`` and ``sent_before`` are the state before the instance was pruned.
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
    said: Counter[int] = field(default_factory=Counter)
    announced: LastAnnouncement | None = None
    versions: set[int] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    is_readable: bool = True

    @classmethod
    def begun(cls, process: Process, entry: Entry) -> "Record":
        """The record of an instance that begins, or comes back, with this entry."""
        record = cls(process, beginning(process), is_revived=entry.type in RESTARTS, is_erased=entry.type == ERASED)
        record.add(entry)
        return record

    def add(self, entry: Entry) -> None:
        """Add an entry; one that can't be read is a trouble of only this instance."""
        self.versions.add(entry.stream_version)
        try:
            if entry.target is not None:
                self._add_command(entry, entry.target)
            elif entry.type in RESTARTS:
                self._come_back(entry)
            elif entry.type in ANSWERS:
                self._add_answer(entry)
            elif is_announcement(entry):
                self._add_announcement(entry)
            elif entry.type != REPAIRED:
                self._complain(entry, f"it is a {entry.type}, which no instance's stream is known to hold")
        except Exception as error:  # noqa: BLE001 -- an entry that can't be read is a finding about its instance alone
            self._complain(entry, _why(error))
            self.is_readable &= entry.target is not None or is_announcement(entry)

    def missing(self, last_version: int) -> "Absent":
        """The missing versions of its stream, up to the last one that its row counts."""
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

    def _add_announcement(self, entry: Entry) -> None:
        said = dict(entry.data)
        if said.pop(self.process.correlate) != entry.stream_id:
            self._complain(entry, f"its {entry.type} is about another instance")
        outcome, revision = str(said["outcome"]), int(said["revision"])
        settled, final = bool(said["settled"]), bool(said["final"])
        self.said[revision] += 1
        if self.announced is None or revision >= self.announced.revision:
            self.announced = LastAnnouncement(entry.type, outcome, revision, settled, final, said)

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
