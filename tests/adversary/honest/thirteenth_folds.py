"""Reducers that look as if the order mattered, from algebra and from choirs, and that come to one answer."""

from fractions import Fraction
from functools import reduce
from ipaddress import IPv4Network, collapse_addresses
from math import fsum, gcd, lcm
from typing import Any

from saga import DerivedColumn, Fact, Process, Reducer
from tests.adversary.kit import case, judged, proc, shown, yes_no
from tests.adversary.planted.thirteenth_messages import (
    Balloted,
    Charted,
    Cloned,
    Flowed,
    Gauged,
    Geared,
    Hosted,
    Known,
    Masked,
    Patched,
    Phrased,
    Pitched,
    Poured,
    Shelved,
    Sown,
    Woven,
    balloted,
    charted,
    cloned,
    flowed,
    gauged,
    geared,
    hosted,
    masked,
    patched,
    phrased,
    pitched,
    poured,
    shelved,
    sown,
    woven,
)


def _second_voice(known: list[int], fact: Fact) -> list[int]:
    """The highest note, and the highest of those that are no octave of it."""
    first, second = known
    pitch = fact.fields["pitch"]
    if pitch > first:
        return [pitch, second if first % 12 == pitch % 12 else first]
    return [first, pitch] if second < pitch and pitch % 12 != first % 12 else known


@case(pitched(1, 60), pitched(2, 72), pitched(3, 84), pitched(4, 62))
def the_second_voice_is_no_octave() -> Process:
    """What the highest note throws out is higher than all others that are no octave of it."""
    return shown(Reducer("voices", (Pitched,), [-1, -1], _second_voice))


def _concurrent(known: list[Known], fact: Fact) -> list[Known]:
    """All writes of which no other one knew."""
    writes = [*known, {"value": fact.fields["value"], "clock": fact.fields["clock"]}]

    def is_before(one: Known, other: Known) -> bool:
        mine, theirs = one["clock"], other["clock"]
        return mine != theirs and all(count <= theirs.get(node, 0) for node, count in mine.items())

    kept = [one for one in writes if not any(is_before(one, other) for other in writes)]
    unique = {(one["value"], *sorted(one["clock"].items())): one for one in kept}
    return [{**unique[key], "clock": dict(sorted(unique[key]["clock"].items()))} for key in sorted(unique)]


@case(cloned(1, "red", a=1), cloned(2, "blue", b=1), cloned(3, "green", a=1, b=1))
def writes_that_stand_side_by_side() -> Process:
    """Writes that know nothing of each other are all kept, until one comes that knew of them."""
    return shown(Reducer("replica", (Cloned,), [], _concurrent))


def _settings(known: Known, fact: Fact) -> Known:
    """A setting that was removed is kept as nothing, with its revision."""
    settings = dict(known)
    for name, value in fact.fields["settings"].items():
        new = [fact.fields["revision"], value is None, value or 0]
        if settings.get(name, [-1, False, 0]) < new:
            settings[name] = new
    return dict(sorted(settings.items()))


def _valid(known: Known) -> Known:
    return {name: value for name, (_, is_gone, value) in known.items() if not is_gone}


@case(patched(1, 1, sails=4), patched(2, 2, sails=None), patched(3, 2, sails=7))
def a_setting_that_was_removed_and_is_remembered() -> Process:
    """What is removed keeps its revision, and wins against a value of the same one."""
    return shown(Reducer("settings", (Patched,), {}, _settings), compute=_valid)


def _differences(known: Known, fact: Fact) -> Known:
    """The first wheel, and what divides the differences of all others to it."""
    teeth = fact.fields["teeth"]
    if not known:
        return {"first": teeth, "step": 0}
    return {**known, "step": gcd(known["step"], teeth - known["first"])}


@case(geared(1, 12), geared(2, 30), geared(3, 21))
def a_step_that_divides_all_differences() -> Process:
    """The differences are those to whoever came first, and what divides them all is the same for each of them."""
    wheels = Reducer("wheels", (Geared,), {}, _differences)
    return shown(wheels, compute=lambda known: known.get("step", 0))


def _turns(known: int, fact: Fact) -> int:
    """After so many turns all wheels stand as at first; a thousand is for ever."""
    return min(1000, lcm(known, fact.fields["teeth"]))


@case(geared(1, 28), geared(2, 30), geared(3, 45))
def turns_until_all_wheels_meet() -> Process:
    """The least common multiple is cut at each step, and never gets less."""
    return shown(Reducer("turns", (Geared,), 1, _turns))


def _woven(known: list[int], fact: Fact) -> list[int]:
    bits = reduce(lambda rest, one: min(rest, rest ^ one), sorted(known, reverse=True), fact.fields["bits"])
    return sorted([*known, bits]) if bits else known


