"""The functions of a declaration, and the numbers in their code.

A function with `total >= 1000` treats a thousand specially, so a thousand is worth a sample.
"""

from collections.abc import Callable, Collection, Iterator
from types import CodeType, FunctionType
from typing import Any

from saga.core import Column, DerivedColumn, Effect, Expression, Outcomes, Process, Reducer, Register, Selection

_DEEPEST = 3


def functions_about(
    process: Process, registers_by_type: Collection[Register | Reducer]
) -> Iterator[Callable[..., Any]]:
    """The user's functions that read or fold any of these registers."""
    yield from (one.reduce for one in registers_by_type if isinstance(one, Reducer))
    for column in columns_of(process):
        if isinstance(column, DerivedColumn) and _meet(column.registers, registers_by_type):
            yield column.judge
    for effect in process.effects:
        for template in effect.commands.values() if isinstance(effect, Effect) else ():
            yield from (one.compute for one in template.computed if _meet(one.registers, registers_by_type))
    for table in process.wanted:
        for wants in table.cells.values():
            for how in wants.values():
                if isinstance(how, Selection) and _meet((how.register, *how.beside), registers_by_type):
                    yield how.choose


def columns_of(process: Process) -> Iterator[Column]:
    """Every column of every table of a process, those of nested tables included."""
    waiting: list[Column] = [process.outcomes, *(column for table in process.wanted for column in table.columns)]
    known: list[Column] = []
    while waiting:
        column = waiting.pop()
        if not any(column is one for one in known):
            known.append(column)
            yield column
            waiting += column.columns if isinstance(column, Outcomes) else ()


def numbers_in(function: object, deepest: int = _DEEPEST) -> Iterator[int | float]:
    """The numbers in a function: in its code, behind names of its module, or in a function that it calls.

    Those of an expression are its constants.
    """
    if isinstance(function, Expression):
        yield from (value for _, _, value in function.constants if type(value) in (int, float))
        return
    if not isinstance(function, FunctionType):
        return
    held = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    for code in _codes(function.__code__):
        named = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
        for value in (*code.co_consts, *named, *held):
            if type(value) in (int, float):
                yield value
            elif deepest and value is not function:
                yield from numbers_in(value, deepest - 1)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _meet(some: Collection[Register | Reducer], others: Collection[Register | Reducer]) -> bool:
    return any(one in others for one in some)
