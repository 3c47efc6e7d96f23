"""The programs of the examples do what they say."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.programs import backfill, messages, module_log, operations, pages, proofs, upkeep, worker
from examples.trip.process import TripRequested, trip
from saga.engine import Step
from saga.messages.cloudevents import decode
from saga.testing import make_fact
from tests.examples.place import declared, event, told_in_the_database
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import publish
from tests.waiting import LIMIT_SECONDS, until

REQUESTED = TripRequested(trip_id="t-1", destination="Rome", first_day="2026-05-01", last_day="2026-05-08")


async def test_a_worker_in_a_program_of_ones_own_handles_messages_until_it_is_stopped(
    place: Place, database_url: str
) -> None:
    stop = asyncio.Event()
    async with declared(place, trip) as channel:
        working = asyncio.create_task(worker.work(database_url, place.amqp_url, stop, place.prefix))
        await publish(channel, place, [event(trip, make_fact(REQUESTED), "t-1")])
        await until(lambda: told_in_the_database(place.engine, trip), lambda seen: seen == {"t-1": "pending"})
        stop.set()
        async with asyncio.timeout(LIMIT_SECONDS):
            await working


async def test_who_follows_a_log_sees_what_is_public(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        await module_log.main(database_url)
    assert capsys.readouterr().out == ("position 1: TripRequested {'trip_id': 'trip-1', 'destination': 'Rome'}\n")


async def test_a_program_asks_how_everything_is_and_redrives_what_was_dead(
    engine: AsyncEngine, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    requested = event(trip, make_fact(REQUESTED), "t-1")
    interpreters = replace(requested, body=requested.body.replace(b"Rome", b"Oslo"))
    await Step(engine, trip).handle([decode(requested), decode(interpreters)])
    async with asyncio.timeout(20):
        await operations.main(database_url, "t-1")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "healthy"
    assert any(line.startswith("trip t-1 is stuck: an open dead letter") for line in said)
    assert [line for line in said if line.startswith("redriven")] == ["redriven: ['dead']"]
    assert "t-1 is pending" in said
    assert said[-1] == "1 replayed, 0 differ; clean: True"


async def test_a_program_asks_as_a_page_does(
    engine: AsyncEngine, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    requested = event(trip, make_fact(REQUESTED), "t-1")
    contradicting = replace(requested, body=requested.body.replace(b"Rome", b"Oslo"))
    await Step(engine, trip).handle([decode(requested), decode(contradicting)])
    async with asyncio.timeout(LIMIT_SECONDS):
        await pages.main(database_url, "t-1")
    said = capsys.readouterr().out
    assert "trip: 1 open, ['pending']" in said and "instance t-1: pending" in said
    assert "taken: taken in" in said and "['dead']" in said
    assert said.endswith("nothing changed\n")


async def test_a_program_appends_a_message_and_follows_the_log(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with asyncio.timeout(20):
        await messages.main(database_url)
        await messages.main(database_url)
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        "no log of trips is kept here; there are ()",
        "appended at (1,)",
        "TripCancelled of trip-1, 1 in all",
    ]
    assert said[3:6] == ["['trips'] are the modules", "[] read them", "[] carry out commands"]
    assert said[6] == "appended at (2,)"


async def test_a_program_sends_a_message_and_sees_it_wait(
    place: Place, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with declared(place, trip), asyncio.timeout(20):
        await messages.send(place.amqp_url, place.prefix)
    assert f"1 wait in {place.prefix}.trip" in capsys.readouterr().out.splitlines()


async def test_a_program_keeps_a_database_in_order(
    engine: AsyncEngine, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = event(trip, make_fact(REQUESTED), "t-1")
    await Step(engine, trip).handle([decode(replace(nobody, body=b"{}"))])
    async with asyncio.timeout(20):
        await upkeep.main(database_url, "t-2")
    said = capsys.readouterr().out.splitlines()
    assert said[1:3] == ["nothing is old enough", "nothing is known of ('t-2',)"]
    assert "discarded (1,)" in said
    assert said[-1] == "forgotten ()"


async def test_a_program_brings_old_events_into_a_log_once(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await backfill.main(database_url)
    assert capsys.readouterr().out == "the log goes up to 2\n"
    with pytest.raises(IntegrityError):
        await backfill.main(database_url)


def test_a_program_shows_what_is_wrong_with_a_process(capsys: pytest.CaptureFixture[str]) -> None:
    proofs.main()
    said = capsys.readouterr().out
    assert said.startswith("upgrade: []\ndiverges: ")
    assert "| 1. PaymentTimedOut" in said
