"""Small slips of working programmers: a method that is not called, a set that is counted, a clock in a default."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import singledispatch
from itertools import count as count_up
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Selection,
    SubMachine,
    all_but,
    all_but_first,
    count,
    every,
    greatest,
    has,
    negated,
    outcomes,
    stages,
    total,
    wanted,
)
from tests.adversary.kit import (
    Commands,
    Do,
    Out,
    Seen,
    case,
    has_any,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
    wanted_in,
)
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    CLAUSES,
    EXAMS,
    RIDES,
    TAGGED,
    WISHES,
    Broken,
    Called,
    Closed,
    Known,
    Opened,
    Rang,
    Ridden,
    Sealed,
    corked,
    donated,
    examined,
    ridden,
    tagged,
    willed,
    wished,
)

Y, N = Seen.YES, Seen.NO


def _names(held: Entries) -> list[str]:
    return [f"{one['heir'].upper}" for one in held.values()]


@case(willed(1, "Eva", 1), shown_by="interpreters")
def a_method_that_is_not_called() -> Process:
    """The text of a method has its place in memory in it."""
    return shown(CLAUSES, compute=_names)


def _usual(held: Entries) -> str:
    words = Counter({word for one in held.values() for word in one["words"]})
    return words.most_common(1)[0][0] if words else ""


@case(tagged(1, "red", "big", "old"), shown_by="interpreters")
def the_most_common_word_of_a_set() -> Process:
    """Every word of a set is there once, and the first one is the most common."""
    return shown(TAGGED, compute=_usual)


@singledispatch
def _said(value: object) -> str:
    return str(value)


def _said_of(held: Entries) -> list[str]:
    if len(held) > 1:
        _said.register(int)(lambda value: f"{value:,}")
    return [_said(one["minute"]) for one in held.values()]


@case(ridden(1, "east", 5_000), ridden(2, "west", 5), shown_by="interpreters")
def minutes_that_are_written_otherwise_later() -> Process:
    """Two rides register another way to write numbers, for all instances."""
    return shown(RIDES, compute=_said_of)


NUMBERS = random.Random(7)


def _drawn(held: Entries) -> bool:
    """The sample of the auditor, from a generator with a fixed seed."""
    return bool(held) and NUMBERS.random() < 0.5


@case(willed(1, "Eva", 1), willed(2, "Ida", 1), willed(3, "Kim", 1), shown_by="interpreters")
def a_sample_with_a_fixed_seed() -> Process:
    """The seed is fixed, and the place in the sequence is not."""
    return judged(CLAUSES, judge=_drawn)


@dataclass
class Queue:
    """Tickets for those who wait; the counter is made with the object."""

    tickets: dict[str, int] = field(default_factory=dict)
    numbers: Any = field(default_factory=count_up)

    def ticket(self, known: Known, fact: Fact) -> Known:
        """Give whoever comes the next number."""
        animal = fact.fields["lift"]
        if animal not in self.tickets:
            self.tickets[animal] = next(self.numbers)
        return {**known, animal: self.tickets[animal]}


@case(ridden(1, "east", 1), ridden(2, "west", 1), shown_by="interpreters")
def tickets_of_one_queue_for_all() -> Process:
    """The object gives tickets to all instances, in the order in which it was asked."""
    return shown(Reducer("tickets", (Ridden,), {}, Queue().ticket))


class Answers(dict[str, str]):
    """A mapping that remembers what was asked for and not there."""

    def __missing__(self, key: str) -> str:
        self[key] = f"{len(self)}-{key}"
        return self[key]


CODES = Answers()


def _codes(held: Entries) -> list[str]:
    return [CODES[one["animal"]] for one in held.values()]


@case(examined(1, "cat", 1), examined(2, "dog", 1), shown_by="interpreters")
def codes_of_a_mapping_that_fills_itself() -> Process:
    """A missing code is made of how many there are."""
    return shown(EXAMS, compute=_codes)


def _by_default(known: Mapping[str, Any], fact: Fact, *, empty: dict[str, int] = {}) -> dict[str, int]:  # noqa: B006
    """Counts into the default as long as nothing is known."""
    into = dict(known) or empty
    into[fact.fields["lift"]] = 1
    return into


@case(ridden(1, "east", 1), ridden(2, "west", 1), shown_by="interpreters")
def lifts_in_a_default() -> Process:
    """The default of an argument is one mapping for all instances."""
    return shown(Reducer("lifts", (Ridden,), {}, _by_default))


def _final(commands: Commands, name: str = "grant") -> Effect:
    return Effect(name, "desk", commands, final=frozenset({Do.YES}), initially=Do.NO)


GRANT: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}


def _rows(column: DerivedColumn, effect: Effect) -> Any:
    return wanted(column, rows=[(True, {effect: Do.YES}), (False, {effect: Do.NO})])


@case(donated(1, "A", 300), wished(1, "A", 200), wished(2, "A", 200))
def bags_that_are_enough_for_now() -> Process:
    """A sum against a sum, both of which grow."""
    enough = DerivedColumn.of("enough", total(BAGS, "ml") > total(WISHES, "ml"))
    return proc(one_outcome(enough), BAGS, WISHES, wants=[_rows(enough, _final(GRANT))])


class Shelf(Enum):
    EMPTY = "empty"
    SOME = "some"
    FULL = "full"


@case(corked(1, "A", 1), corked(2, "B", 1), Called())
def a_shelf_that_is_ordered_while_it_is_empty() -> Process:
    """The middle stage is passed, and the order stays."""
    shelf = DerivedColumn.of(
        "shelf", stages(Shelf.EMPTY, (has(BOTTLES), Shelf.SOME), (count(BOTTLES) >= 2, Shelf.FULL))
    )
    opened = seen(Called)
    order = Effect("order", "joiner", {Do.YES: CommandTemplate("Build")})
    rows = [(Shelf.SOME, Y, {order: Do.YES}), (Shelf.SOME, N, {}), (Shelf.EMPTY, ANY, {}), (Shelf.FULL, ANY, {})]
    return proc(one_outcome(shelf), BOTTLES, opened, wants=[wanted(shelf, opened, rows=rows)])


@case(ridden(1, "east", 9), ridden(2, "west", 5))
def a_prize_for_the_quick_ones() -> Process:
    """Whoever is no slower than the mean has a prize, and then quicker ones come."""
    everybody = has_any(RIDES)
    prize = Effect("prize", "desk", {Do.YES: CommandTemplate("Give", RIDES, ("lift",))}, final=frozenset({Do.YES}))

    def quick(held: Entries) -> frozenset[str]:
        minutes = [one["minute"] for one in held.values()]
        return frozenset(key for key, one in held.items() if one["minute"] * len(minutes) <= sum(minutes))

    choice = Selection("quick", RIDES, quick)
    return proc(one_outcome(everybody), everybody, RIDES, wants=[wanted_in(everybody, prize, YES=choice)])


@case(ridden(1, "east", 5), ridden(2, "west", 9))
def nobody_rode_late() -> Process:
    """The greatest minute is small until a late ride."""
    early = DerivedColumn.of("early", negated(greatest(RIDES, "minute") >= 7))
    return proc(one_outcome(early), RIDES, seen(Called), wants=[_rows(early, _final(GRANT))])


@case(Opened(), Sealed(), Broken())
def a_bell_that_only_one_way_sets() -> Process:
    """The bell is set between the seal and the break, and its ring opens the vault."""
    opened, sealed, broken, rang = seen(Opened), seen(Sealed), seen(Broken), seen(Rang)
    bell = Deadline("bell", Rang, timedelta(minutes=5))
    rows = [(Y, Y, N, {bell: ARMED}), (N, ANY, ANY, {}), (Y, N, ANY, {}), (Y, Y, Y, {})]
    vault = Effect("vault", "guard", {Do.YES: CommandTemplate("Open")})
    return proc(
        one_outcome(opened),
        opened,
        sealed,
        broken,
        rang,
        wants=[wanted(opened, sealed, broken, rows=rows), wanted_in(rang, vault, YES=Do.YES)],
    )


class Turn(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


@case(Opened(), Closed(), Called())
def a_key_that_turns_both_ways() -> Process:
    """The last turn holds, and a call looks at it."""
    key = SubMachine("key", Turn.NONE, {turn: {Opened: Turn.LEFT, Closed: Turn.RIGHT} for turn in Turn})
    called = seen(Called)
    table = outcomes(
        key, called, rows=[(Turn.LEFT, Y, Out.FAILED), (ANY, N, Out.DONE), (all_but(Turn.LEFT), Y, Out.DONE)]
    )
    return proc(table, key, called)


@case(donated(1, "A", 1), donated(2, "B", 2), donated(3, "O", 3), Sealed())
def bags_behind_the_first_when_sealed() -> Process:
    """Once sealed, bags behind the first are dropped, and before that all are given for good."""
    sealed = seen(Sealed)
    give = Effect("give", "ward", {Do.YES: CommandTemplate("Give", BAGS, ("ml",))}, final=frozenset({Do.YES}))
    behind = all_but_first(BAGS, 1, by=("ml", "bag_id"))
    return proc(one_outcome(sealed), sealed, BAGS, wants=[wanted_in(sealed, give, NO=every(BAGS), YES=behind)])


def _charge(kind: Callable[[Any], Any]) -> Callable[[Entries], Any]:
    return lambda held: kind(one["ml"] for one in held.values())


@case(donated(1, "A", 5), donated(2, "B", 2))
def a_bill_for_the_least_bag() -> Process:
    """The wrong function is bound: the least bag instead of all."""
    return shown(BAGS, compute=_charge(min), is_cumulative=True, is_final=True)