@case(woven(1, 6), woven(2, 5), woven(3, 3))
def how_many_patterns_are_of_their_own() -> Process:
    """Which patterns are kept depends on the order, and how many does not."""
    return shown(Reducer("patterns", (Woven,), [], _woven), compute=len)


def _is_woven_of(known: list[int]) -> bool:
    return reduce(lambda rest, one: min(rest, rest ^ one), sorted(known, reverse=True), 7) == 0


@case(woven(1, 6), woven(2, 1), woven(3, 3))
def a_pattern_that_can_be_woven_of_the_others() -> Process:
    """Whatever base is kept, it spans the same."""
    return judged(Reducer("patterns", (Woven,), [], _woven), judge=_is_woven_of)


def _partials(known: Known, fact: Fact) -> Known:
    """The exact sum, as floats that do not overlap."""
    if fact.fields["flow_id"] in known["seen"]:
        return known
    partials, rest = [], fact.fields["litres"]
    for one in known["partials"]:
        large, small = (rest, one) if abs(rest) >= abs(one) else (one, rest)
        rest = large + small
        if lost := small - (rest - large):
            partials.append(lost)
    return {"seen": sorted([*known["seen"], fact.fields["flow_id"]]), "partials": [*partials, rest]}


@case(flowed(1, 1e16), flowed(2, 1.0), flowed(3, 1.0), flowed(4, 0.1))
def litres_whose_rest_is_not_lost() -> Process:
    """Floats are added with all that rounding loses, and rounded once when somebody asks."""
    flows = Reducer("flows", (Flowed,), {"seen": [], "partials": []}, _partials)
    return shown(flows, compute=lambda known: fsum(known["partials"]))


def _sandpile(known: Known, fact: Fact) -> Known:
    """A bed with two seedlings passes one to each side, until none has two."""
    if fact.fields["bed_id"] in known["seen"]:
        return known
    beds = list(known["beds"])
    beds[fact.fields["rows"] % len(beds)] += 1
    while (full := next((place for place, seedlings in enumerate(beds) if seedlings >= 2), None)) is not None:
        beds[full] -= 2
        if full > 0:
            beds[full - 1] += 1
        if full < len(beds) - 1:
            beds[full + 1] += 1
    return {"seen": sorted([*known["seen"], fact.fields["bed_id"]]), "beds": beds}


@case(sown(1, "oats", 2), sown(2, "oats", 2), sown(3, "rye", 1), sown(4, "rye", 3))
def seedlings_that_are_passed_to_both_sides() -> Process:
    """Where too many stand they are passed on, and it does not matter who is passed on first."""
    return shown(
        Reducer("beds", (Sown,), {"seen": [], "beds": [0] * 5}, _sandpile), compute=lambda known: known["beds"]
    )


def _cascade(known: Known, fact: Fact) -> Known:
    """Five basins in a row; what one can't hold runs into the next."""
    if fact.fields["gauge_id"] in known["seen"]:
        return known
    return {
        "seen": sorted([*known["seen"], fact.fields["gauge_id"]]),
        "basins": _poured(known["basins"], abs(fact.fields["level"]), fact.fields["minute"] % 5),
    }


def _poured(basins: list[int], water: int, place: int) -> list[int]:
    filled = list(basins)
    for basin in range(place, len(filled)):
        filled[basin], water = min(100, filled[basin] + water), max(0, filled[basin] + water - 100)
    return filled


@case(gauged(1, 150, 0), gauged(2, 80, 1), gauged(3, 90, 0))
def basins_that_run_over_into_the_next() -> Process:
    """Each basin holds a hundred and passes on the rest, all of it, in one direction."""
    basins = Reducer("basins", (Gauged,), {"seen": [], "basins": [0] * 5}, _cascade)
    return shown(basins, compute=lambda known: known["basins"])


def _collapsed(known: list[str], fact: Fact) -> list[str]:
    try:
        block = IPv4Network(fact.fields["block"])
    except ValueError:
        return known
    return [str(one) for one in collapse_addresses([*map(IPv4Network, known), block])]


@case(hosted(1, "10.0.0.0/25"), hosted(2, "10.0.0.128/25"), hosted(3, "10.0.0.7/32"), hosted(4, "10.0.1.0/24"))
def neighbouring_blocks_that_become_one() -> Process:
    """Neighbours and what lies in another one are made one block, and that one of its neighbours again."""
    return shown(Reducer("blocks", (Hosted,), [], _collapsed))


def _joined(known: str, fact: Fact) -> str:
    return ", ".join(sorted({*known.split(", "), *fact.fields["text"].split(", ")} - {""}))


@case(phrased(1, "b, a"), phrased(2, "a"), phrased(3, "c,"), phrased(4, " d"))
def lines_in_one_text() -> Process:
    """All lines are kept in one text and taken apart again, also those with a comma of their own."""

    def parts(known: str) -> list[str]:
        return sorted(set(known.split(", ")))

    return shown(Reducer("lines", (Phrased,), "", _joined), compute=parts)


