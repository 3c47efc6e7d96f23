"""What a process can want: effects at collaborators, and deadlines.

An effect is a named thing at one collaborator, in one of a few conditions (a payment request is *requested* or
*voided*). The process declares which condition it wants; it sends a command when that differs from the last command.
An effect exists once for an instance, or once for each entry of a register (a refund for each payment).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Self

from saga.core.errors import DeclarationError, UnusableInput
from saga.core.expressions.base import Condition, Expression, require_what_it_reads
from saga.core.expressions.excess import EntryFigure
from saga.core.expressions.figure import Figure
from saga.core.plain import plain
from saga.core.register import Entries, Reducer, Register
from saga.core.words import require_all, require_distinct, require_name


@dataclass(frozen=True, slots=True)
class Selection:
    """A named, pure choice of register entries; diagrams and explanations show the name.

    ``choose`` gets the entries, and then the contents of each of ``beside``. The effect is wanted in ``condition`` for
    each chosen entry; an effect with a single command needs no condition. ``reads`` are the fields of the entries that
    ``choose`` reads; None means all of them.

    >>> from saga import Selection
    >>> FIRST = Selection("the first", REPORTS, lambda entries: frozenset([*entries][:1]))
    >>> sorted(FIRST.chosen({"reports": {"t-1": {}, "t-2": {}}}))
    ['t-1']
    """

    name: str
    register: Register
    choose: Callable[..., frozenset[str]]
    condition: Enum | None = None
    beside: tuple[Register | Reducer, ...] = ()
    reads: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require_name("selection", self.name)
        require_what_it_reads(f"selection {self.name!r}", self.choose, (self.register, *self.beside))

    def chosen(self, registers: Mapping[str, Any]) -> frozenset[str]:
        """The keys of the entries that ``choose`` chooses now."""
        return self.choose(registers[self.register.name], *[registers[one.name] for one in self.beside])


LONGEST_DELAY: Final = timedelta(days=366_000)
"""Of a deadline: about a thousand years. Databases and languages can't represent dates far beyond that."""


class Armed(Enum):
    """The only condition of a deadline."""

    ARMED = "armed"


ARMED: Final = Armed.ARMED
"""What a process wants of a deadline.

>>> from saga import ARMED, Deadline
>>> REMINDER = Deadline("reminder", emits=Solved, after=timedelta(hours=2))
>>> wanted(OUTCOMES, rows=[(Ticket.WAITING, {REMINDER: ARMED}), (Ticket.CLOSED, {})]).columns == (OUTCOMES,)
True
"""


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A field of a command that a pure function computes from registers, such as "how much is still to pay".

    ``compute`` gets the contents of each of ``registers``, in this order, and last the key of the entry if the effect
    exists for each entry of a register. It returns a plain JSON value. When the value changes, the command is sent
    again, so that the last command reflects all facts, whatever their order.

    A greater value of a cumulative field includes the lesser ones, such as "how much to refund in all". In a condition
    that can't be undone, only cumulative fields may change, and they may only grow.

    >>> from saga import ComputedField
    >>> ComputedField("how_many", (REPORTS,), len).value({"reports": {"t-1": {}}}, None)
    1
    """

    name: str
    registers: tuple[Register | Reducer, ...]
    compute: Callable[..., Any]
    is_cumulative: bool = False

    def __post_init__(self) -> None:
        require_name("computed field", self.name)
        require_what_it_reads(f"computed field {self.name!r}", self.compute, self.registers)

    @classmethod
    def of(cls, name: str, expression: Expression, *, is_cumulative: bool = False) -> Self:
        """The field that an expression gives, which reads the registers that the expression reads.

        >>> from saga import ComputedField, count
        >>> ComputedField.of("how_many", count(REPORTS)).value({"reports": {"t-1": {}}}, None)
        1
        """
        if not isinstance(expression, Figure | EntryFigure | Condition):
            raise DeclarationError(
                f"computed field {name!r}: {expression!r:.80} is no figure: write count(...) or such, or a condition;"
                " stages and bands are for columns"
            )
        return cls(name, expression.registers, expression, is_cumulative)

    def value(self, registers: Mapping[str, Any], key: str | None) -> Any:
        """The value now."""
        held = [registers[register.name] for register in self.registers]
        return plain(self.compute(*held) if key is None else self.compute(*held, key))


@dataclass(frozen=True, slots=True)
class CommandTemplate:
    """A command type, the fields that it copies from a register's entry, and its computed fields.

    >>> CALL = CommandTemplate("CallBack", register=REPORTS, fields=("text",))
    >>> CALL.carried({"reports": {"t-1": {"text": "no"}}}, None)
    {'text': 'no'}
    """

    type: str
    register: Register | None = None
    fields: tuple[str, ...] = ()
    computed: tuple[ComputedField, ...] = ()

    def __post_init__(self) -> None:
        require_name("command", self.type)
        names = [*self.fields, *(one.name for one in self.computed)]
        for name in names:
            require_name(f"field of {self.type}", name)
            if names.count(name) > 1:
                raise DeclarationError(f"the command {self.type} has two fields {name}: give each a name of its own")

    def compute_fields(self, registers: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        """The values of the computed fields."""
        if not self.computed:
            return {}
        return {one.name: one.value(registers, key) for one in self.computed}

    def carried(self, registers: Mapping[str, Entries], key: str | None) -> dict[str, Any]:
        """The copied fields, from the entry under ``key`` or, without a key, from the only entry."""
        if self.register is None:
            return {}
        entries = registers[self.register.name]
        entry = entries[key] if key is not None else next(iter(entries.values()), {})
        return {name: entry.get(name) for name in self.fields}


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Something at a collaborator that commands bring into a wanted condition; a Selection wants it for each entry.

    ``final`` are the conditions that can't be undone. Once commanded, such a condition has to stay wanted. If
    ``decided_by`` names an input of the collaborator, that holds only from this input on. ``initially`` is the
    condition before any command, if it has a name: while it is wanted and nothing was commanded, nothing is sent.
    ``may_repeat`` are effects whose command this one says again on purpose, in the same words: the check reports two
    effects that do so unmeant.

    >>> NOTICE.commands[Notice.SENT].type
    'SendNotice'
    """

    name: str
    collaborator: str
    commands: Mapping[Enum, CommandTemplate]
    final: frozenset[Enum] = frozenset()
    decided_by: type | None = None
    initially: Enum | None = None
    may_repeat: tuple["Effect", ...] = ()

    def __post_init__(self) -> None:
        require_name("effect", self.name)
        require_name(f"collaborator of {self.name}", self.collaborator)
        for one in self.may_repeat:
            other: object = one
            if not isinstance(other, Effect):
                raise DeclarationError(f"effect {self.name!r}: may_repeat has {other!r:.80}, which is no effect")
        require_all(f"effect {self.name!r}", "final", self.final, Enum, "final=frozenset({Refund.PAID})")
        for condition, template in self.commands.items():
            given: object = template
            if not isinstance(given, CommandTemplate):
                raise DeclarationError(
                    f"effect {self.name!r}: {condition} has the command {given!r:.80}: write a CommandTemplate(...)"
                )
        initially = () if self.initially is None else (self.initially,)
        require_distinct(f"effect {self.name!r}", (*self.commands, *self.final, *initially))
        object.__setattr__(self, "commands", MappingProxyType(dict(self.commands)))


