"""Functions of a user that take back what is final, or leave standing what is no longer meant."""

from collections import Counter
from typing import Any

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Selection,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    LIMITS,
    PAYMENTS,
    REFUNDS,
    TAGS,
    Configured,
    Do,
    Out,
    Refunded,
    case,
    chosen,
    granted,
    has_any,
    one_outcome,
    paid,
    proc,
    shown,
    tagged,
    wanted_in,
)
from tests.adversary.planted.fourth_helpers import (
    BIDS,
    GUESTS,
    NAMES,
    READINGS,
    VOTES,
    Arrived,
    Bid,
    Measured,
    Named,
    Voted,
)


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "yes"), Voted("i", "v3", "no"), Voted("i", "v4", "no"))
def two_thirds_of_the_votes() -> Process:
    """Accepted for good with two thirds of at least two votes."""

    def judge(votes: Entries) -> bool:
        yes = sum(one["choice"] == "yes" for one in votes.values())
        return len(votes) >= 2 and 3 * yes >= 2 * len(votes)

    return granted(VOTES, judge=judge)


@case(Bid("i", "b1", 70, "ann"), Bid("i", "b2", 70, "bob"))
def the_only_one_with_the_highest_bid() -> Process:
    """Sold for good to the highest bid, unless two are equal."""

    def judge(bids: Entries) -> bool:
        amounts = sorted(one["cents"] for one in bids.values())
        return bool(amounts) and amounts.count(amounts[-1]) == 1

    return granted(BIDS, judge=judge)


@case(Measured("i", "r1", 20), Measured("i", "r2", 24), Measured("i", "r3", 40))
def readings_that_agree() -> Process:
    """Calibrated for good once two readings or more lie within 10 of each other."""

    def judge(readings: Entries) -> bool:
        values = [one["value"] for one in readings.values()]
        return len(values) >= 2 and max(values) - min(values) <= 10

    return granted(READINGS, judge=judge)


@case(paid(1, 50), Arrived("i", "g1"), Arrived("i", "g2"), Arrived("i", "g3"))
def a_bill_that_can_be_split() -> Process:
    """Split for good as soon as the bill can be divided by the guests without a rest."""

    def judge(payments: Entries, guests: Entries) -> bool:
        bill = sum(one["amount"] for one in payments.values())
        return bool(guests) and bill > 0 and bill % len(guests) == 0

    return granted(PAYMENTS, GUESTS, judge=judge, is_complete=False)


@case(Arrived("i", "g1"), Arrived("i", "g2"), Arrived("i", "g3"), Voted("i", "v1", "x"))
def half_of_the_guests_have_voted() -> Process:
    """Closed for good when as many votes as half of the guests are in."""

    def judge(votes: Entries, guests: Entries) -> bool:
        return bool(guests) and len(votes) * 2 >= len(guests)

    return granted(VOTES, GUESTS, judge=judge, is_complete=False)


@case(Named("i", "n1", "1.2"), Named("i", "n2", "1.3"))
def the_newest_version_is_stable() -> Process:
    """Migrated for good if the newest version has an even number after its point."""

    def judge(names: Entries) -> bool:
        versions = [[int(part) for part in str(one["name"]).split(".") if part.isdigit()] for one in names.values()]
        newest = max(versions, default=[])
        return len(newest) == 2 and newest[1] % 2 == 0

    return granted(NAMES, judge=judge, is_complete=False)


@case(Voted("i", "v1", "admin"), Voted("i", "v2", "admin"))
def exactly_one_admin() -> Process:
    """Keys are handed out for good while there is exactly one admin."""
    return granted(VOTES, judge=lambda votes: sum(one["choice"] == "admin" for one in votes.values()) == 1)


