"""Functions that look at all that has come, where the planted ones look at the way there."""

import calendar
from collections import Counter
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from math import fsum
from typing import Any

from saga import ARMED, Deadline, DerivedColumn, Entries, Process, outcomes, wanted
from tests.adversary.honest.fourth_helpers import (
    BIDS,
    COUPONS,
    EARNED,
    GONE,
    GUESTS,
    LIMIT,
    LINKS,
    LOANS,
    NAMES,
    PATCHES,
    READINGS,
    REDEEMED,
    VOTES,
    Arrived,
    Bid,
    CouponUsed,
    Earned,
    Left,
    Lent,
    Limited,
    Linked,
    Measured,
    Named,
    Patched,
    Redeemed,
    Voted,
)
from tests.adversary.kit import Late, Out, case, chosen, granted, judged, proc, seen, shown


def total(entries: Entries, field: str) -> int:
    """The sum of a field."""
    return sum(one[field] for one in entries.values())


@case(Earned("i", "e1", 30), Earned("i", "e2", 10), Redeemed("i", "r1", 20), Redeemed("i", "r2", 50))
def points_cut_at_the_end() -> Process:
    """A balance of points, cut at nothing and at 100 when all of it is added."""

    def balance(earned: Entries, redeemed: Entries) -> int:
        return max(0, min(100, total(earned, "points") - total(redeemed, "points")))

    return shown(EARNED, REDEEMED, compute=balance)


@case(Bid("i", "b1", 10, "ann"), Bid("i", "b2", 10, "bob"), Bid("i", "b3", 7, "cid"))
def the_highest_bid_and_its_id() -> Process:
    """The highest bid; of equal ones that with the least id."""

    def winner(bids: Entries) -> str:
        return str(min(bids.values(), key=lambda one: (-one["cents"], one["bid_id"]))["bidder"])

    return shown(BIDS, compute=winner)


@case(Lent("i", "l1", 1, 3), Lent("i", "l2", 5, 8), Lent("i", "l3", 3, 5))
def spans_joined_from_the_left() -> Process:
    """Spans that touch are joined, from the left to the right of all of them."""

    def joined(loans: Entries) -> list[list[int]]:
        spans: list[list[int]] = []
        for since, until in sorted((one["since"], max(one["since"], one["until"])) for one in loans.values()):
            if spans and since <= spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], until)
            else:
                spans.append([since, until])
        return spans

    return shown(LOANS, compute=joined)


@case(CouponUsed("i", "c1", "percent", 10), CouponUsed("i", "c2", "cents", 500), CouponUsed("i", "c3", "percent", 5))
def shares_before_amounts() -> Process:
    """Coupons reduce the price by their shares first, in the order of their ids, and then by their amounts."""

    def price(coupons: Entries) -> int:
        left = 10_000
        for one in sorted(coupons.values(), key=lambda one: (one["kind"] != "percent", one["coupon_id"])):
            left = left * max(0, 100 - one["value"]) // 100 if one["kind"] == "percent" else left - one["value"]
        return max(0, left)

    return shown(COUPONS, compute=price)


@case(Patched("i", "p1", 1, "a"), Patched("i", "p2", 2, "b"), Patched("i", "p3", 4, "d"), Patched("i", "p4", 2, "c"))
def patches_up_to_the_gap() -> Process:
    """Patches are kept, and those up to the first gap are applied in the order of version and id."""

    def text(patches: Entries) -> str:
        found, version = [], 0
        for one in sorted(patches.values(), key=lambda one: (one["version"], one["patch_id"])):
            if one["version"] > version + 1:
                break
            version = one["version"]
            found.append(one["text"])
        return "".join(found)

    return shown(PATCHES, compute=text)


@case(Arrived("i", "g1"), Left("i", "g1"), Arrived("i", "g2"), Left("i", "g3"))
def guests_who_are_still_here() -> Process:
    """Who has come and has not left; leaving counts also before coming."""
    return shown(GUESTS, GONE, compute=lambda guests, gone: sorted(guests.keys() - gone.keys()))


