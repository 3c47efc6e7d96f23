"""Reducers of shops, phones, meters, games and warehouses that depend on the order of arrival."""

from typing import Any

from pydantic import BaseModel

from saga import DerivedColumn, Fact, Process
from tests.adversary.kit import case, proc, yes_no
from tests.adversary.planted.sixth_helpers import (
    Adjustment,
    Bid,
    Charge,
    Line,
    Reading,
    Return,
    Small,
    Vote,
    adjustment,
    bid,
    charge,
    line,
    reading,
    reducer_of,
    returned,
    told,
    value_of,
    vote,
)


class TierReached(BaseModel):
    id: str
    tier_id: str
    factor: Small


def points(known: dict[str, int], fact: Fact) -> dict[str, int]:
    if fact.kind is TierReached:
        return {**known, "factor": max(known["factor"], fact.fields["factor"])}
    return {**known, "points": known["points"] + known["factor"] * (fact.fields["cents"] // 100)}


@case(charge(1, 5_000), TierReached(id="i", tier_id="gold", factor=2))
def loyalty_points_by_the_tier_known() -> Process:
    """A purchase earns points by the tier that is known when its message comes."""
    return told(points, {"factor": 1, "points": 0}, Charge, TierReached)


def purse(known: int, fact: Fact) -> int:
    return max(0, known + int(fact.fields["cents"]))


@case(adjustment(1, 500), adjustment(2, -800), adjustment(3, 400))
def a_purse_that_never_falls_below_zero() -> Process:
    """The balance is cut at zero after each booking, instead of once at the end."""
    return told(purse, 0, Adjustment)


def consumed(known: dict[str, int], fact: Fact) -> dict[str, int]:
    units = fact.fields["units"]
    return {"last": units, "used": known["used"] + max(0, units - known["last"])}


@case(reading(1, 1, 100), reading(2, 2, 180), reading(3, 3, 250))
def a_meter_read_in_order_of_arrival() -> Process:
    """Consumption is the difference from the reading that came before."""
    return told(consumed, {"last": 0, "used": 0}, Reading)


def prepaid(known: int, fact: Fact) -> int:
    cents = int(fact.fields["cents"])
    if fact.kind is Charge:
        return known + cents
    return known - cents if cents <= known else known


@case(charge(1, 1_000), returned(1, "call", 400), returned(2, "call", 700))
def a_prepaid_call_that_is_refused() -> Process:
    """A call is not booked when the credit that is known is too small for it."""
    return told(prepaid, 0, Charge, Return)


def best_bid(known: list[Any], fact: Fact) -> list[Any]:
    new = [fact.fields["cents"], fact.fields["bidder"]]
    return new if not known or new[0] > known[0] else known


@case(bid(1, 900), bid(2, 900), bid(3, 100))
def the_first_of_two_equal_bids() -> Process:
    """Of two equal bids the one whose message came first wins the auction."""
    return told(best_bid, [], Bid)


def picked(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.kind is Line:
        return {**known, "lots": [*known["lots"], [fact.fields["article"], fact.fields["pieces"]]]}
    wanted, lots = fact.fields["units"], []
    taken = dict(known["taken"])
    for name, pieces in known["lots"]:
        used = min(wanted, pieces)
        wanted -= used
        if used:
            taken[name] = taken.get(name, 0) + used
        lots.append([name, pieces - used])
    return {"lots": lots, "taken": taken}


@case(line(1, "lot-a", 5), line(2, "lot-b", 5), reading(1, 1, 3))
def lots_picked_as_they_were_stored() -> Process:
    """First in, first out, where "first" is the order of the messages about the lots."""
    return told(picked, {"lots": [], "taken": {}}, Line, Reading)


def claimed(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    own = min(known["left"], fact.fields["cents"])
    paid = {**known["paid"], fact.fields["charge_id"]: fact.fields["cents"] - own}
    return {"left": known["left"] - own, "paid": paid}


@case(charge(1, 300), charge(2, 400))
def a_deductible_taken_from_the_first_claim() -> Process:
    """The yearly deductible of 500 is taken from the claims in the order in which they come."""
    return told(claimed, {"left": 500, "paid": {}}, Charge)


def experience(known: dict[str, int], fact: Fact) -> dict[str, int]:
    collected = known["points"] + fact.fields["pieces"]
    if collected >= 100:
        return {"level": known["level"] + 1, "points": 0}
    return {**known, "points": collected}


@case(line(1, "orc", 60), line(2, "troll", 90), line(3, "rat", 20))
def a_level_that_drops_what_is_over() -> Process:
    """At 100 points the level rises, and the points begin at zero again, whatever was over."""
    return told(experience, {"level": 1, "points": 0}, Line)


def streak(known: dict[str, int], fact: Fact) -> dict[str, int]:
    day = fact.fields["day"]
    run = known["run"] + 1 if day == known["day"] + 1 else 1
    return {"day": day, "run": run, "best": max(known["best"], run)}


@case(reading(1, 1, 0), reading(2, 2, 0), reading(3, 3, 0))
def a_streak_of_days() -> Process:
    """A day that comes after a later one breaks the streak."""
    return told(streak, {"day": 0, "run": 0, "best": 0}, Reading)


def too_close(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    day = fact.fields["day"]
    is_close = known["last"] is not None and abs(day - known["last"]) < 4
    return {"last": day, "alarm": known["alarm"] or is_close}


@case(reading(1, 1, 5), reading(2, 3, 5), reading(3, 20, 5))
def doses_too_close_to_the_last_one() -> Process:
    """A dose is compared only with the one that was reported before it."""
    alarm = reducer_of(too_close, {"last": None, "alarm": False}, Reading)
    return proc(yes_no(DerivedColumn("alarm", (alarm,), lambda held: bool(held["value"]["alarm"]))), alarm)


class RateSet(BaseModel):
    id: str
    rate_id: str
    day: Small
    percent: Small


def converted(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.kind is RateSet:
        new = [fact.fields["day"], fact.fields["percent"]]
        return {**known, "rate": max(known["rate"], new)}
    return {**known, "sum": known["sum"] + fact.fields["cents"] * known["rate"][1] // 100}


@case(
    charge(1, 1_000),
    RateSet(id="i", rate_id="r1", day=1, percent=110),
    RateSet(id="i", rate_id="r2", day=2, percent=90),
)
def charges_at_the_rate_of_the_moment() -> Process:
    """Each charge is converted at the newest rate that came before it."""
    return told(converted, {"rate": [0, 100], "sum": 0}, Charge, RateSet)


def discounted(known: int, fact: Fact) -> int:
    if fact.kind is RateSet:
        return int(known - known * min(100, fact.fields["percent"]) // 100)
    return max(0, known - int(fact.fields["cents"]))


@case(charge(1, 2_000), RateSet(id="i", rate_id="sale", day=1, percent=10))
def a_percentage_and_a_fixed_discount() -> Process:
    """Ten per cent off and twenty euro off, each from what the other one left."""
    return told(discounted, 10_000, Charge, RateSet)


class Stay(BaseModel):
    id: str
    stay_id: str
    first: Small
    last: Small


def stay(number: int, first: int, last: int) -> Stay:
    return Stay(id="i", stay_id=f"s{number}", first=first, last=last)


def merged(known: list[list[int]], fact: Fact) -> list[list[int]]:
    first, last = fact.fields["first"], fact.fields["last"]
    for number, (start, end) in enumerate(known):
        if first <= end and start <= last:
            joined = [min(first, start), max(last, end)]
            return sorted([*known[:number], joined, *known[number + 1 :]])
    return sorted([*known, [first, last]])


@case(stay(1, 1, 3), stay(2, 5, 7), stay(3, 2, 6))
def stays_merged_with_one_other() -> Process:
    """A stay that bridges two others is merged with one of them, and the two stay apart."""
    return told(merged, [], Stay)


class SameAs(BaseModel):
    id: str
    link_id: str
    one: str
    other: str


def grouped(known: list[list[str]], fact: Fact) -> list[list[str]]:
    pair = {fact.fields["one"], fact.fields["other"]}
    for number, group in enumerate(known):
        if pair & set(group):
            return sorted([*known[:number], sorted(pair | set(group)), *known[number + 1 :]])
    return sorted([*known, sorted(pair)])


@case(
    SameAs(id="i", link_id="k1", one="anna", other="a.smith"),
    SameAs(id="i", link_id="k2", one="as@x", other="as@y"),
    SameAs(id="i", link_id="k3", one="a.smith", other="as@x"),
)
def accounts_grouped_with_the_first_match() -> Process:
    """A link between two groups of accounts enlarges one group and does not join them."""
    return told(grouped, [], SameAs)


def with_fee(known: int, fact: Fact) -> int:
    balance = known + int(fact.fields["cents"])
    return balance - balance * 3 // 100


@case(charge(1, 1_000), charge(2, 5_000))
def a_fee_on_the_whole_balance() -> Process:
    """Three per cent are taken from the balance with every deposit, so early deposits pay more often."""
    return told(with_fee, 0, Charge)


def decided(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if known["decision"]:
        return known
    choice = fact.fields["choice"]
    counted = {**known["counted"], choice: known["counted"].get(choice, 0) + 1}
    return {"counted": counted, "decision": choice if counted[choice] >= 2 else ""}


@case(vote("u1", "yes"), vote("u2", "no"), vote("u3", "yes"), vote("u4", "no"))
def the_first_two_equal_votes_decide() -> Process:
    """The vote is closed as soon as two agree, and later votes are not counted."""
    ballot = reducer_of(decided, {"counted": {}, "decision": ""}, Vote)
    return proc(yes_no(DerivedColumn("accepted", (ballot,), lambda held: held["value"]["decision"] == "yes")), ballot)


def patron(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    spent = known["spent"] + (1 if fact.kind is Charge else -1) * fact.fields["cents"]
    return {"spent": spent, "is_patron": known["is_patron"] or spent >= 100_000}


@case(charge(1, 60_000), charge(2, 50_000), returned(1, "c1", 60_000))
def a_rank_that_a_return_came_too_late_for() -> Process:
    """The rank is kept once reached, and whether it is reached depends on when the return comes."""
    rank = reducer_of(patron, {"spent": 0, "is_patron": False}, Charge, Return)
    return proc(yes_no(DerivedColumn("patron", (rank,), lambda held: bool(value_of(held)["is_patron"]))), rank)


def spread(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    units = fact.fields["units"]
    if known["high"] is None or units > known["high"]:
        return {**known, "high": units}
    if known["low"] is None or units < known["low"]:
        return {**known, "low": units}
    return known


@case(reading(1, 1, 30), reading(2, 2, 50))
def a_low_that_the_first_reading_never_sets() -> Process:
    """A reading is the highest or else the lowest, so rising temperatures have no lowest one."""
    return told(spread, {"high": None, "low": None}, Reading)
