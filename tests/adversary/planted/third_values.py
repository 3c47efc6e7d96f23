"""Functions that fail for one kind of value which their messages may have."""

import base64
import ipaddress
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from string import Template
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from saga import Entries, Fact, Process, Reducer, Register
from tests.adversary.kit import NOTES, PAYMENTS, TAGS, Noted, case, judged, noted, paid, shown, tagged


@dataclass(frozen=True)
class Quoted:
    id: str
    quote_id: str
    price: int | float
    parts: dict[str, int]


@dataclass(frozen=True)
class Due:
    id: str
    due_id: str
    since: datetime
    days: int


class Level(IntEnum):
    LOW = 1
    HIGH = 7


QUOTES = Register("quotes", Quoted, "quote_id")
DUES = Register("dues", Due, "due_id")


def texts(held: Entries) -> list[str]:
    return [one["text"] for one in held.values()]


def greeting(notes: Entries) -> list[str]:
    return [text.format(name="Ada") for text in texts(notes)]


@case(noted(1, "{"))
def a_text_taken_for_a_format() -> Process:
    """The text of the customer is formatted, and braces in it are taken for fields."""
    return shown(NOTES, compute=greeting)


def filled_in(notes: Entries) -> list[str]:
    return [text % {"name": "Ada"} if "%" in text else text for text in texts(notes)]


@case(noted(1, "100%"))
def a_text_with_a_percent_sign() -> Process:
    """A percent sign in a text is taken for a place to fill in."""
    return shown(NOTES, compute=filled_in)


def substituted(notes: Entries) -> list[str]:
    return [Template(text).substitute(name="Ada") for text in texts(notes)]


@case(noted(1, "$5"))
def a_text_with_a_dollar() -> Process:
    """A dollar in a text is taken for a variable."""
    return shown(NOTES, compute=substituted)


def names_the_other(notes: Entries) -> bool:
    several = texts(notes)
    return len(several) > 1 and any(re.search(several[0], other) for other in several[1:])


@case(noted(1, "("), noted(2, "x"))
def a_text_taken_for_a_pattern() -> Process:
    """One text is looked for in the others, as a pattern."""
    return judged(NOTES, judge=names_the_other)


def hosts(notes: Entries) -> list[str]:
    return sorted({urlsplit(text).hostname or "" for text in texts(notes)})


@case(noted(1, "http://["))
def an_address_that_is_cut_off() -> Process:
    """The host of an address with a bracket that is not closed."""
    return shown(NOTES, compute=hosts)


def ports(notes: Entries) -> list[int]:
    found = []
    for text in texts(notes):
        with suppress(ValueError):
            parts = urlsplit(text)
            found.append(parts)
    return sorted(one.port or 0 for one in found)


@case(noted(1, "http://a:b/"))
def a_port_that_is_no_number() -> Process:
    """The address can be split, but its port is read outside of what guards the splitting."""
    return shown(NOTES, compute=ports)


def in_all(notes: Entries) -> int:
    return sum(int(text) for text in texts(notes) if text.isdigit() and len(text) < 9)


@case(noted(1, "\u00b2"))
def a_digit_that_is_no_number() -> Process:
    """Python calls a superscript two a digit, and can't read it as a number."""
    return shown(NOTES, compute=in_all)


def in_old_code(known: list[int], fact: Fact) -> list[int]:
    size = len(fact.fields["text"].encode("latin-1"))
    return sorted({*known, size})


@case(noted(1, "\u20ac"))
def a_text_beyond_latin_1() -> Process:
    """The size of a text in a code that lacks most characters."""
    return shown(Reducer("sizes", (Noted,), [], in_old_code))


def moments(notes: Entries) -> list[datetime]:
    found = []
    for text in texts(notes):
        with suppress(ValueError):
            found.append(datetime.fromisoformat(text))
    return found


def latest(notes: Entries) -> str:
    known = moments(notes)
    return max(known).isoformat() if known else ""


@case(noted(1, "2026-01-01T00:00:00"), noted(2, "2026-01-01T00:00:00Z"))
def times_with_and_without_a_zone() -> Process:
    """Times of which one has a zone and another has none are compared."""
    return shown(NOTES, compute=latest)


def anniversaries(dues: Entries) -> list[str]:
    times = [datetime.fromisoformat(one["since"]) for one in dues.values()]
    return sorted(one.replace(year=one.year + 1).isoformat() for one in times if one.year < 9000)


@case(Due("i", "d1", datetime(2024, 2, 29, tzinfo=UTC), 1))
def a_year_after_a_leap_day() -> Process:
    """The same day of the next year, which a leap day does not have."""
    return shown(DUES, compute=anniversaries)


def ends(dues: Entries) -> bool:
    return any(timedelta(days=one["days"]) > timedelta(days=90) for one in dues.values())


