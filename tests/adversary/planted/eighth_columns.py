"""Registers that are right, with own functions beside them that raise for something that a sender may well say."""

import ipaddress
import math
import re
import statistics
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import partial, reduce
from graphlib import TopologicalSorter
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from saga import DerivedColumn, Entries, Process, outcomes
from tests.adversary.kit import LIMITS, NOTES, PAYMENTS, Configured, Out, case, chosen, judged, noted, proc, shown
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    BOOKINGS,
    JOBS,
    LINES,
    LINKS,
    LISTS,
    LOANS,
    MEMBERS,
    PINGS,
    PLANS,
    POSTS,
    QUOTES,
    SCANS,
    SENSORS,
    SHIFTS,
    STAFF,
    Balloted,
    Booked,
    Chilled,
    Enrolled,
    Fitted,
    Grade,
    Hired,
    Lent,
    Linked,
    Listed,
    Ordered,
    Part,
    Pinged,
    Planned,
    Quoted,
    Said,
    Scanned,
    Worked,
)

Entry = Any
LOCAL = datetime.fromisoformat("2030-01-01T08:00:00")


@case(Planned("i", "p1", 2027, 53))
def a_shift_plan_of_week_53() -> Process:
    """The plan's Monday is asked of a year that has no week 53."""

    def first_monday(plans: Entries) -> str:
        return min(date.fromisocalendar(one["year"], one["week"], 1) for one in plans.values()).isoformat()

    return shown(PLANS, compute=first_monday)


@case(Enrolled("i", "m1", date(2004, 2, 29)))
def a_birthday_in_a_common_year() -> Process:
    """A member who was born on 29 February has no birthday in the year of the voucher."""

    def in_june(members: Entries) -> bool:
        return any(date.fromisoformat(one["born"]).replace(year=2027).month == 6 for one in members.values())

    return judged(MEMBERS, judge=in_june)


@case(Hired("i", "ann", "bob"), Hired("i", "bob", "ann"))
def two_who_are_each_other_s_boss() -> Process:
    """Who signs in the end is sought up the chain of bosses, which may go in a circle."""

    def top(staff: Entries, badge: str) -> str:
        boss = staff[badge]["boss"] if badge in staff else None
        return badge if boss is None else top(staff, boss)

    return shown(STAFF, compute=lambda staff: sorted({top(staff, badge) for badge in staff}))


@case(Booked("i", "b1", 60, 90, "red"), Booked("i", "b2", 60, 80, "red"))
def a_calendar_sorted_as_pairs() -> Process:
    """Bookings are compared as pairs of a time and the booking itself, and two begin at the same minute."""

    def next_room(bookings: Entries) -> str:
        return str(min((one["start"], one) for one in bookings.values())[1]["room"])

    return shown(BOOKINGS, compute=next_room)


@case(Hired("i", "b1", None, 7), Hired("i", "b2", "ann", 7))
def a_pay_list_with_a_tie() -> Process:
    """Equal salaries are ranked by the boss, and one of the two has none."""
    key = itemgetter("salary", "boss", "badge_id")
    return shown(STAFF, compute=lambda staff: [one["badge_id"] for one in sorted(staff.values(), key=key)])


@case(Pinged("i", "p1", 1, 12.0, 50.0), Pinged("i", "p2", 2, 12.0, 50.0))
def a_van_that_stands_still() -> Process:
    """The great circle of two equal places has a cosine a little above one."""

    def kilometres(pings: Entries) -> int:
        way = 0.0
        for one, two in pairwise(sorted(pings.values(), key=itemgetter("minute", "ping_id"))):
            here, there = math.radians(one["lat"]), math.radians(two["lat"])
            turn = math.cos(math.radians(one["lon"] - two["lon"]))
            way += 6371 * math.acos(math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * turn)
        return round(way)

    return shown(PINGS, compute=kilometres)


PRICES = {"S": 900, "M": 1000, "L": 1200}


