"""Every kind of message class works from the wire to the replay, or is refused where it is declared."""

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar
from uuid import UUID, uuid4

import pydantic
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, computed_field, field_validator
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.convergence import check, derive_samples, make_fact
from saga.core import ARMED, Deadline, DeclarationError, Process, Register, outcomes, wanted
from saga.engine import Step
from saga.messages import Envelope, Raw
from saga.verification.audit import audit
from saga.verification.replay import check as replay
from saga_scheduler.sweeper import Sweeper
from tests.engine.conversation import dead_letters, rows, value

T = TypeVar("T")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Only(Enum):
    ONE = "one"


@dataclass
class Plain:
    item_id: str
    amount: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slotted:
    item_id: str
    machines: list[Plain] = field(default_factory=list)


@pydantic.dataclasses.dataclass
class OfPydantic:
    item_id: str
    amount: int = Field(default=3, alias="Amount")


class Aliased(BaseModel):
    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)
    item_id: str = Field(alias="itemId")
    amount: int = Field(validation_alias=AliasChoices("Amount", "amt"), default=1)  # type: ignore[pydantic-alias] # users have such


class Typed(BaseModel):
    model_config = ConfigDict(strict=True)
    item_id: str
    at: datetime
    key: UUID
    price: Decimal
    colour: Colour
    raw: bytes


class Numbered(BaseModel):
    item_id: int


class Named(BaseModel):
    item_id: UUID


class Optional(BaseModel):
    item_id: str | None = None


class Computed(BaseModel):
    item_id: str

    @computed_field
    def twice(self) -> str:
        return self.item_id * 2


class GenericOne(BaseModel, Generic[T]):
    item_id: str
    value: T


class OfInt(GenericOne[int]):
    pass


@dataclass
class Emitted:
    item_id: str
    due_at: datetime | None = None


ID = "00000000-0000-4000-8000-00000000000a"
TYPED = {
    "at": "2026-01-01T00:00:00Z",
    "key": ID,
    "price": "1.50",
    "colour": "red",
    "raw": "abc",
}
WORKING: list[tuple[type, dict[str, Any]]] = [
    (Plain, {"item_id": "7", "amount": 2, "more": "is kept"}),
    (Slotted, {"item_id": "7", "parts": [{"item_id": "a"}]}),
    (OfPydantic, {"item_id": "7", "Amount": 4}),
    (Aliased, {"itemId": "7", "amt": 4}),
    (Aliased, {"item_id": "7"}),
    (Typed, {"item_id": "7", **TYPED}),
    (Numbered, {"item_id": 7}),
    (Named, {"item_id": ID.upper()}),
    (Optional, {"item_id": "7"}),
    (Computed, {"item_id": "7"}),
    (OfInt, {"item_id": "7", "value": 3}),
]


def keeping(kind: type, *, version: int = 1) -> Process:
    """A process that keeps what one class says, and has a deadline."""
    closing = Deadline("closing", emits=Emitted, after=timedelta())
    one = outcomes(rows=[(Only.ONE,)])
    return Process(
        name="keeping",
        version=version,
        correlate="item_id",
        inputs={"m": (kind,), "scheduler": (Emitted,)},
        registers=(Register("said", of=kind, key="item_id"), Register("ended", of=Emitted, key="item_id")),
        outcomes=one,
        wanted=(wanted(one, rows=[(Only.ONE, {closing: ARMED})]),),
        settled=frozenset(Only),
    )


def envelope(kind: type, data: dict[str, Any], number: int = 1, **attributes: Any) -> Envelope:
    return Envelope(kind.__name__, f"m-{number}", "/tests", data, Raw(b"%d" % number), **attributes)


@pytest.mark.parametrize(("kind", "data"), WORKING, ids=lambda one: getattr(one, "__name__", ""))
async def test_it_works_from_the_wire_to_the_replay(engine: AsyncEngine, kind: type, data: dict[str, Any]) -> None:
    process = keeping(kind)
    assert check(process).converges
    step = Step(engine, process)
    assert (await step.handle([envelope(kind, data)])).taken == 1, await dead_letters(engine)
    assert (await step.handle([envelope(kind, data, 2)])).ignored == 1, "the same fact again"
    assert (await Sweeper(engine, 10).sweep()).fired == 1
    fired = await rows(engine, "SELECT data FROM saga.event_log WHERE module = 'scheduler'")
    assert (await step.handle([envelope(Emitted, fired[0][0], 3)])).taken == 1
    sample = next(fact for fact in derive_samples(process) if fact.kind is kind)
    sampled = await step.handle([envelope(kind, dict(sample.fields), 4)])
    assert sampled.taken + sampled.ignored == 1
    assert {one.differences async for page in replay(engine, process) for one in page} == {()}
    assert {one.differences async for page in audit(engine, process) for one in page} == {()}


