"""Pairs of versions in which a class reads or writes its values otherwise, or a table orders them otherwise."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, PlainSerializer

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Figure,
    Process,
    Register,
    beyond,
    count,
    greatest,
    latest,
    outcomes,
    owing,
    stages,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, has_any, one_outcome, proc, seen, upgrade, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    LINES,
    NOTES,
    WATCHES,
    Cast,
    Moored,
    N,
    Tolled,
    Watch,
    Y,
    phrased,
    pitched,
    sown,
)

Pair = tuple[Process, Process]
Pence = Annotated[int, Field(ge=0, le=1000)]


def fared(annotation: Any) -> type[BaseModel]:
    """A class of this name whose pence have this type."""

    class Fared(BaseModel):
        """A fare."""

        id: str = "i"
        fare_id: str
        pence: annotation

    return Fared


def written(store: Register, figure: Figure) -> Process:
    """The figure is written again with each change."""
    has_one = has_any(store)
    note = Effect("note", "office", {Do.YES: CommandTemplate("Note", computed=(ComputedField.of("figure", figure),))})
    return proc(one_outcome(has_one), has_one, store, wants=[wanted_in(has_one, note, YES=Do.YES)])


def fares(kind: type[BaseModel]) -> Process:
    """The sum of all fares."""
    store = Register("fares", kind, "fare_id")
    return written(store, total(store, "pence"))


PLAIN = fared(Pence)
TENS = fared(Annotated[Pence, AfterValidator(lambda pence: pence // 10 * 10)])
DEBITS = fared(Annotated[Pence, PlainSerializer(lambda pence: -pence, return_type=int)])
SAME = fared(Annotated[Pence, AfterValidator(lambda pence: min(pence, 5000))])


@upgrade(PLAIN(fare_id="f1", pence=55), PLAIN(fare_id="f2", pence=9), is_harmful=True)
def fares_that_are_rounded_from_now_on() -> Pair:
    """What is stored is not rounded, and the same fare is another one when it comes again."""
    return fares(PLAIN), fares(TENS)


@upgrade(PLAIN(fare_id="f1", pence=55), PLAIN(fare_id="f2", pence=9), is_harmful=True)
def fares_that_are_written_below_zero_from_now_on() -> Pair:
    """The sign of what is stored is not that of what comes."""
    return fares(PLAIN), fares(DEBITS)


@upgrade(PLAIN(fare_id="f1", pence=55), PLAIN(fare_id="f2", pence=9), is_harmful=False)
def fares_that_are_cut_where_none_is() -> Pair:
    """The class cuts what is beyond its own limit, which nothing is."""
    return fares(PLAIN), fares(SAME)


@upgrade(phrased(1, "ebb", 3), phrased(2, "flow", 3), phrased(3, "surf", 1), is_harmful=False)
def a_latest_line_by_place_and_text() -> Pair:
    """Between equal places the text decides before the key does, and nothing of it is final."""
    return (
        written(LINES, latest(LINES, by=("place",), field="text")),
        written(LINES, latest(LINES, by=("place", "text"), field="text")),
    )


def weeded(*, by: tuple[str, ...]) -> Process:
    """Beds beyond ten rows are weeded for good."""
    has_one = has_any(BEDS)
    excess = beyond(BEDS, "rows", target=count(BEDS).times(0).at_least(10), by=by)
    weed = Effect("weed", "farm", {Do.YES: CommandTemplate("Weed", BEDS, ("seed",))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, BEDS, wants=[wanted_in(has_one, weed, YES=owing(excess, name="beyond"))])


@upgrade(sown(1, "oats", 9), sown(2, "rye", 8), sown(3, "hay", 1), is_harmful=True)
def beds_beyond_in_another_order() -> Pair:
    """Beds counted by their rows, and count by their ids from now on: what was weeded is not beyond any more."""
    return weeded(by=("rows", "bed_id")), weeded(by=("bed_id",))


def moored(*, has_override: bool) -> Process:
    """A boat that is moored until the bell tolls, or until it casts off."""
    boat, cast, tolled = seen(Moored), seen(Cast), seen(Tolled)
    override = (WATCHES, "seconds") if has_override else None
    bell = Deadline("bell", Tolled, timedelta(hours=4), override=override)

    def rule(here: Seen, gone: Seen, over: Seen) -> Out:
        if here is N or gone is Y:
            return Out.DONE
        return Out.FAILED if over is Y else Out.OPEN

    table = outcomes(boat, cast, tolled, rule=rule)
    clock = wanted(boat, rows=[(Y, {bell: ARMED}), (N, {})])
    return proc(table, boat, cast, tolled, WATCHES, wants=[clock], unsettled=(Out.OPEN,))


@upgrade(Moored(), Watch(seconds=60.0), Cast(), is_harmful=False)
def a_bell_whose_watch_may_say_when() -> Pair:
    """The delay may come from a message that was stored before, and a bell that runs keeps its time."""
    return moored(has_override=False), moored(has_override=True)


def staged(first: int, second: int) -> Process:
    """A choir that grows in stages, and is rehearsed for good in the last one."""
    column = DerivedColumn.of(
        "choir", stages(Out.OTHER, (count(NOTES) >= first, Out.OPEN), (count(NOTES) >= second, Out.DONE))
    )
    book = Effect("book", "hall", {Do.YES: CommandTemplate("Book")}, frozenset({Do.YES}))
    rows = [(Out.OTHER, {}), (Out.OPEN, {}), (Out.DONE, {book: Do.YES})]
    loud = written(NOTES, greatest(NOTES, "pitch"))
    return proc(one_outcome(column), NOTES, *loud.machines, wants=[wanted(column, rows=rows), *loud.wanted])


@upgrade(pitched(1, 60), pitched(2, 62), pitched(3, 64), is_harmful=True)
def a_choir_that_is_booked_later() -> Pair:
    """Two singers booked the hall for good, and five are needed from now on."""
    return staged(1, 2), staged(1, 5)


@upgrade(pitched(1, 60), pitched(2, 62), pitched(3, 64), is_harmful=False)
def a_choir_that_is_large_sooner() -> Pair:
    """The first stage comes later and the last one stays as it is."""
    return staged(1, 3), staged(2, 3)
