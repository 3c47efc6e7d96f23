"""Functions that raise in some orders, return what is no JSON, or look at more than their messages."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import BaseModel

from saga import DerivedColumn, Entries, Fact, Process, Reducer, Register, outcomes
from tests.adversary.kit import Out, case, judged, proc, shown
from tests.adversary.planted.sixth_helpers import (
    BIDS,
    CHARGES,
    LABELS,
    LINES,
    ORDERS,
    READINGS,
    Label,
    Money,
    Ordered,
    Small,
    bid,
    charge,
    label,
    line,
    reading,
)


class Shown(BaseModel):
    id: str
    view_id: str
    views: Small


class Clicked(BaseModel):
    id: str
    click_id: str


VIEWS, CLICKS = Register("views", Shown, "view_id"), Register("clicks", Clicked, "click_id")


def click_rate(views: Entries, clicks: Entries) -> int:
    return int(100 * len(clicks) // sum(one["views"] for one in views.values()))


@case(Shown(id="i", view_id="v1", views=20), Clicked(id="i", click_id="c1"))
def a_click_rate_before_any_view() -> Process:
    """The rate of clicks divides by the views, and a click may be reported first."""
    return shown(VIEWS, CLICKS, compute=click_rate)


@case(charge(1, 400), Ordered(id="i", total=900))
def what_is_owed_before_the_order() -> Process:
    """The only order is looked up, and a charge may come before it."""

    def owed(orders: Entries, charges: Entries) -> int:
        return int(int(next(iter(orders.values()))["total"]) - sum(one["cents"] for one in charges.values()))

    return shown(ORDERS, CHARGES, compute=owed)


@case(Ordered(id="i", total=5), Ordered(id="j", total=5, wait_seconds=60))
def a_wait_that_may_be_left_out() -> Process:
    """The optional wait is compared with a number, also where it was left out."""
    return judged(ORDERS, judge=lambda orders: any(one["wait_seconds"] > 3_600 for one in orders.values()))


class Priority(Enum):
    LOW = "low"
    HIGH = "high"


@case(label(1, "high"), label(2, "urgent"))
def a_priority_that_is_no_member() -> Process:
    """A free text is taken for one of two priorities, and any other text raises."""

    def priority(labels: Entries) -> Priority:
        found = [Priority(one["text"]) for one in labels.values()]
        return Priority.HIGH if Priority.HIGH in found else Priority.LOW

    column = DerivedColumn("priority", (LABELS,), priority, tuple(Priority))
    return proc(outcomes(column, rows=[(Priority.LOW, Out.OTHER), (Priority.HIGH, Out.DONE)]), LABELS)


@case(line(1, "hat", 3), line(2, "cap", 4))
def a_mean_that_is_no_json() -> Process:
    """The mean is a Decimal, which no command can carry."""

    def mean(lines: Entries) -> Any:
        return Decimal(sum(one["pieces"] for one in lines.values())) / len(lines)

    return shown(LINES, compute=mean)


def corrected(known: dict[str, str], fact: Fact) -> dict[str, str]:
    if fact.kind is Label:
        return {**known, fact.fields["label_id"]: fact.fields["text"]}
    known[fact.fields["label_id"]] = known[fact.fields["label_id"]].upper()
    return known


class Marked(BaseModel):
    id: str
    mark_id: str
    label_id: str


@case(label(1, "fragile"), Marked(id="i", mark_id="m1", label_id="t1"))
def a_label_marked_before_it_was_made() -> Process:
    """The mark looks its label up in what is known, and raises if the label comes later."""
    return shown(Reducer("texts", (Label, Marked), {}, corrected))


@case(reading(1, 30, 5), reading(2, 0, 7))
def a_day_of_the_month_that_is_zero() -> Process:
    """Any small number is taken for a day of January."""

    def days(readings: Entries) -> list[str]:
        return sorted(date(2030, 1, 1).replace(day=one["day"]).isoformat() for one in readings.values())

    return shown(READINGS, compute=days)


@case(bid(1, 50, "2020-12-20T00:00:00Z"), shown_by="interpreters")
def the_age_of_the_oldest_bid() -> Process:
    """The age in days is reported by the clock of the worker."""

    def age(bids: Entries) -> int:
        now = datetime.fromtimestamp(time.time(), UTC)
        return max(((now - datetime.fromisoformat(one["at"])).days for one in bids.values()), default=0)

    return shown(BIDS, compute=age)


@case(line(1, "hat", 3), line(2, "cap", 4), line(3, "tie", 1), line(4, "bag", 9), shown_by="interpreters")
def the_main_article_of_a_set() -> Process:
    """The title of a parcel is the first of a set of its articles."""
    return shown(LINES, compute=lambda lines: next(iter({one["article"] for one in lines.values()}), ""))


KNOWN_CUSTOMERS: dict[str, int] = {}


def numbered(labels: Entries) -> list[int]:
    return [KNOWN_CUSTOMERS.setdefault(one["text"], len(KNOWN_CUSTOMERS)) for one in labels.values()]


@case(label(1, "ann"), label(2, "bob"), shown_by="interpreters")
def customers_numbered_by_the_worker() -> Process:
    """Short numbers of customers are given out by the worker, in the order in which it meets them."""
    return shown(LABELS, compute=numbered)


class Shipped(BaseModel):
    id: str
    parcel_id: str
    weight: Money | None = None


PARCELS = Register("parcels", Shipped, "parcel_id")


@case(Shipped(id="i", parcel_id="p1", weight=5), Shipped(id="i", parcel_id="p2"))
def the_heaviest_parcel_without_a_weight() -> Process:
    """The greatest of the weights, one of which may be left out."""
    return shown(PARCELS, compute=lambda parcels: max((one["weight"] for one in parcels.values()), default=0))
