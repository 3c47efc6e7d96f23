"""Own functions beside registers that are as involved as those that are wrong, and right for each value."""

import ipaddress
import math
import re
import statistics
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from string import Template
from typing import Any

from saga import Entries, Process
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PAYMENTS,
    Configured,
    case,
    judged,
    noted,
    paid,
    shown,
)
from tests.adversary.planted.eighth_messages import (
    BOOKINGS,
    JOBS,
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
    STAFF,
    Booked,
    Chilled,
    Enrolled,
    Fitted,
    Hired,
    Lent,
    Linked,
    Listed,
    Part,
    Pinged,
    Planned,
    Quoted,
    Said,
    Scanned,
)


@case(Planned("i", "p1", 2026, 53), Planned("i", "p2", 2027, 53))
def a_plan_that_counts_from_the_fourth() -> Process:
    """The Monday is counted from that of the fourth of January, so that week 53 is one of every year."""

    def first_monday(plans: Entries) -> str:
        days = []
        for one in plans.values():
            fourth = date(one["year"], 1, 4)
            days.append(fourth - timedelta(fourth.weekday()) + timedelta(weeks=one["week"] - 1))
        return min(days).isoformat()

    return shown(PLANS, compute=first_monday)


@case(Enrolled("i", "m1", date(2004, 2, 29)), Enrolled("i", "m2", date(2003, 3, 1)))
def birthdays_by_month_and_day() -> Process:
    """Birthdays are notified as a month and a day, which those of 29 February have as well."""
    return shown(MEMBERS, compute=lambda members: sorted(one["born"][5:] for one in members.values()))


@case(Hired("i", "ann", "bob"), Hired("i", "bob", "ann"), Hired("i", "cy", "bob"))
def a_chain_of_bosses_with_an_end() -> Process:
    """Who signs in the end is sought up the chain of bosses, and a circle ends at whom it began."""

    def top(staff: Entries, badge: str) -> str:
        way = [badge]
        while (boss := staff[way[-1]]["boss"] if way[-1] in staff else None) is not None and boss not in way:
            way.append(boss)
        return way[-1]

    return shown(STAFF, compute=lambda staff: sorted({top(staff, badge) for badge in staff}))


@case(Booked("i", "b1", 60, 90, "red"), Booked("i", "b2", 60, 80, "red"))
def a_calendar_with_ids() -> Process:
    """Bookings are sorted by their time and then their id, of which there are no two."""

    def next_room(bookings: Entries) -> str:
        return str(min((one["start"], key, one["room"]) for key, one in bookings.items())[2])

    return shown(BOOKINGS, compute=next_room)


@case(Hired("i", "b1", None, 7), Hired("i", "b2", "ann", 7))
def a_pay_list_that_knows_of_none() -> Process:
    """Equal salaries are ranked by the boss, and nobody's is before all others."""

    def rank(one: dict[str, str]) -> tuple[object, ...]:
        return one["salary"], one["boss"] is not None, one["boss"] or "", one["badge_id"]

    return shown(STAFF, compute=lambda staff: [one["badge_id"] for one in sorted(staff.values(), key=rank)])


@case(Pinged("i", "p1", 1, 12.0, 50.0), Pinged("i", "p2", 2, 12.0, 50.0))
def a_great_circle_within_its_bounds() -> Process:
    """The cosine is cut at one before it is an angle."""

    def kilometres(pings: Entries) -> int:
        way = 0.0
        for one, two in pairwise(sorted(pings.values(), key=itemgetter("minute", "ping_id"))):
            here, there = math.radians(one["lat"]), math.radians(two["lat"])
            turn = math.cos(math.radians(one["lon"] - two["lon"]))
            cosine = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * turn
            way += 6371 * math.acos(max(-1.0, min(1.0, cosine)))
        return round(way)

    return shown(PINGS, compute=kilometres)


@case(Chilled("i", "s1", 4.0), Chilled("i", "s2", 4.5))
def a_spread_of_two_or_more() -> Process:
    """The spread is asked for only of two sensors and more."""

    def is_stable(sensors: Entries) -> bool:
        return len(sensors) >= 2 and statistics.stdev(one["degrees"] for one in sensors.values()) < 2

    return judged(SENSORS, judge=is_stable)


@case(noted(1, "½"), noted(2, "٣"), noted(3, "12"))
def whole_cups_only() -> Process:
    """A quantity is read if it consists of the ten digits alone."""
    digits = re.compile(r"[0-9]{1,6}")

    def cups(notes: Entries) -> int:
        return sum(int(one["text"]) for one in notes.values() if digits.fullmatch(one["text"]))

    return shown(NOTES, compute=cups)


