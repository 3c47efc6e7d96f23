"""What an erasure keeps is what the declaration reads: no field more, no field less."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Any

import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.shop.order import order as shop_order
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    SubMachine,
    all_but_least,
    each,
    entries_where,
    every,
    outcomes,
    total,
    wanted,
)
from saga.engine import Step
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.modules import NewEvent, append
from saga.operations.erasure import erase, kept
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga.verification.audit import audit_events
from saga.verification.replay import check
from tests.engine.conversation import message, value
from tests.erasure.dump import found_in_dump
from tests.replay.evidence import delete_entries
from tests.retention.archive import read_all


class Booked(BaseModel):
    trip_id: str
    booking_id: str
    price: int
    email: str
    nights: int = 1
    seconds: float | None = None


class Left(BaseModel):
    trip_id: str
    diary: str = ""


class State(Enum):
    HOME = "home"
    AWAY = "away"


class Seat(Enum):
    TAKEN = "taken"
    PAID = "paid"


class Noted(Enum):
    DONE = "done"


BOOKINGS = Register("bookings", of=Booked, key="booking_id")
TRAVELLER = SubMachine(
    "traveller", start=State.HOME, moves={State.HOME: {Left: State.AWAY}, State.AWAY: {Left: State.AWAY}}
)


def trip(
    *, register: Any = BOOKINGS, columns: tuple[Any, ...] = (), sends: CommandTemplate | None = None, wants: Any = None
) -> Process:
    """A process whose bookings are read by what the test puts in."""
    seat = Effect("seat", "airline", {Seat.TAKEN: sends or CommandTemplate("TakeSeat")})
    joint = outcomes(TRAVELLER, *columns, rule=lambda *cell: cell[0])
    table = wanted(joint, rows=[(State.HOME, wants(seat) if wants else {}), (State.AWAY, wants(seat) if wants else {})])
    return Process(
        name="trip",
        version=1,
        correlate="trip_id",
        inputs={"travel": (Booked, Left)},
        machines=(TRAVELLER,),
        registers=(BOOKINGS,) if register is BOOKINGS else (BOOKINGS, register),
        outcomes=joint,
        wanted=(table,),
        settled=frozenset(State),
    )


def fields_of(process: Process, kind: str = "Booked") -> set[str]:
    return set(kept(process).fields[kind])


ALWAYS = {"trip_id", "booking_id"}
ALL = {"trip_id", "booking_id", "price", "email", "nights", "seconds"}


def test_a_key_and_the_correlating_field_stay() -> None:
    assert fields_of(trip()) == ALWAYS
    assert fields_of(trip(), "Left") == {"trip_id"}


def test_what_commands_say_stays() -> None:
    process = trip(sends=CommandTemplate("TakeSeat", BOOKINGS, ("price",)), wants=lambda seat: {seat: every(BOOKINGS)})
    assert fields_of(process) == ALWAYS | {"price"}
    assert kept(process).commands == {"TakeSeat": {"trip_id", "effect", "revision", "price"}}


def test_what_a_selection_ranks_by_stays() -> None:
    process = trip(wants=lambda seat: {seat: all_but_least(BOOKINGS, by=("nights",))})
    assert fields_of(process) == ALWAYS | {"nights"}


def test_of_what_a_function_may_look_at_everything_stays() -> None:
    chosen = replace(every(BOOKINGS), choose=frozenset, reads=None)
    assert fields_of(trip(wants=lambda seat: {seat: chosen})) == ALL
    assert fields_of(trip(columns=(DerivedColumn("rich", (BOOKINGS,), bool),))) == ALL
    in_all = ComputedField("total", (BOOKINGS,), lambda entries: sum(one["price"] for one in entries.values()))
    process = trip(sends=CommandTemplate("TakeSeat", computed=(in_all,)), wants=lambda seat: {seat: Seat.TAKEN})
    assert fields_of(process) == ALL
    assert kept(process).commands["TakeSeat"] == {"trip_id", "effect", "revision", "total"}


def test_of_what_an_expression_reads_only_that_stays() -> None:
    rich = DerivedColumn.of("rich", total(BOOKINGS, "price", where=each("nights") >= 2) >= 100)
    assert fields_of(trip(columns=(rich,))) == ALWAYS | {"price", "nights"}
    paid = ComputedField.of("paid", total(BOOKINGS, "price"))
    process = trip(sends=CommandTemplate("TakeSeat", computed=(paid,)), wants=lambda seat: {seat: Seat.TAKEN})
    assert fields_of(process) == ALWAYS | {"price"}
    process = trip(wants=lambda seat: {seat: entries_where(BOOKINGS, each("nights") >= 2)})
    assert fields_of(process) == ALWAYS | {"nights"}


def test_what_a_nested_table_looks_at_stays() -> None:
    inner = outcomes(
        DerivedColumn("rich", (BOOKINGS,), bool), rows=[(False, Noted.DONE), (True, Noted.DONE)], name="inner"
    )
    assert fields_of(trip(columns=(inner,))) == ALL


def test_what_a_deadline_reads_stays() -> None:
    deadline = Deadline("back", emits=Left, after=timedelta(days=1), override=(BOOKINGS, "seconds"))
    assert fields_of(trip(wants=lambda _: {deadline: ARMED})) == ALWAYS | {"seconds"}


def test_a_reducer_is_kept_whole_and_said_to_be() -> None:
    diary = Reducer("diary", (Left,), "", lambda held, fact: max(held, fact.fields["diary"]))
    assert kept(trip(register=diary)).reducers == ("diary",)


def test_of_the_order_process_everything_that_registers_hold_is_read() -> None:
    fields = kept(order_process()).fields
    assert set(fields["OrderPlaced"]) == {"order_id", "amount", "currency", "payment_timeout_seconds"}
    assert set(fields["PaymentReceived"]) == {"order_id", "payment_id", "amount", "currency", "received_at"}
    assert set(fields["OrderCancelled"]) == {"order_id"}


@pytest.mark.parametrize("process", [shop_order], ids=lambda one: one.name)
def test_every_reason_names_somebody(process: Process) -> None:
    reasons: Mapping[str, Mapping[str, tuple[str, ...]]] = kept(process).fields
    assert all(all(whys) and whys for fields in reasons.values() for whys in fields.values())


async def test_a_declared_field_that_nothing_reads_is_erased_and_a_duplicate_is_still_known(
    engine: AsyncEngine, database_url: str
) -> None:
    process = trip(sends=CommandTemplate("TakeSeat", BOOKINGS, ("price",)), wants=lambda seat: {seat: every(BOOKINGS)})
    step = Step(engine, process)
    data = {"trip_id": "t-1", "booking_id": "b-1", "price": 7, "email": "secret@example.org"}

    def booked(**changed: object) -> Any:
        said = message("Booked", "unused")
        return replace(said, data={**data, **changed})

    await step.handle([booked()])
    await read_all(engine)
    await erase(engine, process, "t-1", actor="ops", reason="a request")
    assert await found_in_dump(database_url, "secret@") == []
    assert (await step.handle([booked()])).ignored == 1
    assert (await step.handle([booked(price=8)])).dead == 1
    assert (await step.handle([booked(booking_id="b-2")])).taken == 1
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE type = 'TakeSeat'") == 2
    state = orjson.loads(await value(engine, "SELECT CAST(state AS text) FROM saga.instance"))
    assert state["registers"]["bookings"]["b-1"] == {"trip_id": "t-1", "booking_id": "b-1", "price": 7}
    assert [one.differences for page in [p async for p in check(engine, process)] for one in page] == [()]


async def logged(engine: AsyncEngine, stream_id: str, data: Mapping[str, Any]) -> Any:
    """A booking as an event of the log of travel, which is kept here."""
    said = replace(message("Booked", "unused"), data=dict(data))
    async with durable_transaction(engine) as connection:
        position = await append(connection, "travel", [NewEvent(stream_id, "Booked", said.id, dict(data))])
    return replace(said, source="/modules/travel", module="travel", position=position, previous_position=position - 1)


async def lost(engine: AsyncEngine, process: Process) -> list[str]:
    return [one.sentence async for page in audit_events(engine, process) for one in page.unanswered]


async def test_an_erased_event_that_can_not_be_read_any_more_is_still_answered(engine: AsyncEngine) -> None:
    process = trip()
    data = {"trip_id": "t-1", "booking_id": "b-1", "price": 7, "email": "secret@example.org"}
    booked = await logged(engine, "b-1", data)
    await Step(engine, process).handle([booked])
    await read_all(engine)
    for _ in range(2):
        await erase(engine, process, "t-1", actor="ops", reason="a request")
        assert await value(engine, "SELECT CAST(data AS text) FROM saga.event_log WHERE module = 'travel'") == (
            '{"trip_id": "t-1", "booking_id": "b-1"}'
        )
        assert await lost(engine, process) == []
    await delete_entries(engine, "t-1", "type = 'InputTaken'")
    assert await lost(engine, process) == ["position 1 of travel, Booked about t-1, was passed and has no answer"]


async def test_an_erased_event_that_a_later_process_never_got_is_not_asked_for(engine: AsyncEngine) -> None:
    process, later = trip(), replace(trip(), name="later-trip")
    data = {"booking_id": "b-1", "price": 7, "email": "secret@example.org"}
    booked = [await logged(engine, one, {"trip_id": one, **data}) for one in ("t-1", "t-2")]
    await Step(engine, process).handle(booked)
    await read_all(engine)
    await erase(engine, process, "t-1", actor="ops", reason="a request")
    step = Step(engine, later)
    await LogFeed(engine, step, later, "saga", grace=AT_ONCE, page_size=7).feed_once()
    assert await value(engine, "SELECT watermark FROM saga.cursor WHERE consumer = 'later-trip'") == 2
    assert await lost(engine, later) == []


def test_an_erased_field_contradicts_nothing_and_what_is_left_still_does() -> None:
    entries = {"b-1": {"booking_id": "b-1", "price": 7}}
    fact = Fact(Booked, {"trip_id": "t", "booking_id": "b-1", "price": 7, "email": "x", "nights": 1, "seconds": None})
    assert BOOKINGS.conflict(entries, fact) is None
    assert "price is 7 there and 8 here" in str(BOOKINGS.conflict(entries, Fact(Booked, {**fact.fields, "price": 8})))
