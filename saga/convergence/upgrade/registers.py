"""Compares the registers and reducers of two versions: the new one has to understand what an instance stores."""

from collections.abc import Iterator

from saga.convergence.findings import Kind
from saga.convergence.upgrade.live import LiveInstance, Upgrade, Upgraded
from saga.core import Reducer, Register

Difference = tuple[Kind, str, str]
"""The kind of a finding, its sentence, and what to do instead."""


class RegisterComparison:
    """Compares what live instances store; made once for an upgrade."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        new = {one.name: one for one in upgrade.new.registers}
        known = [(one, new[one.name]) for one in upgrade.old.registers if one.name in new]
        self._different: dict[str, list[Difference]] = {}
        for one, other in known:
            if one is not other and (found := list(_differences(one, other, upgrade.names[1]))):
                self._different[one.name] = found

    def compare(self, live: LiveInstance) -> None:
        """Report what the new version would read otherwise of what this instance stores, once for each register."""
        for name in [one for one in self._different if live.before.state.registers[one]]:
            self._report(name, live.upgraded)

    def compare_unreached(self) -> None:
        """Report what differs in registers in which no instance had anything; call it after all instances."""
        for name in list(self._different):
            self._report(name)

    def _report(self, name: str, instance: Upgraded | None = None) -> None:
        for kind, sentence, instead in self._different.pop(name):
            self._upgrade.report(kind, sentence, instance, instead=instead)


def _differences(old: Register | Reducer, new: Register | Reducer, version: str) -> Iterator[Difference]:
    another = "add another one with a new name, for a new message class"
    if isinstance(old, Register) and isinstance(new, Register):
        if old.of.__name__ != new.of.__name__:
            what = f"{old.name} holds {old.of.__name__}, and {version} reads it as {new.of.__name__}"
            yield Kind.CANNOT_BE_READ, what, another
        elif old.key != new.key:
            what = f"{old.name} has its entries under {old.key}, and {version} looks under {new.key}"
            sentence = f"{what}: a repeat of an input that was counted before is counted again"
            yield Kind.REPEAT_CHANGES, sentence, f"keep {old.key} as its key"
    elif isinstance(old, Reducer) and isinstance(new, Reducer):
        if type(old.start) is not type(new.start):
            what = f"{old.name} holds a value that began as {old.start!r}, and {version} begins it as {new.start!r}"
            yield Kind.CANNOT_BE_READ, f"{what}: its function gets the old value", another
    else:
        words = {Register: "a register", Reducer: "a reducer"}
        what = f"{old.name} was {words[type(old)]}, and is {words[type(new)]} in {version}"
        yield Kind.CANNOT_BE_READ, f"{what}: it gets what the other stored", another
