"""Functions that admit every value of their messages, near misses of those that do not."""

import json
import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from string import Template
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import NOTES, PAYMENTS, TAGS, Noted, case, judged, noted, paid, shown, tagged
from tests.adversary.planted.third_values import DUES, QUOTES, Due, Level, Quoted, texts


def greeting(notes: Entries) -> list[str]:
    return ["{name}: {text}".format(name="Ada", text=text) for text in texts(notes)]


@case(noted(1, "{"), noted(2, "{name}"))
def a_text_that_is_put_into_a_format() -> Process:
    """The text is what is filled in, and never the format."""
    return shown(NOTES, compute=greeting)


def filled_in(notes: Entries) -> list[str]:
    return [Template(text).safe_substitute(name="Ada") for text in texts(notes)]


@case(noted(1, "$5"), noted(2, "100%"))
def a_text_filled_in_with_care() -> Process:
    """What is no variable stays as it is."""
    return shown(NOTES, compute=filled_in)


def names_the_other(notes: Entries) -> bool:
    several = texts(notes)
    return len(several) > 1 and any(re.search(re.escape(several[0]), other) for other in several[1:])


@case(noted(1, "("), noted(2, "(x"))
def a_text_looked_for_as_it_is() -> Process:
    """A text is looked for in the others, letter by letter."""
    return judged(NOTES, judge=names_the_other)


def host(text: str) -> str:
    try:
        return urlsplit(text).hostname or ""
    except ValueError:
        return ""


@case(noted(1, "http://["), noted(2, "https://example.org/A".upper()))
def the_host_or_nothing() -> Process:
    """The hosts of those addresses that have one."""
    return shown(NOTES, compute=lambda notes: sorted({host(text) for text in texts(notes)} - {""}))


def in_all(notes: Entries) -> int:
    return sum(int(text) for text in texts(notes) if text.isdecimal() and len(text) < 9)


@case(noted(1, "\u00b2"), noted(2, "17"), noted(3, "\u0661\u0662"))
def digits_that_can_be_read() -> Process:
    """The sum of the texts that are short whole numbers in any script."""
    return shown(NOTES, compute=in_all)


def size(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, len(fact.fields["text"].encode("latin-1", "replace"))})


@case(noted(1, "\u20ac"), noted(2, "ab"))
def a_text_with_replacements() -> Process:
    """What an old code lacks is replaced in it."""
    return shown(Reducer("sizes", (Noted,), [], size))


