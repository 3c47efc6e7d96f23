"""Numbers, ids and times that Python takes for others, and a memory that is too short for nine."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Fact, Process, Reducer, every, outcomes
from tests.adversary.kit import Do, Out, case, chosen, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    METERS,
    Geared,
    Known,
    Metered,
    Plotted,
    Rostered,
    Sailed,
    Sequenced,
    Shelved,
    Swapped,
    geared,
    metered,
    plotted,
    rostered,
    sailed,
    sequenced,
    shelved,
    swapped,
)


def _hashed(known: Known, fact: Fact) -> Known:
    key = str(hash(fact.fields["x"]))
    return known if key in known else {**known, key: [fact.fields["x"], fact.fields["y"]]}


@case(plotted(1, -1, 7), plotted(2, -2, 7))
def places_one_and_two_below_zero() -> Process:
    """A place is known by its hash, which is the same for minus one and minus two."""
    return shown(Reducer("places", (Plotted,), {}, _hashed), compute=lambda known: sorted(known.values()))


def _by_identity(known: list[int], fact: Fact) -> list[int]:
    teeth = fact.fields["teeth"]
    return known if any(one is teeth for one in known) else sorted([*known, teeth])


@case(geared(1, 200), geared(2, 3_000))
def wheels_that_are_the_same_object() -> Process:
    """Small numbers are one object each, and of large ones there is another one after each reading of the state."""
    return shown(Reducer("wheels", (Geared,), [], _by_identity))


def _area(known: Known, fact: Fact) -> Known:
    sides = [float(leg["miles"]) for leg in fact.fields["legs"][:2]]
    area = sides[0] * sides[1] if len(sides) == 2 else 0.0
    return {"area": area, "port": fact.fields["legs"][0]["port"]} if area > known["area"] else known


@case(
    sailed(1, ("Rye", 94_906_267), ("Hull", 94_906_267)),
    sailed(2, ("Bude", 94_906_268), ("Hull", 94_906_266)),
    sailed(3, ("Ayr", 7), ("Hull", 8)),
)
def areas_beyond_what_a_float_can_count() -> Process:
    """Two areas differ by one, and a float of their size counts in steps of two."""
    return shown(Reducer("area", (Sailed,), {"area": 0.0, "port": ""}, _area), compute=lambda known: known["port"])


def _start(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _same_day(known: list[str], fact: Fact) -> list[str]:
    new = fact.fields["start"]
    return known if any((_start(new) - _start(one)).days < 1 for one in known) else sorted([*known, new])


@case(rostered(1, "ann", "2030-01-09T08:00:00Z"), rostered(2, "bob", "2030-01-02T08:00:00Z"))
def duties_within_a_day_of_another_one() -> Process:
    """A time before another one is less than a day after it, so that an earlier duty is never taken."""
    return shown(Reducer("duties", (Rostered,), [], _same_day))


def _stepped(known: Known, fact: Fact) -> Known:
    key = fact.fields["packet_id"]
    if key in known["done"]:
        return known
    return {"at": max(known["at"], fact.fields["number"]) + 1, "done": sorted([*known["done"], key])}


@case(sequenced(1, 9), sequenced(2, 4))
def a_clock_that_steps_with_each_packet() -> Process:
    """The clock is one more than the greater of what it was and what a packet says."""
    clock = Reducer("clock", (Sequenced,), {"at": 0, "done": []}, _stepped)
    return shown(clock, compute=lambda known: known["at"])


def _slug(known: Known, fact: Fact) -> Known:
    if fact.fields["book_id"] in known:
        return known
    plain = fact.fields["title"].casefold().replace(" ", "-")
    same = sum(1 for one in known.values() if one.rpartition(".")[0] == plain)
    return {**known, fact.fields["book_id"]: f"{plain}.{same + 1}"}


@case(shelved(1, "Old Atlas"), shelved(2, "old atlas"))
def addresses_of_equal_titles() -> Process:
    """The second book of a title has a two in its address."""
    return shown(Reducer("addresses", (Shelved,), {}, _slug))


def _handed(known: Known, fact: Fact) -> Known:
    if fact.fields["swap_id"] in known["done"]:
        return known
    done = sorted([*known["done"], fact.fields["swap_id"]])
    return {"done": done, "by": fact.fields["other"] if known["by"] == fact.fields["one"] else known["by"]}


@case(swapped(1, "ann", "bob"), swapped(2, "bob", "cem"))
def a_key_that_is_handed_on() -> Process:
    """Whoever has the key hands it on, and whoever does not have it yet hands nothing on."""
    return shown(Reducer("key", (Swapped,), {"done": [], "by": "ann"}, _handed), compute=lambda known: known["by"])


def _memory(known: Known, fact: Fact) -> Known:
    if fact.fields["meter_id"] in known["last"]:
        return known
    last = sorted([*known["last"], fact.fields["meter_id"]])[-8:]
    return {"last": last, "used": known["used"] + fact.fields["used"]}


@case(*(metered(number, 1, 7) for number in range(1, 10)))
def a_memory_of_eight_meters() -> Process:
    """The eight greatest ids are remembered, and the ninth one is counted again when it comes again."""
    used = Reducer("used", (Metered,), {"last": [], "used": 0}, _memory)
    return shown(used, compute=lambda known: known["used"])


def _ranks(held: Entries, key: str) -> Any:
    return dict(zip(held, sorted(one["used"] for one in held.values()), strict=True))[key]


@case(metered(1, 1, 70), metered(2, 2, 50))
def meters_with_the_sorted_numbers_of_others() -> Process:
    """Ids are put beside sorted numbers, so that a smaller number changes whose is whose in a final letter."""
    some = has_any(METERS)
    field = ComputedField("used", (METERS,), _ranks, is_cumulative=True)
    template = CommandTemplate("Note", METERS, ("month",), computed=(field,))
    note = Effect("note", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(some), some, METERS, wants=[wanted_in(some, note, YES=every(METERS))])


def _every_other(titles: Iterable[str]) -> set[str]:
    listed = list(titles)
    return {title for title in listed if listed.index(title) % 2 == 0}


@case(shelved(1, "pilot"), shelved(2, "atlas"), shelved(3, "pilot"))
def every_other_title_by_its_first_place() -> Process:
    """Of the sorted titles every other one is printed for good, and a title before them moves their places."""

    def choose(held: Entries) -> frozenset[str]:
        kept = _every_other(sorted(one["title"] for one in held.values()))
        return frozenset(key for key, one in held.items() if one["title"] in kept)

    return chosen(BOOKS, choose, is_final=True)


class _Gauge:
    """The greatest number, and whether it was there twice."""

    def __init__(self, known: Known) -> None:
        self.top, self.twice = known["top"], known["twice"]

    def put(self, number: int) -> Known:
        """What is known after this number."""
        if number == self.top:
            return {"top": self.top, "twice": True}
        return {"top": max(self.top, number), "twice": self.twice and number < self.top}


@case(geared(1, 8), geared(2, 9), geared(3, 9))
def a_greatest_wheel_that_is_there_twice() -> Process:
    """Whether the greatest wheel was there twice is asked of numbers, and the same message twice is two of them."""
    gauge = Reducer(
        "gauge", (Geared,), {"top": 0, "twice": False}, lambda known, fact: _Gauge(known).put(fact.fields["teeth"])
    )
    twice = DerivedColumn("twice", (gauge,), lambda known: known["twice"])
    return proc(outcomes(twice, rows=[(True, Out.DONE), (False, Out.OTHER)]), gauge)


def _digits(known: list[Any], fact: Fact) -> list[Any]:
    used = fact.fields["used"]
    return max([known, [str(used), used]], key=lambda pair: (len(pair[0].rstrip("0")), pair[0].rstrip("0")))


@case(metered(1, 1, 250), metered(2, 2, 25))
def numbers_without_the_zeros_at_their_end() -> Process:
    """The number with most digits before its zeros is kept, and 25 and 250 have the same."""
    return shown(Reducer("digits", (Metered,), ["", 0], _digits))
