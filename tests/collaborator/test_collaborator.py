"""A collaborator of somebody's own: each command once, the greatest revision, answers, and what is kept as rejected."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import aio_pika
import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from examples.trip.process import trip
from saga.collaborator import Collaborator, Command, Refusal, Unavailable
from saga.core import DeclarationError
from saga.engine import Step
from saga.messages import Envelope, Raw
from saga.messages.identity import derived_id
from saga.modules import Module, NewEvent, Visibility, append, read_public
from saga.modules.outgoing import Outgoing, as_delivered, encode
from saga.modules.reader import read_commands
from saga.operations import erase
from saga.postgres import durable_transaction
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import command_queues, declare
from tests.rabbitmq.records import rows
from tests.retention.archive import read_all
from tests.waiting import LIMIT_SECONDS, until


@dataclass(frozen=True)
class BookRoom:
    trip_id: str
    night: date


class ReleaseRoom(BaseModel):
    trip_id: str


@dataclass(frozen=True)
class RoomBooked:
    trip_id: str
    night: date


HOTEL = Module("hotel-log", stream="trip_id", events=(RoomBooked,))


class Hotel:
    """Handlers that note what they were called for, and do what a test asks for."""

    def __init__(self, name: str = "hotel-2") -> None:
        self.calls: list[tuple[str, int]] = []
        self.result: str | Refusal | None = None
        self.error: Exception | None = None
        self.collaborator = Collaborator(
            name, instance="trip_id", handlers={BookRoom: self.book, ReleaseRoom: self.release}
        )

    async def book(self, command: Command[BookRoom], connection: AsyncConnection) -> str | Refusal | None:
        self.calls.append((command.instance_id, command.revision))
        await connection.execute(text("INSERT INTO night VALUES (:night)"), {"night": command.data.night})
        HOTEL.append(connection, [RoomBooked(command.data.trip_id, command.data.night)], **command.cause)
        if self.error:
            raise self.error
        return self.result

    async def release(self, command: Command[ReleaseRoom], _: AsyncConnection) -> None:
        self.calls.append((command.data.trip_id, command.revision))


def command(kind: str, trip_id: str, revision: int, *, effect: str = "room", **fields: Any) -> Envelope:
    data = {"trip_id": trip_id, "effect": effect, "revision": revision, **fields}
    return Envelope(
        kind,
        derived_id("command", "trip", trip_id, effect, revision),
        "/modules/trip-process",
        data,
        Raw(orjson.dumps([kind, data])),
        subject=trip_id,
        correlation_id=f"conversation-{trip_id}",
        traceparent="00-trace",
    )


def book(trip_id: str, revision: int = 1, night: str = "2026-12-24", **fields: Any) -> Envelope:
    return command("BookRoom", trip_id, revision, night=night, **fields)


def release(trip_id: str, revision: int = 2, **fields: Any) -> Envelope:
    return command("ReleaseRoom", trip_id, revision, **fields)


@pytest.fixture
async def hotel(engine: AsyncEngine) -> Hotel:
    hotel = Hotel()
    await hotel.collaborator.create_tables(engine)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE night (night date)"))
    return hotel


async def results(engine: AsyncEngine) -> dict[tuple[str, int], str]:
    found = await rows(engine, 'SELECT trip_id, revision, result FROM "hotel-2".command')
    return {(row.trip_id, row.revision): row.result for row in found}


async def reasons(engine: AsyncEngine) -> list[str]:
    return [row.reason for row in await rows(engine, 'SELECT reason FROM "hotel-2".rejected ORDER BY reason')]


async def test_the_handlers_rows_its_answer_and_the_result_are_committed_together(
    engine: AsyncEngine, hotel: Hotel
) -> None:
    await hotel.collaborator.handle(engine, [book("t-1")])
    assert await results(engine) == {("t-1", 1): "handled"}
    assert [row.night for row in await rows(engine, "SELECT night FROM night")] == [date(2026, 12, 24)]
    async with engine.connect() as connection:
        ((answer,), _) = await read_public(connection, "hotel-log", 0)
    assert HOTEL.decode(answer) == RoomBooked("t-1", date(2026, 12, 24))
    assert answer.metadata == {
        "correlationid": "conversation-t-1",
        "causationid": book("t-1").id,
        "traceparent": "00-trace",
    }


async def test_a_command_is_handled_once_however_often_it_comes(engine: AsyncEngine, hotel: Hotel) -> None:
    for _ in range(2):
        await hotel.collaborator.handle(engine, [book("t-1"), book("t-1")])
    assert hotel.calls == [("t-1", 1)]
    assert [row.deliveries for row in await rows(engine, 'SELECT deliveries FROM "hotel-2".command')] == [4]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_in_any_order_the_greatest_revision_is_the_last_that_has_an_effect(
    engine: AsyncEngine, hotel: Hotel, order: tuple[int, ...], together: bool
) -> None:
    sent = [book("t-1", 1), release("t-1", 2), book("t-1", 3)]
    arriving = [sent[index] for index in order]
    for batch in [arriving] if together else [[one] for one in arriving]:
        await hotel.collaborator.handle(engine, batch)
    assert hotel.calls[-1] == ("t-1", 3)
    assert [revision for _, revision in hotel.calls] == sorted(revision for _, revision in hotel.calls)
    told = await results(engine)
    assert {key for key, result in told.items() if result == "handled"} == set(hotel.calls)
    assert {key for key, result in told.items() if result == "superseded"} == told.keys() - set(hotel.calls)


async def test_revisions_of_other_effects_and_instances_say_nothing(engine: AsyncEngine, hotel: Hotel) -> None:
    await hotel.collaborator.handle(engine, [release("t-1", 9), book("t-1", 1, effect="parking"), book("t-2", 1)])
    assert sorted(hotel.calls) == [("t-1", 1), ("t-1", 9), ("t-2", 1)]


async def test_a_handlers_word_is_the_result(engine: AsyncEngine, hotel: Hotel) -> None:
    hotel.result = "booked"
    await hotel.collaborator.handle(engine, [book("t-1")])
    assert await results(engine) == {("t-1", 1): "booked"}


async def test_a_refusal_is_kept_with_its_reason_and_keeps_none_of_the_others(
    engine: AsyncEngine, hotel: Hotel
) -> None:
    hotel.result = Refusal("the hotel is closed")
    await hotel.collaborator.handle(engine, [book("t-1"), release("t-2")])
    assert await results(engine) == {("t-1", 1): "refused", ("t-2", 2): "handled"}
    assert await reasons(engine) == ["the hotel is closed"]


def _no_commands() -> Iterator[tuple[Envelope, str]]:
    good = book("t-1")
    yield replace(good, type="BuyHotel"), "unknown command 'BuyHotel': understood are BookRoom, ReleaseRoom"
    yield book("t-1", night="tomorrow"), "wrong data: night: Input should be a valid date"
    yield book("t-1", revision=0), "wrong data: revision: Input should be greater than or equal to 1"
    yield book("t-1", effect=""), "wrong data: effect: String should have at least 1 character"
    yield replace(good, subject="t-2"), "subject 't-2' is not trip_id 't-1'"
    yield replace(release(""), subject=None), "wrong data: trip_id: should be text of 1 to 200 characters"


@pytest.mark.parametrize(("message", "reason"), list(_no_commands()))
async def test_what_is_no_command_is_rejected_with_a_reason(
    engine: AsyncEngine, hotel: Hotel, message: Envelope, reason: str
) -> None:
    await hotel.collaborator.handle(engine, [message, release("t-9")])
    assert hotel.calls == [("t-9", 2)]
    (said,) = await reasons(engine)
    assert said.startswith(reason)


async def test_a_known_id_with_other_contents_is_rejected(engine: AsyncEngine, hotel: Hotel) -> None:
    await hotel.collaborator.handle(engine, [book("t-1")])
    await hotel.collaborator.handle(engine, [book("t-1", night="2026-12-31")])
    assert await reasons(engine) == [f"command {book('t-1').id} came before with other contents"]
    assert len(hotel.calls) == 1


@pytest.mark.parametrize("error", [Unavailable("the key system is away"), ZeroDivisionError("a bug")])
async def test_an_exception_of_a_handler_leaves_nothing_and_the_batch_may_come_again(
    engine: AsyncEngine, hotel: Hotel, error: Exception
) -> None:
    hotel.error = error
    with pytest.raises(type(error), match=str(error)):
        await hotel.collaborator.handle(engine, [release("t-2"), book("t-1")])
    assert await results(engine) == {}
    assert await rows(engine, "SELECT 1 FROM night") == []
    hotel.error = None
    await hotel.collaborator.handle(engine, [release("t-2"), book("t-1")])
    assert await results(engine) == {("t-1", 1): "handled", ("t-2", 2): "handled"}


async def test_what_postgresql_refuses_is_rejected_and_keeps_none_of_the_others(
    engine: AsyncEngine, hotel: Hotel
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE night ADD CHECK (night > '2026-01-01')"))
    early = book("t-1", night="1926-12-24")
    await hotel.collaborator.handle(engine, [book("t-2"), early, book("t-3")])
    assert await results(engine) == {("t-2", 1): "handled", ("t-3", 1): "handled"}
    (reason,) = await reasons(engine)
    assert "23514" in reason


async def test_before_a_batch_it_may_be_told_to_come_again(engine: AsyncEngine) -> None:
    async def closed() -> None:
        raise Unavailable("closed on Sundays")

    shy = Collaborator("shy", instance="trip_id", handlers={ReleaseRoom: Hotel().release}, before_batch=closed)
    await shy.create_tables(engine)
    with pytest.raises(Unavailable, match="Sundays"):
        await shy.handle(engine, [release("t-1")])
    assert await rows(engine, "SELECT 1 FROM shy.command") == []


def logged(envelope: Envelope) -> NewEvent:
    """The command as a process records it."""
    return NewEvent(
        str(envelope.subject),
        envelope.type,
        envelope.id,
        envelope.data,
        Visibility.INTERNAL,
        target="hotel-2",
        metadata={"correlationid": "c"},
    )


async def recorded(engine: AsyncEngine, *commands: Envelope) -> list[Outgoing]:
    """Commands in the log of a process, as its relay would send them to a broker."""
    async with durable_transaction(engine) as connection:
        await append(connection, "trip-process", [logged(one) for one in commands])
    async with engine.connect() as connection:
        entries = (await read_commands(connection, "trip-process", "hotel-2", 0)).entries
    return [encode(entry, "saga") for entry in entries]


@pytest.mark.parametrize("way", ["queue", "logs", "both"])
async def test_it_takes_commands_from_a_queue_from_the_logs_or_from_both_until_it_is_stopped(
    engine: AsyncEngine, amqp_url: str, prefix: str, hotel: Hotel, way: str
) -> None:
    sent = [replace(one, exchange=f"{prefix}.commands") for one in await recorded(engine, book("t-1"), release("t-1"))]
    wanted = replace(command_queues(prefix, "hotel-2"), is_ours=True)
    stop, ready = asyncio.Event(), asyncio.Event()
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await declare(channel, wanted)
        running = asyncio.create_task(
            hotel.collaborator.run(
                stop,
                engine=engine,
                broker=None if way == "logs" else amqp_url,
                logs=engine if way == "both" else None,
                ready=ready,
                prefix=prefix,
            )
        )
        async with asyncio.timeout(LIMIT_SECONDS):
            await ready.wait()
            async with Publisher(amqp_url, wanted, 10) as publisher:
                if way != "logs":
                    await publisher.publish(sent)
            deliveries = 'SELECT deliveries FROM "hotel-2".command'
            expected = [2, 2] if way == "both" else [1, 1]
            await until(lambda: rows(engine, deliveries), lambda seen: [row.deliveries for row in seen] == expected)
            stop.set()
            await running
        for queue in (wanted.queue("hotel-2"), wanted.undelivered):
            await channel.queue_delete(queue)
        for exchange in (wanted.events, wanted.commands, wanted.undelivered):
            await channel.exchange_delete(exchange)
    assert (await results(engine))[("t-1", 2)] == "handled"
    assert hotel.calls.count(("t-1", 2)) == 1
    assert await reasons(engine) == []


async def test_a_bug_in_a_handler_ends_it_and_loses_nothing(engine: AsyncEngine, hotel: Hotel) -> None:
    await recorded(engine, book("t-1"))
    hotel.error = ZeroDivisionError("a bug")
    with pytest.raises(ExceptionGroup) as raised:
        await hotel.collaborator.run(asyncio.Event(), engine=engine)
    assert raised.group_contains(ZeroDivisionError)
    hotel.error, stop, ready = None, asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(hotel.collaborator.run(stop, engine=engine, ready=ready))
        await until(lambda: results(engine), lambda seen: seen == {("t-1", 1): "handled"})
        stop.set()


async def test_as_the_logs_deliver_a_command_it_has_its_cause(engine: AsyncEngine, hotel: Hotel) -> None:
    await recorded(engine, book("t-1"))
    async with engine.connect() as connection:
        entries = (await read_commands(connection, "trip-process", "hotel-2", 0)).entries
    await hotel.collaborator.handle(engine, [as_delivered(entry, "saga") for entry in entries])
    async with engine.connect() as connection:
        ((answer,), _) = await read_public(connection, "hotel-log", 0)
    assert answer.metadata == {"correlationid": "c", "causationid": book("t-1").id}


async def test_an_erasure_of_any_process_reaches_its_commands_there(engine: AsyncEngine, hotel: Hotel) -> None:
    data = {"trip_id": "t-1"}
    wish = Envelope("TripCancelled", "m-1", "/modules/trips", data, Raw(orjson.dumps(data)), subject="t-1")
    await Step(engine, trip).handle([wish])
    await read_all(engine)
    await hotel.collaborator.handle(engine, [book("t-1"), book("t-2"), book("t-1", night="soon")])
    done = await erase(engine, trip, "t-1", actor="ops", reason="asked for")
    assert done.collaborators == {"hotel-2": 2}
    told = await rows(engine, """SELECT trip_id FROM "hotel-2".command WHERE metadata::text LIKE '%conversation%'""")
    assert [row.trip_id for row in told] == ["t-2"]
    assert await reasons(engine) == ["erased"]


@dataclass(frozen=True)
class Plain:
    trip_id: str


def _handled(*kinds: type) -> dict[type, Any]:
    return dict.fromkeys(kinds, Hotel.release)


@pytest.mark.parametrize(
    ("name", "instance", "kinds", "complaint"),
    [
        ("Hotel", "trip_id", (BookRoom,), "a name is small letters"),
        ("saga", "trip_id", (BookRoom,), "neither saga nor pg_"),
        ("hotel", "revision", (BookRoom,), "'revision' can't name instances"),
        ("hotel", 'trip"id', (BookRoom,), "can't name instances"),
        ("hotel", "trip_id", (), "takes no command"),
        ("hotel", "trip_id", (BookRoom, int), "int is neither a pydantic model nor a dataclass"),
        ("hotel", "trip_id", (Plain, type("Plain", (BaseModel,), {})), "two commands are named Plain"),
    ],
)
def test_what_can_not_be_declared_is_an_error_with_a_sentence(
    name: str, instance: str, kinds: tuple[type, ...], complaint: str
) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        Collaborator(name, instance=instance, handlers=_handled(*kinds))
