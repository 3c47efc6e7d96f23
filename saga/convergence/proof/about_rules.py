"""The obligation of rules: a table that a rule made is the same wherever and whenever it is made."""

import builtins
import dis
from collections.abc import Iterator
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any, Final

from saga.convergence.functions import code_reached, codes_of, rules_of
from saga.convergence.outside import asked_outside
from saga.convergence.proof.subject import Obstacle, Subject

RULE: Final = "rule"
_SET: Final = "some item of a set, whose order differs between interpreters"
_BUILDS: Final = frozenset({"BUILD_SET", "SET_ADD", "SET_UPDATE"})
_HASHING: Final = (set, frozenset, hash, id)
_IN_ORDER: Final = frozenset({"next", "iter", "pop", "list", "tuple", "enumerate", "join"})
"""What takes one item before another."""
_FILLERS: Final = frozenset({"PRECALL", "PUSH_NULL", "CACHE"})


def rules_make_one_table(subject: Subject) -> Iterator[Obstacle]:
    """A rule asks no clock, chance or environment, and takes no item of a set before another."""
    for rule in rules_of(subject.process):
        reasons = dict.fromkeys(asked_outside(rule))
        if any(_takes_of_a_set(one) for one in code_reached(rule)):
            reasons[_SET] = None
        if reasons:
            name = getattr(rule, "__qualname__", type(rule).__name__)
            sentence = f"the rule {name} uses {', '.join(reasons)}: another start may make another table; give rows"
            yield Obstacle(RULE, sentence)


def _takes_of_a_set(function: FunctionType) -> bool:
    """Whether a function has a set for anything but `in`, and something that takes items in order."""
    codes = list(codes_of(function.__code__))
    return any(_IN_ORDER & {*code.co_names} for code in codes) and any(_has_set(code, function) for code in codes)


def _has_set(code: CodeType, function: FunctionType) -> bool:
    steps = [step for step in dis.get_instructions(code) if step.opname not in _FILLERS]
    return any(_is_set(step, function) and after.opname != "CONTAINS_OP" for step, after in pairwise(steps))


def _is_set(step: dis.Instruction, function: FunctionType) -> bool:
    value: Any = step.argval
    if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
        value = function.__globals__.get(step.argval, getattr(builtins, str(step.argval), None))
    elif step.opname == "LOAD_DEREF":
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
        value = cells[step.argval].cell_contents if step.argval in cells else None
    elif step.opname != "LOAD_CONST":
        return step.opname in _BUILDS
    return isinstance(value, set | frozenset) or any(value is one for one in _HASHING)
