"""Functions that look beyond what they get: caches, clocks, chance, and the order of sets."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from saga import Entries, Fact, Process, Register
from tests.adversary.kit import Noted, Paid, case, judged, noted, paid, shown
from tests.adversary.planted.seventh_messages import Listed, Sold, folded

PAYMENTS = Register("payments", Paid, "payment_id")
NOTES = Register("notes", Noted, "note_id")
SALES = Register("sales", Sold, "sale_id")
_TOTALS: dict[tuple[str, ...], int] = {}
_SEEN: list[str] = []


def _cached(payments: Entries) -> int:
    key = tuple(payments)
    if key not in _TOTALS:
        _TOTALS[key] = sum(one["amount"] for one in payments.values())
    return _TOTALS[key]


@case(paid(1, 5), paid(1, 7), shown_by="interpreters")
def totals_kept_by_their_ids() -> Process:
    """Sums are kept by the ids of the payments, so another instance with the same ids gets the sum of the first."""
    return shown(PAYMENTS, compute=_cached)


def _is_new(notes: Entries) -> bool:
    news = [one["text"] for one in notes.values() if one["text"] not in _SEEN]
    _SEEN.extend(news)
    return bool(news)


@case(noted(1, "a"), noted(2, "b"))
def texts_known_to_the_whole_module() -> Process:
    """A text is new if no instance had it, and asking makes it known."""
    return judged(NOTES, judge=_is_new)


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cy"), noted(4, "dan"), shown_by="interpreters")
def any_member_of_a_set() -> Process:
    """The contact is whichever text a set gives first."""
    return shown(NOTES, compute=lambda notes: next(iter({one["text"] for one in notes.values()}), ""))


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cy"), shown_by="interpreters")
def halves_of_an_experiment() -> Process:
    """Customers are in one half of an experiment by the hash of a text, which is another one in each interpreter."""
    return judged(NOTES, judge=lambda notes: sum(hash(one["text"]) % 1_000 for one in notes.values()) % 2 == 1)


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0


@case(paid(1, 5, "2026-01-01T00:00:00+00:00"), shown_by="interpreters")
def the_age_of_a_payment() -> Process:
    """A payment is sent with its age in days, by the clock of the computer when somebody looks."""

    def age(payments: Entries) -> int:
        return max((int(time.time() - _seconds(one["at"])) // 86_400 for one in payments.values()), default=0)

    return shown(PAYMENTS, compute=age)


@case(Sold("i", "s1", 5), Sold("i", "s2", 6))
def a_random_reference() -> Process:
    """Each command carries a fresh random reference, so it is another command each time."""
    return shown(SALES, compute=lambda _: str(uuid4()))


@case(Sold("i", "s1", 5), Sold("i", "s2", 6))
def stamped_when_it_is_computed() -> Process:
    """The command says when it was computed."""
    return shown(SALES, compute=lambda sales: [len(sales), datetime.now(UTC).isoformat()])


def _numbered(known: Any, fact: Fact, numbers: dict[str, int] = {}) -> Any:  # noqa: B006 -- the mistake
    for line in fact.fields["lines"]:
        numbers.setdefault(line, len(numbers))
    return sorted({*known, *(numbers[line] for line in fact.fields["lines"])})


@case(Listed("i", "l1", ["a"]), Listed("i", "l2", ["b"]), shown_by="interpreters")
def numbers_given_once() -> Process:
    """Lines get running numbers from a default that is shared by all calls."""
    return folded([], _numbered, Listed)


class Counter:
    """A callable that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, sales: Entries) -> int:
        self.asked += 1
        return len(sales) + (self.asked > 3)


@case(Sold("i", "s1", 5), Sold("i", "s2", 6))
def a_warm_up_that_is_counted() -> Process:
    """An object answers otherwise after it was asked a few times."""
    return shown(SALES, compute=Counter())
