"""Functions that look as if they used a clock, chance, a cache or the order of a set, and whose answer does not."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from unicodedata import normalize

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    all_but,
    count,
    outcomes,
    wanted,
)
from saga import DerivedColumn as Derived
from tests.adversary.honest.fifth_helpers import (
    DOSES,
    LINKS,
    PROBES,
    SIGHTINGS,
    Dose,
    Linked,
    N,
    Sighted,
    Temper,
    Y,
    for_good,
    once_in,
    whole,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    A,
    B,
    Configured,
    Do,
    Late,
    Noted,
    Out,
    case,
    chosen,
    granted,
    judged,
    noted,
    proc,
    seen,
    shown,
    yes_no,
)


@dataclass(frozen=True)
class Clocked:
    """Somebody came to work, at a moment that is written as a text."""

    id: str
    clock_id: str
    now: str


CLOCK = Register("clock", Clocked, "clock_id")


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@case(
    Clocked("i", "c1", "2030-01-01T08:00:00+01:00"),
    Clocked("i", "c2", "2030-01-01T07:00:00Z"),
    Clocked("i", "c3", "noon"),
)
def the_first_who_clocked_in() -> Process:
    """The earliest instant, of equal ones the least key; others are passed over, and the field is called now."""

    def first(clock: Entries) -> str | None:
        known = [(moment, key) for key, one in clock.items() if (moment := _instant(one["now"])) is not None]
        return min(known)[1] if known else None

    return shown(CLOCK, compute=first)


@case(Clocked("i", "c1", "2030-01-01"), Clocked("i", "c2", "2030-01-02T07:00:00Z"), Clocked("i", "c3", "2030-01-01"))
def days_on_which_somebody_came() -> Process:
    """The different days, from a reducer that knows days without a zone as those of UTC."""

    def fold(known: list[str], fact: Fact) -> list[str]:
        moment = _instant(fact.fields["now"])
        return known if moment is None else sorted({*known, moment.date().isoformat()})

    return shown(Reducer("days", (Clocked,), [], fold), is_cumulative=True, is_final=True)


@case(Dose("i", "d1", 400, 8), Dose("i", "d2", 700, 8), Dose("i", "d3", 30, 9))
def a_lottery_with_a_known_seed() -> Process:
    """The winner is drawn from the sorted keys with a generator whose seed is the number of them."""

    def draw(doses: Entries) -> str:
        return random.Random(len(doses)).choice(sorted(doses))

    return shown(DOSES, compute=draw)


@lru_cache(maxsize=4)
def _folded(text: str) -> str:
    return normalize("NFKC", text).casefold().strip()


@case(noted(1, "Stra\u00dfe"), noted(2, "STRASSE "), noted(3, "\uff21"))
def texts_that_are_cached() -> Process:
    """How many different texts there are after folding, which a small cache of texts helps with."""
    return shown(NOTES, compute=lambda notes: len({_folded(one["text"]) for one in notes.values()}))


@case(Sighted("i", "s1", "owl", 2), Sighted("i", "s2", "elk", 2), Sighted("i", "s3", "fox", 3))
def the_only_species() -> Process:
    """The element of a set, taken from it only if it has no other."""

    def only_one(sightings: Entries) -> str | None:
        names = {one["species"] for one in sightings.values()}
        return next(iter(names)) if len(names) == 1 else None

    return shown(SIGHTINGS, compute=only_one)


@case(Sighted("i", "s1", "owl", 2), Sighted("i", "s2", "elk", 2), Sighted("i", "s3", "fox", 3))
def a_sum_over_a_set() -> Process:
    """Whole numbers of a set are added in whatever order it has."""

    def is_enough(sightings: Entries) -> bool:
        enough = 0
        for _, number in {(one["species"], one["number"]) for one in sightings.values()}:
            enough += number
        return enough >= 5

    return granted(SIGHTINGS, judge=is_enough)


def _above(limit: float, probes: Entries) -> bool:
    return max((one["degrees"] for one in probes.values()), default=limit) > limit


@case(Temper("i", "t1", 0.0), Temper("i", "t2", 36.6), Temper("i", "t3", 38.5))
def a_fever_with_a_partial() -> Process:
    """A function of two arguments, of which one was given before."""
    return granted(PROBES, judge=partial(_above, 38.0))


@case(Temper("i", "t1", 0.0), Temper("i", "t2", -0.0), Temper("i", "t3", 38.5))
def the_greatest_degree() -> Process:
    """The greatest number that came; a zero has one sign only."""
    return shown(PROBES, compute=lambda probes: max(one["degrees"] for one in probes.values()))


@dataclass(frozen=True)
class Longer:
    """A function with a setting, which it never changes."""

    least: int

    def __call__(self, links: Entries) -> frozenset[str]:
        """The links whose two names are long enough together."""
        return frozenset(key for key, one in links.items() if len(one["source"] + one["target"]) >= self.least)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "bcd", "c"), Linked("i", "l3", "", ""))
def links_chosen_by_an_object() -> Process:
    """An object is called, and decides by each entry alone."""
    return chosen(LINKS, Longer(3), is_final=True, fields=("source", "target"))


@case(noted(1, "12.50"), noted(2, "1e3"), noted(3, "NaN"))
def decimals_out_of_texts() -> Process:
    """The cents of all texts that are amounts below a million with two digits at most; others count as nothing."""

    def cents(text: str) -> int:
        try:
            number = Decimal(text)
        except InvalidOperation:
            return 0
        if not number.is_finite() or not 0 <= number < 1_000_000:
            return 0
        return int(number * 100)

    return shown(NOTES, compute=lambda notes: sum(cents(one["text"]) for one in notes.values()), is_cumulative=True)


@case(noted(1, "b"), noted(2, "a"), noted(3, ""))
def an_inbox_that_is_emptied_while_it_is_read() -> Process:
    """A copy is emptied from its end, and the entries stay as they are."""

    def joined(notes: Entries) -> str:
        rest, told = dict(notes), []
        while rest:
            key, one = rest.popitem()
            told.append(f"{key}={one['text']!r}")
        return ", ".join(reversed(told))

    return shown(NOTES, compute=joined)


@case(Noted("i", "n1", "[1]"), Noted("i", "n2", "()"), Noted("i", "n3", ")("))
def brackets_at_any_depth() -> Process:
    """Whether all notes are balanced, each for itself, which a single one can spoil and none can repair."""

    def is_balanced(text: str) -> bool:
        depth = 0
        for letter in text:
            depth += (letter in "([") - (letter in ")]")
            if depth < 0:
                return False
        return depth == 0

    return judged(NOTES, judge=lambda notes: all(is_balanced(one["text"]) for one in notes.values()))


@case(A(), B(), Configured("i", None, 60.0), Late("i"))
def a_deadline_of_a_customers_own_length() -> Process:
    """The delay is what the customer set, if it came before; what is decided does not look at when it was due."""
    a, b, late = seen(A), seen(B), seen(Late)
    day = Deadline("day", Late, timedelta(days=1), override=(LIMITS, "seconds"))
    table = outcomes(a, late, rows=[(Y, ANY, Out.DONE), (N, N, Out.OPEN), (N, Y, Out.FAILED)])
    wait = wanted(table, rows=[(Out.OPEN, {day: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, a, b, late, LIMITS, wants=[wait], unsettled=[Out.OPEN])


@case(A(), B(), Configured("i", 5, None), Dose("i", "d1", 1, 1), Dose("i", "d2", 1, 2))
def a_reminder_that_is_repeated_on_purpose() -> Process:
    """The second letter says the same as the first one, and names it."""
    a, b = seen(A), seen(B)
    said = CommandTemplate("Remind", LIMITS, ("limit",))
    first = Effect("first", "post", {Do.YES: said})
    second = Effect("second", "post", {Do.YES: said}, may_repeat=(first,))
    known = Derived.of("known", count(LIMITS) >= 1)
    rows = [(True, Y, {first: Do.YES, second: Do.YES}), (True, N, {first: Do.YES}), (False, ANY, {})]
    many = Derived("many", (DOSES,), lambda doses: len(doses) >= 2)
    wants = [wanted(known, a, rows=rows), once_in(many, for_good("pill", "shop"), True)]
    return replace(proc(outcomes(a, b, rule=whole), a, b, LIMITS, DOSES, wants=wants), version=3)


@case(Dose("i", "d1", 1, 1), Dose("i", "d2", 1, 23), Dose("i", "d3", 5, 12))
def a_night_that_spans_midnight() -> Process:
    """Doses between ten in the evening and six in the morning, of which two call a nurse for good."""

    def is_night(hour: int) -> bool:
        return (hour - 22) % 24 < 8

    night = Derived("night", (DOSES,), lambda doses: sum(is_night(one["hour"]) for one in doses.values()) >= 2)
    return proc(yes_no(night), DOSES, wants=[once_in(night, for_good("nurse"), True)])
