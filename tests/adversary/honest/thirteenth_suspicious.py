"""Functions with sets, hashes, counters, generators and names of clocks, which answer alike everywhere and always."""

import operator
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial, total_ordering
from itertools import count as counter
from itertools import cycle, islice
from typing import Any, ClassVar

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, judged, shown
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    PATCHES,
    STARS,
    STONES,
    SWAPS,
    WHEELS,
    Known,
    Patched,
    Pitched,
    balloted,
    charted,
    dealt,
    gauged,
    geared,
    hosted,
    patched,
    phrased,
    pitched,
    reserved_if,
    seated,
    shelved,
    sown,
)


@case(hosted(1, "reef"), hosted(2, "reef"), hosted(3, "dune"))
def the_only_name_of_a_set() -> Process:
    """A set is popped, but only where it has a single member."""

    def name(hosts: Entries) -> str:
        names = {one["block"] for one in hosts.values()}
        return names.pop() if len(names) == 1 else f"{len(names)} names"

    return shown(HOSTS, compute=name)


@dataclass(frozen=True)
class Place:
    """A place of the chart, which is equal to others by its numbers."""

    x: int
    y: int

    def __hash__(self) -> int:
        return hash((self.x % 7, self.y % 7))


@case(charted(1, 0, 0), charted(2, 7, 7), charted(3, 0, 0))
def places_with_a_hash_of_their_own() -> Process:
    """Objects are put into a set by a hash of their own, which is bad, and only counted and put in order."""

    def places(stars: Entries) -> list[list[int]]:
        found = {Place(one["x"], one["y"]) for one in stars.values()}
        return sorted([one.x, one.y] for one in found)

    return shown(STARS, compute=places)


@case(geared(1, 12), geared(2, 12), geared(3, 8))
def wheels_numbered_by_a_counter_of_the_call() -> Process:
    """A counter gives numbers, and begins anew with each question."""

    def numbers(wheels: Entries) -> dict[str, int]:
        numbering = counter(1)
        return {key: next(numbering) for key in sorted(wheels, key=lambda key: (wheels[key]["teeth"], key))}

    return shown(WHEELS, compute=numbers)


@case(balloted("Ann", "cook"), balloted("Bo", "maid"), balloted("Cy", "cook"))
def jurors_who_sit_left_and_right() -> Process:
    """A wheel that turns for ever is made for each question, and as many are taken from it as there are jurors."""

    def seats(ballots: Entries) -> list[str]:
        sides = cycle(("left", "right"))
        return [f"{juror} {side}" for juror, side in zip(sorted(ballots), islice(sides, len(ballots)), strict=True)]

    return shown(BALLOTS, compute=seats)


class Environ:
    """What is around a bed; it has the names of things that a function must not ask."""

    clock: ClassVar[int] = 12

    def __init__(self, beds: Entries) -> None:
        self.environ = dict(beds)

    def urandom(self, size: int) -> int:
        return int(sum(one["rows"] for one in self.environ.values())) % size

    def time_ns(self) -> int:
        return len(self.environ)

    def today(self) -> str:
        return min(self.environ, default="")


@case(sown(1, "oats", 5), sown(2, "rye", 9))
def a_bed_with_an_environ() -> Process:
    """An object of the module has methods with the names of chance and of a clock."""

    def figures(beds: Entries) -> list[Any]:
        os = time = Environ(beds)
        return [os.urandom(os.clock), time.time_ns(), time.today()]

    return shown(BEDS, compute=figures)


@lru_cache(maxsize=2)
def _plain(mark: str) -> str:
    return "".join(letter for letter in mark.casefold() if letter.isalnum())


@case(shelved(1, "QA-7"), shelved(2, "qa7"), shelved(3, "P 1"))
def marks_in_a_cache_that_is_too_small() -> Process:
    """A cache holds two marks only and forgets the others, which changes no answer."""
    return shown(BOOKS, compute=lambda books: len({_plain(one["mark"]) for one in books.values()}))


@total_ordering
class Stone:
    """A stone that is compared by its halves, the larger first."""

    def __init__(self, key: str, halves: Mapping[str, Any]) -> None:
        self.key = key
        self.rank = (max(halves["left"], halves["right"]), min(halves["left"], halves["right"]), key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stone) and self.rank == other.rank

    def __lt__(self, other: "Stone") -> bool:
        return self.rank < other.rank

    def __hash__(self) -> int:
        return hash(self.key)


@case(dealt(1, 6, 1), dealt(2, 1, 6), dealt(3, 5, 5))
def the_best_stone_of_a_set() -> Process:
    """The greatest of a set of objects is asked, which are all different."""

    def best(stones: Entries) -> str:
        return max({Stone(key, one) for key, one in stones.items()}).key if stones else ""

    return shown(STONES, compute=best)


@case(gauged(1, 10, 3), gauged(2, 30, 1), gauged(3, 20, 2))
def a_window_of_the_last_two_minutes() -> Process:
    """Only two readings are kept while they are gone through, in the order of their minutes."""

    def window(gauges: Entries) -> int:
        last: deque[int] = deque(maxlen=2)
        last.extend(gauges[key]["level"] for key in sorted(gauges, key=lambda key: (gauges[key]["minute"], key)))
        return sum(last)

    return shown(GAUGES, compute=window)


