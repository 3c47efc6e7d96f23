"""Effects that are decided, repeated, begun or counted, and end alike in every order."""

from datetime import timedelta

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    beyond,
    both,
    count,
    distinct,
    each,
    every,
    field_of_entry,
    has,
    latest,
    least,
    negated,
    only,
    outcomes,
    owing,
    total,
    wanted,
    with_partner,
)
from tests.adversary.kit import Commands, Do, Out, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    BOOKS,
    HOSTS,
    NOTES,
    WATCHES,
    WHEELS,
    Cast,
    Fogged,
    Lifted,
    Moored,
    N,
    Piloted,
    Tolled,
    Watch,
    Y,
    anchor,
    geared,
    hosted,
    pitched,
    shelved,
    sown,
    two_ways,
)

BELL = Deadline("bell", Tolled, timedelta(hours=4))


@case(Moored(), Cast(), pitched(1, 60), pitched(2, 40))
def a_berth_that_casting_off_decides() -> Process:
    """The berth may be freed by a low note until the boat casts off, and from then on it is reserved in any case."""
    cast = seen(Cast)
    high = DerivedColumn.of("high", both(has(NOTES), negated(least(NOTES, "pitch") < 50)))
    berth = anchor(is_final=True, decided_by=Cast)
    rows = [(ANY, Y, {berth: Do.YES}), (True, N, {berth: Do.YES}), (False, N, {berth: Do.NO})]
    moored = seen(Moored)
    return proc(one_outcome(moored), moored, cast, NOTES, wants=[wanted(high, cast, rows=rows)])


@case(Watch(strokes=3), Moored(), Piloted())
def two_letters_of_which_one_may_be_the_other() -> Process:
    """The second letter may be the same as the first, which is said on one side only."""
    moored, piloted, watched = seen(Moored), seen(Piloted), seen(Watch)
    letter: Commands = {Do.YES: CommandTemplate("Write", WATCHES, ("strokes",))}
    first = Effect("first", "post", letter)
    second = Effect("second", "post", letter, may_repeat=(first,))
    wants = [
        wanted(watched, machine, rows=[(Y, Y, {effect: Do.YES}), (Y, N, {}), (N, ANY, {})])
        for machine, effect in ((moored, first), (piloted, second))
    ]
    return proc(one_outcome(watched), moored, piloted, watched, WATCHES, wants=wants)


@case(Fogged(), Lifted(), Cast())
def a_light_that_is_on_unless_there_is_fog() -> Process:
    """The light is on at first, off in the fog, and on again when it has lifted, in whatever order that is known."""
    fogged, lifted, cast = seen(Fogged), seen(Lifted), seen(Cast)
    templates: Commands = {Do.YES: CommandTemplate("TurnOn"), Do.NO: CommandTemplate("TurnOff")}
    light = Effect("light", "keeper", templates, initially=Do.YES)
    rows = [(N, ANY, {light: Do.YES}), (Y, N, {light: Do.NO}), (Y, Y, {light: Do.YES})]
    return proc(one_outcome(cast), fogged, lifted, cast, wants=[wanted(fogged, lifted, rows=rows)])


@case(geared(1, 10), geared(2, 20), Moored(), Cast())
def wheels_that_are_oiled_and_then_cleaned() -> Process:
    """Moored, wheels are oiled; cast off, all of them are cleaned, moored or not."""
    moored, cast = seen(Moored), seen(Cast)
    templates: Commands = {
        Do.YES: CommandTemplate("Oil", WHEELS, ("teeth",)),
        Do.NO: CommandTemplate("Clean", WHEELS, ("teeth",)),
    }
    care = Effect("care", "yard", templates)
    rows = [(Y, N, {care: every(WHEELS, Do.YES)}), (ANY, Y, {care: every(WHEELS, Do.NO)}), (N, N, {})]
    return proc(one_outcome(moored), moored, cast, WHEELS, wants=[wanted(moored, cast, rows=rows)])


@case(sown(1, "oats", 6), sown(2, "rye", 2), sown(3, "rye", 9))
def a_sum_and_a_list_that_grow_together() -> Process:
    """The sum of rows and the list of seeds grow in one final command, and the largest bed has a command of its own."""
    has_one = has_any(BEDS)
    rows = ComputedField.of("rows", total(BEDS, "rows"), is_cumulative=True)
    seeds = ComputedField.of("seeds", distinct(BEDS, "seed"), is_cumulative=True)
    seed = ComputedField.of("seed", latest(BEDS, by=("rows",), field="seed"))
    note = Effect("note", "farm", {Do.YES: CommandTemplate("Note", computed=(rows, seeds))}, frozenset({Do.YES}))
    sign = Effect("sign", "farm", {Do.YES: CommandTemplate("Sign", computed=(seed,))})
    wants = [wanted_in(has_one, note, YES=Do.YES), wanted_in(has_one, sign, YES=Do.YES)]
    return proc(one_outcome(has_one), has_one, BEDS, wants=wants)


