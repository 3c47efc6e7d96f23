"""Honest processes about customers, parcels, votes, bids and seats."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    SubMachine,
    all_but,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.honest.business import (
    CANCELLED,
    N,
    Order,
    OrderCancelled,
    ParcelDelivered,
    ParcelLost,
    ParcelShipped,
    StockReserved,
    Y,
)
from tests.adversary.kit import Do, case, has_any, proc, seen


@dataclass(frozen=True)
class PassportChecked:
    id: str


@dataclass(frozen=True)
class PassportRefused:
    id: str


@dataclass(frozen=True)
class AddressChecked:
    id: str


@dataclass(frozen=True)
class OnSanctionsList:
    id: str


@dataclass(frozen=True)
class ReviewTimedOut:
    id: str


class Customer(Enum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"


@case(PassportChecked("i"), PassportRefused("i"), AddressChecked("i"), OnSanctionsList("i"))
def know_your_customer() -> Process:
    """Two checks have to pass, a sanction outranks all, and a review that takes too long lapses."""
    kinds = (PassportChecked, PassportRefused, AddressChecked, OnSanctionsList, ReviewTimedOut)
    passport, refused, address, listed, late = (seen(kind) for kind in kinds)
    table = outcomes(
        passport,
        refused,
        address,
        listed,
        late,
        rows=[
            (ANY, ANY, ANY, Y, ANY, Customer.REFUSED),
            (ANY, Y, ANY, N, ANY, Customer.REFUSED),
            (Y, N, Y, N, ANY, Customer.ACCEPTED),
            (N, N, ANY, N, N, Customer.PENDING),
            (Y, N, N, N, N, Customer.PENDING),
            (N, N, ANY, N, Y, Customer.LAPSED),
            (Y, N, N, N, Y, Customer.LAPSED),
        ],
    )
    account = Effect(
        "account", "bank", {Do.YES: CommandTemplate("Open"), Do.NO: CommandTemplate("Close")}, initially=Do.NO
    )
    report = Effect("report", "authority", {Do.YES: CommandTemplate("Report")}, final=frozenset({Do.YES}))
    month = Deadline("month", ReviewTimedOut, timedelta(days=30))
    wants = [
        wanted(
            table,
            rows=[
                (Customer.PENDING, {account: Do.NO, month: ARMED}),
                (Customer.ACCEPTED, {account: Do.YES}),
                (one_of(Customer.REFUSED, Customer.LAPSED), {account: Do.NO}),
            ],
        ),
        wanted(listed, rows=[(Y, {report: Do.YES}), (N, {})]),
    ]
    return proc(table, passport, refused, address, listed, late, wants=wants, unsettled=[Customer.PENDING])


class Way(Enum):
    NOWHERE = "nowhere"
    LEFT = "left"
    SORTED = "sorted"
    ARRIVED = "arrived"


@case(ParcelShipped("i"), StockReserved("i"), ParcelDelivered("i"), ParcelLost("i"))
def a_shipment() -> Process:
    """The farthest point that was ever reported, whatever reports are missing; a loss is found by an arrival."""
    order = list(Way)
    of = {ParcelShipped: Way.LEFT, StockReserved: Way.SORTED, ParcelDelivered: Way.ARRIVED}
    way = SubMachine(
        "way", Way.NOWHERE, {held: {kind: max(held, new, key=order.index) for kind, new in of.items()} for held in Way}
    )
    lost = seen(ParcelLost)
    table = outcomes(
        way,
        lost,
        rows=[
            (Way.ARRIVED, ANY, Order.PAID),
            (all_but(Way.ARRIVED), Y, Order.CANCELLED),
            (all_but(Way.ARRIVED), N, Order.UNKNOWN),
        ],
    )
    claim = Effect(
        "claim", "insurer", {Do.YES: CommandTemplate("Claim"), Do.NO: CommandTemplate("Withdraw")}, initially=Do.NO
    )
    wants = wanted(table, rows=[(Order.CANCELLED, {claim: Do.YES}), (all_but(Order.CANCELLED), {claim: Do.NO})])
    return proc(table, way, lost, wants=[wants])


@dataclass(frozen=True)
class Voted:
    id: str
    voter: str
    choice: str


@dataclass(frozen=True)
class PollClosed:
    id: str


VOTES = Register("votes", Voted, "voter")


def winner(votes: Entries) -> str:
    choices = sorted({one["choice"] for one in votes.values()})
    return max(choices, key=lambda choice: sum(one["choice"] == choice for one in votes.values()), default="")


@case(Voted("i", "a", "x"), Voted("i", "b", "y"), Voted("i", "c", "y"), PollClosed("i"))
def a_ballot() -> Process:
    """The choice with most votes is sent once the poll is closed, and again when a vote comes late."""
    closed = seen(PollClosed)
    result = ComputedField("winner", (VOTES,), winner)
    tell = Effect("result", "press", {Do.YES: CommandTemplate("Announce", computed=(result,))})
    table = outcomes(closed, rows=[(Y, Order.PAID), (N, Order.UNKNOWN)])
    wants = wanted(table, rows=[(Order.PAID, {tell: Do.YES}), (Order.UNKNOWN, {})])
    return proc(table, closed, VOTES, wants=[wants])


@dataclass(frozen=True)
class BidMade:
    id: str
    bid_id: str
    bidder: str
    amount: int


BIDS = Register("bids", BidMade, "bid_id")


def best_bid(bids: Entries) -> list[Any]:
    best = max(bids.values(), key=lambda one: (one["amount"], one["bid_id"]), default=None)
    return [best["bidder"], best["amount"]] if best else []


def is_reserve_met(bids: Entries) -> bool:
    return any(one["amount"] >= 2_750 for one in bids.values())


@case(BidMade("i", "1", "a", 2_750), BidMade("i", "2", "b", 2_750), BidMade("i", "3", "c", 1), PollClosed("i"))
def an_auction() -> Process:
    """The greatest bid, of equal bids that with the greater id, if the reserve of 2,750 is met."""
    closed, met = seen(PollClosed), DerivedColumn("reserve met", (BIDS,), is_reserve_met)
    best = ComputedField("best", (BIDS,), best_bid)
    lot = Effect(
        "lot",
        "house",
        {Do.YES: CommandTemplate("Sell", computed=(best,)), Do.NO: CommandTemplate("Keep")},
        initially=Do.NO,
    )
    table = outcomes(
        closed,
        met,
        rows=[(Y, True, Order.PAID), (Y, False, Order.EXPIRED), (N, ANY, Order.UNKNOWN)],
    )
    wants = wanted(table, rows=[(Order.PAID, {lot: Do.YES}), (all_but(Order.PAID), {lot: Do.NO})])
    return proc(table, closed, BIDS, wants=[wants])


@dataclass(frozen=True)
class SeatWanted:
    id: str
    guest: str
    seats: int
    at: str


GUESTS = Register("guests", SeatWanted, "guest")


def seated(guests: Entries) -> list[str]:
    left, found = 10, []
    for key in sorted(guests, key=lambda one: (guests[one]["at"], one)):
        if guests[key]["seats"] <= left:
            left -= max(0, guests[key]["seats"])
            found.append(key)
    return sorted(found)


@case(SeatWanted("i", "a", 6, "2"), SeatWanted("i", "b", 5, "1"), SeatWanted("i", "c", 4, "3"), OrderCancelled("i"))
def an_evening_with_ten_seats() -> Process:
    """Seats go by the times of asking; the list is sent whenever it changes, and empty when the evening is off."""
    has = has_any(GUESTS)
    plan = ComputedField("seated", (GUESTS,), seated)
    send = Effect(
        "plan",
        "house",
        {Do.YES: CommandTemplate("Seat", computed=(plan,)), Do.NO: CommandTemplate("CallOff")},
        initially=Do.NO,
    )
    table = outcomes(has, CANCELLED, rows=[(ANY, Y, Order.CANCELLED), (Y, N, Order.PAID), (N, N, Order.UNKNOWN)])
    wants = wanted(table, rows=[(Order.PAID, {send: Do.YES}), (all_but(Order.PAID), {send: Do.NO})])
    return proc(table, has, CANCELLED, GUESTS, wants=[wants])
