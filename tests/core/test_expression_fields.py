"""What a field can hold, as its message class declares it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType, Self
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PlainSerializer,
    PositiveInt,
    StrictInt,
    field_serializer,
    field_validator,
    model_validator,
)

from saga import DeclarationError, Register, count, each, only, total
from saga.core.expressions.fields import is_decimal, json_kinds, limits, most_digits, values_of

Cents = NewType("Cents", int)


class Word(Enum):
    A = "a"
    B = "b"


class Number(IntEnum):
    ONE = 1
    TWO = 2


class Inner(BaseModel):
    side: int


def doubled(value: int) -> int:
    return value * 2


def as_text(value: int) -> str:
    return str(value)


class Message(BaseModel):
    text: str
    whole: int
    half: float
    flag: bool
    nothing: None
    perhaps: str | None
    two: int | str
    money: Decimal
    day: date
    moment: datetime | None
    span: timedelta
    number: UUID
    word: Word
    listed: Number
    literal: Literal["x", 1] | None
    cents: Cents
    strict: StrictInt
    many: list[int]
    pair: tuple[int, str]
    object: dict[str, int]
    inner: Inner
    anything: Any
    unknown_default: int = None  # type: ignore[assignment]
    checked: Annotated[int, AfterValidator(doubled)]
    written: Annotated[int, PlainSerializer(as_text)]
    turned: Annotated[int, AfterValidator(as_text)]
    lambda_: Annotated[int, AfterValidator(lambda value: value)]
    prepared: Annotated[int, BeforeValidator(lambda value: value)]
    validated: int = Field(ge=0)
    saved: int

    @field_validator("validated")
    @classmethod
    def _turn(cls, value: int) -> int:
        return -value

    @field_serializer("saved")
    def _save(self, value: int) -> str:
        return str(value)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("text", "text"),
        ("whole", "integer"),
        ("half", "float"),
        ("flag", "truth"),
        ("nothing", "null"),
        ("perhaps", "text null"),
        ("two", "integer text"),
        ("money", "text"),
        ("day", "text"),
        ("moment", "text null"),
        ("span", "text"),
        ("number", "text"),
        ("word", "text"),
        ("listed", "integer"),
        ("literal", "text integer null"),
        ("cents", "integer"),
        ("strict", "integer"),
        ("many", "list"),
        ("pair", "list"),
        ("object", "mapping"),
        ("inner", "mapping"),
        ("anything", "any"),
        ("unknown_default", "integer null"),
        ("checked", "integer"),
        ("written", "any"),
        ("turned", "any"),
        ("lambda_", "any"),
        ("prepared", "integer"),
        ("validated", "integer"),
        ("saved", "any"),
    ],
)
def test_a_field_has_these_kinds(name: str, kinds: str) -> None:
    assert json_kinds(Message, name) == frozenset(kinds.split())


class Limited(BaseModel):
    free: int
    positive: PositiveInt
    natural: NonNegativeInt | None = None
    between: Annotated[int, Field(gt=0, lt=10)]
    inner: Annotated[int, Field(ge=3, le=4)] | None
    outer: int | None = Field(ge=3, le=4)
    below_default: int = Field(default=-5, ge=0)
    price: Decimal = Field(ge=0, max_digits=9, decimal_places=2)
    listed: Literal[3, 9]
    member: Number
    changed: Annotated[int, Field(ge=0), AfterValidator(doubled)]
    either: Annotated[int, Field(ge=0)] | Annotated[int, Field(ge=-3)]


class Altered(BaseModel):
    positive: PositiveInt

    @model_validator(mode="after")
    def _turn(self) -> Self:
        self.positive = -self.positive
        return self


@dataclass
class Turned:
    positive: PositiveInt

    def __post_init__(self) -> None:
        self.positive = -self.positive


@dataclass
class Plain:
    positive: Annotated[int, Field(gt=0)]
    natural: PositiveInt | None = None
    made: list[int] = field(default_factory=list)
    price: Decimal = Decimal("100.25")


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (Limited, "free", (None, None)),
        (Limited, "positive", (1, None)),
        (Limited, "natural", (0, None)),
        (Limited, "between", (1, 9)),
        (Limited, "inner", (3, 4)),
        (Limited, "outer", (3, 4)),
        (Limited, "below_default", (-5, None)),
        (Limited, "price", (0, None)),
        (Limited, "listed", (3, 9)),
        (Limited, "member", (1, 2)),
        (Limited, "changed", (None, None)),
        (Limited, "either", (-3, None)),
        (Message, "validated", (None, None)),
        (Plain, "positive", (1, None)),
        (Plain, "natural", (1, None)),
        (Altered, "positive", (None, None)),
        (Turned, "positive", (None, None)),
        (Plain, "made", (None, None)),
    ],
)
def test_a_field_has_these_limits(kind: type, name: str, expected: tuple[Any, Any]) -> None:
    assert limits(kind, name) == expected


def test_what_else_is_known_of_a_field() -> None:
    assert is_decimal(Limited, "price") and not is_decimal(Limited, "free")
    assert most_digits(Limited, "price") == 9 and most_digits(Plain, "price") is None
    assert json_kinds(Plain, "natural") == {"integer", "null"}
    assert values_of(Message, "word") == frozenset({"a", "b"}) and values_of(Message, "flag") == frozenset(
        {True, False}
    )
    assert values_of(Message, "text") is None and values_of(Message, "literal") == frozenset({"x", 1, None})


class Mailed(BaseModel):
    order_id: str
    to: AnyUrl | None = None
    amount: int = 0
    weight: float = 0.0
    either: int | str = 0
    price: Decimal = Decimal(0)


MAILED = Register("mailed", of=Mailed, key="to")


def test_the_obstacles_name_the_field_and_what_to_declare() -> None:
    assert json_kinds(Mailed, "to") == {"text", "null"}
    wide = "declare both limits of mailed.amount, such as Field(ge=0, le=10**9), and perhaps a smaller most"
    assert total(MAILED, "amount").obstacles == (f"total mailed.amount can exceed 64 bits: {wide}",)
    assert (total(MAILED, "amount") >= 5).obstacles == ()
    assert total(MAILED, "weight").obstacles == (
        "mailed.weight is a float, and sums of it are rounded: declare int minor units or Decimal",
    )
    assert total(MAILED, "price").obstacles == (
        "mailed.price is a Decimal of any length: declare max_digits and decimal_places",
    )
    assert count(MAILED, where=each("either") >= 3).obstacles == (
        "mailed.either can have several types, which can't be compared: declare it as one, such as int or str",
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: total(MAILED, "cents"), "register mailed: Mailed has no field cents"),
        (lambda: count(MAILED, where=each("cents") >= 1), "register mailed: Mailed has no field cents"),
        (lambda: total(MAILED, "to"), "the total of mailed.to: it is text"),
        (lambda: only(MAILED, "to") >= 5, "one side is text and the other is integer"),
        (lambda: count(MAILED, where=each("to") >= 5), "is text and the other is integer"),
        (lambda: count(MAILED) >= None, "None is no constant"),
        (lambda: count(MAILED) >= float("inf"), "inf is no constant"),
        (lambda: count(MAILED).plus("a"), "arithmetic takes integers and Decimals"),
        (lambda: count(MAILED, where=each("amount") >= count(MAILED)), "write a constant, or only"),
    ],
)
def test_what_has_no_meaning_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message.replace("(", r"\(")):
        wrong()
