"""Processes that break one obligation each, and the facts that show what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from saga.convergence.proof.about_deadlines import (
    inputs_of_deadlines_are_taken,
    late_deadlines_change_nothing,
    nothing_waits_for_ever,
)
from saga.convergence.proof.about_effects import (
    commands_know_their_fields,
    final_conditions_stay,
    named_effects_stay_named,
    wants_are_of_one_kind,
)
from saga.convergence.proof.about_outcomes import final_outcomes_stay
from saga.convergence.proof.about_parts import (
    bounds_are_no_capacity,
    effects_differ,
    functions_are_known,
    laws_hold,
    machines_commute,
    machines_know_repeats,
    no_clock_is_read,
    parts_are_known,
    registers_join,
)
from saga.convergence.proof.about_rules import rules_make_one_table
from saga.convergence.proof.prove import Obligation
from saga.core import (
    ANY,
    ARMED,
    Announces,
    Column,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    SubMachine,
    all_but_least,
    every,
    outcomes,
    wanted,
)
from saga.core.expressions import count, total
from tests.convergence.proof.drawn import (
    OPENED,
    PAYMENTS,
    Done,
    Late,
    Opened,
    Outcome,
    Paid,
    Shipped,
    Stopped,
    Switch,
    Three,
    Two,
)
from tests.convergence.proof.own_classes import Forgetful, Last, Numbered, Ticked, Weighed


@dataclass(frozen=True)
class Breaking:
    """A process that breaks an obligation; ``faulty`` says whether these facts show it."""

    name: str
    obligation: Obligation
    process: Process
    facts: Sequence[Fact]
    faulty: bool = True


def fact(kind: type, **fields: Any) -> Fact:
    return Fact(kind, {"id": "i", **fields})


OPEN = fact(Opened, amount=2, mark="a")
PAY, PAY_MORE = fact(Paid, payment="p", amount=1), fact(Paid, payment="q", amount=2)
SHIP, STOP, LATE = fact(Shipped), fact(Stopped), fact(Late)


def came(name: str, *kinds: type) -> SubMachine[Any]:
    """Whether one of these messages came."""
    return SubMachine(name, Two.A, {one: dict.fromkeys(kinds, Two.B) for one in Two})


def process(
    *kinds: type,
    machines: Sequence[SubMachine[Any]] = (),
    registers: Sequence[Any] = (),
    columns: Sequence[Column] = (),
    rule: Callable[..., Enum] = lambda *_: Outcome.X,
    wants: Sequence[Any] = (),
    settled: Sequence[Enum] = tuple(Outcome),
) -> Process:
    table = outcomes(*(columns or machines), rule=rule)
    return Process(
        name="breaking",
        version=1,
        correlate="id",
        inputs={"m": kinds},
        machines=tuple(machines),
        registers=tuple(registers),
        outcomes=table,
        wanted=tuple(wants),
        settled=frozenset(settled) & frozenset(table.states),
    )


def switch(on: CommandTemplate = CommandTemplate("SwitchOn"), **more: Any) -> Effect:  # noqa: B008 -- immutable
    return Effect("switch", "house", {Switch.ON: on, Switch.OFF: CommandTemplate("SwitchOff")}, **more)


def by_first(name: str, one: type, other: type) -> SubMachine[Any]:
    stay = {state: dict.fromkeys((one, other), state) for state in Three}
    return SubMachine(name, Three.A, {**stay, Three.A: {one: Three.B, other: Three.C}})


def of_state(machine: SubMachine[Any], **results: Mapping[Any, Any]) -> Any:
    return wanted(machine, rows=[(state, results.get(state.name, {})) for state in machine.states])


SHIPPED, STOPPED, PAID, WAS_OPENED = (
    came(name, kind) for name, kind in (("shipped", Shipped), ("stopped", Stopped), ("paid", Paid), ("known", Opened))
)
THREE_RULE = {Three.A: Outcome.X, Three.B: Outcome.Y, Three.C: Outcome.Z}
TWO_RULE = {Two.A: Outcome.X, Two.B: Outcome.Y}
REFUND = Effect("refund", "bank", {Done.DONE: CommandTemplate("Refund", PAYMENTS, ("amount",))})
SAY_PAID = Effect("say-paid", "post", {Done.DONE: CommandTemplate("SayPaid")})


def _toggle() -> Process:
    machine = SubMachine("toggle", Two.A, {Two.A: {Shipped: Two.B}, Two.B: {Shipped: Two.A}})
    return process(Shipped, machines=[machine], rule=TWO_RULE.get)


def _first_wins() -> Process:
    return process(Shipped, Stopped, machines=[by_first("first", Shipped, Stopped)], rule=THREE_RULE.get)


def _float_key() -> Process:
    register = Register("numbers", of=Numbered, key="number")
    return process(Numbered, registers=[register], columns=[DerivedColumn.of("any", count(register) >= 1)])


def _register_of_its_own() -> Process:
    register = Forgetful("payments", of=Paid, key="payment")
    wants = of_state(PAID, B={SAY_PAID: Done.DONE})
    return process(
        Paid,
        machines=[PAID],
        registers=[register],
        columns=[DerivedColumn.of("much", total(register, "amount") >= 2)],
        rule=lambda much: Outcome.X if much else Outcome.Y,
        wants=[wants],
    )


def _claims_a_law() -> Process:
    effect = switch(final=frozenset({Switch.ON}))
    wants = wanted(
        DerivedColumn("one", (PAYMENTS,), Last()), rows=[(False, {effect: Switch.OFF}), (True, {effect: Switch.ON})]
    )
    return process(Paid, registers=[PAYMENTS], machines=[PAID], wants=[wants])


def _last_amount() -> Process:
    last = Reducer("last", of=(Paid,), start=0, reduce=lambda _, one: one.fields["amount"])
    column = DerivedColumn("much", (last,), lambda amount: amount >= 2)
    return process(Paid, registers=[last], columns=[column], rule=lambda much: Outcome.X if much else Outcome.Y)


def _float_sum() -> Process:
    register = Register("parcels", of=Weighed, key="parcel")
    weight = CommandTemplate("Load", computed=(ComputedField.of("weight", total(register, "weight")),))
    load = Effect("load", "truck", {Done.DONE: weight})
    return process(Weighed, registers=[register], wants=[wanted(rows=[({load: Done.DONE},)])])


def _due_time_said() -> Process:
    ticks = Register("ticks", of=Ticked, key="id")
    alarm = Deadline("alarm", emits=Ticked, after=timedelta(1))
    ticked = came("ticked", Ticked)
    say = Effect("say", "house", {Done.DONE: CommandTemplate("Say", ticks, ("due_at",))})
    wants = wanted(ticked, rows=[(Two.A, {alarm: ARMED}), (Two.B, {say: Done.DONE})])
    return process(Shipped, Ticked, machines=[SHIPPED, ticked], registers=[ticks], wants=[wants])


def _same_said() -> Process:
    command = CommandTemplate("Thank", OPENED, ("amount",))
    one, other = (Effect(name, "post", {Done.DONE: command}) for name in ("thanks", "thanks-again"))
    wants = of_state(WAS_OPENED, B={one: Done.DONE, other: Done.DONE})
    return process(Opened, machines=[WAS_OPENED], registers=[OPENED], wants=[wants])


def _single_and_entries() -> Process:
    refund = Effect("refund", "bank", {Done.DONE: CommandTemplate("Refund")})
    wants = wanted(SHIPPED, PAID, rows=[(Two.A, ANY, {refund: every(PAYMENTS)}), (Two.B, ANY, {refund: Done.DONE})])
    return process(Shipped, Paid, machines=[SHIPPED, PAID], registers=[PAYMENTS], wants=[wants])


def _left_standing() -> Process:
    return process(
        Shipped,
        Stopped,
        machines=[SHIPPED, STOPPED],
        wants=[
            wanted(
                SHIPPED,
                STOPPED,
                rows=[(Two.B, Two.A, {switch(): Switch.ON}), (Two.A, ANY, {}), (Two.B, Two.B, {})],
            )
        ],
    )


def _fewer_entries() -> Process:
    least = all_but_least(PAYMENTS, by=("amount",))
    wants = of_state(SHIPPED, A={REFUND: every(PAYMENTS)}, B={REFUND: least})
    return process(Shipped, Paid, machines=[SHIPPED, PAID], registers=[PAYMENTS], wants=[wants])


def _field_unknown() -> Process:
    effect = switch(CommandTemplate("SwitchOn", OPENED, ("amount",)))
    wants = of_state(SHIPPED, A={effect: Switch.OFF}, B={effect: Switch.ON})
    return process(Opened, Shipped, machines=[SHIPPED, WAS_OPENED], registers=[OPENED], wants=[wants])


def _left_its_start_otherwise() -> Process:
    effect = switch(CommandTemplate("SwitchOn", OPENED, ("amount",)))
    either = came("either", Opened, Shipped)
    wants = of_state(either, A={effect: Switch.OFF}, B={effect: Switch.ON})
    return process(Opened, Shipped, machines=[either], registers=[OPENED], wants=[wants])


def _undone() -> Process:
    effect = switch(final=frozenset({Switch.ON}))
    wants = wanted(
        SHIPPED,
        STOPPED,
        rows=[
            (ANY, Two.B, {effect: Switch.OFF}),
            (Two.B, Two.A, {effect: Switch.ON}),
            (Two.A, Two.A, {effect: Switch.OFF}),
        ],
    )
    return process(Shipped, Stopped, machines=[SHIPPED, STOPPED], wants=[wants])


def _undone_once_decided() -> Process:
    effect = switch(final=frozenset({Switch.ON}), decided_by=Shipped)
    wants = wanted(
        PAID,
        STOPPED,
        rows=[
            (ANY, Two.B, {effect: Switch.OFF}),
            (Two.B, Two.A, {effect: Switch.ON}),
            (Two.A, Two.A, {effect: Switch.OFF}),
        ],
    )
    return process(Paid, Stopped, Shipped, machines=[PAID, STOPPED, SHIPPED], wants=[wants])


def _final_field_changes() -> Process:
    paid = CommandTemplate("SwitchOn", computed=(ComputedField.of("paid", total(PAYMENTS, "amount")),))
    effect = switch(paid, final=frozenset({Switch.ON}))
    return process(
        Paid,
        registers=[PAYMENTS],
        machines=[PAID],
        wants=[of_state(PAID, A={effect: Switch.OFF}, B={effect: Switch.ON})],
    )


def _released_late() -> Process:
    alarm = Deadline("alarm", emits=Late, after=timedelta(1))
    late = came("late", Late)

    def rule(known: Two, paid: Two, is_late: Two) -> Outcome:
        if paid is Two.A:
            return Outcome.X if is_late is Two.A else Outcome.Y
        return Outcome.Y if is_late is Two.A else Outcome.Z

    wants = wanted(
        WAS_OPENED,
        PAID,
        late,
        rows=[
            (Two.B, Two.A, Two.A, {alarm: ARMED}),
            (Two.A, Two.A, Two.A, {alarm: ARMED}),
            (ANY, Two.B, Two.A, {}),
            (ANY, ANY, Two.B, {}),
        ],
    )
    return process(
        Opened, Paid, Late, machines=[WAS_OPENED, PAID, late], rule=rule, wants=[wants], settled=[Outcome.Y, Outcome.Z]
    )


def _says_late() -> Process:
    """The outcome stays, but a figure counts the deadline's input, which only some orders arm."""
    ticks = Register("ticks", of=Ticked, key="id")
    alarm = Deadline("alarm", emits=Ticked, after=timedelta(1))
    said = CommandTemplate("SwitchOn", computed=(ComputedField.of("late", count(ticks)),))
    effect = switch(said)
    wants = wanted(SHIPPED, rows=[(Two.A, {alarm: ARMED, effect: Switch.OFF}), (Two.B, {effect: Switch.ON})])
    return process(Shipped, Stopped, Ticked, machines=[SHIPPED, STOPPED], registers=[ticks], wants=[wants])


