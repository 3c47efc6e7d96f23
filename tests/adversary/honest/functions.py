"""Functions of registers, and reducers, that come to the same in every order."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from math import fsum, gcd
from statistics import median
from typing import Any, Final

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    all_but,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PARCELS,
    PAYMENTS,
    REFUNDS,
    TAGS,
    A,
    Commands,
    Configured,
    Do,
    Late,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    Weighed,
    case,
    chosen,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    tagged,
    wanted_in,
    weighed,
    yes_no,
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


def flat_or_sharp(known: dict[str, bool], fact: Fact) -> dict[str, bool]:
    return known | {fact.kind.__name__: True}


@case(paid(1, 1), noted(1, "x"))
def a_reducer_of_two_types() -> Process:
    """Which types came, in one reducer."""
    return shown(Reducer("types", (Paid, Noted), {}, flat_or_sharp))


def spelled(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["text"].strip().casefold()})


@case(noted(1, "A"), noted(2, "a "), noted(3, "ß"))
def cleaned_texts() -> Process:
    """Texts are cleaned before they are kept."""
    return shown(Reducer("texts", (Noted,), [], spelled))


def lightest(known: float | None, fact: Fact) -> float | None:
    kilos = float(fact.fields["kilos"])
    return kilos if known is None else min(known, kilos)


@case(weighed(1, 0.0), weighed(2, 2.5), weighed(3, 0.25))
def the_lightest_or_none() -> Process:
    """The least weight, or none before the first."""
    return shown(Reducer("lightest", (Weighed,), None, lightest))


def above(limit_: int) -> Callable[[Entries], bool]:
    return lambda held: any(one["amount"] > limit_ for one in held.values())


@case(paid(1, 77_778), paid(2, 2))
def one_above_a_limit_of_a_closure() -> Process:
    """Done as soon as one payment is above a limit."""
    return judged(PAYMENTS, judge=above(77_777))


def at_least(least: int, held: Entries) -> bool:
    return len(held) >= least


@case(*[noted(number, "x") for number in range(4)])
def four_of_them_by_a_partial() -> Process:
    """Final from the fourth note on."""
    return granted(NOTES, judge=partial(at_least, 4))


@dataclass(frozen=True)
class Above:
    """A callable with a limit."""

    limit: Decimal

    def __call__(self, held: Entries) -> bool:
        return any(Decimal(one["amount"]) / 100 >= self.limit for one in held.values())


@case(paid(1, 16_384), paid(2, 16_383))
def a_decimal_of_a_callable() -> Process:
    """Final as soon as one payment is 163.84 or more."""
    return granted(PAYMENTS, judge=Above(Decimal("163.84")))


class Grade(Enum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


def grade(payments: Entries) -> Grade:
    amount = sum(max(0, one["amount"]) for one in payments.values())
    return Grade.LOW if amount < 1_500 else Grade.MIDDLE if amount < 7_300 else Grade.HIGH


@case(paid(1, 2_000), paid(2, 9_000), paid(3, 1))
def three_grades() -> Process:
    """Each grade says which check it wants."""
    column = DerivedColumn("grade", (PAYMENTS,), grade, tuple(Grade))
    commands: Commands = {
        Grade.LOW: CommandTemplate("Skip"),
        Grade.MIDDLE: CommandTemplate("Look"),
        Grade.HIGH: CommandTemplate("Audit"),
    }
    check = Effect("check", "desk", commands, initially=Grade.LOW)
    rows = [(one, {check: one}) for one in Grade]
    table = outcomes(column, rows=[(Grade.HIGH, Out.DONE), (all_but(Grade.HIGH), Out.OTHER)])
    return proc(table, PAYMENTS, wants=[wanted(column, rows=rows)])


LATES = Register("lates", Late, "id")


def in_time(payments: Entries, lates: Entries) -> bool:
    due_at = next((one["due_at"] for one in lates.values()), "9")
    return any(one["at"] < due_at for one in payments.values())


@case(A(), paid(1, 1, "2030-01-01T00:00:00+00:00"), paid(2, 1, "2031-01-01T00:00:00+00:00"))
def paid_before_it_was_due() -> Process:
    """The time of the payment is compared with the time of the deadline, whichever comes first."""
    column = DerivedColumn("in time", (PAYMENTS, LATES), in_time)
    over, has_a = has_any(LATES), seen(A)
    deadline = Deadline("soon", Late, timedelta(minutes=5))
    table = outcomes(
        column,
        over,
        rows=[(True, ANY, Out.DONE), (False, Seen.NO, Out.OPEN), (False, Seen.YES, Out.FAILED)],
    )
    any_came = SubMachine("any", Seen.NO, {state: dict.fromkeys((A, Paid), Seen.YES) for state in Seen})
    wants = wanted(any_came, rows=[(ANY, {deadline: ARMED})])
    return proc(table, over, has_a, any_came, PAYMENTS, LATES, wants=[wants], unsettled=[Out.OPEN])


def is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@case(paid(1, 1, "tomorrow"), paid(2, 1))
def times_that_may_be_none() -> Process:
    """Payments whose time can be read."""
    return chosen(PAYMENTS, lambda held: frozenset(key for key, one in held.items() if is_time(one["at"])))


RATES: Final = {"DE": 19, "FR": 20, "AT": 20}


def rates(notes: Entries) -> list[int]:
    return sorted(RATES.get(one["text"][:2].upper(), 0) for one in notes.values())


@case(noted(1, "de"), noted(2, "FRANCE"), noted(3, ""))
def a_table_with_a_default() -> Process:
    """Rates of countries, and nothing for unknown ones."""
    return shown(NOTES, compute=rates)


def both(notes: Entries, payments: Entries) -> bool:
    return any(one["text"] == "approved" for one in notes.values()) and bool(payments)


@case(noted(1, "approved"), paid(1, 1), noted(2, "rejected"))
def approved_and_paid() -> Process:
    """Final with an approval and a payment, in whatever order."""
    return granted(NOTES, PAYMENTS, judge=both)


def all_of_it(payments: Entries, limits: Entries) -> frozenset[str]:
    return frozenset(payments) if limits else frozenset()


@case(paid(1, 1), paid(2, 2), Configured("i", 3))
def everything_once_configured() -> Process:
    """All payments are booked once the configuration is known."""
    return chosen(PAYMENTS, all_of_it, LIMITS, is_final=True)


def tally(known: dict[str, str], fact: Fact) -> dict[str, str]:
    key, text = fact.fields["note_id"], fact.fields["text"]
    return known | {key: max(known.get(key, ""), text)}


@case(noted(1, "a"), noted(1, "b"), noted(2, "c"))
def the_greatest_for_each_key() -> Process:
    """Of two contradicting notes the greater text counts, so they need not be refused."""
    return shown(Reducer("texts", (Noted,), {}, tally))


def reserved(payments: Entries) -> frozenset[str]:
    left, taken = 100, set()
    for key in sorted(payments, key=lambda one: (payments[one]["at"], one)):
        if 0 < payments[key]["amount"] <= left:
            left -= payments[key]["amount"]
            taken.add(key)
    return frozenset(taken)


class Hold(Enum):
    HELD = "held"
    FREE = "free"


@case(paid(1, 60, "3"), paid(2, 50, "1"), paid(3, 40, "2"))
def reservations_by_time() -> Process:
    """A stock of a hundred goes by the times of the reservations; who no longer fits gets a refusal."""
    has = has_any(PAYMENTS)
    state = ComputedField(
        "state",
        (PAYMENTS,),
        lambda held, key: "reserved" if key in reserved(held) else "waiting",
    )
    tell = Effect("tell", "shop", {Do.YES: CommandTemplate("Tell", PAYMENTS, ("payment_id",), (state,))})
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, tell, YES=every(PAYMENTS))])


def odd_ones(payments: Entries) -> frozenset[str]:
    return frozenset(key for key, one in payments.items() if one["amount"] % 97 == 1)


@case(paid(1, 98), paid(2, 97), paid(3, 1))
def by_a_remainder() -> Process:
    """Payments whose amount has the remainder 1, each by itself."""
    has = has_any(PAYMENTS)
    commands: Commands = {
        Hold.HELD: CommandTemplate("Hold", PAYMENTS, ("amount",)),
        Hold.FREE: CommandTemplate("Free", PAYMENTS, ()),
    }
    hold = Effect("hold", "bank", commands)
    selection = Selection("odd ones", PAYMENTS, odd_ones, Hold.HELD)
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, hold, YES=selection)])


def parity(payments: Entries) -> bool:
    return len(payments) % 2 == 1


@case(paid(1, 1), paid(2, 2), paid(3, 3))
def parity_in_an_outcome() -> Process:
    """An odd number of payments is one outcome, and an even one the other."""
    return proc(yes_no(DerivedColumn("odd", (PAYMENTS,), parity)), PAYMENTS)


def pairs(payments: Entries, refunds: Entries) -> list[str]:
    return sorted(f"{one['payment_id']}:{key}" for key, one in refunds.items() if one["payment_id"] in payments)


@case(paid(1, 1), Refunded("i", "r1", "p1", 1), Refunded("i", "r2", "p2", 1), paid(2, 3))
def references_joined_late() -> Process:
    """Refunds beside their payments; the list only grows."""
    return shown(PAYMENTS, REFUNDS, compute=pairs, is_cumulative=True, is_final=True)


@case(noted(1, "VIP-1"), noted(2, "x"), A())
def a_special_text_in_a_special_state() -> Process:
    """A note that begins with VIP- has the order looked at, unless it is closed, and then no longer."""
    vip = DerivedColumn("vip", (NOTES,), lambda held: any(one["text"].startswith("VIP-") for one in held.values()))
    has_a = seen(A)
    look = Effect("look", "desk", {Do.YES: CommandTemplate("Look"), Do.NO: CommandTemplate("Leave")}, initially=Do.NO)
    rows: list[tuple[Any, ...]] = [
        (True, Seen.NO, {look: Do.YES}),
        (True, Seen.YES, {look: Do.NO}),
        (False, ANY, {look: Do.NO}),
    ]
    return proc(one_outcome(has_a), has_a, NOTES, wants=[wanted(vip, has_a, rows=rows)])
