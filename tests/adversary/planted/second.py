"""Functions for prices, stock, votes, dates and texts, each of which goes wrong in a way of its own."""

import json
import math
import re
import statistics
import unicodedata
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from difflib import SequenceMatcher
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import urlparse
from zoneinfo import ZoneInfo

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    REFUNDS,
    TAGS,
    A,
    Do,
    Late,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    Tagged,
    Weighed,
    case,
    chosen,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    tagged,
    wanted_in,
    weighed,
)

Y, N = Seen.YES, Seen.NO


@dataclass(frozen=True)
class LineAdded:
    id: str
    line_id: str
    sku: str
    price: int


@dataclass(frozen=True)
class LineRemoved:
    id: str
    line_id: str


@dataclass(frozen=True)
class RateQuoted:
    id: str
    rate_id: str
    currency: str
    rate: int


@dataclass(frozen=True)
class Charged:
    id: str
    charge_id: str
    currency: str
    amount: int


@dataclass(frozen=True)
class DisputeUpdated:
    id: str
    event_id: str
    payment_id: str
    status: Literal["opened", "won", "lost"]


@dataclass(frozen=True)
class Counted:
    id: str
    count_id: str
    pieces: int


@dataclass(frozen=True)
class Moved:
    id: str
    move_id: str
    pieces: int


@dataclass(frozen=True)
class Offered:
    id: str
    offer_id: str
    side: Literal["buy", "sell"]
    price: int


@dataclass(frozen=True)
class NodeAdded:
    id: str
    node_id: str
    parent_id: str


@dataclass(frozen=True)
class Measured:
    id: str
    reading_id: str
    value: int | float


@dataclass(frozen=True)
class Answered:
    id: str
    answer_id: str
    person: str
    is_yes: bool


@dataclass(frozen=True)
class Shipped:
    id: str


def line(number: int, sku: str, price: int) -> LineAdded:
    return LineAdded("i", f"l{number}", sku, price)


LINES = Register("lines", LineAdded, "line_id")

# Folds: coupons, rates, stock, queues, matching.


@dataclass(frozen=True)
class Coupons:
    exclusive: frozenset[str] = frozenset({"BLACKFRIDAY", "STAFF40"})


COUPONS: Final = Coupons()


def add_coupon(known: list[str], fact: Fact) -> list[str]:
    code = fact.fields["text"].strip().upper()
    if code in COUPONS.exclusive:
        return [code]
    if any(one in COUPONS.exclusive for one in known):
        return known
    return sorted({*known, code})


@case(noted(1, "BLACKFRIDAY"), noted(2, "STAFF40"), noted(3, "WELCOME"))
def two_exclusive_coupons() -> Process:
    """An exclusive coupon puts out all others, also another exclusive one: the last of the two stays."""
    return shown(Reducer("coupons", (Noted,), [], add_coupon))


