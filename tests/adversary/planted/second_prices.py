"""Further planted processes, the fifth part."""

import re
from bisect import bisect_right
from datetime import timedelta
from enum import Enum
from typing import Final

from saga import (
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
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    REFUNDS,
    TAGS,
    A,
    Do,
    Late,
    Out,
    Refunded,
    Tagged,
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
    tagged,
    wanted_in,
)
from tests.adversary.planted.second import LINES, Answered, Shipped, Y, line, moment


def normalise_in_place(known: list[str], fact: Fact) -> list[str]:
    tags = fact.fields["tags"]
    tags.sort()
    return sorted({*known, *tags})


@case(tagged(1, "b", "a"), A())
def a_reducer_that_tidies_the_message() -> Process:
    """A reducer sorts the tags of the message, which a register keeps as well: a repeat contradicts it."""
    has = has_any(TAGS)
    tags = Reducer("all-tags", (Tagged,), [], normalise_in_place)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField("tags", (tags,), list),))})
    return proc(one_outcome(has), has, seen(A), TAGS, tags, wants=[wanted_in(has, tell, YES=Do.YES)])


# What was chosen, and is no longer.


def household(payments: Entries) -> frozenset[str]:
    first: dict[str, tuple[str, str]] = {}
    for key, one in payments.items():
        day = one["at"][:10]
        first[day] = min(first.get(day, (one["at"], key)), (one["at"], key))
    return frozenset(key for _, key in first.values())


@case(paid(1, 5, "2030-01-01T09:00:00Z"), paid(2, 5, "2030-01-01T08:00:00Z"))
def the_earliest_of_each_day() -> Process:
    """One prize a day, for the earliest: who was reported and turns out to be second keeps it."""
    return chosen(PAYMENTS, household)


def doubles(payments: Entries) -> frozenset[str]:
    found, kept = set(), None
    for key, one in sorted(payments.items(), key=lambda item: (item[1]["amount"], item[0])):
        if kept is not None and one["amount"] - kept <= 10:
            found.add(key)
        else:
            kept = one["amount"]
    return frozenset(found)


@case(paid(1, 0), paid(2, 6), paid(3, -5))
def doubles_of_what_was_kept() -> Process:
    """A payment within ten of the last one that was kept is a double; a lesser one moves all the windows."""
    return chosen(PAYMENTS, doubles)


def cheapest_per_sku(lines: Entries) -> dict[str, int]:
    prices: dict[str, int] = {}
    for one in lines.values():
        prices[one["sku"]] = min(one["price"], prices.get(one["sku"], one["price"]))
    return prices


@case(line(1, "tea", 9), line(2, "tea", 5))
def the_cheapest_of_each_article() -> Process:
    """A mapping that is said to be cumulative has the least price of each article, which falls."""
    return shown(LINES, compute=cheapest_per_sku, is_cumulative=True, is_final=True)


def recent(payments: Entries) -> list[str]:
    return [key for key, _ in sorted(payments.items(), key=lambda item: (item[1]["at"], item[0]))][-3:]


@case(*(paid(number, 5, f"2030-01-0{number}") for number in range(1, 5)))
def the_three_latest() -> Process:
    """A list that is said to be cumulative has the three latest payments only."""
    return shown(PAYMENTS, compute=recent, is_cumulative=True, is_final=True)


@case(noted(1, "x"), noted(2, "y"))
def a_cumulative_text() -> Process:
    """All ids in one text, which is said to be cumulative: no text includes another."""
    return shown(NOTES, compute=lambda held: ", ".join(sorted(held)), is_cumulative=True, is_final=True)


STEPS: Final = (0, 1_000, 5_000)
PERCENT: Final = (100, 90, 80)


def price(lines: Entries) -> int:
    whole = sum(abs(one["price"]) for one in lines.values())
    return int(whole * PERCENT[bisect_right(STEPS, whole) - 1] // 100)


@case(line(1, "tea", 995), line(2, "cup", 6))
def a_discount_for_much() -> Process:
    """The final price grows with each line, except where a discount begins."""
    return shown(LINES, compute=price, is_cumulative=True, is_final=True)


def place(payments: Entries, key: str) -> int:
    ranked = sorted(payments, key=lambda one: (-payments[one]["amount"], one))
    return ranked.index(key) + 1


@case(paid(1, 10), paid(2, 20))
def a_place_in_the_queue() -> Process:
    """Each is reported its place for good, and a greater one comes and takes it."""
    template = CommandTemplate("TellPlace", PAYMENTS, (), (ComputedField("place", (PAYMENTS,), place),))
    tell = Effect("place", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    has = has_any(PAYMENTS)
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, tell, YES=every(PAYMENTS))])


