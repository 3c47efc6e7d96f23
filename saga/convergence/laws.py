"""Laws that functions have to keep, asked of the functions themselves on many values.

A reducer has to come to the same value in both orders of two inputs, and a repeat must change nothing. What reads
registers must answer whatever they hold, and the same when it is asked again. A selection of something final must only
grow. None may change what it gets: that is what the engine holds. Asking takes microseconds, so far more values are
asked than can be explored, and what needs five payments to show in an end state is seen with two.

A broken law alone is no divergence: nobody may look at the difference. So each comes with the facts that broke it, and
`saga.convergence.rounds` looks for a history in which it shows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from saga.convergence.finality import includes
from saga.convergence.findings import require_not_ours
from saga.convergence.functions import columns_of, is_trusted, own_functions, selections_of
from saga.convergence.pools import Pools
from saga.convergence.sampling import Chance
from saga.core import ComputedField, DerivedColumn, Effect, Fact, Process, Reducer, Register
from saga.core.plain import is_same

TRIALS: Final = 500
"""Sets of facts that each function is asked about."""
_MOST_BEFORE: Final = 4
_MOST_BREAKS: Final = 4
"""Of one law, with different facts: not each of them shows in a history."""


CHANGES: Final = "changes what it gets"


@dataclass(frozen=True, slots=True)
class LawBreak:
    """A law that a function broke, as a sentence, and the facts that show it."""

    sentence: str
    facts: tuple[Fact, ...]
    is_fault: bool = False
    """Whether it is wrong by itself, whoever looks: the function changed what it got."""


Ask = Callable[[Sequence[Fact]], str | None]
"""Asks about these facts, in this order: a sentence if a law is broken."""


def broken_laws(process: Process, pools: Pools, chance: Chance) -> list[LawBreak]:
    """The laws that the functions of a process break, each with a few sets of facts, the smallest first."""
    found: list[LawBreak] = []
    for kinds, ask in _questions(process):
        broken: dict[str, list[LawBreak]] = {}
        for _ in range(TRIALS):
            facts = drawn_facts(pools, chance, kinds)
            # A function that changes what it gets must not change what the others get.
            given = [Fact(fact.kind, deepcopy(fact.fields)) for fact in facts]
            if facts and (sentence := ask(given)):
                known = broken.setdefault(sentence, [])
                known.append(LawBreak(sentence, facts, is_fault=CHANGES in sentence))
                if len(known) > _MOST_BREAKS * 4:
                    break
        for several in broken.values():
            found += sorted(several, key=lambda one: len(one.facts))[:_MOST_BREAKS]
    return found


def drawn_facts(pools: Pools, chance: Chance, kinds: Sequence[type]) -> tuple[Fact, ...]:
    """A few facts of these kinds."""
    facts: list[Fact] = []
    for _ in range(2 + chance.below(_MOST_BEFORE)):
        drawn = pools.draw(kinds[chance.below(len(kinds))], chance, facts, pools.instances[0])
        facts += [] if drawn is None else [drawn]
    return tuple(facts)


def _questions(process: Process) -> Iterator[tuple[Sequence[type], Ask]]:
    """What to ask, with the kinds of facts that it is about."""
    for register in process.registers:
        if isinstance(register, Reducer) and not is_trusted(register.reduce):
            yield _kinds(process, (register,)), _commutes(register)
    own = [function for function, _ in own_functions(process)]
    for column in columns_of(process):
        if isinstance(column, DerivedColumn) and column.judge in own:
            yield _kinds(process, column.registers), _answers(column.name, column.registers, _judged(column))
    for effect, field in _computed(process):
        if field.compute in own:
            growth = includes if field.is_cumulative and _is_kept(effect) else None
            yield from _about(process, field.name, field.registers, _computing(field), growth)
    for effect, how in selections_of(process):
        if how.choose in own:
            growth = _has_all if _is_kept(effect) else None
            yield from _about(process, how.name, (how.register, *how.beside), how.chosen, growth)


def _about(
    process: Process,
    name: str,
    registers: Sequence[Register | Reducer],
    answer: Callable[[Mapping[str, Any]], Any],
    growth: Callable[[Any, Any], bool] | None,
) -> Iterator[tuple[Sequence[type], Ask]]:
    kinds = _kinds(process, registers)
    yield kinds, _answers(name, registers, answer)
    if growth is not None:
        yield kinds, _grows(name, registers, answer, growth)


def _is_kept(effect: Effect) -> bool:
    """Whether the process alone decides, and can't undo."""
    return bool(effect.final) and effect.decided_by is None


