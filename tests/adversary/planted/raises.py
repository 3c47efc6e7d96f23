"""Functions that raise for some value that a message may have, and bounds."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from statistics import median
from typing import Any, Final

from saga import ANY, DerivedColumn, Entries, Fact, Process, Reducer, outcomes
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PARCELS,
    PAYMENTS,
    REFUNDS,
    TAGS,
    Configured,
    Noted,
    Out,
    Paid,
    Refunded,
    case,
    chosen,
    judged,
    noted,
    paid,
    proc,
    shown,
    tagged,
    weighed,
)

RATES: Final = {"DE": 19, "FR": 20, "AT": 20}


def share(payments: Entries) -> int:
    return sum(1000 // (one["amount"] - 250) for one in payments.values())


@case(paid(1, 250))
def divided_by_zero_at_250() -> Process:
    """The share is divided by the amount less 250."""
    return shown(PAYMENTS, compute=share)


def rate(notes: Entries) -> int:
    return max(RATES[one["text"][:2]] for one in notes.values()) if len(notes) > 1 else 0


@case(noted(1, "XX"), noted(2, "YY"))
def an_unknown_country() -> Process:
    """With two notes a table is asked that does not have every country."""
    return shown(NOTES, compute=rate)


def suffix(notes: Entries) -> list[str]:
    return sorted(one["text"].split(":")[1] for one in notes.values() if one["text"].startswith("ref"))


@case(noted(1, "ref 7"))
def a_reference_without_a_colon() -> Process:
    """A text that begins with ref is split at a colon that need not be there."""
    return shown(NOTES, compute=suffix)


def limit(limits: Entries) -> int:
    return sum(int(one["limit"]) + 1 for one in limits.values())


@case(Configured("i"))
def nothing_plus_one() -> Process:
    """The limit is optional, and one is added to it."""
    return shown(LIMITS, compute=limit)


def year(payments: Entries) -> bool:
    return any(datetime.fromisoformat(one["at"]).year > 2031 for one in payments.values())


@case(paid(1, 1, "tomorrow"))
def a_time_that_is_none() -> Process:
    """The time is declared as a text, and read as a time."""
    return judged(PAYMENTS, judge=year)


def square(payments: Entries) -> int:
    return sum(one["amount"] ** 2 for one in payments.values())


@case(paid(1, 2**40))
def beyond_64_bits() -> Process:
    """The square of a large amount takes more than 64 bits."""
    return shown(PAYMENTS, compute=square)


def density(parcels: Entries) -> float:
    return float(sum(one["kilos"] * 1e300 for one in parcels.values()))


@case(weighed(1, 1e10))
def an_infinite_weight() -> Process:
    """A large weight times a large factor is infinite, which is no JSON."""
    return shown(PARCELS, compute=density)


class Band(Enum):
    SMALL = "small"
    LARGE = "large"


class More(Enum):
    HUGE = "huge"


def band(payments: Entries) -> Enum:
    most = max((one["amount"] for one in payments.values()), default=0)
    return Band.SMALL if most < 200 else Band.LARGE if most < 50_000 else More.HUGE


@case(paid(1, 60_000))
def a_state_of_no_column() -> Process:
    """From 50,000 on the column judges what is none of its states."""
    column = DerivedColumn("band", (PAYMENTS,), band, tuple(Band))
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), PAYMENTS)


def refunded(payments: Entries, refunds: Entries) -> frozenset[str]:
    return frozenset(one["payment_id"] for one in refunds.values())


@case(paid(1, 10), Refunded("i", "r1", "p1", 10))
def a_refund_of_an_unknown_payment() -> Process:
    """The choice names the payment of each refund, which may not have come."""
    return chosen(PAYMENTS, refunded, REFUNDS, fields=("amount",))


def middle(tags: Entries) -> str:
    return str(min(one["tags"][0] for one in tags.values()))


@case(tagged(1))
def the_first_of_an_empty_list() -> Process:
    """The first tag of a message that may have none."""
    return shown(TAGS, compute=middle)


def positive(payments: Entries) -> float:
    return float(median(one["amount"] for one in payments.values() if one["amount"] > 0))


@case(paid(1, -5))
def the_median_of_nothing() -> Process:
    """The median of the positive amounts, of which there may be none."""
    return shown(PAYMENTS, compute=positive)


def number(known: int, fact: Fact) -> int:
    text: str = fact.fields["text"]
    return max(known, int(text[2:])) if text.startswith("A-") else known


@case(noted(1, "A-x"))
def a_number_behind_a_prefix() -> Process:
    """What stands behind A- is taken for a number."""
    return shown(Reducer("number", (Noted,), 0, number))


@dataclass(frozen=True)
class Ranked:
    id: str
    rank_id: str
    rank: int | str = 0


def ranks(known: list[Any], fact: Fact) -> list[Any]:
    return sorted([*[one for one in known if one != fact.fields["rank"]], fact.fields["rank"]])


@case(Ranked("i", "a", 1), Ranked("i", "b", "x"))
def numbers_and_texts_sorted() -> Process:
    """A number and a text are sorted together."""
    return shown(Reducer("ranks", (Ranked,), [], ranks))


def grows(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["payment_id"] * 20})


@case(paid(1, 1), paid(2, 2), paid(3, 3))
def more_than_a_hundred_bytes() -> Process:
    """The reducer may hold a hundred bytes: which payments wait for a person depends on the order."""
    return shown(Reducer("ids", (Paid,), [], grows, most_bytes=100))