def _asks_for_more() -> Process:
    alarm = Deadline("alarm", emits=Opened, after=timedelta(1))
    return process(
        Shipped, Opened, machines=[SHIPPED, WAS_OPENED], wants=[wanted(SHIPPED, rows=[(ANY, {alarm: ARMED})])]
    )


def _waits() -> Process:
    return process(Shipped, machines=[SHIPPED], rule=TWO_RULE.get, settled=[Outcome.X])


def _ticks_twice() -> Process:
    alarm = Deadline("alarm", emits=Late, after=timedelta(1))
    late = came("late", Late)
    rule = {(Two.A, Two.A): Outcome.X, (Two.B, Two.A): Outcome.Y, (Two.A, Two.B): Outcome.Y, (Two.B, Two.B): Outcome.Z}
    return process(
        Shipped,
        Late,
        machines=[SHIPPED, late],
        rule=lambda *cell: rule[cell],
        wants=[wanted(SHIPPED, late, rows=[(ANY, ANY, {alarm: ARMED})])],
        settled=[Outcome.Z],
    )


def _first_ignored() -> Process:
    alarm = Deadline("alarm", emits=Late, after=timedelta(1))
    late = came("late", Late)
    asleep = SubMachine("asleep", One.A, {One.A: {Stopped: One.A}})
    wants = wanted(late, rows=[(Two.A, {alarm: ARMED}), (Two.B, {})])
    return process(
        Stopped, Late, machines=[asleep, late], columns=[late], rule=TWO_RULE.get, wants=[wants], settled=[Outcome.Y]
    )


