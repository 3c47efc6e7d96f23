"""A trip: flight, hotel and car are booked together or not at all, until a deadline, and the traveller may cancel.

Each booking is a small process of its own, and its outcome is a column of the trip's table. Who books is never told in
which order, so nothing here asks for it:

- A booking that was confirmed *and* refused, whichever came first, counts as refused: nobody can rely on it.
- Three confirmations make a trip, also when they are told after the deadline. What was given back meanwhile is asked
  for again; whoever can't honour that refuses, and the trip fails, as it does after any other refusal.
- Cancelled is cancelled, booked or not.
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
    """What every message about a trip has."""

    trip_id: str


class TripRequested(TripMessage):
    """From trips: somebody wants to go there, and back again."""

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
    """What was heard about one booking."""

    NONE = "none"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    BOTH = "both"


class Booking(Enum):
    """What one booking has come to."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Bookings(Enum):
    """What the three of them have come to."""

    INCOMPLETE = "incomplete"
    COMPLETE = "complete"
    BROKEN = "broken"


class Request(Enum):
    """Whether we know where to."""

    UNKNOWN = "unknown"
    KNOWN = "known"


class GapDetector(Enum):
    """Whether the deadline has passed."""

    WAITING = "waiting"
    OVER = "over"


class Wish(Enum):
    """Whether the traveller still wants to go."""

    GO = "go"
    CANCELLED = "cancelled"


class Trip(Enum):
    """What a trip has come to."""

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
    """A booking with one collaborator. It wants nothing by itself: whether it is kept, the trip decides."""
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
    """One refusal breaks a trip; only all confirmations make one."""
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
PATIENCE = SubMachine(
    "patience",
    start=GapDetector.WAITING,
    moves={
        GapDetector.WAITING: {TripTimedOut: GapDetector.OVER},
        GapDetector.OVER: {TripTimedOut: GapDetector.OVER},
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
    PATIENCE,
    WISH,
    rows=[
        (ANY, ANY, Wish.CANCELLED, Trip.CANCELLED),
        (Bookings.COMPLETE, ANY, Wish.GO, Trip.BOOKED),
        (Bookings.BROKEN, ANY, Wish.GO, Trip.FAILED),
        (Bookings.INCOMPLETE, GapDetector.WAITING, Wish.GO, Trip.PENDING),
        (Bookings.INCOMPLETE, GapDetector.OVER, Wish.GO, Trip.EXPIRED),
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


def trip_process(patience: timedelta = timedelta(hours=2)) -> Process:
    """The trip; a traveller waits this long for all three answers."""
    deadline = Deadline("booking_deadline", emits=TripTimedOut, after=patience)
    return Process(
        name="trip",
        version=1,
        correlate="trip_id",
        inputs={"trips": (TripRequested, TripCancelled), "scheduler": (TripTimedOut,)},
        children=(FLIGHT, HOTEL, CAR),
        machines=(REQUEST, PATIENCE, WISH),
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
