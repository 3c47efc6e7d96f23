"""The functions of a declaration, and the constants that they can reach.

A function with `total >= 1000` treats a thousand specially, so a thousand is worth a sample. A constant may be written
in the code, or stand behind a name: a default, a closure, a name of the module or an attribute of one, a container, an
enum, a field of an object, an argument of a partial, or the code of a function that is called.
"""

import dataclasses
import dis
import functools
import inspect
import math
import re
import sysconfig
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Context, Decimal
from enum import Enum
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from saga.core import (
    Column,
    DerivedColumn,
    Effect,
    Expression,
    Figure,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
)

Constant = int | float | str | Decimal

_DEEPEST: Final = 5
_MOST_DIGITS: Final = 15
"""Of a context for decimals whose greatest whole number is worth a sample."""
_MOST_ITEMS: Final = 60
_MOST_CONSTANTS: Final = 400
_OTHERS: Final = frozenset({"pydantic", "pydantic_core", "typing_extensions"})
"""Packages whose code says nothing about a declaration."""

_CACHE: Final = type(functools.lru_cache(len))
_CALLABLES: Final = (
    FunctionType,
    MethodType,
    classmethod,
    staticmethod,
    functools.partial,
    functools.partialmethod,
    _CACHE,
)
_PATTERN: Final = re.compile(r"\\[dwsSDW]|\[.+\]|[)\]][*+?{]|\.[*+]|^\^|\$$")
"""What a text has that may be a pattern."""
_LIBRARY: Final = sysconfig.get_path("stdlib")
_EXPRESSIONS: Final = f"{Expression.__module__.rpartition('.')[0]}."
_PURE: Final = (abs, all, any, bool, dict, float, frozenset, int, len, list, max, min, sorted, str, sum)
"""Builtins that depend on nothing but their arguments."""


def functions_about(
    process: Process, registers_by_type: Collection[Register | Reducer]
) -> Iterator[Callable[..., Any]]:
    """The user's functions that read or fold any of these registers."""
    yield from (one.reduce for one in registers_by_type if isinstance(one, Reducer))
    for function, registers in _readers(process):
        if _meet(registers, registers_by_type):
            yield function


def own_functions(process: Process) -> list[tuple[Callable[..., Any], tuple[Register | Reducer, ...]]]:
    """Each function of the user in the declaration, once, with the registers that it folds or reads."""
    folded: list[tuple[Callable[..., Any], tuple[Register | Reducer, ...]]] = [
        (one.reduce, (one,)) for one in process.registers if isinstance(one, Reducer)
    ]
    found: list[tuple[Callable[..., Any], tuple[Register | Reducer, ...]]] = []
    for function, registers in [*folded, *_readers(process)]:
        known = any(function is one and registers == others for one, others in found)
        if not known and not is_trusted(function):
            found.append((function, registers))
    return found


def rules_of(process: Process) -> list[Callable[..., Any]]:
    """The functions from which tables of outcomes were made."""
    return [one.rule for one in columns_of(process) if isinstance(one, Outcomes) and one.rule is not None]


def functions_of(process: Process) -> list[tuple[Callable[..., Any], tuple[Register | Reducer, ...]]]:
    """As ``own_functions``, and each expression: where a proof fails, a search has to look at both."""
    found = own_functions(process)
    for function, registers in _readers(process):
        if is_expression(function) and not any(function is one for one, _ in found):
            found.append((function, registers))
    return found


def selections_of(process: Process) -> list[tuple[Effect, Selection]]:
    """Each selection, once, with the effect that it is for."""
    found: list[tuple[Effect, Selection]] = []
    for table in process.wanted:
        for wants in table.cells.values():
            for effect, how in wants.items():
                if isinstance(how, Selection) and isinstance(effect, Effect) and (effect, how) not in found:
                    found.append((effect, how))
    return found


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


def numbers_in(function: object) -> Iterator[int | float]:
    """The numbers that a function can reach."""
    yield from (one for one in constants_in(function) if not isinstance(one, str | Decimal))


def constants_in(function: object) -> list[Constant]:
    """The numbers and texts that a function can reach, in an order that no hash decides; times as texts."""
    found: dict[tuple[type, str], Constant] = {}
    for value in _reach(function, _DEEPEST, set()):
        if (constant := _constant(value)) is not None:
            found.setdefault((type(constant), str(constant)), constant)
        if len(found) >= _MOST_CONSTANTS:
            break
    return sorted(found.values(), key=lambda one: (type(one).__name__, str(one)))


