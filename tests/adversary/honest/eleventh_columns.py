"""Conditions, selections and fields of wills, wards and cellars that are final for good reasons, or not final."""

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import accumulate, groupby
from operator import itemgetter
from statistics import median_low
from types import MappingProxyType

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    all_but_first,
    count,
    each,
    entries_where,
    greatest,
    least,
    only,
    total,
)
from tests.adversary.kit import Do, case, chosen, granted, has_any, judged, one_outcome, proc, shown, wanted_in
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
    NIGHTS,
    RIDES,
    SCORES,
    SHOTS,
    SPOTS,
    TAGGED,
    WISHES,
    Manual,
    Urgency,
    corked,
    donated,
    dubbed,
    due,
    examined,
    filmed,
    frosted,
    packed,
    related,
    ridden,
    scored,
    spotted,
    tagged,
    willed,
    wished,
)
from tests.adversary.planted.ninth_messages import booked_if


@case(willed(1, "Eva", 60), willed(2, "Ida", 40), willed(3, "Ada", 10))
def a_will_of_a_hundred_or_more() -> Process:
    """Shares only add up, so a hundred once is a hundred for ever."""
    return granted(CLAUSES, judge=lambda held: sum(one["share"] for one in held.values()) >= 100)


@case(willed(1, "Ida", 60), related(1, "Eva", "Ida"))
def heirs_with_a_known_parent() -> Process:
    """A parent that is known stays known."""

    def children(held: Entries, links: Entries) -> frozenset[str]:
        names = {one["child"] for one in links.values()}
        return frozenset(key for key, one in held.items() if one["heir"] in names)

    return chosen(CLAUSES, children, LINKS, is_final=True)


@case(examined(1, "cat", 1), examined(2, "cat", 2), examined(3, "dog", 2))
def all_exams_but_the_heaviest() -> Process:
    """Whoever is beaten stays beaten; the key decides between equals."""

    def beaten(held: Entries) -> frozenset[str]:
        best: dict[str, tuple[int, str]] = {}
        for key, one in held.items():
            best[one["animal"]] = max(best.get(one["animal"], (-1, "")), (one["grams"], key))
        return frozenset(key for key, one in held.items() if best[one["animal"]][1] != key)

    return chosen(EXAMS, beaten, is_final=True)


@case(corked(1, "A", 5), corked(2, "B", 3))
def the_year_in_the_middle_on_a_display() -> Process:
    """The middle may fall, and the display follows."""
    return shown(BOTTLES, compute=lambda held: median_low(one["year"] for one in held.values()))


@case(filmed(1, 1), filmed(2, 1, good=False), filmed(3, 2, good=False))
def a_scene_with_three_shots() -> Process:
    """Some scene was filmed three times, good or bad."""

    def is_busy(held: Entries) -> bool:
        return max(Counter(one["scene"] for one in held.values()).values(), default=0) >= 3

    return granted(SHOTS, judge=is_busy)


@case(donated(1, "A", 1), wished(1, "A", 1), wished(2, "B", 1))
def wishes_for_groups_that_are_here() -> Process:
    """A mapping of groups to ids, each of which only becomes longer."""

    def served(bags: Entries, wishes: Entries) -> dict[str, list[str]]:
        groups = defaultdict(list)
        for key, one in wishes.items():
            if any(bag["group"] == one["group"] for bag in bags.values()):
                groups[one["group"]].append(key)
        return dict(groups)

    return shown(BAGS, WISHES, compute=served, is_cumulative=True, is_final=True)


@case(donated(1, "A", 500), donated(2, "A", 400))
def volume_of_each_group() -> Process:
    """Groups and their volumes only grow."""

    def volumes(held: Entries) -> dict[str, int]:
        rows = sorted((one["group"], one["ml"]) for one in held.values())
        return {group: sum(ml for _, ml in some) for group, some in groupby(rows, key=itemgetter(0))}

    return shown(BAGS, compute=volumes, is_cumulative=True, is_final=True)


@case(dubbed(1, 0, 1, "Good day"), dubbed(2, 5, 6, "gooD Day"), dubbed(3, 7, 8, "No"))
def lines_that_are_said_again() -> Process:
    """A line that was said twice stays so."""

    def again(held: Entries) -> frozenset[str]:
        words = ["".join(one["text"].split()).casefold() for one in held.values()]
        return frozenset(key for key, word in zip(held, words, strict=True) if words.count(word) > 1)

    return chosen(CUES, again, is_final=True)


