"""Machines, children, tables and expressions that are put together wrongly, in cells that few orders pass."""

from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    SubMachine,
    all_but,
    all_but_first,
    all_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    entries_where,
    every,
    field_of_entry,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    one_of,
    only,
    outcomes,
    owing,
    stages,
    total,
    total_by,
    wanted,
    with_partner,
    without_partner,
)
from tests.adversary.kit import Do, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
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
    Crewed,
    Fogged,
    Insured,
    Lifted,
    Moored,
    N,
    Painted,
    Piloted,
    Salvaged,
    Tolled,
    Victualled,
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


class Hull(Enum):
    WHOLE = "whole"
    WRECKED = "wrecked"
    RAISED = "raised"
    CLAIMED = "claimed"
    SUNK = "sunk"


def _moves(rows: dict[Hull, dict[type, Hull]], kinds: tuple[type, ...]) -> dict[Any, dict[type, Any]]:
    return {state: {kind: rows.get(state, {}).get(kind, state) for kind in kinds} for state in Hull}


@case(Wrecked(), Salvaged(), Insured())
def a_hull_with_five_states() -> Process:
    """A claim after the salvage sinks the hull in the books, unless the insurer agreed before the wreck."""
    rows: dict[Hull, dict[type, Hull]] = {
        Hull.WHOLE: {Wrecked: Hull.WRECKED, Insured: Hull.CLAIMED},
        Hull.WRECKED: {Salvaged: Hull.RAISED, Insured: Hull.CLAIMED},
        Hull.RAISED: {Insured: Hull.SUNK},
        Hull.CLAIMED: {Wrecked: Hull.CLAIMED, Salvaged: Hull.RAISED},
    }
    hull = SubMachine("hull", Hull.WHOLE, _moves(rows, (Wrecked, Salvaged, Insured)))
    table = outcomes(hull, rows=[(Hull.SUNK, Out.FAILED), (all_but(Hull.SUNK), Out.DONE)])
    return proc(table, hull)


class Coat(Enum):
    RAW = "raw"
    PRIMED = "primed"
    BLESSED = "blessed"
    SHINING = "shining"


COAT = SubMachine(
    "coat",
    Coat.RAW,
    {
        Coat.RAW: {Painted: Coat.PRIMED, Blessed: Coat.BLESSED, Fogged: Coat.RAW},
        Coat.PRIMED: {Painted: Coat.PRIMED, Blessed: Coat.SHINING, Fogged: Coat.PRIMED},
        Coat.BLESSED: {Painted: Coat.SHINING, Blessed: Coat.BLESSED, Fogged: Coat.BLESSED},
        Coat.SHINING: {Painted: Coat.SHINING, Blessed: Coat.SHINING, Fogged: Coat.PRIMED},
    },
)


@case(Painted(), Blessed(), Fogged())
def a_coat_that_fog_makes_dull() -> Process:
    """Fog makes only a coat dull that shines already."""
    return proc(by(COAT, RAW=Out.OTHER, PRIMED=Out.OPEN, BLESSED=Out.OPEN, SHINING=Out.DONE), COAT)


@case(Painted(), Moored(), Blessed())
def a_child_that_is_asked_in_the_middle() -> Process:
    """The child's berth is wanted while half of its work is done, and left as it is with all of it."""
    painted, blessed, moored = seen(Painted), seen(Blessed), seen(Moored)
    inner = outcomes(
        painted,
        blessed,
        rows=[(N, N, Out.OTHER), (Y, N, Out.OPEN), (N, Y, Out.FAILED), (Y, Y, Out.DONE)],
        name="yard",
    )
    berth = anchor()
    rows = [(Out.OPEN, {berth: Do.YES}), (one_of(Out.FAILED, Out.OTHER), {berth: Do.NO}), (Out.DONE, {})]
    child = proc(inner, painted, blessed, wants=[wanted(inner, rows=rows)])
    table = outcomes(inner, moored, rule=lambda _, boat: Out.DONE if boat is Y else Out.OTHER)
    return proc(table, moored, children=(child,))


