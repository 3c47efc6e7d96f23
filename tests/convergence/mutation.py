"""Break every cell of every table of the order process, one at a time, and see who notices.

    python -m tests.convergence.mutation

Three look, in this order: the declaration itself, the checker, and last the auditor, who says what a set of facts must
come to and so notices a process that converges to something else. A mutant that nobody notices has to be listed in
EQUIVALENT, with the reason why it is no other process.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from itertools import chain, combinations, permutations
from typing import Any

from saga.convergence import check, explore
from saga.core import (
    ARMED,
    Announces,
    Command,
    CommandTemplate,
    Deadline,
    DeclarationError,
    Effect,
    Fact,
    Outcomes,
    Process,
    Register,
    Selection,
    State,
    SubMachine,
    Timer,
    all_but_least,
    decide,
    every,
    outcomes,
    wanted,
)
from saga.orders import OrderPlaced, PaymentReceived, order_process
from saga.orders.process import ANNOUNCES, Outcome, Refund
from tests.orders.auditor import audit, net_effects, what_is_said
from tests.orders.test_order_process import FOUR, PAID_LATER, PLACED

FACTS = (*FOUR, PAID_LATER)
HASTY = Fact(OrderPlaced, {**PLACED.fields, "payment_timeout_seconds": 2.5})
Cell = tuple[Any, ...]


@dataclass(frozen=True)
class Draft:
    """The tables of the order process, open to changes. ``build`` declares it; wants name effects and selections."""

    moves: Mapping[str, Mapping[Any, Mapping[type, Any]]]
    outcomes: Mapping[Cell, Enum]
    wants: Mapping[Cell, Mapping[str, Any]]
    settled: frozenset[Enum]
    effects: Mapping[str, Effect | Deadline]
    order_key: str = "order_id"
    payment_key: str = "payment_id"
    surplus_by: tuple[str, ...] = ("received_at", "payment_id")

    def build(self) -> Process:
        """The declaration. Raises DeclarationError."""
        original = order_process()
        starts = {machine.name: machine.start for machine in original.machines}
        machines = {name: SubMachine(name, start=starts[name], moves=moves) for name, moves in self.moves.items()}
        order = Register("order", of=OrderPlaced, key=self.order_key)
        payments = Register("payments", of=PaymentReceived, key=self.payment_key)
        selections = {"surplus": all_but_least(payments, by=self.surplus_by), "every": every(payments)}
        effects = {name: _with_registers(effect, order, payments) for name, effect in self.effects.items()}
        table = outcomes(
            *(machines[column.name] for column in original.outcomes.columns),
            rows=[(*cell, outcome) for cell, outcome in self.outcomes.items()],
        )
        rows = [
            (*cell, {effects[name]: selections.get(how, how) for name, how in wants.items()})
            for cell, wants in self.wants.items()
        ]
        return Process(
            name="order",
            version=1,
            correlate="order_id",
            inputs=original.inputs,
            machines=tuple(machines.values()),
            registers=(order, payments),
            outcomes=table,
            wanted=(wanted(table, machines["request"], rows=rows),),
            settled=self.settled,
            announces=_announced(table),
        )


def _announced(table: Outcomes) -> Announces:
    """What the order process announces, of the outcomes that this table has."""
    types = {one: type_ for one, type_ in ANNOUNCES.types.items() if one in table.states}
    return Announces(types, ANNOUNCES.final & types.keys())


def _with_registers(effect: Effect | Deadline, order: Register, payments: Register) -> Effect | Deadline:
    here = {"order": order, "payments": payments}
    if isinstance(effect, Deadline):
        return replace(effect, override=effect.override and (order, effect.override[1]))
    commands = {
        condition: replace(sends, register=here[sends.register.name] if sends.register else None)
        for condition, sends in effect.commands.items()
    }
    return replace(effect, commands=commands)


def the_order_process() -> Draft:
    """The tables of the process that is deployed."""
    process = order_process()
    return Draft(
        moves={machine.name: machine.moves for machine in process.machines},
        outcomes=process.outcomes.cells,
        wants={
            cell: {effect.name: _named(how) for effect, how in wants.items()}
            for cell, wants in process.wanted[0].cells.items()
        },
        settled=process.settled,
        effects={effect.name: effect for effect in process.effects},
    )


def _named(how: Enum | Selection) -> Any:
    if isinstance(how, Selection):
        return "every" if how.name.startswith("every") else "surplus"
    return how


@dataclass(frozen=True)
class Mutant:
    """One change: of which table, which cell, and to what."""

    table: str
    change: str
    draft: Draft


def mutants() -> Iterator[Mutant]:
    """Every change of one cell."""
    draft = the_order_process()
    yield from _of_moves(draft)
    yield from _of_outcomes(draft)
    yield from _of_wants(draft)
    yield from _of_commands(draft)
    for outcome in Outcome:
        yield Mutant("settled", f"toggle {outcome.name}", replace(draft, settled=draft.settled ^ {outcome}))
    for key in ("amount", "currency", "payment_timeout_seconds"):
        yield Mutant("registers", f"orders by {key}", replace(draft, order_key=key))
    for key in ("order_id", "amount", "currency", "received_at"):
        yield Mutant("registers", f"payments by {key}", replace(draft, payment_key=key))
    for by in ((), ("payment_id",), ("received_at",), ("payment_id", "received_at"), ("amount",)):
        yield Mutant("selections", f"surplus by {', '.join(by) or 'nothing'}", replace(draft, surplus_by=by))


def _of_moves(draft: Draft) -> Iterator[Mutant]:
    for name, moves in draft.moves.items():
        for state, row in moves.items():
            for kind, target in row.items():
                cell = f"{name} ({state.name}, {kind.__name__})"
                for other in set(moves) - {target}:
                    changed = {**moves, state: {**row, kind: other}}
                    yield Mutant(
                        "moves", f"{cell} -> {other.name}", replace(draft, moves={**draft.moves, name: changed})
                    )
                missing = {**moves, state: {one: to for one, to in row.items() if one is not kind}}
                yield Mutant("moves", f"{cell} missing", replace(draft, moves={**draft.moves, name: missing}))


def _of_outcomes(draft: Draft) -> Iterator[Mutant]:
    for cell, outcome in draft.outcomes.items():
        for other in Outcome:
            if other is not outcome:
                changed = {**draft.outcomes, cell: other}
                yield Mutant("outcomes", f"{_shown(cell)} -> {other.name}", replace(draft, outcomes=changed))
        missing = {one: value for one, value in draft.outcomes.items() if one != cell}
        yield Mutant("outcomes", f"{_shown(cell)} missing", replace(draft, outcomes=missing))


def _of_wants(draft: Draft) -> Iterator[Mutant]:
    ways = _ways()
    for cell, wants in draft.wants.items():

        def changed(to: Mapping[str, Any] | None, cell: Cell = cell) -> Draft:
            left = {one: value for one, value in draft.wants.items() if one != cell}
            return replace(draft, wants=left if to is None else {**left, cell: to})

        yield Mutant("wants", f"{_shown(cell)} missing", changed(None))
        for name, hows in ways.items():
            dropped = {one: how for one, how in wants.items() if one != name}
            if name in wants:
                yield Mutant("wants", f"{_shown(cell)} drop {name}", changed(dropped))
            for how in hows:
                if wants.get(name) != how:
                    verb = "change" if name in wants else "add"
                    named = how if isinstance(how, str) else how.name
                    yield Mutant("wants", f"{_shown(cell)} {verb} {name} {named}", changed({**wants, name: how}))


def _of_commands(draft: Draft) -> Iterator[Mutant]:
    def changed(what: str, effect: Effect | Deadline) -> Mutant:
        return Mutant(
            "commands", f"{effect.name} {what}", replace(draft, effects={**draft.effects, effect.name: effect})
        )

    effects = [effect for effect in draft.effects.values() if isinstance(effect, Effect)]
    types = sorted({sends.type for effect in effects for sends in effect.commands.values()})
    for effect in effects:
        for collaborator in sorted({other.collaborator for other in effects} - {effect.collaborator}):
            yield changed(f"is {collaborator}'s", replace(effect, collaborator=collaborator))
        for condition in effect.commands:
            yield changed(f"({condition.name}) toggle final", replace(effect, final=effect.final ^ {condition}))
            missing = {one: sends for one, sends in effect.commands.items() if one is not condition}
            yield changed(f"({condition.name}) missing", replace(effect, commands=missing))
        for what, commands in _changed_commands(effect, types):
            yield changed(what, replace(effect, commands=commands))
    for deadline in (effect for effect in draft.effects.values() if isinstance(effect, Deadline)):
        for kind in order_process().message_types.values():
            if kind is not deadline.emits:
                yield changed(f"emits {kind.__name__}", replace(deadline, emits=kind))
        yield changed("without an override", replace(deadline, override=None))
        yield changed("a minute later", replace(deadline, after=deadline.after + timedelta(minutes=1)))


def _changed_commands(effect: Effect, types: list[str]) -> Iterator[tuple[str, dict[Enum, CommandTemplate]]]:
    """Every command under another name, and with every field left out."""
    for condition, sends in effect.commands.items():
        for type_ in types:
            if type_ != sends.type:
                yield f"({condition.name}) by {type_}", {**effect.commands, condition: replace(sends, type=type_)}
        for name in sends.fields:
            fewer = tuple(field for field in sends.fields if field != name)
            yield f"({condition.name}) without {name}", {**effect.commands, condition: replace(sends, fields=fewer)}


def _ways() -> Mapping[str, tuple[Any, ...]]:
    """Each effect, and every way in which it can be wanted."""
    ways: dict[str, tuple[Any, ...]] = {}
    for effect in order_process().effects:
        if isinstance(effect, Deadline):
            ways[effect.name] = (ARMED,)
        else:
            ways[effect.name] = ("surplus", "every") if Refund.REFUNDED in effect.commands else tuple(effect.commands)
    return ways


def _shown(cell: Cell) -> str:
    return f"({', '.join(state.name for state in cell)})"


class Noticed(Enum):
    """Who noticed a mutant."""

    DECLARATION = "declaration"
    CHECKER = "checker"
    AUDITOR = "auditor"
    NOBODY = "nobody"


def judge(draft: Draft) -> Noticed:
    """Who notices that this is not the order process, the first of those who look."""
    try:
        process = draft.build()
    except DeclarationError:
        return Noticed.DECLARATION
    if check(process).findings or explore(process, FACTS).findings:
        return Noticed.CHECKER
    return Noticed.NOBODY if is_as_audited(process) else Noticed.AUDITOR


def is_as_audited(process: Process) -> bool:
    """Whether every order of every subset of the facts comes to what the auditor says."""
    histories = (
        history
        for size in range(1, len(FACTS) + 1)
        for subset in combinations(FACTS, size)
        for history in permutations(subset)
    )
    return all(_comes_to_what_is_audited(process, history) for history in chain([(HASTY,)], histories))


def _comes_to_what_is_audited(process: Process, history: tuple[Fact, ...]) -> bool:
    state, outcome = State.start(process), None
    commands: list[Command] = []
    timers: list[Timer] = []
    for fact in history:
        decision = decide(process, state, fact)
        state, outcome = decision.state, decision.outcome
        commands += decision.commands
        timers += decision.timers
    expected = audit(history)
    assert outcome is not None
    # A deadline is for an order that waits: one that was placed before anything else decided it.
    is_armed, waited = "payment_deadline" in state.commanded, history[0].kind is OrderPlaced
    is_settled = outcome in process.settled
    return (
        (outcome.value, net_effects(state)) == (expected.outcome, expected.effects)
        and is_armed == waited
        and is_settled == (expected.outcome != "awaiting_payment")
        and timers == ([_expected_timer(history[0])] if waited else [])
        and _say_what_is_audited(state, commands, history)
    )


def _expected_timer(placed: Fact) -> Timer:
    seconds = placed.fields["payment_timeout_seconds"]
    return Timer("payment_deadline", "PaymentTimedOut", timedelta(seconds=900 if seconds is None else seconds))


def _say_what_is_audited(state: State, commands: list[Command], history: tuple[Fact, ...]) -> bool:
    """Whether the last command for each effect is the one that brings its condition about."""
    last = {command.effect: (command.type, command.collaborator, command.fields) for command in commands}
    said = what_is_said(history)
    return all(last[effect] == said[effect, condition] for effect, condition in net_effects(state))


UNREACHED = "no input leads there: an order that is neither placed nor decided has received nothing"
VOIDED_BEFORE = "an order is refunded after it was paid or cancelled, and each of these had the request voided"
TRUE_CLAIM = "it is never taken back, so that to say that it can't be is true as well"
NOTHING_IS_TAKEN_BACK = "to say less of a refund that is never taken back changes nothing that it does"
NOTHING_TO_REFUND = "no payment came, so a selection of payments selects none"


def why_equivalent(mutant: Mutant) -> str | None:
    """Why a mutant is no other process; None for one that has to be noticed."""
    if mutant.change.startswith("(AWAITING_PAYMENT, UNPLACED) add "):
        return UNREACHED
    unpaid = ("(AWAITING_PAYMENT, ", "(EXPIRED, ", "(CANCELLED, ")
    if mutant.table == "wants" and mutant.change.startswith(unpaid) and " add refund " in mutant.change:
        return NOTHING_TO_REFUND
    return EQUIVALENT.get((mutant.table, mutant.change))


EQUIVALENT: Mapping[tuple[str, str], str] = {
    ("commands", "payment_request (VOIDED) toggle final"): TRUE_CLAIM,
    ("commands", "fulfilment (STOPPED) toggle final"): TRUE_CLAIM,
    ("commands", "refund (REFUNDED) toggle final"): NOTHING_IS_TAKEN_BACK,
    ("selections", "surplus by received_at"): "the payment id, which is the key, decides between equals anyway",
    ("wants", "(REFUNDED, UNPLACED) drop payment_request"): VOIDED_BEFORE,
    ("wants", "(REFUNDED, PLACED) drop payment_request"): VOIDED_BEFORE,
}


def judged(progress: Callable[[str], object] = lambda _line: None) -> list[tuple[Mutant, Noticed]]:
    """Every mutant, and who noticed it."""
    found = []
    for mutant in mutants():
        found.append((mutant, judge(mutant.draft)))
        progress(f"{found[-1][1].value:12} {mutant.table:10} {mutant.change}")
    return found


def table(found: list[tuple[Mutant, Noticed]]) -> str:
    """The share that each of those who look noticed, as a Markdown table."""
    counts = Counter((mutant.table, noticed) for mutant, noticed in found)
    tables = list(dict.fromkeys(mutant.table for mutant, _ in found))
    rows = [(name, [counts[name, who] for who in Noticed]) for name in tables]
    rows.append(("all", [sum(counts[name, who] for name in tables) for who in Noticed]))
    lines = ["| table | mutants | declaration | checker | auditor | equivalent |", "|---|---|---|---|---|---|"]
    lines += [f"| {name} | {sum(numbers)} | {' | '.join(map(str, numbers))} |" for name, numbers in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    result = judged(lambda line: sys.stdout.write(f"{line}\n"))
    sys.stdout.write(f"\n{table(result)}\n")
