"""Planted functions that grant for good what later facts take back, or leave it as it is, the fifth lot."""

import ipaddress
import math
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from saga import ARMED, Deadline, DerivedColumn, Entries, Process, Register, outcomes, wanted
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    TAGS,
    Late,
    Out,
    Seen,
    case,
    chosen,
    granted,
    noted,
    paid,
    proc,
    seen,
    shown,
    tagged,
)


@dataclass(frozen=True)
class Marked:
    id: str
    move_id: str
    cell: int
    mark: str


@dataclass(frozen=True)
class Drawn:
    id: str
    card_id: str
    rank: int


@dataclass(frozen=True)
class Played:
    id: str
    match_id: str
    home: str
    away: str
    home_goals: int
    away_goals: int


@dataclass(frozen=True)
class Leg:
    id: str
    leg_id: str
    start: str
    end: str


@dataclass(frozen=True)
class Bowled:
    id: str
    frame_id: str
    frame: int
    text: str


@dataclass(frozen=True)
class Boxed:
    id: str
    box_id: str
    length: int
    width: int
    height: int
    grams: int


MOVES = Register("moves", Marked, "move_id")
CARDS = Register("cards", Drawn, "card_id")
MATCHES = Register("matches", Played, "match_id")
LEGS = Register("legs", Leg, "leg_id")
FRAMES = Register("frames", Bowled, "frame_id")
BOXES = Register("boxes", Boxed, "box_id")
LINES = ("012", "345", "678", "036", "147", "258", "048", "246")


def has_won(moves: Entries) -> bool:
    cells = {one["cell"]: one["mark"] for one in moves.values()}

    def has_line(mark: str) -> bool:
        return any(all(cells.get(int(cell)) == mark for cell in line) for line in LINES)

    return has_line("x") and not has_line("o")


@case(*(Marked("i", f"m{n}", n, "x" if n < 3 else "o") for n in range(6)))
def three_in_a_row() -> Process:
    """The prize of a game is given to the crosses when they have a row, and the noughts have none so far."""
    return granted(MOVES, judge=has_won)


def is_straight(cards: Entries) -> bool:
    ranks = sorted(one["rank"] for one in cards.values() if 2 <= one["rank"] <= 14)
    return len(ranks) >= 5 and ranks == list(range(ranks[0], ranks[0] + len(ranks)))


@case(*(Drawn("i", f"c{n}", n) for n in range(5, 10)), Drawn("i", "c9x", 9))
def a_straight_of_five() -> Process:
    """A straight wins the bonus, which a sixth card can spoil."""
    return granted(CARDS, judge=is_straight)


def has_champion(matches: Entries) -> bool:
    points: Counter[str] = Counter()
    pairs = set()
    for one in matches.values():
        home, away = one["home"], one["away"]
        if home == away:
            continue
        pairs.add(frozenset((home, away)))
        gap = one["home_goals"] - one["away_goals"]
        points[home] += 3 if gap > 0 else 1 if gap == 0 else 0
        points[away] += 3 if gap < 0 else 1 if gap == 0 else 0
    if len(points) < 3 or len(pairs) < len(points) * (len(points) - 1) // 2:
        return False
    first, second = sorted(points.values(), reverse=True)[:2]
    return first > second


@case(
    Played("i", "m1", "ajax", "bvb", 2, 0),
    Played("i", "m2", "ajax", "cfc", 1, 0),
    Played("i", "m3", "bvb", "cfc", 1, 1),
    Played("i", "m4", "ajax", "dfc", 0, 3),
)
def the_cup_of_a_league() -> Process:
    """The cup is given once each team played each other one, and a team that joins later is forgotten."""
    return granted(MATCHES, judge=has_champion)


def is_only_route(legs: Entries) -> bool:
    starts = [one for one in legs.values() if one["start"] == "HAM" and one["end"] != "MUC"]
    routes = [
        (one, two) for one in starts for two in legs.values() if one["end"] == two["start"] and two["end"] == "MUC"
    ]
    return len(routes) == 1


@case(
    Leg("i", "l1", "HAM", "FRA"),
    Leg("i", "l2", "FRA", "MUC"),
    Leg("i", "l3", "BER", "MUC"),
    Leg("i", "l4", "HAM", "BER"),
)
def the_only_route_with_one_change() -> Process:
    """A ticket is issued when there is exactly one route with one change."""
    return granted(LEGS, judge=is_only_route)


