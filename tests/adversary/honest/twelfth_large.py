"""Lighthouses, harbours, looms and libraries with ten to sixteen kinds of messages, which converge."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from itertools import combinations
from typing import Any

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Reducer,
    Register,
    SubMachine,
    Wanted,
    distinct,
    each,
    entries_where,
    has,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, case, proc, seen
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    BOOKS,
    CABLES,
    CELLS,
    CODES,
    DAYS,
    GEARS,
    METERS,
    PACKETS,
    POINTS,
    QUOTES,
    ROWS,
    RULES,
    VERSIONS,
    Dimmed,
    Elapsed,
    Fogged,
    Lit,
    Manned,
    Moored,
    Oiled,
    Painted,
    Ruled,
    Salvaged,
    Sounded,
    Surveyed,
    Towed,
    Wrecked,
    filled,
    geared,
    laid,
    plotted,
    quoted,
    ranked,
    sequenced,
    shelved,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)
Part = SubMachine[Any] | Register | Reducer


def switched(column: Any, name: str, *, is_final: bool = False) -> Wanted:
    """The effect is made where the column is true, and unmade where it is not."""
    commands: Commands = {Do.YES: CommandTemplate(f"Make{name}"), Do.NO: CommandTemplate(f"Unmake{name}")}
    final = frozenset({Do.YES}) if is_final else frozenset[Enum]()
    effect = Effect(name, "office", commands, final=final, initially=Do.NO)
    return wanted(column, rows=[(one, {effect: Do.YES if one in {True, Y} else Do.NO}) for one in column.states])


def noted(column: Any, name: str, *fields: ComputedField, is_final: bool = False) -> Wanted:
    """The effect says the fields as soon as the column is true, which it stays."""
    final = frozenset({Do.YES}) if is_final else frozenset[Enum]()
    effect = Effect(name, "press", {Do.YES: CommandTemplate(f"Note{name}", computed=fields)}, final=final)
    return wanted(column, rows=[(one, {effect: Do.YES} if one in {True, Y} else {}) for one in column.states])


def ranked_by(*kinds: type) -> Callable[..., Enum]:
    """The first of three messages that was seen decides by its rank, whenever it came."""
    names = (Out.FAILED, Out.DONE, Out.OPEN)

    def rule(*states: Any) -> Enum:
        return next((out for out, state in zip(names, states[: len(kinds)], strict=False) if state is Y), Out.OTHER)

    return rule


def beside(*kinds: type) -> list[SubMachine[Seen]]:
    """A machine for each, which no table asks."""
    return [seen(kind) for kind in kinds]


def ladder(*kinds: type) -> SubMachine[Any]:
    """The highest step that any message reached."""
    step = Enum("Step", {f"S{number}": f"s{number}" for number in range(len(kinds) + 1)})  # type: ignore[misc]
    members = list(step)
    moves = {
        state: {kind: members[max(place, number)] for number, kind in enumerate(kinds, 1)}
        for place, state in enumerate(members)
    }
    return SubMachine("ladder", members[0], moves)


def both_tables(parts: list[Any], rule: Callable[..., Enum], *stores: Part, wants: list[Wanted], **how: Any) -> Process:
    """A process whose outcomes the rule makes of these columns."""
    machines = [part for part in parts if isinstance(part, SubMachine)]
    return proc(outcomes(*parts, rule=rule), *machines, *stores, wants=wants, **how)


@case(Lit(), Wrecked(), geared(1, 5), geared(2, 9), Ruled("i", 12))
def a_lighthouse_of_ten_messages() -> Process:
    """The sum of the wheels is compared with a limit, and three messages outrank each other."""
    parts = [seen(Wrecked), seen(Lit), seen(Fogged)]
    heavy = DerivedColumn.of("heavy", total(GEARS, "teeth") > only(RULES, "limit"))
    return both_tables(
        parts,
        ranked_by(Wrecked, Lit, Fogged),
        GEARS,
        RULES,
        *beside(Oiled, Painted, Dimmed, Sounded, Manned),
        wants=[switched(heavy, "crane")],
    )


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"), Surveyed(), Moored())
def a_cable_net_of_eleven_messages() -> Process:
    """Who can talk with whom is printed when it was surveyed, and grows."""

    def groups(held: Entries) -> dict[str, list[str]]:
        near: dict[str, set[str]] = {}
        for one in held.values():
            joined = {one["start"], one["end"]}
            joined |= {name for end in tuple(joined) for name in near.get(end, ())}
            for name in joined:
                near[name] = joined
        return {name: sorted(near[name]) for name in sorted(near)}

    parts = [seen(Wrecked), seen(Moored), seen(Surveyed)]
    field = ComputedField("groups", (CABLES,), groups, is_cumulative=True)
    return both_tables(
        parts,
        ranked_by(Wrecked, Moored, Surveyed),
        CABLES,
        POINTS,
        *beside(Oiled, Painted, Dimmed, Sounded, Manned, Lit),
        wants=[noted(parts[2], "Groups", field, is_final=True)],
    )


@case(Towed(), Moored(), Salvaged(), quoted(1, "12.5", 4), quoted(2, "0.125", 8))
def a_salvage_of_twelve_messages() -> Process:
    """Steps outrank those below them, and the exact price is said again."""

    def price(held: Entries) -> str:
        return str(sum((Fraction(one["price"]) * one["pieces"] for one in held.values()), Fraction(0)))

    steps = ladder(Towed, Moored, Surveyed, Salvaged)
    outs = (Out.OTHER, Out.OPEN, Out.OPEN, Out.OPEN, Out.DONE)
    some = DerivedColumn.of("some", has(QUOTES))
    return both_tables(
        [steps, seen(Wrecked)],
        lambda step, lost: Out.FAILED if lost is Y else outs[int(step.value[1:])],
        QUOTES,
        RULES,
        CODES,
        *beside(Oiled, Painted, Dimmed, Sounded),
        wants=[noted(some, "Price", ComputedField("price", (QUOTES,), price))],
    )


@case(Lit(), Manned(), sequenced(1, 7), sequenced(2, 9), Fogged())
def a_tower_with_a_clock_and_thirteen_messages() -> Process:
    """The clock runs from the light on, and a supervisor beats it at any time."""
    lit, keeper, rang = seen(Lit), seen(Manned), seen(Elapsed)
    clock = Deadline("clock", Elapsed, HOUR, override=(RULES, "wait_seconds"))
    odd = DerivedColumn("odd", (PACKETS,), lambda held: sum(one["number"].bit_count() for one in held.values()) % 2 > 0)

    def rule(on: Seen, there: Seen, over: Seen) -> Enum:
        if on is N:
            return Out.OTHER
        if there is Y:
            return Out.DONE
        return Out.OPEN if over is N else Out.FAILED

    return both_tables(
        [lit, keeper, rang],
        rule,
        PACKETS,
        RULES,
        METERS,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Towed, Wrecked),
        wants=[wanted(lit, rows=[(Y, {clock: ARMED}), (N, {})]), switched(odd, "parity")],
        unsettled=[Out.OPEN],
    )


@case(shelved(1, "atlas", 3), shelved(2, "pilot", 9, "log"), Painted(), Ruled("i", 5))
def a_library_of_fourteen_messages() -> Process:
    """Books above a limit are lent for good, and the kinds are a list."""
    lend = Effect("lend", "readers", {Do.YES: CommandTemplate("Lend", BOOKS, ("title",))}, final=frozenset({Do.YES}))
    ruled = DerivedColumn.of("ruled", has(RULES))
    high = entries_where(BOOKS, each("shelf") >= only(RULES, "limit"))
    parts = [seen(Wrecked), seen(Painted), seen(Surveyed)]
    return both_tables(
        parts,
        ranked_by(Wrecked, Painted, Surveyed),
        BOOKS,
        RULES,
        CODES,
        *beside(Oiled, Dimmed, Sounded, Fogged, Towed, Moored, Lit, Manned),
        wants=[
            wanted(ruled, rows=[(True, {lend: high}), (False, {})]),
            noted(parts[1], "Kinds", ComputedField.of("kinds", distinct(BOOKS, "kind"), is_cumulative=True)),
        ],
    )


@case(ranked(1, "elm", "oak"), ranked(2, "oak"), ranked(3, "fir", "elm"), Oiled())
def an_election_of_fifteen_messages() -> Process:
    """Who is beaten by nobody is said again with each ballot."""

    def leaders(held: Entries) -> list[str]:
        wins: Counter[tuple[str, str]] = Counter()
        for one in held.values():
            wins.update(combinations(dict.fromkeys(one["choices"]), 2))
        trees = ("ash", "elm", "fir", "oak")
        return [one for one in trees if all(wins[one, other] >= wins[other, one] for other in trees)]

    parts = [seen(Wrecked), seen(Oiled), seen(Lit)]
    return both_tables(
        parts,
        ranked_by(Wrecked, Oiled, Lit),
        BALLOTS,
        DAYS,
        CODES,
        *beside(Painted, Dimmed, Sounded, Fogged, Towed, Moored, Manned, Surveyed, Salvaged),
        wants=[noted(parts[1], "Leaders", ComputedField("leaders", (BALLOTS,), leaders))],
    )


@case(filled(1, 0, 0, 1), filled(2, 0, 1, 1), plotted(1, 1, 1), plotted(2, -1, 3), Sounded(), Dimmed())
def a_board_of_sixteen_messages() -> Process:
    """Spoiled for good by a digit that is twice in a row, in a table with a column of its own."""

    def is_spoiled(held: Entries) -> bool:
        rows = Counter((one["row"], one["digit"], one["column"]) for one in held.values())
        return len({(row, digit) for row, digit, _ in rows}) < len(rows)

    spoiled = DerivedColumn("spoiled", (CELLS,), is_spoiled)
    wide = DerivedColumn("wide", (POINTS,), lambda held: len({one["x"] for one in held.values()}) > 1)
    sounded = seen(Sounded)

    def rule(bad: bool, far: bool, horn: Seen) -> Enum:
        if bad:
            return Out.FAILED
        return Out.OPEN if far and horn is N else Out.DONE

    return both_tables(
        [spoiled, wide, sounded],
        rule,
        CELLS,
        POINTS,
        ROWS,
        *beside(*(Oiled, Painted, Dimmed, Fogged, Towed, Moored, Manned, Surveyed, Salvaged, Lit, Wrecked)),
        VERSIONS,
        wants=[switched(spoiled, "bin", is_final=True), switched(wide, "fence")],
    )
