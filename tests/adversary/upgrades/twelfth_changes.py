"""Pairs of versions of lighthouses, looms and lockers, about half of which do harm to live instances."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import sha256
from typing import Any

from saga import (
    Entries,
    Fact,
    Process,
    Reducer,
    SubMachine,
    outcomes,
)
from tests.adversary.kit import (
    Moves,
    Out,
    Seen,
    chosen,
    proc,
    seen,
    shown,
    upgrade,
)
from tests.adversary.planted.twelfth_messages import (
    POINTS,
    Coded,
    Fogged,
    Geared,
    Knitted,
    Known,
    Lit,
    Manned,
    One,
    Quoted,
    Salvaged,
    Sequenced,
    Surveyed,
    Typed,
    coded,
    geared,
    knitted,
    plotted,
    quoted,
    sequenced,
    typed,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)


def _folds(name: str, kind: type, start: Any, *folds: Callable[[Any, Fact], Any], **how: Any) -> Pair:
    old, new = (shown(Reducer(name, (kind,), start, fold), **how) for fold in folds)
    return old, new


def _bits(base: int) -> Callable[[str, Fact], str]:
    def fold(known: str, fact: Fact) -> str:
        value = int(known, base) | 1 << fact.fields["number"]
        return f"{value:x}" if base == 16 else str(value)

    return fold


@upgrade(sequenced(1, 4), sequenced(2, 9), is_harmful=True)
def bits_in_tens() -> Pair:
    """The stored text has sixteen digits, and the new fold reads it as a number of ten."""
    return _folds("bits", Sequenced, "0", _bits(16), _bits(10))


def _bracelet(best: Callable[..., list[int]]) -> Callable[[list[Any], Fact], list[Any]]:
    def fold(known: list[Any], fact: Fact) -> list[Any]:
        row = list(fact.fields["stitches"])
        least = best([row[place:] + row[:place] for place in range(len(row))] or [row])
        return known if least in known else sorted([*known, least])

    return fold


@upgrade(knitted(1, 1, 2, 3), knitted(2, 2, 3, 1), is_harmful=True)
def bracelets_from_their_greatest_bead() -> Pair:
    """A stored bracelet begins with its least bead, and is another one for the new fold."""
    return _folds("bracelets", Knitted, [], _bracelet(min), _bracelet(max), compute=len)


@upgrade(knitted(1, 1, 2, 3), knitted(2, 2, 3, 1), is_harmful=False)
def bracelets_by_another_way_to_turn_them() -> Pair:
    """The same beads are found by doubling the row."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        row = list(fact.fields["stitches"])
        twice = row * 2
        least = min((twice[place : place + len(row)] for place in range(len(row))), default=[])
        return sorted([*(one for one in known if one != least), least])

    return _folds("bracelets", Knitted, [], _bracelet(min), fold)


def _falling(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, fact.fields["teeth"]}, reverse=True)


def _put_in(known: list[int], fact: Fact) -> list[int]:
    teeth = fact.fields["teeth"]
    place = next((place for place, one in enumerate(known) if one >= teeth), len(known))
    return known if teeth in known else [*known[:place], teeth, *known[place:]]


@upgrade(geared(1, 9), geared(2, 5), geared(3, 7), is_harmful=True)
def wheels_put_in_where_they_belong() -> Pair:
    """The stored list falls, and the new fold looks for a place in a list that rises."""
    return _folds("wheels", Geared, [], _falling, _put_in)


@upgrade(geared(1, 9), geared(2, 5), geared(3, 7), is_harmful=False)
def wheels_sorted_the_other_way_round() -> Pair:
    """The new fold sorts all of them, whatever was stored, and an order is not what the letter says."""
    return _folds(
        "wheels",
        Geared,
        [],
        _falling,
        lambda known, fact: known if fact.fields["teeth"] in known else sorted([*known, fact.fields["teeth"]]),
        compute=sum,
    )