def convert(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    rates, charges = known["rates"], known["charges"]
    if fact.kind is RateQuoted:
        rates = {**rates, fact.fields["currency"]: max(fact.fields["rate"], rates.get(fact.fields["currency"], 0))}
    elif fact.fields["charge_id"] not in charges:
        rate = rates.get(fact.fields["currency"], 100)
        charges = {**charges, fact.fields["charge_id"]: fact.fields["amount"] * rate // 100}
    return {"rates": rates, "charges": charges}


@case(Charged("i", "c1", "EUR", 500), RateQuoted("i", "q1", "EUR", 90), Charged("i", "c2", "USD", 7))
def converted_as_it_comes() -> Process:
    """A charge is converted with the rate that is known when it comes, and never again."""
    return shown(Reducer("charges", (RateQuoted, Charged), {"rates": {}, "charges": {}}, convert))


def latest_dispute(known: dict[str, str], fact: Fact) -> dict[str, str]:
    return {**known, fact.fields["payment_id"]: fact.fields["status"]}


@case(DisputeUpdated("i", "e1", "p1", "opened"), DisputeUpdated("i", "e2", "p1", "lost"))
def the_status_of_a_chargeback() -> Process:
    """The status of each disputed payment is the one that was reported last."""
    return shown(Reducer("disputes", (DisputeUpdated,), {}, latest_dispute))


AGENTS: Final = ("amy", "bob", "cem")


def assign(known: dict[str, str], fact: Fact) -> dict[str, str]:
    key = fact.fields["note_id"]
    return known if key in known else {**known, key: AGENTS[len(known) % len(AGENTS)]}


@case(noted(1, "x"), noted(2, "y"))
def round_robin() -> Process:
    """Tickets go round among the agents as they come in."""
    return shown(Reducer("assigned", (Noted,), {}, assign))


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def longest_gap(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    now = moment(fact.fields["at"])
    if now is None or fact.fields["at"] in known["times"]:
        return known
    before = moment(known["last"]) if known["last"] else now
    gap = int(abs((now - (before or now)).total_seconds()))
    times = sorted({*known["times"], fact.fields["at"]})
    return {"last": fact.fields["at"], "gap": max(gap, known["gap"]), "times": times}


@case(
    paid(1, 5, "2030-01-01T00:00:00Z"),
    paid(2, 5, "2030-01-01T01:00:00Z"),
    paid(3, 5, "2030-01-01T03:00:00Z"),
)
def the_longest_silence() -> Process:
    """The longest silence between two payments that arrived one after the other."""
    gaps = Reducer("gaps", (Paid,), {"last": "", "gap": 0, "times": []}, longest_gap)
    return shown(gaps, compute=lambda held: held["gap"])


def settle_oldest(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, amount = fact.fields["payment_id"], fact.fields["amount"]
    if key in known["used"]:
        return known
    left, open_ = amount, dict(known["open"])
    for invoice in sorted(open_):
        if open_[invoice] and left >= open_[invoice] > 0:
            left -= open_[invoice]
            open_[invoice] = 0
    return {"open": open_, "used": sorted({*known["used"], key})}


@case(paid(1, 110), paid(2, 70))
def the_oldest_invoices_first() -> Process:
    """A payment settles the oldest invoices that it covers whole, and what is left of it is lost."""
    start = {"open": {"inv-1": 60, "inv-2": 100}, "used": []}
    return shown(Reducer("invoices", (Paid,), start, settle_oldest), compute=lambda held: held["open"])


SECONDS_APART: Final = 60


def debounce(known: list[str], fact: Fact) -> list[str]:
    now = moment(fact.fields["at"])
    if now is None:
        return known
    for one in known:
        other = moment(one)
        if other is not None and abs((other - now).total_seconds()) < SECONDS_APART:
            return known
    return sorted({*known, now.astimezone(UTC).isoformat()})


@case(paid(1, 5, "2030-01-01T00:00:00Z"), paid(2, 5, "2030-01-01T00:00:50Z"), paid(3, 5, "2030-01-01T00:01:40Z"))
def debounced() -> Process:
    """What comes within a minute of something that was kept is dropped."""
    return shown(Reducer("kept", (Paid,), [], debounce))


def lock_currency(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    currency = known["currency"] or fact.fields["currency"]
    if fact.fields["currency"] != currency:
        return known
    return {"currency": currency, "charges": {**known["charges"], fact.fields["charge_id"]: fact.fields["amount"]}}


@case(Charged("i", "c1", "EUR", 500), Charged("i", "c2", "USD", 70))
def the_currency_of_the_first() -> Process:
    """An order has the currency of its first charge, and charges in others are passed over."""
    return shown(Reducer("charges", (Charged,), {"currency": "", "charges": {}}, lock_currency))


def _add_line(known: dict[str, int], fields: Any) -> dict[str, int]:
    return {**known, fields["line_id"]: fields["price"]}


def _remove_line(known: dict[str, int], fields: Any) -> dict[str, int]:
    return {key: price for key, price in known.items() if key != fields["line_id"]}


HANDLERS: Final[dict[type, Callable[[dict[str, int], Any], dict[str, int]]]] = {
    LineAdded: _add_line,
    LineRemoved: _remove_line,
}


@case(line(1, "tea", 5), LineRemoved("i", "l1"), line(2, "cup", 7))
def a_cart_without_tombstones() -> Process:
    """A line that is removed before it is added is there in the end."""
    cart = Reducer("cart", (LineAdded, LineRemoved), {}, lambda known, fact: HANDLERS[fact.kind](known, fact.fields))
    return shown(cart, compute=lambda held: sum(held.values()))


def take_stock(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["count_id" if fact.kind is Counted else "move_id"]
    if key in known["ids"]:
        return known
    pieces = fact.fields["pieces"] + (0 if fact.kind is Counted else known["pieces"])
    return {"pieces": pieces, "ids": sorted({*known["ids"], key})}


@case(Counted("i", "k1", 40), Moved("i", "m1", 3))
def a_stocktake_among_movements() -> Process:
    """A count replaces the stock, a movement is added to it: before or after the count makes a difference."""
    stock = Reducer("stock", (Counted, Moved), {"pieces": 0, "ids": []}, take_stock)
    return shown(stock, compute=lambda held: held["pieces"])


class Level(IntEnum):
    clerk = 1
    head = 2
    board = 3


def approve(known: int, fact: Fact) -> int:
    level = Level.__members__.get(fact.fields["text"])
    return level.value if level is not None and level == known + 1 else known


@case(noted(1, "clerk"), noted(2, "head"), noted(3, "board"))
def approvals_from_below() -> Process:
    """An approval counts only if that of the level below stands already."""
    return shown(Reducer("approved", (Noted,), 0, approve))


MOST_KILOS: Final = 30.0


def pack(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, kilos = fact.fields["parcel_id"], fact.fields["kilos"]
    if any(key in box["parcels"] for box in known["boxes"]):
        return known
    boxes = [dict(box) for box in known["boxes"]]
    for box in boxes:
        if box["kilos"] + kilos <= MOST_KILOS:
            box["kilos"] += kilos
            box["parcels"] = sorted([*box["parcels"], key])
            break
    else:
        boxes.append({"kilos": kilos, "parcels": [key]})
    return {"boxes": boxes}


@case(weighed(1, 10.0), weighed(2, 25.0), weighed(3, 20.0), weighed(4, 5.0))
def boxes_filled_as_they_come() -> Process:
    """Each parcel goes into the first box that has room for it: how many boxes there are depends on the order."""
    return shown(Reducer("boxes", (Weighed,), {"boxes": []}, pack), compute=lambda held: len(held["boxes"]))


def match(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, side, price = fact.fields["offer_id"], fact.fields["side"], fact.fields["price"]
    if key in known["ids"]:
        return known
    ids = sorted({*known["ids"], key})
    other = "sell" if side == "buy" else "buy"
    fits = [one for one in known[other] if (price >= one if side == "buy" else price <= one)]
    if not fits:
        return {**known, "ids": ids, side: sorted([*known[side], price])}
    best = min(fits) if side == "buy" else max(fits)
    rest = list(known[other])
    rest.remove(best)
    return {**known, "ids": ids, other: rest, "trades": sorted([*known["trades"], best])}


@case(Offered("i", "o1", "buy", 12), Offered("i", "o2", "sell", 10), Offered("i", "o3", "sell", 11))
def an_order_book() -> Process:
    """Who comes second pays the price of who was there."""
    book = Reducer("book", (Offered,), {"ids": [], "buy": [], "sell": [], "trades": []}, match)
    return shown(book, compute=lambda held: held["trades"])


def elo(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.fields["answer_id"] in known["ids"]:
        return known
    expected = 1 / (1 + 10 ** ((1500 - known["rating"]) / 400))
    gained = round(32 * (int(fact.fields["is_yes"]) - expected))
    return {"rating": known["rating"] + gained, "ids": sorted({*known["ids"], fact.fields["answer_id"]})}


@case(*(Answered("i", f"g{number}", "ann", number < 4) for number in range(6)))
def a_rating() -> Process:
    """A rating in which each game is weighed by the rating before it."""
    return shown(Reducer("rating", (Answered,), {"rating": 1500, "ids": []}, elo), compute=lambda held: held["rating"])


ALLOWANCE: Final = 1_000


def tax(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["payment_id"]
    if key in known["tax"]:
        return known
    free = max(0, ALLOWANCE - known["sum"])
    taxed = max(0, fact.fields["amount"] - free)
    return {"sum": known["sum"] + fact.fields["amount"], "tax": {**known["tax"], key: taxed * 19 // 100}}


@case(paid(1, 900), paid(2, 700))
def an_allowance_that_is_used_up() -> Process:
    """The first thousand is free of tax, and each payment has its own tax."""
    start: dict[str, Any] = {"sum": 0, "tax": {}}
    return shown(Reducer("taxes", (Paid,), start, tax), compute=lambda held: held["tax"])


def heavy(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    text, key = fact.fields["text"], fact.fields["note_id"]
    if key in known["ids"]:
        return known
    counts = dict(known["counts"])
    if text not in counts and len(counts) == 2:
        least = min(counts, key=lambda one: (counts[one], one))
        counts[text] = counts.pop(least)
    counts[text] = counts.get(text, 0) + 1
    return {"ids": sorted({*known["ids"], key}), "counts": counts}


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"), noted(4, "a"))
def heavy_hitters() -> Process:
    """The two most frequent texts in little room: a new one takes the place and the count of the rarest."""
    reducer = Reducer("frequent", (Noted,), {"ids": [], "counts": {}}, heavy)
    return shown(reducer, compute=lambda held: held["counts"])


def unlike(known: list[str], fact: Fact) -> list[str]:
    text = fact.fields["text"].casefold()
    if any(SequenceMatcher(None, one, text).ratio() > 0.7 for one in known):
        return known
    return sorted({*known, text})


@case(noted(1, "abcd"), noted(2, "bcde"), noted(3, "cdef"))
def nearly_the_same_text() -> Process:
    """A text that is much like a known one is a duplicate, and what it is like depends on what is known."""
    return shown(Reducer("texts", (Noted,), [], unlike))


def close(known: list[float], fact: Fact) -> list[float]:
    kilos = fact.fields["kilos"]
    if any(math.isclose(kilos, one, rel_tol=0.05) for one in known):
        return known
    return sorted({*known, kilos})


@case(weighed(1, 10.0), weighed(2, 10.4), weighed(3, 10.8))
def weights_that_are_close() -> Process:
    """Weights within a twentieth are one, but that of the first and the third need not be."""
    return shown(Reducer("weights", (Weighed,), [], close))


def prefixes(known: list[str], fact: Fact) -> list[str]:
    path = fact.fields["text"].rstrip("/")
    return known if any(path.startswith(one) for one in known) else sorted({*known, path})


@case(noted(1, "a/b"), noted(2, "a"))
def folders_within_folders() -> Process:
    """A folder within a known one is left out, but one that was known before stays when the outer one comes."""
    return shown(Reducer("folders", (Noted,), [], prefixes))


def joined(known: str, fact: Fact) -> str:
    return ",".join(sorted({*known.split(","), fact.fields["text"]} - {""}))


@case(noted(1, "b,a"), noted(2, "c"))
def a_list_kept_as_a_text() -> Process:
    """Texts are joined by commas and split again, and one of them has a comma."""
    return shown(Reducer("texts", (Noted,), "", joined))


def shortened(known: dict[str, int], fact: Fact) -> dict[str, int]:
    short = fact.fields["payment_id"][:4]
    return known if short in known else {**known, short: fact.fields["amount"]}


@case(Paid("i", "pay-1", 10), Paid("i", "pay-2", 20))
def shortened_ids() -> Process:
    """Payments are known by the first four characters of their ids, and of two the first stays."""
    return shown(Reducer("payments", (Paid,), {}, shortened), compute=lambda held: sum(held.values()))


def bucket(known: dict[str, str], fact: Fact) -> dict[str, str]:
    number = str(zlib.crc32(fact.fields["text"].encode()) % 8)
    return {number: fact.fields["text"], **known}


@case(noted(1, "a"), noted(2, "j"))
def buckets_by_a_checksum() -> Process:
    """One text for each of eight buckets of a checksum: of two in one bucket the first stays."""
    return shown(Reducer("buckets", (Noted,), {}, bucket))


def first_of_day(known: dict[str, int], fact: Fact) -> dict[str, int]:
    now = moment(fact.fields["at"])
    day = now.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat() if now else "?"
    return {day: fact.fields["amount"], **known}


@case(paid(1, 10, "2030-01-01T23:30:00Z"), paid(2, 20, "2030-01-02T08:00:00Z"))
def the_first_payment_of_a_day() -> Process:
    """Of the payments of one day in Berlin the first to arrive counts."""
    return shown(Reducer("days", (Paid,), {}, first_of_day))


def overlapping(known: dict[str, int], fact: Fact) -> dict[str, int]:
    start = fact.fields["amount"]
    if any(abs(start - other) < 30 for key, other in known.items() if key != fact.fields["payment_id"]):
        return known
    return {**known, fact.fields["payment_id"]: start}


@case(paid(1, 0), paid(2, 20), paid(3, 45))
def a_room_that_is_taken() -> Process:
    """A booking of thirty minutes is refused if it overlaps one that was accepted."""
    return shown(Reducer("bookings", (Paid,), {}, overlapping), compute=sorted)


def merge_ranges(known: list[list[int]], fact: Fact) -> list[list[int]]:
    start = fact.fields["amount"]
    end = start + 10
    for number, (low, high) in enumerate(known):
        if start <= high and low <= end:
            merged = [min(start, low), max(end, high)]
            return sorted([*known[:number], merged, *known[number + 1 :]])
    return sorted([*known, [start, end]])


@case(paid(1, 0), paid(2, 20), paid(3, 10))
def ranges_joined_once() -> Process:
    """A range is joined with the first that it touches, and what now touches a third is not."""
    return shown(Reducer("ranges", (Paid,), [], merge_ranges))


# What a repeat changes.


def dedup_by_last(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if known["last"] == fact.fields["payment_id"]:
        return known
    return {"last": fact.fields["payment_id"], "sum": known["sum"] + fact.fields["amount"]}


@case(paid(1, 10), paid(2, 20))
def only_the_last_id_is_known() -> Process:
    """A repeat is known if nothing else came in between."""
    start = {"last": "", "sum": 0}
    return shown(Reducer("payments", (Paid,), start, dedup_by_last), compute=lambda held: held["sum"])


def recent_ids(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["payment_id"]
    if key in known["ids"]:
        return known
    return {"ids": [*known["ids"], key][-3:], "sum": known["sum"] + fact.fields["amount"]}


@case(*(paid(number, 10 + number) for number in range(4)))
def three_ids_are_known() -> Process:
    """Of the ids only the last three are kept, so the repeat of an older payment counts again."""
    start: dict[str, Any] = {"ids": [], "sum": 0}
    return shown(Reducer("payments", (Paid,), start, recent_ids), compute=lambda held: held["sum"])


def changes(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if known["amount"] == fact.fields["amount"]:
        return known
    return {"amount": fact.fields["amount"], "best": max(known["best"], fact.fields["amount"])}


@case(paid(1, 10), paid(2, 20))
def the_price_before_the_last() -> Process:
    """The best price does not depend on the order, but the price beside it does, and decides what is new."""
    return shown(
        Reducer("prices", (Paid,), {"amount": 0, "best": 0}, changes), compute=lambda held: held["amount"] < 15
    )


def normalise_in_place(known: list[str], fact: Fact) -> list[str]:
    tags = fact.fields["tags"]
    tags.sort()
    return sorted({*known, *tags})


@case(tagged(1, "b", "a"), A())
def a_reducer_that_tidies_the_message() -> Process:
    """A reducer sorts the tags of the message, which a register keeps as well: a repeat contradicts it."""
    has = has_any(TAGS)
    tags = Reducer("all-tags", (Tagged,), [], normalise_in_place)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField("tags", (tags,), list),))})
    return proc(one_outcome(has), has, seen(A), TAGS, tags, wants=[wanted_in(has, tell, YES=Do.YES)])


# What was chosen, and is no longer.


def household(payments: Entries) -> frozenset[str]:
    first: dict[str, tuple[str, str]] = {}
    for key, one in payments.items():
        day = one["at"][:10]
        first[day] = min(first.get(day, (one["at"], key)), (one["at"], key))
    return frozenset(key for _, key in first.values())


@case(paid(1, 5, "2030-01-01T09:00:00Z"), paid(2, 5, "2030-01-01T08:00:00Z"))
def the_earliest_of_each_day() -> Process:
    """One prize a day, for the earliest: who was told and turns out to be second keeps it."""
    return chosen(PAYMENTS, household)


def doubles(payments: Entries) -> frozenset[str]:
    found, kept = set(), None
    for key, one in sorted(payments.items(), key=lambda item: (item[1]["amount"], item[0])):
        if kept is not None and one["amount"] - kept <= 10:
            found.add(key)
        else:
            kept = one["amount"]
    return frozenset(found)


@case(paid(1, 0), paid(2, 6), paid(3, -5))
def doubles_of_what_was_kept() -> Process:
    """A payment within ten of the last one that was kept is a double; a lesser one moves all the windows."""
    return chosen(PAYMENTS, doubles)


def cheapest_per_sku(lines: Entries) -> dict[str, int]:
    prices: dict[str, int] = {}
    for one in lines.values():
        prices[one["sku"]] = min(one["price"], prices.get(one["sku"], one["price"]))
    return prices


@case(line(1, "tea", 9), line(2, "tea", 5))
def the_cheapest_of_each_article() -> Process:
    """A mapping that is said to be cumulative has the least price of each article, which falls."""
    return shown(LINES, compute=cheapest_per_sku, is_cumulative=True, is_final=True)


def recent(payments: Entries) -> list[str]:
    return [key for key, _ in sorted(payments.items(), key=lambda item: (item[1]["at"], item[0]))][-3:]


@case(*(paid(number, 5, f"2030-01-0{number}") for number in range(1, 5)))
def the_three_latest() -> Process:
    """A list that is said to be cumulative has the three latest payments only."""
    return shown(PAYMENTS, compute=recent, is_cumulative=True, is_final=True)


@case(noted(1, "x"), noted(2, "y"))
def a_cumulative_text() -> Process:
    """All ids in one text, which is said to be cumulative: no text includes another."""
    return shown(NOTES, compute=lambda held: ", ".join(sorted(held)), is_cumulative=True, is_final=True)


STEPS: Final = (0, 1_000, 5_000)
PERCENT: Final = (100, 90, 80)


def price(lines: Entries) -> int:
    whole = sum(abs(one["price"]) for one in lines.values())
    return whole * PERCENT[bisect_right(STEPS, whole) - 1] // 100


@case(line(1, "tea", 995), line(2, "cup", 6))
def a_discount_for_much() -> Process:
    """The final price grows with each line, except where a discount begins."""
    return shown(LINES, compute=price, is_cumulative=True, is_final=True)


def place(payments: Entries, key: str) -> int:
    ranked = sorted(payments, key=lambda one: (-payments[one]["amount"], one))
    return ranked.index(key) + 1


@case(paid(1, 10), paid(2, 20))
def a_place_in_the_queue() -> Process:
    """Each is told its place for good, and a greater one comes and takes it."""
    template = CommandTemplate("TellPlace", PAYMENTS, (), (ComputedField("place", (PAYMENTS,), place),))
    tell = Effect("place", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    has = has_any(PAYMENTS)
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, tell, YES=every(PAYMENTS))])


@case(line(1, "tea", 9), line(2, "cup", 5), Shipped("i"))
def a_line_after_the_parcel_left() -> Process:
    """The label may change until the parcel has left, and a line that comes later changes it all the same."""
    has, shipped = has_any(LINES), seen(Shipped)
    value = ComputedField("value", (LINES,), lambda held: sum(one["price"] for one in held.values()))
    label = Effect(
        "label",
        "carrier",
        {Do.YES: CommandTemplate("Print", computed=(value,))},
        final=frozenset({Do.YES}),
        decided_by=Shipped,
    )
    return proc(one_outcome(has), has, shipped, LINES, wants=[wanted_in(has, label, YES=Do.YES)])


ANSWERS = Register("answers", Answered, "answer_id")


def is_unanimous(answers: Entries) -> bool:
    return len(answers) >= 2 and all(one["is_yes"] for one in answers.values())


@case(*(Answered("i", f"a{number}", "ann", number < 2) for number in range(3)))
def a_unanimous_vote() -> Process:
    """Final as soon as two or more agree and nobody is against it, and then somebody is."""
    return granted(ANSWERS, judge=is_unanimous)


def by_two_people(answers: Entries) -> bool:
    people = {re.sub(r"\W", "", one["person"]).casefold() for one in answers.values() if one["is_yes"]}
    return len(people) == 2


@case(*(Answered("i", f"a{number}", name, is_yes=True) for number, name in enumerate(("ann", "bob", "cem"))))
def by_exactly_two_people() -> Process:
    """Final with the names of two people, and a third one takes it back."""
    return granted(ANSWERS, judge=by_two_people)


WARRANTY: Final = timedelta(days=730)


def in_warranty(payments: Entries) -> bool:
    moments = [found for one in payments.values() if (found := moment(one["at"]))]
    return len(moments) > 1 and max(moments) - min(moments) <= WARRANTY


@case(paid(1, 5, "2030-01-01"), paid(2, 5, "2031-01-01"), paid(3, 5, "2028-01-01"))
def a_warranty_from_the_first_receipt() -> Process:
    """Final within two years of the first receipt, and then an older receipt is found."""
    return granted(PAYMENTS, judge=in_warranty)


def booked(register: Register) -> Effect:
    return Effect(f"book-{register.name}", "ledger", {Do.YES: CommandTemplate("Book", register, ("amount",))})


@case(paid(1, 10), Refunded("i", "r1", "p1", 10))
def booked_by_the_amount_alone() -> Process:
    """Payments and refunds are booked by two effects that say the amount only, and one may be as large as the other."""
    has, has_refund = has_any(PAYMENTS), seen(Refunded)
    wants = [
        wanted_in(has, booked(PAYMENTS), YES=every(PAYMENTS)),
        wanted_in(has_refund, booked(REFUNDS), YES=every(REFUNDS)),
    ]
    return proc(one_outcome(has), has, has_refund, PAYMENTS, REFUNDS, wants=wants)


class Risk(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


SCORES: Final = {"new customer": 30, "foreign card": 40, "vpn": 50, "wanted": 90}


def risk(notes: Entries) -> Risk:
    score = sum(SCORES.get(one["text"].strip().lower(), 0) for one in notes.values())
    return Risk.HIGH if score >= 80 else Risk.MEDIUM if score >= 30 else Risk.LOW


@case(noted(1, "vpn"), noted(2, "foreign card"))
def a_high_risk_that_waits() -> Process:
    """A medium risk has a deadline, and a high one waits for somebody who may never come."""
    column, late = DerivedColumn("risk", (NOTES,), risk, tuple(Risk)), seen(Late)
    soon = Deadline("soon", Late, timedelta(hours=1))
    table = outcomes(
        column,
        late,
        rule=lambda level, over: {
            Risk.LOW: Out.DONE,
            Risk.MEDIUM: Out.FAILED if over is Y else Out.OPEN,
            Risk.HIGH: Out.OTHER,
        }[level],
    )
    arms = wanted(column, rows=[(one, {soon: ARMED} if one is Risk.MEDIUM else {}) for one in Risk])
    return proc(table, late, NOTES, wants=[arms], unsettled=[Out.OPEN, Out.OTHER])


@case(noted(1, "vpn"), noted(2, "wanted"))
def a_deadline_of_the_lesser_grade() -> Process:
    """A medium risk arms a deadline; when it is high by then, the deadline changes what became of it."""
    column, late = DerivedColumn("risk", (NOTES,), risk, tuple(Risk)), seen(Late)
    soon = Deadline("soon", Late, timedelta(hours=1))
    table = outcomes(
        column,
        late,
        rule=lambda level, over: (
            Out.DONE
            if level is Risk.LOW
            else (Out.FAILED if over is Y else Out.OPEN if level is Risk.MEDIUM else Out.OTHER)
        ),
    )
    arms = wanted(column, rows=[(one, {soon: ARMED} if one is Risk.MEDIUM else {}) for one in Risk])
    return proc(table, late, NOTES, wants=[arms], unsettled=[Out.OPEN])


@case(*(weighed(number, 1.5) for number in range(3)))
def a_register_of_two() -> Process:
    """A register of at most two parcels: which of three waits for a person depends on the order."""
    two = Register("two", Weighed, "parcel_id", most=2)
    return shown(two, compute=len)


# What raises.


MONEY: Final = Context(prec=6)


def in_euros(payments: Entries) -> str:
    whole = Decimal(sum(one["amount"] for one in payments.values())) / 100
    return str(whole.quantize(Decimal("0.01"), context=MONEY))


@case(paid(1, 5), paid(2, 999_999_99))
def money_of_six_digits() -> Process:
    """Money is rounded to cents in a context of six digits, which a large sum does not fit into."""
    return shown(PAYMENTS, compute=in_euros)


def parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def latest_time(payments: Entries) -> str:
    found = [one for payment in payments.values() if (one := parsed(payment["at"]))]
    return max(found).isoformat() if found else ""


@case(paid(1, 5, "2030-01-01T00:00:00Z"), paid(2, 5, "2030-01-02T00:00:00"))
def with_and_without_a_zone() -> Process:
    """Times with a zone are compared with times without one."""
    return shown(PAYMENTS, compute=latest_time)


@case(noted(1, "Europe/Berlin"), noted(2, "Berlin"))
def a_zone_that_is_a_text() -> Process:
    """The zone of the customer is a text, and need not be a zone."""
    return shown(
        NOTES,
        compute=lambda held: {
            key: datetime(2030, 1, 1, tzinfo=ZoneInfo(one["text"])).isoformat() for key, one in held.items()
        },
    )


def spread(payments: Entries) -> int:
    amounts = [one["amount"] for one in payments.values() if one["amount"] > 0]
    return round(statistics.stdev(amounts)) if len(payments) > 1 else 0


@case(paid(1, 5), paid(2, 0))
def a_deviation_of_one() -> Process:
    """The deviation is asked for with two payments, of which one may be zero."""
    return shown(PAYMENTS, compute=spread)


class Tier(Enum):
    BASIC = "basic"
    PRO = "pro"


@case(noted(1, "basic"), noted(2, "gold"))
def a_tier_that_is_not_sold() -> Process:
    """A text is made a member of an enum that does not have it."""
    return judged(NOTES, judge=lambda held: any(Tier(one["text"]) is Tier.PRO for one in held.values()))


def due_day(payments: Entries) -> str:
    days = min((one["amount"] for one in payments.values()), default=0)
    return (date(2030, 1, 1) + timedelta(days=days)).isoformat()


@case(paid(1, 30), paid(2, 4_000_000))
def a_day_beyond_the_calendar() -> Process:
    """Days are added to a date, and there may be very many."""
    return shown(PAYMENTS, compute=due_day)


NODES = Register("nodes", NodeAdded, "node_id")


def depth(nodes: Entries) -> int:
    def of(key: str) -> int:
        return 0 if key not in nodes else 1 + of(nodes[key]["parent_id"])

    return max(map(of, nodes), default=0)


@case(NodeAdded("i", "a", "b"), NodeAdded("i", "b", "a"), NodeAdded("i", "c", ""))
def a_tree_with_a_circle() -> Process:
    """Each node names its parent, and two may name each other."""
    return shown(NODES, compute=depth)


@case(noted(1, "hello {name}"), noted(2, "50 % { off"))
def a_note_as_a_template() -> Process:
    """The text of a note is formatted with a name, and may have a brace of its own."""
    return shown(NOTES, compute=lambda held: [one["text"].format(name="ann") for one in held.values()])


def matches(notes: Entries) -> bool:
    return any(re.search(one["text"], "invoice 17") for one in notes.values())


@case(noted(1, "invoice"), noted(2, "(open"))
def a_note_as_a_pattern() -> Process:
    """The text of a note is taken for a pattern, and may be none."""
    return judged(NOTES, judge=matches)


def as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@case(noted(1, "2.5"), noted(2, "nan"))
def a_number_that_is_none() -> Process:
    """What is no number counts as nothing, but nan is taken for a number, and is no JSON."""
    return shown(NOTES, compute=lambda held: {key: as_number(one["text"]) for key, one in held.items()})


def as_money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


@case(noted(1, "2.5"), noted(2, "NaN"))
def money_that_is_none() -> Process:
    """What is no Decimal counts as nothing, but NaN is one, and can't be compared."""
    return judged(NOTES, judge=lambda held: any(as_money(one["text"]) > 100 for one in held.values()))


@case(noted(1, "12"), noted(2, "²"))
def a_digit_that_is_no_number() -> Process:
    """A text of digits is made a number, but a small two on high is a digit and no number."""
    return shown(NOTES, compute=lambda held: sum(int(one["text"]) for one in held.values() if one["text"].isdigit()))


def renewals(payments: Entries) -> list[str]:
    moments = [found for one in payments.values() if (found := moment(one["at"]))]
    return sorted({one.replace(year=one.year + 1).date().isoformat() for one in moments})


@case(paid(1, 5, "2030-01-01"), paid(2, 5, "2028-02-29"))
def renewed_on_a_leap_day() -> Process:
    """A year later is the same day, which the 29th of February does not have."""
    return shown(PAYMENTS, compute=renewals)


def reference(notes: Entries) -> str:
    texts = [unicodedata.normalize("NFC", one["text"]).upper() for one in notes.values()]
    return " ".join(sorted(texts)).encode("latin-1").decode("latin-1")


@case(noted(1, "rent"), noted(2, "miete für ł"))
def a_reference_for_an_old_bank() -> Process:
    """The bank takes Latin letters only, and the names of some customers have others."""
    return shown(NOTES, compute=reference)


@case(paid(1, 3), paid(2, 9_000))
def a_delay_that_grows() -> Process:
    """The delay grows by half with each attempt, and their number comes from outside."""
    return shown(PAYMENTS, compute=lambda held: max((round(1.5 ** one["amount"]) for one in held.values()), default=0))


@case(paid(1, 3), paid(2, 0))
def a_score_by_a_logarithm() -> Process:
    """The score is the logarithm of an amount, which may be zero."""
    return judged(PAYMENTS, judge=lambda held: sum(math.log(one["amount"]) for one in held.values()) > 8)


@case(noted(1, "https://example.com/a"), noted(2, "http://[::1"))
def a_link_in_a_note() -> Process:
    """The host of a link is looked at, and the link may be broken."""
    return shown(NOTES, compute=lambda held: sorted({urlparse(one["text"]).hostname or "" for one in held.values()}))


@case(noted(1, '{"amount": 5}'), noted(2, '["amount"]'))
def a_document_in_a_note() -> Process:
    """A document is read where it can be, and may be none with names."""

    def amount(text: str) -> int:
        try:
            return int(json.loads(text)["amount"])
        except (json.JSONDecodeError, KeyError):
            return 0

    return shown(NOTES, compute=lambda held: sum(amount(one["text"]) for one in held.values()))


@case(Answered("i", "a1", "ann", is_yes=True), Answered("i", "a2", "bob", is_yes=True))
def a_count_for_a_truth() -> Process:
    """The column says how many are for it, and two is none of its values."""

    def count(answers: Entries) -> Any:
        return sum(one["is_yes"] for one in answers.values())

    return judged(ANSWERS, judge=count)


@case(noted(1, "Ann Lee"), noted(2, "Bob"))
def a_name_of_one_word() -> Process:
    """The first and the last name of each customer, who may have one only."""

    def initials(notes: Entries) -> list[str]:
        names = (one["text"].split() for one in notes.values())
        return sorted(f"{first[0]}{last[0]}" for first, last in names)

    return shown(NOTES, compute=initials)


# What depends on more than the facts.

TOTALS: dict[int, int] = {}


def cached_total(payments: Entries) -> int:
    if len(payments) not in TOTALS:
        TOTALS[len(payments)] = sum(one["amount"] for one in payments.values())
    return TOTALS[len(payments)]


@case(paid(1, 10), paid(2, 20), shown_by="interpreters")
def a_cache_by_the_number() -> Process:
    """Sums are kept by the number of payments, so another instance with as many gets the same."""
    return shown(PAYMENTS, compute=cached_total)


@lru_cache
def written(value: float, unit: str) -> str:
    return f"{value} {unit}"


READINGS = Register("readings", Measured, "reading_id")


@case(Measured("i", "m1", 1), Measured("i", "m2", 1.0), shown_by="interpreters")
def a_cache_that_takes_one_for_one() -> Process:
    """A cache of a pure function: 1 and 1.0 are one key and have two texts."""
    return shown(READINGS, compute=lambda held: [written(one["value"], "kg") for one in held.values()])


@dataclass
class Watermark:
    best: int = 0

    def __call__(self, payments: Entries) -> int:
        self.best = max(self.best, *(one["amount"] for one in payments.values()), 0)
        return self.best


@case(paid(1, 10), paid(2, 20), shown_by="interpreters")
def a_watermark_of_all() -> Process:
    """A callable keeps the greatest amount that it ever saw, in whichever instance."""
    return shown(PAYMENTS, compute=Watermark())


@dataclass
class Greeted:
    known: list[str] = field(default_factory=list)

    def is_new(self, text: str) -> bool:
        if text in self.known:
            return False
        self.known.append(text)
        return True


GREETED: Final = Greeted()


@case(noted(1, "ann"), noted(2, "bob"))
def greeted_once_in_all() -> Process:
    """Who was greeted is kept in the module, so that nobody is greeted twice, not even when asked again."""
    return shown(NOTES, compute=lambda held: [key for key, one in held.items() if GREETED.is_new(one["text"])])


@case(tagged(1, "tea", "cup", "pot"), tagged(2, "jug", "pan"), shown_by="interpreters")
def the_most_common_of_equals() -> Process:
    """Tags are counted once for each message, and of equal counts the one is told that a set had first."""

    def most_common(held: Entries) -> str:
        counts = Counter(tag for one in held.values() for tag in set(one["tags"]))
        return counts.most_common(1)[0][0] if counts else ""

    return shown(TAGS, compute=most_common)


@dataclass(frozen=True)
class Priced:
    sku: str
    price: int


@case(line(1, "tea", 5), line(2, "cup", 5), line(3, "pot", 5), shown_by="interpreters")
def a_set_sorted_with_ties() -> Process:
    """The lines are a set of records, sorted by their price alone."""

    def cheapest(held: Entries) -> list[str]:
        unique = {Priced(one["sku"], one["price"]) for one in held.values()}
        return [one.sku for one in sorted(unique, key=lambda one: one.price)]

    return shown(LINES, compute=cheapest)


@case(noted(1, "tea"), noted(2, "cup"), noted(3, "pot"), shown_by="interpreters")
def sorted_by_a_hash() -> Process:
    """The notes are shuffled fairly by the hash of their texts, and the first is drawn."""
    return chosen(
        NOTES, lambda held: frozenset(sorted(held, key=lambda key: hash(held[key]["text"]))[:1]), fields=("text",)
    )