@case(filmed(1, 1), filmed(2, 1, good=False))
def two_thirds_are_good_as_an_outcome() -> Process:
    """A share that rises and falls, of which nothing is final."""

    def is_good(held: Entries) -> bool:
        return bool(held) and Fraction(sum(one["good"] for one in held.values()), len(held)) >= Fraction(2, 3)

    return judged(SHOTS, judge=is_good)


@case(frosted(1, 1), frosted(2, 3), frosted(3, 9))
def a_greenhouse_that_is_taken_back() -> Process:
    """Granted for steady nights, and taken back otherwise."""

    def is_steady(held: Entries) -> bool:
        levels = sorted(one["degrees"] for one in held.values())
        return len(levels) > 1 and levels[-1] - levels[0] < 5

    return granted(NIGHTS, judge=is_steady, is_final=False)


@case(donated(1, "A", 600), donated(2, "A", 700))
def litres_as_a_text_on_a_display() -> Process:
    """A number in a text with a comma, which is shown again."""
    return shown(BAGS, compute=lambda held: f"{sum(one['ml'] for one in held.values()) / 1_000:,.1f} l")


@case(due(1, "2030-01-31", 3), due(2, "2030-02-28", 5))
def a_bill_for_the_end_of_the_month() -> Process:
    """The last day of the month of each day, without a thirteenth month."""

    def ends(held: Entries) -> list[str]:
        days = [date.fromisoformat(one["on"]) for one in held.values()]
        return sorted({f"{day.year:04}-{day.month:02}-{_last_of(day.year, day.month):02}" for day in days})

    return shown(DUES, compute=ends, is_cumulative=True, is_final=True)


@lru_cache(maxsize=64)
def _last_of(year: int, month: int) -> int:
    """A pure function may be kept."""
    if month == 12:
        return 31
    return (date(year, month + 1, 1) - timedelta(days=1)).day


TARIFF = MappingProxyType({"calm": 10, "soon": 20, "now": 50})


@dataclass(frozen=True)
class Bill:
    """An object that never changes, as a function."""

    factor: int = 3

    def __call__(self, held: Entries) -> int:
        """The price of all exams."""
        return sum(self.factor * TARIFF[one["urgency"]] for one in held.values())


@case(examined(1, "cat", 5, Urgency.NOW), examined(2, "dog", 5))
def a_bill_by_a_frozen_object() -> Process:
    """The tariff is a mapping that nobody can change."""
    return shown(EXAMS, compute=Bill(), is_cumulative=True, is_final=True)


def _at_least(least_of: int, held: Entries) -> bool:
    return len({one["lift"] for one in held.values()}) >= least_of


@case(ridden(1, "east", 5), ridden(2, "west", 9), ridden(3, "north", 9))
def a_badge_for_two_lifts() -> Process:
    """Two lifts or more, by a bound function."""
    return booked_if(DerivedColumn("two lifts", (RIDES,), partial(_at_least, 2)), RIDES)


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]+", "", "".join(letter for letter in bare if not unicodedata.combining(letter)))


@case(willed(1, "Zoé", 1), willed(2, "zoe", 2))
def shares_of_each_heir_without_accents() -> Process:
    """Names that meet are added, and shown as they are stored."""

    def shares(held: Entries) -> dict[str, int]:
        names = sorted({_plain(one["heir"]) for one in held.values()})
        return {name: sum(one["share"] for one in held.values() if _plain(one["heir"]) == name) for name in names}

    return shown(CLAUSES, compute=shares, is_cumulative=True, is_final=True)


@case(corked(1, "A", 5, "9.9999"), corked(2, "B", 3, "0.0001"))
def the_exact_worth_of_a_cellar() -> Process:
    """Decimals are added exactly, and written in one way."""

    def worth(held: Entries) -> str:
        return f"{sum((Decimal(str(one['price'])) for one in held.values()), Decimal(0)):.4f}"

    return shown(BOTTLES, compute=worth)


@case(scored(1, red=3), scored(2, blue=4), scored(3, red=2))
def games_of_a_team_with_five_points() -> Process:
    """Points below zero count as none, so a team with five points keeps them."""

    def good(held: Entries) -> frozenset[str]:
        sums: Counter[str] = Counter()
        for one in held.values():
            sums.update({team: max(points, 0) for team, points in one["points"].items()})
        return frozenset(key for key, one in held.items() if any(sums[team] >= 5 for team in one["points"]))

    return chosen(SCORES, good, is_final=True)


