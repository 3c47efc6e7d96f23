"""Functions of vets, lifts and cellars that look at more than they get: hashes, counters, contexts, globals."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal, getcontext
from enum import Enum
from functools import partial
from typing import Any

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Fact, Process, Reducer, outcomes
from tests.adversary.kit import Do, Out, case, chosen, has_any, judged, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    CLAUSES,
    CRATES,
    EXAMS,
    RIDES,
    SHOTS,
    TAGGED,
    Examined,
    Tagged,
    corked,
    donated,
    examined,
    filmed,
    packed,
    ridden,
    tagged,
    willed,
)


def _longest_word(held: Entries) -> str:
    words = {word for one in held.values() for word in one["words"]}
    return max(words, key=len, default="")


@case(tagged(1, "red", "big", "old"), shown_by="interpreters")
def the_longest_word_of_a_set() -> Process:
    """Of words of one length, the set says which is first."""
    return shown(TAGGED, compute=_longest_word)


class Ward(Enum):
    CATS = "cats"
    DOGS = "dogs"
    BIRDS = "birds"
    FISH = "fish"


def _wards(held: Entries) -> list[str]:
    """The wards in a fixed order, whichever it is."""
    return [ward.value for ward in sorted(Ward, key=hash)] if held else []


@case(examined(1, "cat", 100), shown_by="interpreters")
def wards_by_the_hash_of_an_enum() -> Process:
    """The hash of a member is that of its name, which is another one in each interpreter."""
    return shown(EXAMS, compute=_wards)


def _crossed(held: Entries) -> str:
    """Words on all tags, as one text."""
    return " ".join(set.intersection(*(set(one["words"]) for one in held.values())))


@case(tagged(1, "red", "big", "old", "wet"), shown_by="interpreters")
def words_on_all_tags() -> Process:
    """The intersection is joined as it comes."""
    return shown(TAGGED, compute=_crossed)


TICKETS: dict[str, int] = {}


def _place(held: Entries) -> list[int]:
    """A number for each heir, given when the heir is seen first."""
    return [TICKETS.setdefault(str(one["heir"]), len(TICKETS)) for one in held.values()]


@case(willed(1, "Eva", 1), willed(2, "Ida", 1), shown_by="interpreters")
def a_number_for_each_heir() -> Process:
    """The numbers are given out by the interpreter, and not by the instance."""
    return shown(CLAUSES, compute=_place)


@dataclass
class Thermostat:
    """On above 30, off below 10, and otherwise as it was."""

    is_on: bool = False
    seen: list[int] = field(default_factory=list)

    def __call__(self, held: Entries) -> bool:
        """Whether the lift runs."""
        last = max((one["minute"] for one in held.values()), default=0)
        if last > 30:
            self.is_on = True
        elif last < 10:
            self.is_on = False
        return self.is_on


@case(ridden(1, "east", 12), ridden(2, "east", 20), ridden(3, "east", 40), shown_by="interpreters")
def a_lift_with_two_marks_in_an_object() -> Process:
    """The object remembers its last answer for all instances."""
    return judged(RIDES, judge=Thermostat())


def _high_water() -> Callable[[Entries], int]:
    mark = 0

    def rise(held: Entries) -> int:
        nonlocal mark
        mark = max([mark, *(int(one["ml"]) for one in held.values())])
        return mark

    return rise


@case(donated(1, "A", 300), donated(2, "A", 200), shown_by="interpreters")
def a_mark_in_a_closure() -> Process:
    """The most that any instance ever had is said of all."""
    return shown(BAGS, compute=_high_water())


RECENT: deque[str] = deque(maxlen=2)


def _is_new(held: Entries) -> bool:
    """Whether the newest bottle was not looked at lately."""
    newest = max(held, default="")
    is_new = newest not in RECENT
    RECENT.append(newest)
    return is_new


@case(corked(1, "A", 1), corked(2, "B", 1), corked(3, "C", 1))
def bottles_that_were_not_looked_at_lately() -> Process:
    """A short memory of the module."""
    return judged(BOTTLES, judge=_is_new)


def _mean(held: Entries) -> str:
    return str(Decimal(sum(one["grams"] for one in held.values())) / len(held)) if held else "0"


def _rough(held: Entries) -> str:
    getcontext().prec = 3
    return str(sum((Decimal(one["grams"]) for one in held.values()), Decimal(0)))


@case(examined(1, "cat", 10_000), examined(2, "dog", 3), examined(3, "cow", 7), shown_by="interpreters")
def a_context_that_another_field_has_narrowed() -> Process:
    """The second field narrows the numbers of the first one, from the next time on."""
    has = has_any(EXAMS)
    fields = (ComputedField("mean", (EXAMS,), _mean), ComputedField("rough", (EXAMS,), _rough))
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=fields)})
    return proc(one_outcome(has), has, EXAMS, wants=[wanted_in(has, note, YES=Do.YES)])


LANGUAGE: ContextVar[str] = ContextVar("language", default="en")


def _spoken(held: Entries) -> str:
    """The language of the last tag that names one; it is set for whoever asks next."""
    for one in held.values():
        for word in one["words"]:
            if word in {"en", "fr", "de"}:
                LANGUAGE.set(word)
    return LANGUAGE.get()


@case(tagged(1, "fr"), tagged(2, "red"), shown_by="interpreters")
def a_language_in_a_context() -> Process:
    """A tag without a language gets that of the one before, of whichever instance."""
    return shown(TAGGED, compute=_spoken)


def _at_day(held: Entries) -> bool:
    """Opens by the clock of the machine, as of half a year."""
    return bool(held) and _day_parts()["half"] == 0


def _day_parts(clock: Callable[[], float] = time.time) -> dict[str, int]:
    return {"half": int(clock() // 40_000_000) % 2}


@case(ridden(1, "east", 1), shown_by="interpreters")
def a_lift_that_rests_by_the_clock() -> Process:
    """The clock is an argument that nobody gives."""
    return judged(RIDES, judge=_at_day)


COLOURS: Iterator[str] = iter(["red", "blue", "green", "white"] * 10_000)


def _colour(known: dict[str, str], fact: Fact) -> dict[str, str]:
    if fact.fields["animal"] in known:
        return known
    return {**known, fact.fields["animal"]: next(COLOURS)}


@case(examined(1, "cat", 1), examined(2, "dog", 1))
def a_collar_of_the_next_colour() -> Process:
    """An iterator gives each animal the colour that nobody has."""
    return shown(Reducer("collars", (Examined,), {}, _colour))


def _sorted_lines(held: Entries) -> list[str]:
    """The first article of each crate, after the lines were put in order."""
    for one in held.values():
        one["lines"].sort(key=lambda line: line["article"])
    return [one["lines"][0]["article"] for one in held.values() if one["lines"]]


def _as_packed(held: Entries) -> list[str]:
    return [line["article"] for one in held.values() for line in one["lines"]]


@case(packed(1, screws=1, nails=2), packed(2, bolts=3))
def lines_that_another_field_put_in_order() -> Process:
    """One field sorts the lines in place, and the other one shows them as they were packed."""
    has = has_any(CRATES)
    fields = (ComputedField("packed", (CRATES,), _as_packed), ComputedField("first", (CRATES,), _sorted_lines))
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=fields)})
    return proc(one_outcome(has), has, CRATES, wants=[wanted_in(has, note, YES=Do.YES)])


def _asked(counts: dict[str, int], held: Entries) -> bool:
    """Every second scene is watched by the director."""
    for key in held:
        counts[key] = counts.get(key, 0) + 1
    return sum(counts.values()) % 2 == 1


@case(filmed(1, 1), filmed(2, 2))
def a_director_who_counts_in_a_partial() -> Process:
    """The mapping that is bound to the function counts how often it was asked."""
    return judged(SHOTS, judge=partial(_asked, {}))


def _by_names(known: Any, fact: Fact) -> list[str]:
    return list({*known, *fact.fields["words"]})


@case(tagged(1, "red", "big"), tagged(2, "old"), shown_by="interpreters")
def words_in_a_set_that_is_stored() -> Process:
    """A set that is written as a list has another order in each interpreter."""
    return shown(Reducer("words", (Tagged,), [], _by_names))


def _auditor(held: Entries) -> frozenset[str]:
    """One bag of each group, drawn without a favourite."""
    drawn: dict[str, str] = {}
    for key in set(held):
        drawn.setdefault(held[key]["group"], key)
    return frozenset(drawn.values())


@case(donated(1, "A", 1), donated(2, "A", 2), donated(3, "A", 3), shown_by="interpreters")
def one_bag_of_each_group_for_the_auditor() -> Process:
    """The first key of a set is drawn."""
    return chosen(BAGS, _auditor)


@dataclass
class Budget:
    """What may still be spent; a class attribute is one for all."""

    spent = 0

    @classmethod
    def is_left(cls, held: Entries) -> bool:
        """Whether the cellar may buy another bottle."""
        cls.spent = max(cls.spent, len(held))
        return cls.spent < 3


@case(corked(1, "A", 1), corked(2, "B", 1), corked(3, "C", 1))
def a_budget_of_the_class() -> Process:
    """An instance with three bottles closes the cellar of all others."""
    column = DerivedColumn("left", (BOTTLES,), Budget.is_left)
    return proc(outcomes(column, rows=[(True, Out.DONE), (False, Out.OTHER)]), BOTTLES)
