"""Compares what a live instance was commanded with what the new version wants in the same state.

The engine sends a command if the word of the wanted condition, or a computed field, differs from the last command. It
does not look at the type of the command, its copied fields or the collaborator. So a new word for the same thing sends
it again, and a new collaborator gets nothing.
"""

from dataclasses import dataclass

from saga.convergence.configuration import frozen
from saga.convergence.finality import only_adds
from saga.convergence.findings import Kind
from saga.convergence.upgrade.declared import compare_declared, shapes, values_of
from saga.convergence.upgrade.intended import Intended, intended
from saga.convergence.upgrade.live import LiveInstance, Upgrade
from saga.core import Command, Commanded, Deadline, Effect
from saga.core.plain import is_same


@dataclass(frozen=True, slots=True)
class _Sent:
    """An effect of the old version, its last command, and what each version wants of it in this state."""

    live: LiveInstance
    effect: Effect
    name: str
    last: Commanded
    command: Command
    was_wanted: Intended | None
    wanted: Intended | None

    @property
    def is_initial(self) -> bool:
        """Whether its condition is the one before any command, so that nothing is left of it."""
        return self.effect.initially is not None and self.effect.initially.value == self.last.condition

    @property
    def is_repeated(self) -> bool:
        """Whether the new version wants something in words that were sent already."""
        return self.wanted is not None and _contents(self.wanted.command) == _contents(self.command)

    def is_final(self, effect: Effect) -> bool:
        """Whether the effect, as one of the versions declares it, can't be undone now."""
        is_decided = effect.decided_by is None or effect.decided_by.__name__ in self.live.upgraded.types
        return is_decided and any(one.value == self.last.condition for one in effect.final)