@case(Moored(), Watch(strokes=3))
def a_berth_with_the_strokes_of_a_watch() -> Process:
    """The command copies the strokes, and the row that waits for them waits for the wrong message."""
    moored, piloted = seen(Moored), seen(Piloted)
    ring = Effect("ring", "bells", {Do.YES: CommandTemplate("Ring", WATCHES, ("strokes",))})
    rows = [(Y, ANY, {ring: Do.YES}), (N, ANY, {})]
    table = wanted(moored, piloted, rows=rows)
    return proc(one_outcome(moored), moored, piloted, WATCHES, wants=[table])


@case(geared(1, 10), geared(2, 20), Cast())
def wheels_that_are_greased_or_sold() -> Process:
    """Moored, all wheels but the smallest are greased, and once cast off only those that are large."""
    cast = seen(Cast)
    grease = Effect("grease", "yard", {Do.YES: CommandTemplate("Grease", WHEELS, ("teeth",))})
    rows = [
        (N, {grease: all_but_first(WHEELS, 1, by=("teeth",))}),
        (Y, {grease: entries_where(WHEELS, each("teeth") > 25)}),
    ]
    return proc(one_outcome(cast), cast, WHEELS, wants=[wanted(cast, rows=rows)])


@case(shelved(1, "PA", 3), shelved(2, "QA", 2), hosted(1, "PA"))
def a_catalogue_without_partners() -> Process:
    """Books whose mark is no host are catalogued for good, and the host may come later."""
    has_one = has_any(BOOKS)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", BOOKS, ("mark",))}, frozenset({Do.YES}))
    pick = without_partner(BOOKS, "mark", HOSTS, "block")
    return proc(one_outcome(has_one), has_one, BOOKS, HOSTS, wants=[wanted_in(has_one, note, YES=pick)])


@case(sown(1, "oats", 3), sown(2, "oats", 4), shelved(1, "A"), shelved(2, "B"))
def rows_beyond_the_books() -> Process:
    """Beds beyond three rows a book are weeded for good, and a book that comes later leaves less of them beyond."""
    target = count(BOOKS).times(3)
    excess = beyond(BEDS, "rows", target=target, by=("rows", "bed_id"), where=each("seed").differs_from("rye"))
    field = ComputedField.of("beyond", excess, is_cumulative=True)
    weed = Effect("weed", "farm", {Do.YES: CommandTemplate("Weed", computed=(field,))}, frozenset({Do.YES}))
    has_one = has_any(BEDS)
    pick = owing(excess, name="beyond")
    return proc(one_outcome(has_one), has_one, BEDS, BOOKS, wants=[wanted_in(has_one, weed, YES=pick)])


@case(pitched(1, 60), pitched(2, 40))
def nothing_below_the_staff() -> Process:
    """No note lies below the staff as long as there is none, and a condition that is negated says so for good."""
    is_clear = negated(least(NOTES, "pitch") < 48)
    column = DerivedColumn.of("clear", is_clear)
    return proc(one_outcome(column), NOTES, wants=[two_ways(column, anchor(is_final=True))])


@case(balloted("Ann", "cook", 3), balloted("Bo", "cook", 1), balloted("Cy", "maid", 3))
def doubts_of_as_many_kinds_as_suspects() -> Process:
    """A letter has the doubts by suspect, and is final as soon as there are two of them."""
    field = ComputedField.of("doubts", total_by(BALLOTS, "doubt", per="suspect"), is_cumulative=True)
    letter = Effect("letter", "court", {Do.YES: CommandTemplate("Write", computed=(field,))}, frozenset({Do.YES}))
    column = DerivedColumn.of("two", count(BALLOTS).equals(2))
    rows = [(True, {letter: Do.YES}), (False, {})]
    return proc(one_outcome(column), BALLOTS, wants=[wanted(column, rows=rows)])


@case(shelved(1, "A", 5), shelved(2, "B", 7), shelved(3, "C", 9))
def a_shelf_between_two_figures() -> Process:
    """The sum of the least and the greatest shelf passes a band upwards and downwards."""
    middle = least(BOOKS, "shelf").plus(greatest(BOOKS, "shelf"))
    column = DerivedColumn.of("middle", bands(middle, Out.OPEN, (13, Out.DONE), (15, Out.OTHER)))
    lamp = Effect("lamp", "library", {Do.YES: CommandTemplate("Light")})
    rows = [(Out.DONE, {lamp: Do.YES}), (all_but(Out.DONE), {})]
    return proc(one_outcome(column), BOOKS, wants=[wanted(column, rows=rows)])


