"""Samples are made from the message classes, as the engine would take them in."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic.alias_generators import to_camel

from saga.convergence import check, derive_samples
from saga.core import DeclarationError, DerivedColumn, Fact, Process, Reducer, Register, outcomes
from saga.testing.pasted import test_to_paste as to_paste
from tests.convergence.shop import Outcome, process


class Channel(Enum):
    CARD = "card"
    CASH = "cash"


class Line(BaseModel):
    article: str
    pieces: int = Field(ge=1)


class Everything(BaseModel):
    order_id: str
    id: UUID
    at: datetime
    on: date | None
    price: Decimal
    pieces: int = Field(ge=500, le=700)
    channel: Channel
    status: Literal["captured", "failed"] | None = None
    line: Line
    lines: list[Line] = Field(min_length=1)
    tags: list[str]
    is_gift: bool
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    counts: dict[str, int]
    share: float
    note: str = "none"


def keeping(kind: type[BaseModel], *, key: str | None = None) -> Process:
    keeper = (
        Register("kept", of=kind, key=key) if key else Reducer("kept", (kind,), None, lambda _, said: dict(said.fields))
    )
    judge = DerivedColumn("any", (keeper,), bool)
    table = outcomes(judge, rule=lambda found: Outcome.PAID if found else Outcome.OPEN)
    return process(rule=None, table=table, registers=(keeper,), machines=())


def test_every_field_gets_a_value_that_the_model_takes_as_it_is() -> None:
    samples = derive_samples(keeping(Everything, key="id"))
    assert len(samples) >= 2
    for sample in samples:
        assert Everything.model_validate(sample.fields).model_dump(mode="json") == sample.fields
    assert len({sample.fields["id"] for sample in samples}) == len(samples)


def test_each_value_of_a_choice_is_tried() -> None:
    samples = derive_samples(keeping(Everything, key="id"))
    assert {sample.fields["channel"] for sample in samples} == {"card", "cash"}
    assert {sample.fields["status"] for sample in samples} == {"captured", "failed"}
    assert {sample.fields["is_gift"] for sample in samples} == {True, False}


class StatusChanged(BaseModel):
    order_id: str
    status: Literal["new", "done"]


class NameChanged(BaseModel):
    order_id: str
    name: str


class CountryChanged(BaseModel):
    order_id: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


@pytest.mark.parametrize("kind", [StatusChanged, NameChanged, CountryChanged])
def test_what_a_function_folds_comes_in_variants_that_differ_in_whatever_there_is(kind: type[BaseModel]) -> None:
    last = keeping(kind)
    samples = derive_samples(last)
    assert len({str(sample.fields) for sample in samples}) == len(samples) >= 2
    assert check(last).findings != (), "last write wins, whatever is written"


def test_samples_are_the_same_every_time() -> None:
    assert derive_samples(keeping(Everything, key="id")) == derive_samples(keeping(Everything, key="id"))


def with_check_digit(number: str) -> str:
    if not number.isdigit() or sum(map(int, number)) != 77:
        raise ValueError("the check digit is wrong")
    return number


class Odd(BaseModel):
    order_id: str
    number: Annotated[str, AfterValidator(with_check_digit)]


class Consistent(BaseModel):
    order_id: str
    low: int
    high: int

    @model_validator(mode="after")
    def _check(self) -> "Consistent":
        if self.low >= self.high:
            raise ValueError("low must be less than high")
        return self


@pytest.mark.parametrize(("kind", "named"), [(Odd, "Odd.number"), (Consistent, "Consistent")])
def test_where_no_value_is_found_samples_are_asked_for(kind: type[BaseModel], named: str) -> None:
    with pytest.raises(DeclarationError, match=f"{named}.*give samples of your own"):
        derive_samples(keeping(kind))
    sample = Fact(Consistent, {"order_id": "o", "low": 1, "high": 2})
    assert check(keeping(Consistent), [sample]).samples == (sample,)


class Numbered(BaseModel):
    order_id: int
    payment_id: UUID


class Named(BaseModel):
    order_id: UUID
    payment_id: str


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    order_id: str
    payment_id: str
    total_amount: int = Field(ge=1)  # type: ignore[pydantic-alias] # users have such


MANY: tuple[type[BaseModel], ...] = tuple(
    create_model(f"Kept{number}", order_id=(str, ...), payment_id=(str, ...)) for number in range(3)
)


class Patterned(BaseModel):
    order_id: Annotated[str, AfterValidator(with_check_digit)]
    payment_id: str


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [Numbered, Named, Camel])
def test_instances_may_be_named_by_numbers_and_fields_may_be_called_otherwise_on_the_wire(
    kind: type[BaseModel],
) -> None:
    samples = derive_samples(keeping(kind, key="payment_id"))
    assert len({sample.fields["payment_id"] for sample in samples}) == len(samples) == 3
    (instance,) = {sample.fields["order_id"] for sample in samples}
    assert kind.model_validate(samples[0].fields, by_name=True).model_dump(mode="json")["order_id"] == instance


def test_an_instance_that_no_value_names_needs_samples() -> None:
    with pytest.raises(DeclarationError, match="no sample value was found for order_id: give samples of your own"):
        derive_samples(keeping(Patterned, key="payment_id"))


def test_the_third_of_several_is_equal_to_the_first_but_for_its_key() -> None:
    first, second, third = derive_samples(keeping(Camel, key="payment_id"))
    assert first.fields["total_amount"] != second.fields["total_amount"]
    assert third.fields == {**first.fields, "payment_id": "payment_id-3"}


def test_where_three_of_each_would_be_many_there_are_two() -> None:
    kinds: tuple[type[BaseModel], ...] = (Camel, *MANY)
    kept = [Register(f"kept-{number}", of=kind, key="payment_id") for number, kind in enumerate(kinds)]
    table = outcomes(DerivedColumn("any", tuple(kept), lambda *held: any(held)), rule=lambda _: Outcome.OPEN)
    samples = derive_samples(process(rule=None, table=table, registers=tuple(kept), machines=()))
    assert len(samples) == 2 * len(kept)


def test_a_pasted_test_calls_fields_by_their_own_names() -> None:
    checked = keeping(Camel)
    report = check(checked)
    for finding in report.findings:
        names: dict[str, Any] = {"process": checked}
        exec(to_paste(finding, checked, report.samples, setup=""), names)  # noqa: S102 -- as pasted
        (test,) = (value for name, value in names.items() if name.startswith("test_"))
        with pytest.raises(AssertionError):
            test()
