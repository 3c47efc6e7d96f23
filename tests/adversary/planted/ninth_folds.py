"""Reducers as teams write them: each folds a message into what it has, and the message before it mattered."""

from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.ninth_messages import (
    Claimed,
    Closed,
    Drawn,
    Known,
    Linked,
    Metered,
    Moved,
    Offered,
    Opened,
    Pledged,
    Repaid,
    Stayed,
    Terms,
    Voted,
    Withdrawn,
    claim,
    drawn,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)


def _waive(known: Known, fact: Fact) -> Known:
    """100 euro by day 10 waive the fee; who pays later and had paid less by then is late."""
    paid = {**known["paid"], fact.fields["repayment_id"]: fact.fields["cents"]}
    was_late = fact.fields["day"] > 10 and sum(known["paid"].values()) < 10_000
    return {
        "paid": paid,
        "is_late": known["is_late"] or (was_late and fact.fields["repayment_id"] not in known["paid"]),
    }


@case(repaid(1, 10_000, day=5), repaid(2, 100, day=12))
def a_fee_that_is_waived_for_early_payers() -> Process:
    """Whether somebody was late is judged by what had been received of when the late payment came."""
    return shown(
        Reducer("fee", (Repaid,), {"paid": {}, "is_late": False}, _waive), compute=lambda held: held["is_late"]
    )


def _where(known: Known, fact: Fact) -> Known:
    hour = fact.fields["minute"] // 60
    return known if known and hour <= known["hour"] else {"hour": hour, "place": fact.fields["sensor"]}


@case(metered(1, 0, 10, "Ulm"), metered(2, 0, 50, "Linz"))
def a_truck_followed_by_the_hour() -> Process:
    """The last known place is replaced by scans of a later hour, and of one hour the first one stays."""
    return shown(Reducer("truck", (Metered,), {}, _where))


def _seat(known: dict[str, int], fact: Fact) -> dict[str, int]:
    if fact.fields["pledge_id"] in known:
        return known
    free = next(number for number in range(1, len(known) + 2) if number not in known.values())
    return {**known, fact.fields["pledge_id"]: free}


@case(pledge(1, 10), pledge(2, 10))
def the_lowest_free_seat() -> Process:
    """Each ticket gets the lowest free seat when it is received of."""
    return shown(Reducer("seats", (Pledged,), {}, _seat))


def _charge(known: Known, fact: Fact) -> Known:
    identity = fact.fields.get("draw_id") or fact.fields.get("repayment_id")
    if identity in known["ids"]:
        return known
    change = fact.fields["cents"] if fact.kind is Drawn else -fact.fields["cents"]
    return {"ids": sorted([*known["ids"], identity]), "level": min(100, max(0, known["level"] + change))}


@case(drawn(1, 80), repaid(1, 30))
def a_battery_that_is_never_below_empty() -> Process:
    """The charge of a battery is kept between 0 and 100 after each message."""
    return shown(Reducer("battery", (Drawn, Repaid), {"ids": [], "level": 0}, _charge))


def _change_plan(known: Known, fact: Fact) -> Known:
    if fact.fields["offer_id"] in known["seen"]:
        return known
    return {
        "seen": sorted([*known["seen"], fact.fields["offer_id"]]),
        "price": fact.fields["cents"],
        "to_pay": known["to_pay"] + max(0, fact.fields["cents"] - known["price"]),
    }


@case(offer(1, 900), offer(2, 400), offer(3, 600))
def an_upgrade_costs_the_difference() -> Process:
    """A change of plan costs what the new plan is dearer than the one received of before."""
    return shown(
        Reducer("plan", (Offered,), {"seen": [], "price": 0, "to_pay": 0}, _change_plan),
        compute=lambda held: held["to_pay"],
    )


def _insure(known: dict[str, list[int]], fact: Fact) -> dict[str, list[int]]:
    """The patient pays the first 500 euro of the year; of the rest the insurer pays all."""
    if fact.fields["claim_id"] in known:
        return known
    left = max(0, 50_000 - sum(cents for cents, _ in known.values()))
    return {**known, fact.fields["claim_id"]: [fact.fields["cents"], max(0, fact.fields["cents"] - left)]}


@case(claim(1, 60_000), claim(2, 40_000))
def the_deductible_of_the_claims_so_far() -> Process:
    """What the insurer pays of a claim depends on how much of the deductible the claims before it used."""
    return shown(Reducer("shares", (Claimed,), {}, _insure))


def _first_backers(known: list[str], fact: Fact) -> list[str]:
    return known if len(known) >= 2 or fact.fields["backer"] in known else sorted([*known, fact.fields["backer"]])


