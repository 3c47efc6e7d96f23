"""Reducers that keep the best of several, where two are equally good; and forms of one thing that differ."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saga import Fact, Process
from tests.adversary.kit import Paid, Weighed, case, weighed
from tests.adversary.planted.fourth_helpers import Bid, Commented, Measured, Named, once_each, reported


@case(Named("i", "n1", "1.2"), Named("i", "n2", "1.02"))
def two_ways_to_write_a_version() -> Process:
    """The greatest version is kept, compared by its numbers."""

    def numbers(version: str) -> list[int]:
        return [int(one) for one in version.split(".") if one.isdigit()]

    def fold(known: str, fact: Fact) -> str:
        name = str(fact.fields["name"])
        return name if numbers(name) > numbers(known) else known

    return reported("0", fold, Named)


@case(Commented("i", "c1", None, "fine"), Commented("i", "c2", None, "poor"))
def the_longest_comment() -> Process:
    """The longest comment is shown; of two that are equally long the first to come."""

    def fold(known: str, fact: Fact) -> str:
        text = str(fact.fields["text"])
        return text if len(text) > len(known) else known

    return reported("", fold, Commented)


@case(Bid("i", "b1", 40, "ann"), Bid("i", "b2", 60, "bob"))
def the_guess_that_is_nearest() -> Process:
    """The guess nearest to 50 wins, from below or from above."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        cents = fact.fields["cents"]
        if not known or abs(cents - 50) < abs(known[0] - 50):
            return [cents, fact.fields["bidder"]]
        return known

    return reported([], fold, Bid)


@case(Measured("i", "r1", 1, "kg"), Measured("i", "r2", 1000, "g"))
def the_heaviest_in_grams_or_kilos() -> Process:
    """The heaviest parcel is shown as it was reported."""

    def grams(value: int, unit: str) -> int:
        return value * 1000 if unit == "kg" else value

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        new = [fact.fields["value"], fact.fields["unit"]]
        return new if not known or grams(new[0], new[1]) > grams(known[0], known[1]) else known

    return reported([], fold, Measured)


@case(
    Named("i", "n1", "x", "2030-01-01T10:00:00+00:00"),
    Named("i", "n2", "y", "2030-01-01T11:00:00+01:00"),
)
def one_moment_in_two_zones() -> Process:
    """The latest name counts, by the moment that its text means."""

    def moment(text: str) -> float:
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            return 0.0

    def fold(known: list[str], fact: Fact) -> list[str]:
        name, at = str(fact.fields["name"]), str(fact.fields["at"])
        return [at, name] if not known or moment(at) > moment(known[0]) else known

    return reported([], fold, Named)


@case(
    Named("i", "n1", "in", "2030-05-01T08:00:00Z"),
    Named("i", "n2", "out", "2030-05-01T17:00:00Z"),
)
def the_latest_by_its_day() -> Process:
    """The latest status counts, and the time of the day is cut off before they are compared."""

    def fold(known: list[str], fact: Fact) -> list[str]:
        name, day = str(fact.fields["name"]), str(fact.fields["at"])[:10]
        return [day, name] if not known or day > known[0] else known

    return reported([], fold, Named)


@case(Named("i", "n1", "Ann Lee"), Named("i", "n2", "ANN  LEE"))
def the_spelling_that_came_first() -> Process:
    """Names are known by their letters, and shown as they were written first."""

    def fold(known: dict[str, str], fact: Fact) -> dict[str, str]:
        name = str(fact.fields["name"])
        return {**known, key: name} if (key := "".join(name.lower().split())) not in known else known

    return reported({}, fold, Named)


@case(weighed(1, 0.1), weighed(2, 0.2), weighed(3, 0.3))
def kilos_are_added_as_they_come() -> Process:
    """Weights are fractions, and are added in the order of arrival."""
    return once_each(0.0, "parcel_id", lambda total, fact: total + fact.fields["kilos"], Weighed)