@case(seated(1, "Ann", "Bo"), seated(2, "Cy", "Ann"), shelved(1, "Bo"))
def all_partners_but_one() -> Process:
    """A round is seated when somebody has a partner and nobody lacks one, which is so for two different reasons."""
    whole = both(has_partner(SWAPS, "other", BOOKS, "mark"), negated(lacks_partner(SWAPS, "other", BOOKS, "mark")))
    column = DerivedColumn.of("whole", whole)
    return proc(one_outcome(column), SWAPS, BOOKS, wants=[two_ways(column, anchor(is_final=True))])


@case(pitched(1, 60), pitched(2, 71))
def a_bell_for_a_latest_note() -> Process:
    """The bell is wound up while the highest note is even, and rings for a piece that is over."""
    tolled = seen(Tolled)
    bell = Deadline("bell", Tolled, timedelta(hours=1))
    high = latest(NOTES, by=("pitch",), field="pitch")
    column = DerivedColumn.of("even", either(high.is_one_of(60, 62), high.equals(64)))
    table = by(tolled, YES=Out.FAILED, NO=Out.DONE)
    rows = [(True, {bell: ARMED}), (False, {})]
    return proc(table, tolled, NOTES, wants=[wanted(column, rows=rows)])


@case(Crewed(), Victualled(), Insured(), Cast())
def a_sailing_by_three_of_four() -> Process:
    """Three of four papers let the boat sail, but the row for the crew without food leaves the berth as it is."""
    crewed, victualled, insured, cast = map(seen, (Crewed, Victualled, Insured, Cast))
    berth = anchor()
    rows = [
        (Y, Y, Y, ANY, {berth: Do.NO}),
        (Y, Y, N, ANY, {berth: Do.YES}),
        (Y, N, ANY, Y, {}),
        (Y, N, ANY, N, {berth: Do.NO}),
        (N, ANY, ANY, Y, {berth: Do.YES}),
        (N, ANY, ANY, N, {berth: Do.NO}),
    ]
    table = wanted(crewed, victualled, insured, cast, rows=rows)
    return proc(one_outcome(crewed), crewed, victualled, insured, cast, wants=[table])


@case(hosted(1, "reef"), shelved(1, "reef"))
def two_letters_that_may_be_one() -> Process:
    """A letter goes to each host and to each book, with one field of the same name and word."""
    has_one = has_any(HOSTS)
    host = ComputedField.of("name", field_of_entry(HOSTS, "block"))
    mark = ComputedField.of("name", field_of_entry(BOOKS, "mark"))
    first = Effect("host", "post", {Do.YES: CommandTemplate("Write", computed=(host,))})
    second = Effect("book", "post", {Do.YES: CommandTemplate("Write", computed=(mark,))})
    has_book = has_any(BOOKS)
    other = SubMachine("has a book", N, dict(has_book.moves))
    wants = [
        wanted_in(has_one, first, YES=every(HOSTS)),
        wanted_in(other, second, YES=every(BOOKS)),
    ]
    return proc(one_outcome(has_one), has_one, other, HOSTS, BOOKS, wants=wants)


@case(geared(1, 12), geared(2, 18), Fogged(), Lifted())
def an_order_that_waits_for_clear_air() -> Process:
    """In the fog the first wheels are ordered for good, and in clear air all that are as large as the latest."""
    fog = SubMachine("fog", N, {N: {Fogged: Y, Lifted: N}, Y: {Fogged: Y, Lifted: Y}})
    order = Effect("order", "smith", {Do.YES: CommandTemplate("Forge", WHEELS, ("teeth",))}, frozenset({Do.YES}))
    rows = [(Y, {order: entries_where(WHEELS, each("teeth") < 15)}), (N, {order: every(WHEELS)})]
    return proc(one_outcome(fog), fog, WHEELS, wants=[wanted(fog, rows=rows)])