def _prefix(known: str | None, fact: Fact) -> str | None:
    mark = fact.fields["mark"]
    if known is None:
        return str(mark)
    length = next((place for place, (one, other) in enumerate(zip(known, mark, strict=False)) if one != other), None)
    return known[: min(len(known), len(mark)) if length is None else length]


@case(shelved(1, "QA76.9"), shelved(2, "QA7"), shelved(3, "QA76.73"))
def the_beginning_of_all_shelf_marks() -> Process:
    """What all marks begin with, where nothing at all is not the empty text."""
    return shown(Reducer("prefix", (Shelved,), None, _prefix))


def _rights(known: dict[str, int], fact: Fact) -> dict[str, int]:
    way = fact.fields["way"]
    return {**known, way: known[way] | fact.fields["mask"]}


@case(masked(1, 6), masked(2, 12, "remove"), masked(3, 4))
def rights_that_are_removed_for_ever() -> Process:
    """What was removed once is never given again, so both sides are kept."""
    masks = Reducer("rights", (Masked,), {"add": 0, "remove": 0}, _rights)
    return shown(masks, compute=lambda known: known["add"] & ~known["remove"])


def _product(known: Known, fact: Fact) -> Known:
    """Cups of cups: multiplied and reduced to the lowest terms."""
    if fact.fields["cup_id"] in known["seen"]:
        return known
    product = Fraction(known["product"]) * Fraction(fact.fields["over"], fact.fields["under"])
    return {"seen": sorted([*known["seen"], fact.fields["cup_id"]]), "product": str(product)}


@case(poured(1, 2, 3), poured(2, 9, 4), poured(3, 5, 6))
def a_recipe_that_is_scaled_three_times() -> Process:
    """Factors are multiplied exactly, and the text is always in lowest terms."""
    return shown(
        Reducer("scale", (Poured,), {"seen": [], "product": "1"}, _product), compute=lambda one: one["product"]
    )


def _hull(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """The corners of the smallest convex figure around all stars."""
    points = sorted({(one[0], one[1]) for one in [*known, (fact.fields["x"], fact.fields["y"])]})

    def chain(walk: list[tuple[int, int]]) -> list[tuple[int, int]]:
        corners: list[tuple[int, int]] = []
        for x, y in walk:
            while len(corners) >= 2:
                (ax, ay), (bx, by) = corners[-2:]
                if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                    break
                corners.pop()
            corners.append((x, y))
        return corners

    return [list(point) for point in sorted({*chain(points), *chain(points[::-1])})]


@case(charted(1, 0, 0), charted(2, 4, 0), charted(3, 0, 4), charted(4, 1, 1), charted(5, 2, 2))
def the_corners_of_a_constellation() -> Process:
    """A star inside is dropped, and so is one on an edge, whenever it comes."""
    return shown(Reducer("corners", (Charted,), [], _hull))


def _doubts(known: Known, fact: Fact) -> Known:
    """The three jurors with the least doubt, with their names to break ties."""
    juror, doubt = fact.fields["juror"], fact.fields["doubt"]
    new = 10**6 if doubt is None else doubt
    jurors = {**known, juror: min(new, known.get(juror, new))}
    least = sorted(jurors, key=lambda name: (jurors[name], name))[:3]
    return {name: jurors[name] for name in sorted(least)}


@case(balloted("Ann", "cook", 3), balloted("Bo", "cook", 3), balloted("Cy", "cook"), balloted("Di", "cook", 0))
def three_jurors_without_a_doubt() -> Process:
    """Only three are kept, and who falls out never comes back."""
    return shown(Reducer("jurors", (Balloted,), {}, _doubts), compute=list)


def _chord(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, fact.fields["pitch"] % 12})


def _is_major(known: list[int]) -> bool:
    return any(sorted((one - root) % 12 for one in known) == [0, 4, 7] for root in known)


@case(pitched(1, 60), pitched(2, 64), pitched(3, 67), pitched(4, 70))
def a_chord_that_is_major_for_a_while() -> Process:
    """The outcome is done with exactly a major chord, and nothing of it is final."""
    chord = Reducer("chord", (Pitched,), [], _chord)
    return proc(yes_no(DerivedColumn("major", (chord,), _is_major)), chord)


def _nim(known: Known, fact: Fact) -> Known:
    piles: dict[str, Any] = {**known, fact.fields["thread_id"]: fact.fields["bits"]}
    return dict(sorted(piles.items()))


@case(woven(1, 5), woven(2, 3), woven(3, 6))
def a_game_of_nim_that_is_lost() -> Process:
    """The piles are combined bit by bit, each of them once."""
    piles = Reducer("piles", (Woven,), {}, _nim)
    return judged(piles, judge=lambda known: bool(known) and reduce(lambda one, two: one ^ two, known.values()) == 0)