@dataclass(frozen=True)
class Answered:
    id: str
    answer_id: str
    value: int | bool | str


@case(Answered("i", "a1", 1), Answered("i", "a2", True))
def one_and_true() -> Process:
    """Each different answer is kept once."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        value = fact.fields["value"]
        return known if value in known else sorted([*known, value], key=str)

    return reported([], fold, Answered)


@case(Paid("i", "p1", 500, "2030-05-01T08:00:00Z"), Paid("i", "p2", 500, "2030-05-01T08:00:30Z"))
def paid_twice_in_one_minute() -> Process:
    """Two payments of one amount within one minute are taken for one; the id of the first is kept."""

    def fold(known: dict[str, str], fact: Fact) -> dict[str, str]:
        slot = f"{fact.fields['amount']}@{str(fact.fields['at'])[:16]}"
        return known if slot in known else {**known, slot: fact.fields["payment_id"]}

    return reported({}, fold, Paid)


@dataclass(frozen=True)
class Settings:
    id: str
    change_id: str
    values: dict[str, int | None]


@case(Settings("i", "s1", {"volume": 3}), Settings("i", "s2", {"volume": 5, "light": 1}))
def settings_laid_over_each_other() -> Process:
    """Later settings are laid over the earlier ones, where later means later here."""
    return reported({}, lambda known, fact: {**known, **fact.fields["values"]}, Settings)


@case(Settings("i", "s1", {"a": 1}), Settings("i", "s2", {"a": None}))
def settings_that_are_taken_away() -> Process:
    """The greatest value of each setting counts; None takes the setting away."""

    def fold(known: dict[str, int], fact: Fact) -> dict[str, int]:
        new = dict(known)
        for name, value in fact.fields["values"].items():
            if value is None:
                new.pop(name, None)
            else:
                new[name] = max(value, new.get(name, value))
        return new

    return reported({}, fold, Settings)


@dataclass(frozen=True)
class Lent:
    id: str
    loan_id: str
    since: int
    until: int


@case(Lent("i", "l1", 1, 3), Lent("i", "l2", 4, 6), Lent("i", "l3", 2, 5))
def loans_that_overlap() -> Process:
    """A loan is granted if it overlaps with no granted one."""

    def fold(granted: list[list[int]], fact: Fact) -> list[list[int]]:
        since, until = fact.fields["since"], fact.fields["until"]
        if any(since <= other[1] and other[0] <= until for other in granted):
            return granted
        return sorted([*granted, [since, until]])

    return reported([], fold, Lent)


@case(Lent("i", "l1", 1, 3), Lent("i", "l2", 5, 8), Lent("i", "l3", 3, 5))
def spans_joined_with_one_other_only() -> Process:
    """A span that touches a known one is joined with it, and never with a second one that it reaches then."""

    def fold(spans: list[list[int]], fact: Fact) -> list[list[int]]:
        since, until = fact.fields["since"], fact.fields["until"]
        for number, (low, high) in enumerate(spans):
            if since <= high and low <= until:
                joined = [min(low, since), max(high, until)]
                return sorted([*spans[:number], joined, *spans[number + 1 :]])
        return sorted([*spans, [since, until]])

    return reported([], fold, Lent)


@case(Measured("i", "r1", 12), Measured("i", "r2", 14))
def the_greatest_in_tens() -> Process:
    """A reading replaces the known one if it is greater when both are rounded to tens."""

    def fold(known: int, fact: Fact) -> int:
        value = int(fact.fields["value"])
        return value if round(value, -1) > round(known, -1) else known

    return reported(-100, fold, Measured)


@case(Named("i", "n1", "bob"), Named("i", "n2", "ann"), Named("i", "n3", "cid"))
def a_list_that_is_kept_short() -> Process:
    """The names are kept as long as they take at most 20 characters together."""

    def fold(names: list[str], fact: Fact) -> list[str]:
        more = sorted({*names, str(fact.fields["name"])})
        return more if len(json.dumps(more)) <= 20 else names

    return reported([], fold, Named)
