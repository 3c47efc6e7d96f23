"""Functions of registers that answer for everything that the message classes admit."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Process, every
from tests.adversary.kit import (
    NOTES,
    TAGS,
    Do,
    Out,
    by,
    case,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    proc,
    shown,
    tagged,
    wanted_in,
)
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    EVENTS,
    LINKS,
    MOVES,
    OFFERS,
    PLEDGES,
    READINGS,
    REPAYMENTS,
    STAYS,
    VOTES,
    WITHDRAWALS,
    Dated,
    Moved,
    Withdrawn,
    claim,
    decided,
    drawn,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)


def _per_guest(stays: Entries) -> list[int]:
    return sorted(one["cents"] // one["guests"] for one in stays.values() if one["guests"])


@case(stay(1, 1, guests=0, cents=900), stay(2, 2, guests=2, cents=900))
def the_price_per_guest_of_used_rooms() -> Process:
    """A room without guests has no price per guest."""
    return shown(STAYS, compute=_per_guest)


def _is_quick(readings: Entries) -> bool:
    """Whether a belt is quicker than ten pieces a minute, of which nothing is known within one minute."""
    ordered = sorted(readings.values(), key=lambda one: (one["minute"], one["value"], one["reading_id"]))
    if not ordered:
        return False
    return bool(ordered[-1]["value"] - ordered[0]["value"] > 10 * (ordered[-1]["minute"] - ordered[0]["minute"]))


@case(metered(1, 5, 7), metered(2, 9, 7), metered(3, 90, 9))
def pieces_per_minute_by_multiplying() -> Process:
    """What would be divided by the time is compared with the time so many times."""
    return judged(READINGS, judge=_is_quick)


def _variance(readings: Entries) -> int | None:
    """The variance in whole numbers."""
    values = [one["value"] for one in readings.values()]
    number = len(values)
    return (number * sum(one * one for one in values) - sum(values) ** 2) // number**2 if number else None


@case(metered(1, 5, 7), metered(2, 9, 8), metered(3, 1, 9))
def the_exact_variance() -> Process:
    """Whole numbers are added exactly in each order."""
    return shown(READINGS, compute=_variance)


def _quantity(notes: Entries) -> int:
    texts = [one["text"].strip() for one in notes.values()]
    return sum(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= 9)


@case(noted(1, "²"), noted(2, " 12"), noted(3, "x"))
def quantities_of_plain_digits() -> Process:
    """A quantity is at most nine plain digits."""
    return shown(NOTES, compute=_quantity)


def _anniversary(claims: Entries) -> list[str]:
    days = [date(2020, 1, 1) + timedelta(days=one["day"]) for one in claims.values()]
    return sorted(
        (date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)).isoformat()
        for day in days
    )


@case(claim(1, 5, day=59), claim(2, 5, day=60))
def covered_until_the_anniversary_or_the_first_of_march() -> Process:
    """The 29th of February has its anniversary on the first of March."""
    return shown(CLAIMS, compute=_anniversary)


def _tops(links: Entries) -> dict[str, str]:
    """Of each account the one at the top, or the first by name of those that are each other's parents."""
    parents: dict[str, str] = {}
    for one in links.values():
        parents[one["one"]] = min(one["other"], parents.get(one["one"], one["other"]))
    tops = {}
    for start in sorted(parents):
        path = [start]
        while path[-1] in parents and parents[path[-1]] not in path:
            path.append(parents[path[-1]])
        last = path[-1]
        tops[start] = min(path[path.index(parents[last]) :]) if last in parents else last
    return tops


@case(linked(1, "a", "b"), linked(2, "b", "a"), linked(3, "c", "a"))
def the_account_at_the_top_of_a_circle() -> Process:
    """Accounts that name each other come to the first of them by name."""
    return shown(LINKS, compute=_tops)


def _street(moves: Entries) -> str:
    known = [(one["day"], key, one["street"]) for key, one in moves.items() if one["street"] is not None]
    return max(known)[2] if known else "?"


@case(Moved(address_id="a1", day=1, street="High Street"), Moved(address_id="a2", day=1, city="Graz"))
def the_latest_street_that_is_known() -> Process:
    """Messages without a street say nothing of it."""
    return shown(MOVES, compute=_street)


