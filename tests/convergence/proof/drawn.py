"""Small random processes without own functions, of which a fair part can be proved; and facts for them.

Everything comes from one `random.Random`, so a seed is enough to draw a process again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import product
from random import Random
from typing import Annotated, Any

from pydantic import Field

from saga.core import (
    ARMED,
    Column,
    CommandTemplate,
    ComputedField,
    Deadline,
    DeclarationError,
    DerivedColumn,
    Effect,
    Fact,
    Outcomes,
    Process,
    Register,
    SubMachine,
    all_but_least,
    every,
    outcomes,
    wanted,
)
from saga.core.expressions import (
    beyond,
    both,
    count,
    each,
    either,
    greatest,
    has,
    latest,
    least,
    negated,
    only,
    stages,
    total,
)
from saga.core.selections import all_but_first, entries_where, owing


@dataclass
class Opened:
    id: str
    amount: Annotated[int, Field(ge=-10, le=1000)]
    mark: str


@dataclass
class Paid:
    id: str
    payment: str
    amount: Annotated[int, Field(ge=0, le=1000)]


@dataclass
class Moved:
    """As Paid, with amounts that may be negative."""

    id: str
    move: str
    amount: Annotated[int, Field(ge=-10, le=1000)]


@dataclass
class Shipped:
    id: str


@dataclass
class Stopped:
    id: str


@dataclass
class Late:
    id: str


KINDS = (Opened, Paid, Moved, Shipped, Stopped, Late)
TICKS = (Late, Stopped)
"""The inputs of deadlines."""


class State(Enum):
    A = "a"
    B = "b"
    C = "c"
    D = "d"


class Outcome(Enum):
    X = "x"
    Y = "y"
    Z = "z"


class Inner(Enum):
    LOW = "low"
    HIGH = "high"


class Switch(Enum):
    ON = "on"
    OFF = "off"


class Done(Enum):
    DONE = "done"


OPENED = Register("opened", of=Opened, key="id")
PAYMENTS = Register("payments", of=Paid, key="payment")
MOVES = Register("moves", of=Moved, key="move")


def facts_of(draw: Random, process: Process) -> tuple[Fact, ...]:
    """Up to four facts, none of which contradict each other, with few values so that some are equal."""
    made: dict[type, list[dict[str, Any]]] = {
        Opened: [{"amount": draw.choice((0, 1, 2, -1)), "mark": draw.choice("ab")}],
        Paid: [{"payment": key, "amount": draw.choice((0, 1, 2))} for key in draw.sample("pqr", 2)],
        Moved: [{"move": key, "amount": draw.choice((0, 1, 2, -1))} for key in draw.sample("pqr", 2)],
        Shipped: [{}],
        Stopped: [{}],
        Late: [{}],
    }
    consumed = process.message_types.values()
    facts = [Fact(kind, {"id": "i", **fields}) for kind in KINDS if kind in consumed for fields in made[kind]]
    return tuple(draw.sample(facts, min(len(facts), draw.randint(2, 4))))


def drawn_process(draw: Random) -> Process | None:
    """A random process; None if the declaration is refused."""
    try:
        return _process(draw)
    except DeclarationError:
        return None


def _process(draw: Random) -> Process:
    machines = [_machine(draw, f"part {number}") for number in range(draw.randint(1, 3))]
    registers = [one for one in (OPENED, PAYMENTS, MOVES) if draw.random() < 0.5]
    derived = _derived(draw, registers)
    columns: list[Column] = [*machines, *derived]
    if len(columns) > 2 and draw.random() < 0.4:
        inner = draw.sample(columns, 2)
        table = _table(draw, inner, tuple(Inner), "inner")
        columns = [table, *(one for one in columns if one not in inner or draw.random() < 0.4)]
    heard = {kind for one in machines for kind in one.inputs} | {one.of for one in registers}
    outcome = _table(draw, columns, draw.choice((tuple(Outcome), tuple(Outcome)[:2])), "outcome")
    effects = _effects(draw, registers, heard)
    wants = [_wants(draw, few, outcome, columns) for few in effects]
    return Process(
        name="drawn",
        version=1,
        correlate="id",
        inputs={"m": tuple(kind for kind in KINDS if kind in heard)},
        machines=tuple(machines),
        registers=tuple(registers),
        outcomes=outcome,
        wanted=tuple(one for one in wants if one is not None),
        settled=frozenset(one for one in outcome.states if draw.random() < 0.75),
    )


def _machine(draw: Random, name: str) -> SubMachine[Any]:
    """Mostly a memory of which messages came, sometimes any table."""
    kinds = draw.sample(KINDS, draw.choice((1, 1, 2)))
    if draw.random() < 0.35:
        states: tuple[Any, ...] = tuple(draw.choice((Two, Three)))
        return SubMachine(name, states[0], {one: {kind: draw.choice(states) for kind in kinds} for one in states})
    if len(kinds) == 1 or draw.random() < 0.3:
        return SubMachine(name, Two.A, {one: dict.fromkeys(kinds, Two.B) for one in Two})
    first, second = kinds
    shape = draw.choice(("both", "lattice", "one wins"))
    if shape == "both":
        square: dict[State, dict[type, State]] = {
            State.A: {first: State.B, second: State.C},
            State.B: {first: State.B, second: State.D},
            State.C: {first: State.D, second: State.C},
            State.D: {first: State.D, second: State.D},
        }
        return SubMachine(name, State.A, square)
    moves = {
        Three.A: {first: Three.B, second: Three.C},
        Three.B: {first: Three.B, second: Three.C},
        Three.C: {first: Three.C, second: Three.C},
    }
    return SubMachine(name, Three.A, moves)


class Two(Enum):
    A = "a"
    B = "b"


class Three(Enum):
    A = "a"
    B = "b"
    C = "c"


def _derived(draw: Random, registers: Sequence[Register]) -> list[DerivedColumn]:
    found = []
    several = [one for one in registers if one is not OPENED]
    if several and draw.random() < 0.8:
        found.append(DerivedColumn.of("enough", _condition(draw, draw.choice(several), registers)))
    if several and draw.random() < 0.3:
        one = draw.choice(several)
        levels = stages(Level.NONE, (has(one), Level.SOME), (_condition(draw, one, registers), Level.MUCH))
        found.append(DerivedColumn.of("level", levels))
    if OPENED in registers and draw.random() < 0.3:
        found.append(DerivedColumn.of("is opened", has(OPENED)))
    return found


def _condition(draw: Random, register: Register, registers: Sequence[Register]) -> Any:
    found = [
        has(register),
        count(register) >= 2,
        count(register) < 2,
        total(register, "amount") >= 2,
        total(register, "amount") >= 0,
        total(register, "amount") < 1,
        greatest(register, "amount") >= 1,
        least(register, "amount") >= 1,
        negated(has(register)),
        both(has(register), total(register, "amount") >= 1),
        either(count(register) >= 2, total(register, "amount") >= 3),
        latest(register, by=("amount",), field="amount").equals(1),
    ]
    if OPENED in registers:
        found += [
            total(register, "amount") >= only(OPENED, "amount"),
            only(OPENED, "amount") >= 1,
            both(has(OPENED), has(register)),
            count(register) >= only(OPENED, "amount"),
        ]
    return draw.choice(found)


class Level(Enum):
    NONE = "none"
    SOME = "some"
    MUCH = "much"


def _table(draw: Random, columns: Sequence[Column], results: Sequence[Any], name: str) -> Outcomes:
    """A table that often depends on few of its columns, so that it can be proved."""
    weight = [draw.choice((0, 1, 1)) for _ in columns]
    cells = list(product(*(column.states for column in columns)))
    kept: dict[tuple[Any, ...], Any] = {}
    for cell in cells:
        kept.setdefault(tuple(one for one, counts in zip(cell, weight, strict=True) if counts), draw.choice(results))
    return outcomes(
        *columns,
        name=name,
        rule=lambda *cell: kept[tuple(one for one, counts in zip(cell, weight, strict=True) if counts)],
    )


def _effects(draw: Random, registers: Sequence[Register], heard: set[type]) -> list[list[tuple[Any, tuple[Any, ...]]]]:
    """Effects in groups, one group for each table of wants; each with the ways in which it can be wanted."""
    kinds = sorted(heard, key=lambda kind: kind.__name__)
    fields = ("amount", "mark") if OPENED in registers and draw.random() < 0.6 else ()
    several = [one for one in registers if one is not OPENED]
    computed = tuple(
        ComputedField.of("figure", _figure(draw, one, registers), is_cumulative=draw.random() < 0.6)
        for one in several[:1]
    )
    on = CommandTemplate(
        "SwitchOn",
        OPENED if fields else None,
        fields[: draw.randint(1, 2)] if fields else (),
        computed if not fields and draw.random() < 0.5 else (),
    )
    final = draw.random() < 0.3
    switch = Effect(
        "switch",
        "house",
        {Switch.ON: on, Switch.OFF: CommandTemplate("SwitchOff")},
        final=frozenset({Switch.ON}) if final else frozenset(),
        decided_by=draw.choice((None, *kinds)) if final else None,
        initially=draw.choice((None, Switch.OFF)),
    )
    groups: list[list[tuple[Any, tuple[Any, ...]]]] = [[(switch, (Switch.ON, Switch.OFF, None))]]
    if several:
        one = draw.choice(several)
        refund = Effect(
            "refund",
            "bank",
            {Done.DONE: CommandTemplate("Refund", one, ("amount",), _entry_figure(draw, one, registers))},
            final=frozenset({Done.DONE}) if draw.random() < 0.5 else frozenset(),
        )
        groups.append([(refund, (*_selections(draw, one, registers), None))])
    for number in range(draw.choice((0, 1, 1, 2, 2))):
        ticks = [kind for kind in TICKS if kind in heard]
        if ticks:
            deadline = Deadline(f"alarm {number}", emits=draw.choice(ticks), after=timedelta(1))
            draw.choice(groups).append((deadline, (ARMED, None)))
    return groups


def _figure(draw: Random, register: Register, registers: Sequence[Register]) -> Any:
    found = [
        count(register),
        total(register, "amount"),
        greatest(register, "amount"),
        least(register, "amount"),
        latest(register, by=("amount",), field="amount"),
        total(register, "amount").times(-1),
        total(register, "amount").at_least(1),
    ]
    if OPENED in registers:
        found += [only(OPENED, "amount"), only(OPENED, "amount").minus(total(register, "amount"))]
    return draw.choice(found)


def _beyond(register: Register) -> Any:
    return beyond(register, "amount", target=only(OPENED, "amount"), by=("amount",))


def _entry_figure(draw: Random, register: Register, registers: Sequence[Register]) -> tuple[ComputedField, ...]:
    if OPENED not in registers or draw.random() < 0.6:
        return ()
    return (ComputedField.of("owed", _beyond(register), is_cumulative=draw.random() < 0.7),)


def _selections(draw: Random, register: Register, registers: Sequence[Register]) -> Sequence[Any]:
    found = [
        every(register),
        all_but_least(register, by=("amount",)),
        all_but_first(register, 2, by=("amount",)),
        entries_where(register, each("amount") >= 1),
    ]
    if OPENED in registers:
        found.append(owing(_beyond(register)))
    return draw.sample(found, draw.choice((1, 1, 2)))


def _wants(
    draw: Random, few: Sequence[tuple[Any, tuple[Any, ...]]], outcome: Outcomes, columns: Sequence[Column]
) -> Any:
    joined = [outcome, *draw.sample(list(columns), draw.choice((0, 0, 1)))]
    cells = list(product(*(column.states for column in joined)))
    depends = draw.random() < 0.7
    usual = {effect: draw.choice(hows) for effect, hows in few}
    rows = []
    for cell in cells:
        said = {effect: draw.choice(hows) if depends else usual[effect] for effect, hows in few}
        rows.append((*cell, {effect: how for effect, how in said.items() if how is not None}))
    return wanted(*joined, rows=rows)
