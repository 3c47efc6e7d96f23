"""Registers that are right, with own functions beside them whose answer comes back, and effects that can't follow."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from itertools import accumulate, combinations, pairwise
from operator import itemgetter
from statistics import median

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    outcomes,
    wanted,
)
from tests.adversary.kit import Commands, Do, Late, Out, Seen, case, chosen, granted, proc, seen, shown
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    BOOKINGS,
    CAP,
    LINES,
    LINKS,
    LISTS,
    LOANS,
    MATCHES,
    POSTINGS,
    POSTS,
    QUOTES,
    SCANS,
    SENSORS,
    SHIFTS,
    STAFF,
    Balloted,
    Booked,
    Capped,
    Chilled,
    Fought,
    Hired,
    Lent,
    Linked,
    Listed,
    Ordered,
    Posted,
    Quoted,
    Said,
    Scanned,
    Worked,
)

NOON = datetime.fromisoformat("2030-01-01T12:00:00Z")


def _cents(postings: Entries) -> int:
    return sum(one["cents"] for one in postings.values())


def _pay(brackets: dict[int, int], shifts: Entries) -> int:
    gross = sum(one["minutes"] for one in shifts.values()) * 20
    percent = max(rate for least, rate in brackets.items() if gross >= least)
    return int(gross * (100 - percent) // 100)


@case(Worked("i", "s1", 0, 590), Worked("i", "s2", 900, 15))
def a_pay_slip_with_a_cliff() -> Process:
    """Pay counts as only growing, and one more shift puts all of it into the next tax bracket."""
    return shown(SHIFTS, compute=partial(_pay, {0: 10, 12_000: 30}), is_cumulative=True, is_final=True)


@case(Ordered("i", "l1", "tea", 9), Ordered("i", "l2", "tea", 1))
def a_price_of_ten_for_nine() -> Process:
    """Every tenth piece is free and then all are cheaper, so that a final price that only grows is lower at ten."""

    def price(lines: Entries) -> int:
        pieces = sum(one["quantity"] for one in lines.values())
        return int(pieces) * (88 if pieces >= 10 else 100)

    return shown(LINES, compute=price, is_cumulative=True, is_final=True)


@case(Chilled("i", "s1", 4.0), Chilled("i", "s2", 9.0), Chilled("i", "s3", 3.5))
def a_cold_chain_by_the_median() -> Process:
    """A certificate is given for good for the median of what is known so far."""
    return granted(
        SENSORS, judge=lambda known: len(known) >= 2 and median(one["degrees"] for one in known.values()) > 5
    )


@case(Scanned("i", "s1", "a", NOON), Scanned("i", "s2", "b", NOON + timedelta(hours=25)))
def an_express_bonus_within_a_day() -> Process:
    """A bonus that can't be taken back is paid while all scans lie within a day."""

    def is_quick(scans: Entries) -> bool:
        times = sorted(datetime.fromisoformat(one["at"]) for one in scans.values())
        return bool(times) and times[-1] - times[0] <= timedelta(days=1)

    return granted(SCANS, judge=is_quick)


@case(Booked("i", "b1", 0, 60), Booked("i", "b2", 10, 20))
def a_room_for_the_earliest_end() -> Process:
    """As many bookings as fit are confirmed, those that end first, and an early short one displaces a long one."""

    def fitting(bookings: Entries) -> frozenset[str]:
        taken, free_at = set(), 0
        for one in sorted(bookings.values(), key=itemgetter("end", "booking_id")):
            if one["start"] >= free_at:
                taken.add(one["booking_id"])
                free_at = max(free_at, one["end"])
        return frozenset(taken)

    return chosen(BOOKINGS, fitting)


@case(*(Ordered("i", f"l{number}", "tea", 1, 100 * number) for number in (1, 2, 3)))
def every_second_one_free() -> Process:
    """Each second line by its price is free, and a line between them moves the places of the others."""

    def free(lines: Entries) -> frozenset[str]:
        ranked = sorted(lines, key=lambda key: (-lines[key]["cents"], key))
        return frozenset(ranked[1::2])

    return chosen(LINES, free)


@case(Said("i", "p1", "ann", "hello"), Said("i", "p2", "ann", "bye"))
def a_last_word_to_be_pinned() -> Process:
    """The last post of each author is pinned, and the ones before stay pinned if they came first."""

    def last(posts: Entries) -> frozenset[str]:
        return frozenset({one["author"]: key for key, one in sorted(posts.items())}.values())

    return chosen(POSTS, last)


