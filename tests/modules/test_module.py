"""A module says what its events are and which of them stay inside; what it could not keep it refuses at once."""

import math
from dataclasses import dataclass, field, make_dataclass
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from saga.core.errors import DeclarationError
from saga.messages.strict_json import MAX_BODY_BYTES, parse
from saga.modules import EventRefused, Module, follow, internal, read_public
from tests.engine.conversation import rows
from tests.modules.shop import ORDERS, Placed, Scored, log_of, session_of


@dataclass
class Noted:
    order_id: Any
    note: Any = None
    more: Any = field(default_factory=list)


class Renamed(BaseModel):
    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), serialize_by_alias=True)

    order_id: UUID
    net_amount: Decimal  # type: ignore[pydantic-alias] # users have such


NOTES = Module("notes", stream="order_id", events=(Noted, Renamed, Scored))


async def appended(engine: AsyncEngine, *events: object, module: Module = NOTES, **said: Any) -> None:
    async with session_of(engine) as session:
        module.append(session, events, **said)


def test_one_word_keeps_a_type_inside_above_or_below_dataclass() -> None:
    @internal
    @dataclass(frozen=True, slots=True)
    class Above:
        order_id: str

    @dataclass(frozen=True, slots=True)
    @internal
    class Below:
        order_id: str

    @internal
    class Model(BaseModel):
        order_id: str

    class Child(Model):
        pass

    @dataclass(frozen=True, slots=True)
    class Grandchild(Above):
        pass

    declared = Module("orders", "order_id", (Placed, Above, Below, Model, Child, Grandchild))
    assert declared.public == (Placed,)
    assert declared.internal == (Above, Below, Model, Child, Grandchild)
    assert Model(order_id="o-1").model_dump() == {"order_id": "o-1"}


def test_a_type_may_belong_to_several_modules_and_declarations() -> None:
    assert Module("orders", "order_id", (Placed, Scored)) == ORDERS
    assert Module("copies", "order_id", (Placed,)).public == (Placed,)


class Plain:
    order_id: str


@dataclass
class Unwritable:
    order_id: str
    what: Plain


