"""More folds that look as if the order mattered, and don't: switches, weeks, cells and miles."""

from datetime import datetime
from decimal import Decimal
from functools import reduce
from hashlib import sha256

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.twelfth_messages import (
    GEARS,
    PACKETS,
    Dated,
    Filled,
    Geared,
    Known,
    Metered,
    Quoted,
    Ranked,
    Sailed,
    Sequenced,
    dated,
    filled,
    geared,
    metered,
    quoted,
    ranked,
    sailed,
    sequenced,
)


def _done(known: Known, key: str) -> list[str]:
    return sorted({*known["done"], key})


def _toggle(known: Known, fact: Fact) -> Known:
    key = fact.fields["packet_id"]
    if key in known["done"]:
        return known
    return {"done": _done(known, key), "mask": known["mask"] ^ fact.fields["number"]}


@case(sequenced(1, 3), sequenced(2, 5), sequenced(3, 3))
def switches_that_are_turned_once_each() -> Process:
    """Each packet turns its switches once, and turns commute."""
    return shown(
        Reducer("mask", (Sequenced,), {"done": [], "mask": 0}, _toggle), PACKETS, compute=lambda known, _: known["mask"]
    )


def _factor(known: Known, fact: Fact) -> Known:
    key = fact.fields["gear_id"]
    if key in known["done"]:
        return known
    return {"done": _done(known, key), "value": known["value"] * (5 - fact.fields["teeth"]) % 97}


@case(geared(1, 5), geared(2, 6), geared(3, 102))
def a_polynomial_with_a_root_for_each_wheel() -> Process:
    """A product in the numbers up to 97, which stays zero once it is."""
    value = Reducer("value", (Geared,), {"done": [], "value": 1}, _factor)
    return shown(value, GEARS, compute=lambda known, _: known["value"])


@case(ranked(1, "elm", "oak"), ranked(2, "fir"), ranked(3))
def a_signature_of_all_trees() -> Process:
    """For each of three salts the least checksum of any tree."""

    def fold(known: list[str], fact: Fact) -> list[str]:
        marks = [
            [sha256(f"{salt}{tree}".encode()).hexdigest()[:8] for tree in fact.fields["choices"]] for salt in "abc"
        ]
        return [min([one, *new]) for one, new in zip(known, marks, strict=True)]

    return shown(Reducer("signature", (Ranked,), ["z"] * 3, fold))


@case(metered(1, 1, 5), metered(2, 2, 9), metered(3, 3, 1), metered(4, 4, 7), metered(5, 5, 5))
def the_two_least_and_the_two_greatest() -> Process:
    """What is between the outer four is thrown away, and never is among them again."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        used = sorted({*known, fact.fields["used"]})
        return used if len(used) < 5 else [*used[:2], *used[-2:]]

    return shown(Reducer("outer", (Metered,), [], fold))


@case(dated(1, "2030-12-30", "b"), dated(2, "2030-01-03", "a"), dated(3, "2030-01-03", "c"))
def labels_of_each_week_of_its_year() -> Process:
    """The year is that of the week, and of one week the least label stays."""

    def fold(known: Known, fact: Fact) -> Known:
        year, week, _ = datetime.fromisoformat(fact.fields["on"]).date().isocalendar()
        key, label = f"{year}-{week:02d}", fact.fields["label"]
        return {**known, key: min(known.get(key, label), label)}

    return shown(Reducer("weeks", (Dated,), {}, fold))


@case(filled(1, 0, 8, 4), filled(2, 1, 0, 7), filled(3, 0, 8, 9))
def cells_with_all_their_digits() -> Process:
    """Each cell has the set of its digits, as a mask."""

    def fold(known: Known, fact: Fact) -> Known:
        place = f"{fact.fields['row']}{fact.fields['column']}"
        return {**known, place: known.get(place, 0) | 1 << fact.fields["digit"]}

    return shown(Reducer("cells", (Filled,), {}, fold))


@case(quoted(1, "0.29", 5), quoted(2, "0.287", 9), quoted(3, "0.29", 7))
def the_cheapest_in_exact_thousandths() -> Process:
    """A price is read as thousandths, and of one price the least number of pieces stays."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        new = [int(Decimal(fact.fields["price"]) * 1000), fact.fields["pieces"]]
        return min(known or new, new)

    return shown(Reducer("cheapest", (Quoted,), [], fold))


@case(sailed(1, ("Rye", 5), ("Hull", 6)), sailed(2, ("Hull", 2)), sailed(3))
def the_fewest_miles_of_each_port() -> Process:
    """A fold within the fold goes over the legs, in which a port may come twice."""

    def fold(known: Known, fact: Fact) -> Known:
        def leg(best: Known, one: Known) -> Known:
            return {**best, one["port"]: min(best.get(one["port"], one["miles"]), one["miles"])}

        return reduce(leg, fact.fields["legs"], known)

    return shown(Reducer("miles", (Sailed,), {}, fold))


@case(filled(1, 0, 3, 4), filled(2, 0, 4, 7), filled(3, 0, 5, 9), filled(4, 0, 0, 1))
def a_row_that_keeps_its_two_last_columns() -> Process:
    """The two greatest columns and the third of them make the sum, whichever of the three comes last."""

    def fold(known: Known, fact: Fact) -> Known:
        row = str(fact.fields["row"])
        cells = known.get(row, [])
        if cells == "full":
            return known
        new = sorted({*cells, fact.fields["column"]})
        return {**known, row: "full" if sum(new) >= 12 else new[-2:]}

    return shown(Reducer("rows", (Filled,), {}, fold))