def _computed(process: Process) -> Iterator[tuple[Effect, ComputedField]]:
    """The computed fields of effects that exist once; those of an entry need its key, and rounds ask them."""
    each = {id(effect) for effect, _ in selections_of(process)}
    for effect in process.effects:
        if isinstance(effect, Effect) and id(effect) not in each:
            for template in effect.commands.values():
                yield from ((effect, field) for field in template.computed)


def _kinds(process: Process, registers: Sequence[Register | Reducer]) -> Sequence[type]:
    heard = {kind for register in registers for kind in register.inputs}
    return [kind for kind in process.message_types.values() if kind in heard]


def _commutes(reducer: Reducer) -> Ask:
    """Whether the last two facts commute, and whether the last one, repeated, changes something."""

    def ask(facts: Sequence[Fact]) -> str | None:
        *before, one, other = facts if len(facts) > 1 else (*facts, facts[0])
        names = " and ".join(sorted({one.kind.__name__, other.kind.__name__}))
        given = deepcopy([fact.fields for fact in facts])
        try:
            value = _folded(reducer, reducer.start, before)
            both = _folded(reducer, value, (one, other))
            turned = _folded(reducer, value, (other, one))
            again = _folded(reducer, both, (one, other))
        except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises
            require_not_ours(error)
            return f"{reducer.name} raises {type(error).__name__} for {names}"
        if not is_same([fact.fields for fact in facts], given):
            return f"{reducer.name} {CHANGES}, the fields of an input"
        if not is_same(both, turned):
            return f"{reducer.name} comes to another value when {names} come in the other order"
        return None if is_same(again, both) else f"{reducer.name} changes when {names} come again"

    return ask


def _answers(name: str, registers: Sequence[Register | Reducer], answer: Callable[[Mapping[str, Any]], Any]) -> Ask:
    """Whether a function answers whatever its registers hold, and the same when it is asked again."""

    def ask(facts: Sequence[Fact]) -> str | None:
        try:
            held = held_after(registers, facts)
            known = deepcopy(held)
            is_steady = is_same(answer(held), answer(held))
            if not is_same(held, known):
                return f"{name} {CHANGES}, the contents of a register"
        except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises
            require_not_ours(error)
            return f"{name} raises {type(error).__name__}"
        return None if is_steady else f"{name} answers differently when asked again"

    return ask


def _grows(
    name: str,
    registers: Sequence[Register | Reducer],
    answer: Callable[[Mapping[str, Any]], Any],
    contains: Callable[[Any, Any], bool],
) -> Ask:
    """Whether an answer only grows with each further fact."""

    def ask(facts: Sequence[Fact]) -> str | None:
        try:
            before, after = answer(held_after(registers, facts[:-1])), answer(held_after(registers, facts))
        except Exception as error:  # noqa: BLE001 -- another question reports it
            require_not_ours(error)
            return None
        return None if contains(after, before) else f"{name} takes something back when {facts[-1].kind.__name__} comes"

    return ask


def _judged(column: DerivedColumn) -> Callable[[Mapping[str, Any]], Any]:
    return lambda held: column.value({}, held)


def _computing(field: ComputedField) -> Callable[[Mapping[str, Any]], Any]:
    return lambda held: field.value(held, None)


def _has_all(greater: frozenset[str], lesser: frozenset[str]) -> bool:
    return lesser <= greater


def held_after(registers: Sequence[Register | Reducer], facts: Sequence[Fact]) -> dict[str, Any]:
    """What registers hold after these facts; of two that contradict each other, the first."""
    return {
        register.name: _folded(register, register.start, [fact for fact in facts if fact.kind in register.inputs])
        for register in registers
    }


def _folded(register: Register | Reducer, start: Any, facts: Sequence[Fact]) -> Any:
    folded = start
    for fact in facts:
        folded = register.apply(folded, fact)
    return folded
