"""Reducers of the same businesses as the wrong ones, which come to the same in every order and know duplicates."""

import hashlib
import math
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import partial, reduce
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import Noted, Paid, case, judged, noted, paid, shown
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
    Pinged,
    Posted,
    Said,
    Scanned,
    Worked,
)
from tests.adversary.planted.seventh_messages import folded, folded_once

Fields = Mapping[str, Any]
Kept = dict[str, Any]


def _with(known: Kept, key: str, value: Any) -> Kept:
    """With the greater of what is there and this, which are compared as lists."""
    best = value if key not in known else max(known[key], value)
    return dict(sorted({**known, key: best}.items()))


@case(Coupon("i", "a", 10), Coupon("i", "b", 15), Coupon("i", "c", 0))
def coupons_as_a_fraction() -> Process:
    """The part that coupons leave is an exact fraction, and is made cents only at the end."""

    def take(left: list[int], one: Fields) -> list[int]:
        rest = Fraction(left[0], left[1]) * Fraction(100 - one["percent"], 100)
        return [rest.numerator, rest.denominator]

    def cents(kept: Kept) -> Any:
        return 1050 * kept["value"][0] // kept["value"][1]

    def once(known: Kept, fact: Fact) -> Kept:
        if fact.fields["coupon_id"] in known["seen"]:
            return known
        return {"seen": sorted([*known["seen"], fact.fields["coupon_id"]]), "value": take(known["value"], fact.fields)}

    return shown(Reducer("kept", (Coupon,), {"seen": [], "value": [1, 1]}, once), compute=cents)


@case(Booked("i", "b1", 0, 10), Booked("i", "b2", 10, 20), Booked("i", "b3", 20, 30), Booked("i", "b4", 40, 35))
def busy_times_that_join_all() -> Process:
    """A time joins all the times that it touches, and one that ends before it starts is none."""

    def join(times: list[list[int]], fact: Fact) -> list[list[int]]:
        start, end = fact.fields["start"], fact.fields["end"]
        if start > end:
            return times
        touched = [one for one in times if one[0] <= end and start <= one[1]]
        whole = [min([start, *(one[0] for one in touched)]), max([end, *(one[1] for one in touched)])]
        return sorted([*(one for one in times if one not in touched), whole])

    return folded([], join, Booked)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "c", "d"), Linked("i", "l3", "d", "b"))
def accounts_under_their_least_name() -> Process:
    """Accounts that are linked are all renamed to the least name among them."""

    def link(names: dict[str, str], fact: Fact) -> dict[str, str]:
        one, other = fact.fields["one"], fact.fields["other"]
        was = {names.get(one, one), names.get(other, other)}
        moved = {name: min(was) if of in was else of for name, of in {**names, one: min(was), other: min(was)}.items()}
        return dict(sorted(moved.items()))

    return folded({}, link, Linked)


@case(Ordered("i", "a", "tea", 2), Ordered("i", "b", "jam", 2), Ordered("i", "c", "jam", 1))
def a_pick_list_by_quantity_and_id() -> Process:
    """Lines are kept in the order of quantity and id, which no two of them share."""

    def pick(lines: list[list[Any]], one: Fields) -> list[list[Any]]:
        return sorted([*lines, [one["quantity"], one["line_id"]]])

    return folded_once(Ordered, "line_id", [], pick)


