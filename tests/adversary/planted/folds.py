"""Reducers whose fold is not commutative, not associative or not idempotent, as people write them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from saga import Fact, Process, Reducer
from tests.adversary.kit import (
    A,
    B,
    C,
    Configured,
    Noted,
    Paid,
    Refunded,
    Tagged,
    Weighed,
    case,
    noted,
    paid,
    shown,
    tagged,
    weighed,
)


def float_total(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, kilos = fact.fields["parcel_id"], fact.fields["kilos"]
    if key in known["ids"]:
        return known
    return {"ids": sorted([*known["ids"], key]), "total": known["total"] + kilos}


@case(weighed(1, 0.1), weighed(2, 0.2), weighed(3, 0.3))
def a_running_float_sum() -> Process:
    """Floats are added as they come: 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1."""
    return shown(Reducer("total", (Weighed,), {"ids": [], "total": 0.0}, float_total))


def mean(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, amount = fact.fields["payment_id"], fact.fields["amount"]
    if key in known["ids"]:
        return known
    count = len(known["ids"])
    return {"ids": sorted([*known["ids"], key]), "mean": (known["mean"] * count + amount) // (count + 1)}


@case(paid(1, 1), paid(2, 2), paid(3, 6))
def a_running_mean() -> Process:
    """The mean is kept as a whole number and rounded at each step."""
    return shown(Reducer("mean", (Paid,), {"ids": [], "mean": 0}, mean))


def first_three(known: list[str], fact: Fact) -> list[str]:
    text = fact.fields["text"]
    return known if text in known or len(known) >= 3 else sorted([*known, text])


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"), noted(4, "d"))
def the_first_three() -> Process:
    """The list is sorted, but only what comes first gets into it."""
    return shown(Reducer("three", (Noted,), [], first_three))


def last_two(known: list[str], fact: Fact) -> list[str]:
    text = fact.fields["text"]
    return known if text in known else [*known, text][-2:]


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"))
def the_last_two() -> Process:
    """A window of the last two texts."""
    return shown(Reducer("window", (Noted,), [], last_two))


def best_two(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    new = [fact.fields["payment_id"], fact.fields["amount"]]
    return known if new in known else sorted([*known, new], key=lambda one: -one[1])[:2]


@case(paid(1, 50), paid(2, 50), paid(3, 50))
def the_best_two_with_ties() -> Process:
    """The two greatest amounts, sorted by amount alone: of equals the first stays."""
    return shown(Reducer("best", (Paid,), [], best_two))


def by_text(known: dict[str, str], fact: Fact) -> dict[str, str]:
    return known if fact.fields["text"] in known else {**known, fact.fields["text"]: fact.fields["note_id"]}


@case(noted(1, "same"), noted(2, "same"))
def dedup_by_another_field() -> Process:
    """Notes of the same text are one, which has the id of the first."""
    return shown(Reducer("texts", (Noted,), {}, by_text))


def spelled(known: dict[str, str], fact: Fact) -> dict[str, str]:
    known.setdefault(fact.fields["text"].strip().lower(), fact.fields["text"])
    return known


@case(noted(1, "A"), noted(2, "a "))
def dedup_by_a_cleaned_text() -> Process:
    """ "A" and "a " are one, spelled as the first one was."""
    return shown(Reducer("spelled", (Noted,), {}, spelled))


def count(known: int, fact: Fact) -> int:
    return known + 1


@case(A())
def a_count_of_deliveries() -> Process:
    """Each delivery counts, also of what came before."""
    return shown(Reducer("count", (A,), 0, count))


def add_all(known: int, fact: Fact) -> int:
    return known + int(fact.fields["amount"])


@case(paid(1, 5), paid(2, 7))
def a_sum_of_deliveries() -> Process:
    """Amounts are added without a look at the id."""
    return shown(Reducer("sum", (Paid,), 0, add_all))


def tags_in_order(known: list[str], fact: Fact) -> list[str]:
    return known + [one for one in fact.fields["tags"] if one not in known]


@case(tagged(1, "x", "y"), tagged(2, "y", "z"))
def the_order_of_tags() -> Process:
    """Tags are collected once each, in the order in which they were first seen."""
    return shown(Reducer("tags", (Tagged,), [], tags_in_order))


def refund_known(known: dict[str, int], fact: Fact) -> dict[str, int]:
    if fact.kind is Paid:
        return {**known, fact.fields["payment_id"]: known.get(fact.fields["payment_id"], fact.fields["amount"])}
    reference = fact.fields["payment_id"]
    return {**known, reference: 0} if reference in known else known


@case(paid(1, 10), Refunded("i", "r1", "p1", 10))
def a_refund_before_its_payment() -> Process:
    """A refund counts only if its payment is known already."""
    return shown(Reducer("balance", (Paid, Refunded), {}, refund_known))


def reserve(known: dict[str, int], fact: Fact) -> dict[str, int]:
    key, amount = fact.fields["payment_id"], fact.fields["amount"]
    return known if key in known or sum(known.values()) + amount > 100 else {**known, key: amount}


@case(paid(1, 60), paid(2, 50), paid(3, 40))
def first_come_first_reserved() -> Process:
    """A hundred pieces are in stock, and reservations are accepted while they last."""
    return shown(Reducer("reserved", (Paid,), {}, reserve))


def xor(known: int, fact: Fact) -> int:
    return known ^ int(fact.fields["amount"])


@case(paid(1, 5), paid(2, 6))
def a_checksum() -> Process:
    """A checksum by exclusive or: commutative and associative, but a repeat takes it back."""
    return shown(Reducer("checksum", (Paid,), 0, xor))


def hysteresis(known: str, fact: Fact) -> str:
    kilos = fact.fields["kilos"]
    return "high" if kilos > 80 else "low" if kilos < 20 else known


@case(weighed(1, 90.0), weighed(2, 10.0))
def a_thermostat() -> Process:
    """High above 80, low below 20, and in between what it was."""
    return shown(Reducer("level", (Weighed,), "low", hysteresis))


def smooth(known: float, fact: Fact) -> float:
    return known + (float(fact.fields["kilos"]) - known) / 4


@case(weighed(1, 8.0), weighed(2, 16.0))
def exponential_smoothing() -> Process:
    """A smoothed figure, to which each delivery adds a quarter."""
    return shown(Reducer("smoothed", (Weighed,), 0.0, smooth))


class Address(BaseModel):
    street: str
    city: str


class Moved(BaseModel):
    id: str
    revision: int
    address: Address
    history: list[Address] = []


def newest_address(known: dict[str, Any], fact: Fact) -> Any:
    return fact.fields["address"] if fact.fields["revision"] >= known.get("revision", 0) else known


@case(
    Moved(id="i", revision=1, address=Address(street="a", city="x")),
    Moved(id="i", revision=2, address=Address(street="b", city="x")),
)
def a_nested_address() -> Process:
    """The revision is compared with that of the address, which has none: the last address counts."""
    return shown(Reducer("address", (Moved,), {}, newest_address))


def newest(known: list[Any], fact: Fact) -> list[Any]:
    new = [fact.fields["revision"], fact.fields["address"]["street"]]
    return new if not known or new[0] >= known[0] else known


@case(
    Moved(id="i", revision=1, address=Address(street="a", city="x")),
    Moved(id="i", revision=1, address=Address(street="b", city="x")),
)
def a_tie_of_revisions() -> Process:
    """Of two addresses of one revision the last counts."""
    return shown(Reducer("newest", (Moved,), [], newest))


def first_of_history(known: str, fact: Fact) -> str:
    streets = [one["street"] for one in fact.fields["history"]]
    return known or (streets[0] if streets else "")


@case(
    Moved(id="i", revision=1, address=Address(street="a", city="x"), history=[Address(street="c", city="y")]),
    Moved(id="i", revision=2, address=Address(street="b", city="x"), history=[Address(street="d", city="y")]),
)
def the_first_of_a_nested_list() -> Process:
    """The first street of the first history that is not empty."""
    return shown(Reducer("street", (Moved,), "", first_of_history))


def patch(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    return known | {key: value for key, value in fact.fields.items() if value is not None and key != "id"}


@case(Configured("i", 1, None), Configured("i", 2, 3.0))
def a_patched_configuration() -> Process:
    """Each message overwrites the fields that it has."""
    return shown(Reducer("config", (Configured,), {}, patch))


def zero_is_absent(known: int, fact: Fact) -> int:
    return known or int(fact.fields["amount"])


@case(paid(1, 0), paid(2, 3), paid(3, 4))
def zero_taken_for_absent() -> Process:
    """The first amount that is not zero counts."""
    return shown(Reducer("amount", (Paid,), 0, zero_is_absent))


def doubled(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.kind.__name__ in known["seen"]:
        return known
    value = known["value"] * 2 if fact.kind is A else known["value"] + 10
    return {"seen": sorted([*known["seen"], fact.kind.__name__]), "value": value}


@case(A(), B())
def a_discount_and_a_fee() -> Process:
    """Twice and plus ten, each once, in the order in which they come."""
    return shown(Reducer("price", (A, B), {"seen": [], "value": 100}, doubled))


def is_later(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)


def latest(known: str, fact: Fact) -> str:
    try:
        return str(fact.fields["at"]) if not known or is_later(fact.fields["at"], known) else known
    except (ValueError, TypeError):
        return max(known, str(fact.fields["at"]))


@case(paid(1, 1, "2030-01-01T12:00:00+00:00"), paid(2, 1, "2030-01-01T13:00:00+01:00"))
def one_moment_in_two_zones() -> Process:
    """The latest moment, written as the first who named it wrote it."""
    return shown(Reducer("latest", (Paid,), "", latest))


def greatest(known: Any, fact: Fact) -> Any:
    return max(known, fact.fields["size"], key=float)


@dataclass(frozen=True)
class Sized:
    id: str
    size_id: str
    size: int | float = 0


@case(Sized("i", "a", 1), Sized("i", "b", 1.0))
def one_and_one_point_nought() -> Process:
    """The greatest of 1 and 1.0 is the one that came first."""
    return shown(Reducer("size", (Sized,), 0, greatest))


@dataclass(frozen=True)
class Answered:
    id: str
    question: str
    answer: bool | int = False


def answers(known: list[Any], fact: Fact) -> list[Any]:
    return known if fact.fields["answer"] in known else sorted([*known, fact.fields["answer"]])


@case(Answered("i", "a", answer=True), Answered("i", "b", answer=1))
def true_and_one() -> Process:
    """True is in a list that has 1, so which of the two is kept depends on the order."""
    return shown(Reducer("answers", (Answered,), [], answers))


def exact_float(known: list[Any], fact: Fact) -> list[Any]:
    new = [float(fact.fields["amount"]), fact.fields["payment_id"]]
    return new if not known or new[0] > known[0] else known


@case(paid(1, 2**53), paid(2, 2**53 + 1))
def too_large_for_a_float() -> Process:
    """Two amounts beyond 2**53 are equal as floats, and the first stays."""
    return shown(Reducer("greatest", (Paid,), [], exact_float))


def spent(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    seen, left = known["seen"], known["left"]
    key = fact.fields.get("refund_id") or fact.fields["payment_id"]
    if key in seen:
        return known
    step = fact.fields["amount"] if fact.kind is Paid else -fact.fields["amount"]
    return {"seen": sorted([*seen, key]), "left": max(0, left + step)}


@case(paid(1, 10), Refunded("i", "r1", "p1", 7))
def a_balance_that_stops_at_zero() -> Process:
    """Added and taken away, but never below zero."""
    return shown(Reducer("balance", (Paid, Refunded), {"seen": [], "left": 0}, spent))


def freeze(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.kind is C or known["closed"]:
        return known | {"closed": True}
    return known | {"notes": sorted({*known["notes"], fact.fields["text"]})}


@case(noted(1, "a"), C())
def closed_to_late_notes() -> Process:
    """After the closing no note is kept."""
    return shown(Reducer("notes", (Noted, C), {"notes": [], "closed": False}, freeze))


class Rated(BaseModel):
    id: str
    rater: str
    level: Literal["low", "medium", "high"]


def worst(known: str, fact: Fact) -> str:
    return str(fact.fields["level"]) if known in {"", "medium"} else known


@case(
    Rated(id="i", rater="a", level="low"),
    Rated(id="i", rater="b", level="medium"),
    Rated(id="i", rater="c", level="high"),
)
def medium_gives_way() -> Process:
    """Low and high stay once they are there, and medium gives way to whatever comes."""
    return shown(Reducer("level", (Rated,), "", worst))
