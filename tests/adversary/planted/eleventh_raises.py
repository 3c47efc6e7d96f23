"""Functions of film sets, notaries and blood banks that raise for some facts, or answer with what can't be sent."""

import math
from datetime import date, timedelta
from graphlib import TopologicalSorter
from itertools import pairwise
from operator import itemgetter
from typing import Any

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, judged, shown
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    CLAUSES,
    CRATES,
    CUES,
    DUES,
    LINKS,
    MANUALS,
    NIGHTS,
    SCORES,
    SHOTS,
    TAGGED,
    WISHES,
    Donated,
    Known,
    Manual,
    Wished,
    corked,
    donated,
    dubbed,
    due,
    filmed,
    frosted,
    packed,
    related,
    scored,
    tagged,
    willed,
    wished,
)


def _stock(known: Known, fact: Fact) -> Known:
    """What is there of each group; a wish takes from it what was given."""
    group = fact.fields["group"]
    if fact.kind is Donated:
        return {**known, group: max(known.get(group, 0), fact.fields["ml"])}
    return known if known[group] >= 0 else {}


@case(donated(1, "A", 1), wished(1, "A", 1))
def a_wish_for_a_group_that_nobody_gave() -> Process:
    """A wish that comes before the first bag of its group finds no entry."""
    return shown(Reducer("stock", (Donated, Wished), {}, _stock))


def _pairs(bags: Entries, wishes: Entries) -> list[list[str]]:
    return [[bag, wish] for bag, wish in zip(bags, wishes, strict=True)] if bags and wishes else []


@case(donated(1, "A", 1), donated(2, "A", 1), wished(1, "A", 1))
def bags_and_wishes_side_by_side() -> Process:
    """There are not as many bags as wishes."""
    return shown(BAGS, WISHES, compute=_pairs)


def _first_good(held: Entries) -> int:
    return int(next(one["scene"] for one in held.values() if one["good"]))


@case(filmed(1, 1, good=False))
def the_first_good_scene() -> Process:
    """No shot is good yet."""
    return shown(SHOTS, compute=_first_good)


def _per_good(held: Entries) -> int:
    return sum(int(one["seconds"]) for one in held.values()) // sum(int(one["good"]) for one in held.values())


@case(filmed(1, 1, good=False), filmed(2, 1))
def seconds_for_each_good_shot() -> Process:
    """Seconds are divided by none."""
    return shown(SHOTS, compute=_per_good)


def _elders_first(held: Entries) -> list[str]:
    return list(TopologicalSorter({one["child"]: [one["parent"]] for one in held.values()}).static_order())


@case(related(1, "Eva", "Ida"), related(2, "Ida", "Ada"), related(3, "Ada", "Eva"))
def elders_before_children() -> Process:
    """Three links make a circle."""
    return shown(LINKS, compute=lambda held: len(_elders_first(held)))


def _next_month(text: str) -> str:
    day = date.fromisoformat(text)
    return date(day.year, day.month + 1, 1).isoformat()


@case(due(1, "2030-12-05"))
def a_bill_for_the_next_month() -> Process:
    """After the twelfth month there is no thirteenth."""
    return shown(DUES, compute=lambda held: [_next_month(one["on"]) for one in held.values()])


def _until(held: Entries) -> str:
    return max((date.fromisoformat(one["on"]) + timedelta(days=one["amount"])).isoformat() for one in held.values())


@case(due(1, "2030-01-05", 10**8))
def paid_until_the_end_of_days() -> Process:
    """So many days were paid that the calendar ends."""
    return shown(DUES, compute=_until)


def _letters(held: Entries) -> str:
    return "".join("ABCDEFGH"[one["scene"]] for one in held.values())


@case(filmed(1, 8))
def scenes_with_letters() -> Process:
    """There are eight letters, and the ninth scene has none."""
    return shown(SHOTS, compute=_letters)


def _ticks(held: Entries) -> int:
    return sum(len(range(0, one["end"], one["start"])) for one in held.values())


@case(dubbed(1, 0, 5))
def ticks_from_the_start_on() -> Process:
    """A step of zero is no step."""
    return shown(CUES, compute=_ticks)


def _coldest_pair(held: Entries) -> Any:
    """The least step from one night to the next; infinite as long as there is none."""
    levels = sorted(one["degrees"] for one in held.values())
    return min((second - first for first, second in pairwise(levels)), default=math.inf)


@case(frosted(1, -3))
def the_least_step_between_nights() -> Process:
    """One night has no step, and infinity can't be sent."""
    return shown(NIGHTS, compute=_coldest_pair)


def _shortfall(held: Entries, rules: Entries) -> int:
    limit = rules["i"]["limit"] if "i" in rules else 0
    return int(max(limit - len(held), 0))


@case(willed(1, "Eva", 1), Manual("i", None))
def what_is_missing_to_a_limit_without_a_number() -> Process:
    """The manual is here, and has no limit."""
    return shown(CLAUSES, MANUALS, compute=_shortfall)


def _red(held: Entries) -> int:
    return sum(map(itemgetter("red"), (one["points"] for one in held.values())))


@case(scored(1, red=1), scored(2, blue=2))
def the_points_of_the_red_team() -> Process:
    """A game that the red team did not play."""
    return shown(SCORES, compute=_red)


def _double(held: Entries) -> bool:
    """Whether all crates have one first article."""
    first, *rest = (one["lines"][0]["article"] for one in held.values())
    return all(other == first for other in rest)


@case(packed(1, nails=1), packed(2))
def crates_with_one_first_article() -> Process:
    """One crate is empty, and before any came there is no first one."""
    return judged(CRATES, judge=_double)


def _half_full(held: Entries) -> frozenset[str]:
    """The bottle in the middle, in the order of its years."""
    years = sorted(held, key=lambda key: held[key]["year"])
    return frozenset({years[round(len(years) / 2)]})


@case(corked(1, "A", 1), corked(2, "B", 0))
def the_middle_of_bottles_with_a_year() -> Process:
    """No bottle has a year, and there is no middle."""
    return chosen(BOTTLES, lambda held: _half_full({key: held[key] for key in held if held[key]["year"]}))


def _volume(held: Entries) -> str:
    """The words as a headline: a word too short has no second letter."""
    return " ".join(word[0].upper() + word[1:] for one in held.values() for word in one["words"])


@case(tagged(1, "old", ""))
def a_headline_of_words() -> Process:
    """An empty word has no first letter."""
    return shown(TAGGED, compute=_volume)
