"""Effects that can't be undone, and figures and selections that a later message changes; with functions."""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    Selection,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, chosen, granted, has_any, one_outcome, proc, seen, shown, wanted_in
from tests.adversary.planted.sixth_helpers import (
    BIDS,
    CHARGES,
    LABELS,
    LINES,
    ORDERS,
    READINGS,
    RETURNS,
    REVIEWS,
    Cancelled,
    Departed,
    Money,
    Ordered,
    bid,
    charge,
    label,
    line,
    reading,
    returned,
    review,
)


def net(charges: Entries, returns: Entries) -> int:
    return int(sum(one["cents"] for one in charges.values()) - sum(one["cents"] for one in returns.values()))


@case(charge(1, 3_000), charge(2, 2_500), returned(1, "c1", 3_000))
def free_shipping_before_a_return() -> Process:
    """Shipping is free from 50 euro on, and the voucher can't be taken back when something is returned."""
    return granted(CHARGES, RETURNS, judge=lambda charges, returns: net(charges, returns) >= 5_000)


@case(label(1, "ann"), label(2, "bob"), label(3, "cy"), label(4, "di"))
def a_bonus_for_exactly_three_referrals() -> Process:
    """The bonus is paid at three referrals, and the fourth one makes the condition false again."""
    return granted(LABELS, judge=lambda labels: len(labels) == 3)


def earliest(bids: Entries) -> frozenset[str]:
    return frozenset(sorted(bids, key=lambda key: (bids[key]["at"], key))[:1])


@case(bid(1, 900, "2030-01-02T00:00:00Z"), bid(2, 500, "2030-01-01T00:00:00Z"))
def a_prize_for_the_earliest_entry() -> Process:
    """The prize leaves for the earliest entry that is known, and an earlier one comes later."""
    return chosen(BIDS, earliest, is_final=True, fields=("bidder",))


@case(charge(1, 300), charge(2, 400))
def a_payout_that_is_sent_again() -> Process:
    """The transfer is final and says the sum of the moment, which is not marked as cumulative."""
    return shown(CHARGES, compute=lambda charges: sum(one["cents"] for one in charges.values()), is_final=True)


@case(charge(1, 3_000), charge(2, 4_000), returned(1, "c1", 1_000))
def a_cumulative_refund_less_what_came_back() -> Process:
    """A cumulative amount that a return makes smaller."""
    return shown(CHARGES, RETURNS, compute=lambda a, b: max(0, net(a, b)), is_cumulative=True, is_final=True)


def best_three(reviews: Entries) -> list[str]:
    return sorted(reviews, key=lambda key: (-reviews[key]["stars"], key))[:3]


@case(review(1, 3), review(2, 4), review(3, 4), review(4, 5))
def a_printed_list_of_the_best_three() -> Process:
    """The list is final and cumulative, but the fourth review pushes one out of it."""
    return shown(REVIEWS, compute=best_three, is_cumulative=True, is_final=True)


class Suspected(BaseModel):
    id: str
    charge_id: str


SUSPECTED = Register("suspected", Suspected, "charge_id")


def unsuspected(charges: Entries, suspected: Entries) -> frozenset[str]:
    return frozenset(charges) - frozenset(suspected)


@case(charge(1, 300), charge(2, 400), Suspected(id="i", charge_id="c2"))
def payouts_before_the_fraud_list() -> Process:
    """Each charge is paid out unless it is suspected, and the suspicion may come later."""
    return chosen(CHARGES, unsuspected, SUSPECTED, is_final=True, fields=("cents",))


def is_bad(reviews: Entries) -> bool:
    return len(reviews) >= 2 and sum(one["stars"] for one in reviews.values()) < 2 * len(reviews)


@case(review(1, 1), review(2, 1), review(3, 5))
def a_seller_banned_by_the_average() -> Process:
    """The ban is final below two stars on average, and a good review lifts the average."""
    return granted(REVIEWS, judge=is_bad)


class Checked(BaseModel):
    id: str
    step: str
    is_passed: bool


