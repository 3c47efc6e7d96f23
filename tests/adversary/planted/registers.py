"""Pure functions of registers, which are the same in every order; what they want changes, and something stays."""

from datetime import timedelta
from enum import Enum
from statistics import mean, median
from typing import Any, Final

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    Selection,
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
    A,
    B,
    Configured,
    Do,
    Late,
    Out,
    Refunded,
    Seen,
    armed_in,
    case,
    chosen,
    granted,
    has_any,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    wanted_in,
    weighed,
    yes_no,
)


def refunded(number: int, payment: int, amount: int) -> Refunded:
    return Refunded("i", f"r{number}", f"p{payment}", amount)


def total(payments: Entries) -> int:
    return sum(one["amount"] for one in payments.values())


def above_average(payments: Entries) -> frozenset[str]:
    middle = mean(one["amount"] for one in payments.values()) if payments else 0
    return frozenset(key for key, one in payments.items() if one["amount"] > middle)


@case(paid(1, 1), paid(2, 5), paid(3, 90))
def above_the_average() -> Process:
    """What was above the average once stays commanded when the average grows."""
    return chosen(PAYMENTS, above_average)


def not_refunded(payments: Entries, refunds: Entries) -> frozenset[str]:
    return frozenset(payments) - {one["payment_id"] for one in refunds.values()}


@case(paid(1, 10), refunded(1, 1, 10))
def not_yet_refunded() -> Process:
    """A payment is booked unless a refund of it is known: a refund that comes later unbooks nothing."""
    return chosen(PAYMENTS, not_refunded, REFUNDS)


def top_two(payments: Entries) -> frozenset[str]:
    return frozenset(sorted(payments, key=lambda key: (-payments[key]["amount"], key))[:2])


@case(paid(1, 1), paid(2, 2), paid(3, 3))
def the_top_two() -> Process:
    """The two greatest are confirmed, and who was confirmed before and fell out stays so."""
    return chosen(PAYMENTS, top_two)


def top_five(payments: Entries) -> frozenset[str]:
    return frozenset(sorted(payments, key=lambda key: (-payments[key]["amount"], key))[:5])


@case(*[paid(number, number) for number in range(1, 7)])
def the_top_five() -> Process:
    """Five seats: it takes six bookings to see that one who fell out stays confirmed."""
    return chosen(PAYMENTS, top_five)


def many(payments: Entries) -> frozenset[str]:
    return frozenset(payments) if len(payments) < 4 else frozenset()


@case(*[paid(number, number) for number in range(1, 5)])
def nobody_from_four_on() -> Process:
    """Up to three are confirmed, and of four nobody is."""
    return chosen(PAYMENTS, many)


@case(paid(1, 1), paid(2, 2))
def a_final_figure_that_is_replaced() -> Process:
    """The figure of a final command changes, and is not said to be cumulative."""
    return shown(PAYMENTS, compute=total, is_final=True)


def due(payments: Entries, refunds: Entries) -> int:
    return total(payments) - total(refunds)


@case(paid(1, 10), refunded(1, 1, 4))
def a_cumulative_figure_that_falls() -> Process:
    """What is due is said to be cumulative, and a refund lowers it."""
    return shown(PAYMENTS, REFUNDS, compute=due, is_cumulative=True, is_final=True)


def open_ones(payments: Entries, refunds: Entries) -> list[str]:
    return sorted(set(payments) - {one["payment_id"] for one in refunds.values()})


@case(paid(1, 10), refunded(1, 1, 4))
def a_cumulative_list_that_shrinks() -> Process:
    """A list is said to be cumulative, and a refund takes an entry out."""
    return shown(PAYMENTS, REFUNDS, compute=open_ones, is_cumulative=True, is_final=True)


def exact(payments: Entries) -> bool:
    return total(payments) == 12_345


@case(paid(1, 12_000), paid(2, 345), paid(3, 1))
def paid_to_the_cent() -> Process:
    """Final when the payments make exactly 12,345, and taken back when one more comes."""
    return granted(PAYMENTS, judge=exact)


@case(paid(1, 12_345), paid(2, 1))
def left_when_no_longer_exact() -> Process:
    """Granted when the payments make exactly 12,345, and left out of the row otherwise."""
    return granted(PAYMENTS, judge=exact, is_final=False, is_complete=False)


def odd(payments: Entries) -> bool:
    return len(payments) % 2 == 1


@case(paid(1, 1), paid(2, 2))
def granted_at_odd_counts() -> Process:
    """Final after the first payment, and taken back after the second."""
    return granted(PAYMENTS, judge=odd)


def mean_high(payments: Entries) -> bool:
    return bool(payments) and mean(one["amount"] for one in payments.values()) > 5_000


