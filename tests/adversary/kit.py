"""What the corpus is built with: words, messages, short forms of declarations, and the registry of all cases."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    Wanted,
    outcomes,
    wanted,
)


class Seen(Enum):
    NO = "no"
    YES = "yes"


class Out(Enum):
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    OTHER = "other"


class Do(Enum):
    YES = "yes"
    NO = "no"


@dataclass(frozen=True)
class Case:
    """One process of the corpus, with facts that show what it does.

    It shows in other ``orders``, in other ``interpreters``, or by another declaration at other ``starts``, which is for
    the worker to refuse.
    """

    process: Process
    facts: tuple[Any, ...]
    why: str
    shown_by: str = "orders"


@dataclass(frozen=True)
class Upgrade:
    """Two versions of a process, and whether the way from the one to the other does harm."""

    old: Process
    new: Process
    facts: tuple[Any, ...]
    is_harmful: bool
    why: str


CASES: dict[str, Case] = {}
UPGRADES: dict[str, Upgrade] = {}

Moves = dict[Any, dict[type, Any]]
Commands = dict[Enum, CommandTemplate]
Builder = Callable[[], Process]


def case(*facts: Any, shown_by: str = "orders") -> Callable[[Builder], Process]:
    """Build the process, name it after the function, and note it under `module:name`."""

    def register(build: Builder) -> Process:
        process = replace(build(), name=build.__name__.replace("_", "-"))
        CASES[f"{build.__module__}:{build.__name__}"] = Case(process, facts, _sentence(build), shown_by)
        return process

    return register


def upgrade(*facts: Any, is_harmful: bool) -> Callable[[Callable[[], tuple[Process, Process]]], None]:
    """Note the two versions under `module:name`."""

    def register(build: Callable[[], tuple[Process, Process]]) -> None:
        old, new = build()
        name = build.__name__.replace("_", "-")
        UPGRADES[f"{build.__module__}:{build.__name__}"] = Upgrade(
            replace(old, name=name, version=1),
            replace(new, name=name, version=2),
            facts,
            is_harmful,
            _sentence(build),
        )

    return register


def load(target: str | None = None) -> None:
    """Import the module of this case, or all modules of the corpus."""
    if target is not None:
        import_module(target.partition(":")[0])
        return
    for part in ("planted", "honest", "upgrades"):
        package = import_module(f"tests.adversary.{part}")
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)


def _sentence(build: Callable[..., object]) -> str:
    return (build.__doc__ or "").strip().splitlines()[0]


def seen(kind: type, name: str | None = None) -> SubMachine[Seen]:
    """Remembers whether this message came."""
    return SubMachine(name or kind.__name__.lower(), Seen.NO, {state: {kind: Seen.YES} for state in Seen})


def proc(
    table: Outcomes,
    *parts: SubMachine[Any] | Register | Reducer,
    wants: Iterable[Wanted] = (),
    unsettled: Sequence[Enum] = (),
    children: tuple[Process, ...] = (),
    also: tuple[type, ...] = (),
) -> Process:
    """A process with these parts, whose outcomes are settled but for these; its inputs are those of the parts."""
    kinds = dict.fromkeys(kind for part in parts for kind in sorted(part.inputs, key=lambda one: one.__name__))
    return Process(
        name="unnamed",
        version=1,
        correlate="id",
        inputs={"sender": (*kinds, *also)},
        machines=tuple(part for part in parts if isinstance(part, SubMachine)),
        registers=tuple(part for part in parts if not isinstance(part, SubMachine)),
        outcomes=table,
        wanted=tuple(wants),
        settled=frozenset(one for one in table.states if all(one is not other for other in unsettled)),
        children=children,
    )


def one_outcome(column: Any) -> Outcomes:
    """A table that says the same whatever happens: all that differs are the effects."""
    return outcomes(column, rule=lambda _: Out.DONE)


def by(column: Any, **named: Enum) -> Outcomes:
    """A table of one column: for each value, by its name, an outcome."""
    return outcomes(column, rows=[(state, named[state.name]) for state in column.states])


def yes_no(column: Any, yes: Enum = Out.DONE, no: Enum = Out.OTHER) -> Outcomes:
    """A table of one column of truth."""
    return outcomes(column, rows=[(True, yes), (False, no)])


def armed_in(column: Any, value: Any, deadline: Deadline) -> Wanted:
    """The deadline is armed in this value of the column."""
    return wanted(column, rows=[(one, {deadline: ARMED} if one is value else {}) for one in column.states])


def wanted_in(column: Any, effect: Effect, **how: Any) -> Wanted:
    """The effect in the condition or selection that is given for a value of the column, and left out in other cells."""
    return wanted(column, rows=[(one, {effect: how[one.name]} if one.name in how else {}) for one in column.states])


@dataclass(frozen=True)
class A:
    id: str = "i"


@dataclass(frozen=True)
class B:
    id: str = "i"


@dataclass(frozen=True)
class C:
    id: str = "i"


@dataclass(frozen=True)
class D:
    id: str = "i"


@dataclass(frozen=True)
class E:
    id: str = "i"


@dataclass(frozen=True)
class F:
    id: str = "i"


@dataclass(frozen=True)
class Late:
    id: str
    due_at: str = ""


@dataclass(frozen=True)
class Later:
    id: str


@dataclass(frozen=True)
class Paid:
    id: str
    payment_id: str
    amount: int
    at: str = "2030-01-01T00:00:00Z"


@dataclass(frozen=True)
class Refunded:
    id: str
    refund_id: str
    payment_id: str
    amount: int


@dataclass(frozen=True)
class Weighed:
    id: str
    parcel_id: str
    kilos: float


@dataclass(frozen=True)
class Tagged:
    id: str
    tag_id: str
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Noted:
    id: str
    note_id: str
    text: str


@dataclass(frozen=True)
class Configured:
    id: str
    limit: int | None = None
    seconds: float | None = None


def has_any(*stores: Register | Reducer) -> SubMachine[Seen]:
    """Remembers whether any message of these stores came."""
    kinds = sorted({kind for store in stores for kind in store.inputs}, key=lambda one: one.__name__)
    return SubMachine("has", Seen.NO, {state: dict.fromkeys(kinds, Seen.YES) for state in Seen})


def shown(
    *stores: Register | Reducer,
    compute: Callable[..., Any] = lambda value: value,
    is_cumulative: bool = False,
    is_final: bool = False,
) -> Process:
    """One command that says what is computed from the stores, as soon as they have anything."""
    has = has_any(*stores)
    template = CommandTemplate("Tell", computed=(ComputedField("value", stores, compute, is_cumulative),))
    tell = Effect("tell", "desk", {Do.YES: template}, final=frozenset({Do.YES}) if is_final else frozenset())
    return proc(one_outcome(has), has, *stores, wants=[wanted_in(has, tell, YES=Do.YES)])


def judged(*stores: Register | Reducer, judge: Callable[..., bool]) -> Process:
    """Done if the function says so, and something else otherwise."""
    return proc(yes_no(DerivedColumn("judged", stores, judge)), *stores)


def granted(
    *stores: Register | Reducer, judge: Callable[..., bool], is_final: bool = True, is_complete: bool = True
) -> Process:
    """An effect that is granted if the function says so and taken back otherwise, or left out if not complete."""
    column = DerivedColumn("judged", stores, judge)
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES}) if is_final else frozenset(), initially=Do.NO)
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {grant: Do.NO} if is_complete else {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *stores, wants=[table])


def chosen(
    register: Register,
    choose: Callable[..., frozenset[str]],
    *beside: Register | Reducer,
    is_final: bool = False,
    fields: tuple[str, ...] = (),
) -> Process:
    """One command for each entry that the function chooses."""
    has = has_any(register, *beside)
    final = frozenset({Do.YES}) if is_final else frozenset()
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give", register, fields)}, final=final)
    selection = Selection("the chosen", register, choose, beside=beside)
    return proc(one_outcome(has), has, register, *beside, wants=[wanted_in(has, give, YES=selection)])


PAYMENTS = Register("payments", Paid, "payment_id")
REFUNDS = Register("refunds", Refunded, "refund_id")
PARCELS = Register("parcels", Weighed, "parcel_id")
TAGS = Register("tags", Tagged, "tag_id")
NOTES = Register("notes", Noted, "note_id")
LIMITS = Register("limits", Configured, "id")


def paid(number: int, amount: int, at: str = "2030-01-01T00:00:00Z") -> Paid:
    """A payment."""
    return Paid("i", f"p{number}", amount, at)


def noted(number: int, text: str) -> Noted:
    """A note."""
    return Noted("i", f"n{number}", text)


def weighed(number: int, kilos: float) -> Weighed:
    """A parcel."""
    return Weighed("i", f"w{number}", kilos)


def tagged(number: int, *tags: str) -> Tagged:
    """Some tags."""
    return Tagged("i", f"t{number}", list(tags))
