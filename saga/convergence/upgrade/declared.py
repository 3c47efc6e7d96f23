"""Compares the declarations of effects that no sample was commanded to: what an instance with other inputs may have."""

from collections.abc import Collection, Iterator, Mapping
from enum import Enum

from saga.convergence.findings import Kind
from saga.convergence.upgrade.live import Upgrade
from saga.core import CommandTemplate, Deadline, Effect, Process, Selection

Shapes = Mapping[str, frozenset[str | None]]
"""For each effect the registers for whose entries it is wanted; None if it is wanted once for the instance."""

Difference = tuple[Kind, str, str]
"""The kind of a finding, its sentence, and what to do instead."""


def shapes(process: Process) -> Shapes:
    """For what each effect of the process is wanted."""
    found: dict[str, set[str | None]] = {}
    for effect, wanted in _cells(process):
        register = wanted.register.name if isinstance(wanted, Selection) else None
        found.setdefault(effect.name, set()).add(register)
    return {name: frozenset(registers) for name, registers in found.items()}


def values_of(effect: Effect) -> frozenset[object]:
    """The values of the conditions that the effect can have."""
    initially = () if effect.initially is None else (effect.initially,)
    return frozenset(one.value for one in (*effect.commands, *initially))


def compare_declared(upgrade: Upgrade, reached: Collection[tuple[str, object]]) -> None:
    """Report differences of effects in conditions that are wanted somewhere, and were not ``reached`` by a sample."""
    new = {one.name: one for one in upgrade.new.effects if isinstance(one, Effect)}
    for effect, wanted in _cells(upgrade.old):
        condition = wanted if isinstance(wanted, Enum) else wanted.condition or next(iter(effect.commands))
        if (
            effect.name in upgrade.explained
            or (effect.name, condition.value) in reached
            or condition is effect.initially
        ):
            continue
        for kind, sentence, instead in _differences(effect, condition, new.get(effect.name), upgrade.names[1]):
            upgrade.report(kind, f"{effect.name} can be {condition.value}, and {sentence}", instead=instead)


def _differences(old: Effect, condition: Enum, new: Effect | None, version: str) -> Iterator[Difference]:
    add = "add an effect with a new name"
    if new is None:
        yield Kind.DIVERGES, f"{version} has no effect of that name: it stays so", f"keep the name {old.name}"
        return
    if new.collaborator != old.collaborator:
        what = f"{version} has it at {new.collaborator} instead of {old.collaborator}"
        yield Kind.DIVERGES, f"{what}, which never got a command", add
        return
    before = old.commands[condition]
    alike = {one.value: template for one, template in new.commands.items()}
    if (after := alike.get(condition.value)) is not None:
        yield from _fields(before, after, version, add)
    elif condition.value not in values_of(new) and before.type in {one.type for one in alike.values()}:
        what = f"{version} has no condition of that value: {before.type} is sent again"
        yield Kind.SENT_TWICE, what, f"keep the value {condition.value!r}"


def _fields(before: CommandTemplate, after: CommandTemplate, version: str, add: str) -> Iterator[Difference]:
    computed = {one.name for one in before.computed} ^ {one.name for one in after.computed}
    if computed:
        what = f"{version} computes other fields ({', '.join(sorted(computed))})"
        yield Kind.SENT_TWICE, f"{what} for {after.type}: it is sent again with the next input", add
        return
    copied = [(one.type, one.register and one.register.name, frozenset(one.fields)) for one in (before, after)]
    if copied[0] != copied[1]:
        yield Kind.DIVERGES, f"{version} says it otherwise: what was commanded stays, for it is not sent again", add


def _cells(process: Process) -> Iterator[tuple[Effect, Enum | Selection]]:
    """Each effect that a cell names, and how it is wanted there."""
    for table in process.wanted:
        for wants in {id(one): one for one in table.cells.values()}.values():
            for effect, wanted in wants.items():
                if not isinstance(effect, Deadline):
                    yield effect, wanted