class CommandedComparison:
    """Compares the commands of live instances; made once for an upgrade."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        self._old = {one.name: one for one in upgrade.old.effects}
        self._new = {one.name: one for one in upgrade.new.effects}
        self._shapes = shapes(upgrade.old), shapes(upgrade.new)
        self._version = upgrade.names[1]
        self._reached: set[tuple[str, object]] = set()

    def compare_unreached(self) -> None:
        """Report what differs in the declarations of commands that no instance had; call it after all instances."""
        compare_declared(self._upgrade, self._reached)

    def compare(self, live: LiveInstance) -> None:
        """Report what would be sent again, left as it is, or taken back although it is final."""
        was_wanted = intended(self._upgrade.old, live.before.state)
        for name, last in live.before.state.commanded.items():
            effect = self._old[name.partition("/")[0]]
            if isinstance(effect, Deadline):
                self._compare_deadline(live, effect)
                continue
            self._reached.add((effect.name, last.condition))
            command = live.before.sent[name]
            self._compare(_Sent(live, effect, name, last, command, was_wanted.get(name), live.wanted.get(name)))

    def _compare(self, sent: _Sent) -> None:
        effect, new = sent.effect, self._new.get(sent.effect.name)
        if not isinstance(new, Effect):
            self._compare_gone(sent)
        elif new.collaborator != effect.collaborator:
            what = f"at {effect.collaborator}, and {self._version} has it at {new.collaborator}"
            sentence = f"{what}, which never got a command: what {effect.collaborator} has stays as it is"
            instead = f"keep {effect.name} where it is, and add an effect with a new name"
            self._report_standing(sent, f"is {sent.last.condition} {sentence}", instead)
        elif shape := self._other_shape(sent):
            sentence = f"{shape}: what was commanded stays as it is, and is commanded anew"
            self._report_standing(sent, sentence, "add an effect with a new name", Kind.SENT_TWICE)
        elif sent.last.condition not in values_of(new):
            self._compare_unknown(sent)
        elif sent.wanted is None or sent.wanted.condition != sent.last.condition:
            self._compare_conditions(sent, new)
        else:
            self._compare_fields(sent, sent.wanted, new)

    def _compare_gone(self, sent: _Sent) -> None:
        name, condition = sent.effect.name, sent.last.condition
        for other in sent.live.wanted.values():
            is_alike = (other.command.type, other.command.collaborator) == (
                sent.command.type,
                sent.command.collaborator,
            )
            if is_alike and other.effect.name not in self._old:
                again = f"{self._version} calls it {other.effect.name}: {sent.command.type} is sent again"
                sentence = f"is {condition}, and {again}, and the first stays as it is"
                self._report_standing(sent, sentence, f"keep the name {name}", Kind.SENT_TWICE)
                self._upgrade.explained.add(other.effect.name)
                return
        sentence = f"is {condition}, and {self._version} has no effect of that name: it stays so"
        self._report_standing(sent, sentence, f"keep {name}, and want the condition in which it may stay")

    def _other_shape(self, sent: _Sent) -> str | None:
        """How the effect is wanted for something else than it was commanded for; None if it is not."""
        old, new = (each.get(sent.effect.name, frozenset()) for each in self._shapes)
        registers = ", ".join(sorted(one for one in new if one is not None))
        if sent.name == sent.effect.name:
            is_other = None not in new
            return (
                f"was commanded once, and {self._version} wants it for each entry of {registers}" if is_other else None
            )
        if new == {None}:
            return f"was commanded for each entry, and {self._version} wants it once"
        if not (old & new) - {None}:
            return f"was commanded for entries of another register than {registers}, of which {self._version} wants it"
        return None

    def _compare_unknown(self, sent: _Sent) -> None:
        condition, wanted = sent.last.condition, sent.wanted
        unknown = f"{sent.effect.name} is {condition}, a value that no condition has in {self._version}"
        instead = f"keep the value {condition!r}"
        if wanted is not None and wanted.command.type == sent.command.type:
            sentence = f"{unknown}: {sent.command.type} is sent again, as {wanted.condition}"
            self._upgrade.report(Kind.SENT_TWICE, sentence, sent.live.upgraded, instead=instead)
        elif sent.is_final(sent.effect):
            sentence = f"{unknown}, and it can't be undone"
            self._upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, sent.live.upgraded, instead=instead)

    def _compare_conditions(self, sent: _Sent, new: Effect) -> None:
        """Compare where the new version wants another condition than was commanded, or none."""
        name, condition, wanted = sent.effect.name, sent.last.condition, sent.wanted
        if sent.was_wanted is None or sent.was_wanted.condition != condition:
            return
        if sent.is_final(new):
            otherwise = "no longer wants it" if wanted is None else f"wants it {wanted.condition}"
            sentence = f"{name} is {condition}, which can't be undone, and {self._version} {otherwise}"
            instead = f"want {name} {condition} there, too"
            self._upgrade.explained.add(name)
            self._upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, sent.live.upgraded, instead=instead)
        elif sent.is_repeated and wanted is not None:
            again = f"{self._version} wants it {wanted.condition}: {sent.command.type} is sent again, unchanged"
            sentence = f"{name} is {condition}, and {again}"
            self._upgrade.report(Kind.SENT_TWICE, sentence, sent.live.upgraded, instead=f"want it {condition}")

    def _compare_fields(self, sent: _Sent, wanted: Intended, new: Effect) -> None:
        """Compare where the new version wants the same condition: with other fields it is another command."""
        name, type_, last = sent.effect.name, sent.command.type, sent.last
        changed = sorted(wanted.computed.keys() ^ last.computed.keys())
        if changed:
            sentence = f"{name} is {last.condition}, and {self._version} computes other fields ({', '.join(changed)})"
            sentence += f" for {wanted.command.type}: it is sent again with the next input"
            instead = "put the field into a command of a new effect"
            self._report_standing(sent, sentence.removeprefix(f"{name} "), instead, Kind.SENT_TWICE)
        elif not is_same(wanted.computed, last.computed):
            if sent.is_final(new) and not only_adds(new, last, wanted.computed):
                sentence = (
                    f"{name} is {last.condition}, which can't be undone, and {self._version} computes other values"
                )
                instead = "compute the same for what is commanded"
                self._upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, sent.live.upgraded, instead=instead)
        elif not sent.is_repeated and sent.was_wanted and _contents(sent.was_wanted.command) == _contents(sent.command):
            said = _said_otherwise(sent.command, wanted.command, self._version)
            sentence = f"was commanded with {type_}, {said}: what was commanded stays, for it is not sent again"
            self._report_standing(sent, sentence, "add an effect with a new name for what is to be said besides")

    def _report_standing(self, sent: _Sent, sentence: str, instead: str, kind: Kind = Kind.DIVERGES) -> None:
        """Report an effect of which live instances have another command than the new version alone would send."""
        if not sent.is_initial:
            self._upgrade.explained.add(sent.effect.name)
            self._upgrade.report(kind, f"{sent.effect.name} {sentence}", sent.live.upgraded, instead=instead)

    def _compare_deadline(self, live: LiveInstance, old: Deadline) -> None:
        new, emits = self._new.get(old.name), old.emits.__name__
        if isinstance(new, Effect):
            sentence = f"{old.name} is an armed deadline, and an effect in {self._version}"
            self._upgrade.report(Kind.DIVERGES, sentence, live.upgraded, instead="give the effect another name")
        elif new is not None and new.emits.__name__ != emits:
            never = f"{self._version} waits for {new.emits.__name__}: that never comes, for it is not armed again"
            sentence = f"{old.name} is armed and emits {emits}, and {never}"
            instead = f"keep {old.name}, and add a deadline with a new name"
            self._upgrade.report(Kind.DIVERGES, sentence, live.upgraded, instead=instead)
        elif new is None:
            state = live.upgraded.configuration.state
            for other in self._upgrade.new.wants(state.machines, state.registers):
                if isinstance(other, Deadline) and other.name not in self._old and other.emits.__name__ == emits:
                    again = f"{self._version} calls it {other.name} and arms it again: {emits} is emitted twice"
                    sentence = f"{old.name} is armed, and {again}"
                    instead = f"keep the name {old.name}"
                    self._upgrade.report(Kind.SENT_TWICE, sentence, live.upgraded, instead=instead)


def _contents(command: Command) -> object:
    return command.type, frozen(command.fields)


def _said_otherwise(sent: Command, wanted: Command, version: str) -> str:
    if sent.type != wanted.type:
        return f"and {version} sends {wanted.type}"
    if added := sorted(wanted.fields.keys() - sent.fields.keys()):
        return f"and {version} adds {', '.join(added)}"
    if removed := sorted(sent.fields.keys() - wanted.fields.keys()):
        return f"and {version} leaves out {', '.join(removed)}"
    changed = [name for name, value in sent.fields.items() if not is_same(value, wanted.fields[name])]
    return f"and {version} says something else in {', '.join(sorted(changed))}"