def patterns_in(function: object) -> list[str]:
    """The compiled patterns that a function can reach, and the texts that look like one."""
    compiled = [one.pattern for one in _reach(function, _DEEPEST, set()) if isinstance(one, re.Pattern)]
    texts = [one for one in constants_in(function) if isinstance(one, str) and _PATTERN.search(one)]
    return sorted({one for one in (*compiled, *texts) if isinstance(one, str)})


def code_reached(function: object) -> list[FunctionType]:
    """The functions that a function can call, itself among them; of the methods of a class, those that are named."""
    reached = [one for one in _reach(function, _DEEPEST, set()) if isinstance(one, FunctionType)]
    found: list[FunctionType] = []
    names = {"__call__", "__init__", "__post_init__", getattr(function, "__name__", "")}
    while new := [one for one in reached if one not in found and (not _is_member(one) or one.__name__ in names)]:
        found += new
        names |= {name for one in new for code in codes_of(one.__code__) for name in code.co_names}
    return [one for one in found if not _is_of_others(one)]


def names_in(function: object) -> frozenset[str]:
    """The names that the code of a function has, as texts or as attributes: those of the fields at which it looks."""
    named = {name for one in code_reached(function) for code in codes_of(one.__code__) for name in code.co_names}
    return frozenset({*named, *(one for one in constants_in(function) if isinstance(one, str))})


def caches_reached(function: object) -> list[Any]:
    """The caches of the standard library that a function can reach, such as those of ``lru_cache``."""
    return [one for one in _reach(function, _DEEPEST, set()) if type(one) is _CACHE]


def has_iterator(function: object) -> bool:
    """Whether a function can reach an iterator, which has less in it each time that somebody reads it."""
    return any(isinstance(one, Iterator) and not _is_output(one) for one in _reach(function, _DEEPEST, set()))


def _is_output(iterator: Any) -> bool:
    """Whether it is a stream for output, such as `sys.stderr`: nobody reads it. A closed one raises ValueError."""
    with suppress(ValueError, AttributeError):
        return bool(iterator.writable())
    return False


def _is_member(function: FunctionType) -> bool:
    owner = function.__qualname__.rpartition(".")[0]
    return bool(owner) and not owner.endswith("<locals>")


def _readers(process: Process) -> Iterator[tuple[Callable[..., Any], tuple[Register | Reducer, ...]]]:
    """The functions that read registers, with the registers."""
    for column in columns_of(process):
        if isinstance(column, DerivedColumn):
            yield column.judge, column.registers
    for effect in process.effects:
        for template in effect.commands.values() if isinstance(effect, Effect) else ():
            yield from ((one.compute, one.registers) for one in template.computed)
    yield from ((how.choose, (how.register, *how.beside)) for _, how in selections_of(process))


def is_trusted(function: object) -> bool:
    """Whether it is an expression, or a builtin that depends on its arguments alone."""
    return is_expression(function) or any(function is one for one in _PURE)


def is_expression(function: object) -> bool:
    """Whether it is made of saga's own expressions alone: a class of the user's own could claim any law."""
    if not isinstance(function, Expression) or not type(function).__module__.startswith(_EXPRESSIONS):
        return False
    return all(is_expression(part) for part in function.parts)


def _reach(value: object, deepest: int, seen: set[int]) -> Iterator[object]:
    """A value, and all that is behind it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int | float | str | Decimal | datetime | date | time):
        yield value
    elif value is not None and deepest and id(value) not in seen:
        seen.add(id(value))
        yield value
        for one in _behind(value):
            yield from _reach(one, deepest - 1, seen)


def _constant(value: object) -> Constant | None:
    """The number or text that a value is; None if it is neither."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Context):
        return 10**value.prec - 1 if value.prec <= _MOST_DIGITS else None
    if type(value) is str or (type(value) in (int, float, Decimal) and math.isfinite(value)):  # type: ignore[arg-type]
        return value  # type: ignore[return-value] # it is one of these
    return None


