"""Laws that functions have to keep, asked of the functions themselves on many values.

A reducer has to come to the same value in both orders of two inputs, and a repeat must change nothing. What reads
registers must answer whatever they hold, and the same when it is asked again. A selection of something final must only
grow. None may change what it gets: that is what the engine holds. Asking takes microseconds, so far more values are
asked than can be explored, and what needs five payments to show in an end state is seen with two.

A broken law alone is no divergence: nobody may look at the difference. So each comes with the facts that broke it, and
`saga.convergence.rounds` looks for a history in which it shows. What is asked is for `saga.convergence.inquiry`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from saga.convergence.finality import includes
from saga.convergence.findings import require_not_ours
from saga.convergence.functions import columns_of, is_expression, own_functions, selections_of
from saga.convergence.pools import Pools
from saga.convergence.sampling import Chance
from saga.core import ComputedField, DerivedColumn, Effect, Fact, Process, Reducer, Register
from saga.core.plain import is_same

_MOST_BEFORE: Final = 4
CHANGES: Final = "changes what it gets"
USES_UP: Final = "reads an iterator, such as a map, a generator or a file: whoever asks next finds less in it"
LEARNS: Final = "answers otherwise than before: it remembers what it was asked about meanwhile"
REMEMBERS: Final = "answers otherwise once its caches are emptied: it mixes up values that are equal, such as 1 and 1.0"


@dataclass(frozen=True, slots=True)
class LawBreak:
    """A law that a function broke, as a sentence, and the facts that show it."""

    sentence: str
    facts: tuple[Fact, ...]
    is_fault: bool = False
    """Whether it is wrong by itself, whoever looks: the function changed what it got, or mixes up what it was asked."""


Ask = Callable[[Sequence[Fact]], str | None]
"""Asks about these facts, in this order: a sentence if a law is broken."""
Answer = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A function and how it is asked. ``answer`` is None for a reducer.

    An answer has to grow by ``growth``; where it does not by ``turning``, a history may show a difference.
    """

    name: str
    function: Callable[..., Any]
    registers: Sequence[Register | Reducer]
    kinds: Sequence[type]
    ask: Ask
    answer: Answer | None = None
    growth: Callable[[Any, Any], bool] | None = None
    turning: Callable[[Any, Any], str | None] | None = None

    def call(self, facts: Sequence[Fact]) -> Any:
        """The value of the reducer after these facts, or the answer about what registers hold after them."""
        return self.value(held_after(self.registers, facts))

    def value(self, held: Mapping[str, Any]) -> Any:
        """The answer about what registers hold; for a reducer this itself."""
        return held if self.answer is None else self.answer(held)

    def begin(self) -> Mapping[str, Any]:
        """What registers hold before the first fact."""
        return held_after(self.registers, ())

    def taken(self, held: Mapping[str, Any], fact: Fact) -> Mapping[str, Any]:
        """What registers hold after one more fact."""
        changed = {one.name: one.apply(held[one.name], fact) for one in self.registers if fact.kind in one.inputs}
        return {**held, **changed}


def drawn_facts(pools: Pools, chance: Chance, kinds: Sequence[type]) -> tuple[Fact, ...]:
    """A few facts of these kinds."""
    facts: list[Fact] = []
    for _ in range(2 + chance.below(_MOST_BEFORE)):
        drawn = pools.draw(kinds[chance.below(len(kinds))], chance, facts, pools.instances[0])
        facts += [] if drawn is None else [drawn]
    return tuple(facts)


def copied(facts: Sequence[Fact]) -> list[Fact]:
    """The facts, for a function that may change what it gets."""
    return [Fact(fact.kind, deepcopy(fact.fields)) for fact in facts]


def questions_of(process: Process) -> Iterator[Question]:
    """What to ask of each function of the user's own, and of each expression whose answers may turn."""
    own = [function for function, _ in own_functions(process)]
    for question in (*_of_reducers(process), *readers_of(process)):
        if question.function in own or (question.turning and is_expression(question.function)):
            yield question


def _of_reducers(process: Process) -> Iterator[Question]:
    for register in process.registers:
        if isinstance(register, Reducer):
            kinds = _kinds(process, (register,))
            yield Question(register.name, register.reduce, (register,), kinds, _commutes(register))


def readers_of(process: Process) -> Iterator[Question]:
    """What reads registers: derived columns, computed fields of effects that exist once, and selections."""
    for column in columns_of(process):
        if isinstance(column, DerivedColumn):
            yield _about(process, column.name, column.judge, column.registers, _judged(column), turning=_turns)
    for effect, computed in _computed(process):
        growth = includes if computed.is_cumulative and _is_kept(effect) else None
        yield _about(process, computed.name, computed.compute, computed.registers, _computing(computed), growth=growth)
    for effect, how in selections_of(process):
        growth = _has_all if _is_kept(effect) else None
        registers = (how.register, *how.beside)
        yield _about(process, how.name, how.choose, registers, how.chosen, growth=growth, turning=_drops)


def _about(
    process: Process,
    name: str,
    function: Callable[..., Any],
    registers: Sequence[Register | Reducer],
    answer: Answer,
    **how: Any,
) -> Question:
    ask = _answers(name, registers, answer)
    return Question(name, function, registers, _kinds(process, registers), ask, answer, **how)


def _is_kept(effect: Effect) -> bool:
    """Whether the process alone decides, and can't undo."""
    return bool(effect.final) and effect.decided_by is None


def _turns(before: Any, after: Any) -> str | None:
    return None if before is after or before == after else f"{before!r} to {after!r}"


def _drops(before: frozenset[str], after: frozenset[str]) -> str | None:
    return None if before <= after else f"{len(before)} to {len(after)}"


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
            value = folded(reducer, reducer.start, before)
            both = folded(reducer, value, (one, other))
            turned = folded(reducer, value, (other, one))
            again = folded(reducer, both, (one, other))
        except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises
            require_not_ours(error)
            return f"{reducer.name} raises {type(error).__name__} for {names}"
        if not is_same([fact.fields for fact in facts], given):
            return f"{reducer.name} {CHANGES}, the fields of an input"
        if not is_same(both, turned):
            return f"{reducer.name} comes to another value when {names} come in the other order"
        return None if is_same(again, both) else f"{reducer.name} changes when {names} come again"

    return ask


def _answers(name: str, registers: Sequence[Register | Reducer], answer: Answer) -> Ask:
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


def _judged(column: DerivedColumn) -> Answer:
    return lambda held: column.value({}, held)


def _computing(field: ComputedField) -> Answer:
    return lambda held: field.value(held, None)


def _has_all(greater: frozenset[str], lesser: frozenset[str]) -> bool:
    return lesser <= greater


def held_after(registers: Sequence[Register | Reducer], facts: Sequence[Fact]) -> dict[str, Any]:
    """What registers hold after these facts; of two that contradict each other, the first."""
    takers = [(register, register.inputs) for register in registers]
    held: dict[str, Any] = {register.name: register.start for register in registers}
    for fact in facts:
        for register, inputs in takers:
            if fact.kind in inputs:
                held[register.name] = register.apply(held[register.name], fact)
    return held


def folded(register: Register | Reducer, start: Any, facts: Sequence[Fact]) -> Any:
    """What a register or reducer holds after these facts."""
    held = start
    for fact in facts:
        held = register.apply(held, fact)
    return held
