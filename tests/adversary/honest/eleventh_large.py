"""Farms, hospitals, films and cellars with ten to sixteen kinds of messages, which converge."""

import operator
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import reduce
from itertools import pairwise
from typing import Any

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Selection,
    all_of,
    count,
    distinct,
    each,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.honest.tenth_large import large, notified, two_way
from tests.adversary.kit import Do, Out, Seen, case, proc, seen
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
    Broken,
    Called,
    Closed,
    Corked,
    Fed,
    Known,
    Manual,
    Mended,
    Opened,
    Rang,
    Sealed,
    Thawed,
    Washed,
    Weaned,
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
from tests.adversary.planted.ninth_messages import booking
from tests.adversary.planted.tenth_messages import Abandoned, Finished, Licensed, Postponed

Y, N = Seen.YES, Seen.NO
FARM = (Fed, Washed, Weaned, Called, Mended, Thawed)


@case(donated(1, "A", 450), wished(1, "A", 300), Opened(), Sealed())
def a_blood_bank_of_eleven_messages() -> Process:
    """Each group has as much as was wished, and the fridge can be given back."""

    def is_enough(bags: Entries, wishes: Entries) -> bool:
        have: Counter[str] = Counter()
        for one in bags.values():
            have[one["group"]] += one["ml"]
        for one in wishes.values():
            have[one["group"]] -= one["ml"]
        return all(ml >= 0 for ml in have.values())

    enough = DerivedColumn("enough", (BAGS, WISHES), is_enough)
    return large(
        Broken,
        (Opened, Sealed),
        BAGS,
        WISHES,
        beside=FARM,
        columns=(enough,),
        wants=(two_way(enough, booking("fridge")),),
    )


@case(willed(1, "Eva", 60), willed(2, "Ida", 40), related(1, "Eva", "Ida"), Sealed())
def a_will_of_twelve_messages() -> Process:
    """Heirs with all that they get from whoever is above them, as far as links are known."""

    def above(links: Entries, name: str) -> frozenset[str]:
        known, new = frozenset[str](), {name}
        while new:
            known |= new
            new = {one["parent"] for one in links.values() if one["child"] in known} - known
        return known

    def shares(clauses: Entries, links: Entries) -> dict[str, int]:
        names = sorted({one["heir"] for one in clauses.values()})
        families = {name: above(links, name) for name in names}
        return {name: sum(one["share"] for one in clauses.values() if one["heir"] in families[name]) for name in names}

    some = DerivedColumn.of("some", has(CLAUSES))
    field = ComputedField("shares", (CLAUSES, LINKS), shares, is_cumulative=True)
    return large(
        Broken,
        (Sealed, Opened),
        CLAUSES,
        LINKS,
        MANUALS,
        beside=FARM,
        wants=(notified(some, "shares", field),),
    )


@case(filmed(1, 1), filmed(2, 2, good=False), dubbed(1, 0, 5), Opened())
def a_film_of_twelve_messages() -> Process:
    """A scene with a good shot is cut for good, and the film is done when none is missing."""

    def good(shots: Entries) -> frozenset[str]:
        scenes = {one["scene"] for one in shots.values() if one["good"]}
        return frozenset(key for key, one in shots.items() if one["scene"] in scenes)

    some = DerivedColumn.of("some", has(SHOTS))
    cut = Effect("cut", "studio", {Do.YES: CommandTemplate("Cut", SHOTS, ("scene",))}, final=frozenset({Do.YES}))
    complete = DerivedColumn("complete", (SHOTS,), lambda held: len(good(held)) == len(held))
    return large(
        Abandoned,
        (Opened, Closed),
        SHOTS,
        CUES,
        beside=(*FARM, Sealed),
        columns=(complete,),
        wants=(wanted(some, rows=[(True, {cut: Selection("good", SHOTS, good)}), (False, {})]),),
    )


@case(ridden(1, "east", 5), ridden(2, "west", 50), Licensed(), Broken())
def a_ski_day_of_thirteen_messages() -> Process:
    """The longest rest between two rides, which may become shorter."""

    def rest(held: Entries) -> int:
        minutes = sorted(one["minute"] for one in held.values())
        return max((second - first for first, second in pairwise(minutes)), default=0)

    tired = DerivedColumn("tired", (RIDES,), lambda held: len(held) > 2 and rest(held) < 30)
    return large(
        Broken,
        (Licensed, Opened),
        RIDES,
        NIGHTS,
        TAGGED,
        beside=(*FARM, Postponed),
        columns=(tired,),
        wants=(two_way(tired, booking("bench")),),
    )