def _addresses(text: str) -> int:
    try:
        return min(ipaddress.ip_network(text, strict=False).num_addresses, 2**32)
    except ValueError:
        return 0


@case(noted(1, "10.0.0.5/24"), noted(2, "10.0.0.5/99"))
def networks_of_any_host() -> Process:
    """An address with bits of a host is a network too, and what is none counts nothing."""
    return shown(NOTES, compute=lambda notes: sum(_addresses(one["text"]) for one in notes.values()))


@case(Linked("i", "l1", "wash", "dry"), Linked("i", "l2", "dry", "wash"), Linked("i", "l3", "dry", "iron"))
def steps_without_a_circle() -> Process:
    """The steps are put in layers until none is free, and those in a circle stay outside."""

    def steps(links: Entries) -> list[str]:
        waits: dict[str, set[str]] = {}
        for one in links.values():
            waits.setdefault(one["one"], set()).add(one["other"])
            waits.setdefault(one["other"], set())
        done: list[str] = []
        while free := sorted(step for step, on in waits.items() if step not in done and on <= {*done}):
            done += free
        return done

    return shown(LINKS, compute=steps)


@case(Listed("i", "a", ["tea", "milk"], [1]), Listed("i", "b", ["tea"], [2, 3]))
def a_delivery_as_far_as_both_go() -> Process:
    """Codes and counts are read as far as both lists go."""

    def pieces(lists: Entries) -> dict[str, int]:
        found: Counter[str] = Counter()
        for one in lists.values():
            found.update(dict.fromkeys(one["codes"], 0))
            for code, number in zip(one["codes"], one["counts"], strict=False):
                found[code] += number
        return dict(sorted(found.items()))

    return shown(LISTS, compute=pieces)


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@case(
    Scanned("i", "s1", "hub", datetime.fromisoformat("2030-01-01T08:00:00")),
    Scanned("i", "s2", "door", datetime.fromisoformat("2030-01-01T10:00:00+02:00")),
)
def a_scanner_whose_zone_is_assumed() -> Process:
    """A time without a zone is one of UTC, and between equal moments the id decides."""

    def last(scans: Entries) -> str:
        return str(max(scans.items(), key=lambda item: (_moment(item[1]["at"]), item[0]))[1]["place"])

    return shown(SCANS, compute=last)


@case(Quoted("i", "q1", "12,5"), Quoted("i", "q2", "11.50"))
def quotes_with_commas_and_points() -> Process:
    """A comma is read as a point, so that the pattern leaves nothing that is no number."""

    def cents(quotes: Entries) -> int:
        exact = sum((Decimal(one["amount"].replace(",", ".")) for one in quotes.values()), Decimal(0))
        return int(exact * 100)

    return shown(QUOTES, compute=cents)


@case(Said("i", "p1", "ann", "hello {name} $name"), Said("i", "p2", "$text", "%s"))
def a_greeting_with_its_own_template() -> Process:
    """What a customer wrote is put into a template of the process, and never is one."""
    answer = Template("$author wrote: $text")

    def answers(posts: Entries) -> list[str]:
        return [answer.substitute(author=one["author"], text=one["text"]) for one in posts.values()]

    return shown(POSTS, compute=answers)


@case(Fitted("i", "j1", Part("pump", "7"), Part("pump")), Fitted("i", "j2", Part("fan")))
def spares_where_there_are_any() -> Process:
    """The spare part is read only of jobs that needed one."""

    def serials(jobs: Entries) -> list[str]:
        return sorted(part["serial"] or part["sku"] for one in jobs.values() if (part := one["spare"]) is not None)

    return shown(JOBS, compute=serials)


@case(Lent("i", "l1", "emma", date(9999, 12, 20)), Lent("i", "l2", "emma", date(2030, 1, 1)))
def a_loan_in_ordinal_days() -> Process:
    """Days are counted as numbers, which have no last one."""

    def due(loans: Entries) -> list[int]:
        return sorted(date.fromisoformat(one["day"]).toordinal() + one["days"] for one in loans.values())

    return shown(LOANS, compute=due)


@case(Configured("i", limit=0), paid(1, 5), paid(2, 7))
def instalments_of_at_least_one() -> Process:
    """The payments are cut in parts of the limit, and a limit of nothing or less is one."""

    def parts(payments: Entries, limits: Entries) -> Any:
        limit = limits["i"]["limit"] if "i" in limits else None
        step = 1000 if limit is None else max(1, limit)
        return -(-sum(one["amount"] for one in payments.values()) // step)

    return shown(PAYMENTS, LIMITS, compute=parts)
