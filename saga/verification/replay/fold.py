"""The fold: rebuilds an instance from its stream, entry by entry, with the same decision that made it. Pure.

The problem: the row of an instance is a convenience; the log of its process records what happened. Only a second pass
through the record, which never reads the row, can show whether the row agrees.

The model: each answer in the stream (taken in or ignored) contains its input, and the fold decides on it again. It
compares the commands after an answer with those of its own decision, by target, type, effect and revision. If they
differ, it continues with the commands that were really sent: the instance has to know these to correct them. So one
wrong command is one difference, and not one in everything after it. It does the same with announcements, of which there
is at most one after the answers of a batch.

The failures: an entry is missing, or can't be decided any more, because the process has changed or contradicts it. The
rest could not be trusted, so the fold stops there and says why. A gap that is exactly as wide as the missing commands
is no reason to stop: it is known which entries were there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final

from pydantic import ValidationError

from saga.core import (
    Announcement,
    Command,
    Commanded,
    Deadline,
    Decision,
    DecisionKind,
    Effect,
    Process,
    State,
    announce,
    decide,
    load_state,
)
from saga.core.announcement import ANNOUNCED
from saga.messages.facts import read_fact
from saga.modules import Entry
from saga.verification.difference import Difference

ANSWERS: Final = ("InputTaken", "InputIgnored")
REVIVED: Final = "InstanceRevived"
ERASED: Final = "InstanceErased"
RESTARTS: Final = (REVIVED, ERASED)
"""Entries with the state from which an instance continues: the entries before them need not be readable."""

REPAIRED: Final = "InstanceRepaired"

Key = tuple[str, str, str, int]
"""The identity of a command: target, type, effect and revision."""


@dataclass(frozen=True, slots=True)
class ArmedDeadline:
    """A deadline that the record armed and has not answered. ``cause`` is from the metadata of the arming entry."""

    name: str
    emits: str
    due_at: datetime
    cause: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An instance as rebuilt from its record.

    ``damage`` says why the record could not be followed to its end; the rest is then the state up to there. A record
    that is ``headless`` lacks its first entries; one that ``is_erased`` begins with its erasure. ``commands`` are
    differences between the commands and announcements in the log and those that the recorded inputs lead to. ``unsaid``
    is an announcement that the next message would lead to.
    """

    state: State
    outcome: Enum
    stream_version: int
    deadlines: tuple[ArmedDeadline, ...]
    commands: tuple[Difference, ...]
    unsaid: Announcement | None
    damage: Difference | None
    headless: bool
    is_erased: bool


class Fold:
    """Folds the entries of one stream, given in stream order."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._state = self._before = State.start(process)
        self._version = 0
        self._answer: Entry | None = None
        self._expected: dict[Key, Command] = {}
        self._unexpected: list[Entry] = []
        self._sent: list[Entry] = []
        self._missing = 0
        self._deadlines: list[ArmedDeadline] = []
        self._commands: list[Difference] = []
        self._damage: Difference | None = None
        self._headless = False
        self._is_erased = False

    def apply(self, entry: Entry) -> None:
        """Apply one entry; after damage, entries are only counted."""
        begins, missing = self._version == 0, entry.stream_version - self._version - 1
        self._version = entry.stream_version
        if self._damage is None:
            if begins and missing and entry.type not in RESTARTS:
                self._headless = True
                self._stop(entry, f"its stream begins with entry {entry.stream_version}")
            else:
                self._missing += 0 if begins else missing
                self._fold(entry)

    def rebuilt(self) -> Rebuilt:
        """The instance after the applied entries."""
        self._settle_commands()
        outcome = self._process.outcomes.value(self._state.machines, self._state.registers)
        return Rebuilt(
            self._state,
            outcome,
            self._version,
            tuple(self._deadlines),
            tuple(self._commands),
            announce(self._process, self._state, outcome)[1],
            self._damage,
            self._headless,
            self._is_erased,
        )

    def _fold(self, entry: Entry) -> None:
        try:
            if entry.target is not None:
                self._compare(entry)
                return
            self._settle_commands()
            if self._damage is None and entry.type != REPAIRED:
                self._follow(entry)
        except Exception as error:  # noqa: BLE001 -- an entry that can't be replayed is a finding about its instance alone
            self._stop(entry, _why(error))

    def _follow(self, entry: Entry) -> None:
        if entry.type in RESTARTS:
            self._go_on_from(entry)
        elif entry.type in ANSWERS:
            self._take_in(entry)
        elif is_announcement(entry):
            self._hear(entry)
        else:
            self._stop(entry, f"it is a {entry.type}, which no instance's stream is known to hold")

    def _go_on_from(self, entry: Entry) -> None:
        self._state = self._before = load_state(self._process, entry.data["state"])
        self._is_erased = entry.type == ERASED
        self._deadlines = []

    def _take_in(self, entry: Entry) -> None:
        name = str(entry.data["type"])
        kind = self._process.message_types.get(name)
        if kind is None:
            self._stop(entry, f"{self._process.name} does not know {name} any more")
            return
        decision = decide(self._process, self._state, read_fact(kind, entry.data["fields"]), is_bounded=False)
        if decision.kind is DecisionKind.CONFLICT:
            self._stop(entry, f"{name} contradicts what was recorded before: {decision.reason}")
            return
        self._before, self._state, self._answer = self._state, decision.state, entry
        self._expected = {(c.collaborator, c.type, c.effect, c.revision): c for c in decision.commands}
        self._deadlines = [deadline for deadline in self._deadlines if deadline.emits != name]
        self._deadlines += _armed(entry, decision)

    def _hear(self, entry: Entry) -> None:
        """Compare an announcement with what is announced of this state, and go on with the one that was said."""
        outcome = self._process.outcomes.value(self._state.machines, self._state.registers)
        _, expected = announce(self._process, self._state, outcome)
        said = Commanded(str(entry.data["outcome"]), int(entry.data["revision"]))
        if expected is None or (expected.type, expected.outcome.value, expected.revision) != (
            entry.type,
            said.condition,
            said.revision,
        ):
            self._commands.append(_said_for_nothing(entry, expected))
        commanded = {**self._state.commanded, ANNOUNCED: said}
        self._state = self._before = replace(self._state, commanded=commanded)

    def _compare(self, entry: Entry) -> None:
        self._sent.append(entry)
        if self._expected.pop(_key(entry), None) is None:
            self._unexpected.append(entry)

    def _settle_commands(self) -> None:
        """After the last command of an answer: record differences, and continue with the commands that were sent."""
        left, unexpected, sent, missing = list(self._expected), self._unexpected, self._sent, self._missing
        self._expected, self._unexpected, self._sent, self._missing = {}, [], [], 0
        if missing not in (0, len(left)):
            self._stop(self._answer, f"what stood behind it is not in the log: {missing} of its stream's versions")
            return
        cause = "its record" if self._answer is None else f"entry {self._answer.stream_version} of its record"
        self._commands += [_never_sent(cause, key) for key in left]
        self._commands += [_sent_for_nothing(cause, entry) for entry in unexpected]
        if (left or unexpected) and not missing:
            self._state = _as_sent(self._process, self._before, self._state, sent)
        self._before = self._state

    def _stop(self, entry: Entry | None, why: str) -> None:
        version = 0 if entry is None else entry.stream_version
        self._damage = Difference(
            f"entry.{version}",
            f"its record can't be followed, so nothing else was compared: entry {version}: {why}",
            expected=None if entry is None else entry.type,
        )


def is_announcement(entry: Entry) -> bool:
    """Whether an entry of a process's log announces an outcome: nothing else there is a public event."""
    return entry.target is None and entry.previous_public_position is not None


