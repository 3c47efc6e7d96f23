"""Functions that look as if they went wrong, and processes of many message types, all of which come to the same."""

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

from saga import (
    Entries,
    Process,
    Register,
)
from tests.adversary.kit import (
    NOTES,
    PARCELS,
    PAYMENTS,
    Seen,
    case,
    granted,
    judged,
    noted,
    paid,
    shown,
    weighed,
)

Y, N = Seen.YES, Seen.NO


@dataclass(frozen=True)
class LineAdded:
    id: str
    line_id: str
    sku: str
    price: int


@dataclass(frozen=True)
class LineRemoved:
    id: str
    line_id: str


@dataclass(frozen=True)
class Answered:
    id: str
    answer_id: str
    person: str
    is_yes: bool
    role: Literal["clerk", "head", "board"] = "clerk"


@dataclass(frozen=True)
class Profiled:
    id: str
    name: str
    email: str | None = None
    discount: float | None = None


@dataclass(frozen=True)
class NodeAdded:
    id: str
    node_id: str
    parent_id: str


@dataclass(frozen=True)
class Shipped:
    id: str


LINES = Register("lines", LineAdded, "line_id")
REMOVALS = Register("removals", LineRemoved, "line_id")
ANSWERS = Register("answers", Answered, "answer_id")
PROFILE = Register("profile", Profiled, "id")
NODES = Register("nodes", NodeAdded, "node_id")


def line(number: int, sku: str, price: int) -> LineAdded:
    return LineAdded("i", f"l{number}", sku, price)


def answer(number: int, person: str, role: Literal["clerk", "head", "board"] = "clerk") -> Answered:
    return Answered("i", f"a{number}", person, is_yes=True, role=role)


def flag(name: str) -> type:
    """A message class with nothing but the id."""
    return make_dataclass(name, [("id", str)], frozen=True)


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# Cumulative lists and mappings.


@case(paid(1, 10), paid(2, 20), paid(3, 10))
def a_cumulative_mapping() -> Process:
    """Amounts by their ids in a final command: no entry ever changes."""
    return shown(
        PAYMENTS,
        compute=lambda held: {key: one["amount"] for key, one in held.items()},
        is_cumulative=True,
        is_final=True,
    )


def addresses(notes: Entries) -> list[str]:
    return sorted({one["text"].strip().casefold() for one in notes.values()} - {""})


@case(noted(1, "Ann@x"), noted(2, " ann@X "), noted(3, "bob@x"))
def a_cumulative_list_of_cleaned_texts() -> Process:
    """Addresses, cleaned and each once, in a final command."""
    return shown(NOTES, compute=addresses, is_cumulative=True, is_final=True)


@case(paid(1, 10), paid(2, 20), paid(3, 5))
def a_record_that_only_rises() -> Process:
    """The greatest amount, or zero, in a final command."""
    return shown(
        PAYMENTS,
        compute=lambda held: max((one["amount"] for one in held.values()), default=0) if held else 0,
        is_cumulative=True,
        is_final=True,
    )


@case(*(noted(number, "x") for number in range(4)))
def a_count_of_at_most_three() -> Process:
    """How many there are, but at most three, in a final command."""
    return shown(NOTES, compute=lambda held: min(len(held), 3), is_cumulative=True, is_final=True)


def removed(lines: Entries, removals: Entries) -> list[str]:
    return sorted(lines.keys() & removals.keys())


@case(line(1, "tea", 5), LineRemoved("i", "l1"), line(2, "cup", 5))
def a_cumulative_join() -> Process:
    """The lines that are known and removed, in a final command: both registers only grow."""
    return shown(LINES, REMOVALS, compute=removed, is_cumulative=True, is_final=True)


# Texts, floats and options.


@case(weighed(1, 10.1), weighed(2, 10.2), weighed(3, 9.7))
def a_carriage_by_weight() -> Process:
    """Floats are added exactly and graded."""
    steps, names = (0.0, 5.0, 20.0), ("letter", "parcel", "pallet", "freight")
    return shown(PARCELS, compute=lambda held: names[bisect_right(steps, math.fsum(x["kilos"] for x in held.values()))])


@case(weighed(1, 10.1), weighed(2, 31.5), weighed(3, 40.0))
def a_parcel_for_two_people() -> Process:
    """A float is compared, and what is too heavy for one stays so."""
    return granted(PARCELS, judge=lambda held: any(one["kilos"] > 31.5 for one in held.values()))


@case(Profiled("i", "Ann", None, 0.1), paid(1, 1_000), paid(2, 55))
def a_discount_that_may_be_absent() -> Process:
    """The price with a fraction off, if the customer has one; both come in any order."""

    def price(profile: Entries, payments: Entries) -> int:
        off = next((one["discount"] or 0.0 for one in profile.values()), 0.0)
        whole = Decimal(sum(one["amount"] for one in payments.values()))
        cents = whole * (1 - min(max(Decimal(repr(off)), Decimal(0)), Decimal(1)))
        return int(cents.to_integral_value(ROUND_HALF_UP))

    return shown(PROFILE, PAYMENTS, compute=price)


