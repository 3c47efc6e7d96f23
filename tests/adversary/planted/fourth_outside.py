"""Functions that fail for a plain value, that change what they get, or that look at more than their facts."""

import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from saga import Entries, Fact, Process, Reducer, Register
from tests.adversary.kit import (
    LIMITS,
    PAYMENTS,
    TAGS,
    Configured,
    case,
    chosen,
    judged,
    paid,
    shown,
    tagged,
)
from tests.adversary.planted.fourth_helpers import (
    GUESTS,
    NAMES,
    READINGS,
    VOTES,
    Arrived,
    Measured,
    Named,
    Voted,
    reported,
)


@dataclass(frozen=True)
class Subscribed:
    id: str
    subscription_id: str
    begins: date


SUBSCRIPTIONS = Register("subscriptions", Subscribed, "subscription_id")


@case(Subscribed("i", "s1", date(2030, 1, 31)))
def the_same_day_of_the_next_month() -> Process:
    """The next bill is due on the same day of the next month, which not each month has."""

    def bills(subscriptions: Entries) -> list[str]:
        days = [date.fromisoformat(one["begins"]) for one in subscriptions.values()]
        return [one.replace(year=one.year + one.month // 12, month=one.month % 12 + 1).isoformat() for one in days]

    return shown(SUBSCRIPTIONS, compute=bills)


@case(paid(1, 90), Arrived("i", "g1"))
def a_bill_before_the_guests() -> Process:
    """The share of each guest, computed also before a guest has come."""

    def share(payments: Entries, guests: Entries) -> int:
        return int(sum(one["amount"] for one in payments.values()) // len(guests))

    return shown(PAYMENTS, GUESTS, compute=share)


@case(Configured("i", 5), paid(1, 90))
def a_limit_that_is_looked_up() -> Process:
    """The limit is read of the first entry, which may not have come."""

    def is_above(payments: Entries, limits: Entries) -> bool:
        limit = next(iter(limits.values()))["limit"] or 0
        return bool(sum(one["amount"] for one in payments.values()) > int(limit))

    return judged(PAYMENTS, LIMITS, judge=is_above)


@case(Configured("i", None), paid(1, 90))
def a_limit_that_is_none() -> Process:
    """The limit is compared, and may be absent in an entry that has come."""

    def is_above(payments: Entries, limits: Entries) -> bool:
        amount = sum(one["amount"] for one in payments.values())
        return any(amount > one["limit"] for one in limits.values())

    return judged(PAYMENTS, LIMITS, judge=is_above)


@case(Named("i", "n1", "lee, ann"), Named("i", "n2", "ann"))
def a_name_without_comma() -> Process:
    """The family name stands before a comma, and each name is taken to have one."""

    def families(names: Entries) -> list[str]:
        return sorted({one["name"].split(",")[0] + one["name"].split(",")[1][:1] for one in names.values()})

    return shown(NAMES, compute=families)


@case(tagged(1, "a", "b"), tagged(2, "c"))
def tags_that_are_taken_out() -> Process:
    """The function takes the last tag out of the list that it gets."""

    def has_two(tags: Entries) -> bool:
        last = [one["tags"].pop() for one in tags.values() if one["tags"]]
        return len(last) >= 2

    return judged(TAGS, judge=has_two)


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "no"), Voted("i", "v3", "maybe"))
def seen_in_a_default() -> Process:
    """The reducer notes what it has seen in the default of an argument, for all instances at once."""

    def fold(known: list[str], fact: Fact, seen: list[str] = []) -> list[str]:  # noqa: B006 -- that is the mistake
        if fact.fields["choice"] not in seen:
            seen.append(fact.fields["choice"])
        return sorted({*known, *seen})

    return reported([], fold, Voted)


NUMBERS: Iterator[int] = itertools.count(1)
TICKETS: dict[str, int] = {}


@case(Arrived("i", "g1"), Arrived("i", "g2"))
def numbers_of_tickets() -> Process:
    """Each ticket gets the next number of the module."""

    def fold(tickets: dict[str, int], fact: Fact) -> dict[str, int]:
        guest = fact.fields["guest_id"]
        return tickets if guest in tickets else {**tickets, guest: next(NUMBERS)}

    return reported({}, fold, Arrived)


class Average:
    """A running mean of whatever instance is handled."""

    def __init__(self) -> None:
        self.total = 0
        self.number = 0

    def __call__(self, known: int, fact: Fact) -> int:
        self.total += fact.fields["value"]
        self.number += 1
        return max(known, self.total // self.number)


@case(Measured("i", "r1", 10), Measured("i", "r2", 20))
def a_mean_that_an_object_keeps() -> Process:
    """The reducer is an object that remembers what all instances sent."""
    return reported(0, Average(), Measured)


@case(Arrived("i", "g1"), Arrived("i", "g2"), Arrived("i", "g3"))
def a_winner_who_is_drawn() -> Process:
    """One guest is drawn by lot, again for each decision."""
    return chosen(GUESTS, lambda guests: frozenset(random.sample(sorted(guests), min(1, len(guests)))))


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "no"), Voted("i", "v3", "abstained"), shown_by="interpreters")
def the_choices_as_a_sentence() -> Process:
    """The different choices are joined to a text in the order of a set."""
    return shown(VOTES, compute=lambda votes: " and ".join({one["choice"] for one in votes.values()}))


