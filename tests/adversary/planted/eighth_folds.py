"""Reducers of leagues, stocks, chats and meters that look as if they did not mind the order."""

import bisect
import hashlib
import zlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import Noted, Paid, case, judged, noted, paid
from tests.adversary.planted.eighth_messages import (
    Balloted,
    Booked,
    Capped,
    Chilled,
    Coupon,
    Fitted,
    Fought,
    Lent,
    Linked,
    Listed,
    Ordered,
    Part,
    Posted,
    Said,
    Scanned,
    Worked,
)
from tests.adversary.planted.seventh_messages import folded, folded_once

Fields = Mapping[str, Any]


@case(Coupon("i", "a", 10), Coupon("i", "b", 15))
def coupons_one_after_another() -> Process:
    """Each coupon takes its part of what the ones before left, in whole cents each time."""
    return folded_once(Coupon, "coupon_id", 1050, lambda cents, one: cents * (100 - one["percent"]) // 100)


@case(Fought("i", "m1", "ann", "bob"), Fought("i", "m2", "bob", "cy"))
def a_league_by_ratings() -> Process:
    """What a win is worth depends on the ratings that both have by then."""

    def rate(ratings: dict[str, int], one: Fields) -> dict[str, int]:
        won, lost = ratings.get(one["winner"], 1500), ratings.get(one["loser"], 1500)
        gain = 16 + (lost - won) // 10
        return ratings | {one["winner"]: won + gain, one["loser"]: lost - gain}

    return folded_once(Fought, "match_id", {}, rate)


@case(Booked("i", "b1", 0, 10), Booked("i", "b2", 10, 20), Booked("i", "b3", 20, 30))
def busy_times_that_join_once() -> Process:
    """A time joins the first time that it touches, and one that touches two leaves them apart."""

    def join(times: list[list[int]], fact: Fact) -> list[list[int]]:
        start, end = fact.fields["start"], fact.fields["end"]
        if any(low <= start and end <= high for low, high in times):
            return times
        for number, (low, high) in enumerate(times):
            if start <= high and low <= end:
                return sorted([*times[:number], [min(low, start), max(high, end)], *times[number + 1 :]])
        return sorted([*times, [start, end]])

    return folded([], join, Booked)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "c"))
def accounts_of_one_person() -> Process:
    """Accounts that are linked get one name, and those that were named like it before keep the old one."""

    def link(names: dict[str, str], fact: Fact) -> dict[str, str]:
        one, other = fact.fields["one"], fact.fields["other"]
        name = min(names.get(one, one), names.get(other, other))
        return dict(sorted((names | {one: name, other: name}).items()))

    return folded({}, link, Linked)


@case(Ordered("i", "a", "tea", 2), Ordered("i", "b", "jam", 2))
def a_pick_list_by_quantity() -> Process:
    """Lines are put in where they belong by their quantity, after the equal ones that came before."""

    def pick(lines: list[list[Any]], one: Fields) -> list[list[Any]]:
        known = [*lines]
        bisect.insort(known, [one["quantity"], one["line_id"]], key=lambda line: line[0])
        return known

    return folded_once(Ordered, "line_id", [], pick)


