"""Effects that are decided, repeated, begun or counted in a way that some order shows."""

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
    entries_where,
    every,
    field_of_entry,
    greatest,
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
    without_partner,
)
from tests.adversary.kit import Commands, Do, Out, by, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    BOOKS,
    HOSTS,
    NOTES,
    WATCHES,
    WHEELS,
    Cast,
    Fogged,
    Insured,
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


@case(Moored(), pitched(1, 60), pitched(2, 40))
def a_berth_that_the_bell_decides() -> Process:
    """Once the bell has tolled the berth can't be freed any more, and a low note frees it even then."""
    moored, tolled = seen(Moored), seen(Tolled)
    high = DerivedColumn.of("high", both(has(NOTES), negated(least(NOTES, "pitch") < 50)))
    berth = anchor(is_final=True, decided_by=Tolled)
    wants = [wanted(moored, rows=[(Y, {BELL: ARMED}), (N, {})]), two_ways(high, berth)]
    return proc(one_outcome(moored), moored, tolled, NOTES, wants=wants)


@case(Watch(strokes=3), Moored(), Piloted(), Insured())
def three_letters_of_which_two_may_be_the_same() -> Process:
    """The second letter may be the same as the first, and nobody said so of the third."""
    moored, piloted, insured, watched = seen(Moored), seen(Piloted), seen(Insured), seen(Watch)
    letter: Commands = {Do.YES: CommandTemplate("Write", WATCHES, ("strokes",))}
    first = Effect("first", "post", letter)
    second = Effect("second", "post", letter, may_repeat=(first,))
    third = Effect("third", "post", letter, may_repeat=(first,))
    wants = [
        wanted(watched, machine, rows=[(Y, Y, {effect: Do.YES}), (Y, N, {}), (N, ANY, {})])
        for machine, effect in ((moored, first), (piloted, second), (insured, third))
    ]
    return proc(one_outcome(watched), moored, piloted, insured, watched, WATCHES, wants=wants)


@case(Fogged(), Lifted(), Cast())
def a_light_that_was_on_from_the_beginning() -> Process:
    """The light is on at first; fog alone turns it off, and after that nobody says anything of it."""
    fogged, lifted = seen(Fogged), seen(Lifted)
    templates: Commands = {Do.YES: CommandTemplate("TurnOn"), Do.NO: CommandTemplate("TurnOff")}
    light = Effect("light", "keeper", templates, initially=Do.YES)
    rows = [(N, N, {light: Do.YES}), (Y, N, {light: Do.NO}), (N, Y, {light: Do.YES}), (Y, Y, {})]
    cast = seen(Cast)
    return proc(one_outcome(cast), fogged, lifted, cast, wants=[wanted(fogged, lifted, rows=rows)])


@case(geared(1, 10), geared(2, 20), Moored(), Cast())
def wheels_that_are_oiled_or_cleaned() -> Process:
    """Moored, wheels are oiled; cast off, they are cleaned; and after both nothing is said of those that come later."""
    moored, cast = seen(Moored), seen(Cast)
    templates: Commands = {
        Do.YES: CommandTemplate("Oil", WHEELS, ("teeth",)),
        Do.NO: CommandTemplate("Clean", WHEELS, ("teeth",)),
    }
    care = Effect("care", "yard", templates)
    rows = [
        (Y, N, {care: every(WHEELS, Do.YES)}),
        (N, Y, {care: every(WHEELS, Do.NO)}),
        (Y, Y, {}),
        (N, N, {}),
    ]
    return proc(one_outcome(moored), moored, cast, WHEELS, wants=[wanted(moored, cast, rows=rows)])