@dataclass(frozen=True, slots=True, eq=False)
class Deadline:
    """A timer that is armed once, when its process first wants it; when due, it emits the input ``emits``.

    It is due ``after`` this time from being armed, or after the seconds in the field that ``override`` names, by the
    database's clock. It is never disarmed: a late firing is one more input that the tables answer. The input has the
    fields ``due_at``, ``armed_by`` and the one that correlates.

    >>> from saga import Deadline
    >>> reminder = Deadline("reminder", emits=Solved, after=timedelta(hours=2))
    >>> reminder.delay({})
    datetime.timedelta(seconds=7200)
    """

    name: str
    emits: type
    after: timedelta
    override: tuple[Register, str] | None = None

    def __post_init__(self) -> None:
        require_name("deadline", self.name)
        after: object = self.after
        if not isinstance(after, timedelta):
            raise DeclarationError(f"deadline {self.name!r}: after is {after!r:.80}: write a timedelta")
        if not -LONGEST_DELAY <= after <= LONGEST_DELAY:
            raise DeclarationError(f"deadline {self.name!r}: after is {after}, and {LONGEST_DELAY} are the most")

    def require_delay(self, fields: Mapping[str, Any]) -> None:
        """Raise UnusableInput if the seconds in these fields of a message can't be a delay.

        Without this the message that raises would be the one that arms, which is another one in another order.
        """
        if self.override is None:
            return
        try:
            self._of_entry(fields, self.override[1])
        except ValueError as error:
            raise UnusableInput(str(error)) from None

    def delay(self, registers: Mapping[str, Entries]) -> timedelta:
        """How long after now the deadline is due. Raises ValueError for more than LONGEST_DELAY."""
        if self.override is None:
            return self.after
        register, name = self.override
        for entry in registers[register.name].values():
            return self._of_entry(entry, name)
        return self.after

    def _of_entry(self, entry: Mapping[str, Any], name: str) -> timedelta:
        if (seconds := entry.get(name)) is None:
            return self.after
        try:
            after = timedelta(seconds=float(seconds))  # a Decimal is a text in JSON
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{self.name} can't be due {seconds!r:.80} seconds from now: {error}") from None
        if abs(after) > LONGEST_DELAY:
            raise ValueError(f"{self.name} would be due {after} from now, and {LONGEST_DELAY} are the most")
        return after