@case(Due("i", "d1", datetime(2026, 1, 1, tzinfo=UTC), 2**40))
def more_days_than_there_are() -> Process:
    """A number of days that no period can have."""
    return judged(DUES, judge=ends)


def day_before(dues: Entries) -> list[str]:
    times = [datetime.fromisoformat(one["since"]) for one in dues.values()]
    return sorted((one.astimezone(UTC) - timedelta(days=1)).date().isoformat() for one in times)


@case(Due("i", "d1", datetime(1, 1, 1, tzinfo=UTC), 1))
def before_the_calendar() -> Process:
    """The day before the first day of all."""
    return shown(DUES, compute=day_before)


def cheapest(notes: Entries) -> str:
    known = []
    for text in texts(notes):
        with suppress(InvalidOperation):
            known.append(Decimal(text))
    return str(min(known)) if len(known) > 1 else ""


@case(noted(1, "NaN"), noted(2, "1"))
def a_price_that_is_not_a_number() -> Process:
    """A decimal can be read that can't be compared."""
    return shown(NOTES, compute=cheapest)


def cents(known: int, fact: Fact) -> int:
    try:
        amount = Decimal(fact.fields["text"])
    except InvalidOperation:
        return known
    return max(known, min(int(amount * 100), 10**9)) if not amount.is_nan() else known


@case(noted(1, "Infinity"))
def a_price_without_end() -> Process:
    """An infinite amount is read, and no whole number of cents."""
    return shown(Reducer("cents", (Noted,), 0, cents))


def color(notes: Entries) -> list[Any]:
    found = []
    for text in texts(notes):
        with suppress(json.JSONDecodeError):
            found.append(json.loads(text).get("color"))
    return found


@case(noted(1, "null"))
def json_that_is_no_object() -> Process:
    """A text is read as JSON, and taken for an object."""
    return shown(NOTES, compute=color)


def decoded(known: list[int], fact: Fact) -> list[int]:
    text = fact.fields["text"]
    return sorted({*known, len(base64.b64decode(text))}) if text.isascii() and len(text) > 2 else known


@case(noted(1, "YQ="))
def a_code_of_an_odd_length() -> Process:
    """A text is decoded whose end is missing."""
    return shown(Reducer("lengths", (Noted,), [], decoded))


def zones(notes: Entries) -> list[str]:
    return [str(ZoneInfo(text)) for text in texts(notes) if "/" in text and " " not in text]


@case(noted(1, "Mars/Phobos"))
def a_zone_that_nobody_knows() -> Process:
    """A text with a slash is taken for a zone."""
    return shown(NOTES, compute=zones)


def private(notes: Entries) -> bool:
    return any(ipaddress.ip_address(text).is_private for text in texts(notes) if text.count(".") == 3)


@case(noted(1, "256.1.1.1"))
def an_address_out_of_range() -> Process:
    """Four parts between dots are taken for an address."""
    return judged(NOTES, judge=private)


LEVELS: Final = {"gold": Level.HIGH}


def levels(payments: Entries) -> list[int]:
    return sorted({Level(one["amount"]).value for one in payments.values() if 0 < one["amount"] < 9})


@case(paid(1, 4))
def a_level_between_the_levels() -> Process:
    """A number between the lowest and the highest level, which are the only two."""
    return shown(PAYMENTS, compute=levels)


def average_part(quotes: Entries) -> float:
    return round(max(sum(one["parts"].values()) / len(one["parts"]) for one in quotes.values()), 2) if quotes else 0.0


@case(Quoted("i", "q1", 1, {}))
def an_average_of_no_parts() -> Process:
    """The mean of the parts of a quote that has none."""
    return shown(QUOTES, compute=average_part)


def squeezed(tags: Entries) -> list[str]:
    found = []
    for one in tags.values():
        if len(one["tags"]) > 1:
            first, second = dict.fromkeys(one["tags"])
            found.append(f"{first}-{second}")
    return found


@case(tagged(1, "a", "a"))
def two_tags_that_are_one() -> Process:
    """Several tags are taken for two different ones."""
    return shown(TAGS, compute=squeezed)


def initials(notes: Entries) -> list[str]:
    return sorted(text.split()[0][0] for text in texts(notes) if text)


@case(noted(1, " "))
def a_text_of_spaces() -> Process:
    """The first word of a text that is not empty, and has none."""
    return shown(NOTES, compute=initials)


def ratio(quotes: Entries) -> int:
    return sum(int(1 / one["price"] * 1000) for one in quotes.values() if one["price"])


@case(Quoted("i", "q1", 5e-324, {}))
def the_inverse_of_next_to_nothing() -> Process:
    """One divided by a price that is not zero, and nearly so."""
    return shown(QUOTES, compute=ratio)
