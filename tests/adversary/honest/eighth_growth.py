"""Own functions that only grow, or whose effects follow them both ways, of payrolls, matches and postings."""

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import accumulate, combinations
from operator import itemgetter
from typing import Any

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Process, outcomes, wanted
from tests.adversary.kit import (
    Do,
    Out,
    case,
    chosen,
    granted,
    has_any,
    one_outcome,
    proc,
    shown,
    wanted_in,
)
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    BOOKINGS,
    CAP,
    LINES,
    LISTS,
    MATCHES,
    POSTINGS,
    SCANS,
    SHIFTS,
    Balloted,
    Booked,
    Capped,
    Fought,
    Grade,
    Listed,
    Ordered,
    Posted,
    Scanned,
    Worked,
)


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@case(Worked("i", "s1", 0, 590), Worked("i", "s2", 900, 15))
def a_pay_slip_without_a_cliff() -> Process:
    """Only what lies within a bracket is taxed by it, so that pay never gets less by a further shift."""
    brackets = ((0, 10), (12_000, 30), (50_000, 45))

    def net(shifts: Entries) -> int:
        gross = sum(one["minutes"] for one in shifts.values()) * 20
        ends = [*(least for least, _ in brackets[1:]), gross]
        parts = [
            Fraction(max(0, min(gross, end) - least) * (100 - rate), 100)
            for (least, rate), end in zip(brackets, ends, strict=True)
        ]
        return math.floor(sum(parts))

    return shown(SHIFTS, compute=net, is_cumulative=True, is_final=True)


@case(
    Scanned("i", "s1", "a", datetime(2030, 1, 1, tzinfo=UTC)), Scanned("i", "s2", "b", datetime(2030, 1, 3, tzinfo=UTC))
)
def a_penalty_beyond_a_day() -> Process:
    """A penalty is due for good once two scans lie more than a day apart, which no scan between them changes."""

    def is_slow(scans: Entries) -> bool:
        times = sorted(_moment(one["at"]) for one in scans.values())
        return bool(times) and times[-1] - times[0] > timedelta(days=1)

    return granted(SCANS, judge=is_slow)


@case(Booked("i", "b1", 0, 60), Booked("i", "b2", 30, 90), Booked("i", "b3", 90, 95))
def bookings_that_clash() -> Process:
    """A booking that overlaps another one is reported for good, and stays one that does."""

    def clashing(bookings: Entries) -> frozenset[str]:
        return frozenset(
            key
            for one, two in combinations(bookings, 2)
            if bookings[one]["room"] == bookings[two]["room"]
            and max(bookings[one]["start"], bookings[two]["start"]) < min(bookings[one]["end"], bookings[two]["end"])
            for key in (one, two)
        )

    return chosen(BOOKINGS, clashing, is_final=True, fields=("start",))


@case(*(Fought("i", f"m{number}", winner, "dan", number) for number, winner in enumerate(["ann", "bob", "ann"])))
def players_with_two_wins() -> Process:
    """A match counts for good once its winner has won twice."""

    def twice(matches: Entries) -> frozenset[str]:
        wins = Counter(one["winner"] for one in matches.values())
        return frozenset(key for key, one in matches.items() if wins[one["winner"]] >= 2)

    return chosen(MATCHES, twice, is_final=True)


@case(Posted("i", "p1", 50, minute=3), Posted("i", "p2", -80, minute=1), Posted("i", "p3", 90, minute=0))
def a_clean_account_that_is_taken_back() -> Process:
    """The running balance by the minute is judged anew with each posting, and the badge follows it both ways."""

    def is_clean(postings: Entries) -> bool:
        ranked = sorted(postings.values(), key=itemgetter("minute", "posting_id"))
        return bool(ranked) and min(accumulate(one["cents"] for one in ranked)) >= 0

    return granted(POSTINGS, judge=is_clean, is_final=False)


@case(Ordered("i", "l1", "tea", 1), Ordered("i", "l2", "jam", 1), Ordered("i", "l3", "tea", 1))
def a_gift_in_four_grades() -> Process:
    """What is wanted of the gift is said of each grade of the order."""

    def grade(lines: Entries) -> Grade:
        most = max(Counter(one["sku"] for one in lines.values()).values(), default=0)
        return Grade.HIGH if most >= 3 else Grade.MIDDLE if most == 2 else Grade.LOW

    column = DerivedColumn("grade", (LINES,), grade, tuple(Grade))
    gift = Effect(
        "gift", "desk", {one: CommandTemplate(f"Give{one.name.title()}") for one in Grade}, initially=Grade.LOW
    )
    wants = wanted(column, rows=[(one, {gift: one}) for one in Grade])
    return proc(outcomes(column, rule=lambda one: Out.OTHER if one is Grade.LOW else Out.DONE), LINES, wants=[wants])


@case(Listed("i", "a", ["tea"]), Listed("i", "b", ["tea", "milk"]), Listed("i", "c", ["milk"]))
def a_list_of_what_two_have() -> Process:
    """A final list that only grows has what at least two branches ordered."""

    def doubles(lists: Entries) -> list[str]:
        counted = Counter(code for one in lists.values() for code in sorted({*one["codes"]}))
        return sorted(code for code, number in counted.items() if number > 1)

    return shown(LISTS, compute=doubles, is_cumulative=True, is_final=True)


@cache
def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@case(Balloted("i", "v1", "ann", "Tea "), Balloted("i", "v2", "bob", "tea"), Balloted("i", "v3", "cy", "jam"))
def a_favourite_by_votes_and_name() -> Process:
    """The favourite has the most votes in a plain spelling, and between equals the first by its name."""

    def favourite(ballots: Entries) -> str | None:
        votes: defaultdict[str, int] = defaultdict(int)
        for one in ballots.values():
            votes[_plain(one["option"])] += one["weight"]
        return min(votes, key=lambda option: (-votes[option], option), default=None)

    return shown(BALLOTS, compute=favourite)


@case(Capped("i", 100), Posted("i", "p1", 150), Posted("i", "p2", 50))
def what_is_above_a_known_cap() -> Process:
    """Postings above the cap are reported once the cap is known, which never changes."""

    def above(postings: Entries, cap: Entries) -> frozenset[str]:
        limits = [one["cap"] for one in cap.values()]
        return frozenset(key for key, one in postings.items() if limits and one["cents"] > limits[0])

    return chosen(POSTINGS, above, CAP, is_final=True)


def _beyond(lines: Entries, cap: Entries) -> Any:
    return max(0, sum(one["quantity"] for one in lines.values()) - min(one["cap"] for one in cap.values()))


@case(Capped("i", 3), Ordered("i", "l1", "tea", 2), Ordered("i", "l2", "tea", 5))
def a_bill_once_the_cap_is_there() -> Process:
    """The bill goes out with the cap, and says what is beyond it as the lines come."""
    has = has_any(CAP)
    beyond = ComputedField("beyond", (LINES, CAP), _beyond)
    bill = Effect("bill", "desk", {Do.YES: CommandTemplate("Bill", CAP, ("cap",), (beyond,))})
    return proc(one_outcome(has), has, LINES, CAP, wants=[wanted_in(has, bill, YES=Do.YES)])
