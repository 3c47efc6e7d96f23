"""The problems in the declaration of a process, as sentences that say where each is and what to write there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import Enum
from numbers import Number
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NewType, Union, get_args, get_origin

from saga.core.announces import about_announces
from saga.core.column import DerivedColumn
from saga.core.effect import CommandTemplate, Deadline, Effect, Selection
from saga.core.expressions.base import Expression
from saga.core.expressions.excess import EntryFigure
from saga.core.fact import declared_fields, declared_type
from saga.core.identifier import IDENTIFIER_RULE, MAX_BYTES, is_identifier, is_short
from saga.core.register import Register
from saga.core.routing import first_word
from saga.core.sub_machine import SubMachine
from saga.core.tables import Outcomes, Wanted
from saga.core.words import is_among

if TYPE_CHECKING:
    from saga.core.column import Column
    from saga.core.process import Process


NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,50}")
TAKEN_NAMES: Final = ("relay", "undelivered")
LONGEST_PREFIX: Final = 41
"""In characters: a prefix that may precede the name of a queue, and a dot."""
_ONE_TYPE: Final = "declare it as a text or as an integer, not as both, and a key not as optional"
WILDCARDS: Final = re.compile(r"[\s*#]")


def problems(process: Process) -> Iterator[str]:
    """Every problem of the declaration, the most helpful first."""
    yield from _about_name(process)
    yield from _doubles(process)
    yield from _different_ones(process)
    yield from _about_words(process)
    yield from _about_wire(process)
    yield from _about_tables(process)
    yield from _about_inputs(process)
    yield from _about_machines(process)
    for effect in process.effects:
        yield from _about_effect(process, effect)
    yield from about_announces(process)


def _about_name(process: Process) -> Iterator[str]:
    """The process's name also names a queue and a module; some names are in use already."""
    if not NAME.fullmatch(process.name):
        yield "the name has to be small letters, digits, - and _, with a letter first: it names a queue and a module"
    if process.name in TAKEN_NAMES:
        yield f"the name {process.name} is taken by the service itself"
    if process.name in process.collaborators:
        yield f"the name {process.name} is that of a collaborator: both would read one queue"


def _doubles(process: Process) -> Iterator[str]:
    named = {
        "input": [kind.__name__ for kinds in process.inputs.values() for kind in kinds],
        "sub-machine": [machine.name for machine in process.machines],
        "register": [register.name for register in process.registers],
        "effect": [effect.name for effect in process.effects],
    }
    for what, names in named.items():
        yield from (f"there are two of the {what} {name}" for name, times in Counter(names).items() if times > 1)


def is_adopted(one: Any, known: Iterable[Any]) -> bool:
    """Whether this is one of the known declarations: the same one, or one that is equal to it in all it says.

    Python calls 1 and 1.0 equal, and members of two StrEnums; these are not the same declaration.
    """
    return any(
        one is other or (one == other and repr(one) == repr(other) and _has_same_start(one, other)) for other in known
    )


def _has_same_start(one: Any, other: Any) -> bool:
    return type(getattr(one, "start", None)) is type(getattr(other, "start", None))


def _different_ones(process: Process) -> Iterator[str]:
    """Different derived columns, or different selections, with one name: nobody could tell which is meant."""
    known: dict[tuple[str, str], Any] = {}
    columns = [one for one in _columns(process.outcomes, *process.wanted) if isinstance(one, DerivedColumn)]
    wants = [wants for table in process.wanted for wants in {id(one): one for one in table.cells.values()}.values()]
    selections = [how for each in wants for how in each.values() if isinstance(how, Selection)]
    named: list[tuple[str, Any]] = [("derived column", one) for one in columns]
    named += [("selection", one) for one in selections]
    for what, one in named:
        other = known.setdefault((what, one.name), one)
        if other is not one and not _is_same_choice(one, other):
            yield f"there are two different ones of the {what} {one.name!r}: give each a name of its own"
            return


