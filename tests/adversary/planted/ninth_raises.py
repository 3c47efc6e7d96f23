"""Functions that fail for what the message class admits, or that remember something."""

import itertools
import math
import time
from collections import deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from statistics import StatisticsError, stdev
from typing import Any

from saga import DerivedColumn, Entries, Fact, Process, Reducer
from tests.adversary.kit import NOTES, TAGS, Out, by, case, chosen, judged, noted, proc, shown, tagged
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    EVENTS,
    LINKS,
    MOVES,
    OFFERS,
    PLEDGES,
    READINGS,
    REPAYMENTS,
    STAYS,
    VOTES,
    Claimed,
    Dated,
    Decided,
    Known,
    Moved,
    Pledged,
    Repaid,
    Withdrawn,
    claim,
    decided,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)


def _per_guest(stays: Entries) -> list[int]:
    return [one["cents"] // one["guests"] for one in stays.values()]


@case(stay(1, 1, guests=0, cents=900))
def the_price_per_guest() -> Process:
    """A room that was paid for and not used has no guests to divide by."""
    return shown(STAYS, compute=_per_guest)


def _speed(readings: Entries) -> bool:
    """Whether a belt is quicker than ten pieces a minute between its first and its last reading."""
    if len(readings) < 2:
        return False
    ordered = sorted(readings.values(), key=lambda one: one["minute"])
    first, last = ordered[0], ordered[-1]
    return bool((last["value"] - first["value"]) / (last["minute"] - first["minute"]) > 10)


@case(metered(1, 5, 7), metered(2, 9, 7))
def pieces_per_minute() -> Process:
    """Two readings of the same minute have no time between them."""
    return judged(READINGS, judge=_speed)


def _is_noisy(readings: Entries) -> bool:
    return bool(readings) and stdev(one["value"] for one in readings.values()) > 10


@case(metered(1, 5, 7))
def a_noisy_sensor() -> Process:
    """One reading has no standard deviation."""
    return judged(READINGS, judge=_is_noisy)


def _quantity(notes: Entries) -> int:
    return sum(int(one["text"]) for one in notes.values() if one["text"].isdigit())


@case(noted(1, "²"))
def quantities_among_the_notes() -> Process:
    """What is a digit for a text is not always one for a number."""
    return shown(NOTES, compute=_quantity)


def _anniversary(claims: Entries) -> list[str]:
    days = [date(2020, 1, 1) + timedelta(days=one["day"]) for one in claims.values()]
    return sorted(day.replace(year=day.year + 1).isoformat() for day in days)


@case(claim(1, 5, day=59))
def covered_until_the_anniversary() -> Process:
    """A treatment on the 29th of February has no anniversary."""
    return shown(CLAIMS, compute=_anniversary)


def _root(links: Entries) -> dict[str, str]:
    parents = {one["one"]: one["other"] for one in links.values()}

    def top(place: str) -> str:
        return top(parents[place]) if place in parents else place

    return {place: top(place) for place in sorted(parents)}


@case(linked(1, "a", "b"), linked(2, "b", "a"))
def the_account_at_the_top() -> Process:
    """Two accounts that name each other as their parent have no top."""
    return shown(LINKS, compute=_root)


def _current_street(moves: Entries) -> str:
    ordered = sorted(moves.values(), key=lambda one: (one["day"], one["street"], one["address_id"]))
    return ordered[-1]["street"] or "?"


@case(Moved(address_id="a1", day=1, street="High Street"), Moved(address_id="a2", day=1, city="Graz"))
def the_latest_street() -> Process:
    """Two parts of an address on one day are compared by their streets, of which one is missing."""
    return shown(MOVES, compute=_current_street)


def _share(claims: Entries, decisions: Entries) -> int:
    return sum(claims[one["claim_id"]]["cents"] * one["share"] // 100 for one in decisions.values())


@case(claim(1, 100), decided(1, "c1", 50))
def a_decision_about_an_unknown_claim() -> Process:
    """A decision that overtakes its claim looks for it in vain."""
    return shown(CLAIMS, DECISIONS, compute=_share)


def _settle(known: dict[str, int], fact: Fact) -> dict[str, int]:
    if fact.kind is Claimed:
        return {fact.fields["claim_id"]: fact.fields["cents"], **known}
    covered = known[fact.fields["claim_id"]] * fact.fields["share"] // 100
    return {**known, f"{fact.fields['claim_id']} covered": covered}


@case(claim(1, 100), decided(1, "c1", 50))
def a_claim_settled_in_place() -> Process:
    """The decision is folded into a claim that is not there yet."""
    return shown(Reducer("settled", (Claimed, Decided), {}, _settle))


def _standing(known: list[str], fact: Fact) -> list[str]:
    if fact.kind is Pledged:
        return known if fact.fields["pledge_id"] in known else sorted([*known, fact.fields["pledge_id"]])
    rest = deque(known)
    if rest:
        rest.remove(fact.fields["pledge_id"])
    return sorted(rest)


@case(pledge(1, 5), Withdrawn(withdrawal_id="w1", pledge_id="p2"))
def a_withdrawal_of_what_is_not_there() -> Process:
    """A withdrawal of an unknown pledge fails if there is any other."""
    return shown(Reducer("standing", (Pledged, Withdrawn), [], _standing))


class Tier(Enum):
    """What a customer's turnover makes of them."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


def _tier(repayments: Entries) -> Tier:
    """One tier for each thousand euro."""
    turnover: int = sum(one["cents"] for one in repayments.values())
    return list(Tier)[turnover // 100_000]


@case(repaid(1, 300_000))
def a_tier_above_gold() -> Process:
    """Three thousand euro are beyond the last tier."""
    column = DerivedColumn("tier", (REPAYMENTS,), _tier, tuple(Tier))
    return proc(by(column, BRONZE=Out.OPEN, SILVER=Out.OTHER, GOLD=Out.DONE), REPAYMENTS)


def _loudness(readings: Entries) -> bool:
    return any(20 * math.log10(one["value"]) > 90 for one in readings.values())


@case(metered(1, 0, 7))
def decibels_of_a_silent_sensor() -> Process:
    """Silence has no logarithm."""
    return judged(READINGS, judge=_loudness)


def _chair(votes: Entries) -> str:
    """Who has said yes in the first round takes the chair."""
    return str(next(one["voter"] for one in votes.values() if one["round"] == 1))


@case(vote(1, "yes", "Ada", 2))
def the_chair_of_the_first_round() -> Process:
    """Nobody takes the chair if the vote of the second round comes first."""
    return shown(VOTES, compute=_chair)


def _is_weekend(events: Entries) -> bool:
    """Whether a visit is in the season that begins at noon of the first of May."""
    season = datetime.fromisoformat("2030-05-01T12:00:00")
    return any(datetime.fromisoformat(one["at"]) >= season for one in events.values())


@case(Dated(event_id="e1", at=datetime(2030, 5, 2, tzinfo=UTC)))
def a_season_without_a_zone() -> Process:
    """The season begins at a time without a zone, which is compared with times that have one."""
    return judged(EVENTS, judge=_is_weekend)


def _split_code(claims: Entries) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in claims.values():
        chapter, _ = one["code"].split(".")
        sums[chapter] = sums.get(chapter, 0) + one["cents"]
    return sums


@case(claim(1, 5, "J45.1.2"))
def treatments_by_chapter() -> Process:
    """A code need not have one point."""
    return shown(CLAIMS, compute=_split_code)


def _bonus(offers: Entries) -> str:
    cheapest = min(one["cents"] for one in offers.values())
    dearest = max(one["cents"] for one in offers.values())
    return str((Decimal(dearest) / Decimal(cheapest)).quantize(Decimal("0.01")))


@case(offer(1, 0), offer(2, 5))
def how_much_dearer_the_dearest_is() -> Process:
    """An offer may be for nothing."""
    return shown(OFFERS, compute=_bonus)


def _spread(notes: Entries) -> float:
    try:
        return round(stdev(float(one["text"]) for one in notes.values()), 6)
    except (StatisticsError, ValueError):
        return 0.0


@case(noted(1, "inf"), noted(2, "1"))
def the_spread_of_what_was_noted() -> Process:
    """A text may be read as infinity, of which there is no deviation."""
    return shown(NOTES, compute=_spread)


_AGENTS = itertools.cycle(["Ada", "Bo"])


def _agent(votes: Entries) -> dict[str, str]:
    return {key: next(_AGENTS) for key in votes}


@case(vote(1, "yes"), vote(2, "yes"))
def the_next_agent_in_turn() -> Process:
    """Each voter is called by the next agent in turn, and whose turn it is depends on all calls before."""
    return shown(VOTES, compute=_agent)


_NUMBERS: dict[str, int] = {}


def _receipt_numbers(pledges: Entries) -> dict[str, int]:
    return {key: _NUMBERS.setdefault(key, len(_NUMBERS) + 1) for key in pledges}


@case(pledge(1, 5), pledge(2, 5), shown_by="interpreters")
def numbers_of_receipts() -> Process:
    """A receipt gets the next number of the interpreter, whichever pledge is asked about first."""
    return shown(PLEDGES, compute=_receipt_numbers)


def _known_before(tags: Entries, before: list[str] = []) -> bool:  # noqa: B006 -- this is what is planted
    """Whether a tag was used twice."""
    words = [word for one in tags.values() for word in one["tags"]]
    has_repeat = any(word in before for word in words)
    before.extend(word for word in words if word == "urgent")
    return has_repeat


@case(tagged(1, "urgent"), tagged(2, "urgent"), shown_by="interpreters")
def tags_that_were_used_before() -> Process:
    """The list of tags lives as long as the function."""
    return judged(TAGS, judge=_known_before)


@cache
def _price_of(guests: int, *, _seen: list[int] = []) -> int:  # noqa: B006 -- this is what is planted
    """The second size of a room that is asked about gets the discount."""
    _seen.append(guests)
    return 100 * guests - (10 if len(_seen) == 2 else 0)


@case(stay(1, 1, guests=2), stay(2, 2, guests=3), shown_by="interpreters")
def prices_that_are_computed_once() -> Process:
    """A price is computed once for each size of a room, and the second one is cheaper."""
    return shown(STAYS, compute=lambda stays: sum(_price_of(one["guests"]) for one in stays.values()))


def _spokesman(votes: Entries) -> str:
    return next(iter({one["voter"] for one in votes.values()}), "")


@case(vote(1, "yes", "Ada"), vote(2, "yes", "Bo"), vote(3, "yes", "Cy"), shown_by="interpreters")
def the_first_of_a_set_speaks() -> Process:
    """Who speaks for the voters is the first of a set of names."""
    return shown(VOTES, compute=_spokesman)


def _shard(offers: Entries) -> frozenset[str]:
    return frozenset(key for key, one in offers.items() if hash(one["supplier"]) % 2)


@case(offer(1, 5), offer(2, 5), offer(3, 5), shown_by="interpreters")
def every_second_supplier_is_audited() -> Process:
    """Which suppliers are audited depends on the hash of their names."""
    return chosen(OFFERS, _shard)


def _age(events: Entries) -> dict[str, int]:
    today = int(time.time()) // 86_400
    return {key: today - int(datetime.fromisoformat(one["at"]).timestamp()) // 86_400 for key, one in events.items()}


@case(Dated(event_id="e1", at=datetime(2024, 6, 1, tzinfo=UTC)), shown_by="interpreters")
def how_many_days_ago_it_was() -> Process:
    """How long a visit is over depends on when it is asked."""
    return shown(EVENTS, compute=_age)


def _first_amount(known: Known, fact: Fact, _limits: dict[str, Any] = {}) -> Known:  # noqa: B006 -- this is what is planted
    """The limit of an account is its first repayment."""
    limit = _limits.setdefault("limit", fact.fields["cents"])
    return {**known, fact.fields["repayment_id"]: min(limit, fact.fields["cents"])}


@case(repaid(1, 70), repaid(2, 50), shown_by="interpreters")
def a_limit_that_is_set_once() -> Process:
    """The first amount that any instance takes in is the limit of all."""
    return shown(Reducer("limited", (Repaid,), {}, _first_amount))