@case(line(1, "tea", 9), line(2, "cup", 5), Shipped("i"))
def a_line_after_the_parcel_left() -> Process:
    """The label may change until the parcel has left, and a line that comes later changes it all the same."""
    has, shipped = has_any(LINES), seen(Shipped)
    value = ComputedField("value", (LINES,), lambda held: sum(one["price"] for one in held.values()))
    label = Effect(
        "label",
        "carrier",
        {Do.YES: CommandTemplate("Print", computed=(value,))},
        final=frozenset({Do.YES}),
        decided_by=Shipped,
    )
    return proc(one_outcome(has), has, shipped, LINES, wants=[wanted_in(has, label, YES=Do.YES)])


ANSWERS = Register("answers", Answered, "answer_id")


def is_unanimous(answers: Entries) -> bool:
    return len(answers) >= 2 and all(one["is_yes"] for one in answers.values())


@case(*(Answered("i", f"a{number}", "ann", number < 2) for number in range(3)))
def a_unanimous_vote() -> Process:
    """Final as soon as two or more agree and nobody is against it, and then somebody is."""
    return granted(ANSWERS, judge=is_unanimous)


def by_two_people(answers: Entries) -> bool:
    people = {re.sub(r"\W", "", one["person"]).casefold() for one in answers.values() if one["is_yes"]}
    return len(people) == 2


@case(*(Answered("i", f"a{number}", name, is_yes=True) for number, name in enumerate(("ann", "bob", "cem"))))
def by_exactly_two_people() -> Process:
    """Final with the names of two people, and a third one takes it back."""
    return granted(ANSWERS, judge=by_two_people)


WARRANTY: Final = timedelta(days=730)


def in_warranty(payments: Entries) -> bool:
    moments = [found for one in payments.values() if (found := moment(one["at"]))]
    return len(moments) > 1 and max(moments) - min(moments) <= WARRANTY


@case(paid(1, 5, "2030-01-01"), paid(2, 5, "2031-01-01"), paid(3, 5, "2028-01-01"))
def a_warranty_from_the_first_receipt() -> Process:
    """Final within two years of the first receipt, and then an older receipt is found."""
    return granted(PAYMENTS, judge=in_warranty)


def booked(register: Register) -> Effect:
    return Effect(f"book-{register.name}", "ledger", {Do.YES: CommandTemplate("Book", register, ("amount",))})


@case(paid(1, 10), Refunded("i", "r1", "p1", 10))
def booked_by_the_amount_alone() -> Process:
    """Payments and refunds are booked by two effects that say the amount only, and one may be as large as the other."""
    has, has_refund = has_any(PAYMENTS), seen(Refunded)
    wants = [
        wanted_in(has, booked(PAYMENTS), YES=every(PAYMENTS)),
        wanted_in(has_refund, booked(REFUNDS), YES=every(REFUNDS)),
    ]
    return proc(one_outcome(has), has, has_refund, PAYMENTS, REFUNDS, wants=wants)


class Risk(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


SCORES: Final = {"new customer": 30, "foreign card": 40, "vpn": 50, "wanted": 90}


def risk(notes: Entries) -> Risk:
    score = sum(SCORES.get(one["text"].strip().lower(), 0) for one in notes.values())
    return Risk.HIGH if score >= 80 else Risk.MEDIUM if score >= 30 else Risk.LOW


@case(noted(1, "vpn"), noted(2, "foreign card"))
def a_high_risk_that_waits() -> Process:
    """A medium risk has a deadline, and a high one waits for somebody who may never come."""
    column, late = DerivedColumn("risk", (NOTES,), risk, tuple(Risk)), seen(Late)
    soon = Deadline("soon", Late, timedelta(hours=1))
    table = outcomes(
        column,
        late,
        rule=lambda level, over: {
            Risk.LOW: Out.DONE,
            Risk.MEDIUM: Out.FAILED if over is Y else Out.OPEN,
            Risk.HIGH: Out.OTHER,
        }[level],
    )
    arms = wanted(column, rows=[(one, {soon: ARMED} if one is Risk.MEDIUM else {}) for one in Risk])
    return proc(table, late, NOTES, wants=[arms], unsettled=[Out.OPEN, Out.OTHER])