def _is_above(limit: int, field_name: str, notes: Entries) -> bool:
    return any(operator.gt(one[field_name], limit) for one in notes.values())


@case(pitched(1, 60), pitched(2, 80))
def a_note_above_a_bound_limit() -> Process:
    """The limit and the field are bound to the function beforehand."""
    return reserved_if(NOTES, judge=partial(_is_above, 64, "pitch"))


def _readers() -> list[Callable[[str], int]]:
    """Each reader looks at the last name of the loop, which is a slip, and the same one each time."""
    return [lambda text: text.count(letter) for letter in "aeiou"]  # noqa: B023 -- the slip


@case(phrased(1, "flow and surf"), phrased(2, "neap tide"), phrased(3, "unsound"))
def letters_that_are_all_the_last_one() -> Process:
    """Five functions look for the same letter, always."""

    def letters(lines: Entries) -> int:
        return sum(read(one["text"]) for one in lines.values() for read in _readers())

    return shown(LINES, compute=letters)


@dataclass
class Choir:
    """Who sits where; each question has a choir of its own."""

    seats: dict[str, str] = field(default_factory=dict)

    def swap(self, one: str, other: str) -> None:
        self.seats[one], self.seats[other] = self.seats.get(other, other), self.seats.get(one, one)


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Ann", "Cy"))
def swaps_in_the_order_of_their_ids() -> Process:
    """Swaps do not commute, and are carried out in the order of their ids each time."""

    def seats(swaps: Entries) -> dict[str, str]:
        choir = Choir()
        for key in sorted(swaps):
            choir.swap(swaps[key]["one"], swaps[key]["other"])
        return dict(sorted(choir.seats.items()))

    return shown(SWAPS, compute=seats)


@case(patched(1, 1, sails=1), patched(2, 2, oars=2), patched(3, 1, sails=3))
def settings_moved_to_the_end() -> Process:
    """Settings are moved to the end of a mapping as they are changed, in the order of revisions and ids."""

    def last(patches: Entries) -> list[str]:
        settings: OrderedDict[str, int | None] = OrderedDict()
        for key in sorted(patches, key=lambda key: (patches[key]["revision"], key)):
            for name in sorted(patches[key]["settings"]):
                settings[name] = patches[key]["settings"][name]
                settings.move_to_end(name)
        return list(settings)

    return shown(PATCHES, compute=last)


def _notes(known: Known, fact: Fact) -> Known:
    """Changes a copy of what is known, deep enough not to touch it."""
    voices = {voice: list(pitches) for voice, pitches in known.items()}
    pitches = voices.setdefault(fact.fields["voice"], [])
    if fact.fields["pitch"] not in pitches:
        pitches.append(fact.fields["pitch"])
        pitches.sort()
    return voices


@case(pitched(1, 60, "bass"), pitched(2, 50, "bass"), pitched(3, 60, "alto"))
def notes_that_are_appended_to_a_copy() -> Process:
    """Lists are changed in place, and are copies."""
    return shown(Reducer("voices", (Pitched,), {}, _notes))


def _settings(known: Known, fact: Fact) -> Known:
    """The greatest value of each setting; nothing is less than any value."""
    new = {name: [value is not None, value or 0] for name, value in fact.fields["settings"].items()}
    return {name: max(one for one in (known.get(name), new.get(name)) if one) for name in sorted({*known, *new})}


@case(patched(1, 1, sails=None), patched(2, 2, sails=0), patched(3, 1, sails=-3, oars=1))
def settings_by_their_greatest_value() -> Process:
    """Names come out of a set and are put in order, and nothing and zero are two values."""
    return shown(Reducer("settings", (Patched,), {}, _settings))


def _walk(wheels: Entries) -> Iterator[str]:
    rest = dict(wheels)
    while rest:
        least = min(rest, key=lambda key: (rest[key]["teeth"], key))
        yield least
        del rest[least]


@case(geared(1, 9), geared(2, 4), geared(3, 30))
def wheels_until_twenty_teeth() -> Process:
    """The outcome is asked of a generator that is left before its end."""

    def is_enough(wheels: Entries) -> bool:
        teeth = 0
        for key in _walk(wheels):
            teeth += wheels[key]["teeth"]
            if teeth >= 20:
                return True
        return False

    return judged(WHEELS, judge=is_enough)


@case(hosted(1, "reef.example"), hosted(2, "example"), hosted(3, "a.reef.example"))
def hosts_below_another_one() -> Process:
    """A host below a known one is listed for good, since the one above it stays known."""

    def below(hosts: Entries) -> frozenset[str]:
        names = {one["block"] for one in hosts.values() if one["block"]}
        return frozenset(
            key
            for key, one in hosts.items()
            if any(".".join(one["block"].split(".")[place:]) in names for place in range(1, 9))
        )

    return chosen(HOSTS, below, is_final=True)