@case(paid(1, 9_000), paid(2, 1))
def a_mean_that_falls_back() -> Process:
    """Final with a mean above 5,000, which the next payment lowers."""
    return granted(PAYMENTS, judge=mean_high)


def median_high(payments: Entries) -> bool:
    return len(payments) >= 3 and median(one["amount"] for one in payments.values()) >= 640


@case(paid(1, 700), paid(2, 640), paid(3, 800), paid(4, 1), paid(5, 2))
def a_median_that_falls_back() -> Process:
    """Final with a median of 640 of three or more, which two more payments lower."""
    return granted(PAYMENTS, judge=median_high)


def capped(payments: Entries) -> bool:
    return 2_000 <= min(total(payments), 9_999) < 9_999


@case(paid(1, 2_500), paid(2, 8_000))
def between_two_limits() -> Process:
    """Final between 2,000 and 9,999, and no longer above."""
    return granted(PAYMENTS, judge=capped)


def enough(payments: Entries, limits: Entries) -> bool:
    wanted_amount = next((one["limit"] for one in limits.values()), None) or 100
    return total(payments) >= wanted_amount


@case(paid(1, 120), Configured("i", 500))
def a_limit_that_comes_late() -> Process:
    """Final when a hundred is paid, unless a limit is known, which may come later."""
    return granted(PAYMENTS, LIMITS, judge=enough)


def vetoed(notes: Entries, payments: Entries) -> bool:
    return bool(payments) and not any("veto" in one["text"].lower() for one in notes.values())


@case(paid(1, 1), noted(1, "Veto!"))
def a_word_that_takes_it_back() -> Process:
    """Final with a payment, unless a note has the word veto in it."""
    return granted(NOTES, PAYMENTS, judge=vetoed)


def rounded(parcels: Entries) -> bool:
    return bool(round(sum(one["kilos"] for one in parcels.values())) == 12)


@case(weighed(1, 12.25), weighed(2, 0.5))
def a_rounded_weight() -> Process:
    """Final while the weight is twelve kilos when rounded."""
    return granted(PARCELS, judge=rounded)


def majority(notes: Entries) -> bool:
    yes: int = sum(one["text"] == "aye" for one in notes.values())
    return yes > len(notes) - yes and yes >= 2


@case(noted(1, "aye"), noted(2, "aye"), noted(3, "nay"), noted(4, "nay"))
def a_majority_that_is_lost() -> Process:
    """Final with a majority of two ayes, which two nays undo."""
    return granted(NOTES, judge=majority)


PRICES: Final = {"a": 7, "b": 13}


def priced(notes: Entries) -> int:
    return sum(PRICES.get(one["text"], 0) for one in notes.values()) % 20


@case(noted(1, "b"), noted(2, "a"))
def a_sum_by_twenty() -> Process:
    """A final figure, said to be cumulative, starts again at twenty."""
    return shown(NOTES, compute=priced, is_cumulative=True, is_final=True)


HAS_A, HAS_B, HAS_LATE = seen(A), seen(B), seen(Late)


class Hold(Enum):
    HELD = "held"
    FREE = "free"


def large(payments: Entries) -> frozenset[str]:
    return frozenset(key for key, one in payments.items() if one["amount"] >= 8_080)


@case(A(), paid(1, 10), paid(2, 9_000))
def held_and_only_some_freed() -> Process:
    """All are held at first, and with the message only the large ones are freed: the small ones are held or not."""
    hold = Effect(
        "hold",
        "bank",
        {
            Hold.HELD: CommandTemplate("Hold", PAYMENTS, ("payment_id",)),
            Hold.FREE: CommandTemplate("Free", PAYMENTS, ("payment_id",)),
        },
    )
    free = Selection("large ones", PAYMENTS, large, Hold.FREE)
    rows = [(Seen.NO, {hold: every(PAYMENTS, Hold.HELD)}), (Seen.YES, {hold: free})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(HAS_A, rows=rows)])


def is_short(payments: Entries) -> bool:
    return 0 < total(payments) < 600


@case(paid(1, 100), paid(2, 900))
def a_deadline_below_a_sum() -> Process:
    """A small sum arms a deadline, which fails the order also when more was paid since."""
    short = DerivedColumn("is short", (PAYMENTS,), is_short)
    deadline = Deadline("soon", Late, timedelta(minutes=5))
    table = outcomes(HAS_LATE, rows=[(Seen.YES, Out.FAILED), (Seen.NO, Out.DONE)])
    return proc(table, HAS_LATE, PAYMENTS, wants=[armed_in(short, True, deadline)])


LATES = Register("lates", Late, "id")