@case(pledge(1, 10), pledge(2, 10), pledge(3, 10))
def early_birds_as_they_are_received_of() -> Process:
    """The first two backers are early birds, in the order of arrival."""
    return shown(Reducer("birds", (Pledged,), [], _first_backers))


def _lengthen(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """Stays as spans of nights; a night beside a span lengthens it."""
    night = fact.fields["night"]
    if any(first <= night <= last for first, last in known):
        return known
    for number, (first, last) in enumerate(known):
        if first - 1 <= night <= last + 1:
            rest = [span for place, span in enumerate(known) if place != number]
            return sorted([*rest, [min(first, night), max(last, night)]])
    return sorted([*known, [night, night]])


@case(stay(1, 1), stay(2, 2), stay(3, 3))
def nights_that_lengthen_a_stay() -> Process:
    """A night between two stays joins one of them only, so three nights are one stay or two."""
    return shown(Reducer("spans", (Stayed,), [], _lengthen))


def _group(known: dict[str, str], fact: Fact) -> dict[str, str]:
    """Which group each box belongs to, named after one of its boxes."""
    one, other = fact.fields["one"], fact.fields["other"]
    name = min(known.get(one, one), known.get(other, other))
    return {**known, one: name, other: name}


@case(linked(1, "b", "c"), linked(2, "a", "b"))
def boxes_that_travel_together() -> Process:
    """A link renames the group of its two boxes, and not of the boxes that were linked to them."""
    return shown(Reducer("groups", (Linked,), {}, _group))


def _thin(known: list[int], fact: Fact) -> list[int]:
    minute = fact.fields["minute"]
    return known if any(abs(minute - one) < 5 for one in known) else sorted([*known, minute])


@case(metered(1, 0, 0), metered(2, 0, 3), metered(3, 0, 6))
def readings_at_least_five_minutes_apart() -> Process:
    """A reading near one that was kept is dropped, and which are kept depends on which came first."""
    return shown(Reducer("kept", (Metered,), [], _thin))


def _burst(known: Known, fact: Fact) -> Known:
    latest = sorted({*known["latest"], fact.fields["minute"]})[-2:]
    is_burst = known["is_burst"] or (len(latest) == 2 and latest[1] - latest[0] <= 10)
    return {"latest": latest, "is_burst": is_burst}


@case(metered(1, 0, 1), metered(2, 0, 2), metered(3, 0, 500))
def two_failures_in_ten_minutes() -> Process:
    """Only the latest two failures are remembered, so an older pair is noticed while it is the latest."""
    return shown(
        Reducer("burst", (Metered,), {"latest": [], "is_burst": False}, _burst), compute=lambda held: held["is_burst"]
    )


def _two_cheapest(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    new = [fact.fields["cents"], fact.fields["supplier"]]
    return known if new in known else sorted([*known, new], key=lambda one: one[0])[:2]


@case(offer(1, 100), offer(2, 200), offer(3, 200))
def the_two_cheapest_by_price_alone() -> Process:
    """Of suppliers with the same price the one that was received of first stays on the short list."""
    return shown(Reducer("short list", (Offered,), [], _two_cheapest))


def _address(known: Known, fact: Fact) -> Known:
    """A newer message replaces what it says, and keeps the rest."""
    if fact.fields["day"] < known["day"]:
        return known
    said = {name: fact.fields[name] for name in ("street", "city") if fact.fields[name] is not None}
    return {**known, **said, "day": fact.fields["day"]}


@case(
    Moved(address_id="a1", day=1, street="High Street"),
    Moved(address_id="a2", day=2, city="Graz"),
)
def an_address_in_parts() -> Process:
    """An older part of the address is dropped as a whole, although nothing newer says anything of it."""
    return shown(Reducer("address", (Moved,), {"day": 0}, _address))


def _active(known: list[str], fact: Fact) -> list[str]:
    if fact.kind is Withdrawn:
        return [one for one in known if one != fact.fields["pledge_id"]]
    return known if fact.fields["pledge_id"] in known else sorted([*known, fact.fields["pledge_id"]])


@case(pledge(1, 10), Withdrawn(withdrawal_id="w1", pledge_id="p1"))
def pledges_that_stand() -> Process:
    """A withdrawal that overtakes its pledge takes nothing away."""
    return shown(Reducer("standing", (Pledged, Withdrawn), [], _active))


def _convert(known: Known, fact: Fact) -> Known:
    if fact.kind is Terms:
        return {**known, "rate": fact.fields["limit"]}
    if fact.fields["draw_id"] in known["lines"]:
        return known
    return {**known, "lines": {**known["lines"], fact.fields["draw_id"]: fact.fields["cents"] * known["rate"]}}


@case(Terms(limit=2), drawn(1, 100))
def an_amount_converted_at_once() -> Process:
    """Each amount is converted with the rate that is known when it comes."""
    return shown(Reducer("converted", (Terms, Drawn), {"rate": 1, "lines": {}}, _convert))


def _match(known: Known, fact: Fact) -> Known:
    """Energy sold is matched with the smallest purchase that is large enough and still free."""
    if fact.kind is Drawn:
        bought = {**known["bought"], fact.fields["draw_id"]: fact.fields["cents"]}
        return {**known, "bought": bought}
    if fact.fields["repayment_id"] in known["matched"]:
        return known
    free = sorted(
        (size, one)
        for one, size in known["bought"].items()
        if size >= fact.fields["cents"] and one not in known["matched"].values()
    )
    partner = free[0][1] if free else None
    return {**known, "matched": {**known["matched"], fact.fields["repayment_id"]: partner}}


@case(drawn(1, 50), repaid(1, 20))
def sales_matched_with_purchases() -> Process:
    """A sale that comes before its purchase is never matched."""
    return shown(Reducer("matches", (Drawn, Repaid), {"bought": {}, "matched": {}}, _match))


def _last_vote(known: dict[str, list[Any]], fact: Fact) -> dict[str, list[Any]]:
    """A member's vote of a later round replaces the earlier one; abstentions replace nothing."""
    before = known.get(fact.fields["voter"])
    if before is not None and (fact.fields["says"] == "abstain" or fact.fields["round"] <= before[0]):
        return known
    return {**known, fact.fields["voter"]: [fact.fields["round"], fact.fields["says"]]}


@case(vote(1, "yes", "Ada", 1), vote(2, "abstain", "Ada", 2))
def an_abstention_replaces_nothing() -> Process:
    """An abstention in a later round counts if it is received of first, and then hides the vote before it."""
    return shown(Reducer("last votes", (Voted,), {}, _last_vote))


def _accept(known: Known, fact: Fact) -> Known:
    fits = fact.fields["cents"] + sum(known.values()) <= 100
    return {**known, fact.fields["pledge_id"]: fact.fields["cents"]} if fits else known


@case(pledge(1, 60), pledge(2, 50))
def vouchers_while_the_budget_lasts() -> Process:
    """A voucher is granted if it fits into what the vouchers before it left."""
    return shown(Reducer("vouchers", (Pledged,), {}, _accept))


def _alarm(known: Known, fact: Fact) -> Known:
    if fact.fields["reading_id"] in known["seen"]:
        return known
    value, was_on = fact.fields["value"], known["is_on"]
    seen = sorted([*known["seen"], fact.fields["reading_id"]])
    return {"seen": seen, "is_on": value > 80 or (was_on and value >= 60)}


@case(metered(1, 90, 0), metered(2, 50, 1))
def an_alarm_with_two_limits() -> Process:
    """The alarm goes on above 80 and off below 60, and between them it stays as it was."""
    return shown(Reducer("alarm", (Metered,), {"seen": [], "is_on": False}, _alarm), compute=lambda held: held["is_on"])


def _sequence(known: Known, fact: Fact) -> Known:
    number = fact.fields["round"]
    if number <= known["last"]:
        return known
    return {"last": number, "says": sorted([*known["says"], fact.fields["says"]])}


@case(vote(1, "yes", turn=1), vote(2, "no", turn=2))
def duplicates_dropped_by_their_number() -> Process:
    """What has no greater number than the last message counts as a duplicate, also if it was only overtaken."""
    return shown(Reducer("numbered", (Voted,), {"last": 0, "says": []}, _sequence))


def _round_up(known: Known, fact: Fact) -> Known:
    if fact.fields["claim_id"] in known["ids"]:
        return known
    return {
        "ids": sorted([*known["ids"], fact.fields["claim_id"]]),
        "sum": round(known["sum"] + fact.fields["cents"], -1),
    }


@case(claim(1, 5), claim(2, 10))
def rounded_to_ten_cents_at_each_step() -> Process:
    """The sum is rounded half to even at each step, so 5 and 10 make 10 or 20."""
    return shown(Reducer("rounded", (Claimed,), {"ids": [], "sum": 0}, _round_up), compute=lambda held: held["sum"])


def _count_open(known: Known, fact: Fact) -> Known:
    if fact.kind in {Opened, Closed}:
        return {**known, "is_open": fact.kind is Opened}
    if not known["is_open"]:
        return known
    return {**known, "guests": {**known["guests"], fact.fields["stay_id"]: fact.fields["guests"]}}


@case(Opened(), Closed(), stay(1, 3, guests=2))
def guests_while_the_house_is_open() -> Process:
    """Guests count while the house is open, as far as the messages about it have come."""
    return shown(Reducer("guests", (Opened, Closed, Stayed), {"is_open": False, "guests": {}}, _count_open))