@case(corked(1, "A", 3, "9.5"), corked(2, "B", 2, "0.25"), Sealed(), Opened())
def a_cellar_of_ten_messages() -> Process:
    """The exact worth is notified again, and the insurance is for good above a hundred."""

    def worth(held: Entries) -> Decimal:
        return sum((Decimal(str(one["price"])) for one in held.values()), Decimal(0))

    dear = DerivedColumn("dear", (BOTTLES,), lambda held: worth(held) > 100)
    field = ComputedField("worth", (BOTTLES,), lambda held: f"{worth(held):.2f}")
    return large(
        Broken,
        (Sealed, Opened),
        BOTTLES,
        beside=FARM,
        wants=(two_way(dear, booking("insurance", is_final=True)), notified(seen(Sealed), "worth", field)),
    )


@case(examined(1, "cat", 400), examined(2, "dog", 700), Washed(), Called())
def a_surgery_of_fourteen_messages() -> Process:
    """The order of the waiting room is computed, and shown again."""

    def order(held: Entries) -> list[str]:
        rank = {"now": 0, "soon": 1, "calm": 2}
        return sorted(held, key=lambda key: (rank[held[key]["urgency"]], -held[key]["grams"], key))

    some = DerivedColumn.of("some", has(EXAMS))
    field = ComputedField("order", (EXAMS,), order)
    return large(
        Broken,
        (Washed, Opened),
        EXAMS,
        TAGGED,
        MANUALS,
        beside=(Fed, Weaned, Called, Mended, Thawed, Closed, Sealed, Licensed),
        wants=(notified(some, "order", field),),
    )


@case(Opened(), Closed(), Manual("i", 3, 9.0), scored(1, red=3))
def a_game_with_a_clock_and_ten_more() -> Process:
    """The clock runs from the opening on, and the closing beats it."""
    opened, closed, rang = seen(Opened), seen(Closed), seen(Rang)
    clock = Deadline("clock", Rang, timedelta(hours=2), override=(MANUALS, "wait_seconds"))

    def is_won(held: Entries) -> bool:
        return any(points >= 3 for one in held.values() for points in one["points"].values())

    won = DerivedColumn("won", (SCORES,), is_won)

    def rule(start: Seen, end: Seen, over: Seen, good: bool) -> Enum:
        if start is N:
            return Out.OTHER
        if end is N and over is N:
            return Out.OPEN
        return Out.DONE if good else Out.FAILED

    return proc(
        outcomes(opened, closed, rang, won, rule=rule),
        opened,
        closed,
        rang,
        *map(seen, (*FARM, Sealed)),
        MANUALS,
        SCORES,
        wants=[wanted(opened, rows=[(Y, {clock: ARMED}), (N, {})]), two_way(won, booking("cup", is_final=True))],
        unsettled=[Out.OPEN],
    )


@case(due(1, "2030-01-31", 5), due(2, "2030-02-01", 7), Called(), Licensed())
def a_ledger_of_fifteen_messages() -> Process:
    """The sum of each month, in which months only become more and sums only greater."""

    def months(held: Entries) -> dict[str, int]:
        sums: dict[str, int] = {}
        for one in held.values():
            month = date.fromisoformat(one["on"]).strftime("%m")
            sums[month] = sums.get(month, 0) + one["amount"]
        return dict(sorted(sums.items()))

    called = seen(Called)
    field = ComputedField("months", (DUES,), months, is_cumulative=True)
    bill = Effect("bill", "bank", {Do.YES: CommandTemplate("Bill", computed=(field,))}, final=frozenset({Do.YES}))
    return large(
        Abandoned,
        (Called, Licensed),
        DUES,
        TAGGED,
        MANUALS,
        beside=(Fed, Weaned, Mended, Thawed, Closed, Sealed, Opened, Washed, Finished),
        wants=(wanted(called, rows=[(Y, {bill: Do.YES}), (N, {})]),),
    )


