"""What shows only with three facts or more, at one value, or in a text with a form of its own."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import reduce
from itertools import combinations
from operator import itemgetter
from typing import Any

from saga import ARMED, Deadline, DerivedColumn, Entries, Fact, Process, outcomes, wanted
from tests.adversary.kit import NOTES, Late, Noted, Out, Seen, case, chosen, granted, judged, noted, proc, seen, shown
from tests.adversary.planted.eighth_messages import (
    LINES,
    LINKS,
    MATCHES,
    POSTS,
    SHIFTS,
    Balloted,
    Booked,
    Chilled,
    Fought,
    Linked,
    Ordered,
    Posted,
    Said,
    Worked,
)
from tests.adversary.planted.seventh_messages import folded, folded_once

Fields = Mapping[str, Any]
BEATS = {"rock": "scissors", "scissors": "paper", "paper": "rock"}


@case(*(Balloted("i", f"v{number}", "ann", hand) for number, hand in enumerate(BEATS)))
def a_champion_of_three_hands() -> Process:
    """The champion stays who beats the challenger, and three of them beat each other in a circle."""

    def fight(known: str, one: Fields) -> str:
        hand = one["option"]
        if hand not in BEATS:
            return known
        return hand if known == "" or BEATS[hand] == known else known

    return folded_once(Balloted, "ballot_id", "", fight)


@case(*(Ordered("i", f"l{number}", "tea", number) for number in (1, 2, 3)))
def sizes_that_are_about_the_same() -> Process:
    """Sizes that differ by one are one group, called by the least, and the middle of three may join either."""

    def group(sizes: list[int], line: Fields) -> list[int]:
        near = [one for one in sizes if abs(one - line["quantity"]) <= 1]
        return sorted({*(one for one in sizes if one not in near), min([line["quantity"], *near])})

    return folded_once(Ordered, "line_id", [], group)


@case(Chilled("i", "a", 20.0), Chilled("i", "b", 23.0), Chilled("i", "c", 26.0))
def the_warmest_by_five_degrees() -> Process:
    """A sensor is warmer by five degrees and more, and between those that are nearly as warm the name decides."""

    def warmest(known: list[Any], one: Fields) -> list[Any]:
        new = [round(one["degrees"]), one["sensor_id"]]
        if not known or abs(known[0] - new[0]) >= 5:
            return max(known, new)
        return min(known, new, key=lambda read: (read[1], read[0]))

    return folded_once(Chilled, "sensor_id", [], warmest)


@case(Booked("i", "b1", 0, 30), Booked("i", "b2", 30, 50), Booked("i", "b3", 50, 80))
def calls_of_an_hour_at_most() -> Process:
    """Calls that follow each other are one call, unless that would be longer than an hour."""

    def join(calls: list[list[int]], fact: Fact) -> list[list[int]]:
        call = [fact.fields["start"], fact.fields["end"]]
        if call[0] > call[1] or any(one[0] <= call[0] and call[1] <= one[1] for one in calls):
            return calls
        for one in calls:
            if one[0] <= call[1] and call[0] <= one[1] and max(one[1], call[1]) - min(one[0], call[0]) <= 60:
                rest = [other for other in calls if other != one]
                return sorted([*rest, [min(one[0], call[0]), max(one[1], call[1])]])
        return sorted([*calls, call])

    return folded([], join, Booked)


@case(Posted("i", "p1", 600), Posted("i", "p2", 500))
def tax_from_the_sale_that_crosses() -> Process:
    """A small business pays tax on the sale with which it crosses the limit, and on those after it."""

    def sell(known: dict[str, Any], one: Fields) -> dict[str, Any]:
        turnover = known["turnover"] + abs(one["cents"])
        taxed = known["taxed"] + (abs(one["cents"]) if turnover > 1000 else 0)
        return {"turnover": turnover, "taxed": taxed}

    return folded_once(Posted, "posting_id", {"turnover": 0, "taxed": 0}, sell)


@case(Posted("i", "p1", 96), Posted("i", "p2", -1))
def a_tank_that_holds_a_hundred() -> Process:
    """A tank holds no more than a hundred, and what runs over depends on what was drawn before."""

    def fill(level: int, one: Fields) -> Any:
        return min(100, level + one["cents"])

    return folded_once(Posted, "posting_id", 5, fill)


@case(Said("i", "p1", "ann", "a", 0), Said("i", "p2", "ann", "c", 2))
def chapters_without_a_gap() -> Process:
    """A book goes to print for good when its chapters have no gap, which a later chapter may open."""

    def is_whole(posts: Entries) -> bool:
        numbers = sorted({one["version"] for one in posts.values()})
        return bool(numbers) and numbers == list(range(numbers[-1] + 1))

    return granted(POSTS, judge=is_whole)


@case(Ordered("i", "a", "tea", 7), Ordered("i", "b", "tea", 5), Ordered("i", "c", "tea", 4))
def a_van_that_is_full() -> Process:
    """The pair of lines that fills a van of twelve best is loaded, and another pair may be better."""

    def best(lines: Entries) -> frozenset[str]:
        def load(pair: Iterable[str]) -> int:
            return int(sum(lines[key]["quantity"] for key in pair))

        fitting = [pair for pair in combinations(sorted(lines), 2) if load(pair) <= 12]
        return frozenset(max(fitting, key=lambda pair: (load(pair), pair), default=()))

    return chosen(LINES, best)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "c"), Linked("i", "l3", "a", "c"))
def a_route_of_few_legs() -> Process:
    """The route from a to c with fewest legs is booked leg by leg, and a direct one may be known later."""

    def route(links: Entries) -> frozenset[str]:
        ways: list[tuple[str, tuple[str, ...]]] = [("a", ())]
        for _ in links:
            found = [way for place, way in ways if place == "c"]
            if found:
                return frozenset(min(found))
            ways = [
                (one["other"], (*way, key))
                for place, way in ways
                for key, one in links.items()
                if one["one"] == place and key not in way
            ]
        return frozenset(min((way for place, way in ways if place == "c"), default=()))

    return chosen(LINKS, route)


SPAN = re.compile(r"(\d*)h?(\d*)m?")


@case(noted(1, "h"))
def a_span_in_hours_and_minutes() -> Process:
    """A span such as 1h30m may have neither hours nor minutes."""

    def minutes(notes: Entries) -> int:
        found = [SPAN.fullmatch(one["text"]) for one in notes.values()]
        return sum(60 * int(one[1]) + int(one[2] or 0) for one in found if one and one[0])

    return shown(NOTES, compute=minutes)


@case(noted(1, "AB-1"))
def a_number_with_a_check() -> Process:
    """Letters of a number count ten and more, and a dash between its groups is no letter."""

    def is_right(notes: Entries) -> bool:
        texts = [one["text"].replace(" ", "") for one in notes.values() if one["text"][:2].isalpha()]
        return any(reduce(lambda known, sign: known * 36 + int(sign, 36), text, 0) % 97 == 1 for text in texts)

    return judged(NOTES, judge=is_right)


@case(noted(1, "sku=7"))
def pairs_in_a_note() -> Process:
    """A note has pairs of names and values, of which one is asked for that need not be there."""

    def amounts(notes: Entries) -> list[str]:
        read = [dict(part.split("=", 1) for part in one["text"].split(";") if "=" in part) for one in notes.values()]
        return sorted(one["amount"] for one in read if "sku" in one)

    return shown(NOTES, compute=amounts)


@case(Worked("i", "a", 0, 600), Worked("i", "b", 600, 500), Worked("i", "c", 1300, 600))
def a_week_of_thirty_hours() -> Process:
    """Shifts count by their start until the hours are full, and the first that does not fit is refused for good."""

    def refused(shifts: Entries) -> frozenset[str]:
        left, over = 1000, []
        for one in sorted(shifts.values(), key=itemgetter("start", "shift_id")):
            if one["minutes"] > left:
                over.append(one["shift_id"])
            else:
                left -= one["minutes"]
        return frozenset(over[:1])

    return chosen(SHIFTS, refused, is_final=True)


def _lead(matches: Entries) -> int:
    wins = sorted(Counter(one["winner"] for one in matches.values()).values(), reverse=True)
    return wins[0] - sum(wins[1:2]) if wins else 0


@case(*(Fought("i", f"m{number}", name, "dan") for number, name in enumerate(("ann", "ann", "bob"))))
def a_lead_of_two() -> Process:
    """A clock starts when a player leads by two wins, which not every order of three passes."""
    lead = DerivedColumn("leads by two", (MATCHES,), lambda matches: _lead(matches) >= 2)
    clock, late = Deadline("clock", Late, timedelta(hours=1)), seen(Late)
    table = outcomes(late, rows=[(Seen.YES, Out.FAILED), (Seen.NO, Out.DONE)])
    return proc(table, MATCHES, late, wants=[wanted(lead, rows=[(True, {clock: ARMED}), (False, {})])])


@case(noted(1, "a/b"), noted(2, "a"))
def folders_and_files() -> Process:
    """A folder is made for what lies in it, and a file with its name that came before is in its way."""

    def put(tree: dict[str, Any], fact: Fact) -> dict[str, Any]:
        folder, _, name = fact.fields["text"].partition("/")
        if not name:
            return dict(sorted((tree | {folder: tree.get(folder, "file")}).items()))
        inside = tree.get(folder, {})
        return tree if inside == "file" else dict(sorted((tree | {folder: inside | {name: "file"}}).items()))

    return folded({}, put, Noted)
