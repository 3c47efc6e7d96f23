"""Rules that hold at first and are final, until a message comes of which nobody thought when they were written."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import combinations
from math import prod
from typing import Any
from zoneinfo import ZoneInfo

from saga import Entries, Process
from tests.adversary.kit import case, granted, shown
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    CLAUSES,
    CRATES,
    CUES,
    DUES,
    EXAMS,
    LINKS,
    MANUALS,
    RIDES,
    SCORES,
    SPOTS,
    TAGGED,
    WISHES,
    Manual,
    corked,
    donated,
    dubbed,
    due,
    examined,
    packed,
    related,
    ridden,
    scored,
    spotted,
    tagged,
    willed,
    wished,
)


@case(due(1, "2030-04-06"), due(2, "2030-04-07"))
def nothing_is_due_on_a_sunday() -> Process:
    """A plan without Sundays is granted, and then there is one."""

    def is_plain(held: Entries) -> bool:
        return bool(held) and all(date.fromisoformat(one["on"]).isoweekday() < 7 for one in held.values())

    return granted(DUES, judge=is_plain)


@case(due(1, "2030-04-06"), due(2, "2030-04-13"))
def no_two_dues_a_week_apart() -> Process:
    """Two days that are a week apart."""
    week = timedelta(weeks=1)

    def is_spread(held: Entries) -> bool:
        days = {date.fromisoformat(one["on"]) for one in held.values()}
        return bool(days) and not any(other - day == week for day in days for other in days)

    return granted(DUES, judge=is_spread)


@case(dubbed(1, 0, 1, "yes"), dubbed(2, 1, 2, "a line that is quite a bit longer than forty"))
def lines_that_fit_the_screen() -> Process:
    """Forty letters fit, and a longer line comes."""
    return granted(CUES, judge=lambda held: bool(held) and all(len(one["text"]) <= 40 for one in held.values()))


PASSPORT = re.compile(r"\b[A-Z]{2}\d{6}\b")


@case(dubbed(1, 0, 1, "yes"), dubbed(2, 1, 2, "my number is AB123456"))
def lines_without_a_passport() -> Process:
    """Two letters and six digits in a line are private."""

    def is_public(held: Entries) -> bool:
        return bool(held) and not any(PASSPORT.search(one["text"]) for one in held.values())

    return granted(CUES, judge=is_public)


@case(willed(1, "Eva", 1), willed(2, "Eva, revoked by a later will", 1))
def heirs_that_were_not_revoked() -> Process:
    """A word of three in any letters."""
    bad = re.compile(r"\b(?:revoked|void(?:ed)?|contested)\b", re.IGNORECASE)
    return granted(CLAUSES, judge=lambda held: bool(held) and not any(bad.search(one["heir"]) for one in held.values()))


@case(scored(1, red=1), scored(2, foul=3))
def a_game_without_three_fouls() -> Process:
    """A key of the mapping that is no team."""

    def is_fair(held: Entries) -> bool:
        return bool(held) and sum(one["points"].get("foul", 0) for one in held.values()) <= 2

    return granted(SCORES, judge=is_fair)


@case(packed(1, nails=5), packed(2, EXplosives=12))
def crates_that_may_fly() -> Process:
    """A dozen of an article whose name begins with two letters."""

    def may_fly(held: Entries) -> bool:
        lines = [line for one in held.values() for line in one["lines"]]
        return bool(lines) and not any(line["article"].startswith("EX") and line["pieces"] >= 12 for line in lines)

    return granted(CRATES, judge=may_fly)


@case(tagged(1, "red"), tagged(2, "big", "void"))
def tags_that_are_not_void() -> Process:
    """The second word of a tag says that it is void."""

    def is_valid(held: Entries) -> bool:
        return bool(held) and all(one["words"][1:2] != ["void"] for one in held.values())

    return granted(TAGGED, judge=is_valid)


@case(spotted(1, "2030-04-07T10:00:00+00:00"), spotted(2, "2030-04-07T22:30:00+00:00"))
def birds_of_the_day_in_berlin() -> Process:
    """A bird after eleven at night in Berlin."""
    zone = ZoneInfo("Europe/Berlin")

    def by_day(held: Entries) -> bool:
        times = [datetime.fromisoformat(one["at"]) for one in held.values()]
        known = [at.astimezone(zone) for at in times if at.tzinfo is not None and 1 < at.year < 9_999]
        return bool(known) and all(5 <= at.hour < 23 for at in known)

    return granted(SPOTS, judge=by_day)


def _void(text: str) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("void") is True


@case(dubbed(1, 0, 1, "yes"), dubbed(2, 1, 2, '{"void": true}'))
def lines_that_are_no_orders() -> Process:
    """A line that is a mapping in JSON takes everything back."""
    return granted(CUES, judge=lambda held: bool(held) and not any(_void(one["text"]) for one in held.values()))


@case(ridden(1, "east", 10), ridden(2, "east", 119))
def no_ride_in_the_last_minute_of_an_hour() -> Process:
    """The lift stops in the last minute of each hour."""
    return granted(RIDES, judge=lambda held: bool(held) and all(one["minute"] % 60 != 59 for one in held.values()))


@case(willed(1, "Eva", 30), willed(2, "Ida", 30), willed(3, "Ada", 30), willed(4, "Kim", 1))
def three_heirs_of_ninety() -> Process:
    """Three heirs have ninety parts, and a fourth one comes."""

    def is_even(held: Entries) -> bool:
        return len(held) == 3 and sum(one["share"] for one in held.values()) == 90

    return granted(CLAUSES, judge=is_even)


@case(corked(1, "A", 4), corked(2, "B", 6), corked(3, "C", 5))
def years_with_a_product() -> Process:
    """Years whose product is twenty-four are a set."""
    return granted(BOTTLES, judge=lambda held: bool(held) and prod(int(one["year"]) for one in held.values()) == 24)


def _no_two(ill: Callable[[Any, Any], bool]) -> Callable[[Entries], bool]:
    """Holds for some entries of which no two are ill, whichever of them comes first."""

    def judge(held: Entries) -> bool:
        pairs = combinations(held.values(), 2)
        return bool(held) and not any(ill(one, other) or ill(other, one) for one, other in pairs)

    return judge


@case(examined(1, "cat", 100), examined(2, "cat", 200))
def no_animal_twice_as_heavy() -> Process:
    """One animal is exactly twice as heavy as another one."""
    return granted(EXAMS, judge=_no_two(lambda one, other: 0 < one["grams"] * 2 == other["grams"]))


@case(tagged(1, "red"), tagged(2, "red", "big"))
def no_tag_within_another() -> Process:
    """The words of one tag are among those of another one, which has more."""
    return granted(TAGGED, judge=_no_two(lambda one, other: set(one["words"]) < set(other["words"])))


@case(dubbed(1, 0, 9), dubbed(2, 3, 5))
def no_line_within_another() -> Process:
    """One line is spoken wholly within another one."""
    return granted(CUES, judge=_no_two(lambda one, other: one["start"] < other["start"] < other["end"] < one["end"]))


@case(willed(1, "Eva", 1), willed(2, "avE", 1))
def no_heir_backwards() -> Process:
    """A name that is another one read backwards."""
    return granted(
        CLAUSES, judge=_no_two(lambda one, other: len(one["heir"]) > 1 and one["heir"] == other["heir"][::-1])
    )


@case(corked(1, "Rot", 1), corked(2, "Rotwein", 1))
def no_name_that_begins_with_another() -> Process:
    """A longer name begins with a shorter one."""

    def extends(one: Any, other: Any) -> bool:
        return other["name"] != one["name"] and bool(one["name"]) and other["name"].startswith(one["name"])

    return granted(BOTTLES, judge=_no_two(extends))


@case(related(1, "Eva", "Ida"), related(2, "Ida", "Ada"), related(3, "Eva", "Ada"))
def no_shortcut_between_generations() -> Process:
    """A grandparent is a parent, too."""

    def is_plain(held: Entries) -> bool:
        links = {(one["parent"], one["child"]) for one in held.values() if one["parent"] != one["child"]}
        return bool(links) and not any(
            (parent, other) in links for parent, child in links for middle, other in links if middle == child
        )

    return granted(LINKS, judge=is_plain)


@case(related(1, "Eva", "Ida"), related(2, "Kim", "Ida"), related(3, "Lea", "Ida"))
def no_child_of_three_parents() -> Process:
    """A third parent."""

    def is_plain(held: Entries) -> bool:
        children = [one["child"] for one in held.values()]
        return bool(children) and all(children.count(child) <= 2 for child in children)

    return granted(LINKS, judge=is_plain)


@case(donated(1, "AB", 100), wished(1, "O", 300), Manual("i", 100))
def rare_bags_against_a_great_wish() -> Process:
    """A rare bag is kept, until somebody wishes more than twice the limit of the frequent one."""

    def is_kept(bags: Entries, wishes: Entries, rules: Entries) -> bool:
        limit = next((one["limit"] for one in rules.values() if one["limit"] is not None), None)
        is_rare = any(one["group"] == "AB" for one in bags.values())
        great = [one for one in wishes.values() if one["group"] == "O" and limit and one["ml"] > 2 * limit]
        return is_rare and not great

    return granted(BAGS, WISHES, MANUALS, judge=is_kept)


@case(examined(1, "cat", 100), tagged(1, "cat:quarantine"))
def animals_without_a_quarantine() -> Process:
    """A tag puts an animal by its name and a colon into quarantine."""

    def is_free(exams: Entries, tags: Entries) -> bool:
        words = {word for one in tags.values() for word in one["words"]}
        return bool(exams) and not any(f"{one['animal']}:quarantine" in words for one in exams.values())

    return granted(EXAMS, TAGGED, judge=is_free)


@case(due(1, "2028-02-28", 1), due(2, "2028-02-29", 5))
def the_last_amount_of_a_month() -> Process:
    """An amount on the last days of February is subtracted from a sum that was billed."""

    def billed(held: Entries) -> int:
        return sum(
            -one["amount"] if re.search(r"-02-(?:28|29)$", one["on"]) and one["amount"] > 3 else one["amount"]
            for one in held.values()
        )

    return shown(DUES, compute=billed, is_cumulative=True, is_final=True)
