"""Obligations of the parts: sub-machines, registers and expressions are functions of the set of messages."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from saga.convergence.functions import columns_of, is_expression
from saga.convergence.proof.subject import Obstacle, Subject, computed_fields, selections_of
from saga.core import (
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Expression,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    Wanted,
)
from saga.core.expressions.fields import json_kinds

ORDER, REPEAT, PART, JOIN = "order", "repeat", "part", "register"
OWN, LAW, CLOCK, CAPACITY = "own function", "law", "clock", "capacity"
FEWEST_OF_MANY = 3
"""Entries that a register of many has room for."""

_COLUMNS = (SubMachine, DerivedColumn, Outcomes)
_KNOWN = frozenset(
    {Process, Register, Reducer, Wanted, Effect, Deadline, CommandTemplate, ComputedField, Selection, *_COLUMNS}
)


def machines_commute(subject: Subject) -> Iterator[Obstacle]:
    """A machine's state depends on the set of messages that it received: in each state, a then b is as b then a."""
    for machine in subject.process.machines:
        kinds = sorted(machine.inputs, key=lambda kind: kind.__name__)
        for state in machine.states:
            for one, other in combinations(kinds, 2):
                first, second = (_after(machine, state, *kinds) for kinds in ((one, other), (other, one)))
                if first is not second:
                    yield Obstacle(
                        ORDER,
                        f"sub-machine {machine.name}: from {state.name}, {one.__name__} then {other.__name__} leads to"
                        f" {first.name}, and the other way round to {second.name}",
                    )


def machines_know_repeats(subject: Subject) -> Iterator[Obstacle]:
    """A machine stays where it is when the same message comes again."""
    for machine in subject.process.machines:
        for kind in sorted(machine.inputs, key=lambda one: one.__name__):
            cells = {machine.move(state, kind): None for state in machine.states}
            for state in cells:
                if (target := machine.move(state, kind)) is not state:
                    says = f"{kind.__name__} leads to {state.name}, and again to {target.name}"
                    remedy = f"let the cell ({state.name}, {kind.__name__}) stay {state.name}"
                    yield Obstacle(REPEAT, f"sub-machine {machine.name}: {says}: {remedy}")


def _after(machine: SubMachine[Any], state: Any, *kinds: type) -> Any:
    for kind in kinds:
        state = machine.move(state, kind)
    return state


def parts_are_known(subject: Subject) -> Iterator[Obstacle]:
    """Everything declared is of saga's own classes: a subclass may move, store or command otherwise."""
    for what, part in _parts(subject):
        if type(part) not in _KNOWN:
            sentence = f"{what} is of a class of yours, {type(part).__qualname__}, which may behave otherwise"
            yield Obstacle(PART, f"{sentence}: use saga's own")


def _parts(subject: Subject) -> Iterator[tuple[str, object]]:
    process = subject.process
    yield f"process {process.name}", process
    yield from ((f"sub-machine {one.name}", one) for one in process.machines)
    yield from ((f"register {one.name}", one) for one in process.registers)
    yield from ((f"column {one.name}", one) for one in columns_of(process) if isinstance(one, _COLUMNS))
    yield from ((f"want table {number}", one) for number, one in enumerate(process.wanted, start=1))
    for effect in process.effects:
        yield effect.name, effect
    for effect in subject.effects:
        for template in effect.commands.values():
            yield f"{effect.name}: command {template.type}", template
            yield from ((f"{effect.name}: field {one.name}", one) for one in template.computed)
        for selection in selections_of(subject.table_of[effect], effect):
            yield f"{effect.name}: {selection.name}", selection


def registers_join(subject: Subject) -> Iterator[Obstacle]:
    """The key of a register has one JSON type, so that two entries never share a key unless they are the same."""
    correlate = subject.process.correlate
    for register in subject.process.registers:
        if not isinstance(register, Register):
            continue
        kinds = json_kinds(register.of, register.key) - ({"null"} if register.key == correlate else frozenset())
        if kinds not in ({"text"}, {"integer"}):
            yield Obstacle(
                JOIN,
                f"register {register.name}: its key {register.of.__name__}.{register.key} may be of several types or of"
                " none: declare it as a text or as an integer",
            )