@case(Watch(strokes=5), sown(1, "oats", 6), sown(2, "rye", 3))
def an_excess_that_is_declared_to_grow() -> Process:
    """What lies beyond the strokes only grows, and the seed beside it is that of the entry."""
    excess = beyond(BEDS, "rows", target=only(WATCHES, "strokes"), by=("rows",))
    fields = (
        ComputedField.of("excess", excess, is_cumulative=True),
        ComputedField.of("seed", field_of_entry(BEDS, "seed")),
    )
    weed = Effect("weed", "farm", {Do.YES: CommandTemplate("Weed", computed=fields)}, frozenset({Do.YES}))
    has_one = has_any(BEDS)
    wants = [wanted_in(has_one, weed, YES=owing(excess, name="beyond"))]
    return proc(one_outcome(has_one), has_one, BEDS, WATCHES, wants=wants)


@case(hosted(1, "reef"), shelved(1, "reef"), hosted(2, "dune"), Moored())
def hosts_with_and_without_a_book() -> Process:
    """Hosts with a book are listed for good once the boat is there, and each is counted anew."""
    moored = seen(Moored)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", HOSTS, ("block",))}, frozenset({Do.YES}))
    rows = [(N, {}), (Y, {note: with_partner(HOSTS, "block", BOOKS, "mark")})]
    number = ComputedField.of("hosts", count(HOSTS, where=each("block").differs_from("reef")))
    sum_up = Effect("sum", "desk", {Do.YES: CommandTemplate("Sum", computed=(number,))})
    wants = [wanted(moored, rows=rows), wanted_in(moored, sum_up, YES=Do.YES)]
    return proc(one_outcome(moored), moored, HOSTS, BOOKS, wants=wants)


@case(Moored(), shelved(1, "A", 1), shelved(2, "B", 2), Cast())
def a_wait_that_only_the_boat_begins() -> Process:
    """It waits from the mooring on until there are two books, or the bell has tolled, or the boat is gone."""
    moored, cast, tolled = seen(Moored), seen(Cast), seen(Tolled)
    column = DerivedColumn.of("two", count(BOOKS) >= 2)
    table = outcomes(
        moored,
        column,
        cast,
        tolled,
        rows=[
            (ANY, ANY, Y, ANY, Out.DONE),
            (N, ANY, N, ANY, Out.OTHER),
            (Y, True, N, ANY, Out.DONE),
            (Y, False, N, N, Out.OPEN),
            (Y, False, N, Y, Out.FAILED),
        ],
    )
    clock = wanted(moored, rows=[(Y, {BELL: ARMED}), (N, {})])
    return proc(table, moored, cast, tolled, BOOKS, wants=[clock], unsettled=(Out.OPEN,))


@case(pitched(1, 60), pitched(2, 64), Moored(), Tolled())
def a_poster_that_is_printed_again_after_the_bell() -> Process:
    """The poster lists the notes, before the bell and after it."""
    moored, tolled = seen(Moored), seen(Tolled)
    field = ComputedField.of("notes", distinct(NOTES, "pitch"))
    poster = Effect("poster", "printer", {Do.YES: CommandTemplate("Print", computed=(field,))})
    clock = wanted(moored, rows=[(Y, {BELL: ARMED}), (N, {})])
    table = outcomes(moored, tolled, rows=[(ANY, Y, Out.DONE), (Y, N, Out.OTHER), (N, N, Out.OTHER)])
    rows = [(Y, ANY, {poster: Do.YES}), (N, ANY, {})]
    return proc(table, moored, tolled, NOTES, wants=[clock, wanted(moored, tolled, rows=rows)])


@case(hosted(1, "reef"), shelved(1, "dune"), shelved(2, "reef"))
def hosts_that_ask_how_many_books_there_are() -> Process:
    """Hosts and books reserve a berth each, and the number of books is written as soon as there is a host."""
    column = DerivedColumn.of("hosts", has(HOSTS))
    lone = DerivedColumn.of("books", has(BOOKS))
    wants = [two_ways(column, anchor("host")), two_ways(lone, anchor("book"))]
    number = ComputedField.of("books", count(BOOKS))
    has_host = has_any(HOSTS)
    write = Effect("write", "desk", {Do.YES: CommandTemplate("Write", computed=(number,))})
    return proc(one_outcome(has_host), has_host, HOSTS, BOOKS, wants=[*wants, wanted_in(has_host, write, YES=Do.YES)])