def _is_same_choice(one: Any, other: Any) -> bool:
    """Whether both say the same. Selections may differ in the condition; equal expressions say the same."""
    if isinstance(one, Selection) and isinstance(other, Selection):
        return (
            one.register == other.register
            and one.reads == other.reads
            and one.beside == other.beside
            and (one.choose is other.choose or (isinstance(one.choose, Expression) and one.choose == other.choose))
        )
    return is_adopted(one, [other])


def _about_words(process: Process) -> Iterator[str]:
    """States, outcomes and conditions are stored by their values."""
    named = [state for machine in process.machines for state in machine.states] + list(process.outcomes.states)
    named += [condition for effect in process.effects if isinstance(effect, Effect) for condition in effect.commands]
    for one in named:
        if type(one.value) is not str:
            yield f"{one} has the value {one.value!r}: give it a word, by which it is stored and shown"
        elif type(one)(one.value) is not one:
            yield f"{one} is stored as {one.value!r}, which is read back as {type(one)(one.value)}"


def _about_wire(process: Process) -> Iterator[str]:
    """Names become routing keys, message types and queues; a name that does not fit there can't be sent."""
    for name in process.collaborators:
        if not is_identifier(name) or WILDCARDS.search(name) or not is_short(f"{'p' * LONGEST_PREFIX}.{name}"):
            yield f"the collaborator {name!r:.60} can't have a queue: name it shortly, without spaces, * and #"
    keys = [(first_word(module), kind.__name__) for module, kinds in process.inputs.items() for kind in kinds]
    for effect in process.effects:
        if isinstance(effect, Effect):
            types = {template.type: None for template in effect.commands.values()}
            keys += [(effect.collaborator, one) for one in types]
            for one in types:
                if not is_identifier(one) or "." in one or WILDCARDS.search(one):
                    yield f"the command {one!r:.60} can't be routed: name it shortly, without spaces, dots, * and #"
        else:
            keys.append(("scheduler", effect.emits.__name__))
        if not is_identifier(effect.name):
            yield f"the name {effect.name!r:.60} can't be sent: it takes {IDENTIFIER_RULE}"
    for word, type_ in dict.fromkeys(keys):
        if not is_identifier(type_) or not is_short(f"{word}.{type_}"):
            yield f"{type_!r:.60} of {word:.60} takes a routing key of over {MAX_BYTES} bytes: shorten the names"


def _about_inputs(process: Process) -> Iterator[str]:
    for kind in process.message_types.values():
        if not process.machines_by_type[kind] and not process.registers_by_type[kind]:
            yield f"no sub-machine consumes {kind.__name__}, and no register keeps it"
        if process.correlate not in declared_fields(kind):
            yield f"{kind.__name__} has no field {process.correlate}: nothing says which instance it is about"
        elif _is_ambiguous(declared_type(kind, process.correlate), has_value=True):
            yield f"{kind.__name__}.{process.correlate} names the instance: {_ONE_TYPE}"


def _about_machines(process: Process) -> Iterator[str]:
    consumed = set(process.message_types.values())
    for one in (*process.machines, *process.registers):
        for kind in sorted(one.inputs - consumed, key=lambda missing: missing.__name__):
            yield f"{kind.__name__} of {one.name!r} comes from no module"
    for register in process.registers:
        if isinstance(register, Register) and register.key not in declared_fields(register.of):
            yield f"register {register.name} is keyed by {register.key}, which {register.of.__name__} does not have"
        elif isinstance(register, Register) and _is_ambiguous(
            declared_type(register.of, register.key), has_value=register.key == process.correlate
        ):
            yield f"register {register.name} is keyed by {register.of.__name__}.{register.key}: {_ONE_TYPE}"