def _behind(value: object) -> Iterator[object]:
    """What stands directly behind a value: items, fields, arguments, members, or what its code names."""
    if isinstance(value, Expression):
        yield from _of_expression(value)
    elif isinstance(value, _CALLABLES):
        yield from _of_callable(value)
    elif isinstance(value, Mapping):
        for key in list(value)[:_MOST_ITEMS]:
            yield from (key, value[key])
    elif isinstance(value, list | tuple | set | frozenset):
        yield from sorted(value, key=repr)[:_MOST_ITEMS] if isinstance(value, set | frozenset) else value[:_MOST_ITEMS]
    elif isinstance(value, type):
        if not _is_of_others(value):
            named = vars(value).items()
            yield from [one for name, one in named if name == "__call__" or not name.startswith("__")][:_MOST_ITEMS]
    elif not isinstance(value, ModuleType) and not _is_of_others(type(value)):
        yield from _of_object(value)


def _of_expression(value: Expression) -> Iterator[object]:
    """The constants of an expression, those of its parts that belong to no field included; and a number below zero."""
    yield from (constant for _, _, constant in value.constants)
    yield from (getattr(value, "number", None), -1)
    for part in value.parts:
        yield from [part.value] if isinstance(part, Figure) and hasattr(part, "value") else _of_expression(part)


def _of_callable(value: Any) -> Iterator[object]:
    if isinstance(value, FunctionType):
        yield from _in_code(value)
    elif isinstance(value, functools.partial | functools.partialmethod):
        yield from (value.func, *value.args, *value.keywords.values())
    else:
        yield from (getattr(value, name, None) for name in ("__self__", "__func__", "__wrapped__"))


def _of_object(value: object) -> Iterator[object]:
    """The fields of an object, and its class: one that can be called, or whose methods are."""
    if dataclasses.is_dataclass(value):
        yield from (getattr(value, one.name, None) for one in dataclasses.fields(value))
    yield from list(getattr(value, "__dict__", {}).values())[:_MOST_ITEMS]
    yield type(value)


def _in_code(function: FunctionType) -> Iterator[object]:
    """What the code of a function has and names."""
    if _is_of_others(function):
        return
    yield from (cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell))
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for code in codes_of(function.__code__):
        yield from (one for one in code.co_consts if one != function.__doc__ and not isinstance(one, CodeType))
        yield from [-1] if _compares_with_zero(code) else []
        named = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
        yield from named
        held = [*named, *(cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell))]
        yield from _attributes(held, code.co_names)


def _attributes(objects: Collection[object], names: Collection[str]) -> Iterator[object]:
    """The attributes of these names, as in `limits.MOST`, without running the code of a property."""
    pending = [one for one in objects if hasattr(one, "__dict__") and not isinstance(one, FunctionType)]
    for _ in range(2):
        reached = [
            one
            for held in pending
            for name in names
            if (one := inspect.getattr_static(held, name, None)) is not None and not isinstance(one, property)
        ]
        yield from reached
        pending = [one for one in reached if hasattr(one, "__dict__")]


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """A code, and those of the functions in it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from codes_of(one)


def _compares_with_zero(code: CodeType) -> bool:
    """Whether values below zero are treated specially; a zero that is a start, an index or a length says nothing."""
    steps = list(dis.get_instructions(code))
    for number, step in enumerate(steps):
        before = [one for one in steps[max(number - 3, 0) : number] if one.opname.startswith("LOAD_")]
        has_zero = any(one.argval == 0 and type(one.argval) in (int, float) for one in before)
        if step.opname == "COMPARE_OP" and has_zero:
            return not any(one.argval == "len" for one in steps[max(number - 8, 0) : number])
    return False


def _is_of_others(value: object) -> bool:
    """Whether a class or a function comes from the standard library or from a package that declares no process."""
    module = str(getattr(value, "__module__", "builtins"))
    root, _, rest = module.partition(".")
    if root == "saga":
        return rest.startswith(("core", "convergence", "messages"))
    if root in _OTHERS:
        return True
    try:
        path = value.__code__.co_filename if isinstance(value, FunctionType) else inspect.getfile(value)  # type: ignore[arg-type]
    except (OSError, TypeError):  # a builtin
        return module != "__main__"
    return path.startswith(("<frozen", _LIBRARY)) and "site-packages" not in path


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _meet(some: Collection[Register | Reducer], others: Collection[Register | Reducer]) -> bool:
    return any(one in others for one in some)