@case(*(Ordered("i", f"l{number}", "tea", 1) for number in range(4)))
def a_memory_of_three_ids() -> Process:
    """Only the last three ids are kept, so that a repeat after three others counts again."""

    def count(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        key = fact.fields["line_id"]
        if key in known["recent"]:
            return known
        return {"recent": [*known["recent"], key][-3:], "pieces": known["pieces"] + fact.fields["quantity"]}

    kept = Reducer("kept", (Ordered,), {"recent": [], "pieces": 0}, count)
    return judged(kept, judge=lambda kept: kept["pieces"] > 9)


def _short(key: str, length: int = 8) -> str:
    return key[:length]


@case(Ordered("i", "2030-01-17", "tea", 1), Ordered("i", "2030-01-18", "tea", 2))
def ids_cut_after_eight() -> Process:
    """A message is known by the first letters of its id, which two of one day share."""

    def count(known: dict[str, int], fact: Fact) -> dict[str, int]:
        key = _short(fact.fields["line_id"])
        return known if key in known else dict(sorted((known | {key: fact.fields["quantity"]}).items()))

    return folded({}, count, Ordered)


@case(noted(4, "left"), noted(40, "right"))
def ids_in_one_byte() -> Process:
    """What was seen is kept as one byte of each id's checksum, and the second of two with one byte is dropped."""

    def keep(known: dict[str, str], fact: Fact) -> dict[str, str]:
        mark = str(zlib.crc32(fact.fields["note_id"].encode()) & 0xFF)
        return known if mark in known else dict(sorted((known | {mark: fact.fields["text"]}).items()))

    return folded({}, keep, Noted)


@case(Booked("i", "b1", 5, 9, "1", "12"), Booked("i", "b2", 5, 9, "11", "2"))
def a_bed_by_room_and_number() -> Process:
    """Beds are kept under room and number written together, which are the same for two beds: only one is kept."""

    def lay(beds: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
        room, bed = fact.fields["room"], fact.fields["bed"]
        return beds if room + bed in beds else dict(sorted((beds | {room + bed: [room, bed]}).items()))

    return folded({}, lay, Booked)


@case(Chilled("i", "s1", 9.5), Chilled("i", "s2", 4.0))
def an_alarm_with_two_limits() -> Process:
    """An alarm goes on above eight degrees and off below five, and stays what it was in between."""

    def alarm(known: dict[str, bool], one: Fields) -> dict[str, bool]:
        if 5 <= one["degrees"] <= 8:
            return known
        return {"is_on": one["degrees"] > 8}

    return folded_once(Chilled, "sensor_id", {"is_on": False}, alarm)


@case(Said("i", "p1", "ann", "hello", 3), Said("i", "p2", "bob", "bye", 3))
def a_topic_of_the_greatest_version() -> Process:
    """Of two topics with one version, the one stays that came first."""

    def newest(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.fields["version"] <= known["version"]:
            return known
        return {"version": fact.fields["version"], "text": fact.fields["text"]}

    return folded({"version": -1, "text": ""}, newest, Said)


@case(
    Scanned("i", "s1", "hub", datetime.fromisoformat("2030-01-01T12:00:00+02:00")),
    Scanned("i", "s2", "door", datetime.fromisoformat("2030-01-01T10:00:00+00:00")),
)
def where_the_parcel_was_last() -> Process:
    """Two scans of one moment are written in two zones, and only times that are written alike are notified apart."""

    def later(known: list[str], fact: Fact) -> list[str]:
        new = [fact.fields["at"], fact.fields["place"]]
        if not known or known[0] == new[0]:
            return max(known, new)
        return max(known, new, key=lambda one: datetime.fromisoformat(one[0]).timestamp())

    return folded([], later, Scanned)


@case(Said("i", "p1", "ann", "STRASSE"), Said("i", "p2", "bob", "straße"))
def the_last_street_in_the_book() -> Process:
    """Streets are compared without the difference of letters, and the one is kept that came first."""
    return folded("", lambda known, fact: max(known, fact.fields["text"], key=str.casefold), Said)


@case(noted(1, "ab"), noted(2, "ba"))
def the_longest_nickname() -> Process:
    """Of two names with one length, the first that came stays the longest."""
    return folded("", lambda known, fact: max(known, fact.fields["text"], key=len), Noted)


@case(Posted("i", "p1", 80), Posted("i", "p2", -50))
def the_highest_debt_ever() -> Process:
    """The highest balance that was reached is kept beside the balance, and is another one on each way."""

    def post(known: list[int], one: Fields) -> list[int]:
        balance = known[0] + one["cents"]
        return [balance, max(known[1], balance)]

    return folded_once(Posted, "posting_id", [0, 0], post)


@case(paid(1, 30), Capped("i", 20))
def payments_up_to_a_cap() -> Process:
    """What is above the cap is cut when a payment comes, also if the cap is not known yet."""

    def pay(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.kind is Capped:
            return known | {"cap": fact.fields["cap"]}
        kept = fact.fields["amount"] if known["cap"] is None else min(fact.fields["amount"], known["cap"])
        return known | {"paid": dict(sorted((known["paid"] | {fact.fields["payment_id"]: kept}).items()))}

    return folded({"cap": None, "paid": {}}, pay, Paid, Capped)


@case(Linked("i", "l1", "left", "right"))
def pairs_that_come_back_as_lists() -> Process:
    """Pairs are kept as tuples, which come back as lists, so that a repeat is a new pair."""

    def link(known: list[Any], fact: Fact) -> list[Any]:
        pair = (fact.fields["one"], fact.fields["other"])
        return known if pair in known else [*known, pair]

    return folded([], link, Linked)


@case(Balloted("i", "v1", "ann", "a"), Balloted("i", "v2", "ann", "b"))
def a_voter_who_changes_sides() -> Process:
    """A voter's later ballot replaces the one before, whichever of the two came later."""

    def vote(known: dict[str, str], fact: Fact) -> dict[str, str]:
        return dict(sorted((known | {fact.fields["voter"]: fact.fields["option"]}).items()))

    return folded({}, vote, Balloted)


@case(Worked("i", "s1", 0, 7), Worked("i", "s2", 9, 8))
def hours_in_quarters() -> Process:
    """Minutes are kept in whole quarters as they come, with the rest of the one before."""

    def work(known: list[int], one: Fields) -> list[int]:
        minutes = known[1] + one["minutes"]
        return [known[0] + round(minutes / 15), minutes % 15]

    return folded_once(Worked, "shift_id", [0, 0], work)


@case(Chilled("i", "s1", -3.2), Chilled("i", "s2", 19.1))
def a_mean_that_moves() -> Process:
    """The mean of what came is moved with each reading, and fractions do not add up alike."""

    def move(known: list[float], one: Fields) -> list[float]:
        number = known[0] + 1
        return [number, known[1] + (one["degrees"] - known[1]) / number]

    return folded_once(Chilled, "sensor_id", [0, 0.0], move)


@case(Listed("i", "a", ["tea", "milk"]), Listed("i", "b", ["milk", "jam"]))
def a_shopping_list_without_doubles() -> Process:
    """A list takes what it does not have yet, at its end."""

    def take(known: list[str], fact: Fact) -> list[str]:
        return list(dict.fromkeys([*known, *fact.fields["codes"]]))

    return folded([], take, Listed)


@case(
    Lent("i", "l1", "emma", date(2030, 1, 5)),
    Lent("i", "l2", "emma", date(2030, 1, 20)),
)
def copies_of_a_book_on_loan() -> Process:
    """A loan takes the copy that comes back soonest if it is back by then, and else a new copy is bought."""

    def lend(copies: list[str], one: Fields) -> list[str]:
        day = one["day"]
        for number, busy_until in enumerate(copies):
            if busy_until[:10] <= day:
                return sorted([*copies[:number], f"{day[:8]}{int(day[8:]) + 9:02}", *copies[number + 1 :]])
        return sorted([*copies, f"{day[:8]}{int(day[8:]) + 9:02}"])

    return folded_once(Lent, "loan_id", [], lend)


@case(Fitted("i", "j1", Part("pump"), hours=5), Fitted("i", "j2", Part("fan"), hours=5))
def a_part_that_was_fitted_last() -> Process:
    """Between jobs with equal hours one with a serial wins, and of two without one the first that came."""

    def fit(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        new = {"hours": fact.fields["hours"], **fact.fields["part"]}
        return max(known, new, key=lambda one: (one["hours"], one["serial"] or ""))

    return folded({"hours": -1, "serial": None, "sku": ""}, fit, Fitted)


def _fingerprint(text: str, letters: int) -> str:
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()[:letters]


@case(noted(1, "Tea "), noted(2, "tea"))
def labels_by_fingerprint() -> Process:
    """A label is kept under the fingerprint of its plain form, spelled as the first one was."""

    def label(mark: Any, known: dict[str, str], fact: Fact) -> dict[str, str]:
        key = mark(fact.fields["text"])
        return known if key in known else dict(sorted((known | {key: fact.fields["text"]}).items()))

    return folded({}, partial(label, partial(_fingerprint, letters=16)), Noted)
