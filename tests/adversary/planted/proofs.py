"""Processes without functions of their own, at the edges of what the proof says: fields, laws, and interplays."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntFlag
from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator, model_validator

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    Condition,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Register,
    SubMachine,
    greatest,
    has,
    only,
    outcomes,
    total,
    wanted,
)
from saga.messages.facts import message_of
from saga.testing import make_fact
from tests.adversary.kit import (
    A,
    B,
    C,
    Do,
    E,
    Late,
    Later,
    Out,
    Seen,
    case,
    proc,
    seen,
)

HAS_A, HAS_B, HAS_C, HAS_E, HAS_LATE, HAS_LATER = (seen(kind) for kind in (A, B, C, E, Late, Later))
Y, N = Seen.YES, Seen.NO
SOON = Deadline("soon", Late, timedelta(minutes=5))
AFTERWARDS = Deadline("afterwards", Later, timedelta(hours=5))
MUCH = Annotated[int, Field(ge=0, le=2**40)]


def read(kind: type, **data: Any) -> Fact:
    """The fact as the engine reads it from a message on the wire, so that it is surely admitted."""
    return make_fact(message_of(kind, {"id": "i", **data}))


def once_granted(condition: Condition, *parts: Register | SubMachine[Any]) -> Process:
    """A grant while the condition holds, and nothing otherwise: right only if the condition stays."""
    column = DerivedColumn.of("judged", condition)
    grant = Effect("grant", "desk", {Do.YES: CommandTemplate("Grant")}, final=frozenset({Do.YES}))
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *parts, wants=[table])


def reported(
    value: Any,
    *registers: Register,
    has_come: Condition,
    is_final: bool = True,
    is_cumulative: bool = True,
) -> Process:
    """A command with a figure, which is final and may only grow."""
    template = CommandTemplate("Tell", computed=(ComputedField.of("value", value, is_cumulative=is_cumulative),))
    tell = Effect("tell", "desk", {Do.YES: template}, final=frozenset({Do.YES}) if is_final else frozenset())
    column = DerivedColumn.of("has come", has_come)
    table = wanted(column, rows=[(True, {tell: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


def given(selection: Any, *registers: Register, template: CommandTemplate | None = None) -> Process:
    """A final command for each chosen entry."""
    give = Effect("give", "desk", {Do.YES: template or CommandTemplate("Give")}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("has come", has(selection.register))
    table = wanted(column, rows=[(True, {give: selection}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


def waits_unless(condition: Condition, register: Register) -> Process:
    """Open if there is an entry and the condition doesn't hold, and no deadline."""
    holds, come = DerivedColumn.of("holds", condition), DerivedColumn.of("has come", has(register))
    rows = [(True, True, Out.DONE), (False, True, Out.OPEN), (ANY, False, Out.OTHER)]
    return proc(outcomes(holds, come, rows=rows), register, unsettled=[Out.OPEN])


# Fields


@dataclass(frozen=True)
class Priced:
    """A Decimal of ten digits, as long as nobody writes more zeros."""

    id: str
    price_id: str
    amount: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]


PRICES = Register("prices", Priced, "price_id")
ZEROS = "1." + "0" * 500


@dataclass(frozen=True)
class Spent:
    """Another price."""

    id: str
    spent_id: str
    amount: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]


SPENT = Register("spent", Spent, "spent_id")


@dataclass(frozen=True)
class Validated:
    """A plain dataclass, whose validator pydantic calls all the same."""

    id: str
    part_id: str
    amount: MUCH

    @field_validator("amount")
    @classmethod
    def negative(cls, value: int) -> int:
        """The other sign for what is even."""
        return value if value % 2 else -value


VALIDATED = Register("validated", Validated, "part_id")


@case(read(Validated, part_id="a", amount=5), read(Validated, part_id="b", amount=4))
def a_validator_of_a_dataclass() -> Process:
    """The validator of a plain dataclass turns amounts below 0, which the limits rule out."""
    return once_granted(total(VALIDATED, "amount") >= 5, VALIDATED)


@dataclass(frozen=True)
class Altered:
    """A plain dataclass with a validator of the whole."""

    id: str
    part_id: str
    amount: MUCH

    @model_validator(mode="after")
    def negative(self) -> "Altered":
        """The other sign for what is even."""
        return self if self.amount % 2 else Altered(self.id, self.part_id, -self.amount)


ALTERED = Register("altered", Altered, "part_id")


@case(read(Altered, part_id="a", amount=5), read(Altered, part_id="b", amount=4))
def a_validator_of_a_whole_dataclass() -> Process:
    """A validator of the whole dataclass turns amounts below 0."""
    return once_granted(total(ALTERED, "amount") >= 5, ALTERED)


@dataclass(frozen=True)
class Least:
    """A limit that some other library reads, and pydantic doesn't."""

    ge: int


@dataclass(frozen=True)
class Meant:
    """An amount with the limit of another library."""

    id: str
    part_id: str
    amount: Annotated[int, Least(0), Field(le=2**40)]


MEANT = Register("meant", Meant, "part_id")


@case(read(Meant, part_id="a", amount=5), read(Meant, part_id="b", amount=-4))
def a_limit_of_another_library() -> Process:
    """The limit stands beside the type, but nobody enforces it."""
    return once_granted(total(MEANT, "amount") >= 5, MEANT)


Cents = Annotated[int, Field(ge=0, le=2**40)]


@dataclass(frozen=True)
class Widened:
    """An amount whose own limit replaces that of its type."""

    id: str
    part_id: str
    amount: Annotated[Cents, Field(ge=-100)]


WIDENED = Register("widened", Widened, "part_id")


@case(read(Widened, part_id="a", amount=5), read(Widened, part_id="b", amount=-4))
def a_limit_that_is_replaced() -> Process:
    """Of two lower limits of one field pydantic takes the last."""
    return once_granted(total(WIDENED, "amount") >= 5, WIDENED)


class WidenedModel(BaseModel):
    """The same as a model."""

    id: str
    part_id: str
    amount: Annotated[Cents, Field(ge=-100)]


WIDENED_TOO = Register("widened-too", WidenedModel, "part_id")


@case(read(WidenedModel, part_id="a", amount=5), read(WidenedModel, part_id="b", amount=-4))
def a_limit_that_is_replaced_in_a_model() -> Process:
    """The same with a model, in a final figure."""
    return reported(total(WIDENED_TOO, "amount"), WIDENED_TOO, has_come=has(WIDENED_TOO))


class Rights(IntFlag):
    """Flags, of which a message may have several, or others."""

    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Allowed:
    """Someone has some rights."""

    id: str
    right_id: str
    rights: Rights


RIGHTS = Register("rights", Allowed, "right_id")


@case(read(Allowed, right_id="a", rights=3))
def flags_together() -> Process:
    """Two flags together are more than each; the process waits for ever."""
    return waits_unless(greatest(RIGHTS, "rights") <= 2, RIGHTS)


class Level(Enum):
    """Levels, to which others are added as they come."""

    LOW = "low"

    @classmethod
    def _missing_(cls, value: object) -> "Level":
        made = object.__new__(cls)
        made._value_, made._name_ = str(value), str(value).upper()
        return made


@dataclass(frozen=True)
class Levelled:
    """A level."""

    id: str
    level: Level


LEVELS = Register("levels", Levelled, "id")


@case(read(Levelled, level="high"))
def a_level_nobody_knew() -> Process:
    """An enum that makes members of what it doesn't know; the process waits for ever."""
    return waits_unless(only(LEVELS, "level").equals("low"), LEVELS)


# Laws
