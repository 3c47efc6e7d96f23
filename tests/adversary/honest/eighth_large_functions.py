"""Large processes with own functions, of ten to sixteen messages, which are right for each value."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache, partial
from itertools import combinations, pairwise
from operator import itemgetter
from typing import Any

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
    Selection,
    outcomes,
    wanted,
)
from tests.adversary.honest.eighth_helpers import Desk
from tests.adversary.kit import Do, Out, Seen, case
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    BOOKINGS,
    CAP,
    COUPONS,
    LINES,
    LOANS,
    MATCHES,
    PINGS,
    POSTINGS,
    POSTS,
    SENSORS,
    SHIFTS,
    STAFF,
    Archived,
    Audited,
    Balloted,
    Booked,
    Capped,
    Chilled,
    Confirmed,
    Coupon,
    Disputed,
    Enrolled,
    Escalated,
    Fought,
    Grade,
    Held,
    Hired,
    Inspected,
    Insured,
    Lent,
    Listed,
    Lost,
    Ordered,
    Pinged,
    Placed,
    Posted,
    Refused,
    Released,
    Returned,
    Said,
    Settled,
    Shipped,
    TimedOut,
    Withdrawn,
    Worked,
    effect,
)


def report(name: str, *fields: ComputedField) -> Effect:
    """An effect whose command has these fields."""
    return Effect(name, "desk", {Do.YES: CommandTemplate(f"Tell{name.title()}", computed=fields)})


@case(Placed(), Ordered("i", "l1", "tea", 2, 300, "XL"), Shipped(), Lost(), Insured(), Settled())
def a_parcel_by_its_weight() -> Process:
    """A parcel of eleven messages, whose freight is computed from its lines by a table of all sizes."""
    desk = Desk(Placed, Shipped, Lost, Insured, Settled, Returned, Inspected, Held, Released, Archived)
    grams = {"S": 100, "M": 200, "L": 350, "XL": 500}

    def freight(lines: Entries, rates: Mapping[str, int]) -> Any:
        weight = sum(rates[one["size"]] * one["quantity"] for one in lines.values())
        return 490 + 100 * -(-max(0, weight - 1000) // 500)

    ship = report("freight", ComputedField("cents", (LINES,), partial(freight, rates=grams)))
    stop = effect("stop", can_void=True)
    wants = [desk.once(ship, Do.YES, Placed), desk.while_so(stop, Held, unless=(Released, Shipped))]
    table = desk.ranked(Out.OPEN, (Lost, Out.FAILED), (Returned, Out.OTHER), (Shipped, Out.DONE))
    return desk.process(table, LINES, wants=wants)


@case(
    Worked("i", "s1", 0, 600), Worked("i", "s2", 900, 30), Hired("i", "ann", None, 5), Posted("i", "p1", -7), Audited()
)
def a_payroll_of_a_month() -> Process:
    """A payroll of eleven messages, with overtime of whole sums, and a bonus for good that only grows."""
    desk = Desk(Placed, Audited, Confirmed, Refused, Settled, Archived, Disputed, Withdrawn)

    def net(shifts: Entries, postings: Entries) -> Any:
        minutes: Counter[str] = Counter()
        for one in shifts.values():
            minutes[one["worker"]] += one["minutes"]
        pay = sum(Fraction(time * 20) + Fraction(max(0, time - 600) * 10, 3) for time in minutes.values())
        return int(pay) + sum(one["cents"] for one in postings.values())

    def people(staff: Entries, shifts: Entries) -> int:
        return len({*staff} | {one["worker"] for one in shifts.values()})

    slip = report("slip", ComputedField("net", (SHIFTS, POSTINGS), net))
    number = ComputedField("people", (STAFF, SHIFTS), people, is_cumulative=True)
    template = CommandTemplate("PayBonus", computed=(number,))
    bonus = Effect("bonus", "bank", {Do.YES: template}, frozenset({Do.YES}))
    wants = [desk.once(slip, Do.YES, Audited), desk.once(bonus, Do.YES, Confirmed)]
    table = desk.ranked(Out.OPEN, (Withdrawn, Out.FAILED), (Refused, Out.OTHER), (Settled, Out.DONE))
    return desk.process(table, SHIFTS, STAFF, POSTINGS, wants=wants)


@case(Pinged("i", "p1", 1, 10.0, 20.0), Pinged("i", "p2", 9, 10.5, 20.0), Chilled("i", "s1", 9.0), Placed(), Shipped())
def a_trip_of_a_cold_van() -> Process:
    """A trip of ten messages is warm for good once a sensor was above eight degrees, and reports its way."""
    desk = Desk(Placed, Shipped, Lost, Returned, Held, Released, Inspected, Insured)

    def way(pings: Entries) -> int:
        ranked = sorted(pings.values(), key=itemgetter("minute", "ping_id"))
        steps = [abs(one["lat"] - two["lat"]) + abs(one["lon"] - two["lon"]) for one, two in pairwise(ranked)]
        return sum(round(step * 1000) for step in steps)

    warm = DerivedColumn("is warm", (SENSORS,), lambda known: any(one["degrees"] > 8 for one in known.values()))
    discard = effect("discard", final=True)
    wants = [
        desk.once(report("way", ComputedField("steps", (PINGS,), way)), Do.YES, Shipped),
        wanted(warm, rows=[(True, {discard: Do.YES}), (False, {})]),
    ]
    table = desk.ranked(Out.OPEN, (Lost, Out.FAILED), (Returned, Out.DONE), also=(warm,))
    return desk.process(table, PINGS, SENSORS, wants=wants)


@dataclass(frozen=True, order=True)
class Offer:
    """An offer, of which the greatest wins: more, then earlier by its id."""

    cents: int
    rank: tuple[int, ...]
    bidder: str


@case(Posted("i", "p1", 50, "ann"), Posted("i", "p2", 50, "bob"), Capped("i", 40), Confirmed(), Withdrawn())
def an_auction_with_a_reserve() -> Process:
    """An auction of ten messages reports the greatest offer above the reserve, and between equals the least id."""
    desk = Desk(Placed, Confirmed, Withdrawn, Settled, Shipped, Disputed, Audited, Archived)

    def winner(postings: Entries, cap: Entries) -> str | None:
        least = max((one["cap"] for one in cap.values()), default=0)
        offers = [
            Offer(one["cents"], (*(-ord(letter) for letter in key), 1), one["account"])
            for key, one in postings.items()
            if one["cents"] >= least
        ]
        return max(offers).bidder if offers else None

    award = report("winner", ComputedField("bidder", (POSTINGS, CAP), winner))
    goods = effect("goods", can_void=True)
    wants = [
        desk.once(award, Do.YES, Confirmed),
        desk.while_so(goods, Settled, unless=(Disputed, Withdrawn)),
    ]
    table = desk.ranked(Out.OPEN, (Withdrawn, Out.FAILED), (Settled, Out.DONE), (Confirmed, Out.OTHER))
    return desk.process(table, POSTINGS, CAP, wants=wants)


@case(Lent("i", "l1", "emma", date(2030, 1, 1)), Lent("i", "l2", "emma", date(2030, 1, 9)), Placed(), Returned())
def a_library_card() -> Process:
    """A card of eleven messages with a clock, which reports the days of loans that overlap in each book."""
    desk = Desk(Placed, Returned, Lost, Held, Released, Settled, Archived, Inspected, Withdrawn, TimedOut)

    def overlaps(loans: Entries) -> dict[str, int]:
        spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for one in loans.values():
            first = date.fromisoformat(one["day"]).toordinal()
            spans[one["book"]].append((first, first + one["days"]))
        return {
            book: sum(max(0, min(one[1], two[1]) - max(one[0], two[0])) for one, two in combinations(known, 2))
            for book, known in sorted(spans.items())
        }

    clock = Deadline("card", TimedOut, timedelta(days=365))
    hold = effect("hold", can_void=True)
    table = desk.ranked(Out.OPEN, (Withdrawn, Out.OTHER), (Returned, Out.DONE), (TimedOut, Out.FAILED))
    wants = [
        wanted(table, rows=[(one, {clock: ARMED} if one is Out.OPEN else {}) for one in table.states]),
        desk.once(report("overlaps", ComputedField("days", (LOANS,), overlaps)), Do.YES, Placed),
        desk.while_so(hold, Held, unless=(Released, Lost)),
    ]
    return desk.process(table, LOANS, wants=wants, unsettled=[Out.OPEN])


@case(Fought("i", "m1", "ann", "bob"), Fought("i", "m2", "bob", "cy"), Said("i", "p1", "ann", "hi"), Confirmed())
def a_league_of_a_season() -> Process:
    """A league of ten messages that rates its players from all matches, and names the leaders by their letters."""
    desk = Desk(Placed, Confirmed, Withdrawn, Settled, Disputed, Audited, Archived, Held)

    def leaders(matches: Entries) -> list[str]:
        points: Counter[str] = Counter()
        for one in matches.values():
            points[one["winner"]] += 3
            points[one["loser"]] += 0
        best = max(points.values(), default=0)
        return sorted(name for name, number in points.items() if number == best)

    @cache
    def plain(text: str) -> str:
        return " ".join(text.casefold().split())

    def greetings(posts: Entries) -> int:
        return sum(plain(one["text"]) in {"hi", "hello"} for one in posts.values())

    fields = (ComputedField("leaders", (MATCHES,), leaders), ComputedField("greetings", (POSTS,), greetings))
    cup = effect("cup", can_void=True)
    wants = [
        desk.once(report("table", *fields), Do.YES, Placed),
        desk.while_so(cup, Confirmed, unless=(Disputed, Withdrawn)),
    ]
    table = desk.ranked(Out.OPEN, (Withdrawn, Out.FAILED), (Settled, Out.DONE))
    return desk.process(table, MATCHES, POSTS, wants=wants)


@case(Said("i", "p1", "ann", "SPAM "), Said("i", "p2", "bob", "hi"), Balloted("i", "v1", "bob", "p1"), Escalated())
def a_chat_that_is_moderated() -> Process:
    """A chat of ten messages hides for good each post with a banned word, or of which two voters complained."""
    desk = Desk(Placed, Escalated, Archived, Held, Released, Audited, Disputed, Settled)
    banned = frozenset(word.casefold() for word in ("Spam", "Scam"))

    def hidden(posts: Entries, ballots: Entries) -> frozenset[str]:
        voters: defaultdict[str, set[str]] = defaultdict(set)
        for one in ballots.values():
            voters[one["option"]].add(one["voter"])
        return frozenset(
            key
            for key, one in posts.items()
            if banned & {*one["text"].casefold().split()} or len(voters.get(key, ())) >= 2
        )

    hide = Effect("hide", "chat", {Do.YES: CommandTemplate("Hide", POSTS, ("author",))}, frozenset({Do.YES}))
    mute = effect("mute", can_void=True)
    wants = [
        desk.once(hide, Selection("the hidden", POSTS, hidden, beside=(BALLOTS,)), Escalated),
        desk.while_so(mute, Held, unless=(Released, Settled)),
    ]
    table = desk.ranked(Out.OPEN, (Archived, Out.DONE), (Disputed, Out.OTHER))
    return desk.process(table, POSTS, BALLOTS, wants=wants)


@case(Booked("i", "b1", 0, 60), Booked("i", "b2", 30, 90), Booked("i", "b3", 30, 40, "red"), Placed(), Confirmed())
def a_ward_whose_beds_clash() -> Process:
    """A ward of ten messages warns for good of each booking that another one overlaps, once it is confirmed."""
    desk = Desk(Placed, Confirmed, Withdrawn, Released, Held, Inspected, Escalated, Archived, Audited)

    def clashing(bookings: Entries) -> frozenset[str]:
        found: set[str] = set()
        for one, two in combinations(bookings, 2):
            first, second = bookings[one], bookings[two]
            is_same = (first["room"], first["bed"]) == (second["room"], second["bed"])
            if is_same and max(first["start"], second["start"]) < min(first["end"], second["end"]):
                found |= {one, two}
        return frozenset(found)

    warn = Effect("warn", "ward", {Do.YES: CommandTemplate("Warn", BOOKINGS, ("room",))}, frozenset({Do.YES}))
    bed = effect("bed", can_void=True)
    wants = [
        desk.once(warn, Selection("those that clash", BOOKINGS, clashing), Confirmed),
        desk.while_so(bed, Placed, unless=(Withdrawn, Released)),
    ]
    table = desk.ranked(Out.OPEN, (Withdrawn, Out.FAILED), (Released, Out.DONE))
    return desk.process(table, BOOKINGS, wants=wants)


def _count(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    """The greatest reading of each sensor by its minute, and all codes of lists."""
    if fact.kind is Listed:
        return known | {"codes": sorted({*known["codes"], *fact.fields["codes"]})}
    new = [fact.fields["minute"], round(fact.fields["degrees"] * 10)]
    sensors = known["sensors"]
    key = fact.fields["sensor_id"]
    return known | {"sensors": dict(sorted((sensors | {key: max(sensors.get(key, new), new)}).items()))}


@case(Chilled("i", "s1", 9.0, 1), Chilled("i", "s2", 3.0, 1), Listed("i", "a", ["b", "a"]), Placed(), Audited())
def a_meter_that_is_billed() -> Process:
    """A meter of eleven messages keeps readings in a reducer, which knows duplicates, and bills their grade."""
    desk = Desk(Placed, Audited, Disputed, Settled, Withdrawn, Archived, Held, Released, Confirmed)
    kept = Reducer("kept", (Chilled, Listed), {"sensors": {}, "codes": []}, _count)

    def grade(known: dict[str, Any]) -> Grade:
        most = max((tenths for _, tenths in known["sensors"].values()), default=0)
        return Grade.HIGH if most > 80 else Grade.MIDDLE if most > 40 else Grade.LOW

    column = DerivedColumn("grade", (kept,), grade, tuple(Grade))
    tariff = Effect(
        "tariff", "desk", {one: CommandTemplate(f"Set{one.name.title()}") for one in Grade}, initially=Grade.LOW
    )
    codes = report("codes", ComputedField("codes", (kept,), lambda known: known["codes"]))
    wants = [wanted(column, rows=[(one, {tariff: one}) for one in Grade]), desk.once(codes, Do.YES, Audited)]
    table = desk.ranked(Out.OPEN, (Withdrawn, Out.FAILED), (Settled, Out.DONE))
    return desk.process(table, kept, wants=wants)


@case(
    Ordered("i", "l1", "tea", 2, 999),
    Coupon("i", "a", 10),
    Coupon("i", "b", 15),
    Posted("i", "p1", 900),
    Placed(),
    Settled(),
)
def an_order_with_coupons() -> Process:
    """An order of sixteen messages, whose price is an exact fraction until its end, and which waits with a clock."""
    desk = Desk(
        *(Placed, Settled, Withdrawn, Shipped, Lost, Returned, Disputed),
        *(Audited, Confirmed, Refused, Archived, Enrolled, TimedOut),
    )

    def price(lines: Entries, coupons: Entries) -> int:
        left = Fraction(sum(one["quantity"] * one["cents"] for one in lines.values()))
        for one in coupons.values():
            left *= Fraction(100 - one["percent"], 100)
        return int(left)

    def is_paid(lines: Entries, coupons: Entries, postings: Entries) -> bool:
        return bool(lines) and sum(one["cents"] for one in postings.values()) >= price(lines, coupons)

    stores: tuple[Register, ...] = (LINES, COUPONS, POSTINGS)
    paid = DerivedColumn("is paid", stores, is_paid)
    placed, gone, late = desk.columns(Placed, Withdrawn, TimedOut)

    def outcome(has_paid: bool, came: Seen, left: Seen, rang: Seen) -> Out:
        if left is Seen.YES:
            return Out.OTHER
        if has_paid and came is Seen.YES:
            return Out.DONE
        return Out.FAILED if rang is Seen.YES else Out.OPEN

    table = outcomes(paid, placed, gone, late, rule=outcome)
    clock, pack = Deadline("clock", TimedOut, timedelta(days=7)), effect("pack", can_void=True)
    rows = [(Out.DONE, {pack: Do.YES, clock: ARMED}), (Out.OPEN, {pack: Do.NO, clock: ARMED})]
    rows += [(Out.FAILED, {pack: Do.NO}), (Out.OTHER, {pack: Do.NO, clock: ARMED})]
    bill = report("bill", ComputedField("cents", (LINES, COUPONS), price))
    wants = [wanted(table, rows=rows), desk.once(bill, Do.YES, Placed)]
    return desk.process(table, *stores, wants=wants, unsettled=[Out.OPEN])
