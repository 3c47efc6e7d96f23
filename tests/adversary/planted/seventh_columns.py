"""Registers that are right, with own functions beside them that take back, forget, shrink or raise."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from math import prod
from typing import Any

from saga import (
    ANY,
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
    LIMITS,
    NOTES,
    Configured,
    Do,
    Late,
    Out,
    Seen,
    Weighed,
    armed_in,
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
    weighed,
    yes_no,
)
from tests.adversary.planted.seventh_messages import (
    Approved,
    Banked,
    Bid,
    Billed,
    Claimed,
    Corrected,
    Measured,
    MeterRead,
    Moved,
    Rated,
    Sold,
    folded_once,
)

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
MEASURES = Register("measures", Measured, "measure_id")


def _sum(entries: Entries, name: str = "cents") -> int:
    return sum(one[name] for one in entries.values())


@case(Rated("i", "r1", 5), Rated("i", "r2", 1))
def a_bonus_for_a_good_average() -> Process:
    """A bonus that can't be taken back is paid as soon as the average is four stars, and later ratings lower it."""
    return granted(RATINGS, judge=lambda ratings: bool(ratings) and _sum(ratings, "stars") >= 4 * len(ratings))


@case(Sold("i", "s1", 900), Sold("i", "s2", 1_100))
def a_badge_below_the_budget() -> Process:
    """A badge is granted while the sales are within the budget, and no row takes it back beyond."""
    return granted(SALES, judge=lambda sales: bool(sales) and _sum(sales) <= 1_000, is_final=False, is_complete=False)


@case(Approved("i", "a1", "ann"), Approved("i", "a2", "bob"), Approved("i", "a3", "cy"))
def exactly_two_persons() -> Process:
    """What two persons approved is released for good, and a third approval makes it two no longer."""
    return granted(APPROVALS, judge=lambda known: len({one["person"] for one in known.values()}) == 2)


def _best(bids: Entries) -> frozenset[str]:
    return frozenset(sorted(bids, key=lambda key: (-bids[key]["cents"], key))[:1])


@case(Bid("i", "b1", "ann", 100), Bid("i", "b2", "bob", 200))
def an_award_to_the_best_so_far() -> Process:
    """The best bid is awarded for good before all bids are there."""
    return chosen(BIDS, _best, is_final=True)


def _first_two(claims: Entries) -> frozenset[str]:
    return frozenset(sorted(claims, key=lambda key: (claims[key]["minute"], key))[:2])


@case(*(Claimed("i", f"c{number}", "4a", "ann", 9 - number) for number in range(3)))
def two_seats_by_the_minute() -> Process:
    """The two earliest claims get a ticket, and who is pushed out by an earlier one keeps it."""
    return chosen(CLAIMS, _first_two)


def _unpaid(bills: Entries, lines: Entries) -> frozenset[str]:
    paid = {one["reference"] for one in lines.values()}
    return frozenset(key for key in bills if key not in paid)


@case(Billed("i", "b1", 5), Banked("i", "l1", 5, "b1"))
def a_reminder_of_what_is_unpaid() -> Process:
    """Each bill without a payment is reminded of, also if the payment is only behind it in the queue."""
    return chosen(BILLS, _unpaid, LINES)


@case(Corrected("i", "c1", "b1", -100), Corrected("i", "c2", "b1", 30))
def a_credit_that_is_called_cumulative() -> Process:
    """The credit is called cumulative, and corrections can lower it."""
    return shown(
        FIXES,
        compute=lambda fixes: sum(-one["cents"] for one in fixes.values()),
        is_cumulative=True,
        is_final=True,
    )


@case(Sold("i", "s1", 500), Sold("i", "s2", 100))
def a_last_invoice_with_a_total() -> Process:
    """The invoice can't be changed once it is sent, and its total is that of the sales known by then."""
    return shown(SALES, compute=_sum, is_final=True)


@case(Sold("i", "s1", 5), Sold("i", "s2", 1), Sold("i", "s3", 3), Sold("i", "s4", 9))
def a_list_of_the_three_greatest() -> Process:
    """A cumulative list of the three greatest sales loses the one that is pushed out."""
    return shown(
        SALES,
        compute=lambda sales: sorted((one["cents"] for one in sales.values()), reverse=True)[:3],
        is_cumulative=True,
        is_final=True,
    )


