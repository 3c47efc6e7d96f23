"""Functions that take values for equal that are not, or depend on the order of several values that belong together."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from saga import Entries, Fact, Process, Reducer, Register
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    Noted,
    Paid,
    Refunded,
    Tagged,
    case,
    chosen,
    granted,
    judged,
    noted,
    paid,
    shown,
    tagged,
)


@dataclass(frozen=True)
class Read:
    id: str
    reading_id: str
    value: int | float | bool


@dataclass(frozen=True)
class Booked:
    id: str
    booking_id: str
    begin: datetime
    minutes: int


READINGS = Register("readings", Read, "reading_id")


def composed(known: dict[str, str], fact: Fact) -> dict[str, str]:
    text = fact.fields["text"]
    return {unicodedata.normalize("NFC", text): text, **known}


@case(noted(1, "\u00e9"), noted(2, "e\u0301"))
def one_word_in_two_spellings() -> Process:
    """Of two texts that look alike, the first is kept."""
    return shown(Reducer("words", (Noted,), {}, composed), compute=lambda held: sorted(map(len, held.values())))


def folded(known: list[str], fact: Fact) -> list[str]:
    text = fact.fields["text"]
    return known if any(text.casefold() == one.casefold() for one in known) else sorted({*known, text})


@case(noted(1, "\u00df"), noted(2, "ss"))
def letters_that_are_folded() -> Process:
    """Texts that differ in case only are one, and the first of them is kept."""
    return shown(Reducer("words", (Noted,), [], folded))


def by_size(known: dict[str, int], fact: Fact) -> dict[str, int]:
    amount = fact.fields["amount"]
    return known if amount < 10**15 else {str(float(amount)): amount, **known}


@case(paid(1, 2**53), paid(2, 2**53 + 1))
def amounts_that_a_float_confuses() -> Process:
    """Large amounts are known by a fraction, which is the same for two neighbours."""
    return shown(Reducer("amounts", (Paid,), {}, by_size), compute=lambda held: list(held.values()))


def by_moment(known: dict[str, str], fact: Fact) -> dict[str, str]:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(fact.fields["at"])
        if moment.tzinfo is not None:
            return {moment.astimezone(UTC).isoformat(): fact.fields["at"], **known}
    return known


@case(paid(1, 1, "2026-01-01T00:00:00Z"), paid(2, 1, "2026-01-01T01:00:00+01:00"))
def one_moment_in_two_zones() -> Process:
    """Of two texts for one moment, the first is kept."""
    return shown(Reducer("moments", (Paid,), {}, by_moment), compute=lambda held: list(held.values()))


def by_number(known: dict[str, str], fact: Fact) -> dict[str, str]:
    text = fact.fields["text"]
    return {text.lstrip("0"): text, **known} if text.isdecimal() else known


@case(noted(1, "7"), noted(2, "007"))
def numbers_with_leading_zeros() -> Process:
    """Numbers are known without the zeros in front of them, and kept with them."""
    return shown(Reducer("numbers", (Noted,), {}, by_number), compute=lambda held: list(held.values()))


def by_host(known: dict[str, str], fact: Fact) -> dict[str, str]:
    try:
        host = urlsplit(fact.fields["text"]).hostname
    except ValueError:
        return known
    return {host: fact.fields["text"], **known} if host else known


@case(noted(1, "https://example.org"), noted(2, "https://example.org/A".upper()))
def one_host_written_in_two_ways() -> Process:
    """Of the addresses of one host, the first is kept."""
    return shown(Reducer("hosts", (Noted,), {}, by_host), compute=lambda held: sorted(held.values()))


def values(known: list[Any], fact: Fact) -> list[Any]:
    value = fact.fields["value"]
    return known if value in known else sorted([*known, value])


@case(Read("i", "r1", 1), Read("i", "r2", True))
def one_and_true() -> Process:
    """A value is left out if it is known, and Python takes 1 and true for the same."""
    return shown(Reducer("values", (Read,), [], values))


@lru_cache(maxsize=64)
def label(value: float) -> str:
    return f"value {value}"


def labels(readings: Entries) -> list[str]:
    return sorted(label(one["value"]) for one in readings.values())


@case(Read("i", "r1", 1), Read("i", "r2", 1.0), shown_by="interpreters")
def a_cache_that_confuses_values() -> Process:
    """A label is remembered for a value, and given for another one that is equal."""
    return shown(READINGS, compute=labels)


ROOM: Final = 90


def packed(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    amount, key = fact.fields["amount"], fact.fields["payment_id"]
    if key in known["in"] or not 0 < amount <= ROOM or known["used"] + amount > ROOM:
        return known
    return {"in": sorted([*known["in"], key]), "used": known["used"] + amount}


@case(paid(1, 50), paid(2, 30), paid(3, 20))
def what_still_fits() -> Process:
    """Each payment that still fits is taken, so a small one may keep out a large one."""
    start = {"in": [], "used": 0}
    return shown(Reducer("box", (Paid,), start, packed), compute=lambda held: held["used"] > 75)


def switched(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    amount, key = fact.fields["amount"], fact.fields["payment_id"]
    if key in known["seen"]:
        return known
    is_on = amount >= 800 or (known["on"] and amount > 200)
    return {"seen": sorted([*known["seen"], key]), "on": is_on}


@case(paid(1, 900), paid(2, 100))
def on_above_and_off_below() -> Process:
    """On from 800 on, off again below 200: what came last counts."""
    return shown(Reducer("switch", (Paid,), {"seen": [], "on": False}, switched), compute=lambda held: held["on"])


def admitted(known: list[str], fact: Fact) -> list[str]:
    begin, minutes = fact.fields["begin"], fact.fields["minutes"]
    if begin in known or not 30 <= minutes <= 45:
        return known
    time = datetime.fromisoformat(begin)
    near = [one for one in known if abs(datetime.fromisoformat(one) - time) < timedelta(minutes=10)]
    return known if len(near) >= 2 else sorted([*known, begin])


MORNING: Final = datetime(2026, 1, 1, 9, tzinfo=UTC)


@case(*(Booked("i", f"b{number}", MORNING + timedelta(minutes=3 * number), 30) for number in range(3)))
def two_within_ten_minutes() -> Process:
    """Of the bookings within ten minutes, the first two are admitted."""
    return shown(Reducer("begins", (Booked,), [], admitted))


def matched(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, amount = fact.fields["payment_id"], fact.fields["amount"]
    if fact.kind is Paid:
        return {**known, "paid": {**known["paid"], key: amount}}
    if known["paid"].get(key) != amount:
        return known
    return {**known, "back": sorted({*known["back"], key})}


@case(paid(1, 30), Refunded("i", "r1", "p1", 30))
def a_refund_of_the_same_payment_and_amount() -> Process:
    """A refund counts if its payment and amount are known by then."""
    return shown(
        Reducer("money", (Paid, Refunded), {"paid": {}, "back": []}, matched), compute=lambda held: held["back"]
    )


def repeated(known: list[str], fact: Fact) -> list[str]:
    tags = fact.fields["tags"]
    several = {one for one in tags if tags.count(one) > 1}
    return sorted(several) if several else known


@case(tagged(1, "a", "a"), tagged(2, "b", "b"))
def tags_named_twice_in_one_list() -> Process:
    """The tags that a list names twice replace those of the list before."""
    return shown(Reducer("several", (Tagged,), [], repeated))


def emptied(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, *fact.fields["tags"]}) if fact.fields["tags"] else []


@case(tagged(1, "a"), tagged(2))
def an_empty_list_empties() -> Process:
    """A list without tags takes away those that are known."""
    return shown(Reducer("tags", (Tagged,), [], emptied))


def fills(payments: Entries) -> bool:
    used = 0
    for one in sorted(payments.values(), key=lambda entry: -entry["amount"]):
        if 0 < one["amount"] <= 100 - used:
            used += one["amount"]
    return used == 100


@case(paid(1, 60), paid(2, 40), paid(3, 70))
def filled_to_the_brim() -> Process:
    """Final once the greatest that fit fill a hundred, which a greater one that comes later undoes."""
    return granted(PAYMENTS, judge=fills)


def is_split(payments: Entries) -> bool:
    amounts = [one["amount"] for one in payments.values()]
    return len([one for one in amounts for other in amounts if one < other and one + other == 777]) == 1


@case(paid(1, 700), paid(2, 77), paid(3, 77))
def exactly_one_pair_for_777() -> Process:
    """Granted while one pair of payments makes 777, and left as it is with none or two."""
    return granted(PAYMENTS, judge=is_split, is_final=False, is_complete=False)


def within_a_day(payments: Entries) -> bool:
    times = []
    for one in payments.values():
        with suppress(ValueError, OverflowError):
            times.append(datetime.fromisoformat(one["at"]).replace(tzinfo=UTC))
    times.sort()
    return len(times) >= 3 and bool(times[-1] - times[-3] <= timedelta(hours=24))


@case(
    paid(1, 1, "2026-01-01T00:00:00Z"),
    paid(2, 1, "2026-01-01T12:00:00Z"),
    paid(3, 1, "2026-01-01T20:00:00Z"),
    paid(4, 1, "2026-03-01T00:00:00Z"),
)
def three_within_the_last_day() -> Process:
    """Final once the last three payments lie within a day, which a later payment undoes."""
    return granted(PAYMENTS, judge=within_a_day)


def modest(payments: Entries) -> frozenset[str]:
    amounts = sorted(one["amount"] for one in payments.values())
    middle = amounts[len(amounts) // 2] if amounts else 0
    return frozenset(key for key, one in payments.items() if len(amounts) > 2 and one["amount"] > 2 * middle > 0)


@case(paid(1, 10), paid(2, 30), paid(3, 12), paid(4, 40), paid(5, 40))
def far_above_the_middle() -> Process:
    """Given to payments that are twice the middle one of at least three, which moves."""
    return chosen(PAYMENTS, modest)


def lengthens(notes: Entries) -> bool:
    return any(len(one["text"].upper()) != len(one["text"]) for one in notes.values())


@case(noted(1, "\u00df"), noted(2, "x" * 300))
def a_text_that_grows_in_capitals() -> Process:
    """Final for a text that is longer in capitals, unless a text is very long."""

    def judge(notes: Entries) -> bool:
        return lengthens(notes) and all(len(one["text"]) < 200 for one in notes.values())

    return granted(NOTES, judge=judge)


def is_even(payments: Entries) -> bool:
    total = sum(abs(one["amount"]) % 7 for one in payments.values())
    return total % 7 == 3 and len(payments) > 1


@case(paid(1, 1), paid(2, 2), paid(3, 1))
def a_remainder_of_three() -> Process:
    """Done with two payments whose remainders make three, and granted for good."""
    return granted(PAYMENTS, judge=is_even)


@case(paid(1, 100), paid(2, 300), paid(3, 500))
def the_first_that_reach_a_sum() -> Process:
    """Payments count in the order of arrival until they reach 350, and what is beyond is dropped."""

    def until(known: dict[str, int], fact: Fact) -> dict[str, int]:
        is_full = sum(known.values()) >= 350
        return known if is_full else {**known, fact.fields["payment_id"]: fact.fields["amount"]}

    return judged(Reducer("sums", (Paid,), {}, until), judge=lambda held: sum(held.values()) > 450)