@pytest.mark.parametrize(
    ("name", "stream", "events", "complaint"),
    [
        ("Orders", "order_id", (Placed,), "'Orders': a name is small letters"),
        ("1st", "order_id", (Placed,), "'1st'"),
        ("a" * 64, "order_id", (Placed,), "at most 63"),
        ("orders\n", "order_id", (Placed,), "small letters"),
        ("orders", "id", (Placed,), "Placed has no field 'id'.*add it"),
        ("orders", "id", (Scored,), "Scored has no field 'id'"),
        ("orders", "order_id", (Plain,), "Plain is neither a pydantic model nor a dataclass"),
        ("orders", "order_id", (Placed, make_dataclass("Placed", ["order_id"])), "two event types are named Placed"),
        ("orders", "order_id", ("Placed",), "'Placed' is no class"),
        ("orders", "order_id", (Unwritable,), "Unwritable can't be written as JSON"),
        ("orders", "order_id", (type("a.b", (Placed,), {}),), "a.b is no name for an event type"),
        ("orders", "order_id", (type("P" * 201, (Placed,), {}),), "is no name for an event type"),
        ("orders", "order_id", (type("Ж" * 128, (Placed,), {}),), "is no name for an event type"),
        ("o" * 63, "order_id", (type("P" * 192, (Placed,), {}),), "a routing key with P+ has more than 255 bytes"),
    ],
)
def test_a_wrong_declaration_names_what_is_wrong(
    name: str, stream: str, events: tuple[Any, ...], complaint: str
) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        Module(name, stream, events)


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Scored("o-1", math.nan), "NaN"),
        (Scored("o-1", math.inf), "Infinity"),
        (Noted("o-1", math.nan), "nan"),
        (Noted("o-1", {"deep": [{"x": (None, -math.inf)}]}), "inf"),
        (Noted("o-1", "a\x00b"), "NUL"),
        (Noted("o-1", {"a\x00b": 1}), "NUL"),
        (Noted("o-1", "\ud800"), "lone surrogate"),
        (Noted("o-1", "x" * MAX_BODY_BYTES), "262144 are allowed"),
        (Noted("o-1", "ü" * (MAX_BODY_BYTES // 2)), "262144 are allowed"),
        (Noted("o-1", deep(40)), "nested deeper than 32"),
        (Noted("o-1", deep(5_000)), "depth exceeded"),
        (Noted("o-1", circular()), "Circular"),
        (Noted("o-1", 2**63), "more than 64 bits"),
        (Noted("o-1", 1e300), "more than 64 bits"),
        (Noted("o-1", 5e-324), "out of range"),
        (Noted("o-1", object()), "[Uu]nable to serialize unknown type"),
        (Noted("o-1", b"\xff"), "utf-8"),
        (Noted(""), "order_id is ''"),
        (Noted("x" * 201), "1 to 200 characters"),
        (Noted("ж" * 128), "at most 255 bytes"),
        (Noted("o-1", [1e-35] * 10_000), "the body has 3[0-9]{5} bytes; 262144 are allowed"),
        (Noted("o\n1"), "control character"),
        (Noted(17), "order_id is 17"),
        (Noted(None), "order_id is None"),
        (Renamed.model_construct(order_id=cast("UUID", "x"), net_amount=Decimal(1)), "Expected `uuid`"),
    ],
)
def test_what_not_every_reader_could_read_is_refused_at_once(event: object, reason: str) -> None:
    with pytest.raises(EventRefused, match=f"(?s){type(event).__name__} of module notes can't be kept: .*({reason})"):
        NOTES.append(AsyncSession(), [event])


@pytest.mark.parametrize("event", [Placed(order_id="o-1"), type("Noted", (Noted,), {})("o-1"), {"order_id": "o-1"}])
def test_what_a_module_does_not_declare_is_refused_with_the_remedy(event: object) -> None:
    with pytest.raises(EventRefused, match=f"notes does not declare {type(event).__name__}: add it to the events"):
        NOTES.append(AsyncSession(), [event])


@pytest.mark.parametrize("said", ["correlation_id", "causation_id", "traceparent"])
@pytest.mark.parametrize("text", ["", "x" * 201, "ж" * 128, "a\x00b", "\ud800", 7])
def test_an_id_that_no_reader_would_take_is_refused(said: str, text: Any) -> None:
    with pytest.raises(EventRefused, match="write text of 1 to 200 characters"):
        NOTES.append(AsyncSession(), [Noted("o-1")], **{said: text})


@pytest.mark.parametrize(
    "note",
    [
        "",
        "ü €",
        "\\u0000",
        {"a": [1, 2.5, None, True]},
        2**63 - 1,
        -(2**63),
        1e16,
        1.5e-7,
        0.1,
        deep(29),
        "x" * 262_000,
    ],
)
async def test_what_is_kept_comes_back_and_is_what_every_reader_takes(engine: AsyncEngine, note: Any) -> None:
    await appended(engine, Noted("o-1", note))
    (entry,) = await log_of(engine, NOTES)
    assert NOTES.decode(entry) == Noted("o-1", note)
    assert parse(entry.data_json.encode()) == entry.data


async def test_events_come_back_as_their_classes(engine: AsyncEngine) -> None:
    events = [Renamed.model_validate({"order-id": uuid4(), "net-amount": "12.50"}), Noted("o-1", "text", [1])]
    await appended(engine, *events)
    entries = await log_of(engine, NOTES)
    assert [NOTES.decode(entry) for entry in entries] == events
    assert entries[0].data == {"order-id": str(events[0].order_id), "net-amount": "12.50"}  # type: ignore[attr-defined]
    assert entries[0].stream_id == entries[0].data["order-id"]


async def test_what_a_module_does_not_declare_or_no_longer_takes_is_not_decoded(engine: AsyncEngine) -> None:
    class Stricter(BaseModel):
        order_id: str
        amount: int = Field(gt=1_000)

    await appended(engine, Placed(order_id="o-1"), module=ORDERS)
    (entry,) = await log_of(engine)
    with pytest.raises(LookupError, match="Placed of module orders is no event that module notes declares"):
        NOTES.decode(entry)
    with pytest.raises(ValidationError, match="greater than 1000"):
        Module("orders", "order_id", (type("Placed", (Stricter,), {}),)).decode(entry)


async def test_the_module_sees_everything_and_others_the_public_part(engine: AsyncEngine) -> None:
    await appended(engine, Placed(order_id="o-1"), Scored("o-1"), Scored("o-2"), module=ORDERS)
    async with engine.connect() as connection, AsyncSession(engine) as session:
        assert [entry.type for entry in (await ORDERS.read(session, 0)).entries] == ["Placed", "Scored", "Scored"]
        assert [entry.position for entry in (await ORDERS.read(connection, 1, limit=1)).entries] == [2]
        assert [entry.type for entry in await ORDERS.read_stream(session, "o-1")] == ["Placed", "Scored"]
        public, horizon = await read_public(session, "orders", 0)
        assert [entry.type for entry in public] == ["Placed"]
        assert horizon == 3
        with pytest.raises(ValueError, match="limit 0"):
            await read_public(session, "orders", 0, limit=0)


async def test_following_gives_what_is_there_and_what_comes(engine: AsyncEngine) -> None:
    everything, public = ORDERS.follow(engine, poll_seconds=0.01), follow(engine, "orders", poll_seconds=0.01)
    for number, kind in enumerate((Placed, Scored), 1):
        await appended(engine, kind(order_id=f"o-{number}"), module=ORDERS)
        assert [entry.type for entry in (await anext(everything)).entries] == [kind.__name__]
        entries, horizon = await anext(public)
        assert (len(entries), horizon) == (1 if kind is Placed else 0, number)


async def test_an_event_carries_what_it_belongs_to(engine: AsyncEngine) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await appended(engine, Noted("o-1"), correlation_id="c", causation_id="m", traceparent=trace)
    (entry,) = await log_of(engine, NOTES)
    assert entry.metadata == {"correlationid": "c", "causationid": "m", "traceparent": trace}


async def test_the_same_cause_gives_the_same_ids_and_no_id_twice(engine: AsyncEngine) -> None:
    async def handle() -> None:
        async with session_of(engine) as session:
            NOTES.append(session, [Noted("o-1"), Noted("o-1"), Noted("o-2")], causation_id="m")
            NOTES.append(session, [Noted("o-1")], causation_id="m")

    await handle()
    await handle()
    ids = [entry.event_id for entry in await log_of(engine, NOTES)]
    assert ids[:4] == ids[4:]
    assert len(set(ids)) == 4
    await appended(engine, Noted("o-1"), causation_id="another")
    await appended(engine, Noted("o-1"))
    await appended(engine, Noted("o-1"))
    everything = await rows(engine, "SELECT count(*), count(DISTINCT event_id) FROM saga.event_log")
    assert everything == [(11, 7)]


async def test_an_event_is_kept_as_it_was_when_it_was_appended(engine: AsyncEngine) -> None:
    noted = Noted("o-1", "before")
    async with session_of(engine) as session:
        NOTES.append(session, [noted])
        noted.note = "after"
    (entry,) = await log_of(engine, NOTES)
    assert entry.data["note"] == "before"
