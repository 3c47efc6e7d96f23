"""More pairs of versions: colours, books, warnings, stages and clocks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any

from pydantic import Field, create_model

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    bands,
    count,
    every,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import (
    Commands,
    Do,
    Out,
    Seen,
    chosen,
    has_any,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
)
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    METERS,
    RULES,
    Elapsed,
    Fogged,
    Hexed,
    Lit,
    Moored,
    Ruled,
    Towed,
    metered,
    shelved,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)


def _hexed(pattern: str) -> type:
    digits: Any = Annotated[str, Field(pattern=pattern)]
    return create_model("Hexed", id=(str, ...), hex_id=(str, ...), digits=(digits, ...))


def _colours(kind: type) -> Process:
    return shown(Register("hexes", kind, "hex_id"), compute=len)


@upgrade(Hexed("i", "h1", "a0"), Hexed("i", "h2", "abc"), is_harmful=True)
def colours_of_whole_bytes_only() -> Pair:
    """A colour with an odd number of digits that is under way can't be read."""
    return _colours(_hexed(r"^[0-9a-f]+$")), _colours(_hexed(r"^([0-9a-f]{2})+$"))


@upgrade(Hexed("i", "h1", "a0"), Hexed("i", "h2", "abc"), is_harmful=False)
def colours_in_capitals_too() -> Pair:
    """The new pattern takes all that the old one took."""
    return _colours(_hexed(r"^[0-9a-f]+$")), _colours(_hexed(r"^[0-9a-fA-F]+$"))


def _lent(choose: Callable[[Entries], frozenset[str]]) -> Process:
    return chosen(BOOKS, choose, fields=("title",))


def _on_a_shelf(held: Entries) -> frozenset[str]:
    return frozenset(key for key, one in held.items() if one["shelf"] is not None)


@upgrade(shelved(1, "atlas", 1), shelved(2, "pilot"), is_harmful=True)
def books_on_a_shelf_are_lent() -> Pair:
    """A book without a shelf was lent, and nobody asks it back."""
    return _lent(frozenset), _lent(_on_a_shelf)


@upgrade(shelved(1, "atlas", 1), shelved(2, "pilot"), is_harmful=False)
def books_without_a_shelf_are_lent_too() -> Pair:
    """All books are lent with the next message."""
    return _lent(_on_a_shelf), _lent(frozenset)


def _warned(condition: Do) -> Process:
    fog, moored = seen(Fogged), seen(Moored)
    commands: Commands = {Do.YES: CommandTemplate("Warn"), Do.NO: CommandTemplate("Rest")}
    warn = Effect("warn", "coast", commands, initially=Do.NO)
    rows = [(Y, N, {warn: Do.YES}), (Y, Y, {warn: condition}), (N, ANY, {warn: Do.NO})]
    return proc(one_outcome(fog), fog, moored, seen(Towed), wants=[wanted(fog, moored, rows=rows)])


@upgrade(Fogged(), Moored(), Towed(), is_harmful=False)
def a_warning_for_moored_ships_too() -> Pair:
    """The condition can be changed, and is with the next message."""
    return _warned(Do.NO), _warned(Do.YES)


def _two_letters(*, is_split: bool) -> Process:
    lit, fog = seen(Lit), seen(Fogged)
    one, other = (Effect(name, "post", {Do.YES: CommandTemplate(f"Send{name}")}) for name in ("lamp", "horn"))
    if is_split:
        tables = [wanted_in(lit, one, YES=Do.YES), wanted_in(fog, other, YES=Do.YES)]
    else:
        lamp, horn = {Y: {one: Do.YES}, N: {}}, {Y: {other: Do.YES}, N: {}}
        ways = [(a, b, lamp[a] | horn[b]) for a in Seen for b in Seen]
        tables = [wanted(lit, fog, rows=ways)]
    return proc(one_outcome(lit), lit, fog, seen(Towed), wants=tables)


@upgrade(Lit(), Fogged(), Towed(), is_harmful=False)
def one_table_that_becomes_two() -> Pair:
    """Each effect has a table of its own, which says what the common one said."""
    return _two_letters(is_split=False), _two_letters(is_split=True)


def _staged(outs: tuple[Enum, Enum, Enum], *limits: int) -> Process:
    steps = bands(total(METERS, "used"), outs[0], *zip(limits, outs[1:], strict=True))
    stage = DerivedColumn.of("stage", steps)
    return proc(outcomes(stage, rule=lambda one: Out.DONE if one is outs[2] else Out.OTHER), METERS, seen(Lit))


class Used(Enum):
    LITTLE = "little"
    SOME = "some"
    MUCH = "much"


@upgrade(metered(1, 1, 60), metered(2, 2, 50), Lit(), is_harmful=False)
def stages_with_other_limits_and_names() -> Pair:
    """A derived column is not stored, neither its values nor their names."""
    return _staged((Out.OPEN, Out.OTHER, Out.DONE), 50, 100), _staged((Used.LITTLE, Used.SOME, Used.MUCH), 55, 110)


def _timed(**how: Any) -> Process:
    lit, rang = seen(Lit), seen(Elapsed)
    clock = Deadline("clock", Elapsed, HOUR, **how)
    rows = [(N, ANY, Out.OTHER), (Y, N, Out.OPEN), (Y, Y, Out.FAILED)]
    arm = wanted(lit, rows=[(Y, {clock: ARMED}), (N, {})])
    return proc(outcomes(lit, rang, rows=rows), lit, rang, RULES, wants=[arm], unsettled=[Out.OPEN])


@upgrade(Lit(), Ruled("i", 5, 9.0), is_harmful=False)
def a_clock_that_the_rules_may_set_from_now_on() -> Pair:
    """A clock that runs keeps its time, and new ones ask the rules."""
    return _timed(), _timed(override=(RULES, "wait_seconds"))


@upgrade(metered(1, 1, 60), metered(2, 2, 50), is_harmful=True)
def a_letter_for_each_month_beside_one_for_all() -> Pair:
    """The letter for all has the name of the letters for each, which the old version never sent."""
    some = has_any(METERS)
    rows: Commands = {Do.YES: CommandTemplate("Write", METERS, ("used",))}
    each_one = Effect("letter", "post", rows)
    whole = Effect("letter", "post", {Do.YES: CommandTemplate("WriteAll")})
    many = DerivedColumn.of("many", count(METERS) >= 1)
    old = proc(one_outcome(some), some, METERS, wants=[wanted_in(some, each_one, YES=every(METERS))])
    new = replace(old, wanted=(wanted(many, rows=[(True, {whole: Do.YES}), (False, {})]),))
    return old, new
