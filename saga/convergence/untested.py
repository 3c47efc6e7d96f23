"""What no sample tried: types of inputs, values of a choice, and constants that the functions name."""

from collections.abc import Iterator, Sequence
from typing import Any

from saga.convergence.candidates import choices, fields_of
from saga.convergence.functions import Constant, constants_in, own_functions
from saga.core import Fact, Process

_MOST_NAMED = 12


def untested(process: Process, tried: Sequence[Fact]) -> Iterator[str]:
    """A plain sentence for each type, choice and constant without a sample."""
    for kind in process.message_types.values():
        facts = [fact for fact in tried if fact.kind is kind]
        if not facts:
            yield f"{kind.__name__} has no sample"
        elif process.registers_by_type[kind]:
            for name, field in fields_of(kind).items():
                known = [fact.fields[name] for fact in facts]
                if missing := [one for one in choices(field) if one not in known]:
                    yield f"{kind.__name__}.{name} is {_listed(missing)} in no sample"
    yield from _constants(process, tried)


def _constants(process: Process, tried: Sequence[Fact]) -> Iterator[str]:
    """The numbers that functions name, and that neither a sample of theirs nor how many there are comes up to."""
    for function, registers in own_functions(process):
        heard = {kind for register in registers for kind in register.inputs}
        facts = [fact for fact in tried if fact.kind in heard]
        values = [len(facts), *(one for fact in facts for one in _scalars(fact.fields))]
        missing = [one for one in _named(function) if not any(_meets(one, value) for value in values)]
        if missing:
            name = getattr(function, "__name__", type(function).__name__)
            yield f"the function {name} names {_listed(missing)}, which is in no sample"


def _named(function: object) -> list[Constant]:
    """The numbers above one; smaller ones are indexes and steps, and texts are mostly keys and messages."""
    numbers = [one for one in constants_in(function) if not isinstance(one, str)]
    return [one for one in numbers if abs(float(one)) > 1]


def _meets(constant: Any, value: Any) -> bool:
    try:
        return type(value) is not bool and abs(float(value)) >= abs(float(constant))
    except (TypeError, ValueError, OverflowError):
        return False


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _scalars(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _scalars(one)
    else:
        yield value


def _listed(values: Sequence[Any]) -> str:
    shown = ", ".join(map(repr, values[:_MOST_NAMED]))
    return f"{shown} and {len(values) - _MOST_NAMED} more" if len(values) > _MOST_NAMED else shown
