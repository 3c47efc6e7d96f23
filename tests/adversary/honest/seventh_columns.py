"""Own functions of registers that guard what may be absent, and rows that say what holds in each case."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    Do,
    Late,
    Out,
    Seen,
    case,
    chosen,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    proc,
    seen,
    shown,
    wanted_in,
)
from tests.adversary.planted.seventh_messages import (
    Approved,
    Banked,
    Bid,
    Billed,
    Claimed,
    Corrected,
    MeterRead,
    Moved,
    Packed,
    Rated,
    RateSet,
    Sold,
    Switched,
)

Y, N = Seen.YES, Seen.NO
RATINGS = Register("ratings", Rated, "rating_id")
BIDS = Register("bids", Bid, "bid_id")
CLAIMS = Register("claims", Claimed, "claim_id")
SALES = Register("sales", Sold, "sale_id")
BILLS = Register("bills", Billed, "invoice_id")
LINES = Register("lines", Banked, "line_id")
FIXES = Register("fixes", Corrected, "correction_id")
READINGS = Register("readings", MeterRead, "reading_id")
APPROVALS = Register("approvals", Approved, "approval_id")
MOVES = Register("moves", Moved, "move_id")
ITEMS = Register("items", Packed, "item_id")
SWITCHES = Register("switches", Switched, "event_id")
RATES = Register("rates", RateSet, "id")


def _sum(entries: Entries, name: str = "cents") -> int:
    return sum(one[name] for one in entries.values())


@case(Rated("i", "r1", 5), Rated("i", "r2", 1), Rated("i", "r3", 5))
def a_badge_for_a_good_average() -> Process:
    """The badge is taken back when the average falls, and given again when it rises."""
    return granted(
        RATINGS, judge=lambda ratings: bool(ratings) and _sum(ratings, "stars") >= 4 * len(ratings), is_final=False
    )


@case(Sold("i", "s1", 900), Sold("i", "s2", 1_100))
def a_badge_taken_back_beyond_the_budget() -> Process:
    """A badge is granted within the budget and taken back beyond, in each row."""
    return granted(SALES, judge=lambda sales: bool(sales) and _sum(sales) <= 1_000, is_final=False)


@case(Approved("i", "a1", "ann"), Approved("i", "a2", "ann"), Approved("i", "a3", "bob"))
def at_least_two_persons() -> Process:
    """Two different persons stay two, whoever else approves."""
    return granted(APPROVALS, judge=lambda known: len({one["person"] for one in known.values()}) >= 2)


@case(Sold("i", "s1", 40), Sold("i", "s2", 70), Sold("i", "s3", 0))
def free_delivery_of_sums_that_grow() -> Process:
    """No sale is below zero, so a sum that was reached stays reached; the rows that do not name it come before."""
    return granted(SALES, judge=lambda sales: _sum(sales) >= 100, is_complete=False)


@case(Sold("i", "s1", 40), Corrected("i", "c1", "s1", -50), Corrected("i", "c2", "s9", 90))
def free_delivery_with_corrections() -> Process:
    """A correction can take the delivery back, as it is not final, and one of an unknown sale waits for it."""

    def is_free(sales: Entries, fixes: Entries) -> bool:
        return _sum(sales) + sum(int(one["cents"]) for one in fixes.values() if one["of_id"] in sales) >= 100

    return granted(SALES, FIXES, judge=is_free, is_final=False)


class Level(Enum):
    NONE = "none"
    SILVER = "silver"
    GOLD = "gold"


def _level(sales: Entries) -> Level:
    total = _sum(sales)
    return Level.GOLD if total >= 1_000 else Level.SILVER if total else Level.NONE


@case(Sold("i", "s1", 500), Sold("i", "s2", 600), Sold("i", "s3", 0))
def a_card_whose_last_level_is_final() -> Process:
    """Only the highest level can't be undone, and sums of sales never fall."""
    column = DerivedColumn("level", (SALES,), _level, tuple(Level))
    commands: Mapping[Enum, CommandTemplate] = {one: CommandTemplate(f"Send{one.name.title()}") for one in Level}
    card = Effect("card", "desk", commands, final=frozenset({Level.GOLD}), initially=Level.NONE)
    return proc(one_outcome(column), SALES, wants=[wanted(column, rows=[(one, {card: one}) for one in Level])])


