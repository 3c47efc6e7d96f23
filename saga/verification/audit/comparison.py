"""Compares an instance, its stored state and the commands it sent, with the model. Pure.

The last command for an effect has to be the one that the model wants. If the model wants nothing for an effect now, the
last command may stand: it is reported and not compared. But an instance has only ever known subsets of its facts, so if
the facts are few, one of their subsets must have wanted the command. Another version of the process may have wanted
more, so this is checked only for rows of the same version.

If a record can't be read as a set of facts, the state is not compared.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from saga.convergence.configuration import frozen
from saga.convergence.enumeration import run_history
from saga.core import Commanded, Deadline, Effect, Fact, Process, Register, State, load_state
from saga.core.announcement import ANNOUNCED
from saga.core.plain import is_same
from saga.verification.audit.announcements import about_announcements, about_last_one, about_row
from saga.verification.audit.model import Expected, JointState, Wish, canonical_orders, contradictions, expect, fold
from saga.verification.audit.record import LastCommand, Record, absent
from saga.verification.difference import Difference, worded
from saga.verification.replay import Stored

MOST_FACTS = 8
"""Up to so many facts all subsets are tried; ten facts have a thousand."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences, and the last commands of effects for which the model wants nothing now."""

    differences: tuple[Difference, ...]
    left_standing: tuple[str, ...] = ()


def compare(process: Process, stored: Stored | None, record: Record | None, timers: AbstractSet[str]) -> Compared:
    """Compare an instance with the model; ``timers`` are the names of its timers, fired or not."""
    if record is None:
        said = "it has a row, and nothing is recorded of it"
        return Compared((Difference("record", said, found=stored.outcome),) if stored else ())
    found = (*_about_record(stored, record), *_about_revisions(record), *about_announcements(record))
    if not record.is_readable:
        return Compared(found)
    try:
        about = _by_facts(process, stored, record, timers)
    except Exception as error:  # noqa: BLE001 -- a function of the declaration that fails is a finding about its instance
        said = f"{process.name} can't say what its facts come to: {type(error).__name__}: {error}"
        about = Compared((Difference("model", said),))
    return Compared((*found, *about.differences), about.left_standing)


def _by_facts(process: Process, stored: Stored | None, record: Record, timers: AbstractSet[str]) -> Compared:
    """The differences from the model's result for the facts, if it has one."""
    if contradicting := tuple(contradictions(process, record.begin, record.facts.values())):
        return Compared(tuple(Difference("facts", one) for one in contradicting))
    expected = expect(process, record.begin, record.facts.values())
    if expected.split:
        said = f"{process.name} itself diverges: its facts, in another order, come to other {', '.join(expected.split)}"
        return Compared((Difference("model", said, found=list(expected.split)),))
    left = tuple(f"{name}: {sent.type}" for name, sent in sorted(record.last.items()) if name not in expected.effects)
    return Compared(tuple(_about_facts(process, stored, record, expected, timers)), left)


def _about_record(stored: Stored | None, record: Record) -> Iterator[Difference]:
    yield from (Difference("record", trouble) for trouble in record.troubles)
    if (missing := record.missing(stored.stream_version if stored else 0)).count:
        yield Difference("record", f"its record lacks the entries {missing}", expected=list(missing.few))
    for (source, key), times in sorted(record.answers.items(), key=str):
        if times > 1:
            place = f"position {key} of {source}" if isinstance(key, int) else f"message {key} from {source}"
            yield Difference(f"answer.{source}.{key}", f"{place} was answered {times} times", times, 1)


def _about_revisions(record: Record) -> Iterator[Difference]:
    for collaborator, times in sorted(record.revisions.items()):
        what = f"revisions.{collaborator}"
        for revision in sorted(one for one, count in times.items() if count > 1):
            yield Difference(what, f"{collaborator} was sent revision {revision} twice", times[revision], 1)
        first = record.sent_before.get(collaborator, 0) + 1
        if (gaps := absent(times.keys(), first, max(times))).count:
            yield Difference(what, f"{collaborator} was never sent revision {gaps}", expected=list(gaps.few))
        if (lowest := min(times)) < first:
            said = f"{collaborator} was sent revision {lowest}, and {first - 1} before it was pruned"
            yield Difference(what, said, lowest, first)


