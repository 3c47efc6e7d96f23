"""Reducers that a tester would find with two or three plausible messages."""

from typing import Any

from saga import Fact, Process
from tests.adversary.kit import case
from tests.adversary.planted.fourth_helpers import (
    Arrived,
    Bid,
    Commented,
    CouponUsed,
    Earned,
    Left,
    Measured,
    Named,
    Patched,
    Redeemed,
    Visited,
    once_each,
    reported,
)


@case(Earned("i", "e1", 30), Redeemed("i", "r1", 20))
def points_that_never_go_below_nothing() -> Process:
    """A balance of points is cut at nothing after each message."""

    def step(points: int, fact: Fact) -> int:
        change = fact.fields["points"] if fact.kind is Earned else -fact.fields["points"]
        return max(0, points + int(change))

    return once_each(0, "earn_id", step, Earned, Redeemed)


@case(Earned("i", "e1", 80), Earned("i", "e2", 70), Redeemed("i", "r1", 60))
def points_with_a_cap() -> Process:
    """At most 100 points can be had at a time, and what is above is lost."""

    def step(points: int, fact: Fact) -> int:
        change = fact.fields["points"] if fact.kind is Earned else -fact.fields["points"]
        return min(100, points + int(change))

    return once_each(0, "earn_id", step, Earned, Redeemed)


@case(Bid("i", "b1", 100), Bid("i", "b2", 103))
def a_bid_has_to_be_five_higher() -> Process:
    """A bid counts if it is at least 5 above the one that holds."""

    def fold(high: int, fact: Fact) -> int:
        cents = int(fact.fields["cents"])
        return cents if cents >= high + 5 else high

    return reported(0, fold, Bid)


@case(Visited("i", "v1", 0), Visited("i", "v2", 20), Visited("i", "v3", 40))
def visits_within_half_an_hour() -> Process:
    """A visit within 30 minutes of a known session belongs to it, and is forgotten."""

    def fold(sessions: list[int], fact: Fact) -> list[int]:
        minute = fact.fields["minute"]
        if any(abs(minute - one) <= 30 for one in sessions):
            return sessions
        return sorted([*sessions, minute])

    return reported([], fold, Visited)


