"""Functions of registers, and reducers, that come to the same in every order."""

import re
from collections import Counter
from fractions import Fraction
from math import fsum, gcd
from statistics import median
from typing import Any

from saga import (
    CommandTemplate,
    ComputedField,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PARCELS,
    PAYMENTS,
    REFUNDS,
    TAGS,
    Configured,
    Do,
    Noted,
    Paid,
    Refunded,
    case,
    chosen,
    granted,
    has_any,
    noted,
    one_outcome,
    paid,
    proc,
    shown,
    tagged,
    wanted_in,
    weighed,
)


def total(payments: Entries) -> int:
    return sum(one["amount"] for one in payments.values())


@case(paid(1, 10), paid(2, 700), paid(3, 9))
def a_sum() -> Process:
    """The sum of all payments, by their ids."""
    return shown(PAYMENTS, compute=total)


@case(paid(1, 10), paid(2, 700), paid(3, 9))
def a_cumulative_sum_in_a_final_command() -> Process:
    """A final figure that only grows: each amount counts for at least nothing."""
    return shown(
        PAYMENTS,
        compute=lambda held: sum(abs(one["amount"]) for one in held.values()),
        is_cumulative=True,
        is_final=True,
    )


def due(payments: Entries, refunds: Entries) -> int:
    return total(payments) - total(refunds)


@case(paid(1, 10), Refunded("i", "r1", "p1", 4), paid(2, 5))
def what_is_left() -> Process:
    """Payments less refunds, sent again whenever it changes."""
    return shown(PAYMENTS, REFUNDS, compute=due)


def middle(payments: Entries) -> float:
    return float(median(sorted(one["amount"] for one in payments.values()) or [0]))


@case(paid(1, 10), paid(2, 700), paid(3, 9), paid(4, 11))
def a_median() -> Process:
    """The median of all amounts."""
    return shown(PAYMENTS, compute=middle)


def exact_sum(parcels: Entries) -> float:
    return fsum(one["kilos"] for one in parcels.values())


@case(weighed(1, 0.1), weighed(2, 0.2), weighed(3, 0.3))
def floats_summed_exactly() -> Process:
    """Floats are added exactly, in the order of their keys."""
    return shown(PARCELS, compute=exact_sum)


@case(weighed(1, 0.1), weighed(2, 0.2), weighed(3, 0.3))
def floats_summed_by_key() -> Process:
    """Floats are added in the order of their keys, which is always the same."""
    return shown(PARCELS, compute=lambda held: sum(one["kilos"] for one in held.values()))


def is_enough(payments: Entries) -> bool:
    return bool(sum(max(0, one["amount"]) for one in payments.values()) >= 4_711)


@case(paid(1, 4_000), paid(2, 700), paid(3, 11))
def granted_from_a_sum_on() -> Process:
    """Final from 4,711 on, and nothing lowers the sum."""
    return granted(PAYMENTS, judge=is_enough)


@case(paid(1, 4_000), paid(2, 700), paid(3, 11))
def granted_and_else_left_out() -> Process:
    """The row below the limit leaves it out, and no history leads back there."""
    return granted(PAYMENTS, judge=is_enough, is_complete=False)


def is_exact(payments: Entries) -> bool:
    return total(payments) == 12_345


@case(paid(1, 12_000), paid(2, 345), paid(3, 1))
def granted_and_taken_back() -> Process:
    """Granted at exactly 12,345 and taken back otherwise, which this grant allows."""
    return granted(PAYMENTS, judge=is_exact, is_final=False)


def large(payments: Entries) -> frozenset[str]:
    return frozenset(key for key, one in payments.items() if one["amount"] >= 8_080)


@case(paid(1, 9_000), paid(2, 10), paid(3, 8_080))
def the_large_ones() -> Process:
    """Each large payment is reported, and an entry never changes."""
    return chosen(PAYMENTS, large, is_final=True, fields=("amount",))


def after_the_first(payments: Entries) -> frozenset[str]:
    first = min(payments, key=lambda key: (payments[key]["at"], key), default=None)
    return frozenset(payments) - {first}


@case(paid(1, 9, "2030-01-02"), paid(2, 10, "2030-01-01"), paid(3, 80, "2030-01-01"))
def all_after_the_first() -> Process:
    """All but the earliest; of equal times the least key is the earliest."""
    return chosen(PAYMENTS, after_the_first, is_final=True)


def named(payments: Entries, refunds: Entries) -> frozenset[str]:
    return frozenset(payments) & {one["payment_id"] for one in refunds.values()}


@case(paid(1, 9), paid(2, 10), Refunded("i", "r1", "p1", 9), Refunded("i", "r2", "p9", 1))
def payments_that_a_refund_names() -> Process:
    """Payments of which a refund is known; a refund of an unknown payment waits for it."""
    return chosen(PAYMENTS, named, REFUNDS, is_final=True, fields=("amount",))


def labels(tags: Entries) -> list[str]:
    return sorted({tag for one in tags.values() for tag in one["tags"]})


@case(tagged(1, "x", "y"), tagged(2, "y", "a"), tagged(3))
def a_sorted_set() -> Process:
    """Tags made unique by a set, and sorted."""
    return shown(TAGS, compute=labels)