@case(packed(1, nails=5), packed(2, nails=7, bolts=1), packed(3, screws=2))
def crates_that_share_an_article() -> Process:
    """Two crates with one article stay so."""

    def shared(held: Entries) -> frozenset[str]:
        articles = {key: {line["article"] for line in one["lines"]} for key, one in held.items()}
        return frozenset(
            key for key in held if any(one != key and not articles[key].isdisjoint(articles[one]) for one in held)
        )

    return chosen(CRATES, shared, is_final=True)


@case(spotted(1, "2030-04-07T23:30:00+00:00"), spotted(2, "2030-04-08T00:30:00+02:00", "robin"))
def species_that_were_spotted() -> Process:
    """A sorted list without doubles, of strict texts."""
    return shown(
        SPOTS, compute=lambda held: sorted({one["species"] for one in held.values()}), is_cumulative=True, is_final=True
    )


@case(tagged(1, "red"), tagged(2, "red", "big"))
def words_that_two_tags_have() -> Process:
    """A word on two tags stays on two tags."""

    def common(held: Entries) -> list[str]:
        counts = Counter(word for one in held.values() for word in dict.fromkeys(one["words"]))
        return [word for word in sorted(counts) if counts[word] > 1]

    return shown(TAGGED, compute=common, is_cumulative=True, is_final=True)


@case(donated(1, "A", 300), donated(2, "B", 300), Manual("i", 400))
def bags_that_reach_a_limit_once_it_is_known() -> Process:
    """Running sums by key on a display: a bag in front moves all behind it."""

    def running(held: Entries, rules: Entries) -> list[int]:
        limit = next((one["limit"] for one in rules.values() if one["limit"] is not None), 10**9)
        return [min(so_far, limit) for so_far in accumulate(one["ml"] for one in held.values())]

    return shown(BAGS, MANUALS, compute=running)


@case(corked(1, "A", 5), corked(2, "B", 3), Manual("i", 4))
def bottles_below_a_limit_once_it_is_known() -> Process:
    """An expression of entries, which stay below the limit."""
    has = has_any(BOTTLES)
    selection = entries_where(BOTTLES, each("year") < only(MANUALS, "limit"))
    sell = Effect("sell", "shop", {Do.YES: CommandTemplate("Sell", BOTTLES, ("name",))}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, BOTTLES, MANUALS, wants=[wanted_in(has, sell, YES=selection)])


@case(ridden(1, "east", 5), ridden(2, "west", 9), ridden(3, "north", 7))
def rides_behind_the_first_two() -> Process:
    """Whoever is behind the first two stays behind them."""
    has = has_any(RIDES)
    pay = Effect("pay", "desk", {Do.YES: CommandTemplate("Pay", RIDES, ("lift",))}, final=frozenset({Do.YES}))
    selection = all_but_first(RIDES, 2, by=("minute", "ride_id"))
    return proc(one_outcome(has), has, RIDES, wants=[wanted_in(has, pay, YES=selection)])


@case(corked(1, "A", 5), corked(2, "B", 3))
def figures_of_a_cellar() -> Process:
    """The oldest and the youngest year on a label that is printed again."""
    has = has_any(BOTTLES)
    fields = (
        ComputedField.of("oldest", least(BOTTLES, "year")),
        ComputedField.of("youngest", greatest(BOTTLES, "year")),
        ComputedField.of("worth", total(BOTTLES, "price")),
        ComputedField.of("many", count(BOTTLES, where=each("year") >= 1_900)),
    )
    label = Effect("label", "desk", {Do.YES: CommandTemplate("Label", computed=fields)})
    return proc(one_outcome(has), has, BOTTLES, wants=[wanted_in(has, label, YES=Do.YES)])


@case(ridden(1, "east", 40_000_000), ridden(2, "west", 86_400))
def a_lift_after_many_minutes() -> Process:
    """A number that is far too great for days is compared, beside the seconds of a day."""

    def is_late(held: Entries) -> bool:
        return any(one["minute"] // 86_400 * 86_400 >= 40_000_000 - 86_400 for one in held.values())

    return judged(RIDES, judge=is_late)