@case(CouponUsed("i", "c1", "percent", 10), CouponUsed("i", "c2", "cents", 500))
def a_tenth_and_five_less() -> Process:
    """Coupons reduce the price one after the other, by a share or by an amount."""

    def step(price: int, fact: Fact) -> int:
        if fact.fields["kind"] == "percent":
            return int(price * (100 - fact.fields["value"]) // 100)
        return int(price - fact.fields["value"])

    return once_each(10_000, "coupon_id", step, CouponUsed)


@case(Named("i", "n1", "car"), Named("i", "n2", "carpet"))
def words_that_contain_each_other() -> Process:
    """A word is taken as known if it is a part of a known one."""

    def fold(words: list[str], fact: Fact) -> list[str]:
        if any(fact.fields["name"] in one for one in words):
            return words
        return sorted([*words, fact.fields["name"]])

    return reported([], fold, Named)


@case(Patched("i", "p1", 1, "a"), Patched("i", "p2", 2, "b"))
def patches_without_a_gap() -> Process:
    """A patch is applied if it has the next version, and dropped otherwise."""

    def fold(document: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.fields["version"] != document["version"] + 1:
            return document
        return {"version": fact.fields["version"], "text": document["text"] + fact.fields["text"]}

    return reported({"version": 0, "text": ""}, fold, Patched)


@case(Arrived("i", "g1"), Left("i", "g1"))
def a_guest_who_left_before_arriving() -> Process:
    """Who leaves is taken from those present; the two can come the wrong way round."""

    def fold(present: list[str], fact: Fact) -> list[str]:
        guest = fact.fields["guest_id"]
        if fact.kind is Arrived:
            return sorted({*present, guest})
        return [one for one in present if one != guest]

    return reported([], fold, Arrived, Left)


@case(Arrived("i", "g1"), Arrived("i", "g2"), Left("i", "g1"))
def a_guest_who_is_not_at_the_table() -> Process:
    """Who leaves is looked up at the tables, and fails if the arrival is late."""

    def fold(tables: dict[str, Any], fact: Fact) -> dict[str, Any]:
        guest = fact.fields["guest_id"]
        if fact.kind is Arrived:
            return tables if guest in tables else {**tables, guest: "here"}
        if tables[guest] == "gone":
            return tables
        return {**tables, guest: "gone"}

    return reported({}, fold, Arrived, Left)


@case(Earned("i", "e1", 60), Earned("i", "e2", 70), Redeemed("i", "r1", 50))
def the_most_points_ever() -> Process:
    """The highest balance ever decides about the status."""

    def step(value: dict[str, int], fact: Fact) -> dict[str, int]:
        change = fact.fields["points"] if fact.kind is Earned else -fact.fields["points"]
        now = value["now"] + change
        return {"now": now, "most": max(value["most"], now)}

    return once_each({"now": 0, "most": 0}, "earn_id", step, Earned, Redeemed)


@case(Arrived("i", "g1"), Arrived("i", "g2"), Arrived("i", "g3"))
def players_are_paired_as_they_come() -> Process:
    """Who comes plays with who waits."""

    def fold(club: dict[str, Any], fact: Fact) -> dict[str, Any]:
        guest = fact.fields["guest_id"]
        if guest == club["waits"] or any(guest in pair for pair in club["pairs"]):
            return club
        if club["waits"] is None:
            return {**club, "waits": guest}
        return {"waits": None, "pairs": sorted([*club["pairs"], sorted([club["waits"], guest])])}

    return reported({"waits": None, "pairs": []}, fold, Arrived)


@case(Commented("i", "c1", None), Commented("i", "c2", "c1"))
def the_depth_of_a_reply() -> Process:
    """The depth of a comment is that of its parent and one more, if the parent is known."""

    def fold(depths: dict[str, int], fact: Fact) -> dict[str, int]:
        if fact.fields["comment_id"] in depths:
            return depths
        return {**depths, fact.fields["comment_id"]: depths.get(fact.fields["parent"] or "", 0) + 1}

    return reported({}, fold, Commented)


@case(Measured("i", "r1", 11), Measured("i", "r2", 12), Measured("i", "r3", 10))
def a_mean_in_whole_numbers() -> Process:
    """The mean is kept as a whole number and moved by each reading."""

    def step(value: list[int], fact: Fact) -> list[int]:
        number, mean = value
        return [number + 1, (mean * number + fact.fields["value"]) // (number + 1)]

    return once_each([0, 0], "reading_id", step, Measured)


@case(Measured("i", "r1", 35), Measured("i", "r2", 15))
def an_alarm_with_a_gap() -> Process:
    """The alarm goes on at 30, off at 20, and stays as it is between them."""

    def fold(is_on: bool, fact: Fact) -> bool:
        if fact.fields["value"] >= 30:
            return True
        return False if fact.fields["value"] <= 20 else is_on

    return reported(False, fold, Measured)


@case(Arrived("i", "g1"), Arrived("i", "g2"))
def a_like_is_turned_round() -> Process:
    """Each click turns a like on or off, also the click that is delivered twice."""

    def fold(likes: list[str], fact: Fact) -> list[str]:
        return sorted({*likes} ^ {fact.fields["guest_id"]})

    return reported([], fold, Arrived)


@case(Measured("i", "r1", 5, "eur"), Measured("i", "r2", 7, "usd"))
def the_first_currency() -> Process:
    """The first amount says the currency, and amounts in another one are left out."""

    def step(value: dict[str, Any], fact: Fact) -> dict[str, Any]:
        unit = value["unit"] or fact.fields["unit"]
        more = fact.fields["value"] if unit == fact.fields["unit"] else 0
        return {"unit": unit, "sum": value["sum"] + more}

    return once_each({"unit": "", "sum": 0}, "reading_id", step, Measured)


@case(Named("i", "n1", "shipped"), Named("i", "n2", "lost"), Named("i", "n3", "found"))
def a_status_that_is_not_listed() -> Process:
    """A status replaces one of at most its rank; those that nobody listed have rank 0."""
    ranks = ["", "placed", "paid", "shipped"]

    def rank(word: str) -> int:
        return ranks.index(word) if word in ranks else 0

    def fold(status: str, fact: Fact) -> str:
        name = str(fact.fields["name"])
        return name if rank(name) >= rank(status) else status

    return reported("", fold, Named)


@case(Named("i", "n1", "ann"), Named("i", "n2", "bob"), Named("i", "n3", "cid"))
def winners_of_three_prizes() -> Process:
    """The first two who answer get the prizes, in the order of their names."""

    def fold(winners: list[str], fact: Fact) -> list[str]:
        name = fact.fields["name"]
        return winners if name in winners or len(winners) == 2 else sorted([*winners, name])

    return reported([], fold, Named)