@case(sown(1, "oats", 6), sown(2, "rye", 2), Moored())
def a_list_while_all_rows_are_long() -> Process:
    """The seeds are listed while all beds are long, also before there is any, and left so with a short one."""
    moored = seen(Moored)
    field = ComputedField.of("seeds", distinct(BEDS, "seed"))
    column = DerivedColumn.of("long", all_of(BEDS, each("rows") > 4))
    sow = Effect("sow", "farm", {Do.YES: CommandTemplate("Sow", computed=(field,))})
    rows = [(True, Y, {sow: Do.YES}), (True, N, {}), (False, ANY, {})]
    return proc(one_outcome(moored), moored, BEDS, wants=[wanted(column, moored, rows=rows)])


class Rank(Enum):
    NONE = "none"
    MATE = "mate"
    MASTER = "master"


@case(Watch(strokes=4), sown(1, "oats", 5), sown(2, "rye", 1))
def a_rank_that_a_later_target_takes() -> Process:
    """A master is who has no rows missing, which is so before anybody says how many there should be."""
    missing = only(WATCHES, "strokes").minus(total(BEDS, "rows")).at_least(0)
    rank = stages(Rank.NONE, (count(BEDS) >= 0, Rank.MATE), (missing <= 0, Rank.MASTER))
    column = DerivedColumn.of("rank", rank)
    medal = anchor("medal", is_final=True)
    rows = [(Rank.MASTER, {medal: Do.YES}), (all_but(Rank.MASTER), {medal: Do.NO})]
    return proc(one_outcome(column), BEDS, WATCHES, wants=[wanted(column, rows=rows)])


@case(hosted(1, "reef"), hosted(2, "dune"), shelved(1, "dune", 1), Fogged())
def a_pilot_for_the_only_pair() -> Process:
    """Hosts with a book get a pilot, decided by the fog: a second book takes nothing away, and the fog comes first."""
    fogged = seen(Fogged)
    pilot = Effect(
        "pilot",
        "station",
        {Do.YES: CommandTemplate("Send", HOSTS, ("block",)), Do.NO: CommandTemplate("Call", HOSTS, ("block",))},
        final=frozenset({Do.YES}),
        decided_by=Fogged,
        initially=Do.NO,
    )
    rows = [
        (N, {pilot: every(HOSTS, Do.YES)}),
        (Y, {pilot: with_partner(HOSTS, "block", BOOKS, "mark", condition=Do.YES)}),
    ]
    return proc(one_outcome(fogged), fogged, HOSTS, BOOKS, wants=[wanted(fogged, rows=rows)])


@case(Moored(), Piloted(), Tolled())
def a_grace_that_only_a_pilot_starts() -> Process:
    """Open is a boat with a pilot; without a pilot it is settled, and its bell has rung already when he comes."""
    moored, piloted, tolled = seen(Moored), seen(Piloted), seen(Tolled)
    bell = Deadline("bell", Tolled, timedelta(hours=1))

    def rule(boat: Seen, pilot: Seen) -> Out:
        return Out.OPEN if boat is Y and pilot is Y else Out.DONE

    table = outcomes(moored, piloted, rule=rule)
    clock = wanted(moored, piloted, rows=[(Y, N, {bell: ARMED}), (Y, Y, {bell: ARMED}), (N, ANY, {})])
    return proc(table, moored, piloted, tolled, wants=[clock], unsettled=(Out.OPEN,))


@case(balloted("Ann", "cook", 3), balloted("Bo", "maid", 5), balloted("Cy", "maid", 9))
def a_court_with_two_doubts_between() -> Process:
    """The hearing is booked while the doubts are two apart, and given back only without any ballot."""
    apart = greatest(BALLOTS, "doubt").minus(least(BALLOTS, "doubt")).equals(2)
    column = DerivedColumn.of("apart", apart)
    anything = DerivedColumn.of("anything", has(BALLOTS))
    berth = anchor("hearing")
    rows = [(True, ANY, {berth: Do.YES}), (False, True, {}), (False, False, {berth: Do.NO})]
    return proc(one_outcome(column), BALLOTS, wants=[wanted(column, anything, rows=rows)])
