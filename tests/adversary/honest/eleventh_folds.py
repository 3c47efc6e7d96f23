"""Reducers of cellars, lifts and film sets that are trickily written, and do not depend on the order."""

from datetime import UTC, date, datetime
from functools import reduce
from math import gcd, lcm
from os.path import commonprefix
from typing import Any
from zlib import crc32

from saga import DerivedColumn, Fact, Process, Reducer
from tests.adversary.kit import case, judged, proc, shown, yes_no
from tests.adversary.planted.eleventh_messages import (
    Corked,
    Donated,
    Dubbed,
    Due,
    Examined,
    Filmed,
    Frosted,
    Known,
    Packed,
    Related,
    Ridden,
    Scored,
    Spotted,
    Tagged,
    Urgency,
    Willed,
    Wished,
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


def _round_trip(known: int, fact: Fact) -> int:
    """The least time after which all are back, up to an hour; beyond it the hour stays."""
    return min(lcm(known, max(int(fact.fields["minute"]), 1)), 3_600)


@case(ridden(1, "east", 400), ridden(2, "west", 7), ridden(3, "north", 9))
def lifts_that_meet_within_an_hour() -> Process:
    """A multiple that is cut at an hour: what was cut once is cut for ever."""
    return shown(Reducer("meet", (Ridden,), 1, _round_trip))


def _step(known: int, fact: Fact) -> int:
    return gcd(known - fact.fields["seconds"], fact.fields["seconds"]) if known else int(fact.fields["seconds"])


@case(filmed(1, 1, seconds=12), filmed(2, 1, seconds=8), filmed(3, 1, seconds=4))
def a_step_by_differences() -> Process:
    """The greatest divisor of a difference and a number is that of both numbers."""
    return shown(Reducer("step", (Filmed,), 0, _step))


def _first_key(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["animal"]: 1}


@case(examined(1, "cat", 1), examined(2, "ant", 2))
def patients_by_their_names() -> Process:
    """The least name of the mapping is shown, however the mapping is written."""
    return shown(Reducer("patients", (Examined,), {}, _first_key), compute=lambda known: min(known, default=None))


def _shared_name(known: str | None, fact: Fact) -> str:
    name = str(fact.fields["name"])
    return name if known is None else str(commonprefix([known, name]))  # noqa: RUF071 -- characters are meant


@case(corked(1, "Merlot", 1), corked(2, "Pinot", 1), corked(3, "Syrah", 1))
def what_all_wines_begin_with() -> Process:
    """None is the start, and an empty text stays empty."""
    return shown(Reducer("shared", (Corked,), None, _shared_name))


def _common_time(known: list[int] | None, fact: Fact) -> list[int]:
    start, end = fact.fields["start"], fact.fields["end"]
    return [start, end] if known is None else [max(known[0], start), min(known[1], end)]


@case(dubbed(1, 0, 5), dubbed(2, 6, 9), dubbed(3, 0, 9))
def when_all_speak_at_once() -> Process:
    """The span may be turned round, and stays so."""
    at_once = Reducer("at once", (Dubbed,), None, _common_time)
    return proc(
        yes_no(DerivedColumn("together", (at_once,), lambda span: span is not None and span[0] < span[1])), at_once
    )


def _two_oldest(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    new = [fact.fields["year"], fact.fields["name"]]
    return sorted([*known, new] if new not in known else known)[:2]


@case(corked(1, "A", 2), corked(2, "B", 2), corked(3, "C", 1))
def the_two_oldest_labels() -> Process:
    """Pairs of year and name have an order without ties."""
    return shown(Reducer("oldest", (Corked,), [], _two_oldest))


def _recent(known: list[int], fact: Fact) -> list[int]:
    every_one = {*known, fact.fields["minute"]}
    return sorted(one for one in every_one if max(every_one) - one <= 30)


@case(ridden(1, "east", 0), ridden(2, "east", 20), ridden(3, "east", 45))
def rides_within_half_an_hour_of_the_newest() -> Process:
    """What is too old for one ride is too old for every later one."""
    return shown(Reducer("recent", (Ridden,), [], _recent))


def _mask(known: int, fact: Fact) -> int:
    return known | 1 << crc32(fact.fields["heir"].encode("utf-8", "surrogatepass")) % 32


@case(willed(1, "Eva", 1), willed(2, "Ida", 1))
def heirs_as_bits() -> Process:
    """A filter of bits, which only become more."""
    return shown(Reducer("filter", (Willed,), 0, _mask), compute=int.bit_count)


def _most_by_team(known: Known, fact: Fact) -> Known:
    teams = sorted({*known, *fact.fields["points"]})
    return {team: max(known.get(team, 0), fact.fields["points"].get(team, 0)) for team in teams}


@case(scored(1, red=3), scored(2, red=1, blue=2))
def the_most_points_of_each_team() -> Process:
    """The greater one of each team, and nothing below zero."""
    return shown(Reducer("most", (Scored,), {}, _most_by_team))


URGENT = {one.value: place for place, one in enumerate(Urgency)}


def _next(known: list[Any], fact: Fact) -> list[Any]:
    fields = fact.fields
    new = [-URGENT[fields["urgency"]], fields["grams"], fields["exam_id"], fields["animal"]]
    return new if not known else min(known, new)


@case(examined(1, "cat", 400), examined(2, "dog", 400, Urgency.NOW), examined(3, "pig", 900))
def the_next_patient() -> Process:
    """The most urgent, then the lightest; the id decides between equals."""
    return shown(Reducer("next", (Examined,), [], _next), compute=lambda known: known[-1] if known else None)


def _roots(known: Known, fact: Fact) -> Known:
    """Each person with the least name of the family."""
    parent, child = fact.fields["parent"], fact.fields["child"]
    one, other = known.get(parent, parent), known.get(child, child)
    least = min(one, other)
    joined = {**known, parent: one, child: other}
    return {name: least if root in {one, other} else root for name, root in sorted(joined.items())}


@case(related(1, "Eva", "Ida"), related(2, "Kim", "Lea"), related(3, "Ida", "Lea"))
def families_by_their_least_name() -> Process:
    """A family is called after the least name in it."""
    return shown(Reducer("families", (Related,), {}, _roots))


def _instant(known: str, fact: Fact) -> str:
    at = datetime.fromisoformat(fact.fields["at"])
    zoned = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    try:
        new = zoned.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:
        return known
    return min(known or new, new)


@case(spotted(1, "2030-04-07T08:00:00+02:00"), spotted(2, "2030-04-07T06:00:00+00:00"))
def the_first_moment_in_one_zone() -> Process:
    """Two spellings of one moment are one text, and what lies beyond the calendar is left out."""
    return shown(Reducer("first", (Spotted,), "", _instant))


def _fold_all(known: Known, fact: Fact) -> Known:
    lines = {line["article"]: line["pieces"] for line in fact.fields["lines"]}
    return reduce(lambda so_far, item: {**so_far, item[0]: max(so_far.get(item[0], 0), item[1])}, lines.items(), known)


@case(packed(1, nails=5, bolts=1), packed(2, nails=3))
def the_largest_line_of_each_article() -> Process:
    """A fold within a fold; of two lines with one article in one crate the last one counts."""
    return shown(Reducer("lines", (Packed,), {}, _fold_all))


def _wet_words(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, *(word.strip().casefold() for word in fact.fields["words"])} - {""})


@case(tagged(1, "Straße", "red"), tagged(2, "STRASSE "))
def words_without_their_spelling() -> Process:
    """What is stored is folded, so no spelling is kept."""
    return shown(Reducer("words", (Tagged,), [], _wet_words))


def _balance(known: Known, fact: Fact) -> Known:
    """Bags and wishes by their ids; what is left is added up when it is read."""
    sign, key = (1, fact.fields["bag_id"]) if fact.kind is Donated else (-1, fact.fields["wish_id"])
    return {**known, f"{fact.kind.__name__}/{key}": sign * fact.fields["ml"]}


@case(donated(1, "A", 450), wished(1, "A", 300), donated(2, "B", 10))
def what_is_left_of_all_bags() -> Process:
    """Bags and wishes have names of their own."""
    ledger = Reducer("ledger", (Donated, Wished), {}, _balance)
    return shown(ledger, compute=lambda known: sum(known.values()))


def _weeks(known: Known, fact: Fact) -> Known:
    year, week, _ = date.fromisoformat(fact.fields["on"]).isocalendar()
    key = f"{year}-{week:02}"
    return {**known, key: max(known.get(key, 0), fact.fields["amount"])}


@case(due(1, "2030-12-31", 5), due(2, "2031-01-01", 7), due(3, "2029-12-31", 9))
def amounts_of_each_week() -> Process:
    """The last days of a year are in the first week of the next one."""
    return shown(Reducer("weeks", (Due,), {}, _weeks))


def _frost(known: list[int], fact: Fact) -> list[int]:
    """The coldest and the warmest night, in a list that is empty at the start."""
    levels = [*known, fact.fields["degrees"]]
    return [min(levels), max(levels)]


@case(frosted(1, -3), frosted(2, 3), frosted(3, 0))
def the_coldest_and_the_warmest_night() -> Process:
    """Two ends of a span."""
    return judged(Reducer("span", (Frosted,), [], _frost), judge=lambda span: bool(span) and span[0] < 0 < span[1])


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".") if part.isascii() and part.isdigit() and len(part) < 9]


def _last_article(known: list[int], fact: Fact) -> list[int]:
    return max(known, _version(fact.fields["article"]))


@case(willed(1, "Eva", 1, "1.2"), willed(2, "Ida", 1, "1.02"), willed(3, "Ida", 1, "1.10"))
def the_last_article_as_numbers() -> Process:
    """Two spellings are one list of numbers."""
    return shown(Reducer("last", (Willed,), [], _last_article), compute=lambda known: ".".join(map(str, known)))
