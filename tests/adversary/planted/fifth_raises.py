"""Planted functions that raise for some contents, or remember more than they get, the fifth lot."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

from saga import Entries, Process, Register
from tests.adversary.kit import NOTES, PARCELS, PAYMENTS, case, judged, noted, paid, shown, weighed


@dataclass(frozen=True)
class Located:
    id: str
    stop_id: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Ordered:
    id: str
    line_id: str
    sku: str
    quantity: int


STOPS = Register("stops", Located, "stop_id")
ORDERED = Register("ordered", Ordered, "line_id")


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def anniversaries(payments: Entries) -> list[str]:
    days = [day for one in payments.values() if (day := day_of(one["at"])) and day.year < 9000]
    return sorted(day.replace(year=day.year + 1).isoformat() for day in days)


@case(paid(1, 5), paid(2, 5, "2032-02-29T10:00:00Z"))
def an_anniversary_in_a_leap_year() -> Process:
    """A policy is renewed on the same day of the next year, which the last of February may not have."""
    return shown(PAYMENTS, compute=anniversaries)


def next_invoice(payments: Entries) -> list[str]:
    days = [day for one in payments.values() if (day := day_of(one["at"])) and day.year < 9000]
    return sorted(date(one.year + one.month // 12, one.month % 12 + 1, one.day).isoformat() for one in days)


@case(paid(1, 5), paid(2, 5, "2030-01-31T10:00:00Z"))
def the_same_day_of_the_next_month() -> Process:
    """The next invoice is due on the same day of the next month, which may be too short."""
    return shown(PAYMENTS, compute=next_invoice)


def distance(stops: Entries) -> float:
    places = [
        (math.radians(one["lat"]), math.radians(one["lon"]))
        for one in stops.values()
        if -90 <= one["lat"] <= 90 and -180 <= one["lon"] <= 180
    ]
    whole = 0.0
    for (a, b), (c, d) in pairwise(places):
        whole += math.acos(math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d))
    return round(whole * 6371)


@case(Located("i", "s1", 52.71, 13.4), Located("i", "s2", 52.71, 13.4))
def two_stops_at_one_place() -> Process:
    """The way between two stops at the same place is the arc of a cosine just beyond one."""
    return shown(STOPS, compute=distance)


ZONES: Final = {"A": "cold", "B": "dry", "C": "dry", "D": "bulk", "F": "hazard"}


def zones(ordered: Entries) -> list[str]:
    return sorted({ZONES[one["sku"][0]] for one in ordered.values() if re.fullmatch(r"[A-F]\d{3}", one["sku"])})


@case(Ordered("i", "l1", "A100", 1), Ordered("i", "l2", "E200", 2))
def a_zone_that_no_warehouse_has() -> Process:
    """Each article number begins with its zone, and one of the letters has none."""
    return shown(ORDERED, compute=zones)


def quantities(notes: Entries) -> int:
    whole = 0
    for one in notes.values():
        try:
            line = json.loads(one["text"])
        except ValueError:
            continue
        whole += int(line.get("quantity", 0)) if isinstance(line, dict) else 0
    return whole


@case(noted(1, '{"quantity": 3}'), noted(2, '{"quantity": null}'))
def a_quantity_that_is_null() -> Process:
    """A payload in JSON gives its quantity, zero if it has none; and null is none either."""
    return shown(NOTES, compute=quantities)


def slots(notes: Entries) -> list[str]:
    texts = [one["text"] for one in notes.values() if re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", one["text"])]
    return sorted(datetime.strptime(text, "%H:%M").strftime("%I:%M %p") for text in texts)  # noqa: DTZ007


@case(noted(1, "17:30"), noted(2, "24:00"))
def delivery_until_24_00() -> Process:
    """Delivery slots are matched with a pattern, which lets 24:00 and more pass."""
    return shown(NOTES, compute=slots)


def cheapest_of_light(parcels: Entries) -> float:
    if not any(one["kilos"] > 0 for one in parcels.values()):
        return 0.0
    return min(one["kilos"] for one in parcels.values() if 0 < one["kilos"] < 31.5)  # type: ignore[no-any-return]


@case(weighed(1, 2.5), weighed(2, 40.0))
def only_pallets() -> Process:
    """The lightest parcel is asked for where there is any, though all may be too heavy for a parcel."""
    return shown(PARCELS, compute=cheapest_of_light)


def average_price(ordered: Entries) -> int:
    lines = [one for one in ordered.values() if one["quantity"] != 0]
    if not lines:
        return 0
    return sum(len(one["sku"]) * one["quantity"] for one in lines) // sum(one["quantity"] for one in lines)  # type: ignore[no-any-return]


@case(Ordered("i", "l1", "A", 3), Ordered("i", "l2", "B", -3))
def returns_that_even_out() -> Process:
    """The mean is weighted with quantities, and those of returns are below zero, so that nothing may be left."""
    return shown(ORDERED, compute=average_price)


def urgent(payments: Entries) -> str:
    found = max(((one["amount"], one["at"], one) for one in payments.values()), default=None)
    return found[2]["payment_id"] if found else ""


@case(paid(1, 5), paid(2, 5))
def equals_in_a_queue() -> Process:
    """The largest payment and last of its equals is found among tuples with the payment itself at the end."""
    return shown(PAYMENTS, compute=urgent)


def blood_pressure(notes: Entries) -> bool:
    high = 0
    for one in notes.values():
        if "/" in one["text"] and one["text"].replace("/", "").isdigit():
            systolic, diastolic = one["text"].split("/")
            high += int(systolic or 0) > 140 or int(diastolic or 0) > 90
    return high >= 2


@case(noted(1, "150/95"), noted(2, "150/95/60"))
def a_pressure_of_three_parts() -> Process:
    """A blood pressure is two numbers with a stroke between them, and a text may have three."""
    return judged(NOTES, judge=blood_pressure)


GRADES: Final = ("D", "C", "B", "A")


def final_grade(payments: Entries) -> str:
    scores = [one["amount"] for one in payments.values() if 0 <= one["amount"] <= 100]
    return GRADES[sum(scores) // len(scores) // 25] if scores else "-"


@case(paid(1, 100), paid(2, 99))
def all_points_of_an_exam() -> Process:
    """Four grades of 25 points each, and the full hundred belongs to none of them."""
    return shown(PAYMENTS, compute=final_grade)


def next_floor(ordered: Entries) -> Mapping[str, int]:
    lifts: dict[str, int] = {}
    for one in ordered.values():
        lifts[one["sku"]] = lifts.get(one["sku"], 0) + one["quantity"]
    for name, number in lifts.items():
        if number == 0:
            del lifts[name]
    return lifts


@case(Ordered("i", "l1", "A", 3), Ordered("i", "l2", "A", -3), Ordered("i", "l3", "B", 1))
def stock_that_is_used_up() -> Process:
    """An article without stock is dropped from the mapping that is gone through."""
    return shown(ORDERED, compute=next_floor)


def shipping(notes: Entries) -> int:
    rates: dict[str, Any] = {"DE": 5, "AT": {"base": 9, "island": 4}, "CH": 12}
    return sum(rates.get(one["text"].strip().upper(), 0) for one in notes.values())


@case(noted(1, "de"), noted(2, " at"))
def a_rate_that_is_a_mapping() -> Process:
    """Rates of countries are added, and one country has a rate of another form."""
    return shown(NOTES, compute=shipping)


QUOTES: Final[dict[int, list[str]]] = {}


def quote(ordered: Entries) -> list[str]:
    mark = sum(one["quantity"] for one in ordered.values())
    if mark not in QUOTES:
        QUOTES[mark] = sorted(one["sku"] for one in ordered.values())
    return QUOTES[mark]


@case(
    Ordered("i", "l1", "bolt", 3), Ordered("i", "l2", "nut", 1), Ordered("i", "l3", "nail", 2), shown_by="interpreters"
)
def quotes_by_their_quantity() -> Process:
    """Quotes are kept in a cache by the number of pieces, and two orders may have as many."""
    return shown(ORDERED, compute=quote)