@case(Voted("i", "v1", "tea"), Voted("i", "v2", "cola"), Voted("i", "v3", "cola"), Voted("i", "v4", "tea"))
def the_most_votes_or_the_first_word() -> Process:
    """The choice with the most votes, and of equal ones the first in the alphabet; it may be said anew."""

    def drink(votes: Entries) -> str:
        counted = Counter(one["choice"] for one in votes.values())
        return str(min(counted, key=lambda one: (-counted[one], one)))

    return shown(VOTES, compute=drink)


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "yes"), Voted("i", "v3", "no"), Voted("i", "v4", "yes"))
def three_times_yes() -> Process:
    """Accepted for good with three votes for it, however many are against it."""
    return granted(VOTES, judge=lambda votes: sum(one["choice"] == "yes" for one in votes.values()) >= 3)


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "no"), Voted("i", "v3", "no"))
def more_yes_than_no_for_now() -> Process:
    """An approval that is taken back by the majority, and said completely."""

    def judge(votes: Entries) -> bool:
        return bool(2 * sum(one["choice"] == "yes" for one in votes.values()) > len(votes))

    return granted(VOTES, judge=judge, is_final=False)


@case(Measured("i", "r1", 1, "g"), Measured("i", "r2", 3, "g"), Measured("i", "r3", 5, "kg"))
def kilos_added_exactly() -> Process:
    """Fractions are added by a sum that does not depend on their order."""

    def kilos(readings: Entries) -> float:
        return fsum(one["value"] / 1000 if one["unit"] == "g" else float(one["value"]) for one in readings.values())

    return shown(READINGS, compute=kilos)


@case(Named("i", "n1", "tom", "1"), Named("i", "n2", "ann", "2"), Named("i", "n3", "tom", "3"))
def different_names_in_order() -> Process:
    """The different names as a text, in the order of the alphabet."""
    return shown(NAMES, compute=lambda names: ", ".join(sorted({one["name"] for one in names.values()})))


@lru_cache(maxsize=100)
def _letters(name: str) -> str:
    return "".join(sorted(name.casefold()))


@case(Named("i", "n1", "Tea", "1"), Named("i", "n2", "eat", "2"), Named("i", "n3", "tee", "3"))
def words_of_the_same_letters() -> Process:
    """Words by their letters, which are remembered for all instances and depend on nothing else."""

    def groups(names: Entries) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in names.values():
            found.setdefault(_letters(one["name"]), []).append(one["name"])
        return {letters: sorted(words) for letters, words in found.items()}

    return shown(NAMES, compute=groups)