CHECKED = Register("checked", Checked, "step")


@case(Checked(id="i", step="brakes", is_passed=True), Checked(id="i", step="lights", is_passed=False))
def a_badge_while_all_steps_so_far_passed() -> Process:
    """The badge is printed as soon as all steps that are known passed, and a failed one follows."""
    return granted(CHECKED, judge=lambda steps: bool(steps) and all(one["is_passed"] for one in steps.values()))


def share(labels: Entries, key: str) -> int:
    return 9_000 // len(labels) if key in labels else 0


@case(label(1, "ann"), label(2, "bob"))
def shares_of_a_pot_paid_out_at_once() -> Process:
    """Each winner is paid a share of the pot, and the share shrinks with the next winner."""
    has = has_any(LABELS)
    template = CommandTemplate("PayShare", LABELS, ("text",), (ComputedField("cents", (LABELS,), share),))
    pay = Effect("pay", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    every_one = Selection("all winners", LABELS, frozenset)
    return proc(one_outcome(has), has, LABELS, wants=[wanted_in(has, pay, YES=every_one)])


def place(bids: Entries, key: str) -> int:
    return sorted(bids, key=lambda one: (-bids[one]["cents"], bids[one]["at"], one)).index(key) + 1


@case(bid(1, 100), bid(2, 200))
def certificates_with_the_place_of_the_moment() -> Process:
    """A certificate with the place is printed for each runner, and a faster one comes in later."""
    has = has_any(BIDS)
    template = CommandTemplate("Print", BIDS, ("bidder",), (ComputedField("place", (BIDS,), place),))
    print_one = Effect("print", "printer", {Do.YES: template}, final=frozenset({Do.YES}))
    every_one = Selection("all runners", BIDS, frozenset)
    return proc(one_outcome(has), has, BIDS, wants=[wanted_in(has, print_one, YES=every_one)])


class Invoiced(BaseModel):
    id: str
    invoice_id: str
    cents: Money


INVOICED = Register("invoiced", Invoiced, "invoice_id")


def matches(invoices: Entries, charges: Entries) -> dict[str, str]:
    found: dict[str, str] = {}
    for invoice, one in invoices.items():
        free = [key for key in charges if key not in found.values() and charges[key]["cents"] == one["cents"]]
        if free:
            found[invoice] = free[0]
    return found


@case(Invoiced(id="i", invoice_id="n1", cents=500), charge(2, 500), charge(1, 500))
def invoices_matched_by_amount() -> Process:
    """Each invoice is settled for good with the first charge of its amount by key, and a lesser key comes later."""
    return shown(INVOICED, CHARGES, compute=matches, is_cumulative=True, is_final=True)


class Stage(Enum):
    NONE = "none"
    SOME = "some"
    MUCH = "much"


def stage(lines: Entries) -> Stage:
    pieces = sum(one["pieces"] for one in lines.values())
    return Stage.MUCH if pieces > 50 else Stage.SOME if pieces > 0 else Stage.NONE


class Carrier(Enum):
    PARCEL = "parcel"
    FREIGHT = "freight"


@case(line(1, "a", 30), line(2, "b", 40))
def a_parcel_sent_before_it_is_freight() -> Process:
    """A small delivery leaves as a parcel, and the next line makes it freight."""
    ship = Effect(
        "ship",
        "carrier",
        {Carrier.PARCEL: CommandTemplate("SendParcel"), Carrier.FREIGHT: CommandTemplate("SendFreight")},
        final=frozenset(Carrier),
    )
    size = DerivedColumn("size", (LINES,), stage, tuple(Stage))
    rows = [(Stage.NONE, {}), (Stage.SOME, {ship: Carrier.PARCEL}), (Stage.MUCH, {ship: Carrier.FREIGHT})]
    return proc(outcomes(size, rule=lambda _: Out.DONE), LINES, wants=[wanted(size, rows=rows)])


def is_urgent(lines: Entries) -> bool:
    return any(one["article"].strip().lower() == "insulin" for one in lines.values())


@case(line(1, "insulin", 1), Cancelled(id="i"))
def a_courier_ordered_before_the_cancellation() -> Process:
    """The courier leaves for insulin, and a cancellation wants the courier called back."""
    urgent, cancelled = DerivedColumn("urgent", (LINES,), is_urgent), seen(Cancelled)
    ride = Effect(
        "ride",
        "courier",
        {Do.YES: CommandTemplate("Ride"), Do.NO: CommandTemplate("CallBack")},
        final=frozenset({Do.YES}),
        initially=Do.NO,
    )
    rows = [
        (True, Seen.NO, {ride: Do.YES}),
        (True, Seen.YES, {ride: Do.NO}),
        (False, Seen.YES, {ride: Do.NO}),
        (False, Seen.NO, {ride: Do.NO}),
    ]
    return proc(one_outcome(urgent), cancelled, LINES, wants=[wanted(urgent, cancelled, rows=rows)])


def is_overdrawn(charges: Entries, orders: Entries) -> bool:
    limit = next((one["total"] for one in orders.values()), 0)
    return bool(sum(one["cents"] for one in charges.values()) > limit)


@case(charge(1, 500), Ordered(id="i", total=1_000))
def an_account_closed_before_its_limit_is_known() -> Process:
    """Without a limit anything is over it, and the closing is final when the limit comes."""
    return granted(CHARGES, ORDERS, judge=is_overdrawn)


def spikes(readings: Entries) -> frozenset[str]:
    mean = sum(one["units"] for one in readings.values()) // max(1, len(readings))
    return frozenset(key for key, one in readings.items() if one["units"] > 2 * mean)


@case(reading(1, 1, 10), reading(2, 2, 10), reading(3, 3, 90), reading(4, 4, 400))
def inspections_of_readings_above_the_mean() -> Process:
    """An inspector is sent for each reading above twice the mean, and the mean moves with each reading."""
    return chosen(READINGS, spikes, is_final=True, fields=("day",))


class Weighed(BaseModel):
    id: str
    crate_id: str
    grams: Annotated[int, Field(ge=-5_000, le=50_000)]


CRATES = Register("crates", Weighed, "crate_id")


@case(Weighed(id="i", crate_id="k1", grams=9_000), Weighed(id="i", crate_id="k2", grams=-1_500))
def a_truck_dispatched_with_tare_to_come() -> Process:
    """The truck leaves at eight kilos, and the weight of a crate may be a correction below zero."""
    return granted(CRATES, judge=lambda crates: sum(one["grams"] for one in crates.values()) >= 8_000)


def by_article(lines: Entries) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in lines.values():
        found[one["article"]] = min(one["pieces"], found.get(one["article"], one["pieces"]))
    return found


@case(line(1, "hat", 5), line(2, "hat", 3))
def a_cumulative_mapping_with_a_least_value() -> Process:
    """A mapping gains articles, but the pieces of an article shrink."""
    return shown(LINES, compute=by_article, is_cumulative=True, is_final=True)


def _is_paid(orders: Entries, charges: Entries) -> bool:
    return bool(sum(one["cents"] for one in charges.values()) >= sum(one["total"] for one in orders.values()))


def _ticket(paid: Any) -> Process:
    ticket = Effect(
        "ticket",
        "airline",
        {Do.YES: CommandTemplate("Issue"), Do.NO: CommandTemplate("Void")},
        final=frozenset({Do.YES}),
        decided_by=Departed,
    )
    rows = [(True, {ticket: Do.YES}), (False, {ticket: Do.NO})]
    departed = seen(Departed)
    return proc(one_outcome(paid), departed, ORDERS, CHARGES, wants=[wanted(paid, rows=rows)])


@case(Departed(id="i"), Ordered(id="i", total=5), charge(1, 5))
def a_ticket_voided_after_the_departure() -> Process:
    """The departure decides that the ticket is used, and an order that is not paid in full voids it even then."""
    paid = DerivedColumn("paid", (ORDERS, CHARGES), _is_paid)
    return _ticket(paid)