def _is_ambiguous(declared: Any, *, has_value: bool) -> bool:
    """Whether several values of this type are one text as a key: an absent one and 'None', or 1 and '1'.

    A field that correlates always ``has_value``: a message may leave it to its subject, and is refused without one.
    """
    if get_origin(declared) is Annotated:
        return _is_ambiguous(get_args(declared)[0], has_value=has_value)
    if get_origin(declared) not in {Union, UnionType}:
        return False
    kinds = {one for one in get_args(declared) if get_origin(one) is None and isinstance(one, type)}
    return (NoneType in kinds and not has_value) or {str, int} <= kinds or {str, float} <= kinds


def _about_tables(process: Process) -> Iterator[str]:
    for table in _tables(process.outcomes, *process.wanted):
        for name, times in Counter(column.name for column in table.columns).items():
            if times > 1:
                yield f"{times} columns of one table are called {name}: give each outcomes(...) a name of its own"
    for column in _columns(process.outcomes, *process.wanted):
        if isinstance(column, SubMachine) and not is_adopted(column, process.machines):
            yield (
                f"a table looks at the sub-machine {column.name}, which is none of the machines: name it there, or the"
                " process that has it among the children"
            )
        for register in getattr(column, "registers", ()):
            if register not in process.registers:
                yield f"{column.name} looks at the register {register.name}, which the process does not keep"
        yield from _about_only(process, column.name, getattr(column, "judge", None))
    for outcome in _sorted(_others(process.settled, process.outcomes.states)):
        yield f"settled names {outcome.name}, which no cell of the outcomes has"


def _tables(*tables: Outcomes | Wanted) -> Iterator[Outcomes | Wanted]:
    """The tables, and the tables that are columns of them."""
    for table in tables:
        yield table
        yield from _tables(*(column for column in table.columns if isinstance(column, Outcomes)))


def _columns(*tables: Outcomes | Wanted) -> Iterator[Column]:
    for table in _tables(*tables):
        yield from table.columns


def _about_effect(process: Process, effect: Effect | Deadline) -> Iterator[str]:
    tables = [table for table in process.wanted if any(effect in wants for wants in table.cells.values())]
    if len(tables) > 1:
        yield f"two tables want {effect.name}: one has to decide"
    needed = effect.emits if isinstance(effect, Deadline) else effect.decided_by
    if needed is not None and needed not in process.message_types.values():
        verb = "emits" if isinstance(effect, Deadline) else "is decided by"
        yield f"{effect.name} {verb} {needed.__name__}, which comes from no module"
    if "/" in effect.name:
        yield f"{effect.name} has a / in its name, which stands before the key of an entry"
    if isinstance(effect, Effect):
        yield from _about_commands(process, effect)
    else:
        yield from _about_time(process, effect)
    for table in tables:
        for how in {id(wants[effect]): wants[effect] for wants in table.cells.values() if effect in wants}.values():
            if isinstance(effect, Effect) and isinstance(how, Selection):
                yield from _about_selection(process, effect, how)
            elif isinstance(effect, Effect) and isinstance(how, Enum):
                yield from _about_single(process, effect, effect.commands[how])


def _about_time(process: Process, deadline: Deadline) -> Iterator[str]:
    if deadline.after < timedelta():
        yield f"{deadline.name} is due {-deadline.after} before it is armed"
    if deadline.override is None:
        return
    register, field = deadline.override
    if register not in process.registers:
        yield f"{deadline.name} reads the register {register.name}, which the process does not keep"
    if field not in declared_fields(register.of):
        yield f"{deadline.name} takes its seconds from {field}, which {register.of.__name__} does not have"
    elif not _can_be_seconds(declared_type(register.of, field)):
        yield (
            f"{deadline.name} takes its seconds from {field}, which is no number in {register.of.__name__}: declare it"
            " as int, float or Decimal"
        )


def _can_be_seconds(declared: Any) -> bool:
    """Whether a field of this type can hold a number; a type that is not known here can."""
    origin, inner = get_origin(declared), get_args(declared)
    if declared is Any or declared is object:
        return True
    if origin is Annotated:
        return _can_be_seconds(inner[0])
    if origin in {Union, UnionType}:
        return all(one is NoneType or _can_be_seconds(one) for one in inner)
    if origin is Literal:
        return all(one is None or type(one) in (int, float) for one in inner)
    if isinstance(declared, NewType):
        return _can_be_seconds(declared.__supertype__)
    if origin is not None or not isinstance(declared, type):
        return origin is None
    return issubclass(declared, Number) and not issubclass(declared, bool | complex)


