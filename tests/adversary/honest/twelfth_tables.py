"""Tables, races and clocks that look as if the first message decided, and don't."""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from itertools import product
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
    Wanted,
    all_but_least,
    count,
    every,
    has,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, one_outcome, proc, seen
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    GEARS,
    METERS,
    RULES,
    Elapsed,
    ElapsedAgain,
    Fogged,
    Lit,
    Manned,
    Moored,
    Ruled,
    Salvaged,
    Sounded,
    Surveyed,
    Towed,
    Wrecked,
    geared,
    metered,
    shelved,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)


class First(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


def _race(name: str, left: type, right: type) -> SubMachine[First]:
    start = {left: First.LEFT, right: First.RIGHT}
    moves = {First.NONE: start, **{one: dict.fromkeys(start, one) for one in (First.LEFT, First.RIGHT)}}
    return SubMachine(name, First.NONE, moves)


def _ruled(columns: tuple[Any, ...], rule: Callable[..., dict[Any, Any]]) -> Wanted:
    return wanted(*columns, rows=[(*cell, rule(*cell)) for cell in product(*(column.states for column in columns))])


@case(Lit(), Fogged(), Sounded())
def two_races_with_one_winner() -> Process:
    """Two machines race alike, and the table asks only whether they agree."""
    one, other, horn = _race("lamp", Lit, Fogged), _race("again", Lit, Fogged), seen(Sounded)

    def rule(first: First, second: First, sounded: Seen) -> Enum:
        if first is not second:
            return Out.FAILED
        return Out.OPEN if first is First.NONE and sounded is N else Out.DONE

    return proc(outcomes(one, other, horn, rule=rule), one, other, horn)


@case(Lit(), Fogged(), Manned())
def a_race_of_which_only_the_end_counts() -> Process:
    """Left or right, somebody came; who it was nobody asks."""
    race, keeper = _race("lamp", Lit, Fogged), seen(Manned)
    warn = Effect("warn", "coast", {Do.YES: CommandTemplate("Warn"), Do.NO: CommandTemplate("Rest")}, initially=Do.NO)

    def rule(first: First, manned: Seen) -> dict[Any, Any]:
        return {warn: Do.NO if first is First.NONE or manned is Y else Do.YES}

    return proc(one_outcome(keeper), race, keeper, wants=[_ruled((race, keeper), rule)])


@case(Lit(), Fogged(), Sounded(), Manned())
def two_races_in_opposite_directions() -> Process:
    """One race has its sides exchanged, so that both never say the same after they began."""
    one, other = _race("lamp", Lit, Fogged), _race("mirror", Fogged, Lit)
    horn, keeper = seen(Sounded), seen(Manned)

    def rule(first: First, second: First, sounded: Seen, manned: Seen) -> Enum:
        if first is second and first is not First.NONE:
            return Out.FAILED
        return Out.OTHER if sounded is Y and manned is N else Out.DONE

    return proc(outcomes(one, other, horn, keeper, rule=rule), one, other, horn, keeper)


def _numbered() -> Callable[..., Enum]:
    cells = iter(range(100))

    def rule(*_: Any) -> Enum:
        return (Out.DONE, Out.OTHER, Out.FAILED)[next(cells) % 3]

    return rule


@case(Lit(), Fogged(), Sounded())
def a_rule_that_counts_its_cells() -> Process:
    """The rule is asked once for each cell, in the order of the states, so that its count is the same each time."""
    parts = [seen(Lit), seen(Fogged), seen(Sounded)]
    return proc(outcomes(*parts, rule=_numbered()), *parts)


@case(Wrecked(), Towed(), Moored(), Salvaged())
def a_wreck_with_two_clocks() -> Process:
    """The first clock calls the tug and the second one gives up, each unless it is moored."""
    wreck, moored, rang, again = map(seen, (Wrecked, Moored, Elapsed, ElapsedAgain))
    first, second = Deadline("first", Elapsed, HOUR), Deadline("second", ElapsedAgain, 3 * HOUR)
    call = Effect("tug", "port", {Do.YES: CommandTemplate("Call"), Do.NO: CommandTemplate("Release")}, initially=Do.NO)

    def rule(lost: Seen, fast: Seen, over: Seen) -> Enum:
        if lost is N or fast is Y:
            return Out.DONE
        return Out.FAILED if over is Y else Out.OPEN

    def tug(lost: Seen, fast: Seen, over: Seen) -> dict[Any, Any]:
        return {call: Do.YES if lost is Y and fast is N and over is Y else Do.NO}

    arm = wanted(wreck, rows=[(Y, {first: ARMED, second: ARMED}), (N, {})])
    parts = (wreck, moored, rang, again, seen(Towed), seen(Salvaged))
    return proc(
        outcomes(wreck, moored, again, rule=rule),
        *parts,
        wants=[arm, _ruled((wreck, moored, rang), tug)],
        unsettled=[Out.OPEN],
    )


@case(Ruled("i", 5, 9.0), Lit(), Moored())
def a_clock_that_the_rules_may_move() -> Process:
    """How long it runs depends on what came first, and what it says does not."""
    lit, moored, rang = map(seen, (Lit, Moored, Elapsed))
    clock = Deadline("clock", Elapsed, HOUR, override=(RULES, "wait_seconds"))
    rows = [(N, ANY, ANY, Out.OTHER), (Y, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED)]
    return proc(
        outcomes(lit, moored, rang, rows=rows),
        lit,
        moored,
        rang,
        RULES,
        wants=[wanted(lit, rows=[(Y, {clock: ARMED}), (N, {})])],
        unsettled=[Out.OPEN],
    )


@case(metered(1, 1, 60), metered(2, 2, 40), metered(3, 3, 5))
def a_clock_from_a_hundred_on() -> Process:
    """From a hundred on the clock runs, which the sum reaches in each sequence."""
    rang = seen(Elapsed)
    clock = Deadline("clock", Elapsed, HOUR)
    column = DerivedColumn.of("hundred", total(METERS, "used") >= 100)
    rows = [(Y, True, Out.FAILED), (N, True, Out.OPEN), (ANY, False, Out.DONE)]
    wants = [wanted(column, rows=[(True, {clock: ARMED}), (False, {})])]
    return proc(outcomes(rang, column, rows=rows), rang, METERS, wants=wants, unsettled=[Out.OPEN])


@case(geared(1, 8), geared(2, 64), Elapsed("i"))
def a_clock_that_nobody_looks_at() -> Process:
    """The clock is set for exactly one wheel, which two at once would pass, and its message is only noted."""
    rang, one = seen(Elapsed), DerivedColumn.of("one", count(GEARS).equals(1))
    clock = Deadline("clock", Elapsed, HOUR)
    return proc(one_outcome(one), rang, GEARS, wants=[wanted(one, rows=[(True, {clock: ARMED}), (False, {})])])


@case(Fogged(), Ruled("i", 5), shelved(1, "atlas", 1), shelved(2, "pilot", 2))
def a_letter_that_waits_for_its_limit() -> Process:
    """The limit is copied once it is there, and until then nothing goes out."""
    fog = seen(Fogged)
    known = DerivedColumn.of("known", has(RULES))
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("Write", RULES, ("limit",))})
    rows = [(Y, True, {letter: Do.YES}), (Y, False, {}), (N, ANY, {})]
    return proc(one_outcome(fog), fog, RULES, BOOKS, wants=[wanted(fog, known, rows=rows)])