@case(sown(1, "oats", 6), sown(2, "rye", 2), sown(3, "rye", 9))
def a_sum_that_grows_beside_a_name_that_does_not() -> Process:
    """The sum of rows may grow in a final command, and the seed of the largest bed beside it becomes another one."""
    has_one = has_any(BEDS)
    rows = ComputedField.of("rows", total(BEDS, "rows"), is_cumulative=True)
    seed = ComputedField.of("seed", latest(BEDS, by=("rows",), field="seed"))
    note = Effect("note", "farm", {Do.YES: CommandTemplate("Note", computed=(rows, seed))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, BEDS, wants=[wanted_in(has_one, note, YES=Do.YES)])


@case(Watch(strokes=5), sown(1, "oats", 6), sown(2, "rye", 3))
def an_excess_that_nobody_declared_to_grow() -> Process:
    """What lies beyond the strokes grows, and a final command has it as a field that must not change."""
    excess = beyond(BEDS, "rows", target=only(WATCHES, "strokes"), by=("rows",))
    fields = (ComputedField.of("excess", excess), ComputedField.of("seed", field_of_entry(BEDS, "seed")))
    weed = Effect("weed", "farm", {Do.YES: CommandTemplate("Weed", computed=fields)}, frozenset({Do.YES}))
    has_one = has_any(BEDS)
    wants = [wanted_in(has_one, weed, YES=owing(excess, name="beyond"))]
    return proc(one_outcome(has_one), has_one, BEDS, WATCHES, wants=wants)


@case(hosted(1, "reef"), shelved(1, "reef"), Moored())
def hosts_that_are_moved_between_two_lists() -> Process:
    """Hosts without a book are noted while the boat is away, those with one afterwards: the first ones stay noted."""
    moored = seen(Moored)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", HOSTS, ("block",))})
    rows = [
        (N, {note: without_partner(HOSTS, "block", BOOKS, "mark")}),
        (Y, {note: entries_where(HOSTS, each("block").equals("dune"))}),
    ]
    return proc(one_outcome(moored), moored, HOSTS, BOOKS, wants=[wanted(moored, rows=rows)])


@case(Moored(), shelved(1, "A", 1), shelved(2, "B", 2), Cast())
def a_wait_that_one_book_ends_and_two_begin_again() -> Process:
    """With one book it is settled, and with two it waits again, for a bell that may have rung already."""
    moored, cast, tolled = seen(Moored), seen(Cast), seen(Tolled)
    column = DerivedColumn.of("two", count(BOOKS) >= 2)
    inner = outcomes(
        moored,
        column,
        cast,
        rows=[(ANY, ANY, Y, Out.DONE), (N, ANY, N, Out.OTHER), (Y, False, N, Out.FAILED), (Y, True, N, Out.OPEN)],
    )
    clock = wanted(moored, column, rows=[(Y, False, {BELL: ARMED}), (Y, True, {}), (N, ANY, {})])
    return proc(inner, moored, cast, tolled, BOOKS, wants=[clock], unsettled=(Out.OPEN,))


@case(pitched(1, 60), pitched(2, 64), Moored(), Tolled())
def a_poster_with_the_notes_of_the_hour() -> Process:
    """The poster lists the notes until the bell has tolled, and stays as it was then."""
    moored, tolled = seen(Moored), seen(Tolled)
    field = ComputedField.of("notes", distinct(NOTES, "pitch"))
    poster = Effect("poster", "printer", {Do.YES: CommandTemplate("Print", computed=(field,))})
    clock = wanted(moored, rows=[(Y, {BELL: ARMED}), (N, {})])
    rows = [(Y, N, {poster: Do.YES}), (Y, Y, {}), (N, ANY, {})]
    table = by(tolled, YES=Out.DONE, NO=Out.OTHER)
    return proc(table, moored, tolled, NOTES, wants=[clock, wanted(moored, tolled, rows=rows)])


@case(hosted(1, "reef"), shelved(1, "reef", 7), shelved(2, "reef", 9), Moored())
def a_partner_that_is_high_enough_at_first() -> Process:
    """Hosts with a book are opened for good while the highest shelf is odd, and left as they are otherwise."""
    column = DerivedColumn.of("low", greatest(BOOKS, "shelf").is_one_of(1, 3, 5, 7))
    has_host = has_any(HOSTS)
    open_it = Effect("open", "desk", {Do.YES: CommandTemplate("Open", HOSTS, ("block",))}, frozenset({Do.YES}))
    rows = [
        (Y, True, {open_it: with_partner(HOSTS, "block", BOOKS, "mark")}),
        (Y, False, {}),
        (N, ANY, {}),
    ]
    moored = seen(Moored)
    return proc(one_outcome(moored), moored, has_host, HOSTS, BOOKS, wants=[wanted(has_host, column, rows=rows)])
