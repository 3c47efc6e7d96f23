"""Digests of a declaration: what a version of a process is, after its rows, rules and expressions were expanded.

All workers of one version have to decide alike. A table whose rows were built from a set, from `hash` or from the
environment may be another one in the next interpreter, and a table may be edited while its version stays. So each part
has a digest, and `saga.engine.declarations` compares them with those of the first worker of that version.

Bounds, and how long after being armed a deadline is due, are no part of it: they decide nothing, and may change while
the version stays. A function of the user counts by its name only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any, Final, Literal, get_args, get_origin

from saga.core.column import Column, DerivedColumn
from saga.core.effect import Deadline, Effect
from saga.core.fact import declared_fields, declared_type, is_message_class
from saga.core.process import Process
from saga.core.register import Reducer, Register
from saga.core.sub_machine import SubMachine
from saga.core.tables import Outcomes, Wanted

FORM: Final = 1
"""Of the digests. It is another number as soon as any declaration has other digests than before."""

_NAMED: Final = (SubMachine, Register, Reducer, DerivedColumn, Outcomes, Effect, Deadline)
"""What has a digest of its own, and is only named where others refer to it."""
_MAY_CHANGE: Final = frozenset({"most", "most_bytes", "after", "rule"})
"""A rule made the cells of its table, and these count."""


def digests_of(process: Process) -> dict[str, str]:
    """The digest of each part of a declaration, by what the part is, such as ``sub-machine payment``.

    They are equal in all interpreters, and for equal declarations only.
    """
    return {part: _digest(described) for part, described in _parts(process)}


def _parts(process: Process) -> Iterator[tuple[str, Any]]:
    settled = sorted(_word(one) for one in process.settled)
    inputs = {module: [kind.__name__ for kind in kinds] for module, kinds in process.inputs.items()}
    order = [one.name for one in (*process.registers, *process.effects)]
    yield "process", [process.name, process.correlate, inputs, settled, order]
    for name, kind in process.message_types.items():
        yield f"message {name}", _message(kind, ())
    for machine in process.machines:
        yield f"sub-machine {machine.name}", _parted(machine)
    for register in process.registers:
        yield f"register {register.name}", _parted(register)
    for column in _columns(process):
        if isinstance(column, DerivedColumn | Outcomes):
            yield f"column {column.name}", _parted(column)
    for number, table in enumerate(process.wanted, 1):
        yield f"table of wants {number}", _wants(table)
    for effect in process.effects:
        yield f"{'deadline' if isinstance(effect, Deadline) else 'effect'} {effect.name}", _parted(effect)
    if process.announces is not None:
        yield "announces", _parted(process.announces)


def _columns(process: Process) -> list[Column]:
    """All columns of all tables, nested ones too, each once; the table of outcomes is one of them."""
    found: list[Column] = []
    waiting: list[Column] = [process.outcomes, *(column for table in process.wanted for column in table.columns)]
    while waiting:
        column = waiting.pop()
        if column not in found:
            found.append(column)
            waiting += column.columns if isinstance(column, Outcomes) else ()
    return found


def _digest(described: Any) -> str:
    text = json.dumps(described, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _wants(table: Wanted) -> Any:
    """The cells of a table of wants. Within a cell the order counts: commands have their revisions in it."""
    cells = [
        [_described(joint), [[_described(effect), _described(how)] for effect, how in wants.items()]]
        for joint, wants in table.cells.items()
    ]
    return [[column.name for column in table.columns], _sorted(cells)]


def _described(value: Any) -> Any:
    """A value of a declaration as JSON; what has a digest of its own is only named."""
    if isinstance(value, _NAMED):
        return {"": type(value).__name__, "name": value.name}
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return _word(value)
    if isinstance(value, type) or (callable(value) and not is_dataclass(value)):
        return _name(value)
    if isinstance(value, Mapping):
        return _sorted([[_described(key), _described(one)] for key, one in value.items()])
    if isinstance(value, AbstractSet):
        return _sorted([_described(one) for one in value])
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_described(one) for one in value]
    return _parted(value)


def _parted(value: Any) -> Any:
    """A value by its parts: the fields of a dataclass, the attributes of another object, the text of a plain value."""
    if is_dataclass(value):
        parts = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in _MAY_CHANGE}
    elif not (parts := getattr(value, "__dict__", {})):
        return [_name(type(value)), str(value)]
    return {"": _name(type(value)), **{name: _described(part) for name, part in parts.items()}}


def _message(kind: type, outer: tuple[type, ...]) -> Any:
    """The fields of a message class: the type of each, its limits, and its default."""
    known = getattr(kind, "__pydantic_fields__", {})
    described = {}
    for name in sorted(declared_fields(kind)):
        field = known.get(name)
        limits = [] if field is None else [_described(field.metadata), _described(field.default)]
        described[name] = [_type(declared_type(kind, name), (*outer, kind)), *limits]
    return [_name(kind), described]


def _type(annotation: Any, outer: tuple[type, ...]) -> Any:
    """A type, in the same words whichever version of Python writes it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ["one of", *map(_described, inner)]
    if origin is not None:
        return [_name(origin), *[_type(one, outer) for one in inner]]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [_name(annotation), *map(_word, annotation)]
    if isinstance(annotation, type) and is_message_class(annotation) and annotation not in outer:
        return _message(annotation, outer)
    return _described(annotation)


def _word(member: Enum) -> str:
    return f"{type(member).__name__}.{member.name} {member.value!r}"


def _name(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or type(value).__qualname__)


def _sorted(described: list[Any]) -> list[Any]:
    return sorted(described, key=lambda one: json.dumps(one, sort_keys=True))