@case(Sold("i", "s1", 5), Sold("i", "s2", 0), Sold("i", "s3", 5))
def a_total_that_only_grows() -> Process:
    """The total in a final command is cumulative, and no sale is below zero."""
    return shown(SALES, compute=_sum, is_cumulative=True, is_final=True)


@case(Corrected("i", "c1", "b", -5), Corrected("i", "c2", "b", 7))
def a_list_that_only_gains() -> Process:
    """All amounts are sent in a final command as a list without doubles."""
    return shown(
        FIXES,
        compute=lambda fixes: sorted({one["cents"] for one in fixes.values()}),
        is_cumulative=True,
        is_final=True,
    )


@case(Corrected("i", "c1", "b", -5), Corrected("i", "c2", "b", 7), Corrected("i", "c3", "a", 0))
def corrections_by_their_ids() -> Process:
    """A mapping from id to amount only gains, as a register never changes an entry."""
    return shown(
        FIXES,
        compute=lambda fixes: {key: one["cents"] for key, one in fixes.items()},
        is_cumulative=True,
        is_final=True,
    )


@case(Billed("i", "b1", 5), Banked("i", "l1", 5, "b1"), Banked("i", "l2", 3, "b9"), Banked("i", "l3", 3))
def a_join_that_passes_over_strays() -> Process:
    """A bank line counts once its bill is there, in whatever sequence they come."""

    def owed(bills: Entries, lines: Entries) -> int:
        return _sum(bills) - sum(int(one["cents"]) for one in lines.values() if one["reference"] in bills)

    return shown(BILLS, LINES, compute=owed)


@case(MeterRead("i", "r1", 5, 20), MeterRead("i", "r2", 5, 30), MeterRead("i", "r3", 9, 30))
def a_rate_of_at_least_a_minute() -> Process:
    """The use is divided by at least one minute."""

    def rate(readings: Entries) -> int:
        minutes = [int(one["minute"]) for one in readings.values()] or [0]
        units = [int(one["units"]) for one in readings.values()] or [0]
        return (max(units) - min(units)) // max(1, max(minutes) - min(minutes))

    return shown(READINGS, compute=rate)


@case(Banked("i", "l1", 5, "b"), Banked("i", "l2", 7), Banked("i", "l3", 7, ""))
def the_greatest_reference_if_any() -> Process:
    """References that are absent are left out before they are compared."""
    return shown(
        LINES,
        compute=lambda lines: max(
            (one["reference"] for one in lines.values() if one["reference"] is not None), default=None
        ),
    )


def _number(text: str) -> int:
    word = text[-6:]
    return int(word) if word.isascii() and word.isdecimal() else 0


@case(noted(1, "RE 000007"), noted(2, "RE seven"), noted(3, ""), noted(4, "²"))
def a_number_if_there_is_one() -> Process:
    """The last six characters are read as a number if all of them are digits."""
    return shown(NOTES, compute=lambda notes: max((_number(one["text"]) for one in notes.values()), default=0))


