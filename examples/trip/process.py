"""A trip: flight, hotel and car are booked together or not at all, until a deadline, and the traveller may cancel.

Each booking is a small process of its own, and its outcome is a column of the trip's table. Answers may come in any
order, so no rule depends on it:

- A booking that was confirmed *and* refused, whichever came first, counts as refused, because it is not reliable.
- Three confirmations make a trip, even if they come after the deadline. Places that were released meanwhile are booked
  again; a collaborator that can't do so refuses, and the trip fails, as after any other refusal.
- A cancelled trip stays cancelled, booked or not.
"""

from datetime import timedelta
from enum import Enum

from pydantic import BaseModel

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    Effect,
    Process,
    Register,
    SubMachine,
    Wants,
    all_but,
    one_of,
    outcomes,
    wanted,
)


class TripMessage(BaseModel, frozen=True, extra="allow"):
    """The data of every message about a trip."""

    trip_id: str


class TripRequested(TripMessage):
    """From trips: a traveller wants to go there, and back again."""

    destination: str
    first_day: str
    last_day: str


class TripCancelled(TripMessage):
    """From trips: the traveller changed their mind."""


class FlightConfirmed(TripMessage):
    """From flights: there is a seat."""


class FlightRefused(TripMessage):
    """From flights: there is none."""


class HotelConfirmed(TripMessage):
    """From hotels: there is a room."""


class HotelRefused(TripMessage):
    """From hotels: there is none."""


class CarConfirmed(TripMessage):
    """From cars: there is a car."""


class CarRefused(TripMessage):
    """From cars: there is none."""


class TripTimedOut(TripMessage):
    """From the scheduler: the traveller has waited long enough."""


class Answer(Enum):
    """The answers about one booking."""

    NONE = "none"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    BOTH = "both"