def _about_facts(
    process: Process, stored: Stored | None, record: Record, expected: Expected, timers: AbstractSet[str]
) -> Iterator[Difference]:
    yield from _ignored(process, record, expected)
    yield from _effects(process, record, expected)
    if not record.is_revived:
        yield from _checked(process, record, expected)
        yield from _timers(record, expected, timers)
    if stored is None:
        outcome = expected.outcome.value
        yield Difference("row", f"it has no row; its facts come to {outcome}", expected=outcome)
    else:
        yield from _row(process, stored, record, expected)


def _ignored(process: Process, record: Record, expected: Expected) -> Iterator[Difference]:
    """Facts that were ignored although they change the model's result."""
    ignored = sorted(record.facts.keys() - record.taken)
    taken = [record.facts[one] for one in sorted(record.taken)]
    if ignored and not _is_same_state(fold(process, record.begin, taken), expected.held):
        for name in sorted({record.facts[one].kind.__name__ for one in ignored}):
            yield Difference(f"input.{name}", f"{name} was ignored, and the model takes it in", "ignored", "taken")


def _is_same_state(one: JointState, other: JointState) -> bool:
    return one.machines == other.machines and is_same(one.registers, other.registers)


def _row(process: Process, stored: Stored, record: Record, expected: Expected) -> Iterator[Difference]:
    yield from _compared("outcome", stored.outcome, expected.outcome.value)
    yield from _compared("settled", stored.settled, expected.settled)
    try:
        state = load_state(process, stored.state)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        yield Difference("state", f"its stored state can't be read: {error}", stored.state)
        return
    yield from _held(process, JointState(state.machines, state.registers), expected.held)
    yield from _sent(process, state, record, expected)
    yield from about_row(state, record)
    if stored.process_version == process.version:
        yield from about_last_one(process, record, expected)
        yield from _astray(process, state.commanded.keys(), record, expected)


def _held(process: Process, found: JointState, model: JointState) -> Iterator[Difference]:
    for machine in process.machines:
        yield from _compared(
            f"parts.{machine.name}", found.machines[machine.name].value, model.machines[machine.name].value
        )
    for one in process.registers:
        have, wanted = found.registers[one.name], model.registers[one.name]
        if not isinstance(one, Register):
            yield from _compared(f"registers.{one.name}", have, wanted)
            continue
        for key in sorted(have.keys() | wanted.keys()):
            yield from _compared(f"registers.{one.name}.{key}", have.get(key), wanted.get(key))


def _sent(process: Process, state: State, record: Record, expected: Expected) -> Iterator[Difference]:
    """Compare the commands in the instance's state with those in the log."""
    no_commands = {ANNOUNCED, *(effect.name for effect in process.effects if not isinstance(effect, Effect))}
    known = {name: sent for name, sent in state.commanded.items() if name not in no_commands}
    for name in sorted(known.keys() | record.last.keys() | (record.commanded.keys() - no_commands)):
        last, before, stored = record.last.get(name), record.commanded.get(name), known.get(name)
        revision = last.revision if last else before.revision if before else None
        yield from _compared(f"commanded.{name}", stored.revision if stored else None, revision)
        if stored and last and stored.condition not in (could_be := _conditions(process, last)):
            yield from _compared(f"commanded.{name}", stored.condition, " or ".join(could_be) or None)
    for name in sorted(expected.deadlines.keys() - state.commanded.keys()):
        yield Difference(f"deadline.{name}", f"{name} is wanted, and was never armed", expected="armed")
    for collaborator in sorted(state.revisions.keys() | record.revisions.keys() | record.sent_before.keys()):
        greatest = max(record.sent_before.get(collaborator, 0), *record.revisions.get(collaborator, ()), 0)
        yield from _compared(f"revisions.{collaborator}", state.revisions.get(collaborator, 0), greatest)


def _effects(process: Process, record: Record, expected: Expected) -> Iterator[Difference]:
    for name, wish in sorted(expected.effects.items()):
        yield from _effect(name, wish, record.last.get(name), record.commanded.get(name))
    for name, sent in sorted(record.last.items()):
        if not _conditions(process, sent):
            said = f"{sent.type} was sent to {sent.collaborator} for {name}, and the model knows no such command"
            yield Difference(f"effect.{name}", said, found=sent.type)