@case(Measured("i", "r1", 11, "g"), Measured("i", "r2", 12, "g"), Measured("i", "r3", 10, "g"))
def a_mean_of_all() -> Process:
    """The mean of all readings, rounded once."""
    return shown(READINGS, compute=lambda readings: total(readings, "value") // max(1, len(readings)))


@case(Measured("i", "r1", 30, "g"), Measured("i", "r2", 80, "g"), Measured("i", "r3", 5, "g"))
def heavy_once_and_for_all() -> Process:
    """A surcharge for good once a hundred is reached by what can only be added."""
    return granted(READINGS, judge=lambda readings: total(readings, "value") >= 100, is_complete=False)


@case(Measured("i", "r1", 3, "g"), Measured("i", "r2", 9, "g"), Measured("i", "r3", 9, "g"))
def all_but_the_least() -> Process:
    """All but the least reading are thrown away for good; of equal ones the least id stays."""

    def choose(readings: Entries) -> frozenset[str]:
        ranked = sorted(readings, key=lambda key: (readings[key]["value"], key))
        return frozenset(ranked[1:])

    return chosen(READINGS, choose, is_final=True, fields=("value",))


@case(Bid("i", "b1", 5, "ann"), Bid("i", "b2", 10, "bob"), Bid("i", "b3", 10, "cid"))
def bids_that_are_beaten() -> Process:
    """Who is beaten is reported so for good; nobody beats an equal bid."""

    def choose(bids: Entries) -> frozenset[str]:
        most = max((one["cents"] for one in bids.values()), default=0)
        return frozenset(key for key, one in bids.items() if one["cents"] < most)

    return chosen(BIDS, choose, is_final=True)


@case(Earned("i", "e1", 30), Earned("i", "e2", 10), Earned("i", "e3", 5))
def the_points_so_far() -> Process:
    """The final message says all points so far, which only become more."""
    return shown(EARNED, compute=lambda earned: total(earned, "points"), is_cumulative=True, is_final=True)


@case(Named("i", "n1", "2030-01-31", "1"), Named("i", "n2", "soon", "2"), Named("i", "n3", "2028-02-29", "3"))
def the_last_day_of_short_months() -> Process:
    """The same day of the next month, or the last one of it; what is no day is left out."""

    def later(text: str) -> str | None:
        try:
            day = date.fromisoformat(text)
            year, month = day.year + day.month // 12, day.month % 12 + 1
            return date(year, month, min(day.day, calendar.monthrange(year, month)[1])).isoformat()
        except ValueError:
            return None

    def days(names: Entries) -> list[str]:
        return sorted(found for one in names.values() if (found := later(one["name"])) is not None)

    return shown(NAMES, compute=days)


@case(
    Linked("i", "k1", "a", "b"), Linked("i", "k2", "c", "d"), Linked("i", "k3", "b", "c"), Linked("i", "k4", "e", "e")
)
def islands_of_links() -> Process:
    """What is connected forms an island, which is named by its least member."""

    def islands(links: Entries) -> dict[str, str]:
        root: dict[str, str] = {name: name for one in links.values() for name in (one["one"], one["other"])}
        for _ in range(len(root)):
            for one in links.values():
                least = min(root[one["one"]], root[one["other"]])
                root[one["one"]] = root[one["other"]] = least
        return root

    return shown(LINKS, compute=islands)


@case(Limited("i", 50), Limited("i", None), Earned("i", "e1", 30), Earned("i", "e2", 30))
def above_a_limit_that_may_be_absent() -> Process:
    """Whether the points are above the limit, if there is one."""

    def is_above(earned: Entries, limits: Entries) -> bool:
        known = [one["limit"] for one in limits.values() if one["limit"] is not None]
        return bool(known) and total(earned, "points") > known[0]

    return judged(EARNED, LIMIT, judge=is_above)


class Load(Enum):
    LITTLE = "little"
    MUCH = "much"


def _load(readings: Entries) -> Load:
    return Load.MUCH if total(readings, "value") >= 100 else Load.LITTLE


@case(Measured("i", "r1", 60, "g"), Measured("i", "r2", 60, "g"))
def a_load_and_its_deadline() -> Process:
    """Little is waited for until a deadline that starts with the first reading, and much outranks it."""
    load = DerivedColumn("load", (READINGS,), _load, states=tuple(Load))
    late, known = seen(Late), seen(Measured)
    table = outcomes(
        load,
        late,
        known,
        rule=lambda load, late, _: Out.DONE if load is Load.MUCH else Out.FAILED if late.value == "yes" else Out.OPEN,
    )
    week = Deadline("week", Late, timedelta(days=7))
    wants = wanted(table, rows=[(Out.OPEN, {week: ARMED}), (Out.DONE, {}), (Out.FAILED, {})])
    return proc(table, late, known, READINGS, wants=[wants], unsettled=[Out.OPEN])


def _sorted_copy(names: Entries) -> list[Any]:
    listed = [dict(one) for one in names.values()]
    listed.sort(key=lambda one: (one["at"], one["name_id"]))
    for one in listed:
        one.pop("id")
    return [one["name"] for one in listed]


@case(Named("i", "n1", "b", "2"), Named("i", "n2", "a", "1"), Named("i", "n3", "c", "1"))
def a_copy_that_is_changed() -> Process:
    """The names in the order of their times; what is changed is a copy."""
    return shown(NAMES, compute=_sorted_copy)