def _about_selection(process: Process, effect: Effect, selection: Selection) -> Iterator[str]:
    if selection.register not in process.registers:
        yield f"{effect.name} is wanted for {selection.name}, and the process does not keep that register"
    for beside in selection.beside:
        if beside not in process.registers:
            yield f"{selection.name} looks at the register {beside.name}, which the process does not keep"
    yield from _about_only(process, selection.name, selection.choose)
    for template in effect.commands.values():
        if template.register is not None and template.register not in (selection.register, *selection.beside):
            yield (
                f"{template.type} carries fields of {template.register.name}, and {selection.name} chooses entries of"
                f" {selection.register.name}: carry fields of those, or compute a field"
            )
        for one in template.computed:
            if isinstance(one.compute, EntryFigure) and one.compute.register != selection.register:
                yield f"{one.name} is about an entry of {one.compute.register.name}, and {selection.name} gives others"
    if selection.condition is None and len(effect.commands) != 1:
        yield (
            f"{effect.name} is wanted for {selection.name}: say in which condition, for it has {len(effect.commands)}"
        )
    if selection.condition is not None and not is_among(selection.condition, effect.commands):
        yield f"{effect.name} is wanted {selection.condition.name} for {selection.name}: no such command"


def _about_single(process: Process, effect: Effect, template: CommandTemplate) -> Iterator[str]:
    """An effect that exists once can't carry fields of a register with several entries: which entry is undefined."""
    if isinstance(template.register, Register) and template.register.key != process.correlate:
        yield (
            f"{template.type} carries fields of {template.register.name}, of which an instance can have several: want"
            f" {effect.name} for a selection of them, or compute a field"
        )
    for one in template.computed:
        if isinstance(one.compute, EntryFigure):
            yield f"{one.name} is about an entry of {one.compute.register.name}: want {effect.name} for a selection"


def _about_only(process: Process, name: str, function: object) -> Iterator[str]:
    """An expression that takes the only entry of a register which can have several."""
    for register in function.single if isinstance(function, Expression) else ():
        if register.key != process.correlate:
            yield (
                f"{name} takes the only entry of {register.name}, of which an instance can have several: key it by"
                f" {process.correlate}"
            )


def _about_commands(process: Process, effect: Effect) -> Iterator[str]:
    for condition in _sorted(_others(effect.final, effect.commands)):
        yield f"{effect.name} calls {condition.name} final, and no command brings it about"
    for template in effect.commands.values():
        yield from _about_template(process, template)


def _about_template(process: Process, template: CommandTemplate) -> Iterator[str]:
    if template.register is not None and template.register not in process.registers:
        yield f"{template.type} carries fields of {template.register.name}, which the process does not keep"
    elif template.register is not None:
        for name in sorted(set(template.fields) - declared_fields(template.register.of)):
            yield f"{template.type} carries {name}, which {template.register.of.__name__} does not have"
    for one in template.computed:
        for register in one.registers:
            if register not in process.registers:
                yield f"{one.name} looks at the register {register.name}, which the process does not keep"
        yield from _about_only(process, one.name, one.compute)
    carried = {*template.fields, *(one.name for one in template.computed)}
    for name in sorted(carried & {process.correlate, "effect", "revision"}):
        yield f"{template.type} carries {name}, which every command has already"


def _others(members: Iterable[Enum], known: Iterable[Enum]) -> list[Enum]:
    """The members that are not among the known ones; a member of another StrEnum may be equal to one of them."""
    return [one for one in members if not is_among(one, known)]


def _sorted(members: Iterable[Enum]) -> list[Enum]:
    return sorted(members, key=lambda member: member.name)