@case(Sold("i", "s1", 700), Sold("i", "s2", 500), Sold("i", "s3", 0))
def a_share_that_is_told_again() -> Process:
    """The share of each sale shrinks with every further one, and is not final."""
    has = has_any(SALES)
    share = ComputedField("share", (SALES,), lambda sales, _: 1_000 // max(1, len(sales)))
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give", SALES, ("cents",), (share,))})
    return proc(one_outcome(has), has, SALES, wants=[wanted_in(has, give, YES=every(SALES))])


@case(Sold("i", "s1", 700), Sold("i", "s2", 500), Sold("i", "s3", 499))
def large_sales_each_for_good() -> Process:
    """Whether a sale is large depends on nothing but the sale."""
    return chosen(
        SALES,
        lambda sales: frozenset(key for key, one in sales.items() if one["cents"] >= 500),
        is_final=True,
        fields=("cents", "currency"),
    )


@case(*(Claimed("i", f"c{number}", "4a", "ann", number // 2) for number in range(4)))
def all_claims_but_the_first_two() -> Process:
    """Who is behind two others stays so, whoever comes between; of equal minutes the keys decide."""
    return chosen(
        CLAIMS,
        lambda claims: frozenset(sorted(claims, key=lambda key: (claims[key]["minute"], key))[2:]),
        is_final=True,
    )


@case(Billed("i", "b1", 5), Banked("i", "l1", 5, "b1"), Banked("i", "l2", 5))
def receipts_of_what_has_its_bill() -> Process:
    """A receipt is final once both the bank line and its bill are there, as neither ever goes away."""
    return chosen(
        LINES,
        lambda lines, bills: frozenset(key for key, one in lines.items() if one["reference"] in bills),
        BILLS,
        is_final=True,
    )


@case(RateSet("i", "usd", 90), Sold("i", "s1", 50), Sold("i", "s2", 40))
def a_limit_sent_once_it_is_known() -> Process:
    """The column is true only when the limit that the command copies is there."""

    def is_reached(sales: Entries, rates: Entries) -> bool:
        return any(_sum(sales) >= one["permille"] for one in rates.values())

    column = DerivedColumn("is reached", (SALES, RATES), is_reached)
    warn = Effect("warn", "desk", {Do.YES: CommandTemplate("Warn", RATES, ("permille",))}, final=frozenset({Do.YES}))
    wants = wanted(column, rows=[(True, {warn: Do.YES}), (False, {})])
    return proc(one_outcome(column), SALES, RATES, wants=[wants])


@case(Billed("i", "b1", 9), Banked("i", "l1", 9), Billed("i", "b2", 1))
def open_until_paid_or_late() -> Process:
    """What is not paid is open or failed, by a deadline that means nothing where it is paid."""

    def is_owed(bills: Entries, lines: Entries) -> bool:
        return _sum(lines) < _sum(bills)

    owed, late = DerivedColumn("is owed", (BILLS, LINES), is_owed), seen(Late)
    soon = Deadline("soon", Late, timedelta(days=1))
    table = outcomes(owed, late, rows=[(False, ANY, Out.DONE), (True, N, Out.OPEN), (True, Y, Out.FAILED)])
    wants = wanted(owed, rows=[(True, {soon: ARMED}), (False, {})])
    return proc(table, BILLS, LINES, late, wants=[wants], unsettled=[Out.OPEN])


@case(Moved("i", "m1", -3), Moved("i", "m2", 20), Moved("i", "m3", -30))
def an_alarm_while_the_stock_is_low() -> Process:
    """More is ordered if the stock is low after the deadline, and withdrawn when it is not."""
    is_low, late = DerivedColumn("is low", (MOVES,), lambda moves: _sum(moves, "delta") < 0), seen(Late)
    soon = Deadline("soon", Late, timedelta(hours=1))
    commands: Mapping[Enum, CommandTemplate] = {Do.YES: CommandTemplate("Order"), Do.NO: CommandTemplate("Withdraw")}
    order = Effect("order", "supplier", commands, initially=Do.NO)
    arm = wanted(is_low, rows=[(True, {soon: ARMED}), (False, {})])
    rows = [(True, Y, {order: Do.YES}), (True, N, {order: Do.NO}), (False, ANY, {order: Do.NO})]
    return proc(one_outcome(late), late, MOVES, wants=[arm, wanted(is_low, late, rows=rows)])


@case(noted(1, " b "), noted(2, "a"))
def texts_tidied_in_a_copy() -> Process:
    """The column looks at texts without their spaces, and leaves the entries as they are."""
    return judged(NOTES, judge=lambda notes: "b" in [one["text"].strip() for one in notes.values()])


@lru_cache(maxsize=64)
def _digest(said: str) -> str:
    return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cy"))
def halves_by_a_digest() -> Process:
    """Customers are in one half of an experiment by a digest, kept in a cache that knows the whole text."""
    return judged(NOTES, judge=lambda notes: any(int(_digest(one["text"]), 16) % 2 for one in notes.values()))


@case(Sold("i", "s1", 5), Sold("i", "s2", 6))
def a_reference_made_of_the_contents() -> Process:
    """The reference of a command is worked out from the amounts of all sales, and is the same wherever that is done."""

    def reference(sales: Entries) -> str:
        return str(uuid5(NAMESPACE_URL, json.dumps([[key, one["cents"]] for key, one in sales.items()])))

    return shown(SALES, compute=reference)


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "ann"))
def the_first_of_a_set_by_name() -> Process:
    """The contact is the least of a set of texts."""
    return shown(NOTES, compute=lambda notes: min({one["text"] for one in notes.values()}, default=""))


@case(*(Packed("i", f"a{number}", grams) for number, grams in enumerate((700, 400, 500))))
def parcels_filled_by_the_ids() -> Process:
    """The parcels are filled anew with all items that are known, in the sequence of their ids."""

    def pack(items: Entries) -> list[int]:
        boxes: list[int] = []
        for grams in (int(one["grams"]) for one in items.values()):
            fits = [number for number, held in enumerate(boxes) if held + grams <= 1_000]
            boxes = boxes if fits else [*boxes, 0]
            number = fits[0] if fits else len(boxes) - 1
            boxes[number] += grams
        return boxes

    return shown(ITEMS, compute=pack)


@case(Switched("i", "e1", "pause", 10), Switched("i", "e2", "resume", 30), Switched("i", "e3", "pause", 30))
def a_clock_paused_by_its_times() -> Process:
    """Pauses are worked out from all switches, by their minutes and then by their ids."""

    def paused(switches: Entries) -> int:
        since, made = -1, 0
        for _, _, one in sorted((one["minute"], key, one) for key, one in switches.items()):
            if one["kind"] == "pause":
                since = one["minute"] if since < 0 else since
            elif since >= 0:
                made, since = made + one["minute"] - since, -1
        return made

    return shown(SWITCHES, compute=paused)


@case(Sold("i", "s1", 600), Sold("i", "s2", 300), Sold("i", "s3", 500))
def a_quota_shared_out_by_id() -> Process:
    """The quota is shared out anew by the ids, and sent again when a further request changes it."""

    def share(sales: Entries) -> dict[str, int]:
        left, granted_ones = 1_000, {}
        for key, one in sales.items():
            granted_ones[key] = min(left, int(one["cents"]))
            left -= granted_ones[key]
        return granted_ones

    return shown(SALES, compute=share)


@case(Rated("i", "r1", 3), Rated("i", "r2", 5), Rated("i", "r3", 4))
def the_middle_rating_always() -> Process:
    """The middle rating is reported for even and odd numbers of judges."""

    def middle(ratings: Entries) -> Any:
        stars = sorted(one["stars"] for one in ratings.values())
        return stars[len(stars) // 2] if stars else None

    return shown(RATINGS, compute=middle)


@case(Bid("i", "b1", "ann", 5), Bid("i", "b2", "bob", 5), Bid("i", "b3", "ann", 9))
def the_leading_bidder_told_again() -> Process:
    """The best bid, of equal ones that with the least id, is sent again until nothing changes it."""

    def leads(bids: Entries) -> Any:
        best = min(bids, key=lambda key: (-bids[key]["cents"], key), default=None)
        return None if best is None else [best, bids[best]["bidder"], bids[best]["cents"]]

    return shown(BIDS, compute=leads)