def _share(claims: Entries, decisions: Entries) -> int:
    shares: dict[str, int] = {}
    for one in decisions.values():
        shares[one["claim_id"]] = max(one["share"], shares.get(one["claim_id"], 0))
    return sum(claims[key]["cents"] * share // 100 for key, share in shares.items() if key in claims)


@case(claim(1, 100), decided(1, "c1", 50), decided(2, "c1", 80), decided(3, "c9", 10))
def the_best_decision_about_each_claim() -> Process:
    """A decision about an unknown claim waits for it, and the best of several counts, for good."""
    return shown(CLAIMS, DECISIONS, compute=_share, is_cumulative=True, is_final=True)


class Tier(Enum):
    """What a customer's turnover makes of them."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


def _tier(repayments: Entries) -> Tier:
    turnover: int = sum(one["cents"] for one in repayments.values())
    return list(Tier)[min(2, turnover // 100_000)]


@case(repaid(1, 300_000), repaid(2, 100_000), repaid(3, 5))
def a_tier_and_nothing_above_gold() -> Process:
    """Above gold there is gold."""
    column = DerivedColumn("tier", (REPAYMENTS,), _tier, tuple(Tier))
    return proc(by(column, BRONZE=Out.OPEN, SILVER=Out.OTHER, GOLD=Out.DONE), REPAYMENTS)


def _chair(votes: Entries) -> str | None:
    ranked = sorted((one["round"], key, one["voter"]) for key, one in votes.items() if one["says"] == "yes")
    return ranked[0][2] if ranked else None


@case(vote(1, "yes", "Ada", 2), vote(2, "yes", "Bo", 1), vote(3, "no", "Cy", 1))
def the_chair_of_the_earliest_round() -> Process:
    """The chair is notified again when an earlier round is received of."""
    return shown(VOTES, compute=_chair)


def _in_season(events: Entries) -> bool:
    season = datetime(2030, 5, 1, 12, tzinfo=UTC)
    return any(datetime.fromisoformat(one["at"]) >= season for one in events.values())


@case(
    Dated(event_id="e1", at=datetime(2030, 5, 2, tzinfo=UTC)),
    Dated(event_id="e2", at=datetime.fromisoformat("2030-05-01T13:30:00+02:00")),
)
def a_season_with_a_zone() -> Process:
    """All times have a zone."""
    return judged(EVENTS, judge=_in_season)


def _chapters(claims: Entries) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for one in claims.values():
        sums[one["code"].partition(".")[0].strip().upper()] += one["cents"]
    return dict(sorted(sums.items()))


@case(claim(1, 5, "J45.1.2"), claim(2, 6, " j45"), claim(3, 7, ""))
def treatments_by_what_is_before_the_point() -> Process:
    """A code without a point is a chapter."""
    return shown(CLAIMS, compute=_chapters)


def _ratio(offers: Entries) -> str | None:
    prices = [Decimal(one["cents"]) for one in offers.values() if one["cents"]]
    if not prices:
        return None
    return str((max(prices) / min(prices)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


@case(offer(1, 0), offer(2, 3), offer(3, 8))
def how_much_dearer_than_the_cheapest_that_costs() -> Process:
    """Offers for nothing are left out."""
    return shown(OFFERS, compute=_ratio)


@lru_cache(maxsize=64)
def _price_of(guests: int) -> int:
    return 100 * guests - 10 * (guests // 3)


@case(stay(1, 1, guests=2), stay(2, 2, guests=3))
def prices_that_are_remembered() -> Process:
    """A price is computed once for each size of a room, and is the same whenever it is asked for."""
    return shown(STAYS, compute=lambda stays: sum(_price_of(one["guests"]) for one in stays.values()))


AGENTS = ("Ada", "Bo", "Cy")


@case(vote(1, "yes"), vote(2, "yes"), vote(3, "no"), vote(4, "no"))
def agents_in_turn_by_key() -> Process:
    """Each voter is called by the agent whose turn it is by the order of the keys, and all are notified again."""
    return shown(VOTES, compute=lambda votes: {key: AGENTS[turn % 3] for turn, key in enumerate(sorted(votes))})


def _place(pledges: Entries, key: str) -> int:
    return sorted(pledges, key=lambda one: (pledges[one]["minute"], one)).index(key) + 1


@case(pledge(1, 5, 9), pledge(2, 5, 3), pledge(3, 5, 3))
def the_number_of_each_ticket() -> Process:
    """Each ticket is numbered by its minute and key, and printed again when an earlier one is received of."""
    any_came = has_any(PLEDGES)
    template = CommandTemplate("Print", PLEDGES, ("backer",), (ComputedField("number", (PLEDGES,), _place),))
    ticket = Effect("ticket", "printer", {Do.YES: template})
    return proc(one_outcome(any_came), any_came, PLEDGES, wants=[wanted_in(any_came, ticket, YES=every(PLEDGES))])


def _is_audited(offers: Entries) -> list[str]:
    def digest(name: str) -> int:
        return hashlib.sha256(name.encode(errors="replace")).digest()[0]

    return sorted(key for key, one in offers.items() if digest(one["supplier"]) % 2)


@case(offer(1, 5), offer(2, 5), offer(3, 5))
def every_second_supplier_by_a_digest() -> Process:
    """A digest of the name is the same in each interpreter."""
    return shown(OFFERS, compute=_is_audited)


def _overdraft(draws: Entries, repayments: Entries) -> int:
    """The deepest level of the account, by day, repayments first."""
    moves = [(one["day"], 0, one["cents"]) for one in repayments.values()]
    moves += [(one["day"], 1, -one["cents"]) for one in draws.values()]
    level = deepest = 0
    for _, _, change in sorted(moves):
        level += change
        deepest = min(deepest, level)
    return -deepest


@case(drawn(1, 80, day=2), repaid(1, 50, day=1), drawn(2, 10, day=1))
def the_deepest_overdraft_by_day() -> Process:
    """The account is gone through by day each time."""
    return shown(DRAWS, REPAYMENTS, compute=_overdraft)


def _goal(pledges: Entries, withdrawals: Entries) -> bool:
    gone = {one["pledge_id"] for one in withdrawals.values()}
    standing: int = sum(one["cents"] for key, one in pledges.items() if key not in gone)
    return standing >= 10_000


@case(pledge(1, 6_000), pledge(2, 5_000), Withdrawn(withdrawal_id="w1", pledge_id="p2"))
def a_campaign_that_may_fall_below_its_goal() -> Process:
    """What was granted at the goal is taken back below it, and that can be done."""
    return granted(PLEDGES, WITHDRAWALS, judge=_goal, is_final=False)


def _longest_gap(stays: Entries) -> int:
    nights = sorted({one["night"] for one in stays.values()})
    return max((later - sooner for sooner, later in pairwise(nights)), default=0)


@case(stay(1, 1), stay(2, 5), stay(3, 3))
def the_longest_gap_between_nights() -> Process:
    """A night within a gap makes it shorter, and it is notified again."""
    return shown(STAYS, compute=_longest_gap)


def _top_words(tags: Entries) -> list[Any]:
    counted = Counter(word.strip().casefold() for one in tags.values() for word in one["tags"])
    return [[word, number] for word, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))][:3]


@case(tagged(1, "urgent", "late"), tagged(2, "Urgent "), tagged(3, "late", "late", "lost"), tagged(4, "a"))
def the_three_most_frequent_tags() -> Process:
    """Tags that are used as often are ranked by their text."""
    return shown(TAGS, compute=_top_words)


def _deductible(claims: Entries) -> dict[str, int]:
    """What the insurer pays of each claim, by day, when the patient has paid the first 500 euro."""
    left, shares = 50_000, {}
    for key, one in sorted(claims.items(), key=lambda item: (item[1]["day"], item[0])):
        own = min(left, one["cents"])
        left -= own
        shares[key] = one["cents"] - own
    return dict(sorted(shares.items()))


@case(claim(1, 60_000, day=2), claim(2, 40_000, day=1), claim(3, 5, day=2))
def the_deductible_by_the_day_of_treatment() -> Process:
    """The deductible is used up by day of treatment, and each share is notified again."""
    return shown(CLAIMS, compute=_deductible)