def moment(text: str) -> datetime | None:
    """The time of a text in UTC; None if it is none."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def latest(notes: Entries) -> str:
    known = [time for text in texts(notes) if (time := moment(text))]
    return max(known).isoformat() if known else ""


@case(noted(1, "2026-01-01T00:00:00"), noted(2, "2026-01-01T02:00:00+01:00"), noted(3, "0001-01-01T00:00:00+14:00"))
def times_in_one_zone() -> Process:
    """The latest time, those without a zone taken for UTC."""
    return shown(NOTES, compute=latest)


def next_year(day: date) -> date:
    if day.year >= 9999:
        return day
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def anniversaries(dues: Entries) -> list[str]:
    days = [datetime.fromisoformat(one["since"]).date() for one in dues.values()]
    return sorted(next_year(one).isoformat() for one in days)


@case(Due("i", "d1", datetime(2024, 2, 29, tzinfo=UTC), 1), Due("i", "d2", datetime(9999, 12, 31, tzinfo=UTC), 2))
def a_year_later_or_the_first_of_march() -> Process:
    """The next anniversary, which for a leap day is in March, and for the last year in it."""
    return shown(DUES, compute=anniversaries)


def ends(dues: Entries) -> bool:
    return any(timedelta(days=min(max(one["days"], 0), 365)) > timedelta(days=90) for one in dues.values())


@case(Due("i", "d1", datetime(2026, 1, 1, tzinfo=UTC), 2**40))
def days_within_a_year() -> Process:
    """No more days than a year has, and none below zero."""
    return judged(DUES, judge=ends)


def price(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[0-9]{1,9}([.][0-9]{1,2})?", text) else None


def cheapest(notes: Entries) -> str:
    known = [found for text in texts(notes) if (found := price(text)) is not None]
    return format(min(known).normalize(), "f") if known else ""


@case(noted(1, "NaN"), noted(2, "1.50"), noted(3, "Infinity"))
def the_least_of_what_is_a_price() -> Process:
    """The least price, written without zeros at its end."""
    return shown(NOTES, compute=cheapest)


def color(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = value.get("color") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


@case(noted(1, "null"), noted(2, '{"color": "red"}'), noted(3, "[1"))
def json_of_any_kind() -> Process:
    """The color of those texts that are objects with one."""
    return shown(NOTES, compute=lambda notes: sorted({color(text) for text in texts(notes)}))


ZONES: Final = {"de": "Europe/Berlin", "us": "America/New_York"}


def zone(fact: Fact) -> str:
    return str(ZoneInfo(ZONES.get(fact.fields["text"].strip().lower(), "UTC")))


@case(noted(1, "DE"), noted(2, "Mars/Phobos"))
def zones_from_a_list() -> Process:
    """A zone of a list, or UTC."""
    return shown(Reducer("zones", (Noted,), [], lambda known, fact: sorted({*known, zone(fact)})))


def levels(payments: Entries) -> list[int]:
    members = [one.value for one in Level]
    return sorted({max(one for one in (0, *members) if one <= max(entry["amount"], 0)) for entry in payments.values()})


@case(paid(1, 4), paid(2, -1), paid(3, 8))
def the_level_that_is_reached() -> Process:
    """Of each payment the highest level that it reaches."""
    return shown(PAYMENTS, compute=levels)


def average_part(quotes: Entries) -> int:
    return max((sum(one["parts"].values()) // max(len(one["parts"]), 1) for one in quotes.values()), default=0)


@case(Quoted("i", "q1", 1, {}), Quoted("i", "q2", 2.5, {"a": 3, "b": 4}))
def an_average_of_parts_or_zero() -> Process:
    """The greatest mean of the parts, nothing for a quote without parts."""
    return shown(QUOTES, compute=average_part)


def squeezed(tags: Entries) -> list[str]:
    return sorted("-".join(dict.fromkeys(one["tags"])) for one in tags.values())


@case(tagged(1, "a", "a"), tagged(2), tagged(3, "b", "a"))
def tags_without_repeats() -> Process:
    """The tags of each list, each once."""
    return shown(TAGS, compute=squeezed)


def initials(notes: Entries) -> list[str]:
    return sorted(words[0][0] for text in texts(notes) if (words := text.split()))


@case(noted(1, " "), noted(2, "Ada L"), noted(3, ""))
def the_first_letter_if_there_is_one() -> Process:
    """The first letters of those texts that have a word."""
    return shown(NOTES, compute=initials)


def per_thousand(quotes: Entries) -> int:
    return sum(min(int(1000 / max(one["price"], 0.01)), 10**6) for one in quotes.values())


@case(Quoted("i", "q1", 5e-324, {}), Quoted("i", "q2", -1, {}))
def the_inverse_of_a_cent_at_least() -> Process:
    """A thousand divided by the price, which counts as a cent at least."""
    return shown(QUOTES, compute=per_thousand)


@lru_cache(maxsize=64, typed=True)
def label(value: float) -> str:
    return f"value {value}"


@case(Quoted("i", "q1", 1, {}), Quoted("i", "q2", 1.0, {}))
def a_cache_that_knows_types() -> Process:
    """A label is remembered for a value of one type."""
    return shown(QUOTES, compute=lambda quotes: sorted(label(one["price"]) for one in quotes.values()))


@lru_cache(maxsize=16)
def cleaned(text: str) -> str:
    return " ".join(text.casefold().split())


@case(noted(1, "A  b"), noted(2, "a B"))
def a_cache_of_texts() -> Process:
    """What a text is without case and with single spaces is remembered."""
    return shown(NOTES, compute=lambda notes: sorted({cleaned(text) for text in texts(notes)}))


def version(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(".") if one.isascii() and one.isdigit() and len(one) < 6)


@case(noted(1, "1.10.0"), noted(2, "1.9"), noted(3, "v2"))
def the_latest_version() -> Process:
    """The greatest version, those that are equal ordered by their text."""
    return shown(NOTES, compute=lambda notes: max(((version(one), one) for one in texts(notes)), default=((), ""))[1])


def pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in text.split("&"):
        name, _, value = one.partition("=")
        found[name] = min(found.get(name, value), value)
    return found


@case(noted(1, "a=b=c"), noted(2, "b&a=1&a=0"))
def settings_in_a_text() -> Process:
    """Names and values in a text, the least value of a name that is given twice."""
    return shown(NOTES, compute=lambda notes: [pairs(text) for text in texts(notes)])


def in_days(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    with suppress(ValueError, OverflowError):
        day = datetime.fromisoformat(fact.fields["text"]).date().isoformat()
        return {**known, day: True}
    return known


@case(noted(1, "2024-02-29"), noted(2, "2026-01-01T24:00:00"), noted(3, "tomorrow"))
def the_days_that_were_named() -> Process:
    """The days of those texts that are times."""
    return shown(Reducer("days", (Noted,), {}, in_days))
