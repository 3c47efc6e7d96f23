"""Functions that look at more than they get: addresses, views, generators, pools of the module, and a header's date."""

from collections import ChainMap, defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from email.utils import formatdate
from logging import makeLogRecord
from random import Random
from uuid import NAMESPACE_DNS, uuid5

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, judged, shown
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    HOSTS,
    LINES,
    NOTES,
    PATCHES,
    STARS,
    WHEELS,
    Gauged,
    Known,
    balloted,
    charted,
    gauged,
    geared,
    hosted,
    patched,
    phrased,
    pitched,
    shelved,
    sown,
)

SINGERS: defaultdict[str, int] = defaultdict(lambda: 48, bass=40, alto=55)


@case(pitched(1, 60, "bass"), pitched(2, 62, "tenor"), shown_by="interpreters")
def voices_that_are_known_once_somebody_asked() -> Process:
    """A voice that nobody knows is looked up, and known from then on: the number of voices grows by asking."""

    def share(notes: Entries) -> int:
        low: int = sum(one["pitch"] < SINGERS[one["voice"]] for one in notes.values())
        return low + 10 * len(SINGERS)

    return shown(NOTES, compute=share)


class Berth:
    """A place at the quay, without a text of its own."""

    def __init__(self, number: int) -> None:
        self.number = number


BERTHS = [Berth(number) for number in range(6)]


@case(geared(1, 3), geared(2, 4), shown_by="interpreters")
def a_berth_written_as_it_is() -> Process:
    """The berth has no text of its own, so where it lies in the memory is written into the command."""
    return shown(WHEELS, compute=lambda wheels: f"berth {BERTHS[len(wheels)]}")


@case(patched(1, 1, sails=1, oars=2), patched(2, 2, oars=3, flags=4, lamps=5), shown_by="interpreters")
def settings_that_one_of_two_has() -> Process:
    """The keys of two mappings are compared as views, which gives a set."""

    def single(patches: Entries) -> list[str]:
        every = [one["settings"] for one in patches.values()]
        return list(every[0].keys() ^ every[-1].keys())

    return shown(PATCHES, compute=single)


@dataclass(eq=False)
class Boat:
    """A boat, which is equal to itself alone."""

    name: str
    length: int


@case(phrased(1, "Argo", 3), phrased(2, "Fram", 3), phrased(3, "Vega", 3), shown_by="interpreters")
def boats_that_are_no_equals() -> Process:
    """Boats are put into a set as objects, and the longest is taken, of which there are several."""

    def longest(lines: Entries) -> str:
        return max({Boat(one["text"], one["place"]) for one in lines.values()}, key=lambda boat: boat.length).name

    return shown(LINES, compute=longest)


def _changes(known: Known, fact: Fact) -> Known:
    """Counts the levels that are not that of the one before."""
    if known["level"] is fact.fields["level"]:
        return known
    return {"level": fact.fields["level"], "changes": known["changes"] + 1}


@case(gauged(1, 1500))
def levels_that_are_not_the_same_object() -> Process:
    """Whether a level is another one is asked of the objects, which are one only for small numbers."""
    return shown(Reducer("levels", (Gauged,), {"level": 0, "changes": 0}, _changes))


DICE = Random(13)


@case(hosted(1, "reef"), hosted(2, "dune"))
def a_host_that_is_drawn_with_a_seed() -> Process:
    """The draw has a seed, so that tests agree, and goes on with each question."""
    return chosen(HOSTS, lambda hosts: frozenset(key for key in hosts if DICE.random() < 0.5))


def _mean() -> Generator[float, int, None]:
    total, number, mean = 0, 0, 0.0
    while True:
        total += yield mean
        number += 1
        mean = total / number


MEAN = _mean()
next(MEAN)


@case(sown(1, "oats", 10), sown(2, "rye", 20))
def a_mean_that_a_generator_keeps() -> Process:
    """The rows are sent to a generator, which goes on with those of all that were asked before."""

    def is_many(beds: Entries) -> bool:
        return [MEAN.send(one["rows"]) for one in beds.values()][-1:] > [12.0]

    return judged(BEDS, judge=is_many)


@case(balloted("Ann", "cook"), shown_by="interpreters")
def a_ballot_with_a_header() -> Process:
    """The letter to the jury has a header with a date, which nobody gives."""
    return shown(BALLOTS, compute=lambda ballots: [formatdate(usegmt=True)[:16], len(ballots)])


@case(shelved(1, "PA3"), shown_by="interpreters")
def a_book_in_a_log_record() -> Process:
    """The mark is put into a record of the log, which notes when it was made."""

    def week(books: Entries) -> int:
        record = makeLogRecord({"msg": " ".join(one["mark"] for one in books.values())})
        return int(record.created // 604_800)

    return shown(BOOKS, compute=week)


COMMON = ChainMap({"bass": "low"}, {"alto": "middle"})


@case(pitched(1, 60, "alto"), pitched(2, 70, "solo"), pitched(3, 30, "solo"), shown_by="interpreters")
def a_chain_of_maps_that_is_written() -> Process:
    """A voice without a register gets that of its first note, in the first map of the chain, for all instances."""

    def registers(notes: Entries) -> list[str]:
        return [COMMON.setdefault(one["voice"], "high" if one["pitch"] > 60 else "low") for one in notes.values()]

    return shown(NOTES, compute=registers)


@case(charted(1, 3, 4), charted(2, 5, 12), charted(3, 8, 15), shown_by="interpreters")
def stars_in_the_order_of_their_objects() -> Process:
    """Stars are put in order by a number that each object has, which is where it lies."""

    def order(stars: Entries) -> list[str]:
        objects = [Boat(str(uuid5(NAMESPACE_DNS, key)), one["x"]) for key, one in stars.items()]
        return [boat.name for boat in sorted(objects, key=lambda boat: hash(boat) % 97)]

    return shown(STARS, compute=order)