def _astray(process: Process, armed: AbstractSet[str], record: Record, expected: Expected) -> Iterator[Difference]:
    """What was commanded, is not wanted now, and can't have been wanted before: no subset of the facts wants it."""
    sent = [one for name, one in sorted(record.last.items()) if name not in expected.effects]
    deadlines = {effect.name for effect in process.effects if isinstance(effect, Deadline)} - record.commanded.keys()
    armed = (armed & deadlines) - expected.deadlines.keys()
    if not (sent or armed) or len(record.facts) > MOST_FACTS:
        return
    passed = [expect(process, record.begin, some) for some in _subsets([*record.facts.values()])]
    for one in sent:
        if not any((wish := at.effects.get(one.effect)) and _brings(one, wish) for at in passed):
            said = f"{one.type} was sent to {one.collaborator} for {one.effect}, and no part of the facts wants that"
            yield Difference(f"effect.{one.effect}", said, found=one.type)
    for name in sorted(armed):
        if not any(name in at.deadlines for at in passed):
            yield Difference(f"deadline.{name}", f"{name} was armed, and no part of the facts wants that", "armed")


def _subsets(facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    return chain.from_iterable(combinations(facts, size) for size in range(1, len(facts) + 1))


def _brings(sent: LastCommand, wish: Wish) -> bool:
    return sent.type == wish.type and is_same(sent.fields, wish.fields)


def _effect(name: str, wish: Wish, last: LastCommand | None, before: Commanded | None) -> Iterator[Difference]:
    what, condition = f"effect.{name}", wish.condition.value
    if last is None:
        if before is None and not wish.at_first:
            said = f"{name} has to be {condition}, and {wish.type} was never sent to {wish.collaborator}"
            yield Difference(what, said, expected=wish.type)
        elif before is not None and not (before.condition == condition and is_same(before.computed, wish.computed)):
            said = f"{name} has to be {condition}, and was commanded {before.condition} before it was pruned"
            yield Difference(what, said, before.condition, condition)
    elif last.type != wish.type:
        said = f"{name} has to be {condition} ({wish.type}), and the last command for it is {last.type}"
        yield Difference(what, said, last.type, wish.type)
    elif not is_same(last.fields, wish.fields):
        said = f"{name}: the last {last.type} says {worded(last.fields)}, and has to say {worded(wish.fields)}"
        yield Difference(what, said, dict(last.fields), dict(wish.fields))


def _checked(process: Process, record: Record, expected: Expected) -> Iterator[Difference]:
    """Compare with the checker's result for the same facts; the checker knows no pruned instances."""
    end_state = run_history(process, canonical_orders(record.facts.values())[0]).end_state
    if end_state.outcome is not expected.outcome:
        said = f"the checker comes to {end_state.outcome.value} with these facts, the model to {expected.outcome.value}"
        yield Difference("checker", said, end_state.outcome.value, expected.outcome.value)
    for name, wish in sorted(expected.effects.items()):
        if not wish.at_first and (name, wish.condition.value, frozen(wish.fields)) not in end_state.effects:
            yield Difference("checker", f"the checker comes to another {name} with these facts than the model")


def _timers(record: Record, expected: Expected, timers: AbstractSet[str]) -> Iterator[Difference]:
    """Deadlines that are wanted and have no timer; those of a settled instance may have been dropped."""
    came = {fact.kind for fact in record.facts.values()}
    for name, deadline in sorted(expected.deadlines.items()):
        if not expected.settled and deadline.emits not in came and name not in timers:
            yield Difference(f"timer.{name}", f"{name} has no timer: it would wait for ever", expected="armed")


def _conditions(process: Process, sent: LastCommand) -> list[str]:
    """The conditions that a command may bring about for its effect."""
    name = sent.effect.partition("/")[0]
    effects = [effect for effect in process.effects if isinstance(effect, Effect) and effect.name == name]
    of = [effect for effect in effects if effect.collaborator == sent.collaborator]
    return [str(c.value) for effect in of for c, sends in effect.commands.items() if sends.type == sent.type]


def _compared(what: str, found: Any, model: Any) -> Iterator[Difference]:
    if not is_same(found, model):
        yield Difference(what, f"{what} is {worded(found)}, and the model says {worded(model)}", found, model)