@case(Measured("i", "r1", 50), Measured("i", "r2", 10), Measured("i", "r3", 20))
def a_median_of_twenty() -> Process:
    """Passed for good if the median is at least 30."""

    def judge(readings: Entries) -> bool:
        values = sorted(one["value"] for one in readings.values())
        return bool(values) and values[len(values) // 2] >= 30

    return granted(READINGS, judge=judge)


@case(tagged(1, "red", "blue"), tagged(2, "red"), tagged(3, "green"))
def a_tag_that_all_share() -> Process:
    """Published for good under a tag that all have in common."""

    def judge(tags: Entries) -> bool:
        sets = [set(one["tags"]) for one in tags.values()]
        return bool(sets) and bool(set.intersection(*sets))

    return granted(TAGS, judge=judge)


@case(Bid("i", "b1", 10), Bid("i", "b2", 20), Bid("i", "b3", 30), Bid("i", "b4", 40))
def the_three_highest() -> Process:
    """The three highest bids are accepted, until a higher one comes."""

    def choose(bids: Entries) -> frozenset[str]:
        ranked = sorted(bids, key=lambda key: (-bids[key]["cents"], key))
        return frozenset(ranked[:3])

    return chosen(BIDS, choose, is_final=True)


@case(Named("i", "n1", "ann@example.org"), Named("i", "n2", "Ann@example.org"))
def one_invitation_for_each_address() -> Process:
    """Of entries with one address the one with the least key is invited, and another may have been before."""

    def choose(names: Entries) -> frozenset[str]:
        first: dict[str, str] = {}
        for key, one in names.items():
            first.setdefault(one["name"].lower(), key)
        return frozenset(first.values())

    return chosen(NAMES, choose, fields=("name",))


@case(Measured("i", "r1", 60), Measured("i", "r2", 50), Measured("i", "r3", 30))
def what_fits_into_the_van() -> Process:
    """Parcels are loaded in the order of their keys as long as they fit into 100."""

    def choose(parcels: Entries) -> frozenset[str]:
        left, loaded = 100, []
        for key, one in parcels.items():
            if 0 <= one["value"] <= left:
                left -= one["value"]
                loaded.append(key)
        return frozenset(loaded)

    return chosen(READINGS, choose)


@case(paid(1, 5), paid(2, 7), paid(3, 9))
def every_third_is_free() -> Process:
    """Every third payment, by its amount, is given back."""

    def choose(payments: Entries) -> frozenset[str]:
        ranked = sorted(payments, key=lambda key: (payments[key]["amount"], key))
        return frozenset(ranked[1::2])

    return chosen(PAYMENTS, choose, is_final=True)


@case(paid(1, 50), Refunded("i", "r1", "p1", 50))
def receipts_for_what_was_not_refunded() -> Process:
    """A receipt for each payment, but for those that were refunded."""

    def choose(payments: Entries, refunds: Entries) -> frozenset[str]:
        return frozenset(payments) - {one["payment_id"] for one in refunds.values()}

    return chosen(PAYMENTS, choose, REFUNDS)


@case(Voted("i", "v1", "tea"), Voted("i", "v2", "cola"), Voted("i", "v3", "cola"))
def a_drink_for_the_most_votes() -> Process:
    """The drink with the most votes is ordered for good."""

    def drink(votes: Entries) -> str:
        return str(Counter(sorted(one["choice"] for one in votes.values())).most_common(1)[0][0])

    return shown(VOTES, compute=drink, is_final=True)


@case(Measured("i", "r1", 50), Measured("i", "r2", 10))
def a_mean_that_is_called_cumulative() -> Process:
    """The mean is said for good and called cumulative."""

    def mean(readings: Entries) -> int:
        values = [one["value"] for one in readings.values()]
        return int(sum(values) // len(values))

    return shown(READINGS, compute=mean, is_cumulative=True, is_final=True)


@case(Configured("i", 100), Measured("i", "b", 60), Measured("i", "a", 70))
def stock_for_each_by_key() -> Process:
    """Each gets what is left of the stock, in the order of the keys, and a part is called cumulative."""

    def part(readings: Entries, limits: Entries, key: str) -> int:
        left = sum(one["limit"] or 0 for one in limits.values())
        for other, one in readings.items():
            got = max(0, min(one["value"], left))
            if other == key:
                return int(got)
            left -= got
        return 0

    has = has_any(READINGS)
    template = CommandTemplate(
        "Deliver", computed=(ComputedField("part", (READINGS, LIMITS), part, is_cumulative=True),)
    )
    deliver = Effect("deliver", "stock", {Do.YES: template}, final=frozenset({Do.YES}))
    every_one = Selection("each reading", READINGS, frozenset)
    return proc(one_outcome(has), has, READINGS, LIMITS, wants=[wanted_in(has, deliver, YES=every_one)])


@case(paid(1, 900, "2030-01-31T23:59:00Z"), paid(2, 200, "2030-02-01T00:01:00Z"))
def a_bonus_within_one_month() -> Process:
    """A bonus for payments that all lie in one month and come to 800; the next month takes it away."""

    def judge(payments: Entries) -> bool:
        months = {str(one["at"])[:7] for one in payments.values()}
        return len(months) == 1 and sum(one["amount"] for one in payments.values()) >= 800

    column = DerivedColumn("bonus", (PAYMENTS,), judge)
    bonus = Effect("bonus", "bank", {Do.YES: CommandTemplate("PayBonus")})
    table = wanted(column, rows=[(True, {bonus: Do.YES}), (False, {})])
    return proc(outcomes(column, rule=lambda _: Out.DONE), PAYMENTS, wants=[table])


def _ages(payments: Entries) -> dict[str, Any]:
    latest = max(one["at"] for one in payments.values())
    return {key: "new" if one["at"] == latest else "old" for key, one in payments.items()}


@case(paid(1, 5, "2030-01-01T00:00:00Z"), paid(2, 7, "2030-02-01T00:00:00Z"))
def marks_of_age_that_are_final() -> Process:
    """The final list says of each payment whether it is the newest."""
    return shown(PAYMENTS, compute=_ages, is_cumulative=True, is_final=True)