def _armed(entry: Entry, decision: Decision) -> Iterator[ArmedDeadline]:
    cause = {
        name: entry.metadata[name] for name in ("correlationid", "causationid", "traceparent") if name in entry.metadata
    }
    for timer in decision.timers:
        yield ArmedDeadline(timer.name, timer.emits, entry.recorded_at + timer.after, cause)


def _as_sent(process: Process, before: State, after: State, sent: Sequence[Entry]) -> State:
    """The state after a decision, with the commands that were sent instead of those that were decided."""
    deadlines = {effect.name for effect in process.effects if isinstance(effect, Deadline)}
    commanded = {**before.commanded, **{name: c for name, c in after.commanded.items() if name in deadlines}}
    revisions = dict(before.revisions)
    for entry in sent:
        target, _, effect, revision = _key(entry)
        if (told := _told(process, after.commanded.get(effect), entry)) is not None:
            commanded[effect] = told
        revisions[target] = max(revision, revisions.get(target, 0))
    return State(after.machines, after.registers, commanded, revisions)


def _told(process: Process, decided: Commanded | None, entry: Entry) -> Commanded | None:
    """The condition of an effect after a sent command, with computed fields; None if the process has no such command.

    If several conditions send this type, it is the decided one, provided that this is the command for it.
    """
    _, type_, named, revision = _key(entry)
    for effect in process.effects:
        if isinstance(effect, Effect) and (named == effect.name or named.startswith(f"{effect.name}/")):
            could_be = {str(one.value): sends for one, sends in effect.commands.items() if sends.type == type_}
            is_decided = decided is not None and decided.revision == revision and decided.condition in could_be
            condition = decided.condition if decided and is_decided else next(iter(could_be), None)
            if condition is None:
                return None
            names = [one.name for one in could_be[condition].computed if one.name in entry.data]
            return Commanded(condition, revision, {name: entry.data[name] for name in names})
    return None


def _key(entry: Entry) -> Key:
    return entry.target or "", entry.type, str(entry.data.get("effect")), int(entry.data.get("revision") or 0)


def _never_sent(cause: str, key: Key) -> Difference:
    target, type_, effect, revision = key
    return Difference(
        f"command.{effect}",
        f"{cause} leads to {type_} revision {revision} for {target} ({effect}), and the log does not have it",
        expected={"target": target, "type": type_, "effect": effect, "revision": revision},
    )


def _sent_for_nothing(cause: str, entry: Entry) -> Difference:
    target, type_, effect, revision = _key(entry)
    return Difference(
        f"command.{effect}",
        f"the log has {type_} revision {revision} for {target} ({effect}), and {cause} does not lead to it",
        found={"target": target, "type": type_, "effect": effect, "revision": revision},
    )


def _said_for_nothing(entry: Entry, expected: Announcement | None) -> Difference:
    said = f"{entry.type} revision {entry.data['revision']} ({entry.data['outcome']})"
    wanted = f"{expected.type} revision {expected.revision} ({expected.outcome.value})" if expected else "none"
    return Difference("announcement", f"the log announces {said}, and its record leads to {wanted}", said, wanted)


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"its data are not valid any more: {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"replaying it raised {type(error).__name__}: {error}"
