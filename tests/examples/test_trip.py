"""The trip: three bookings, a deadline and a change of mind, in any order."""

import random
from itertools import permutations

import pytest

from examples.trip.process import (
    CAR,
    FLIGHT,
    HOTEL,
    CarConfirmed,
    CarRefused,
    FlightConfirmed,
    FlightRefused,
    HotelConfirmed,
    HotelRefused,
    TripCancelled,
    TripRequested,
    TripTimedOut,
    trip,
)
from saga.convergence.check import Grade, check
from saga.convergence.diagrams.matrix import Pair
from saga.convergence.enumeration import HistoryResult, run_history
from saga.convergence.samples import derive_samples
from saga.core import Process
from tests.examples.place import declared, diverged, shuffled
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, messages_taken
from tests.rabbitmq.wire import publish
from tests.waiting import until

SAMPLES = derive_samples(trip)
BY_KIND = {fact.kind: fact for fact in SAMPLES}
CONFIRMED = (FlightConfirmed, HotelConfirmed, CarConfirmed)


def reported(*kinds: type) -> HistoryResult:
    return run_history(trip, [BY_KIND[kind] for kind in kinds])


def effects(*kinds: type) -> dict[str, str]:
    return {name: condition for name, condition, _ in reported(*kinds).end_state.effects}


def test_it_converges_in_every_order_of_all_nine_inputs() -> None:
    report = check(trip)
    assert len(report.samples) == 9
    assert (report.findings, report.grade) == ((), Grade.PROVED)


def test_the_matrix_shows_that_the_three_bookings_never_touch_each_other() -> None:
    numbers = {fact.kind: number for number, fact in enumerate(SAMPLES)}
    pairs = {(one.first, one.second): one.pair for one in check(trip, always_explore=True).matrix}
    first, second = sorted((numbers[FlightConfirmed], numbers[CarRefused]))
    assert pairs[first, second] in (Pair.APART, Pair.ONLY_IN_EFFECT)
    assert Pair.DIVERGES not in pairs.values()


@pytest.mark.parametrize("child", [FLIGHT, HOTEL, CAR], ids=lambda child: str(child.name))
def test_a_booking_is_a_process_that_converges_by_itself(child: Process) -> None:
    assert check(child).converges


@pytest.mark.parametrize("order", [*permutations((FlightConfirmed, FlightRefused))])
def test_a_booking_that_was_confirmed_and_refused_counts_as_refused_whichever_came_first(order: tuple[type]) -> None:
    assert reported(TripRequested, HotelConfirmed, CarConfirmed, *order).end_state.outcome.value == "failed"


@pytest.mark.parametrize("answers", [*permutations(CONFIRMED)])
def test_three_confirmations_make_a_trip_in_any_order(answers: tuple[type, ...]) -> None:
    assert reported(TripRequested, *answers).outcomes == ("pending", "pending", "pending", "booked")


@pytest.mark.parametrize("refused", [FlightRefused, HotelRefused, CarRefused])
def test_one_refusal_releases_everything(refused: type) -> None:
    assert set(effects(TripRequested, FlightConfirmed, refused).values()) == {"released"}


def test_what_was_released_at_the_deadline_is_asked_for_again_once_all_have_confirmed() -> None:
    late = reported(TripRequested, FlightConfirmed, HotelConfirmed, TripTimedOut, CarConfirmed)
    assert late.outcomes[-2:] == ("expired", "booked")
    assert [command.type for command in late.commands[-3:]] == ["BookFlight", "BookHotel", "BookCar"]


def test_a_booked_trip_that_is_cancelled_is_released() -> None:
    assert reported(TripRequested, *CONFIRMED, TripCancelled).end_state.outcome.value == "cancelled"
    assert set(effects(TripRequested, *CONFIRMED, TripCancelled).values()) == {"released"}


def test_nothing_is_asked_of_anybody_before_we_know_where_to() -> None:
    early = reported(FlightConfirmed, CarRefused, TripCancelled, TripTimedOut, TripRequested)
    assert {command.type for command in early.commands} == {"ReleaseFlight", "ReleaseHotel", "ReleaseCar"}
    assert reported(FlightConfirmed, CarRefused, TripCancelled, TripTimedOut).commands == ()


async def test_over_the_broker_every_order_comes_to_the_checkers_verdict(place: Place, seed: int) -> None:
    histories = list(shuffled(trip, SAMPLES, random.Random(seed), sets=70, orders=4))
    sent = [raw for history in histories for raw in history.messages]
    async with declared(place, trip) as channel, working(place, trip), working(place, trip):
        await publish(channel, place, sent)
        await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) == len(sent))
        await until(lambda: is_relayed(place.engine))
        assert await diverged(place, histories) == []
    assert await dead_letters(place.engine) == []