@case(Fought("i", "m1", "ann", "bob"), Fought("i", "m2", "bob", "cy"))
def an_unbeaten_player() -> Process:
    """A prize is paid for matches of winners who lost none yet."""

    def unbeaten(matches: Entries) -> frozenset[str]:
        beaten = {one["loser"] for one in matches.values()}
        return frozenset(key for key, one in matches.items() if one["winner"] not in beaten)

    return chosen(MATCHES, unbeaten, is_final=True)


@case(Hired("i", "ann"), Hired("i", "bob", "ann"), Hired("i", "cy", "ann"))
def a_badge_for_who_leads_two() -> Process:
    """The team of a boss is all below, and a leader of exactly one team gets a parking place for good."""

    def below(staff: Entries, badge: str) -> int:
        return sum(1 + below(staff, key) for key, one in staff.items() if one["boss"] == badge and key > badge)

    return granted(STAFF, judge=lambda staff: sum(below(staff, badge) == 1 for badge in staff) == 1)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "c", "d"))
def two_networks_are_one() -> Process:
    """A network is whole as long as all that is known hangs together, and its seal can't be removed."""

    def is_whole(links: Entries) -> bool:
        groups: list[set[str]] = []
        for one in links.values():
            joined = {one["one"], one["other"]}
            touched = [group for group in groups if group & joined]
            groups = [group for group in groups if not group & joined]
            groups.append(joined.union(*touched))
        return len(groups) == 1

    return granted(LINKS, judge=is_whole)


@case(Quoted("i", "q1", "0.6"), Quoted("i", "q2", "0.6"))
def whole_francs_of_each_quote() -> Process:
    """The rounding difference is notified as a final value that only grows, and is less for two of them."""

    def difference(quotes: Entries) -> int:
        exact = sum((Decimal(one["amount"].replace(",", ".")) for one in quotes.values()), Decimal(0))
        rounded = exact.quantize(Decimal(1), ROUND_HALF_EVEN)
        return int((rounded - exact) * 100)

    return shown(QUOTES, compute=difference, is_cumulative=True, is_final=True)


@case(Posted("i", "p1", 50, minute=3), Posted("i", "p2", -80, minute=1))
def a_limit_that_was_never_touched() -> Process:
    """The running balance by the minute never went below zero, until an older posting is known."""

    def is_clean(postings: Entries) -> bool:
        ranked = sorted(postings.values(), key=itemgetter("minute", "posting_id"))
        return bool(ranked) and all(balance >= 0 for balance in accumulate(one["cents"] for one in ranked))

    return granted(POSTINGS, judge=is_clean, is_final=False, is_complete=False)


@case(Balloted("i", "v1", "ann", "yes", 2), Balloted("i", "v2", "bob", "no", 3))
def a_motion_with_a_weighted_lead() -> Process:
    """A motion passes by the weight of the ballots so far, and what it releases is left as it is afterwards."""

    def passes(ballots: Entries) -> bool:
        weights: Counter[str] = Counter()
        for one in ballots.values():
            weights[one["option"]] += one["weight"]
        return weights["yes"] > weights["no"]

    return granted(BALLOTS, judge=passes, is_final=False, is_complete=False)


@case(Lent("i", "l1", "emma", date(2030, 1, 1)), Lent("i", "l2", "emma", date(2030, 1, 10)))
def a_renewal_that_is_no_gap() -> Process:
    """A book that is not lent on is free for good, by a gap after the loan that a later message fills."""

    def has_gap(loans: Entries) -> bool:
        days = sorted((date.fromisoformat(one["day"]), one["days"]) for one in loans.values())
        ends = [day + timedelta(number) for day, number in days if day < date(9000, 1, 1)]
        return len(ends) == 1 or any(end < day for end, (day, _) in zip(ends, days[1:], strict=False))

    return granted(LOANS, judge=has_gap)


def _articles(lines: Entries) -> Out:
    counted = Counter(one["sku"] for one in lines.values())
    if not counted:
        return Out.OPEN
    if max(counted.values()) > 1:
        return Out.OTHER if len(counted) > 1 else Out.FAILED
    return Out.DONE if len(counted) > 1 else Out.FAILED