def _locked(salt: str) -> Callable[[Known, Fact], Known]:
    def fold(known: Known, fact: Fact) -> Known:
        code = fact.fields["code"]
        locker = sha256(f"{salt}{code}".encode()).hexdigest()[0]
        return {**known, locker: sorted({*known.get(locker, []), code})}

    return fold


@upgrade(coded(1, "ab"), coded(2, "x"), coded(3, "ab"), is_harmful=True)
def lockers_with_other_lots() -> Pair:
    """A code that comes again gets a second locker."""
    return _folds("lockers", Coded, {}, _locked("a"), _locked("b"))


def _pieces(width: int) -> Callable[[list[Any], Fact], list[Any]]:
    def fold(known: list[Any], fact: Fact) -> list[Any]:
        text = fact.fields["text"]
        piece = [fact.fields["place"], fact.fields["edit_id"], text, len(text)][:width]
        return known if piece in known else sorted([*known, piece])

    return fold


@upgrade(typed(1, 0, "fog "), typed(2, 4, "horn"), is_harmful=True)
def pieces_with_their_length() -> Pair:
    """A stored piece lacks its length, and is not known again."""
    return _folds("text", Typed, [], _pieces(3), _pieces(4), compute=lambda known: "".join(one[2] for one in known))


def _counted(known: Known, fact: Fact) -> Known:
    return {**known, "codes": sorted({*known["codes"], fact.fields["code"]})}


def _counted_and_longest(known: Known, fact: Fact) -> Known:
    code = fact.fields["code"]
    longest = max(known["longest"], len(code))
    return {**known, "codes": sorted({*known["codes"], code}), "longest": longest}


@upgrade(coded(1, "ab"), coded(2, "x"), is_harmful=True)
def a_longest_code_that_was_not_kept() -> Pair:
    """The stored mapping has no longest code, although the start has one."""
    old = shown(Reducer("codes", (Coded,), {"codes": []}, _counted), compute=lambda known: known["codes"])
    new = Reducer("codes", (Coded,), {"codes": [], "longest": 0}, _counted_and_longest)
    return old, shown(new, compute=lambda known: known["codes"])


@upgrade(coded(1, "ab"), coded(2, "x"), is_harmful=False)
def a_longest_code_of_those_that_were_kept() -> Pair:
    """The longest code is worked out of what is stored."""
    codes = Reducer("codes", (Coded,), {"codes": []}, _counted)
    new = shown(codes, compute=lambda known: [len(known["codes"]), max(map(len, known["codes"]), default=0)])
    return shown(codes, compute=lambda known: known["codes"]), new


def _rest_by(number: int) -> Callable[[Known, Fact], Known]:
    def fold(known: Known, fact: Fact) -> Known:
        if fact.fields["gear_id"] in known["done"]:
            return known
        done = sorted([*known["done"], fact.fields["gear_id"]])
        return {"done": done, "value": known["value"] * fact.fields["teeth"] % number}

    return fold


@upgrade(geared(1, 50), geared(2, 60), geared(3, 7), is_harmful=True)
def a_product_by_another_prime() -> Pair:
    """What was cut by one number is cut by another one."""
    start = {"done": [], "value": 1}
    return _folds("rest", Geared, start, _rest_by(97), _rest_by(89), compute=lambda known: known["value"])


def _zeros(buckets: int) -> Callable[[list[int], Fact], list[int]]:
    def fold(known: list[int], fact: Fact) -> list[int]:
        number = int(sha256(fact.fields["code"].encode()).hexdigest()[:6], 16)
        new = [0] * buckets
        new[number % buckets] = 25 - number.bit_length()
        return [max(pair) for pair in zip(known, new, strict=True)]

    return fold