@case(Named("i", "n1", "tom"), Named("i", "n2", "ann"), Named("i", "n3", "bob"), shown_by="interpreters")
def the_longest_of_a_set() -> Process:
    """The longest of the different names, of which several may be equally long."""
    return shown(NAMES, compute=lambda names: max({one["name"] for one in names.values()}, key=len))


@case(Arrived("i", "g1"), Arrived("i", "g2"), Arrived("i", "g3"), shown_by="interpreters")
def a_test_with_two_groups() -> Process:
    """Guests are put in one of two groups by the hash of their ids."""

    def groups(guests: Entries) -> dict[str, str]:
        return {key: "b" if hash(key) % 2 else "a" for key in guests}

    return shown(GUESTS, compute=groups)


@case(paid(1, 90), shown_by="interpreters")
def dearer_from_next_year_on() -> Process:
    """The price is another one after the new year of 2027, by the clock of the worker."""

    def price(payments: Entries) -> int:
        fee = 10 if time.time() > 1_798_761_600 else 5
        return sum(one["amount"] + fee for one in payments.values())

    return shown(PAYMENTS, compute=price)


CACHE: dict[int, str] = {}


@case(Measured("i", "r1", 10, "kg"), Measured("i", "r2", 10, "g"), shown_by="interpreters")
def a_cache_by_the_value_alone() -> Process:
    """What a reading is called is remembered by its value, and depends on its unit too."""

    def label(value: int, unit: str) -> str:
        return CACHE.setdefault(value, f"{value} {unit}")

    def fold(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        key = fact.fields["reading_id"]
        return known if key in known else {**known, key: label(fact.fields["value"], fact.fields["unit"])}

    return reported({}, fold, Measured)


@case(Measured("i", "r1", 0), Measured("i", "r2", 5))
def change_in_percent() -> Process:
    """The change from the least to the greatest reading in percent, which may be of nothing."""

    def change(readings: Entries) -> int:
        values = sorted(one["value"] for one in readings.values())
        return int((values[-1] - values[0]) * 100 // values[0])

    return shown(READINGS, compute=change)


@case(Named("i", "n1", "ann"), Named("i", "n2", "Ann"), Named("i", "n3", "bob"))
def a_reducer_that_fails_on_the_second() -> Process:
    """A name that was seen in other letters is looked up by its exact form."""

    def fold(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        name = str(fact.fields["name"])
        if name.lower() not in (one.lower() for one in known):
            return {**known, name: 1}
        return known if known[name] else {}

    return shown(Reducer("names-seen", (Named,), {}, fold), compute=sorted)
