"""Folds and figures that are right but for two values that are equal in a rare way, or one that can't be read."""

import re
from bisect import bisect_left
from datetime import datetime
from heapq import heapify, heapreplace
from typing import Any
from zoneinfo import ZoneInfo

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.twelfth_messages import (
    Coded,
    Dated,
    Filled,
    Geared,
    Hexed,
    Known,
    Plotted,
    Ranked,
    Rostered,
    Sailed,
    Shared,
    coded,
    dated,
    filled,
    geared,
    plotted,
    ranked,
    rostered,
    sailed,
)


def _hours(duty: Known) -> int:
    found = re.match(r"PT(\d+)H", duty["lasts"])
    return int(found[1]) if found else 0


def _longest(known: Known, fact: Fact) -> Known:
    duty = {"who": fact.fields["who"], "lasts": fact.fields["lasts"]}
    return duty if not known or _hours(duty) > _hours(known) else known


@case(rostered(1, "ann", "2030-01-01T08:00:00Z", 90), rostered(2, "bob", "2030-01-01T09:00:00Z", 75))
def the_longest_duty_in_hours() -> Process:
    """The hours of a duty are read, and its minutes are not."""
    return shown(Reducer("longest", (Rostered,), {}, _longest))


def _on_the_clock(duty: Known) -> str:
    return datetime.fromisoformat(duty["start"]).astimezone(ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%d %H:%M")


def _latest(known: Known, fact: Fact) -> Known:
    duty = {"who": fact.fields["who"], "start": fact.fields["start"]}
    return duty if not known or _on_the_clock(duty) > _on_the_clock(known) else known


@case(rostered(1, "ann", "2030-10-27T00:30:00Z"), rostered(2, "bob", "2030-10-27T01:30:00Z"))
def duties_in_the_hour_that_comes_twice() -> Process:
    """In one night of the year the clock shows the same hour twice, and the first duty stays the latest."""
    return shown(Reducer("latest", (Rostered,), {}, _latest), compute=lambda known: known.get("who"))


def _goes_on(known: list[str], fact: Fact) -> list[str]:
    ports = [leg["port"] for leg in fact.fields["legs"]]
    return ports if ports[: len(known)] == known else known


@case(sailed(1, ("Rye", 1)), sailed(2, ("Rye", 1), ("Hull", 1)), sailed(3, ("Rye", 1), ("Bude", 1)))
def a_trip_that_goes_on() -> Process:
    """A trip is replaced by one that begins like it and goes on, and two may go on to other ports."""
    return shown(Reducer("trip", (Sailed,), [], _goes_on))


def _greater(known: str, fact: Fact) -> str:
    code = fact.fields["code"]
    try:
        return code if int(code) > int(known) else known
    except ValueError:
        return known or code


@case(coded(1, "x1"), coded(2, "12"))
def a_code_that_is_no_number() -> Process:
    """A code that can't be read is passed over, and if it came first so is each other one."""
    return shown(Reducer("greatest", (Coded,), "", _greater))


def _stripped(known: str, fact: Fact) -> str:
    return known.strip(fact.fields["code"]) if fact.fields["code"] else known


@case(coded(1, "l"), coded(2, "ar"))
def letters_that_are_stripped_from_a_name() -> Process:
    """Letters at both ends are taken off, and a letter that lies under another one is not at an end."""
    return shown(Reducer("name", (Coded,), "larder of all", _stripped))


def _renamed(known: str, fact: Fact) -> str:
    start, end = (fact.fields["code"] + "  ")[:2]
    return known.replace(start, end)


@case(coded(1, "ae"), coded(2, "ei"))
def letters_put_in_the_place_of_others() -> Process:
    """An a becomes an e, and then perhaps an i."""
    return shown(Reducer("text", (Coded,), "lamp and bell", _renamed))


def _moved(known: Known, fact: Fact) -> Known:
    if fact.fields["point_id"] in known["done"]:
        return known
    at = abs(known["at"] + fact.fields["x"])
    return {"done": sorted([*known["done"], fact.fields["point_id"]]), "at": at if at <= 50 else 100 - at}


@case(plotted(1, 30, 0), plotted(2, 25, 0), plotted(3, -10, 0))
def a_lift_that_turns_at_the_ends() -> Process:
    """What goes beyond an end comes back from it, and a way down starts lower then."""
    return shown(Reducer("lift", (Plotted,), {"done": [], "at": 0}, _moved), compute=lambda known: known["at"])


def _from_the_top(known: list[int], fact: Fact) -> list[int]:
    teeth = fact.fields["teeth"]
    if teeth in known:
        return known
    place = bisect_left(known, teeth)
    return [*known[:place], teeth, *known[place:]] if place else sorted([teeth, *known], reverse=True)


@case(geared(1, 9), geared(2, 5), geared(3, 7))
def wheels_sought_in_a_list_that_falls() -> Process:
    """The list falls from the greatest on, and the place is sought as if it rose."""
    return shown(Reducer("wheels", (Geared,), [], _from_the_top))


def _three_greatest(known: list[int], fact: Fact) -> list[int]:
    heap = list(known)
    if fact.fields["teeth"] in heap:
        return known
    heapify(heap)
    if len(heap) < 3:
        return sorted([*heap, fact.fields["teeth"]])
    heapreplace(heap, fact.fields["teeth"])
    return sorted(heap)


@case(geared(1, 9), geared(2, 5), geared(3, 7), geared(4, 2))
def the_three_greatest_wheels_in_a_heap() -> Process:
    """The least of three makes room for the next wheel, also for one that is smaller."""
    return shown(Reducer("wheels", (Geared,), [], _three_greatest))


def _week(day: str) -> tuple[int, int]:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00").year, datetime.fromisoformat(day).isocalendar().week


def _first_week(known: str, fact: Fact) -> str:
    day = fact.fields["on"]
    return day if not known or _week(day) < _week(known) else known


@case(dated(1, "2030-12-30"), dated(2, "2030-01-03"))
def the_first_week_with_the_year_of_the_day() -> Process:
    """The end of December is in week one, of a year that has begun with another week one."""
    return shown(Reducer("week", (Dated,), "", _first_week))


def _colours(known: list[str], fact: Fact) -> list[str]:
    digits = fact.fields["digits"]
    return known if any(int(one, 16) == int(digits, 16) for one in known) else sorted([*known, digits])


@case(Hexed("i", "h1", "0a"), Hexed("i", "h2", "00a"))
def colours_of_one_value() -> Process:
    """A number of sixteen digits is the same with a zero in front."""
    return shown(Reducer("colours", (Hexed,), [], _colours))


def _share(known: str, fact: Fact) -> str:
    def worth(text: str) -> int:
        above, _, below = text.partition("/")
        return int(above) * 100 // (int(below) or 1)

    part = fact.fields["part"]
    return part if worth(part) > worth(known) else known


@case(Shared("i", "h1", "2/6"), Shared("i", "h2", "3/9"))
def the_greatest_share_in_percent() -> Process:
    """Two shares have as many percent, and the one that came first is printed."""
    return shown(Reducer("share", (Shared,), "0/1", _share))


def _filled(known: Known, fact: Fact) -> Known:
    place = str(fact.fields["row"] * 8 + fact.fields["column"])
    return {**known, place: max(known.get(place, 0), fact.fields["digit"])} if place not in known else known


@case(filled(1, 0, 8, 4), filled(2, 1, 0, 7))
def cells_of_a_board_of_eight() -> Process:
    """There are nine columns, and the ninth of one row is the first one of the next."""
    return shown(Reducer("cells", (Filled,), {}, _filled))


def _chain(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    best = max([*known, list(fact.fields["choices"])], key=lambda one: (len(one), one[-1:]))
    return [best]


@case(ranked(1, "elm", "oak"), ranked(2, "fir", "oak"))
def the_fullest_ballot_with_the_last_choice() -> Process:
    """Of ballots with as many names the last name decides, which may be the same."""
    return shown(Reducer("ballot", (Ranked,), [], _chain))
