"""What the functions of a declaration answer about drawn contents, as text that can be compared between interpreters.

A function that depends on the order of a set or on `hash` answers alike in one interpreter. It is asked directly, about
far more contents than can be explored, and every interpreter draws the same ones. Half of them ask in the opposite
order: what a function remembers of one value, it must not say of another one that is equal.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from saga.convergence.functions import columns_of, names_in, own_functions, selections_of
from saga.convergence.laws import copied, drawn_facts, held_after
from saga.convergence.pools import Pools
from saga.convergence.sampling import SEED, Chance
from saga.core import ComputedField, DerivedColumn, Effect, Fact, Process, Reducer, Register, Selection

DRAWN: Final = 120
"""Sets of facts that each function is asked about."""

Held = Mapping[str, Any]
Registers = Sequence[Register | Reducer]
Question = tuple[str, Registers, Callable[[Held], Any]]
Prepared = tuple[Question, Sequence[tuple[Fact, ...]]]


def prepared(process: Process, templates: Sequence[Fact]) -> list[Prepared]:
    """Each function with the facts that it is to be asked about. ``templates`` are facts that the classes accept.

    Values come from constants that a function reaches, and it may change those when it is called. So nothing of the
    process may have been called before, or interpreters would ask about different facts.
    """
    own = [function for function, _ in own_functions(process)]
    if not own:
        return []
    pools = Pools(process, templates)
    made: list[Prepared] = []
    for function, question in _questions(process, own):
        kinds = [kind for kind in process.message_types.values() if any(kind in one.inputs for one in question[1])]
        chance = Chance(SEED)
        facts = [*_swept(pools, kinds, function), *(drawn_facts(pools, chance, kinds) for _ in range(DRAWN))]
        made.append((question, facts))
    return made


def answers(questions: Sequence[Prepared], *, backwards: bool) -> Iterator[tuple[str, str]]:
    """Each function with its answers."""
    for (name, registers, answer), asked in questions:
        answered = [_answer(registers, answer, facts) for facts in asked[:: -1 if backwards else 1]]
        yield name, json.dumps(answered[:: -1 if backwards else 1], default=repr)


def _swept(pools: Pools, kinds: Sequence[type], function: object) -> Iterator[tuple[Fact, ...]]:
    """Each value of each field that the function names, alone."""
    names = names_in(function)
    for kind in (one for one in kinds if pools.templates[one]):
        for name in (one for one in pools.fields(kind) if one in names):
            yield from ((fact,) for value in pools.values(kind, name) if (fact := pools.placed(kind, 0, {name: value})))


def _questions(process: Process, own: Sequence[Any]) -> Iterator[tuple[Any, Question]]:
    for function, question in (*_about_values(process), *_about_effects(process)):
        if function in own:
            yield function, question


def _about_values(process: Process) -> Iterator[tuple[Any, Question]]:
    for register in process.registers:
        if isinstance(register, Reducer):
            yield register.reduce, (f"reducer {register.name}", (register,), _folded)
    for column in columns_of(process):
        if isinstance(column, DerivedColumn):
            yield column.judge, (f"derived column {column.name}", column.registers, partial(_judged, column))


def _about_effects(process: Process) -> Iterator[tuple[Any, Question]]:
    for effect in process.effects:
        for template in effect.commands.values() if isinstance(effect, Effect) else ():
            for field in template.computed:
                yield field.compute, (f"{effect.name}: field {field.name}", field.registers, partial(_computed, field))
    for effect, how in selections_of(process):
        yield how.choose, (f"{effect.name}: {how.name}", (how.register, *how.beside), partial(_chosen, how))


def _folded(held: Held) -> Any:
    return list(held.values())


def _judged(column: DerivedColumn, held: Held) -> Any:
    return repr(column.value({}, held))


def _computed(field: ComputedField, held: Held) -> Any:
    return field.value(held, None)


def _chosen(selection: Selection, held: Held) -> Any:
    return sorted(selection.chosen(held))


def _answer(registers: Registers, answer: Callable[[Held], Any], facts: Sequence[Fact]) -> Any:
    """The answer about what registers hold after these facts; the kind of error if it raises."""
    try:
        return answer(held_after(registers, copied(facts)))
    except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises
        return f"raises {type(error).__name__}"