def most_frequent(notes: Entries) -> str:
    counted = Counter(one["text"] for one in notes.values())
    return min(counted, key=lambda text: (-counted[text], text), default="")


@case(noted(1, "b"), noted(2, "a"), noted(3, "b"), noted(4, "a"))
def a_ballot_with_a_tie_break() -> Process:
    """The most frequent text, and of equals the first in the alphabet."""
    return shown(NOTES, compute=most_frequent)


def first_digit(notes: Entries) -> list[int]:
    found = (re.search(r"\d+", one["text"]) for one in notes.values())
    return sorted(int(one.group()) % 2**31 for one in found if one)


@case(noted(1, "a1"), noted(2, "b22"), noted(3, "none"))
def numbers_in_texts() -> Process:
    """The numbers that stand in texts, where there are any."""
    return shown(NOTES, compute=lambda notes: len(first_digit(notes)))


def share(payments: Entries) -> str:
    amount = total(payments)
    return str(Fraction(max((one["amount"] for one in payments.values()), default=0), amount)) if amount else "0"


@case(paid(1, 0), paid(2, 10), paid(3, -10))
def a_share_of_a_sum_that_may_be_zero() -> Process:
    """A fraction of a sum, which is looked at before dividing."""
    return shown(PAYMENTS, compute=share)


def limit(limits: Entries) -> int:
    return next((one["limit"] for one in limits.values() if one["limit"] is not None), 100)


@case(paid(1, 50), paid(2, 60), Configured("i", 500))
def a_limit_that_may_come_late() -> Process:
    """Granted above a limit that may come late, and taken back when it comes."""
    return granted(PAYMENTS, LIMITS, judge=lambda held, limits: total(held) >= limit(limits), is_final=False)


@case(Configured("i"))
def absent_and_zero() -> Process:
    """An absent limit is a hundred, and one of zero is zero."""
    return shown(LIMITS, compute=limit)


# Reducers


def greatest(known: int, fact: Fact) -> int:
    return max(known, int(fact.fields["amount"]))


@case(paid(1, 10), paid(2, 700), paid(3, -9))
def the_greatest() -> Process:
    """The greatest amount."""
    return shown(Reducer("greatest", (Paid,), 0, greatest))


def bounded(known: int, fact: Fact, most: int = 31_415) -> int:
    return max(known, min(most, int(fact.fields["amount"])))


@case(paid(1, 40_000), paid(2, 50_000), paid(3, 5))
def the_greatest_up_to_a_limit() -> Process:
    """The greatest amount, but at most 31,415."""
    return shown(Reducer("greatest", (Paid,), 0, bounded))


def joined(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["text"]})


@case(noted(1, "b"), noted(2, "a"), noted(3, "a"))
def a_set_of_texts() -> Process:
    """All texts, sorted, each once."""
    return shown(Reducer("texts", (Noted,), [], joined))


def by_id(known: dict[str, int], fact: Fact) -> dict[str, int]:
    return {**known, fact.fields["payment_id"]: fact.fields["amount"]}


@case(paid(1, 1), paid(2, 2), paid(3, 3))
def a_dict_by_id() -> Process:
    """Amounts by their ids, where one id has one amount."""
    keep = Reducer("by id", (Paid,), {}, by_id)
    has = has_any(PAYMENTS)
    template = CommandTemplate("Tell", computed=(ComputedField("sum", (keep,), lambda held: sum(held.values())),))
    tell = Effect("tell", "desk", {Do.YES: template})
    return proc(one_outcome(has), has, PAYMENTS, keep, wants=[wanted_in(has, tell, YES=Do.YES)])


def best_three(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    new = [-fact.fields["amount"], fact.fields["payment_id"]]
    return sorted([*(one for one in known if one != new), new])[:3]


@case(paid(1, 5), paid(2, 5), paid(3, 7), paid(4, 1), paid(5, 5))
def the_best_three_by_amount_and_id() -> Process:
    """The three greatest amounts; the id decides between equals, so the list is that of all."""
    return shown(Reducer("best", (Paid,), [], best_three))


def flags(known: int, fact: Fact) -> int:
    return known | (int(fact.fields["amount"]) & 0xFF)


@case(paid(1, 5), paid(2, 0x4002), paid(3, 64))
def joined_bits() -> Process:
    """Eight flags are joined."""
    return shown(Reducer("flags", (Paid,), 0, flags))


def divisor(known: int, fact: Fact) -> int:
    return gcd(known, int(fact.fields["amount"]))


@case(paid(1, 12), paid(2, 18), paid(3, 0))
def a_common_divisor() -> Process:
    """The greatest common divisor of all amounts."""
    return shown(Reducer("divisor", (Paid,), 0, divisor))


def latest(known: list[Any], fact: Fact) -> list[Any]:
    return max(known, [fact.fields["at"], fact.fields["payment_id"], fact.fields["amount"]])


@case(paid(1, 1, "2030-02-01"), paid(2, 2, "2030-02-01"), paid(3, 3, "2030-01-01"))
def the_latest_by_time_and_id() -> Process:
    """The latest payment; id and amount decide between equal times."""
    return shown(Reducer("latest", (Paid,), ["", "", 0], latest))