def _species(known: Known, fact: Fact) -> Known:
    name = fact.fields["name"].strip().lower()
    return {**known, name: sorted({*known.get(name, []), fact.fields["year"]})}


@case(corked(1, "Merlot", 3), corked(2, "merlot ", 2), corked(3, "Syrah", 9), Opened())
def a_catalogue_of_eleven_messages() -> Process:
    """Years by the folded name, as sorted lists."""
    years = Reducer("years", (Corked,), {}, _species)
    opened = seen(Opened)
    field = ComputedField("catalogue", (years,), lambda known: [[name, known[name]] for name in sorted(known)])
    return large(
        Broken,
        (Opened, Sealed),
        years,
        SCORES,
        beside=FARM,
        wants=(notified(opened, "catalogue", field),),
    )


@case(packed(1, nails=5), packed(2, nails=7, bolts=1), Sealed(), Closed())
def a_shipment_of_thirteen_messages() -> Process:
    """Pieces of all crates, added by a fold of mappings."""

    def joined(held: Entries) -> dict[str, int]:
        counters = (Counter({line["article"]: 0}) for one in held.values() for line in one["lines"])
        known = reduce(operator.or_, counters, Counter[str]())
        for one in held.values():
            for line in one["lines"]:
                known[line["article"]] += line["pieces"]
        return {article: known[article] for article in sorted(known)}

    some = DerivedColumn.of("some", has(CRATES))
    field = ComputedField("pieces", (CRATES,), joined, is_cumulative=True)
    return large(
        Abandoned,
        (Sealed, Closed),
        CRATES,
        MANUALS,
        LINKS,
        beside=(*FARM, Opened),
        wants=(notified(some, "pieces", field),),
    )


@case(frosted(1, -3), frosted(2, 3), Thawed(), Opened())
def an_orchard_of_twelve_messages() -> Process:
    """Frost was there once, and for three nights below zero help is paid for good."""
    cold = DerivedColumn.of("cold", count(NIGHTS, where=each("degrees") < 0) >= 3)
    mild = DerivedColumn.of("mild", all_of(NIGHTS, each("degrees") >= -20))
    return large(
        Broken,
        (Thawed, Opened),
        NIGHTS,
        TAGGED,
        beside=(Fed, Washed, Weaned, Called, Mended, Sealed, Closed),
        columns=(mild,),
        wants=(two_way(cold, booking("help", is_final=True)),),
    )


@case(spotted(1, "2030-04-07T08:00:00+00:00"), spotted(2, "2030-04-07T09:00:00+02:00", "robin"), Called(), Closed())
def a_bird_count_of_fourteen_messages() -> Process:
    """Species are counted without doubles, and five of them are a record."""
    many = DerivedColumn("record", (SPOTS,), lambda held: len({one["species"] for one in held.values()}) >= 5)
    field = ComputedField.of("species", distinct(SPOTS, "species"), is_cumulative=True)
    return large(
        Abandoned,
        (Called, Closed),
        SPOTS,
        TAGGED,
        LINKS,
        beside=(Fed, Washed, Weaned, Mended, Thawed, Sealed, Opened, Licensed),
        wants=(two_way(many, booking("prize", is_final=True)), notified(seen(Called), "species", field)),
    )


@case(tagged(1, "red"), tagged(2, "red", "big"), Weaned(), Fed())
def a_herd_of_sixteen_messages() -> Process:
    """Animals by the words on their tags, and a cheap and a dear list."""

    def groups(tags: Entries, exams: Entries) -> list[Any]:
        words = sorted({word for one in tags.values() for word in one["words"]})
        grams = {one["animal"]: one["grams"] for one in exams.values()}
        return [[word, grams.get(word)] for word in words]

    heavy = DerivedColumn.of("heavy", total(EXAMS, "grams") >= 1_000)
    return large(
        Broken,
        (Weaned, Fed),
        TAGGED,
        EXAMS,
        MANUALS,
        beside=(Washed, Called, Mended, Thawed, Sealed, Opened, Closed, Licensed, Postponed, Finished),
        columns=(heavy,),
        wants=(notified(seen(Weaned), "groups", ComputedField("groups", (TAGGED, EXAMS), groups)),),
    )
