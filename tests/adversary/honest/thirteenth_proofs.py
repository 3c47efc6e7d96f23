"""Only tables and expressions, near the edge of what can be proved: classes, stages, partners, bells and children."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Figure,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_first,
    all_but_least,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    every,
    field_of_entry,
    greatest,
    has,
    has_partner,
    lacks_partner,
    least,
    negated,
    only,
    outcomes,
    owing,
    stages,
    total,
    total_by,
    wanted,
    with_partner,
)
from tests.adversary.kit import Do, Out, Seen, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    HOSTS,
    NOTES,
    SWAPS,
    WATCHES,
    WHEELS,
    Blessed,
    Cast,
    Clocked,
    Event,
    Fogged,
    Insured,
    Moored,
    N,
    Painted,
    Salvaged,
    Tolled,
    TolledAgain,
    Watch,
    Wrecked,
    Y,
    anchor,
    balloted,
    geared,
    hosted,
    pitched,
    seated,
    shelved,
    sown,
    two_ways,
)

Pence = Annotated[int, Field(ge=0, le=1000)]


def reported(store: Register, figure: Figure) -> Process:
    """A final command with a figure that only grows."""
    has_one = has_any(store)
    field = ComputedField.of("figure", figure, is_cumulative=True)
    report = Effect("report", "office", {Do.YES: CommandTemplate("Report", computed=(field,))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, store, wants=[wanted_in(has_one, report, YES=Do.YES)])


class Tolls(Event):
    """A bridge toll; nothing if the till was broken."""

    toll_id: str
    pence: Pence = 0


TOLLS = Register("tolls", Tolls, "toll_id")


@case(Tolls(toll_id="t1", pence=5), Tolls(toll_id="t2"))
def a_toll_of_nothing_by_default() -> Process:
    """The default is within the limits."""
    return reported(TOLLS, total(TOLLS, "pence"))


@dataclass(frozen=True)
class Loaded:
    """A crate on board."""

    id: str
    crate_id: str
    kilos: Pence = 7


CRATES = Register("crates", Loaded, "crate_id")


@case(Loaded("i", "c1", 1), Loaded("i", "c2"))
def a_crate_of_seven_kilos() -> Process:
    """Cargo of five kilos or more reserves a berth for good, whatever comes on top."""
    column = DerivedColumn.of("berth", total(CRATES, "kilos") >= 5)
    return proc(one_outcome(column), CRATES, wants=[two_ways(column, anchor(is_final=True))])


class Sounded(Event):
    """The depth below the keel, written in tenths."""

    sound_id: str
    depth: Pence

    @field_serializer("depth")
    def in_tenths(self, depth: int) -> int:
        """Ten times as much, as the chart has it."""
        return depth * 10


SOUNDINGS = Register("soundings", Sounded, "sound_id")


@case(Sounded(sound_id="s1", depth=5), Sounded(sound_id="s2", depth=7))
def a_depth_that_is_written_in_tenths() -> Process:
    """What is written is not what was taken in, and only grows even so."""
    return reported(SOUNDINGS, greatest(SOUNDINGS, "depth"))


class Mark(IntEnum):
    """Points of a judge."""

    FAIR = 3
    GOOD = 5


class Marked(Event):
    """A judge gives a mark."""

    mark_id: str
    mark: Mark
    step: Literal[1, 2] = 2


MARKS = Register("marks", Marked, "mark_id")


@case(Marked(mark_id="m1", mark=Mark.GOOD), Marked(mark_id="m2", mark=Mark.FAIR, step=1))
def marks_with_names_above_zero() -> Process:
    """All members of the enumeration and all choices of the step are above zero."""
    return reported(MARKS, total(MARKS, "mark").plus(total(MARKS, "step").times(2)))


class Leased(Event):
    """A lease in pounds; half a pound by default, for the paper."""

    lease_id: str
    pounds: Annotated[Decimal, Field(ge=0, le=900, max_digits=8, decimal_places=2)] = Decimal("0.50")


LEASES = Register("leases", Leased, "lease_id")


@case(Leased(lease_id="l1", pounds=Decimal("9.50")), Leased(lease_id="l2"), Leased(lease_id="l3", pounds=Decimal(100)))
def pounds_that_are_written_without_zeros() -> Process:
    """Decimals are added exactly, and the sum is written in one way, whatever zeros there were."""
    has_one = has_any(LEASES)
    field = ComputedField.of("pounds", total(LEASES, "pounds"))
    report = Effect("report", "office", {Do.YES: CommandTemplate("Report", computed=(field,))})
    return proc(one_outcome(has_one), has_one, LEASES, wants=[wanted_in(has_one, report, YES=Do.YES)])


@case(Moored(), Watch(seconds=60.0), Cast())
def a_ring_that_came_at_all() -> Process:
    """Only whether it rang is asked of the rings, and the bell is wound up in every order."""
    moored, cast = seen(Moored), seen(Cast)
    rings = Register("rings", Clocked, "armed_by")
    bell = Deadline("bell", Clocked, timedelta(hours=4), override=(WATCHES, "seconds"))
    rung = DerivedColumn.of("rung", has(rings))
    table = outcomes(
        rung,
        moored,
        cast,
        rule=lambda over, boat, free: Out.DONE if over or free is Y else (Out.OTHER, Out.OPEN)[boat is Y],
    )
    clock = wanted(moored, rows=[(Y, {bell: ARMED}), (N, {})])
    return proc(table, moored, cast, rings, WATCHES, wants=[clock], unsettled=(Out.OPEN,))


@case(balloted("Ann", "cook", 3), balloted("Bo", "maid", 5), balloted("Cy", "maid"))
def a_court_whose_doubts_were_alike_at_first() -> Process:
    """The first doubt is the least and the greatest one, in every order, and nothing is taken back later."""
    alike = greatest(BALLOTS, "doubt").equals(least(BALLOTS, "doubt"))
    column = DerivedColumn.of("alike", alike)
    hearing = Effect("hearing", "court", {Do.YES: CommandTemplate("Hear")})
    table = wanted(column, rows=[(True, {hearing: Do.YES}), (False, {})])
    return proc(one_outcome(column), BALLOTS, wants=[table])


@case(sown(1, "oats", 3), sown(2, "oats", 4), sown(3, "rye", 9), Watch(strokes=6))
def rows_beyond_a_target_that_never_moves() -> Process:
    """Beds beyond the strokes are weeded for good, and a further bed only pushes more beyond."""
    target = only(WATCHES, "strokes")
    excess = beyond(BEDS, "rows", target=target, by=("rows", "bed_id"), where=each("seed").differs_from("rye"))
    field = ComputedField.of("beyond", excess, is_cumulative=True)
    weed = Effect("weed", "farm", {Do.YES: CommandTemplate("Weed", computed=(field,))}, frozenset({Do.YES}))
    has_one = has_any(BEDS)
    pick = owing(excess, name="beyond")
    return proc(one_outcome(has_one), has_one, BEDS, WATCHES, wants=[wanted_in(has_one, weed, YES=pick)])


@case(shelved(1, "PA", 3), shelved(2, "QA", 2), hosted(1, "PA"), hosted(2, "QA"))
def a_catalogue_that_follows_its_partners() -> Process:
    """Each book is kept, and bound for good as soon as it has a host."""
    has_one = has_any(BOOKS, HOSTS)
    note = Effect("note", "desk", {Do.NO: CommandTemplate("Keep", BOOKS, ("mark",))})
    late = Effect("late", "desk", {Do.YES: CommandTemplate("Bind", BOOKS, ("mark",))}, frozenset({Do.YES}))
    wants = [
        wanted_in(has_one, note, YES=every(BOOKS)),
        wanted(has_one, rows=[(Y, {late: with_partner(BOOKS, "mark", HOSTS, "block")}), (N, {})]),
    ]
    return proc(one_outcome(has_one), has_one, BOOKS, HOSTS, wants=wants)


@case(pitched(1, 60), pitched(2, 40), pitched(3, 50))
def a_note_below_the_staff_for_good() -> Process:
    """Once a note lies below the staff, not all lie above it; and the other way round nothing is said."""
    low = negated(all_of(NOTES, each("pitch") >= 48))
    column = DerivedColumn.of("low", either(low, any_of(NOTES, each("pitch") > 120)))
    return proc(one_outcome(column), NOTES, wants=[two_ways(column, anchor(is_final=True))])


@case(balloted("Ann", "cook", 3), balloted("Bo", "cook", 1), balloted("Cy", "maid", 3))
def suspects_of_two_jurors_and_more() -> Process:
    """The letter is sent with two ballots and more, and its list of suspects only gets longer."""
    field = ComputedField.of("suspects", distinct(BALLOTS, "suspect"), is_cumulative=True)
    letter = Effect("letter", "court", {Do.YES: CommandTemplate("Write", computed=(field,))}, frozenset({Do.YES}))
    column = DerivedColumn.of("two", count(BALLOTS) >= 2)
    return proc(one_outcome(column), BALLOTS, wants=[wanted(column, rows=[(True, {letter: Do.YES}), (False, {})])])


@case(sown(1, "oats", 6), sown(2, "rye", 4), sown(3, "oats", 1))
def rows_of_each_seed_that_only_grow() -> Process:
    """The sums for each seed are a final mapping that gains seeds and rows."""
    return reported(BEDS, total_by(BEDS, "rows", per="seed"))


class Load(Enum):
    EMPTY = "empty"
    SOME = "some"
    FULL = "full"


@case(geared(1, 2), geared(2, 3), geared(3, 4), Moored())
def a_load_in_three_bands() -> Process:
    """Every band names the lamp, so that it does not matter which of them were passed."""
    moored = seen(Moored)
    column = DerivedColumn.of("load", bands(count(WHEELS), Load.EMPTY, (1, Load.SOME), (3, Load.FULL)))
    lamp = anchor("lamp")
    rows = [(Load.SOME, {lamp: Do.YES}), (all_but(Load.SOME), {lamp: Do.NO})]
    table = outcomes(
        column, moored, rows=[(Load.FULL, Y, Out.DONE), (all_but(Load.FULL), ANY, Out.OTHER), (Load.FULL, N, Out.OPEN)]
    )
    return proc(table, moored, WHEELS, wants=[wanted(column, rows=rows)])


@case(Watch(strokes=4), sown(1, "oats", 5), sown(2, "rye", 1))
def a_rank_that_waits_for_its_target() -> Process:
    """A master has no rows missing once the target is known, and the target is never another one."""
    known = has(WATCHES)
    enough = both(known, total(BEDS, "rows") >= only(WATCHES, "strokes"))
    column = DerivedColumn.of("rank", stages(Load.EMPTY, (known, Load.SOME), (enough, Load.FULL)))
    medal = anchor("medal", is_final=True)
    rows = [(Load.FULL, {medal: Do.YES}), (all_but(Load.FULL), {medal: Do.NO})]
    return proc(one_outcome(column), BEDS, WATCHES, wants=[wanted(column, rows=rows)])


@case(geared(1, 10), geared(2, 20), geared(3, 20), Cast())
def wheels_that_are_greased_but_the_least() -> Process:
    """The least wheel is left out and never was greased, whichever is the least later on."""
    cast = seen(Cast)
    grease = Effect("grease", "yard", {Do.YES: CommandTemplate("Grease", WHEELS, ("teeth",))}, frozenset({Do.YES}))
    rows = [(ANY, {grease: all_but_least(WHEELS, by=("teeth", "wheel_id"))})]
    polish = Effect("polish", "yard", {Do.YES: CommandTemplate("Polish", WHEELS, ("teeth",))})
    others = [(ANY, {polish: all_but_first(WHEELS, 2, by=("wheel_id",))})]
    wants = [wanted(cast, rows=rows), wanted(cast, rows=others)]
    return proc(one_outcome(cast), cast, WHEELS, wants=wants)


@case(seated(1, "Ann", "Bo"), seated(2, "Cy", "Ann"), shelved(1, "Bo"))
def a_round_that_may_be_opened_again() -> Process:
    """Somebody may lack a partner again, and then the berth is freed; nothing of it is final."""
    whole = both(has_partner(SWAPS, "other", BOOKS, "mark"), negated(lacks_partner(SWAPS, "other", BOOKS, "mark")))
    column = DerivedColumn.of("whole", whole)
    return proc(one_outcome(column), SWAPS, BOOKS, wants=[two_ways(column, anchor())])


@case(hosted(1, "reef"), shelved(1, "reef"), hosted(2, "dune"))
def letters_in_other_words_for_each() -> Process:
    """Hosts and books with one name get letters of two types."""
    has_host, has_book = has_any(HOSTS), has_any(BOOKS)
    other = SubMachine("has a book", N, dict(has_book.moves))
    host = ComputedField.of("name", field_of_entry(HOSTS, "block"))
    first = Effect("host", "post", {Do.YES: CommandTemplate("WriteToHost", computed=(host,))})
    second = Effect("book", "post", {Do.YES: CommandTemplate("WriteToBook", BOOKS, ("mark",))})
    wants = [wanted_in(has_host, first, YES=every(HOSTS)), wanted_in(other, second, YES=every(BOOKS))]
    return proc(one_outcome(has_host), has_host, other, HOSTS, BOOKS, wants=wants)


@case(Painted(), Moored(), Blessed())
def a_child_that_names_its_berth_in_each_row() -> Process:
    """The berth of the child is wanted in the middle of its work, and freed before and after it."""
    painted, blessed, moored = seen(Painted), seen(Blessed), seen(Moored)
    inner = outcomes(
        painted,
        blessed,
        rows=[(N, N, Out.OTHER), (Y, N, Out.OPEN), (N, Y, Out.FAILED), (Y, Y, Out.DONE)],
        name="yard",
    )
    berth = anchor()
    rows = [(Out.OPEN, {berth: Do.YES}), (all_but(Out.OPEN), {berth: Do.NO})]
    child = proc(inner, painted, blessed, wants=[wanted(inner, rows=rows)])
    table = outcomes(inner, moored, rule=lambda _, boat: Out.DONE if boat is Y else Out.OTHER)
    return proc(table, moored, children=(child,))


class Hull(Enum):
    WHOLE = "whole"
    WRECKED = "wrecked"
    RAISED = "raised"
    BOTH = "both"


@case(Wrecked(), Salvaged(), Insured())
def a_hull_that_remembers_both() -> Process:
    """What was wrecked and raised is both, in whatever order that was reported."""
    moves: dict[Any, dict[type, Any]] = {
        Hull.WHOLE: {Wrecked: Hull.WRECKED, Salvaged: Hull.RAISED},
        Hull.WRECKED: {Wrecked: Hull.WRECKED, Salvaged: Hull.BOTH},
        Hull.RAISED: {Wrecked: Hull.BOTH, Salvaged: Hull.RAISED},
        Hull.BOTH: {Wrecked: Hull.BOTH, Salvaged: Hull.BOTH},
    }
    hull, insured = SubMachine("hull", Hull.WHOLE, moves), seen(Insured)
    rows = [(Hull.WRECKED, Y, Out.FAILED), (all_but(Hull.WRECKED), ANY, Out.DONE), (Hull.WRECKED, N, Out.OTHER)]
    return proc(outcomes(hull, insured, rows=rows), hull, insured)


@case(Moored(), Fogged(), Cast())
def two_bells_of_which_both_are_wound() -> Process:
    """Both bells are wound up by the mooring in every order, and each rings for itself."""
    moored, cast, tolled, again = seen(Moored), seen(Cast), seen(Tolled), seen(TolledAgain)
    first = Deadline("first", Tolled, timedelta(hours=1))
    second = Deadline("second", TolledAgain, timedelta(hours=2))

    def rule(boat: Seen, free: Seen, one: Seen, two: Seen) -> Out:
        if boat is N:
            return Out.OTHER
        if free is Y and (one is N or two is N):
            return Out.DONE
        return Out.FAILED if one is Y and two is Y else Out.OPEN

    table = outcomes(moored, cast, tolled, again, rule=rule)
    rows = [(Y, {first: ARMED, second: ARMED}), (N, {})]
    fogged = seen(Fogged)
    return proc(table, moored, cast, tolled, again, fogged, wants=[wanted(moored, rows=rows)], unsettled=(Out.OPEN,))
