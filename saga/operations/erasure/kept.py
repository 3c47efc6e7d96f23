"""What an erasure keeps: the fields that a process may still read, by the reason for it. Pure.

A settled instance still answers late messages, so every field that its tables, keys or commands read has to stay. The
declaration says which, and so do its expressions. A function of the user's own may read any field of the registers that
it gets, so all of their fields stay; so does the whole value of a reducer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from saga.core import (
    Column,
    Deadline,
    DerivedColumn,
    Effect,
    Expression,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
)
from saga.core.announces import ALREADY_SAID
from saga.core.fact import declared_fields
from saga.operations.read_only import read_only

Reasons = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays.

    ``fields`` gives for each message type the fields that stay, each with who reads it. ``commands`` gives for each
    type of command the fields that the process puts into it; ``announced`` are those of an announcement. ``reducers``
    are kept whole.
    """

    fields: Mapping[str, Reasons]
    commands: Mapping[str, frozenset[str]]
    reducers: tuple[str, ...]
    announced: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        read_only(self, "fields", "commands")

    def of(self, message_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What stays of the data of a message."""
        fields = self.fields.get(message_type, {})
        return {name: value for name, value in data.items() if name in fields}


def kept(process: Process) -> Kept:
    """What an erasure of an instance of this process keeps."""
    fields: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind, name, why in _reads(process):
        if why not in fields[kind.__name__][name]:
            fields[kind.__name__][name].append(why)
    return Kept(
        {kind: {name: tuple(whys) for name, whys in names.items()} for kind, names in fields.items()},
        _commands(process),
        tuple(one.name for one in process.registers if isinstance(one, Reducer)),
        frozenset({process.correlate, *ALREADY_SAID, *(process.announces.fields if process.announces else ())}),
    )


def _commands(process: Process) -> dict[str, frozenset[str]]:
    always = frozenset({process.correlate, "effect", "revision"})
    commands: dict[str, frozenset[str]] = {}
    for effect in process.effects:
        for sends in effect.commands.values() if isinstance(effect, Effect) else ():
            fields = {*sends.fields, *(one.name for one in sends.computed)}
            commands[sends.type] = commands.get(sends.type, always) | fields
    return commands


def _reads(process: Process) -> Iterator[tuple[type, str, str]]:
    """Each field that is read: its message class, its name, and who reads it."""
    for kind in process.message_types.values():
        yield kind, process.correlate, "finds the instance"
    for one in process.registers:
        if isinstance(one, Register):
            yield one.of, one.key, f"key of {one.name}"
    for effect in process.effects:
        yield from _of_deadline(effect) if isinstance(effect, Deadline) else _of_effect(effect)
    for table in process.wanted:
        yield from _of_columns(table.columns)
        for cell in table.cells.values():
            for how in cell.values():
                yield from _of_selection(how) if isinstance(how, Selection) else ()
    yield from _of_columns((process.outcomes,))
    if (announces := process.announces) is not None and announces.register is not None:
        yield from ((announces.register.of, name, "announced") for name in announces.fields)


def _of_deadline(deadline: Deadline) -> Iterator[tuple[type, str, str]]:
    if deadline.override is not None:
        register, name = deadline.override
        yield register.of, name, f"deadline {deadline.name}"


def _of_effect(effect: Effect) -> Iterator[tuple[type, str, str]]:
    for sends in effect.commands.values():
        if sends.register is not None:
            yield from ((sends.register.of, name, f"sent in {sends.type}") for name in sends.fields)
        for one in sends.computed:
            yield from _of_function(one.compute, one.registers, f"{one.name} of {sends.type}")


def _of_selection(selection: Selection) -> Iterator[tuple[type, str, str]]:
    if selection.reads is None:
        yield from _all_of((selection.register,), f"{selection.name} may read it")
    else:
        yield from ((selection.register.of, name, selection.name) for name in selection.reads)
    if isinstance(selection.choose, Expression):
        yield from _of_function(selection.choose, selection.beside, selection.name)
    else:
        yield from _all_of(selection.beside, f"{selection.name} may read it")


def _of_columns(columns: Iterable[Column]) -> Iterator[tuple[type, str, str]]:
    for column in columns:
        if isinstance(column, Outcomes):
            yield from _of_columns(column.columns)
        elif isinstance(column, DerivedColumn):
            yield from _of_function(column.judge, column.registers, column.name)


def _of_function(
    function: Callable[..., Any], registers: Iterable[Register | Reducer], name: str
) -> Iterator[tuple[type, str, str]]:
    """The fields that an expression reads; of a function of the user's own, all that it gets."""
    if isinstance(function, Expression):
        yield from ((register.of, field, name) for register, field in function.fields_read)
    else:
        yield from _all_of(registers, f"{name} may read it")


def _all_of(registers: Iterable[Register | Reducer], why: str) -> Iterator[tuple[type, str, str]]:
    for one in registers:
        if isinstance(one, Register):
            yield from ((one.of, name, why) for name in sorted(declared_fields(one.of)))