@upgrade(coded(1, "ab"), coded(2, "x"), is_harmful=True)
def a_guess_with_more_buckets() -> Pair:
    """Four buckets are stored, and eight are compared with them."""
    old, new = (shown(Reducer("zeros", (Coded,), [0] * many, _zeros(many)), compute=sum) for many in (4, 8))
    return old, new


def _worth(read: Callable[[str], Any]) -> Callable[[str, Fact], str]:
    return lambda known, fact: str(max(read(known), read(fact.fields["price"])))


@upgrade(quoted(1, "0.5"), quoted(2, "0.25"), is_harmful=False)
def prices_read_as_fractions() -> Pair:
    """A stored decimal is compared as a fraction, and stays written as it was."""
    return _folds(
        "worth",
        Quoted,
        "0",
        _worth(Decimal),
        lambda known, fact: max(known, fact.fields["price"], key=Fraction),
        compute=lambda known: int(Fraction(known) * 1000),
    )


@upgrade(quoted(1, "0.5"), quoted(2, "0.25"), is_harmful=True)
def prices_written_as_fractions_and_read_as_floats() -> Pair:
    """A stored fraction has a stroke, which no float has."""
    return _folds("worth", Quoted, "0", _worth(Fraction), _worth(float), compute=lambda known: len(known) > 9)


def _behind(*, is_wide: bool) -> Process:
    def behind(held: Entries) -> frozenset[str]:
        def is_behind(one: One) -> bool:
            return any(other["x"] > one["x"] and (is_wide or other["y"] > one["y"]) for other in held.values())

        return frozenset(key for key, one in held.items() if is_behind(one))

    return chosen(POINTS, behind, is_final=True)


@upgrade(plotted(1, 1, 5), plotted(2, 2, 1), plotted(3, 0, 9), is_harmful=True)
def points_behind_in_both_ways() -> Pair:
    """A point that is behind one way only was noted for good."""
    return _behind(is_wide=True), _behind(is_wide=False)


@upgrade(plotted(1, 1, 5), plotted(2, 2, 1), plotted(3, 0, 9), is_harmful=False)
def points_behind_in_one_way() -> Pair:
    """More points are noted, and none fewer."""
    return _behind(is_wide=False), _behind(is_wide=True)


def _ladder(*kinds: type) -> Process:
    step = Enum("Step", {f"S{number}": f"s{number}" for number in range(len(kinds) + 1)})  # type: ignore[misc]
    members: list[Any] = list(step)
    moves = {
        state: {kind: members[max(place, number)] for number, kind in enumerate(kinds, 1)}
        for place, state in enumerate(members)
    }
    ladder = SubMachine("ladder", members[0], moves)
    rows = [(one, Out.DONE if one is members[-1] else Out.OPEN) for one in members]
    return proc(outcomes(ladder, rows=rows), ladder, seen(Surveyed))


@upgrade(Lit(), Manned(), Surveyed(), is_harmful=True)
def a_ladder_with_a_step_in_the_middle() -> Pair:
    """The steps are numbered, and the last one of the old ladder is the middle one of the new."""
    return _ladder(Lit, Manned), _ladder(Lit, Fogged, Manned)


class Wide(Enum):
    NO = "no"
    YES = "yes"
    LATER = "later"


@upgrade(Lit(), Manned(), Surveyed(), is_harmful=False)
def a_lamp_with_a_state_for_a_new_message() -> Pair:
    """A message that was not consumed before leads to a further state, which is above the others."""
    old = SubMachine("lit", N, {state: {Lit: Y} for state in Seen})
    moves: Moves = {state: {Lit: max(state, Wide.YES, key=list(Wide).index), Salvaged: Wide.LATER} for state in Wide}
    new = SubMachine("lit", Wide.NO, moves)

    def of(machine: Any) -> Process:
        rows = [(state, Out.OPEN if state.value == "no" else Out.DONE) for state in machine.states]
        return proc(outcomes(machine, rows=rows), machine, seen(Surveyed), seen(Manned))

    return of(old), of(new)