@case(Profiled("i", "Ann Lee", "ANN@x"), noted(1, " ann@x"), noted(2, "bob@x"))
def an_address_confirmed() -> Process:
    """Done when a note has the address of the profile, but for case and spaces; both may come first."""

    def is_confirmed(profile: Entries, notes: Entries) -> bool:
        known = {(one["email"] or "").strip().casefold() for one in profile.values()} - {""}
        return any(one["text"].strip().casefold() in known for one in notes.values())

    return judged(PROFILE, NOTES, judge=is_confirmed)


@case(noted(1, "2.50"), noted(2, "NaN"), noted(3, "x"))
def money_in_texts() -> Process:
    """Texts that are finite amounts below a million are added as Decimals."""

    def money(text: str) -> Decimal:
        try:
            found = Decimal(text)
        except InvalidOperation:
            return Decimal(0)
        return found.quantize(Decimal("0.01")) if found.is_finite() and abs(found) < 1_000_000 else Decimal(0)

    return shown(NOTES, compute=lambda held: str(sum((money(one["text"]) for one in held.values()), Decimal(0))))


NUMBER = re.compile(r"(?P<series>RE|GU)-(?P<number>[0-9]{1,9})", re.ASCII)


@case(noted(1, "RE-17 and GU-4"), noted(2, "RE-9"), noted(3, "nothing"))
def numbers_of_invoices() -> Process:
    """Invoices that notes name, by series."""

    def found(notes: Entries) -> dict[str, list[int]]:
        numbers = defaultdict(set)
        for one in notes.values():
            for match in NUMBER.finditer(one["text"]):
                numbers[match["series"]].add(int(match["number"]))
        return {series: sorted(all_) for series, all_ in numbers.items()}

    return shown(NOTES, compute=found)


@case(noted(1, "Ann Lee"), noted(2, "Bob"), noted(3, ""))
def names_of_any_length() -> Process:
    """Initials of names of one word, of many, and of none."""
    return shown(NOTES, compute=lambda held: sorted("".join(w[0] for w in x["text"].split()) for x in held.values()))


@case(noted(1, "hello {name}"), noted(2, "50 % { off"))
def a_name_put_into_texts() -> Process:
    """A name is put into texts, whatever braces they have."""
    return shown(NOTES, compute=lambda held: [one["text"].replace("{name}", "ann") for one in held.values()])


# Times.


@case(paid(1, 5, "2030-01-01T23:30:00Z"), paid(2, 5, "2030-01-02"), paid(3, 5, "soon"))
def days_in_berlin() -> Process:
    """How many payments there are on each day in Berlin; a time that can't be read has no day."""
    berlin = ZoneInfo("Europe/Berlin")

    def days(payments: Entries) -> dict[str, int]:
        moments = (moment(one["at"]) for one in payments.values())
        years = (one for one in moments if one and 1900 < one.year < 9000)
        return dict(Counter(one.astimezone(berlin).date().isoformat() for one in years))

    return shown(PAYMENTS, compute=days)


@case(noted(1, "Europe/Berlin"), noted(2, "Berlin"), noted(3, "UTC"))
def a_zone_or_utc() -> Process:
    """The zones of texts, and UTC for those that are none."""

    def zone(text: str) -> ZoneInfo:
        try:
            return ZoneInfo(text)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")

    return shown(
        NOTES,
        compute=lambda held: [str(datetime(2030, 7, 1, tzinfo=zone(one["text"])).utcoffset()) for one in held.values()],
    )


def a_year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


@case(paid(1, 5, "2028-02-29"), paid(2, 5, "2030-01-01"))
def renewed_also_on_a_leap_day() -> Process:
    """The latest renewal is a year after the latest payment, and on the first of March if there is no such day."""

    def renewal(payments: Entries) -> str | None:
        days = [found.date() for one in payments.values() if (found := moment(one["at"])) and found.year < 9000]
        return a_year_later(max(days)).isoformat() if days else None

    return shown(PAYMENTS, compute=renewal)


@case(paid(1, 5, "2030-01-01"), paid(2, 5, "2031-01-01"), paid(3, 5, "2028-01-01"))
def a_warranty_that_may_be_refused_later() -> Process:
    """Within two years of the first receipt, which may be found late: the grant can be taken back."""

    def is_in_time(payments: Entries) -> bool:
        moments = [found for one in payments.values() if (found := moment(one["at"]))]
        return len(moments) > 1 and max(moments) - min(moments) <= timedelta(days=730)

    return granted(PAYMENTS, judge=is_in_time, is_final=False)


# Caches and other state that is harmless.