@case(Ordered("i", "l1", "shirt", 2, 100, "XL"))
def a_size_without_a_price() -> Process:
    """The price list of a shop has three of the four sizes that can be ordered."""
    return shown(LINES, compute=lambda lines: sum(PRICES[one["size"]] * one["quantity"] for one in lines.values()))


@case(Chilled("i", "s1", 4.0))
def the_spread_of_one_sensor() -> Process:
    """The spread of the temperatures needs two of them, and the first one comes alone."""

    def is_stable(sensors: Entries) -> bool:
        return bool(sensors) and statistics.stdev(one["degrees"] for one in sensors.values()) < 2

    return judged(SENSORS, judge=is_stable)


@case(Balloted("i", "v1", "ann", "no"))
def a_quorum_of_yes() -> Process:
    """The share of the last who said yes is asked before anybody did."""

    def last(ballots: Entries) -> bool:
        return not ballots or max(key for key, one in ballots.items() if one["option"] == "yes") > "v1"

    return judged(BALLOTS, judge=last)


@case(noted(1, "½"))
def half_a_cup() -> Process:
    """A quantity that counts as numeric is no integer, such as the sign of a half."""

    def cups(notes: Entries) -> int:
        return sum(int(one["text"]) for one in notes.values() if one["text"].isnumeric())

    return shown(NOTES, compute=cups)


@case(noted(1, "10.0.0.5/24"))
def a_network_with_a_host_in_it() -> Process:
    """Text that looks like an address with a mask is taken for a network, and has bits of a host."""
    pattern = re.compile(r"\d{1,3}(\.\d{1,3}){3}/(\d|[12]\d|3[0-2])")

    def size(notes: Entries) -> int:
        texts = [one["text"] for one in notes.values() if pattern.fullmatch(one["text"])]
        return sum(ipaddress.ip_network(text).num_addresses for text in texts)

    return shown(NOTES, compute=size)


@case(Linked("i", "l1", "wash", "dry"), Linked("i", "l2", "dry", "iron"), Linked("i", "l3", "iron", "wash"))
def steps_that_wait_for_each_other() -> Process:
    """The steps of a laundry are put in their order, and three of them wait for each other."""

    def steps(links: Entries) -> int:
        ranker: TopologicalSorter[str] = TopologicalSorter()
        for one in links.values():
            if one["one"] != one["other"]:
                ranker.add(one["one"], one["other"])
        return len([*ranker.static_order()])

    return shown(LINKS, compute=steps)


@case(Listed("i", "a", ["tea", "milk"], [1]))
def a_delivery_with_a_count_too_few() -> Process:
    """Codes and counts come as two lists, which nobody says are equally long."""

    def pieces(lists: Entries) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in lists.values():
            for code, number in zip(one["codes"], one["counts"], strict=True):
                found[code] = found.get(code, 0) + number
        return found

    return shown(LISTS, compute=pieces)


