"""The model: the result of a set of facts, by the tables of the declaration alone. Pure.

The problem: comparing a running system with the function that runs in it finds accidents, but never that function's
errors. So this module interprets the same declaration a second time, and is small enough to trust: it knows neither
histories nor sent commands, and does not use the engine's decision (a test checks that).

The model: machines follow their tables, registers hold facts by their keys, and both must be the same in whatever order
the facts are read. The facts are read in several orders that depend only on their contents. If the results differ, the
process itself diverges, and there is nothing to compare with. The outcome and the wanted effects are in the cells that
the columns lead to.

The limits: several orders are not all orders. The checker decides whether a process converges: it explores every order
before the process is deployed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any

import orjson

from saga.core import (
    Column,
    CommandTemplate,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
)
from saga.core.plain import is_same, plain


@dataclass(frozen=True, slots=True)
class JointState:
    """The states of the machines, and the contents of the registers."""

    machines: Mapping[str, Enum]
    registers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """The wanted condition of one effect, and the command that brings it about.

    If the effect has this condition ``at_first``, no command is required.
    """

    collaborator: str
    condition: Enum
    type: str
    fields: Mapping[str, Any]
    computed: Mapping[str, Any]
    at_first: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """The required result of a set of facts. ``effects`` are wishes by the effect's name, with its key if it has one.

    ``split`` names the machines and registers that differ between orders. Then the rest is the result of only one of
    these orders, and has no meaning.
    """

    held: JointState
    outcome: Enum
    settled: bool
    effects: Mapping[str, Wish]
    deadlines: Mapping[str, Deadline]
    split: tuple[str, ...]


def beginning(process: Process) -> JointState:
    """The state before the first fact."""
    return JointState(
        {machine.name: machine.start for machine in process.machines},
        {one.name: one.start for one in process.registers},
    )


def expect(process: Process, begin: JointState, facts: Iterable[Fact]) -> Expected:
    """The required result of these facts for an instance that begins with the state ``begin``."""
    held, *others = [fold(process, begin, order) for order in canonical_orders(facts)]
    outcome = _cell(process.outcomes, held)
    effects: dict[str, Wish] = {}
    deadlines: dict[str, Deadline] = {}
    for table in process.wanted:
        for effect, how in table.cells[_joint(table.columns, held)].items():
            if isinstance(effect, Deadline):
                deadlines[effect.name] = effect
            else:
                effects |= _wishes(effect, how, held)
    split = tuple(sorted({name for other in others for name in _split(held, other)}))
    return Expected(held, outcome, outcome in process.settled, effects, deadlines, split)


def canonical_orders(facts: Iterable[Fact]) -> tuple[Sequence[Fact], ...]:
    """The distinct facts in three orders that depend on their contents: ascending, descending, and by digest."""
    said = {canonical(fact): fact for fact in facts}
    ascending = sorted(said)
    scattered = sorted(said, key=lambda one: blake2b(one, digest_size=16).digest())
    return tuple([said[one] for one in order] for order in (ascending, ascending[::-1], scattered))


def canonical(fact: Fact) -> bytes:
    """The fact as bytes that are the same for the same fact."""
    return orjson.dumps([fact.kind.__name__, fact.fields], option=orjson.OPT_SORT_KEYS)


def fold(process: Process, begin: JointState, facts: Sequence[Fact]) -> JointState:
    """Apply the facts one by one: to machines by their tables, to registers by their keys."""
    machines, registers = dict(begin.machines), dict(begin.registers)
    registers |= {one.name: dict(registers[one.name]) for one in process.registers if isinstance(one, Register)}
    for fact in facts:
        for machine in process.machines:
            row = machine.moves[machines[machine.name]]
            machines[machine.name] = row.get(fact.kind, machines[machine.name])
        for one in process.registers:
            if fact.kind not in one.inputs:
                continue
            if isinstance(one, Register):
                registers[one.name].setdefault(str(fact.fields[one.key]), fact.fields)
            else:
                registers[one.name] = plain(one.reduce(plain(registers[one.name]), fact))
    return JointState(machines, {one.name: plain(registers[one.name]) for one in process.registers})


def contradictions(process: Process, begin: JointState, facts: Iterable[Fact]) -> Iterator[str]:
    """Facts that have different contents under one key, in words: no order of them could be right."""
    known = {one.name: dict(begin.registers[one.name]) for one in process.registers if isinstance(one, Register)}
    for fact in facts:
        for one in process.registers:
            if isinstance(one, Register) and fact.kind is one.of:
                key = str(fact.fields[one.key])
                said = known[one.name].setdefault(key, fact.fields)
                if any(not is_same(value, fact.fields.get(name)) for name, value in said.items()):
                    yield f"two facts say different things of {one.key} {key!r} ({one.name})"


def _split(one: JointState, other: JointState) -> Iterator[str]:
    yield from (f"parts.{name}" for name in one.machines if one.machines[name] is not other.machines[name])
    yield from (
        f"registers.{name}" for name in one.registers if not is_same(one.registers[name], other.registers[name])
    )


def _joint(columns: Sequence[Column], held: JointState) -> tuple[Any, ...]:
    """The key of the table's cell for a state."""
    return tuple(_value(column, held) for column in columns)


def _value(column: Column, held: JointState) -> Any:
    match column:
        case SubMachine():
            return held.machines[column.name]
        case Outcomes():
            return _cell(column, held)
        case DerivedColumn():
            return column.judge(*_of(column.registers, held))
        case _:
            return column.value(held.machines, held.registers)


def _cell(table: Outcomes, held: JointState) -> Enum:
    return table.cells[_joint(table.columns, held)]


def _wishes(effect: Effect, how: Enum | Selection, held: JointState) -> dict[str, Wish]:
    if isinstance(how, Enum):
        return {effect.name: _wish(effect, how, held, None)}
    condition = how.condition or next(iter(effect.commands))
    chosen = how.choose(held.registers[how.register.name], *_of(how.beside, held))
    return {f"{effect.name}/{key}": _wish(effect, condition, held, key) for key in sorted(chosen)}


def _wish(effect: Effect, condition: Enum, held: JointState, key: str | None) -> Wish:
    sends = effect.commands[condition]
    keyed = () if key is None else (key,)
    computed = {one.name: plain(one.compute(*_of(one.registers, held), *keyed)) for one in sends.computed}
    return Wish(
        effect.collaborator,
        condition,
        sends.type,
        _carried(sends, held, key) | computed,
        computed,
        at_first=condition is effect.initially,
    )


def _carried(sends: CommandTemplate, held: JointState, key: str | None) -> dict[str, Any]:
    """The command's fields from the register: from the entry under the key, or from the only entry."""
    if sends.register is None:
        return {}
    entries = held.registers[sends.register.name]
    entry = entries[key] if key is not None else next(iter(entries.values()), {})
    return {name: entry.get(name) for name in sends.fields}


def _of(registers: Sequence[Register | Reducer], held: JointState) -> list[Any]:
    return [held.registers[one.name] for one in registers]
