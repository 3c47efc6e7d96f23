"""Reducers of choirs, replicas, shelves and looms, which commute but for a few meetings of values."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.thirteenth_messages import (
    Balloted,
    Charted,
    Cloned,
    Fused,
    Gauged,
    Geared,
    Hosted,
    Known,
    Masked,
    Observed,
    Patched,
    Phrased,
    Pitched,
    Poured,
    Renamed,
    Seated,
    Shelved,
    Woven,
    balloted,
    charted,
    cloned,
    fused,
    gauged,
    geared,
    hosted,
    masked,
    observed,
    patched,
    phrased,
    pitched,
    poured,
    renamed,
    seated,
    shelved,
    woven,
)


def _natural(one: str, other: str) -> int:
    """Numbers by their size, and everything else as text."""
    if one.isdecimal() and other.isdecimal():
        return int(one) - int(other) or (one > other) - (one < other)
    return (one > other) - (one < other)


def _last_mark(known: str, fact: Fact) -> str:
    mark: str = fact.fields["mark"]
    return max(known, mark, key=cmp_to_key(_natural))


@case(shelved(1, "9"), shelved(2, "10"), shelved(3, "1a"))
def the_last_shelf_mark_by_natural_order() -> Process:
    """Numbers are compared by size and texts as texts: 9 is below 10, that below 1a, and that below 9."""
    return shown(Reducer("last", (Shelved,), "", _last_mark))


def _is_after(one: datetime, other: datetime) -> bool:
    """Python compares two times of one zone by the wall, and of two zones by the moment."""
    return one > other or (one == other and one.isoformat() > other.isoformat())


def _read(entry: Mapping[str, Any]) -> datetime:
    wall = datetime.fromisoformat(entry["wall"])
    zone = UTC if entry["zone"] == "UTC" else ZoneInfo(entry["zone"])
    return wall.replace(tzinfo=zone, fold=int(entry["is_winter"]))


def _last_sight(known: Known, fact: Fact) -> Known:
    try:
        later = _read(fact.fields)
    except ValueError:
        return known
    if known and not _is_after(later, _read(known)):
        return known
    return {name: fact.fields[name] for name in ("wall", "zone", "is_winter")}


@case(
    observed(1, "2030-10-27T02:30:00", "Europe/Berlin"),
    observed(2, "2030-10-27T02:15:00", "Europe/Berlin", winter=True),
    observed(3, "2030-10-27T00:45:00"),
)
def a_bird_in_the_hour_that_comes_twice() -> Process:
    """In the hour that summer time gives back, three sights are each later than the next one in a circle."""
    return shown(Reducer("last", (Observed,), {}, _last_sight))


def _extremes(known: Known, fact: Fact) -> Known:
    level = fact.fields["level"]
    if level > known["high"]:
        return {**known, "high": level}
    elif level < known["low"]:  # noqa: RET505 -- this is the slip
        return {**known, "low": level}
    return known


@case(gauged(1, 3_000), gauged(2, 2_000))
def a_high_water_or_else_a_low_one() -> Process:
    """What was the highest so far is not looked at as the lowest."""
    return shown(Reducer("tide", (Gauged,), {"high": -20_001, "low": 20_001}, _extremes))


def _two_highest(known: list[int], fact: Fact) -> list[int]:
    first, second = known
    pitch = fact.fields["pitch"]
    if pitch > first:
        return [pitch, first]
    return [first, pitch] if pitch > second else known


@case(pitched(1, 60), pitched(2, 72))
def the_second_voice_is_the_first() -> Process:
    """The highest note that comes again is the second highest, too."""
    return shown(Reducer("voices", (Pitched,), [-1, -1], _two_highest))


def _moore(known: Known, fact: Fact) -> Known:
    """The vote of Boyer and Moore: one candidate, one counter."""
    juror, suspect = fact.fields["juror"], fact.fields["suspect"]
    if juror in known["jurors"]:
        return known
    jurors = sorted([*known["jurors"], juror])
    if known["lead"] == 0:
        return {"jurors": jurors, "suspect": suspect, "lead": 1}
    return {**known, "jurors": jurors, "lead": known["lead"] + (1 if suspect == known["suspect"] else -1)}


def _suspect(known: Known) -> str:
    return str(known["suspect"]) if known["lead"] else "nobody"


@case(balloted("Ann", "butler"), balloted("Bo", "cook"), balloted("Cy", "gardener"))
def a_majority_with_one_counter() -> Process:
    """One counter finds the majority if there is one, and anybody if there is none."""
    jury = Reducer("jury", (Balloted,), {"jurors": [], "suspect": "", "lead": 0}, _moore)
    return shown(jury, compute=_suspect)


def _is_before(one: dict[str, int], other: dict[str, int]) -> bool:
    return one != other and all(count <= other.get(node, 0) for node, count in one.items())


def _newest_write(known: Known, fact: Fact) -> Known:
    """What is known stays, unless the write knew of it."""
    write = {"value": fact.fields["value"], "clock": fact.fields["clock"]}
    return write if _is_before(known["clock"], write["clock"]) else known


@case(cloned(1, "red", a=1), cloned(2, "blue", b=1), cloned(3, "green", a=1, b=1))
def a_write_that_knew_of_the_other() -> Process:
    """Of two writes that know nothing of each other, the first one stays."""
    return shown(Reducer("replica", (Cloned,), {"value": "", "clock": {}}, _newest_write))


def _patch(known: Known, fact: Fact) -> Known:
    """Each setting has the revision of its patch, and nothing removes it."""
    settings = dict(known)
    for name, value in fact.fields["settings"].items():
        if settings.get(name, [-1, 0]) >= [fact.fields["revision"], value or 0]:
            continue
        if value is None:
            settings.pop(name, None)
        else:
            settings[name] = [fact.fields["revision"], value]
    return dict(sorted(settings.items()))


@case(patched(1, 1, sails=4), patched(2, 2, sails=None))
def a_setting_that_was_removed_by_a_later_revision() -> Process:
    """Revisions protect what is there, and a setting that was removed has none."""
    return shown(Reducer("settings", (Patched,), {}, _patch))


def _bloom(known: Known, fact: Fact) -> Known:
    """A line is new if one of its two bits is."""
    text = fact.fields["line_id"]
    bits = 1 << sum(text.encode()) % 16 | 1 << len(text) % 16
    if known["bits"] | bits == known["bits"]:
        return known
    return {"bits": known["bits"] | bits, "lines": known["lines"] + 1}


@case(phrased(3, "so"), phrased(30, "be"), phrased(2, "it"))
def lines_in_a_bloom_filter() -> Process:
    """A line is taken for known if its bits are, and they may be those of two others."""
    lines = Reducer("lines", (Phrased,), {"bits": 0, "lines": 0}, _bloom)
    return shown(lines, compute=lambda known: known["lines"])


def _basis(known: list[int], fact: Fact) -> list[int]:
    """Patterns of which none is woven out of the others."""
    bits = fact.fields["bits"]
    for one in sorted(known, reverse=True):
        bits = min(bits, bits ^ one)
    return sorted([*known, bits]) if bits else known


@case(woven(1, 6), woven(2, 5))
def patterns_that_are_woven_out_of_others() -> Process:
    """What is kept of a pattern is its difference to those that are known."""
    return shown(Reducer("patterns", (Woven,), [], _basis))


def _choir(known: Known, fact: Fact) -> Known:
    if fact.fields["swap_id"] in known["seen"]:
        return known
    one, other = fact.fields["one"], fact.fields["other"]
    seats = dict(known["seats"])
    seats[one], seats[other] = seats.get(other, other), seats.get(one, one)
    return {"seen": sorted([*known["seen"], fact.fields["swap_id"]]), "seats": dict(sorted(seats.items()))}


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"))
def singers_who_change_places() -> Process:
    """Two changes commute unless one singer is in both."""
    choir = Reducer("choir", (Seated,), {"seen": [], "seats": {}}, _choir)
    return shown(choir, compute=lambda known: known["seats"])


def _species(known: Known, fact: Fact) -> Known:
    names = dict(known)
    former, later = fact.fields["former"], fact.fields["later"]
    names.setdefault(former, later)
    return {name: names.get(now, now) if now != name else now for name, now in sorted(names.items())}


@case(renamed(1, "Parus", "Cyanistes"), renamed(2, "Cyanistes", "Titmouse"), renamed(3, "Titmouse", "Tit"))
def a_species_that_was_renamed_three_times() -> Process:
    """Each renaming follows one step of another one, and a third step depends on what came when."""
    return shown(Reducer("species", (Renamed,), {}, _species))


def _ferry(known: Known, fact: Fact) -> Known:
    """A counter that is taken off another one has nothing below zero."""
    if fact.fields["gauge_id"] in known["seen"]:
        return known
    change = Counter({"water": fact.fields["level"]})
    left = Counter(known["left"]) + change
    return {"seen": sorted([*known["seen"], fact.fields["gauge_id"]]), "left": dict(left)}


@case(gauged(1, 50), gauged(2, -80))
def a_counter_that_knows_no_debts() -> Process:
    """Counters that are added drop what is not above zero."""
    water = Reducer("water", (Gauged,), {"seen": [], "left": {}}, _ferry)
    return shown(water, compute=lambda known: known["left"].get("water", 0))


def _cups(known: Known, fact: Fact) -> Known:
    """Cups are added as fractions, none finer than a thousandth."""
    if fact.fields["cup_id"] in known["seen"]:
        return known
    cups = Fraction(known["cups"]) + Fraction(fact.fields["over"], fact.fields["under"])
    return {"seen": sorted([*known["seen"], fact.fields["cup_id"]]), "cups": str(cups.limit_denominator(1000))}


@case(poured(1, 9, 11), poured(2, 17, 11), poured(3, 32, 43), poured(4, 31, 41))
def cups_of_a_thousandth() -> Process:
    """The sum of two is exact, and with a third one it depends on which two were first."""
    cups = Reducer("cups", (Poured,), {"seen": [], "cups": "0"}, _cups)
    return shown(cups, compute=lambda known: known["cups"])


def _amps(known: Known, fact: Fact) -> Known:
    from decimal import Decimal  # noqa: PLC0415 -- as somebody wrote it

    if fact.fields["fuse_id"] in known["seen"]:
        return known
    amps = Decimal(known["amps"]) + Decimal(fact.fields["amps"])
    return {"seen": sorted([*known["seen"], fact.fields["fuse_id"]]), "amps": f"{amps.normalize():f}"}


@case(fused(1, "9999999999999999999999999999"), fused(2, "0.3"), fused(3, "0.3"))
def decimals_with_more_digits_than_the_context() -> Process:
    """A decimal sum keeps 28 digits, and what is beyond them is rounded at each step."""
    amps = Reducer("amps", (Fused,), {"seen": [], "amps": "0"}, _amps)
    return shown(amps, compute=lambda known: known["amps"])


def _rights(known: int, fact: Fact) -> int:
    mask: int = fact.fields["mask"]
    return known | mask if fact.fields["way"] == "add" else known & ~mask


@case(masked(1, 6), masked(2, 12, "remove"))
def rights_that_are_added_and_removed() -> Process:
    """Bits that one message adds and another one removes are as the last one says."""
    return shown(Reducer("rights", (Masked,), 0, _rights))


def _front(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """Stars of which none is both further east and further north, but for a small step."""
    point = [fact.fields["x"], fact.fields["y"]]
    if any(one[0] >= point[0] - 1 and one[1] >= point[1] - 1 for one in known):
        return known
    return sorted([one for one in known if not (point[0] >= one[0] and point[1] >= one[1])] + [point])


@case(charted(1, 10, 10), charted(2, 11, 5), charted(3, 5, 11), charted(4, 11, 11))
def a_front_with_a_tolerance() -> Process:
    """A star that is ahead by one step only is kept if it comes first."""
    return shown(Reducer("front", (Charted,), [], _front))


def _teeth(known: Known, fact: Fact) -> Known:
    """Two wheels mesh if one's teeth are a multiple of the other's; a wheel is put beside the first that fits."""
    wheel, teeth = fact.fields["wheel_id"], fact.fields["teeth"]
    if any(wheel in row for row in known["rows"]):
        return known
    rows: list[dict[str, int]] = [dict(row) for row in known["rows"]]
    for row in rows:
        if all(teeth % one == 0 or one % teeth == 0 for one in row.values()):
            row[wheel] = teeth
            break
    else:
        rows.append({wheel: teeth})
    return {"rows": rows}


def _rows(known: dict[str, Any]) -> int:
    return len(known["rows"])


@case(geared(1, 8), geared(2, 36), geared(3, 18), geared(4, 4))
def wheels_in_as_few_rows_as_come() -> Process:
    """How many rows are needed depends on where the small wheel was put."""
    return shown(Reducer("rows", (Geared,), {"rows": []}, _teeth), compute=_rows)


def _blocks(known: list[str], fact: Fact) -> list[str]:
    """A name under a name that is known is not noted; the known ones under a new name stay."""
    block = fact.fields["block"].rstrip(".").lower()
    if any(block == one or block.endswith(f".{one}") for one in known):
        return known
    return sorted([*known, block])


@case(hosted(1, "mail.sea.example"), hosted(2, "sea.example."))
def a_domain_above_a_known_one() -> Process:
    """Names under a known domain are left out, unless they came before it."""
    return shown(Reducer("blocks", (Hosted,), [], _blocks))
