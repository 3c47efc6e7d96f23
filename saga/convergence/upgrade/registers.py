"""Compares the registers and reducers of two versions: the new one has to understand what an instance stores."""

from collections.abc import Iterator

from saga.convergence.findings import Kind
from saga.convergence.upgrade.live import LiveInstance, Upgrade
from saga.core import Reducer, Register

Difference = tuple[Kind, str, str]
"""The kind of a finding, its sentence, and what to do instead."""


def compare_registers(upgrade: Upgrade, live: LiveInstance) -> None:
    """Report what the new version would read otherwise of what this instance stores."""
    new = {one.name: one for one in upgrade.new.registers}
    for one in upgrade.old.registers:
        other = new.get(one.name)
        if other is None or other is one or (isinstance(one, Register) and not live.before.state.registers[one.name]):
            continue
        for kind, sentence, instead in _differences(one, other, upgrade.names[1]):
            upgrade.report(kind, sentence, live.upgraded, instead=instead)


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
