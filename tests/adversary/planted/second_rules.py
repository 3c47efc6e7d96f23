"""Further planted processes, the third part."""

import math
import zlib
from typing import Any
from zoneinfo import ZoneInfo

from saga import (
    Fact,
    Process,
    Reducer,
)
from tests.adversary.kit import (
    Noted,
    Paid,
    Weighed,
    case,
    noted,
    paid,
    shown,
    weighed,
)
from tests.adversary.planted.second import moment


def close(known: list[float], fact: Fact) -> list[float]:
    kilos = fact.fields["kilos"]
    if any(math.isclose(kilos, one, rel_tol=0.05) for one in known):
        return known
    return sorted({*known, kilos})


@case(weighed(1, 10.0), weighed(2, 10.4), weighed(3, 10.8))
def weights_that_are_close() -> Process:
    """Weights within a twentieth are one, but that of the first and the third need not be."""
    return shown(Reducer("weights", (Weighed,), [], close))


def prefixes(known: list[str], fact: Fact) -> list[str]:
    path = fact.fields["text"].rstrip("/")
    return known if any(path.startswith(one) for one in known) else sorted({*known, path})


@case(noted(1, "a/b"), noted(2, "a"))
def folders_within_folders() -> Process:
    """A folder within a known one is left out, but one that was known before stays when the outer one comes."""
    return shown(Reducer("folders", (Noted,), [], prefixes))


def joined(known: str, fact: Fact) -> str:
    return ",".join(sorted({*known.split(","), fact.fields["text"]} - {""}))


@case(noted(1, "b,a"), noted(2, "c"))
def a_list_kept_as_a_text() -> Process:
    """Texts are joined by commas and split again, and one of them has a comma."""
    return shown(Reducer("texts", (Noted,), "", joined))


def shortened(known: dict[str, int], fact: Fact) -> dict[str, int]:
    short = fact.fields["payment_id"][:4]
    return known if short in known else {**known, short: fact.fields["amount"]}


@case(Paid("i", "pay-1", 10), Paid("i", "pay-2", 20))
def shortened_ids() -> Process:
    """Payments are known by the first four characters of their ids, and of two the first stays."""
    return shown(Reducer("payments", (Paid,), {}, shortened), compute=lambda held: sum(held.values()))


def bucket(known: dict[str, str], fact: Fact) -> dict[str, str]:
    number = str(zlib.crc32(fact.fields["text"].encode()) % 8)
    return {number: fact.fields["text"], **known}


@case(noted(1, "a"), noted(2, "j"))
def buckets_by_a_checksum() -> Process:
    """One text for each of eight buckets of a checksum: of two in one bucket the first stays."""
    return shown(Reducer("buckets", (Noted,), {}, bucket))


def first_of_day(known: dict[str, int], fact: Fact) -> dict[str, int]:
    now = moment(fact.fields["at"])
    day = now.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat() if now else "?"
    return {day: fact.fields["amount"], **known}


@case(paid(1, 10, "2030-01-01T23:30:00Z"), paid(2, 20, "2030-01-02T08:00:00Z"))
def the_first_payment_of_a_day() -> Process:
    """Of the payments of one day in Berlin the first to arrive counts."""
    return shown(Reducer("days", (Paid,), {}, first_of_day))


def overlapping(known: dict[str, int], fact: Fact) -> dict[str, int]:
    start = fact.fields["amount"]
    if any(abs(start - other) < 30 for key, other in known.items() if key != fact.fields["payment_id"]):
        return known
    return {**known, fact.fields["payment_id"]: start}


@case(paid(1, 0), paid(2, 20), paid(3, 45))
def a_room_that_is_taken() -> Process:
    """A booking of thirty minutes is refused if it overlaps one that was accepted."""
    return shown(Reducer("bookings", (Paid,), {}, overlapping), compute=sorted)


def merge_ranges(known: list[list[int]], fact: Fact) -> list[list[int]]:
    start = fact.fields["amount"]
    end = start + 10
    for number, (low, high) in enumerate(known):
        if start <= high and low <= end:
            merged = [min(start, low), max(end, high)]
            return sorted([*known[:number], merged, *known[number + 1 :]])
    return sorted([*known, [start, end]])


@case(paid(1, 0), paid(2, 20), paid(3, 10))
def ranges_joined_once() -> Process:
    """A range is joined with the first that it touches, and what now touches a third is not."""
    return shown(Reducer("ranges", (Paid,), [], merge_ranges))


# What a repeat changes.


def dedup_by_last(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if known["last"] == fact.fields["payment_id"]:
        return known
    return {"last": fact.fields["payment_id"], "sum": known["sum"] + fact.fields["amount"]}


@case(paid(1, 10), paid(2, 20))
def only_the_last_id_is_known() -> Process:
    """A repeat is known if nothing else came in between."""
    start = {"last": "", "sum": 0}
    return shown(Reducer("payments", (Paid,), start, dedup_by_last), compute=lambda held: held["sum"])


def recent_ids(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["payment_id"]
    if key in known["ids"]:
        return known
    return {"ids": [*known["ids"], key][-3:], "sum": known["sum"] + fact.fields["amount"]}


@case(*(paid(number, 10 + number) for number in range(4)))
def three_ids_are_known() -> Process:
    """Of the ids only the last three are kept, so the repeat of an older payment counts again."""
    start: dict[str, Any] = {"ids": [], "sum": 0}
    return shown(Reducer("payments", (Paid,), start, recent_ids), compute=lambda held: held["sum"])


def changes(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if known["amount"] == fact.fields["amount"]:
        return known
    return {"amount": fact.fields["amount"], "best": max(known["best"], fact.fields["amount"])}


@case(paid(1, 10), paid(2, 20))
def the_price_before_the_last() -> Process:
    """The best price does not depend on the order, but the price beside it does, and decides what is new."""
    return shown(
        Reducer("prices", (Paid,), {"amount": 0, "best": 0}, changes), compute=lambda held: held["amount"] < 15
    )