@case(shelved(1, "atlas", 1), shelved(2, "pilot", 2), shelved(3, "tides", 3), Fogged())
def all_books_or_all_but_one() -> Process:
    """In fog all books are taken in, and in clear air all but the least, which the fog only adds."""
    fog = seen(Fogged)
    take = Effect("take", "keeper", {Do.YES: CommandTemplate("TakeIn", BOOKS, ("title",))})
    rows = [(N, {take: all_but_least(BOOKS, by=("title", "book_id"))}), (Y, {take: every(BOOKS)})]
    return proc(one_outcome(fog), fog, BOOKS, wants=[wanted(fog, rows=rows)])


@case(Lit(), Manned(), Surveyed())
def a_keeper_within_a_coast() -> Process:
    """The smaller process knows who is there, and the larger one whether it was surveyed."""
    lit, keeper, survey = map(seen, (Lit, Manned, Surveyed))
    rows = [(Y, Y, Out.DONE), (Y, N, Out.OPEN), (N, ANY, Out.OTHER)]
    inner = proc(outcomes(lit, keeper, rows=rows, name="tower"), lit, keeper)
    whole = [(Out.DONE, Y, Out.DONE), (Out.DONE, N, Out.OPEN), (Out.OPEN, ANY, Out.OPEN), (Out.OTHER, ANY, Out.OTHER)]
    table = outcomes(inner.outcomes, survey, rows=whole)
    return proc(table, survey, children=(inner,))


@case(Ruled("i", 7), metered(1, 1, 3), metered(2, 2, 9))
def a_rest_below_zero() -> Process:
    """The limit less what was used is any number, and is notified again with each change."""
    fog = DerivedColumn.of("some", has(RULES))
    field = ComputedField.of("rest", only(RULES, "limit").minus(total(METERS, "used")))
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(field,))})
    return proc(one_outcome(fog), RULES, METERS, wants=[wanted(fog, rows=[(True, {note: Do.YES}), (False, {})])])
