"""The programs of the examples do what they say."""

import asyncio

import pytest

from examples.programs import module_log, worker
from examples.trip.process import TripRequested, trip
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
