"""Random small processes: any tables, any outcomes, any wants, with registers and with functions of any kind.

Most of them diverge, as most tables that anybody makes up do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import product
from typing import Any

from hypothesis import strategies as st

from saga.core import (
    ARMED,
    Column,
    CommandTemplate,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    all_but_least,
    every,
    outcomes,
    wanted,
)


@dataclass
class Ping:
    id: str


@dataclass
class Pong:
    id: str


@dataclass
class Paid:
    id: str
    pid: str
    amount: int


SAMPLES = (
    Fact(Ping, {"id": "i"}),
    Fact(Pong, {"id": "i"}),
    Fact(Paid, {"id": "i", "pid": "p", "amount": 2}),
    Fact(Paid, {"id": "i", "pid": "a", "amount": 3}),
)
CONTRADICTING = Fact(Paid, {"id": "i", "pid": "p", "amount": 9})
KINDS = (Ping, Pong, Paid)


class One(Enum):
    A = "a"


class Two(Enum):
    A = "a"
    B = "b"


class Three(Enum):
    A = "a"
    B = "b"
    C = "c"


class Switch(Enum):
    ON = "on"
    OFF = "off"


class Gone(Enum):
    GONE = "gone"


class Outcome(Enum):
    X = "x"
    Y = "y"
    Z = "z"


STATES: Mapping[int, type[Enum]] = {1: One, 2: Two, 3: Three}
REDUCERS: Mapping[str, tuple[Any, Callable[[Any, Fact], Any]]] = {
    "sum": (0, lambda value, fact: value + fact.fields["amount"]),
    "last": (0, lambda _value, fact: fact.fields["amount"]),
    "first": (0, lambda value, fact: value or fact.fields["amount"]),
    "most": (0, lambda value, fact: max(value, fact.fields["amount"])),
    "ids": ([], lambda value, fact: sorted({*value, fact.fields["pid"]})),
    "row": ([], lambda value, fact: value if fact.fields["pid"] in value else [*value, fact.fields["pid"]]),
}
REGISTER = Register("payments", of=Paid, key="pid")


@st.composite
def sub_machines(draw: st.DrawFn, name: str) -> SubMachine[Any]:
    """A random table; states that can't be reached are left out of it."""
    heard = draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
    size = draw(st.integers(1, 3))
    table = {(state, kind): draw(st.integers(0, size - 1)) for state in range(size) for kind in heard}
    reached = [0]
    for state in reached:
        reached += dict.fromkeys(table[state, kind] for kind in heard if table[state, kind] not in reached)
    states = list(STATES[len(reached)])
    named = dict(zip(reached, states, strict=True))
    moves = {named[state]: {kind: named[table[state, kind]] for kind in heard} for state in reached}
    return SubMachine(name, start=states[0], moves=moves)


@st.composite
def processes(draw: st.DrawFn) -> Process:
    """A random process over Ping, Pong and Paid."""
    machines = tuple(draw(sub_machines(f"part {number}")) for number in range(draw(st.integers(1, 3))))
    registers: tuple[Any, ...] = ()
    columns: list[Column] = list(machines)
    is_kept = draw(st.booleans())
    if is_kept:
        registers += (REGISTER,)
        columns.append(DerivedColumn("several", (REGISTER,), lambda entries: len(entries) > 1))
    if draw(st.booleans()):
        start, reduce = REDUCERS[draw(st.sampled_from(sorted(REDUCERS)))]
        reducer = Reducer("folded", of=(Paid,), start=start, reduce=reduce)
        registers += (reducer,)
        limit = draw(st.integers(2, 6))
        columns.append(
            DerivedColumn(
                "much", (reducer,), lambda value: (len(value) * 2 if isinstance(value, list) else value) >= limit
            )
        )
    cells = list(product(*(column.states for column in columns)))
    # Few outcomes, so that processes that converge by chance are not too rare.
    few = draw(st.sampled_from([tuple(Outcome), tuple(Outcome)[:2], tuple(Outcome)[:1]]))
    of = {cell: draw(st.sampled_from(few)) for cell in cells}
    table = outcomes(*columns, rule=lambda *cell: of[cell])
    heard = {kind for machine in machines for kind in machine.inputs} | ({Paid} if registers else set())
    effects = draw(effect_choices([kind for kind in KINDS if kind in heard], is_kept=is_kept))
    wants = [
        (outcome, {effect: how for effect, hows in effects if (how := draw(st.sampled_from(hows)))})
        for outcome in table.states
    ]
    return Process(
        name="random",
        version=1,
        correlate="id",
        inputs={"m": tuple(kind for kind in KINDS if kind in heard)},
        machines=machines,
        registers=registers,
        outcomes=table,
        wanted=(wanted(table, rows=wants),),
        settled=frozenset(draw(st.sets(st.sampled_from(table.states)))),
    )


@st.composite
def effect_choices(draw: st.DrawFn, heard: list[type], *, is_kept: bool) -> list[tuple[Any, tuple[Any, ...]]]:
    """Effects, each with the ways in which an outcome may want it (None: it does not say)."""
    final = draw(st.sampled_from([frozenset(), frozenset({Switch.ON})]))
    switch = Effect(
        "switch",
        "house",
        {Switch.ON: CommandTemplate("SwitchOn"), Switch.OFF: CommandTemplate("SwitchOff")},
        final=final,
        decided_by=draw(st.sampled_from([None, None, *heard])) if final else None,
        initially=draw(st.sampled_from([None, Switch.OFF])),
    )
    choices: list[tuple[Any, tuple[Any, ...]]] = [(switch, (None, Switch.ON, Switch.OFF))]
    if is_kept:
        refund = Effect(
            "refund",
            "bank",
            {Gone.GONE: CommandTemplate("Refund", REGISTER, ("amount",))},
            final=draw(st.sampled_from([frozenset(), frozenset({Gone.GONE})])),
        )
        first = Selection("the first entry", REGISTER, lambda entries: frozenset(list(entries)[:1]))
        choices.append((refund, (None, every(REGISTER), all_but_least(REGISTER, by=("amount",)), first)))
    if draw(st.booleans()):
        choices.append((Deadline("alarm", emits=draw(st.sampled_from(heard)), after=timedelta(1)), (None, ARMED)))
    return choices