async def test_what_finds_the_instance_may_stand_in_the_subject(engine: AsyncEngine) -> None:
    process = keeping(Aliased)
    step = Step(engine, process)
    assert (await step.handle([envelope(Aliased, {"amt": 1}, subject="7")])).taken == 1
    assert [one.differences async for page in replay(engine, process) for one in page] == [()]
    assert (await step.handle([envelope(Aliased, {"itemId": "8"}, 2, subject="7")])).dead == 1
    assert (await step.handle([envelope(Aliased, {"amt": 1}, 3)])).dead == 1


def test_a_message_of_a_dataclass_is_a_fact_like_any_other() -> None:
    assert make_fact(Plain("7", 2)).fields == {"item_id": "7", "amount": 2}


class Raising(BaseModel):
    item_id: str

    @field_validator("item_id")
    @classmethod
    def look(cls, item_id: str) -> str:
        if item_id == "bad":
            raise ZeroDivisionError("a bug")
        if item_id == "huge":
            return "x\x00"
        return item_id


class Loose(BaseModel):
    item_id: str
    amount: float


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        (Raising, {"item_id": "bad"}, "reading them as Raising raised ZeroDivisionError: a bug"),
        (Raising, {"item_id": "huge"}, "reading them as Raising raised TypeError"),
        (Loose, {"item_id": "7", "amount": "NaN"}, "reading them as Loose raised TypeError"),
        (Plain, {"item_id": "7", "amount": "many"}, "wrong data: amount"),
        (Optional, {"item_id": None}, "missing item_id"),
    ],
)
async def test_what_a_class_can_not_take_is_one_dead_letter(
    engine: AsyncEngine, kind: type, data: dict[str, Any], reason: str
) -> None:
    step = Step(engine, keeping(kind))
    assert (await step.handle([envelope(kind, data), envelope(Emitted, {"item_id": "8"}, 2)])).taken == 1
    ((_, said),) = await dead_letters(engine)
    assert reason in said


class Root(RootModel[dict[str, str]]):
    pass


class Excluded(BaseModel):
    item_id: str = Field(exclude=True)


class Random(BaseModel):
    item_id: str
    token: UUID = Field(default_factory=uuid4)


@dataclass
class Timed:
    item_id: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class WithSet(BaseModel):
    item_id: str
    tags: list[set[str]] = []


@dataclass
class Late:
    item_id: str
    amount: int = field(init=False, default=1)


class Serialized(BaseModel):
    item_id: str

    @pydantic.model_serializer
    def write(self) -> str:
        return self.item_id


class AsDict(TypedDict):
    item_id: str


class AsTuple(NamedTuple):
    item_id: str


class Bare:
    item_id: str


class Unknown:
    pass


@dataclass
class WithUnknown:
    item_id: str
    what: Unknown


REFUSED: list[tuple[type, str]] = [
    (Excluded, "leaves item_id out of what it writes"),
    (Random, "another default for token each time"),
    (Timed, "another default for at each time"),
    (WithSet, "has a set in it"),
    (Late, "does not take amount from the message"),
    (Serialized, "model_serializer"),
    (AsDict, "neither a pydantic model nor a dataclass"),
    (AsTuple, "neither a pydantic model nor a dataclass"),
    (Bare, "neither a pydantic model nor a dataclass"),
    (WithUnknown, "can't be read from JSON"),
    (GenericOne[int], "derive a class from it"),
]


@pytest.mark.parametrize(("kind", "reason"), REFUSED, ids=lambda one: getattr(one, "__name__", ""))
async def test_it_is_refused_with_a_sentence(engine: AsyncEngine, kind: type, reason: str) -> None:
    process = keeping(kind)
    with pytest.raises(DeclarationError, match=reason):
        check(process)
    with pytest.raises(DeclarationError, match=reason):
        Step(engine, process)
    assert await value(engine, "SELECT count(*) FROM saga.inbox") == 0


@pytest.mark.parametrize("kind", [Root, dataclasses.make_dataclass("Empty", [])])
def test_without_the_field_that_correlates_it_is_no_declaration(kind: type) -> None:
    with pytest.raises(DeclarationError, match="has no field item_id"):
        keeping(kind)
