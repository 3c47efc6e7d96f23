"""Ledgers of stock, money and points that are carried from message to message."""

from collections.abc import Mapping
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.seventh_messages import (
    Banked,
    Bid,
    Billed,
    Corrected,
    Counted,
    MeterRead,
    Moved,
    Packed,
    Rated,
    RateSet,
    Sold,
    folded,
    folded_once,
)

Fields = Mapping[str, Any]


@case(Moved("i", "m1", 5), Moved("i", "m2", -8), Moved("i", "m3", 4))
def stock_never_below_zero() -> Process:
    """Stock is cut off at zero after each movement, so a sale before its delivery is forgotten."""
    return folded_once(Moved, "move_id", 0, lambda level, fields: max(0, level + fields["delta"]))


@case(Moved("i", "m1", 5), Moved("i", "m2", -2))
def one_movement_id_at_a_time() -> Process:
    """Only the last movement is known as a duplicate, so an older one is booked again."""

    def book(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.fields["move_id"] == known["last"]:
            return known
        return {"last": fact.fields["move_id"], "level": known["level"] + fact.fields["delta"]}

    return shown(Reducer("stock", (Moved,), {"last": "", "level": 0}, book), compute=lambda one: one["level"])


@case(Counted("i", "c1", 40), Moved("i", "m1", -3))
def a_count_sets_the_level() -> Process:
    """A stock count overwrites the level, with the movements that happen to have been booked before."""

    def book(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        key = fact.fields.get("move_id") or fact.fields["count_id"]
        if key in known["seen"]:
            return known
        level = fact.fields["level"] if fact.kind is Counted else known["level"] + fact.fields["delta"]
        return {"seen": sorted([*known["seen"], key]), "level": level}

    return shown(Reducer("stock", (Counted, Moved), {"seen": [], "level": 0}, book), compute=lambda one: one["level"])


@case(Rated("i", "r1", 1), Rated("i", "r2", 2), Rated("i", "r3", 3))
def an_average_rounded_each_time() -> Process:
    """The average of the stars is rounded down after each rating, and carried on from there."""

    def average(value: dict[str, int], fields: Fields) -> dict[str, int]:
        number = value["number"] + 1
        return {"number": number, "stars": (value["stars"] * value["number"] + fields["stars"]) // number}

    return folded_once(Rated, "rating_id", {"number": 0, "stars": 0}, average)


@case(Rated("i", "r1", 5), Rated("i", "r2", 1))
def a_smoothed_score() -> Process:
    """The score is half the old score and half the new rating."""
    return folded_once(Rated, "rating_id", 300, lambda score, fields: (score + fields["stars"] * 100) // 2)


@case(Sold("i", "s1", 60_000), Sold("i", "s2", 10_000))
def points_by_the_tier_of_the_moment() -> Process:
    """From 500 euros of sales on, points count double, so the order of a small and a large sale matters."""

    def earn(value: dict[str, int], fields: Fields) -> dict[str, int]:
        factor = 2 if value["spent"] >= 50_000 else 1
        return {
            "spent": value["spent"] + fields["cents"],
            "points": value["points"] + factor * (fields["cents"] // 100),
        }

    return folded_once(Sold, "sale_id", {"spent": 0, "points": 0}, earn)


@case(Sold("i", "s1", 1_000), Sold("i", "s2", 5_000))
def a_fee_on_the_running_balance() -> Process:
    """With each sale the fee of two percent is taken from the whole balance, not from the sale."""
    return folded_once(Sold, "sale_id", 0, lambda balance, fields: (balance + fields["cents"]) * 98 // 100)


@case(Billed("i", "b1", 100), Corrected("i", "c1", "b1", -80), Corrected("i", "c2", "b1", -60))
def refunds_up_to_what_is_left() -> Process:
    """A partial refund is refused if it exceeds what is left of the bill, which depends on who asks first."""

    def refund(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.kind is Billed:
            return {**known, "billed": max(known["billed"], fact.fields["cents"])}
        asked, key = -fact.fields["cents"], fact.fields["correction_id"]
        if key in known["paid"] or sum(known["paid"].values()) + asked > known["billed"]:
            return known
        return {**known, "paid": {**known["paid"], key: asked}}

    return folded({"billed": 0, "paid": {}}, refund, Billed, Corrected)


@case(Packed("i", "a", 700), Packed("i", "b", 400), Packed("i", "c", 500))
def parcels_filled_as_items_come() -> Process:
    """Each item goes in the first parcel with room for it, so the number of parcels depends on the sequence."""

    def pack(boxes: list[int], fields: Fields) -> list[int]:
        for number, grams in enumerate(boxes):
            if grams + fields["grams"] <= 1_000:
                return [*boxes[:number], grams + fields["grams"], *boxes[number + 1 :]]
        return [*boxes, fields["grams"]]

    return folded_once(Packed, "item_id", [], pack)


@case(Bid("i", "b1", "ann", 1_000), Bid("i", "b2", "bob", 1_040), Bid("i", "b3", "cy", 1_090))
def bids_with_a_least_step() -> Process:
    """A bid counts only if it is half a euro above the greatest one so far."""

    def raise_to(known: int, fact: Fact) -> int:
        return int(fact.fields["cents"]) if fact.fields["cents"] >= known + 50 or known == 0 else known

    return folded(0, raise_to, Bid)


@case(Bid("i", "b1", "ann", 1_000), Bid("i", "b2", "bob", 1_000))
def equal_bids_go_to_the_first() -> Process:
    """Of two equal bids the one that arrived first leads."""

    def lead(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.fields["cents"] > known["cents"]:
            return {"cents": fact.fields["cents"], "bidder": fact.fields["bidder"]}
        return known

    return folded({"cents": -1, "bidder": ""}, lead, Bid)


@case(MeterRead("i", "r1", 0, 500), MeterRead("i", "r2", 60, 540), MeterRead("i", "r3", 120, 590))
def a_lower_reading_is_a_new_meter() -> Process:
    """A reading below the last one is taken for a new meter, also if it is only late."""

    def use(value: dict[str, int], fields: Fields) -> dict[str, int]:
        last = value["last"] if fields["units"] >= value["last"] else 0
        return {"last": fields["units"], "used": value["used"] + fields["units"] - last}

    return folded_once(MeterRead, "reading_id", {"last": 0, "used": 0}, use)


@case(RateSet("i", "usd", 900), Sold("i", "s1", 1_000, "usd"))
def converted_at_the_known_rate() -> Process:
    """A sale is converted with the rate that is known when it arrives, and one to one before."""

    def convert(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.kind is RateSet:
            rates = {**known["rates"]}
            rates[fact.fields["currency"]] = max(rates.get(fact.fields["currency"], 0), fact.fields["permille"])
            return {**known, "rates": rates}
        if fact.fields["sale_id"] in known["sales"]:
            return known
        cents = fact.fields["cents"] * known["rates"].get(fact.fields["currency"], 1_000) // 1_000
        return {**known, "sales": {**known["sales"], fact.fields["sale_id"]: cents}}

    return folded({"rates": {}, "sales": {}}, convert, RateSet, Sold)


@case(Billed("i", "b1", 50), Billed("i", "b2", 80), Banked("i", "l1", 80), Banked("i", "l2", 120))
def bank_lines_matched_as_they_come() -> Process:
    """A bank line pays the smallest bill that is open and covered by it, of those that are known by then."""

    def match(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.kind is Billed:
            return {**known, "bills": {**known["bills"], fact.fields["invoice_id"]: fact.fields["cents"]}}
        if fact.fields["line_id"] in known["lines"]:
            return known
        taken = set(known["lines"].values())
        fits = [(c, k) for k, c in known["bills"].items() if k not in taken and c <= fact.fields["cents"]]
        return {**known, "lines": {**known["lines"], fact.fields["line_id"]: min(fits)[1] if fits else ""}}

    return folded({"bills": {}, "lines": {}}, match, Billed, Banked)


@case(Sold("i", "s1", 600), Sold("i", "s2", 300), Sold("i", "s3", 500))
def a_quota_for_the_first_who_ask() -> Process:
    """Use is granted until the quota of 1000 is reached, so a large request blocks those that come after it."""

    def grant(known: dict[str, int], fact: Fact) -> dict[str, int]:
        if sum(known.values()) + fact.fields["cents"] > 1_000:
            return known
        return {**known, fact.fields["sale_id"]: fact.fields["cents"]}

    return folded({}, grant, Sold)


@case(Banked("i", "l1", 10, "r"), Corrected("i", "c1", "l1", -10))
def a_correction_of_what_is_unknown() -> Process:
    """A correction of a bank line that has not come yet is dropped."""

    def correct(known: dict[str, int], fact: Fact) -> dict[str, int]:
        if fact.kind is Banked:
            return {**known, fact.fields["line_id"]: known.get(fact.fields["line_id"], fact.fields["cents"])}
        if fact.fields["of_id"] not in known:
            return known
        return {**known, fact.fields["of_id"]: fact.fields["cents"]}

    return folded({}, correct, Banked, Corrected)


@case(Sold("i", "s1", 3_000), Sold("i", "s2", 9_000), Sold("i", "s3", 4_000))
def a_discount_used_up_in_order() -> Process:
    """A voucher pays a tenth of each sale until 10 euros of it are used, rounded in the sequence of the sales."""

    def use(value: dict[str, int], fields: Fields) -> dict[str, int]:
        part = min(value["left"], fields["cents"] // 10)
        return {"left": value["left"] - part, "most": max(value["most"], part)}

    return folded_once(Sold, "sale_id", {"left": 1_000, "most": 0}, use)


@case(Bid("i", "b1", "ann", 10), Bid("i", "b2", "bob", 10), Bid("i", "b3", "cy", 10))
def two_best_of_equal_bids() -> Process:
    """The two best bids are kept, and of equal ones those that were there before."""

    def best(kept: list[list[Any]], fields: Fields) -> list[list[Any]]:
        entry = [fields["cents"], fields["bidder"]]
        return sorted([*kept, entry], key=lambda one: -int(one[0]))[:2]

    return folded_once(Bid, "bid_id", [], best)