@case(Ordered("i", "l1", "tea", 1), Ordered("i", "l2", "jam", 1), Ordered("i", "l3", "tea", 1))
def a_gift_for_three_kinds_of_one() -> Process:
    """A gift goes out if every article was ordered once, and it is only taken back in the row for none."""
    counts = DerivedColumn("articles", (LINES,), _articles, tuple(Out))
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    gift = Effect("gift", "desk", commands, initially=Do.NO)
    rows = [(Out.OPEN, {gift: Do.NO}), (Out.DONE, {gift: Do.YES}), (Out.FAILED, {gift: Do.NO}), (Out.OTHER, {})]
    return proc(outcomes(counts, rule=lambda _: Out.DONE), LINES, wants=[wanted(counts, rows=rows)])


@case(Listed("i", "a", ["tea"]), Listed("i", "b", ["tea", "milk"]))
def a_list_of_what_only_one_has() -> Process:
    """A final list that only grows has what exactly one branch ordered, and loses what another one orders too."""

    def singles(lists: Entries) -> list[str]:
        counted = Counter(code for one in lists.values() for code in {*one["codes"]})
        return sorted(code for code, number in counted.items() if number == 1)

    return shown(LISTS, compute=singles, is_cumulative=True, is_final=True)


@case(Worked("i", "s1", 0, 400), Worked("i", "s2", 700, 400))
def a_rest_of_eleven_hours() -> Process:
    """A plan is approved for good if all rests are long enough, and a shift between two others shortens them."""

    def is_rested(shifts: Entries) -> bool:
        ranked = sorted(shifts.values(), key=itemgetter("start", "shift_id"))
        return bool(ranked) and all(
            two["start"] - one["start"] - one["minutes"] >= 660 for one, two in pairwise(ranked)
        )

    return granted(SHIFTS, judge=is_rested)


@case(Capped("i", 100), Posted("i", "p1", 50))
def what_is_above_an_unknown_cap() -> Process:
    """Without a cap everything is reported to the tax office, and a cap that comes later leaves less to report."""

    def above(postings: Entries, cap: Entries) -> frozenset[str]:
        limit = cap["i"]["cap"] if "i" in cap else 0
        return frozenset(key for key, one in postings.items() if one["cents"] > limit)

    return chosen(POSTINGS, above, CAP)


@case(Booked("i", "b1", 0, 60), Booked("i", "b2", 30, 90))
def a_bed_without_an_overlap() -> Process:
    """A booking that overlaps no other is confirmed, until one overlaps it."""

    def alone(bookings: Entries) -> frozenset[str]:
        clashing = {
            key
            for one, two in combinations(bookings, 2)
            if bookings[one]["room"] == bookings[two]["room"]
            and bookings[one]["start"] < bookings[two]["end"]
            and bookings[two]["start"] < bookings[one]["end"]
            for key in (one, two)
        }
        return frozenset({*bookings} - clashing)

    return chosen(BOOKINGS, alone, fields=("start",))


WORKED_UP = seen(Late)


@case(Posted("i", "p1", -5), Posted("i", "p2", 9))
def a_dunning_clock_below_zero() -> Process:
    """The clock of a dunning letter is started by a balance below zero, which only some orders ever pass."""
    owes = DerivedColumn("owes", (POSTINGS,), lambda postings: _cents(postings) < 0)
    clock = Deadline("dunning", Late, timedelta(days=14))
    rows = [(Seen.YES, Out.FAILED), (Seen.NO, Out.DONE)]
    wants = wanted(owes, rows=[(True, {clock: ARMED}), (False, {})])
    return proc(outcomes(WORKED_UP, rows=rows), WORKED_UP, POSTINGS, wants=[wants])


@case(Posted("i", "p1", 9), Posted("i", "p2", -5))
def a_fee_after_a_clock_of_both_signs() -> Process:
    """A clock starts above zero and ends in a fee if the balance is even when it rings, or later."""
    owns = DerivedColumn("owns", (POSTINGS,), lambda postings: _cents(postings) > 0 and len(postings) == 1)
    clock = Deadline("interest", Late, timedelta(days=30))
    field = ComputedField("cents", (POSTINGS,), _cents)
    fee = Effect("fee", "bank", {Do.YES: CommandTemplate("ChargeFee", computed=(field,))})
    wants = [
        wanted(owns, rows=[(True, {clock: ARMED}), (False, {})]),
        wanted(WORKED_UP, rows=[(Seen.YES, {fee: Do.YES}), (Seen.NO, {})]),
    ]
    return proc(outcomes(WORKED_UP, rule=lambda _: Out.DONE), WORKED_UP, POSTINGS, wants=wants)