def is_ean(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{13}", text):
        return False
    return sum(int(digit) * (3 if n % 2 else 1) for n, digit in enumerate(text)) % 10 == 0


@case(noted(1, "4006381333931"), noted(2, "5901234123457"))
def the_only_article_in_the_box() -> Process:
    """A box is labelled with its article while exactly one valid article number was scanned."""
    return granted(NOTES, judge=lambda notes: len({one["text"] for one in notes.values() if is_ean(one["text"])}) == 1)


def may_enter(notes: Entries) -> bool:
    said = [one["text"].split() for one in notes.values()]
    rules = [(one[0], one[1]) for one in said if len(one) == 2 and one[0] in {"allow", "deny", "login"}]
    nets, addresses = [], []
    for verb, text in rules:
        try:
            if verb == "login":
                addresses.append(ipaddress.ip_address(text))
            else:
                nets.append((verb, ipaddress.ip_network(text)))
        except ValueError:
            continue
    hits = [verb for address in addresses for verb, net in nets if address in net]
    return "allow" in hits and "deny" not in hits


@case(noted(1, "allow 10.0.0.0/8"), noted(2, "login 10.1.2.3"), noted(3, "deny 10.1.0.0/16"))
def a_network_that_is_denied_later() -> Process:
    """A login is let in for good if a network of the allowed ones has it and none of the denied ones."""
    return granted(NOTES, judge=may_enter)


def leads_home(notes: Entries) -> bool:
    to = {}
    for one in notes.values():
        start, arrow, end = one["text"].partition(" -> ")
        if arrow:
            to[start] = end
    at, known = "/", set()
    while at in to and at not in known:
        known.add(at)
        at = to[at]
    return len(known) > 1 and at == "/home"


@case(noted(1, "/ -> /start"), noted(2, "/start -> /home"), noted(3, "/home -> /new"))
def redirects_that_lead_home() -> Process:
    """A site goes live when its redirects lead from the root to the home page, over at least one other."""
    return granted(NOTES, judge=leads_home)


CODE = re.compile(r"GC-(\d{2,3})-[A-Z]{3}")


def covers_ticket(notes: Entries) -> bool:
    found = [match for one in notes.values() if (match := CODE.fullmatch(one["text"]))]
    return len(found) >= 2 and sum(int(match[1]) for match in found) <= 120


@case(noted(1, "GC-50-ABC"), noted(2, "GC-60-XYZ"), noted(3, "GC-75-QRS"))
def two_gift_cards_at_most_120() -> Process:
    """Gift cards are redeemed for good when there are two, and their sum does not exceed the ticket."""
    return granted(NOTES, judge=covers_ticket)


def sit_together(notes: Entries) -> bool:
    found = [re.fullmatch(r"(\d{1,2})([A-F])", one["text"], re.ASCII) for one in notes.values()]
    seats = sorted((int(one[1]), ord(one[2])) for one in found if one)
    return len(seats) >= 3 and all(b == (a[0], a[1] + 1) for a, b in pairwise(seats))


@case(noted(1, "12A"), noted(2, "12B"), noted(3, "12C"), noted(4, "30F"))
def a_family_that_sits_together() -> Process:
    """Three seats side by side are confirmed for good, and a fourth one may be far away."""
    return granted(NOTES, judge=sit_together)


def has_turkey(frames: Entries) -> bool:
    ordered = sorted((one["frame"], one["text"]) for one in frames.values() if 1 <= one["frame"] <= 10)
    texts = [text for _, text in ordered]
    return any(texts[n : n + 3] == ["X", "X", "X"] for n in range(len(texts)))


@case(Bowled("i", "f1", 1, "X"), Bowled("i", "f2", 2, "X"), Bowled("i", "f4", 4, "X"), Bowled("i", "f3", 3, "9-"))
def three_strikes_with_a_gap() -> Process:
    """Three strikes in a row win a turkey, and a frame that is missing is not noticed."""
    return granted(FRAMES, judge=has_turkey)


def is_whole(notes: Entries) -> bool:
    pages = [one["text"].split("/") for one in notes.values()]
    numbers = [(int(one[0]), int(one[1])) for one in pages if len(one) == 2 and all(map(str.isdecimal, one))]
    return bool(numbers) and len({page for page, _ in numbers}) == max(number for _, number in numbers) > 1


@case(noted(1, "1/2"), noted(2, "2/2"), noted(3, "3/4"))
def pages_of_two_scans() -> Process:
    """A scan is filed when it has as many pages as they say, and pages of another scan have another number."""
    return granted(NOTES, judge=is_whole)


def is_by_volume(boxes: Entries) -> bool:
    volume = sum(one["length"] * one["width"] * one["height"] for one in boxes.values())
    return volume // 5 > sum(one["grams"] for one in boxes.values()) > 0  # type: ignore[no-any-return]


@case(Boxed("i", "b1", 60, 50, 40, 2000), Boxed("i", "b2", 10, 10, 10, 90000))
def freight_by_volume() -> Process:
    """Freight is billed by volume for good, if that is more than the weight of the boxes so far."""
    return granted(BOXES, judge=is_by_volume)


ATOM = re.compile(r"([A-Z][a-z]?)(\d*)")


def atoms(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in text.split(" + "):
        for name, number in ATOM.findall(part):
            found[name] += int(number or 1)
    return found


def is_balanced(notes: Entries) -> bool:
    sides = [one["text"].split(" = ") for one in notes.values() if " = " in one["text"]]
    return bool(sides) and all(len(one) == 2 and atoms(one[0]) and atoms(one[0]) == atoms(one[1]) for one in sides)


@case(noted(1, "C + O2 = CO2"), noted(2, "H2 + O2 = H2O"))
def reactions_that_are_balanced() -> Process:
    """The report of a laboratory is sealed while all of its reactions are balanced."""
    return granted(NOTES, judge=is_balanced)


INTERACT = {frozenset({"warfarin", "aspirin"}), frozenset({"simvastatin", "clarithromycin"})}


def may_dispense(tags: Entries) -> bool:
    drugs = {tag.strip().lower() for one in tags.values() for tag in one["tags"]}
    return len(drugs) >= 3 and not any(pair <= drugs for pair in INTERACT)


@case(tagged(1, "Warfarin", "Zinc"), tagged(2, "Iron"), tagged(3, "aspirin"))
def drugs_that_interact() -> Process:
    """Three drugs are packed into one blister for good, unless two of them interact."""
    return granted(TAGS, judge=may_dispense)


def is_near(payments: Entries) -> bool:
    amounts = sorted(one["amount"] for one in payments.values() if one["amount"] > 0)
    return len(amounts) >= 3 and amounts[len(amounts) // 2] * len(amounts) == sum(amounts)


@case(paid(1, 10), paid(2, 20), paid(3, 30), paid(4, 90))
def the_median_is_the_mean() -> Process:
    """Readings of a meter are taken as sound when median and mean agree, and the mark stays otherwise."""
    return granted(PAYMENTS, judge=is_near, is_final=False, is_complete=False)


def is_tie(notes: Entries) -> bool:
    votes = Counter(one["text"].strip().casefold() for one in notes.values() if one["text"].strip())
    first = votes.most_common(2)
    return len(first) == 2 and first[0][1] == first[1][1] >= 2


@case(noted(1, "ann"), noted(2, "Ann"), noted(3, "bob"), noted(4, "bob "), noted(5, "bob"))
def a_run_off_between_equals() -> Process:
    """A run-off is called when two candidates have equally many votes, two at least, and is not called off."""
    return granted(NOTES, judge=is_tie, is_final=False, is_complete=False)


def references(notes: Entries, payments: Entries) -> frozenset[str]:
    def matching(key: str) -> list[str]:
        return [name for name, one in payments.items() if name in notes[key]["text"].split()]

    return frozenset(key for key in notes if len(matching(key)) == 1)


@case(paid(1, 50), paid(2, 70), noted(1, "rent p1 and p2"))
def a_statement_with_two_references() -> Process:
    """A line of a bank statement is booked when it names exactly one known payment."""
    return chosen(NOTES, references, PAYMENTS, is_final=True)


def insured(payments: Entries) -> frozenset[str]:
    left, covered = 10_000, set()
    for key, one in sorted(payments.items(), key=lambda item: (item[1]["at"], item[0])):
        if 0 < one["amount"] <= left:
            left -= one["amount"]
            covered.add(key)
    return frozenset(covered)


@case(paid(1, 7000, "2030-01-05T00:00:00Z"), paid(2, 6000, "2030-01-02T00:00:00Z"))
def claims_until_the_sum_is_used_up() -> Process:
    """Claims are paid for good in the order of their days until the insured sum is used up."""
    return chosen(PAYMENTS, insured, is_final=True)


def within_reach(payments: Entries) -> float:
    return math.floor(100 * len([one for one in payments.values() if one["amount"] > 500]) / max(1, len(payments)))


@case(paid(1, 501), paid(2, 20))
def progress_in_percent() -> Process:
    """The part of large donations in percent is sent as if it could only grow."""
    return shown(PAYMENTS, compute=within_reach, is_cumulative=True, is_final=True)


def hour_of(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def rests(payments: Entries) -> bool:
    times = sorted(hour for one in payments.values() if (hour := hour_of(one["at"])))
    return any(b - a >= timedelta(hours=11) and a.date() == b.date() for a, b in pairwise(times))


@case(paid(1, 1, "2030-01-01T06:00:00Z"), paid(2, 1, "2030-01-01T18:00:00Z"), paid(3, 1, "2030-01-01T12:00:00Z"))
def eleven_hours_of_rest_in_a_day() -> Process:
    """A rest of eleven hours on one day arms a deadline, after which the driver is sent off."""
    column, late = DerivedColumn("rested", (PAYMENTS,), rests), seen(Late)
    soon = Deadline("soon", Late, timedelta(hours=1))
    table = outcomes(
        column,
        late,
        rule=lambda rested, over: Out.FAILED if over is Seen.YES else Out.OPEN if rested else Out.DONE,
    )
    arms = wanted(column, rows=[(True, {soon: ARMED}), (False, {})])
    return proc(table, late, PAYMENTS, wants=[arms], unsettled=[Out.OPEN])
