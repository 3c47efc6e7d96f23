"""What a process announces: a public event for each change of its outcome, for whoever wants to receive it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from saga.core.errors import DeclarationError
from saga.core.fact import declared_fields
from saga.core.identifier import MAX_BYTES, is_identifier, is_short
from saga.core.register import Register
from saga.core.routing import routing_key
from saga.core.words import is_among, require_distinct, require_name

if TYPE_CHECKING:
    from saga.core.process import Process

ALREADY_SAID: Final = ("announcement_id", "outcome", "revision", "settled", "final")
"""What every announcement says, beside the id of the instance."""

TAKEN_TYPES: Final = (
    "InputTaken",
    "InputIgnored",
    "InstanceRevived",
    "InstanceRepaired",
    "InstanceErased",
    "CursorMoved",
)
"""The types of the other events in the log of a process."""


@dataclass(frozen=True, slots=True)
class Announces:
    """The public events of a process: when its outcome has changed, it announces the new one.

    ``types`` has the event type of each outcome of the table. Outcomes may share a type; a reader who has to compare
    several instances can then keep all announcements in one register. An outcome may still change, so readers let the
    announcement with the greatest ``revision`` of an instance hold. ``final`` are the outcomes that no message leads
    away from; the check has to prove it. ``fields`` are copied from the entry of ``register``, which has to be keyed by
    the field that has the id of the instance; nothing is announced before there is that entry.

    Raises DeclarationError, which says what to write.

    >>> from saga import Announces
    >>> Announces({Ticket.WAITING: "TicketReopened", Ticket.CLOSED: "TicketClosed"}).type_of(Ticket.CLOSED)
    'TicketClosed'
    """

    types: Mapping[Enum, str]
    final: frozenset[Enum] = frozenset()
    register: Register | None = None
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise DeclarationError(f"announces: {problem}")
        require_distinct("announces", (*self.types, *self.final))
        object.__setattr__(self, "types", MappingProxyType(dict(self.types)))
        object.__setattr__(self, "final", frozenset(self.final))
        object.__setattr__(self, "fields", tuple(self.fields))

    def type_of(self, outcome: Enum) -> str:
        """The type of the event that announces this outcome."""
        return self.types[outcome]

    def _problems(self) -> Iterator[str]:
        types: object = self.types
        if not isinstance(types, Mapping) or not types:
            yield f"types is {self.types!r:.80}: write the event type of each outcome, as in {{Outcome.PAID: 'Paid'}}"
        for outcome, type_ in self.types.items():
            yield from _about_type(outcome, type_)
        for outcome in sorted(self.final, key=str):
            if not is_among(outcome, self.types):
                yield f"final has {outcome}, which types does not name: write an outcome of the table"
        yield from self._about_fields()

    def _about_fields(self) -> Iterator[str]:
        register: object = self.register
        if register is not None and not isinstance(register, Register):
            yield f"register is {register!r:.80}: write the register whose entry has the fields"
        if bool(self.fields) is (register is None):
            yield "register and fields belong together: name the register and what to copy from its entry, or neither"
        fields: object = self.fields
        if isinstance(fields, str):
            yield f"fields is the text {self.fields!r:.80}: write a tuple of names"
        for name in self.fields:
            require_name("field of an announcement", name)
            if self.fields.count(name) > 1:
                yield f"fields has {name} twice: write it once"
            if name in ALREADY_SAID:
                yield f"fields has {name}, which every announcement says already"


def _about_type(outcome: object, type_: object) -> Iterator[str]:
    if not isinstance(outcome, Enum):
        yield f"types has {outcome!r:.80}, which is no outcome: write members of the enum of the outcomes"
    if type(type_) is not str:
        yield f"the type of {outcome} is {type_!r:.80}: write a text, not what computes one"
    elif not is_identifier(type_) or "." in type_ or any(one.isspace() or one in "*#" for one in type_):
        yield f"the type {type_!r:.60} can't be routed: name it shortly, without spaces, dots, * and #"
    elif type_ in TAKEN_TYPES:
        yield f"the type {type_} is taken by the service itself: give it another name"


def about_announces(process: "Process") -> Iterator[str]:
    """The problems of what a process announces, as sentences that say what to write."""
    if process.module in process.inputs:
        yield f"{process.module} is its own log: a process can't receive what it announces itself"
    if (announces := process.announces) is None:
        return
    yield from _about_types(process, announces)
    if process.correlate in (*ALREADY_SAID, *announces.fields):
        yield f"announcements say {process.correlate} already: it names the instance, and nothing else may"
    if (register := announces.register) is not None:
        yield from _about_register(process, register, announces.fields)


def _about_types(process: "Process", announces: Announces) -> Iterator[str]:
    for outcome in process.outcomes.states:
        if not is_among(outcome, announces.types):
            yield (
                f"announces names no type for {outcome}: give each outcome of the table one, also that of the start,"
                " because an outcome may come back to it"
            )
    for outcome in announces.types:
        if not is_among(outcome, process.outcomes.states):
            yield f"announces has a type for {outcome}, which no cell of the outcomes has"
    for type_ in dict.fromkeys(announces.types.values()):
        if type_ in process.message_types:
            yield f"announces {type_}, which the process consumes: readers take them for one, so give it another name"
        if not is_short(routing_key(process.module, type_)):
            yield f"{type_!r:.60} takes a routing key of over {MAX_BYTES} bytes: shorten the names"


def _about_register(process: "Process", register: Register, fields: tuple[str, ...]) -> Iterator[str]:
    if register not in process.registers:
        yield f"announcements carry fields of {register.name}, which the process does not keep"
    if register.key != process.correlate:
        yield (
            f"announcements carry fields of {register.name}, of which an instance can have several entries: key it by"
            f" {process.correlate}"
        )
    for name in sorted(set(fields) - declared_fields(register.of)):
        yield f"announcements carry {name}, which {register.of.__name__} does not have"
