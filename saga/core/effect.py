"""What a process can want of others: effects at collaborators, and deadlines.

An effect is a named thing at one collaborator that is in one of a few conditions (a payment request is *requested* or
*voided*). The process says which condition it wants; the command is the difference between that and what it commanded
last. An effect may exist once for an instance, or once for each entry of a register (a refund for each payment).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from saga.core.register import Entries, Register


@dataclass(frozen=True, slots=True)
class Selection:
    """A named, pure choice of register entries; the name stands in diagrams and explanations."""

    name: str
    register: Register
    choose: Callable[[Entries], frozenset[str]]


def every(register: Register) -> Selection:
    """All entries of the register."""
    return Selection(f"every entry of {register.name}", register, frozenset)


def all_but_least(register: Register, by: tuple[str, ...]) -> Selection:
    """All entries but the one that is least by these fields; an entry without a value comes after those with one."""

    def rank(entry: Mapping[str, Any]) -> tuple[tuple[bool, Any], ...]:
        return tuple((entry.get(name) is None, entry.get(name) or "") for name in by)

    def choose(entries: Entries) -> frozenset[str]:
        kept = min(entries, key=lambda key: (rank(entries[key]), key), default=None)
        return frozenset(entries) - {kept} if kept is not None else frozenset()

    return Selection(f"all of {register.name} but the least by {', '.join(by)}", register, choose)


class Armed(Enum):
    """The one condition of a deadline."""

    ARMED = "armed"


ARMED: Final = Armed.ARMED
"""What a process wants of a deadline."""


@dataclass(frozen=True, slots=True)
class Sends:
    """A command type, and the fields of a register's entry that go along with it."""

    type: str
    register: Register | None = None
    fields: tuple[str, ...] = ()

    def carried(self, registers: Mapping[str, Entries], key: str | None) -> dict[str, Any]:
        """The fields' values, from the entry under ``key`` or, without a key, from the only entry."""
        if self.register is None:
            return {}
        entries = registers[self.register.name]
        entry = entries[key] if key is not None else next(iter(entries.values()), {})
        return {name: entry.get(name) for name in self.fields}


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Something at a collaborator that commands bring into a wanted condition; a Selection wants it for each entry."""

    name: str
    collaborator: str
    commands: Mapping[Enum, Sends]


@dataclass(frozen=True, slots=True, eq=False)
class Deadline:
    """A timer that is armed once, when its process first wants it; when due it emits the input ``emits``.

    It is due ``after`` the moment at which it is armed, or after the seconds in the field that ``override`` names, by
    the database's clock. It is never disarmed: a late firing is one more input that the tables answer.
    """

    name: str
    emits: type
    after: timedelta
    override: tuple[Register, str] | None = None

    def delay(self, registers: Mapping[str, Entries]) -> timedelta:
        """How long after now the deadline is due."""
        if self.override is None:
            return self.after
        register, name = self.override
        seconds = next((entry.get(name) for entry in registers[register.name].values()), None)
        return self.after if seconds is None else timedelta(seconds=seconds)
