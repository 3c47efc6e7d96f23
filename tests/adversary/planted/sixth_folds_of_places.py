"""Reducers that give out places, numbers and spellings as messages come."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from saga import DerivedColumn, Fact, Process, Reducer
from tests.adversary.kit import case, proc, shown, yes_no
from tests.adversary.planted.sixth_helpers import (
    Bid,
    Charge,
    Label,
    Line,
    Money,
    Reading,
    Return,
    Small,
    bid,
    charge,
    label,
    line,
    reading,
    returned,
    told,
)


def assigned(known: dict[str, str], fact: Fact) -> dict[str, str]:
    return {**known, fact.fields["label_id"]: f"agent-{len(known) % 3}"}


@case(label(1, "broken"), label(2, "late"))
def tickets_shared_in_turn() -> Process:
    """Tickets go to three agents in turn, by how many came before."""
    return told(assigned, {}, Label)


class SeatAsked(BaseModel):
    id: str
    passenger: str
    seats: list[str]


def seated(known: dict[str, str], fact: Fact) -> dict[str, str]:
    free = [one for one in fact.fields["seats"] if one not in known]
    return {**known, free[0]: fact.fields["passenger"]} if free else known


@case(SeatAsked(id="i", passenger="a", seats=["1a", "1b"]), SeatAsked(id="i", passenger="b", seats=["1a", "1c"]))
def the_first_free_seat_of_a_wish() -> Process:
    """Each passenger gets the first seat of the wishes that is still free."""
    return told(seated, {}, SeatAsked)


def boxed(known: list[int], fact: Fact) -> list[int]:
    pieces = fact.fields["pieces"]
    for number, filled in enumerate(known):
        if filled + pieces <= 10:
            return [*known[:number], filled + pieces, *known[number + 1 :]]
    return [*known, pieces]


@case(line(1, "a", 6), line(2, "b", 4), line(3, "c", 5), line(4, "d", 5))
def boxes_filled_first_fit() -> Process:
    """Parcels go into the first box with room, and the number of boxes depends on which came first."""
    return told(boxed, [], Line)


class Replied(BaseModel):
    id: str
    post_id: str
    to: str | None = None


def depths(known: dict[str, int], fact: Fact) -> dict[str, int]:
    return {**known, fact.fields["post_id"]: known.get(fact.fields["to"], -1) + 1}


@case(Replied(id="i", post_id="p1"), Replied(id="i", post_id="p2", to="p1"), Replied(id="i", post_id="p3", to="p2"))
def replies_indented_below_what_is_known() -> Process:
    """A reply is as deep as its parent was known to be, and a root if the parent comes later."""
    return told(depths, {}, Replied)


class Offered(BaseModel):
    id: str
    article: str
    revision: Small
    cents: Money


class Withdrawn(BaseModel):
    id: str
    article: str
    revision: Small


def listed(known: dict[str, list[int]], fact: Fact) -> dict[str, list[int]]:
    article, revision = fact.fields["article"], fact.fields["revision"]
    if revision < known.get(article, [0])[0]:
        return known
    if fact.kind is Withdrawn:
        return {name: entry for name, entry in known.items() if name != article}
    return {**known, article: max([revision, fact.fields["cents"]], known.get(article, []))}


@case(Offered(id="i", article="hat", revision=1, cents=500), Withdrawn(id="i", article="hat", revision=2))
def an_offer_withdrawn_without_a_trace() -> Process:
    """The withdrawal deletes the offer with its revision, so an older offer that comes later is listed again."""
    return shown(Reducer("listed", (Offered, Withdrawn), {}, listed))


def least_set(known: int, fact: Fact) -> int:
    return int(fact.fields["cents"]) if not known else min(known, int(fact.fields["cents"]))


@case(charge(1, 0), charge(2, 700))
def a_least_price_that_takes_zero_for_unset() -> Process:
    """A price of zero counts as not set, and the next one replaces it."""
    return shown(Reducer("least", (Charge,), 0, least_set))


def alphabetical(known: list[str], fact: Fact) -> list[str]:
    text = fact.fields["text"]
    return known if text in known else sorted([*known, text], key=str.lower)


@case(label(1, "Fragile"), label(2, "fragile"), label(3, "cold"))
def labels_sorted_without_their_case() -> Process:
    """Sorted by small letters only: what differs in case alone stays in the order of arrival."""
    return shown(Reducer("labels", (Label,), [], alphabetical))


class Quoted(BaseModel):
    id: str
    quote_id: str
    price: Annotated[Decimal, Field(ge=0, le=10**6, max_digits=12)]


def highest_quote(known: str, fact: Fact) -> str:
    price: str = fact.fields["price"]
    return price if not known or Decimal(price) > Decimal(known) else known


@case(Quoted(id="i", quote_id="q1", price=Decimal("1.5")), Quoted(id="i", quote_id="q2", price=Decimal("1.50")))
def the_highest_quote_as_it_was_written() -> Process:
    """1.5 and 1.50 are one price, and the text that came first is passed on."""
    return shown(Reducer("highest", (Quoted,), "", highest_quote))


def latest_time(known: str, fact: Fact) -> str:
    at: str = fact.fields["at"]
    return at if not known or datetime.fromisoformat(at) >= datetime.fromisoformat(known) else known


@case(bid(1, 5, "2030-01-01T12:00:00+02:00"), bid(2, 6, "2030-01-01T10:00:00Z"))
def the_latest_time_in_the_zone_of_its_sender() -> Process:
    """One moment in two zones is written in two ways, and the last to come is kept."""
    return shown(Reducer("latest", (Bid,), "", latest_time))


class Equipped(BaseModel):
    id: str
    part_id: str
    options: dict[str, str]


def all_options(known: dict[str, str], fact: Fact) -> dict[str, str]:
    return {**known, **fact.fields["options"]}


@case(
    Equipped(id="i", part_id="seat", options={"colour": "red", "heated": "yes"}),
    Equipped(id="i", part_id="wheel", options={"colour": "black"}),
)
def options_of_all_parts_in_one_mapping() -> Process:
    """The options of all parts are laid over one another, and two parts have a colour."""
    return told(all_options, {}, Equipped)


def counted(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.fields["reading_id"] == known["last"]:
        return known
    return {"last": fact.fields["reading_id"], "units": known["units"] + fact.fields["units"]}


@case(reading(1, 1, 10), reading(2, 2, 20))
def a_repeat_known_only_if_it_was_the_last() -> Process:
    """Only the id of the last reading is kept, so an older one that comes again counts twice."""
    return shown(Reducer("counted", (Reading,), {"last": "", "units": 0}, counted), compute=lambda held: held["units"])


def windowed(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["charge_id"]
    if key in known["recent"]:
        return known
    return {"recent": [*known["recent"], key][-3:], "sum": known["sum"] + fact.fields["cents"]}


@case(charge(1, 10), charge(2, 20), charge(3, 30), charge(4, 40))
def a_window_of_three_known_ids() -> Process:
    """Duplicates are known by the last three ids, and the fourth pushes the first one out."""
    window = Reducer("window", (Charge,), {"recent": [], "sum": 0}, windowed)
    return shown(window, compute=lambda held: held["sum"])


def booked(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if (key := fact.fields["charge_id"]) in known["seen"]:
        return known
    signed = fact.fields["cents"] if fact.kind is Charge else -fact.fields["cents"]
    return {"seen": sorted([*known["seen"], key]), "sum": known["sum"] + signed}


@case(charge(1, 500), returned(1, "c1", 200))
def a_return_with_the_id_of_its_charge() -> Process:
    """Charges and returns share one set of known ids, and a return has the id of its charge."""
    books = Reducer("books", (Charge, Return), {"seen": [], "sum": 0}, booked)
    return proc(yes_no(DerivedColumn("owed", (books,), lambda held: held["sum"] > 0)), books)


def coupons(known: list[str], fact: Fact) -> list[str]:
    text: str = fact.fields["text"]
    if text in known:
        return known
    if text.startswith("only-"):
        return [text]
    return sorted([*known, text])


@case(label(1, "summer"), label(2, "only-vip"))
def a_coupon_that_clears_the_others() -> Process:
    """A coupon that stands alone removes those that came before it, and not those that come after."""
    return told(coupons, [], Label)


class SessionOpened(BaseModel):
    id: str
    session: str


class Used(BaseModel):
    id: str
    use_id: str
    session: str
    bytes_sent: Money


def metered(known: dict[str, int], fact: Fact) -> dict[str, int]:
    session = fact.fields["session"]
    if fact.kind is SessionOpened:
        return {**known, session: 0}
    return {**known, session: known[session] + fact.fields["bytes_sent"]} if session in known else known


@case(SessionOpened(id="i", session="s"), Used(id="i", use_id="u1", session="s", bytes_sent=7))
def traffic_before_its_session() -> Process:
    """Traffic of a session that is not known yet is dropped."""
    return told(metered, {}, SessionOpened, Used)


def longest(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"].strip()
    return text if len(text) >= len(known) else known


@case(label(1, "Main Street"), label(2, "MAIN STREET"), label(3, "Main St"))
def the_longest_spelling_of_an_address() -> Process:
    """The longest spelling is kept, and of equally long ones the last."""
    return shown(Reducer("longest", (Label,), "", longest))


class Stated(BaseModel):
    id: str
    source: str
    at: Small
    phone: str | None = None
    city: str | None = None


def profile(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    changed = dict(known)
    for name in ("phone", "city"):
        new = [fact.fields["at"], fact.fields[name]]
        if new[1] is not None and new[0] >= known.get(name, [0, ""])[0]:
            changed[name] = new
    return changed


@case(Stated(id="i", source="web", at=3, phone="1", city="x"), Stated(id="i", source="app", at=3, phone="2"))
def a_profile_merged_field_by_field() -> Process:
    """Each field keeps the newest statement, and of two of one time the last."""
    return shown(Reducer("profile", (Stated,), {}, profile))