def bounds_are_no_capacity(subject: Subject) -> Iterator[Obstacle]:
    """A register holds several entries, so that its bound is a protection, and does not decide who comes too late."""
    for register in subject.process.registers:
        if not isinstance(register, Register) or register.key == subject.process.correlate:
            continue
        if register.most < FEWEST_OF_MANY:
            yield Obstacle(
                CAPACITY,
                f"register {register.name} holds at most {register.most}, and which of more entries wait for a person"
                " depends on the order: raise its bound, and let an expression say how many count",
            )


def functions_are_known(subject: Subject) -> Iterator[Obstacle]:
    """Everything that is computed is an expression, whose laws are known, and not an own function."""
    for name, function in _functions(subject):
        if not is_expression(function):
            place = _place(function)
            yield Obstacle(OWN, f"{name} is computed by a function of yours, {place}: write it as an expression")


def _functions(subject: Subject) -> Iterator[tuple[str, Any]]:
    process = subject.process
    yield from ((f"reducer {one.name}", one.reduce) for one in process.registers if isinstance(one, Reducer))
    for column in columns_of(process):
        if isinstance(column, DerivedColumn):
            yield f"derived column {column.name}", column.judge
        elif not isinstance(column, SubMachine | Outcomes):
            yield f"column {column.name}", column.value
    for effect, one in computed_fields(process):
        yield f"{effect.name}: field {one.name}", one.compute
    for effect in subject.effects:
        for selection in selections_of(subject.table_of[effect], effect):
            yield f"{effect.name}: {selection.name}", selection.choose


def _expressions(subject: Subject) -> Iterator[tuple[str, Expression]]:
    yield from ((name, function) for name, function in _functions(subject) if is_expression(function))


def _place(function: Any) -> str:
    """Where a function stands, as module:line; its name where that is not known."""
    inner = getattr(function, "func", function)
    code = getattr(inner, "__code__", None)
    module = getattr(inner, "__module__", None)
    name = getattr(inner, "__qualname__", type(inner).__name__)
    return f"{name} ({module}:{code.co_firstlineno})" if code is not None else f"{name} of {module}"


def laws_hold(subject: Subject) -> Iterator[Obstacle]:
    """The laws of each expression hold for every value that the message classes admit."""
    for name, function in _expressions(subject):
        for sentence in function.obstacles:
            yield Obstacle(LAW, f"{name}: {sentence}")


def no_clock_is_read(subject: Subject) -> Iterator[Obstacle]:
    """Nothing that is compared or sent reads when a deadline was due: that depends on when it was armed."""
    for what, kind, field in _fields_used(subject):
        if subject.is_clock(kind, field):
            yield Obstacle(CLOCK, f"{what} {kind.__name__}.{field}, which says when a deadline was due")


def _fields_used(subject: Subject) -> Iterator[tuple[str, type, str]]:
    """Each field that is read, is a key or is carried: what does so, the message class, and the field."""
    for name, function in _expressions(subject):
        yield from ((f"{name} reads", register.of, field) for register, field in function.fields_read)
    for register in subject.process.registers:
        if isinstance(register, Register):
            yield f"register {register.name} is keyed by", register.of, register.key
    for effect in subject.effects:
        for template in effect.commands.values():
            if template.register is not None:
                yield from ((f"{template.type} carries", template.register.of, field) for field in template.fields)


def effects_differ(subject: Subject) -> Iterator[Obstacle]:
    """No two effects can send a collaborator the same command, unless that is meant."""
    done_once = [one for one in subject.effects if len(one.commands) == 1]
    for one, other in combinations(done_once, 2):
        if one.collaborator != other.collaborator or other in one.may_repeat or one in other.may_repeat:
            continue
        first, second = _command(one), _command(other)
        if first == second and first[1]:
            yield Obstacle(
                "sent twice",
                f"{one.name} and {other.name} both send {first[0]} to {one.collaborator} with the same fields: they may"
                " say the same; join them, or say that it is meant with may_repeat",
            )


def _command(effect: Effect) -> tuple[str, frozenset[str]]:
    (template,) = effect.commands.values()
    return template.type, frozenset((*template.fields, *(field.name for field in template.computed)))