@case(Scanned("i", "s1", "hub", LOCAL), Scanned("i", "s2", "hub", LOCAL.replace(tzinfo=UTC)))
def a_scanner_without_a_zone() -> Process:
    """One scanner knows its time zone and another one does not, and their times are subtracted."""

    def minutes(scans: Entries) -> int:
        times = [datetime.fromisoformat(one["at"]) for one in scans.values()]
        return sum((two - one) // timedelta(minutes=1) for one, two in pairwise(times))

    return shown(SCANS, compute=minutes)


@case(Quoted("i", "q1", "12,5"))
def a_quote_with_a_comma() -> Process:
    """An amount may have a comma, which the pattern allows and the fraction does not."""
    return judged(QUOTES, judge=lambda quotes: sum(Fraction(one["amount"]) for one in quotes.values()) > 100)


@case(Said("i", "p1", "ann", "hello {name}"))
def a_greeting_with_braces() -> Process:
    """What a customer wrote is used as the template of the answer."""

    def answers(posts: Entries) -> list[str]:
        return [f"{{author}} wrote: {one['text']}".format(author=one["author"]) for one in posts.values()]

    return shown(POSTS, compute=answers)


@case(Fitted("i", "j1", Part("fan")))
def a_spare_that_was_not_needed() -> Process:
    """The serial of the spare part is read, and a job may need none."""

    def serials(jobs: Entries) -> list[str]:
        return sorted(one["spare"]["serial"] or one["spare"]["sku"] for one in jobs.values() if one["part"])

    return shown(JOBS, compute=serials)


@case(Lent("i", "l1", "emma", date(9999, 12, 20)))
def a_loan_until_after_the_last_day() -> Process:
    """A permanent loan is noted with the last year there is, and the days after it overflow."""

    def due(loans: Entries) -> list[str]:
        return sorted((date.fromisoformat(one["day"]) + timedelta(one["days"])).isoformat() for one in loans.values())

    return shown(LOANS, compute=due)


@case(Worked("i", "s1", 100, 60), Worked("i", "s2", 100, 30))
def overtime_by_the_hour() -> Process:
    """The pace divides by the time between the starts of two shifts, which can be the same."""

    def pace(shifts: Entries) -> list[int]:
        ranked = sorted(shifts.values(), key=itemgetter("start", "shift_id"))
        return [one["minutes"] * 60 // (two["start"] - one["start"]) for one, two in pairwise(ranked)]

    return shown(SHIFTS, compute=pace)


@case(Configured("i", limit=0))
def instalments_of_nothing() -> Process:
    """The payments are cut in parts of the limit, and zero is a limit like any other."""

    def parts(payments: Entries, limits: Entries) -> int:
        step = limits["i"]["limit"] if "i" in limits else 1000
        return len(range(0, sum(one["amount"] for one in payments.values()), step if step is not None else 1000))

    return shown(PAYMENTS, LIMITS, compute=parts)


@case(Said("i", "p1", "", "hi"))
def a_chat_with_initials() -> Process:
    """The initials take the first letter of a name that may be empty."""
    return shown(POSTS, compute=lambda posts: sorted({one["author"][0].upper() for one in posts.values()}))


@case(noted(1, "A1"))
def a_seat_from_row_to_row() -> Process:
    """A range of seats is taken apart at its dash, and a single seat has none."""

    def seats(notes: Entries) -> frozenset[str]:
        chosen_keys = set()
        for key, one in notes.items():
            first, last = one["text"].split("-")
            if first <= last:
                chosen_keys.add(key)
        return frozenset(chosen_keys)

    return chosen(NOTES, seats)


def _grade(limits: dict[str, int], lines: Entries) -> Any:
    pieces = sum(one["quantity"] for one in lines.values())
    for name, least in limits.items():
        if pieces > least:
            return Grade(name)
    return "none"


@case(Ordered("i", "l1", "tea", 3))
def a_grade_that_is_no_grade() -> Process:
    """The grade of an order is looked up from the top, and what is below all limits has a word that no row knows."""
    column = DerivedColumn("grade", (LINES,), partial(_grade, {"high": 100, "middle": 10, "low": 3}), tuple(Grade))
    return proc(outcomes(column, rule=lambda grade: Out.DONE if grade is Grade.HIGH else Out.OTHER), LINES)


@case(Chilled("i", "s1", 0.0))
def a_growth_in_logarithms() -> Process:
    """The doublings are a logarithm of what is not below zero, and zero is not below zero."""

    def doublings(known: int, one: Entry) -> int:
        return known + math.floor(math.log2(one["degrees"]))

    def grown(sensors: Entries) -> int:
        return reduce(doublings, (one for one in sensors.values() if one["degrees"] >= 0), 0)

    return shown(SENSORS, compute=grown)


@case(Balloted("i", "v1", "ann", "a"), Balloted("i", "v2", "bob", "b"))
def one_winner_only() -> Process:
    """The winner is unpacked out of the options with most votes, and two have as many."""

    def winner(ballots: Entries) -> Any:
        if not ballots:
            return None
        options = sorted(one["option"] for one in ballots.values())
        counted = {option: len([*votes]) for option, votes in groupby(options)}
        (best,) = [option for option, number in counted.items() if number == max(counted.values())]
        return best

    return shown(BALLOTS, compute=winner)