def _left_though_final() -> Process:
    announces = Announces({Outcome.X: "WasX", Outcome.Y: "WasY"}, final=frozenset(Outcome) - {Outcome.Z})
    return replace(process(Shipped, machines=[SHIPPED], rule=TWO_RULE.get), announces=announces)


def _two_places() -> Process:
    return process(Paid, registers=[replace(PAYMENTS, most=2)])


def _any_of_a_set() -> Process:
    return process(Shipped, machines=[SHIPPED], rule=lambda cell: next(iter({TWO_RULE[cell]})))


class One(Enum):
    A = "a"


CLAIMS_A_LAW = _claims_a_law()
BREAKING: Sequence[Breaking] = (
    Breaking("a toggle", machines_know_repeats, _toggle(), [SHIP]),
    Breaking("the first wins", machines_commute, _first_wins(), [SHIP, STOP]),
    Breaking("a key that is a float", registers_join, _float_key(), [], faulty=False),
    Breaking("two places", bounds_are_no_capacity, _two_places(), [], faulty=False),
    Breaking("a register of its own", parts_are_known, _register_of_its_own(), [PAY, PAY_MORE]),
    Breaking("a rule that takes any of a set", rules_make_one_table, _any_of_a_set(), [], faulty=False),
    Breaking("the last amount", functions_are_known, _last_amount(), [PAY, PAY_MORE]),
    Breaking("a sum of fractions", laws_hold, _float_sum(), [], faulty=False),
    Breaking("the due time is said", no_clock_is_read, _due_time_said(), [], faulty=False),
    Breaking("two effects say the same", effects_differ, _same_said(), [], faulty=False),
    Breaking("once and for entries", wants_are_of_one_kind, _single_and_entries(), [SHIP, PAY]),
    Breaking("left standing", named_effects_stay_named, _left_standing(), [SHIP, STOP]),
    Breaking("fewer entries", named_effects_stay_named, _fewer_entries(), [SHIP, PAY]),
    Breaking("a field that is not known yet", commands_know_their_fields, _field_unknown(), [SHIP, OPEN]),
    Breaking("left its start otherwise", commands_know_their_fields, _left_its_start_otherwise(), [SHIP, OPEN]),
    Breaking("final and undone", final_conditions_stay, _undone(), [SHIP, STOP]),
    Breaking("decided, then undone", final_conditions_stay, _undone_once_decided(), [PAY, SHIP, STOP]),
    Breaking("a final field changes", final_conditions_stay, _final_field_changes(), [PAY, PAY_MORE]),
    Breaking("final and left", final_outcomes_stay, _left_though_final(), [SHIP]),
    Breaking("released by a deadline", late_deadlines_change_nothing, _released_late(), [OPEN, PAY]),
    Breaking("a figure says late", late_deadlines_change_nothing, _says_late(), [SHIP, STOP]),
    Breaking("a deadline's input asks for more", inputs_of_deadlines_are_taken, _asks_for_more(), [], faulty=False),
    Breaking("waits", nothing_waits_for_ever, _waits(), [SHIP]),
    Breaking("a deadline ticks once", nothing_waits_for_ever, _ticks_twice(), [LATE]),
    Breaking("the first is ignored", nothing_waits_for_ever, _first_ignored(), [STOP]),
)