class Booking(Enum):
    """The outcome of one booking."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Bookings(Enum):
    """The outcome of the three bookings together."""

    INCOMPLETE = "incomplete"
    COMPLETE = "complete"
    BROKEN = "broken"


class Request(Enum):
    """Whether the destination is known."""

    UNKNOWN = "unknown"
    KNOWN = "known"


class TimeLimit(Enum):
    """Whether the deadline has passed."""

    WAITING = "waiting"
    OVER = "over"


class Wish(Enum):
    """Whether the traveller still wants to go."""

    GO = "go"
    CANCELLED = "cancelled"


class Trip(Enum):
    """The outcome of a trip."""

    PENDING = "pending"
    BOOKED = "booked"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Place(Enum):
    """Conditions of a place in a plane, a hotel or a car."""

    BOOKED = "booked"
    RELEASED = "released"


def booking(name: str, module: str, confirmed: type, refused: type) -> Process:
    """A booking with one collaborator. It wants no effect by itself: the trip decides whether to keep it."""
    answer = SubMachine(
        f"{name}_answer",
        start=Answer.NONE,
        moves={
            Answer.NONE: {confirmed: Answer.CONFIRMED, refused: Answer.REFUSED},
            Answer.CONFIRMED: {confirmed: Answer.CONFIRMED, refused: Answer.BOTH},
            Answer.REFUSED: {confirmed: Answer.BOTH, refused: Answer.REFUSED},
            Answer.BOTH: {confirmed: Answer.BOTH, refused: Answer.BOTH},
        },
    )
    return Process(
        name=name,
        version=1,
        correlate="trip_id",
        inputs={module: (confirmed, refused)},
        machines=(answer,),
        outcomes=outcomes(
            answer,
            name=name,
            rows=[
                (Answer.NONE, Booking.PENDING),
                (Answer.CONFIRMED, Booking.CONFIRMED),
                (Answer.REFUSED, Booking.REFUSED),
                (Answer.BOTH, Booking.REFUSED),
            ],
        ),
        settled=frozenset({Booking.CONFIRMED, Booking.REFUSED}),
    )


def together(*bookings: Booking) -> Bookings:
    """One refusal breaks a trip; only three confirmations complete it."""
    if Booking.REFUSED in bookings:
        return Bookings.BROKEN
    return Bookings.INCOMPLETE if Booking.PENDING in bookings else Bookings.COMPLETE


FLIGHT = booking("flight", "flights", FlightConfirmed, FlightRefused)
HOTEL = booking("hotel", "hotels", HotelConfirmed, HotelRefused)
CAR = booking("car", "cars", CarConfirmed, CarRefused)

REQUEST = SubMachine(
    "request",
    start=Request.UNKNOWN,
    moves={
        Request.UNKNOWN: {TripRequested: Request.KNOWN},
        Request.KNOWN: {TripRequested: Request.KNOWN},
    },
)
TIME_LIMIT = SubMachine(
    "time_limit",
    start=TimeLimit.WAITING,
    moves={
        TimeLimit.WAITING: {TripTimedOut: TimeLimit.OVER},
        TimeLimit.OVER: {TripTimedOut: TimeLimit.OVER},
    },
)
WISH = SubMachine(
    "wish",
    start=Wish.GO,
    moves={
        Wish.GO: {TripCancelled: Wish.CANCELLED},
        Wish.CANCELLED: {TripCancelled: Wish.CANCELLED},
    },
)
WHERE_TO = Register("where_to", of=TripRequested, key="trip_id")

BOOKINGS = outcomes(FLIGHT.outcomes, HOTEL.outcomes, CAR.outcomes, name="bookings", rule=together)
OUTCOMES = outcomes(
    BOOKINGS,
    TIME_LIMIT,
    WISH,
    rows=[
        (ANY, ANY, Wish.CANCELLED, Trip.CANCELLED),
        (Bookings.COMPLETE, ANY, Wish.GO, Trip.BOOKED),
        (Bookings.BROKEN, ANY, Wish.GO, Trip.FAILED),
        (Bookings.INCOMPLETE, TimeLimit.WAITING, Wish.GO, Trip.PENDING),
        (Bookings.INCOMPLETE, TimeLimit.OVER, Wish.GO, Trip.EXPIRED),
    ],
)

PLACES = tuple(
    Effect(
        f"{what}_place",
        collaborator=what,
        commands={
            Place.BOOKED: CommandTemplate(f"Book{what.title()}", WHERE_TO, ("destination", "first_day", "last_day")),
            Place.RELEASED: CommandTemplate(f"Release{what.title()}"),
        },
    )
    for what in ("flight", "hotel", "car")
)
BOOK: Wants = dict.fromkeys(PLACES, Place.BOOKED)
RELEASE: Wants = dict.fromkeys(PLACES, Place.RELEASED)


def trip_process(booking_timeout: timedelta = timedelta(hours=2)) -> Process:
    """The trip; a traveller waits ``booking_timeout`` for all three answers."""
    deadline = Deadline("booking_deadline", emits=TripTimedOut, after=booking_timeout)
    return Process(
        name="trip",
        version=1,
        correlate="trip_id",
        inputs={"trips": (TripRequested, TripCancelled), "scheduler": (TripTimedOut,)},
        children=(FLIGHT, HOTEL, CAR),
        machines=(REQUEST, TIME_LIMIT, WISH),
        registers=(WHERE_TO,),
        outcomes=OUTCOMES,
        wanted=(
            wanted(
                OUTCOMES,
                rows=[
                    (Trip.PENDING, {deadline: ARMED}),
                    (all_but(Trip.PENDING), {}),
                ],
            ),
            wanted(
                OUTCOMES,
                REQUEST,
                rows=[
                    (ANY, Request.UNKNOWN, {}),
                    (one_of(Trip.PENDING, Trip.BOOKED), Request.KNOWN, BOOK),
                    (one_of(Trip.FAILED, Trip.EXPIRED, Trip.CANCELLED), Request.KNOWN, RELEASE),
                ],
            ),
        ),
        settled=frozenset(set(Trip) - {Trip.PENDING}),
    )


trip = trip_process()
