"""Functions that keep values apart, or go by what does not depend on the order: near misses of those that do not."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from saga import Entries, Fact, Process, Reducer
from tests.adversary.honest.third_values import moment
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
from tests.adversary.planted.third_folds import MORNING, ROOM, Booked, Read


def composed(known: dict[str, str], fact: Fact) -> dict[str, str]:
    text = fact.fields["text"]
    name = unicodedata.normalize("NFC", text)
    return {**known, name: min(text, known.get(name, text))}


@case(noted(1, "\u00e9"), noted(2, "e\u0301"), noted(3, "e"))
def one_word_by_its_least_spelling() -> Process:
    """Of texts that look alike, the least is kept."""
    return shown(Reducer("words", (Noted,), {}, composed))


def folded(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["text"].casefold()})


@case(noted(1, "\u00df"), noted(2, "ss"), noted(3, "\u0130"))
def letters_kept_as_folded() -> Process:
    """Texts are kept without their case."""
    return shown(Reducer("words", (Noted,), [], folded))


def by_size(known: dict[str, int], fact: Fact) -> dict[str, int]:
    amount = fact.fields["amount"]
    return {**known, str(amount // 10): max(amount, known.get(str(amount // 10), amount))}


@case(paid(1, 2**53), paid(2, 2**53 + 1), paid(3, -3))
def amounts_by_their_tens() -> Process:
    """Of the amounts with the same tens, the greatest is kept."""
    return shown(Reducer("amounts", (Paid,), {}, by_size))


def by_moment(known: dict[str, str], fact: Fact) -> dict[str, str]:
    text = fact.fields["at"]
    if (time := moment(text)) is None:
        return known
    name = time.isoformat()
    return {**known, name: min(text, known.get(name, text))}


@case(paid(1, 1, "2026-01-01T00:00:00Z"), paid(2, 1, "2026-01-01T01:00:00+01:00"), paid(3, 1, "2026-01-01"))
def one_moment_by_its_least_text() -> Process:
    """Of the texts for one moment, the least is kept."""
    return shown(Reducer("moments", (Paid,), {}, by_moment))


def values(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    value = fact.fields["value"]
    named = [type(value).__name__, str(value)]
    return known if named in known else sorted([*known, named])


@case(Read("i", "r1", 1), Read("i", "r2", True), Read("i", "r3", 1.0))
def values_with_their_types() -> Process:
    """Values are kept with their types, so 1 and true are two."""
    return shown(Reducer("values", (Read,), [], values))


def packed(payments: Entries) -> list[str]:
    used, inside = 0, []
    for key, one in sorted(payments.items(), key=lambda item: (-item[1]["amount"], item[0])):
        if 0 < one["amount"] <= ROOM - used:
            used += one["amount"]
            inside.append(key)
    return inside


@case(paid(1, 50), paid(2, 30), paid(3, 20), paid(4, 50))
def what_fits_by_size() -> Process:
    """The greatest that fit, those that are equal by their ids."""
    return shown(PAYMENTS, compute=packed)


def switched(payments: Entries) -> bool:
    is_on = False
    for _, _, amount in sorted((one["at"], key, one["amount"]) for key, one in payments.items()):
        is_on = amount >= 800 or (is_on and amount > 200)
    return is_on


@case(paid(1, 900, "a"), paid(2, 100, "b"), paid(3, 300, "b"))
def on_and_off_by_time() -> Process:
    """On from 800 on, off again below 200, in the order of the times."""
    return judged(PAYMENTS, judge=switched)


def near(begins: list[str]) -> int:
    times = [datetime.fromisoformat(one) for one in begins]
    return max(
        (sum(timedelta(0) <= other - one < timedelta(minutes=10) for other in times) for one in times), default=0
    )


@case(*(Booked("i", f"b{number}", MORNING + timedelta(minutes=3 * number), 30) for number in range(3)))
def the_most_within_ten_minutes() -> Process:
    """How many bookings begin within ten minutes."""

    def begins(known: list[str], fact: Fact) -> list[str]:
        time = moment(fact.fields["begin"])
        return sorted({*known, time.isoformat()}) if time else known

    return shown(Reducer("begins", (Booked,), [], begins), compute=near)


def matched(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    side = "paid" if fact.kind is Paid else "back"
    entry = f"{fact.fields['payment_id']} {fact.fields['amount']}"
    return {**known, side: sorted({*known[side], entry})}


@case(paid(1, 30), Refunded("i", "r1", "p1", 30), Refunded("i", "r2", "p1", 20))
def refunds_and_payments_that_match() -> Process:
    """Which refunds have a payment of the same id and amount, whichever came first."""
    reducer = Reducer("money", (Paid, Refunded), {"paid": [], "back": []}, matched)
    return shown(reducer, compute=lambda held: sorted({*held["paid"]} & {*held["back"]}))


def repeated(known: list[str], fact: Fact) -> list[str]:
    tags = fact.fields["tags"]
    return sorted({*known, *(one for one in tags if tags.count(one) > 1)})


@case(tagged(1, "a", "a"), tagged(2, "b", "b", "c"), tagged(3))
def tags_named_twice_are_collected() -> Process:
    """All tags that any list names twice."""
    return shown(Reducer("several", (Tagged,), [], repeated))


def reaches(payments: Entries) -> bool:
    return bool(sum(min(max(one["amount"], 0), 10**6) for one in payments.values()) >= 777)


@case(paid(1, 700), paid(2, 77), paid(3, -5))
def final_from_a_sum_on() -> Process:
    """Final once the amounts above zero make 777."""
    return granted(PAYMENTS, judge=reaches)


def has_a_pair(payments: Entries) -> bool:
    amounts = {one["amount"] for one in payments.values()}
    return any(777 - one in amounts for one in amounts)


@case(paid(1, 700), paid(2, 77), paid(3, 300), paid(4, 477))
def final_with_any_pair_for_777() -> Process:
    """Final once two amounts make 777."""
    return granted(PAYMENTS, judge=has_a_pair)


def within_a_day(payments: Entries) -> bool:
    times = sorted(time for one in payments.values() if (time := moment(one["at"])))
    return any(later - earlier <= timedelta(hours=24) for earlier, later in zip(times, times[2:], strict=False))


@case(
    paid(1, 1, "2026-01-01T00:00:00Z"),
    paid(2, 1, "2026-01-01T12:00:00Z"),
    paid(3, 1, "2026-01-01T20:00:00Z"),
    paid(4, 1, "2026-03-01T00:00:00Z"),
)
def any_three_within_a_day() -> Process:
    """Final once any three payments lie within a day."""
    return granted(PAYMENTS, judge=within_a_day)


def far_above(payments: Entries) -> frozenset[str]:
    return frozenset(key for key, one in payments.items() if one["amount"] > 2 * 500)


@case(paid(1, 10), paid(2, 1_001), paid(3, 1_000))
def far_above_a_fixed_amount() -> Process:
    """Given to the payments above twice five hundred."""
    return chosen(PAYMENTS, far_above, is_final=True, fields=("amount",))


def lengthens(notes: Entries) -> bool:
    return any(len(one["text"].upper()) != len(one["text"]) for one in notes.values())


@case(noted(1, "\u00df"), noted(2, "x" * 300))
def any_text_that_grows_in_capitals() -> Process:
    """Final for a text that is longer in capitals."""
    return granted(NOTES, judge=lengthens)


def remainders(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, abs(fact.fields["amount"]) % 7})


@case(paid(1, 1), paid(2, 2), paid(3, 8))
def which_remainders_there_are() -> Process:
    """The remainders of the amounts, each once."""
    return judged(Reducer("remainders", (Paid,), [], remainders), judge=lambda held: sum(held) % 7 == 3)


def as_utc(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    time = moment(fact.fields["at"]) or datetime(1970, 1, 1, tzinfo=UTC)
    rank = [time.isoformat(), fact.fields["payment_id"], fact.fields["amount"]]
    return {"last": max(known["last"], rank)}


@case(paid(1, 1, "2026-01-01T00:00:00Z"), paid(2, 2, "2026-01-01T01:00:00+01:00"), paid(3, 3, "x"))
def the_last_by_time_and_id() -> Process:
    """The payment with the latest time; of equal ones the one with the greatest id."""
    return shown(Reducer("last", (Paid,), {"last": ["", "", 0]}, as_utc))