@case(*(Ordered("i", f"l{number}", "tea", 1, number % 3) for number in range(5)))
def the_three_dearest_lines() -> Process:
    """Of all lines the three dearest are kept, in an order without ties, so that one that was cut never comes back."""

    def keep(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
        new = [-fact.fields["cents"], fact.fields["line_id"]]
        return known if new in known else sorted([*known, new])[:3]

    return folded([], keep, Ordered)


@case(noted(4, "left"), noted(40, "right"), noted(5, "left"))
def the_least_mark_of_each_byte() -> Process:
    """Of notes with one mark, the one with the least text and id is kept, whichever came first."""

    def keep(known: Kept, fact: Fact) -> Kept:
        mark = str(zlib.crc32(fact.fields["note_id"].encode()) & 0xFF)
        new = [fact.fields["text"], fact.fields["note_id"]]
        return dict(sorted((known | {mark: min(known.get(mark, new), new)}).items()))

    return folded({}, keep, Noted)


@case(Booked("i", "b1", 5, 9, "1", "12"), Booked("i", "b2", 5, 9, "11", "2"))
def a_bed_in_a_room() -> Process:
    """Beds are kept in a mapping of rooms, so that their names don't run into each other."""

    def lay(rooms: Kept, fact: Fact) -> Kept:
        room, bed = fact.fields["room"], fact.fields["bed"]
        return dict(sorted((rooms | {room: sorted({*rooms.get(room, []), bed})}).items()))

    return folded({}, lay, Booked)


@case(Said("i", "p1", "ann", "hello", 3), Said("i", "p2", "bob", "bye", 3), Said("i", "p3", "bob", "so", 2))
def a_topic_of_the_greatest_version_and_text() -> Process:
    """Of two topics with one version the greater text stays."""
    return folded([], lambda known, fact: max(known, [fact.fields["version"], fact.fields["text"]]), Said)


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@case(
    Scanned("i", "s1", "hub", datetime.fromisoformat("2030-01-01T12:00:00+02:00")),
    Scanned("i", "s2", "door", datetime.fromisoformat("2030-01-01T10:00:00+00:00")),
    Scanned("i", "s3", "yard", datetime.fromisoformat("2030-01-01T10:00:00")),
)
def where_the_parcel_was_last_by_moment() -> Process:
    """Scans are compared by their moment, and those of one moment by the place and the spelling."""

    def later(known: list[str], fact: Fact) -> list[str]:
        new = [fact.fields["at"], fact.fields["place"]]
        return max([known, new] if known else [new], key=lambda one: (_moment(one[0]), one[1], one[0]))

    return folded([], later, Scanned)


@case(Said("i", "p1", "ann", "STRASSE"), Said("i", "p2", "bob", "straße"))
def the_last_street_by_its_spelling() -> Process:
    """Streets are compared without the difference of letters, and equal ones by their spelling."""
    return folded("", lambda known, fact: max(known, fact.fields["text"], key=lambda one: (one.casefold(), one)), Said)


@case(paid(1, 30), paid(2, 10), Capped("i", 20))
def payments_cut_at_the_end() -> Process:
    """Payments are kept as they are, and cut at the greatest cap only when they are notified."""

    def pay(known: Kept, fact: Fact) -> Kept:
        if fact.kind is Capped:
            return known | {"cap": max(known["cap"], fact.fields["cap"])}
        return known | {"paid": _with(known["paid"], fact.fields["payment_id"], fact.fields["amount"])}

    def cut(known: Kept) -> int:
        return sum(min(one, known["cap"]) for one in known["paid"].values())

    return shown(Reducer("kept", (Paid, Capped), {"cap": 0, "paid": {}}, pay), compute=cut)


@case(Linked("i", "l1", "left", "right"), Linked("i", "l2", "left", "right"), Linked("i", "l3", "a", "z"))
def pairs_that_are_lists() -> Process:
    """Pairs are kept as lists, which come back as they were."""

    def link(known: list[list[str]], fact: Fact) -> list[list[str]]:
        pair = [fact.fields["one"], fact.fields["other"]]
        return known if pair in known else sorted([*known, pair])

    return folded([], link, Linked)


@case(Balloted("i", "v1", "ann", "a", 2), Balloted("i", "v2", "ann", "b", 2), Balloted("i", "v3", "bob", "b", 1))
def a_voter_s_heaviest_ballot() -> Process:
    """Of each voter the heaviest ballot counts, and between equal ones the last by its option."""

    def vote(known: Kept, fact: Fact) -> Kept:
        return _with(known, fact.fields["voter"], [fact.fields["weight"], fact.fields["option"]])

    return folded({}, vote, Balloted)


@case(Worked("i", "s1", 0, 7), Worked("i", "s2", 9, 8), Worked("i", "s3", 20, 16))
def hours_in_quarters_of_the_sum() -> Process:
    """Minutes are added up, and made quarters only when they are notified."""

    def work(known: Kept, fact: Fact) -> Kept:
        return _with(known, fact.fields["shift_id"], fact.fields["minutes"])

    return shown(Reducer("kept", (Worked,), {}, work), compute=lambda kept: -(-sum(kept.values()) // 15))


@case(Chilled("i", "s1", 9.5, 1), Chilled("i", "s2", 4.0, 2), Chilled("i", "s3", 6.0, 2))
def an_alarm_by_the_last_minute() -> Process:
    """The alarm is on if it was above eight degrees in the last minute of which a sensor spoke."""

    def hear(known: list[int], fact: Fact) -> list[int]:
        return max(known, [fact.fields["minute"], int(fact.fields["degrees"] > 8)])

    return judged(Reducer("last", (Chilled,), [-1, 0], hear), judge=lambda last: last[1] == 1)


@case(Listed("i", "a", ["tea", "milk"]), Listed("i", "b", ["milk", "jam", ""]))
def a_shopping_list_in_order() -> Process:
    """A list of what anybody asked for is sorted by its letters."""

    def take(known: list[str], fact: Fact) -> list[str]:
        return reduce(lambda so_far, code: sorted({*so_far, code}), fact.fields["codes"], known)

    return folded([], take, Listed)


@case(
    Fitted("i", "j1", Part("pump"), hours=5),
    Fitted("i", "j2", Part("fan"), hours=5),
    Fitted("i", "j3", Part("fan", "")),
)
def a_part_with_the_most_hours() -> Process:
    """Between jobs with equal hours one with a serial wins, then the greater serial, then the greater article."""

    def rank(one: Kept) -> tuple[Any, ...]:
        return one["hours"], one["serial"] is not None, one["serial"] or "", one["sku"]

    def fit(known: Kept, fact: Fact) -> Kept:
        return max(known, {"hours": fact.fields["hours"], **fact.fields["part"]}, key=rank)

    return folded({"hours": -1, "serial": None, "sku": ""}, fit, Fitted)


def _fingerprint(text: str, letters: int) -> str:
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()[:letters]


@case(noted(1, "Tea "), noted(2, "tea"), noted(3, "jam"))
def labels_with_all_their_spellings() -> Process:
    """Under each fingerprint there are all the spellings of a label."""

    def label(mark: Callable[[str], str], known: Kept, fact: Fact) -> Kept:
        key = mark(fact.fields["text"])
        return dict(sorted((known | {key: sorted({*known.get(key, []), fact.fields["text"]})}).items()))

    return folded({}, partial(label, partial(_fingerprint, letters=4)), Noted)


@case(Pinged("i", "p1", 1, 10.0, 20.0), Pinged("i", "p2", 2, 11.5, -20.0), Pinged("i", "p3", 3, 10.5, 0.5))
def a_box_around_all_pings() -> Process:
    """The box around all places is kept in thousandths of a degree."""

    def widen(box: list[int], fact: Fact) -> list[int]:
        lat, lon = (math.floor(fact.fields[name] * 1000) for name in ("lat", "lon"))
        return (
            [lat, lon, lat, lon]
            if not box
            else [min(box[0], lat), min(box[1], lon), max(box[2], lat), max(box[3], lon)]
        )

    return folded([], widen, Pinged)


@case(
    Lent("i", "l1", "emma", date(2030, 1, 5)),
    Lent("i", "l2", "emma", date(2030, 1, 20)),
    Lent("i", "l3", "ulysses", date(2030, 2, 1)),
)
def weekdays_as_bits() -> Process:
    """The weekdays on which a book was lent are bits, which a repeat sets again."""

    def lend(known: dict[str, int], fact: Fact) -> dict[str, int]:
        bit = 1 << date.fromisoformat(fact.fields["day"]).weekday()
        return dict(sorted((known | {fact.fields["book"]: known.get(fact.fields["book"], 0) | bit}).items()))

    return folded({}, lend, Lent)


@case(Ordered("i", "l1", "tea", 12), Ordered("i", "l2", "tea", 18), Ordered("i", "l3", "tea", 6))
def a_box_size_that_fits_all() -> Process:
    """The box size is the greatest divisor of all quantities."""
    return folded(0, lambda known, fact: math.gcd(known, fact.fields["quantity"]), Ordered)


@case(Fought("i", "m1", "ann", "bob", 1), Fought("i", "m2", "bob", "cy", 2), Fought("i", "m3", "ann", "cy", 3))
def a_league_rated_from_the_record() -> Process:
    """Ratings are computed from all matches by their minute and id, whenever they came."""

    def record(known: Kept, fact: Fact) -> Kept:
        one = fact.fields
        return _with(known, one["match_id"], [one["minute"], one["winner"], one["loser"]])

    def ratings(known: Kept) -> dict[str, int]:
        rated: dict[str, int] = {}
        for (_, winner, loser), _ in sorted((match, key) for key, match in known.items()):
            won, lost = rated.get(winner, 1500), rated.get(loser, 1500)
            gain = 16 + (lost - won) // 10
            rated |= {winner: won + gain, loser: lost - gain}
        return dict(sorted(rated.items()))

    return shown(Reducer("record", (Fought,), {}, record), compute=ratings)


@case(Posted("i", "p1", 80, minute=1), Posted("i", "p2", -50, minute=2), Posted("i", "p3", 40, minute=2))
def the_highest_balance_by_the_minute() -> Process:
    """The highest balance is that of the postings by their minute and id, whenever they came."""

    def post(known: Kept, fact: Fact) -> Kept:
        return _with(known, fact.fields["posting_id"], [fact.fields["minute"], fact.fields["cents"]])

    def highest(known: Kept) -> int:
        best = balance = 0
        for (_, cents), _ in sorted((one, key) for key, one in known.items()):
            balance += cents
            best = max(best, balance)
        return best

    return shown(Reducer("kept", (Posted,), {}, post), compute=highest)
