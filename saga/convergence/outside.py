"""What a function asks beyond what it gets: a clock, chance, or the environment.

Such a function answers the same as long as nobody looks: until midnight, until the next year, or on this machine. So it
isn't asked. Its code is read, and that of the functions that it can call: what a chain of names such as `datetime.now`
stands for. A function that only parses or computes times names nothing of the kind.
"""

import builtins
import dis
import getpass
import importlib
import logging
import os
import platform
import random
import secrets
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from saga.convergence.findings import Finding, Kind
from saga.convergence.functions import code_reached, codes_of, own_functions, rules_of
from saga.core import Process

_MODULES: Final = {
    time: ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"),
    uuid: ("uuid1", "uuid4", "getnode"),
    os: ("environ", "environb", "getenv", "getenvb", "urandom", "getpid", "getrandom", "getcwd", "getlogin", "uname"),
    getpass: ("getuser",),
    logging: ("makeLogRecord", "LogRecord"),
    platform: ("node", "system", "machine", "platform", "uname", "release", "python_version"),
    socket: ("gethostname", "getfqdn"),
    secrets: ("token_bytes", "token_hex", "token_urlsafe", "choice", "randbelow", "randbits", "SystemRandom"),
}
_NOW: Final = frozenset({"now", "utcnow", "today"})
_UNLESS_GIVEN: Final = (time.gmtime, time.localtime, time.ctime, time.asctime, random.Random)
"""What asks the clock or chance only without arguments; `strftime` has the format as one."""

_LOADS: Final = frozenset({"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF", "LOAD_CLASSDEREF"})
_STORES: Final = frozenset({"STORE_FAST", "STORE_DEREF", "STORE_NAME"})
_GLOBALS: Final = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_ATTRIBUTES: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"})
_FILLERS: Final = frozenset({"PRECALL", "PUSH_NULL", "CACHE"})
_NOTHING: Final = object()


def about_outside(process: Process) -> Iterator[Finding]:
    """One finding for each function of the user that asks a clock, chance or the environment."""
    for function in (*(one for one, _ in own_functions(process)), *rules_of(process)):
        calls = dict.fromkeys(asked_outside(function))
        if calls:
            name = getattr(function, "__name__", type(function).__name__)
            sentence = (
                f"the function {name} asks {', '.join(calls)}: the same facts come to something else at another time,"
                " on another machine, or when they are asked again; what it needs belongs in an input"
            )
            yield Finding(Kind.DEPENDS_ON_MORE, sentence, ())


def asked_outside(function: Any) -> Iterator[str]:
    """What a function can reach that is no function of what it gets, such as ``datetime.now``."""
    if isinstance(function, partial):
        for given in (function.func, *function.args, *function.keywords.values()):
            yield from _named(given)
    for reached in code_reached(function):
        cells = dict(zip(reached.__code__.co_freevars, reached.__closure__ or (), strict=False))
        held = {name: value for name, cell in cells.items() if (value := _content(cell)) is not _NOTHING}
        for value in (*(reached.__defaults__ or ()), *(reached.__kwdefaults__ or {}).values(), *held.values()):
            yield from _named(value)
        for code in codes_of(reached.__code__):
            yield from _in_code(code, reached, held)


def _in_code(code: CodeType, function: FunctionType, held: dict[str, Any]) -> Iterator[str]:
    """What the chains of names in a code stand for."""
    known = dict(held)
    value: Any = _NOTHING
    steps = [step for step in dis.get_instructions(code) if step.opname not in _FILLERS]
    for number, step in enumerate(steps):
        name = str(step.argval)
        if step.opname in _GLOBALS:
            value = function.__globals__.get(name, getattr(builtins, name, _NOTHING))
        elif step.opname in _LOADS:
            value = known.get(name, _NOTHING)
        elif step.opname == "IMPORT_NAME":
            value = _module(name, is_whole=steps[number - 1].argval is None)
        elif step.opname in _ATTRIBUTES:
            value = _attribute(value, name)
        elif step.opname in _STORES:
            known[name] = value
            value = _module_before(steps, number)
            continue
        else:
            value = _NOTHING
        yield from _named(value)
        following = steps[number + 1] if number + 1 < len(steps) else None
        is_bare = following is not None and following.opname == "CALL" and following.arg == 0
        if is_bare and any(value is one for one in _UNLESS_GIVEN):
            yield f"{value.__module__}.{value.__name__}"


def _module_before(steps: list[dis.Instruction], number: int) -> Any:
    """The module that several names are imported from, after one of them was stored."""
    if number + 1 < len(steps) and steps[number + 1].opname == "IMPORT_FROM":
        names = [one.argval for one in steps[:number] if one.opname == "IMPORT_NAME"]
        return _module(names[-1], is_whole=False) if names else _NOTHING
    return _NOTHING


def _module(name: str, *, is_whole: bool) -> Any:
    """A module that was imported by now; ``import a.b`` gives the whole of ``a``."""
    with suppress(ImportError, ValueError):
        if (root := name.partition(".")[0]) in {"time", "datetime", "random", "uuid", "secrets", "os"}:
            return importlib.import_module(root if is_whole else name)
    return _NOTHING


def _attribute(value: Any, name: str) -> Any:
    """An attribute of a module or a class; of nothing else, because that might run code."""
    return getattr(value, name, _NOTHING) if isinstance(value, ModuleType | type) else _NOTHING


def _named(value: Any) -> Iterator[str]:
    """The name of a value that is a clock, chance or the environment."""
    for module, names in _MODULES.items():
        yield from (f"{module.__name__}.{name}" for name in names if getattr(module, name, _NOTHING) is value)
    owner, name = getattr(value, "__self__", None), getattr(value, "__name__", "")
    if isinstance(value, random.Random) or isinstance(owner, random.Random):
        yield f"random.{name}" if name else "a random generator"
    elif value is random.SystemRandom and value is not getattr(secrets, "SystemRandom", None):
        yield "random.SystemRandom"
    elif isinstance(owner, type) and issubclass(owner, date) and name in _NOW:
        yield f"{'datetime' if issubclass(owner, datetime) else 'date'}.{name}"


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return _NOTHING