@case(Billed("i", "b1", 5), Banked("i", "l1", 5, "b1"))
def a_join_that_trusts_its_reference() -> Process:
    """A bank line looks up the bill that it refers to, which raises if the bill is not there yet."""

    def owed(bills: Entries, lines: Entries) -> int:
        known: int = sum(bills[one["reference"]]["cents"] for one in lines.values() if one["reference"])
        return _sum(bills) - known

    return shown(BILLS, LINES, compute=owed)


@case(MeterRead("i", "r1", 5, 20), MeterRead("i", "r2", 5, 30))
def a_rate_per_minute() -> Process:
    """The use is divided by the time between the first and the last reading, which can be zero."""

    def rate(readings: Entries) -> int:
        minutes = [one["minute"] for one in readings.values()]
        units = [one["units"] for one in readings.values()]
        return int((max(units) - min(units)) // (max(minutes) - min(minutes)) if len(readings) > 1 else 0)

    return shown(READINGS, compute=rate)


@case(Banked("i", "l1", 5, "b"), Banked("i", "l2", 7))
def the_greatest_reference() -> Process:
    """References are compared, and one that is absent can't be."""
    return shown(LINES, compute=lambda lines: max(one["reference"] for one in lines.values()))


@case(noted(1, "RE 7"), noted(2, "RE seven"))
def a_number_after_a_word() -> Process:
    """The number behind the word of a note is read, and a note may have none."""
    return shown(NOTES, compute=lambda notes: max(int(one["text"].split()[-1]) for one in notes.values()))


class Level(Enum):
    NONE = "none"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


def _level(sales: Entries) -> Level:
    total = _sum(sales)
    return Level.PLATINUM if total > 9_000 else Level.GOLD if total > 900 else Level.SILVER if total else Level.NONE


@case(Sold("i", "s1", 1_000), Sold("i", "s2", 9_000))
def a_level_that_is_not_listed() -> Process:
    """The function knows a level more than the column."""
    column = DerivedColumn("level", (SALES,), _level, (Level.NONE, Level.SILVER, Level.GOLD))
    return proc(outcomes(column, rule=lambda level: Out.OTHER if level is Level.NONE else Out.DONE), SALES)


@case(Sold("i", "s1", 500), Sold("i", "s2", 600))
def a_gift_for_each_level() -> Process:
    """A silver card is sent for good, and replaced by a golden one when there are more sales."""
    column = DerivedColumn("level", (SALES,), _level, tuple(Level))
    commands: Mapping[Enum, CommandTemplate] = {one: CommandTemplate(f"Send{one.name.title()}") for one in Level}
    card = Effect("card", "desk", commands, final=frozenset({Level.SILVER}), initially=Level.NONE)
    return proc(one_outcome(column), SALES, wants=[wanted(column, rows=[(level, {card: level}) for level in Level])])


@case(Sold("i", "s1", 700), Sold("i", "s2", 500))
def a_share_of_each_sale() -> Process:
    """Each sale gets its share of a fixed bonus for good, and the shares shrink with every further sale."""
    has = has_any(SALES)
    share = ComputedField("share", (SALES,), lambda sales, _: 1_000 // len(sales))
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give", SALES, (), (share,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, SALES, wants=[wanted_in(has, give, YES=every(SALES))])


@case(Moved("i", "m1", -3), Moved("i", "m2", 20))
def an_alarm_below_the_least_stock() -> Process:
    """Low stock arms a deadline that orders more, and the deadline of a short dip counts for ever."""
    is_low = DerivedColumn("is low", (MOVES,), lambda moves: _sum(moves, "delta") < 0)
    late = seen(Late)
    alarm = Deadline("alarm", Late, timedelta(hours=1))
    order = Effect("order", "supplier", {Do.YES: CommandTemplate("OrderMore")})
    wants = wanted(is_low, rows=[(True, {alarm: ARMED}), (False, {})])
    return proc(one_outcome(late), late, MOVES, wants=[wants, wanted_in(late, order, YES=Do.YES)])


@case(Configured("i", 5), Sold("i", "s1", 100))
def a_limit_that_is_sent_before_it_is_known() -> Process:
    """The command copies a limit, and is wanted by the sum of the sales alone."""
    is_large = DerivedColumn("is large", (SALES,), lambda sales: _sum(sales) >= 100)
    warn = Effect("warn", "desk", {Do.YES: CommandTemplate("Warn", LIMITS, ("limit",))})
    wants = wanted(is_large, rows=[(True, {warn: Do.YES}), (False, {})])
    return proc(one_outcome(is_large), SALES, LIMITS, wants=[wants])


@case(noted(1, " b "), noted(2, "a"))
def texts_tidied_in_place() -> Process:
    """The column removes the spaces in the entries themselves, so a repeat contradicts what is stored."""

    def tidy(notes: Any) -> bool:
        for one in notes.values():
            one["text"] = one["text"].strip()
        return any(one["text"] == "b" for one in notes.values())

    return judged(NOTES, judge=tidy)


@case(weighed(1, 0.1), weighed(2, 0.2), weighed(3, 0.3))
def a_weight_summed_in_floats() -> Process:
    """Weights are added as they come, and their sum depends on the sequence in its last digits."""
    return folded_once(Weighed, "parcel_id", 0.0, lambda total, fields: total + fields["kilos"])


@case(Configured("i", None, 60.0), Sold("i", "s1", 5))
def a_promise_until_the_deadline() -> Process:
    """The time when the deadline was due is stored, and it depends on whether the delay was known."""
    soon = Deadline("soon", Late, timedelta(hours=1), override=(LIMITS, "seconds"))
    has = has_any(SALES)

    def keep(known: str, fact: Fact) -> str:
        return max(known, str(fact.fields["due_at"]))

    due = Reducer("due", (Late,), "", keep)
    late = seen(Late)
    template = CommandTemplate("Tell", computed=(ComputedField("until", (due,), lambda value: value),))
    tell = Effect("tell", "desk", {Do.YES: template})
    wants = [armed_in(has, Seen.YES, soon), wanted_in(late, tell, YES=Do.YES)]
    return proc(one_outcome(has), has, SALES, LIMITS, late, due, wants=wants)


@case(Sold("i", "s1", 80), Billed("i", "b1", 100), Banked("i", "l1", 100))
def open_until_it_is_paid() -> Process:
    """An order that is not paid in full is not settled, and nothing ends the wait."""
    paid = DerivedColumn("is paid", (BILLS, LINES), lambda bills, lines: _sum(lines) >= _sum(bills))
    has = seen(Sold)
    rows = [(False, ANY, Out.OPEN), (True, Seen.YES, Out.DONE), (True, Seen.NO, Out.OTHER)]
    return proc(outcomes(paid, has, rows=rows), has, BILLS, LINES, unsettled=[Out.OPEN])


@case(Sold("i", "s1", 40), Sold("i", "s2", 70), Corrected("i", "c1", "s1", -50))
def a_free_delivery_that_is_revoked() -> Process:
    """Delivery is free for good from 100 on, and a correction takes the sum below again."""

    def is_free(sales: Entries, fixes: Entries) -> bool:
        return _sum(sales) + sum(int(one["cents"]) for one in fixes.values() if one["of_id"] in sales) >= 100

    return granted(SALES, FIXES, judge=is_free)


@case(Rated("i", "r1", 3), Rated("i", "r2", 5))
def an_odd_number_of_judges() -> Process:
    """The middle rating is only sent while their number is odd, and stays as it was when it is even."""
    is_odd = DerivedColumn("is odd", (RATINGS,), lambda ratings: len(ratings) % 2 == 1)
    middle = ComputedField(
        "middle", (RATINGS,), lambda ratings: sorted(one["stars"] for one in ratings.values())[len(ratings) // 2]
    )
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(middle,))})
    wants = wanted(is_odd, rows=[(True, {tell: Do.YES}), (False, {})])
    return proc(yes_no(is_odd), RATINGS, wants=[wants])


@case(*(Sold("i", f"s{number}", 900_000_000) for number in range(3)))
def odds_of_a_combined_bet() -> Process:
    """The odds of all bets are multiplied, and a few large ones exceed what can be stored."""
    return shown(SALES, compute=lambda sales: prod(one["cents"] for one in sales.values()))


@case(Measured("i", "m1", 1, "2030-01-01T00:00:00"), Measured("i", "m2", 2, "2030-01-01T00:00:00+00:00"))
def the_latest_of_times_with_and_without_a_zone() -> Process:
    """Times are read and compared, and one without a zone can't be compared with one that has it."""

    def latest(measures: Entries) -> str:
        times = [datetime.fromisoformat(one["at"]) for one in measures.values() if one["at"]]
        return max(times).isoformat() if times else ""

    return shown(MEASURES, compute=latest)


def _greatest(known: Any, fact: Fact) -> Any:
    return max(known, fact.fields["value"])


@case(Measured("i", "m1", 7), Measured("i", "m2", 7.0))
def seven_and_seven_point_nought() -> Process:
    """The greatest measure is kept, and of 7 and 7.0, which are written differently, the first."""
    return shown(Reducer("greatest", (Measured,), 0, _greatest))