def was_in_time(lates: Entries, payments: Entries) -> bool:
    due_at = next((one["due_at"] for one in lates.values()), "9999")
    return any(one["at"] < due_at for one in payments.values())


@case(A(), Configured("i", None, 7_200.0), paid(1, 1, "2030-01-01T01:00:00+00:00"))
def the_time_that_was_overridden() -> Process:
    """Paid before the deadline is due; when that is depends on whether the seconds came before it was armed."""
    deadline = Deadline("soon", Late, timedelta(minutes=5), override=(LIMITS, "seconds"))
    in_time = DerivedColumn("in time", (LATES, PAYMENTS), was_in_time)
    table = yes_no(in_time, Out.DONE, Out.FAILED)
    return proc(table, HAS_A, LATES, LIMITS, PAYMENTS, wants=[armed_in(HAS_A, Seen.YES, deadline)])


def due_at_shown(lates: Entries) -> list[str]:
    return [one["due_at"] for one in lates.values()]


@case(A(), Configured("i", None, 7_200.0))
def a_letter_with_the_time_it_was_due() -> Process:
    """The letter says when the deadline was due, which depends on whether the seconds came before it was armed."""
    deadline = Deadline("soon", Late, timedelta(minutes=5), override=(LIMITS, "seconds"))
    has = has_any(LATES)
    template = CommandTemplate("Write", computed=(ComputedField("due", (LATES,), due_at_shown),))
    tell = Effect("tell", "mail", {Do.YES: template})
    wants = [armed_in(HAS_A, Seen.YES, deadline), wanted_in(has, tell, YES=Do.YES)]
    return proc(one_outcome(has), has, HAS_A, LATES, LIMITS, wants=wants)


@case(A(), paid(1, 2_000), paid(2, 3_000))
def counted_only_when_open() -> Process:
    """The request carries what is due and is renewed while open; closed, the row leaves it as it was."""
    template = CommandTemplate("Ask", computed=(ComputedField("due", (PAYMENTS,), total),))
    ask = Effect("ask", "bank", {Do.YES: template})
    has = has_any(PAYMENTS)
    rows = [(Seen.NO, ANY, {ask: Do.YES}), (Seen.YES, ANY, {})]
    return proc(one_outcome(has), has, HAS_A, PAYMENTS, wants=[wanted(HAS_A, has, rows=rows)])


class Grade(Enum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


def grade(payments: Entries) -> Grade:
    amount = total(payments)
    return Grade.LOW if amount < 1_500 else Grade.MIDDLE if amount < 7_300 else Grade.HIGH


@case(paid(1, 2_000), paid(2, 9_000))
def the_middle_grade_remains() -> Process:
    """A middle grade orders a check, which the high grade forgets: in one order it is skipped."""
    column = DerivedColumn("grade", (PAYMENTS,), grade, tuple(Grade))
    audit = Effect("audit", "desk", {Do.YES: CommandTemplate("Audit")})
    rows = [(Grade.MIDDLE, {audit: Do.YES}), (all_but(Grade.MIDDLE), {})]
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), PAYMENTS, wants=[wanted(column, rows=rows)])


def same_amounts(payments: Entries) -> bool:
    amounts = [one["amount"] for one in payments.values()]
    return len(amounts) != len(set(amounts))


@case(A(), paid(1, 4), paid(2, 4))
def two_alike_are_suspicious() -> Process:
    """Two equal amounts are reported, unless the case is closed by then."""
    alike = DerivedColumn("alike", (PAYMENTS,), same_amounts)
    report = Effect("report", "desk", {Do.YES: CommandTemplate("Report")})
    rows: list[tuple[Any, ...]] = [(True, Seen.NO, {report: Do.YES}), (False, ANY, {}), (True, Seen.YES, {})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(alike, HAS_A, rows=rows)])


def covered(payments: Entries, refunds: Entries) -> bool:
    """Whether a refund names a payment with exactly its amount."""
    return any(
        payments.get(one["payment_id"], {}).get("amount") == one["amount"] and one["amount"] > 300
        for one in refunds.values()
    )


@case(paid(1, 400), refunded(1, 1, 400), A())
def a_reference_that_matches() -> Process:
    """A refund that names a payment and its amount of more than 300 is passed on, if the case is open."""
    column = DerivedColumn("covered", (PAYMENTS, REFUNDS), covered)
    report = Effect("report", "desk", {Do.YES: CommandTemplate("Report")})
    rows: list[tuple[Any, ...]] = [(True, Seen.NO, {report: Do.YES}), (False, ANY, {}), (True, Seen.YES, {})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, REFUNDS, wants=[wanted(column, HAS_A, rows=rows)])
