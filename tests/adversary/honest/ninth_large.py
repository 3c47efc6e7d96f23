"""Processes of ten to sixteen message classes with functions of their own, which converge."""

from datetime import datetime, timedelta
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
    Selection,
    SubMachine,
    count,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, proc, seen
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    EVENTS,
    LINKS,
    MOVES,
    OFFERS,
    PLEDGES,
    READINGS,
    REPAYMENTS,
    STAYS,
    TERMS,
    VOTES,
    WITHDRAWALS,
    Approved,
    Cancelled,
    Checked,
    Closed,
    Confirmed,
    Dated,
    Elapsed,
    Insured,
    Metered,
    Moved,
    Opened,
    Overdue,
    Paused,
    Rejected,
    Resumed,
    Shipped,
    Signed,
    Terms,
    Withdrawn,
    booking,
    claim,
    decided,
    drawn,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)

Y, N = Seen.YES, Seen.NO
OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED = (
    seen(Opened),
    seen(Closed),
    seen(Cancelled),
    seen(Confirmed),
    seen(Signed),
)
APPROVED, REJECTED, SHIPPED, INSURED = seen(Approved), seen(Rejected), seen(Shipped), seen(Insured)
PAUSED, RESUMED, CHECKED, ELAPSED, OVERDUE = seen(Paused), seen(Resumed), seen(Checked), seen(Elapsed), seen(Overdue)
CLOCK = Deadline("clock", Elapsed, timedelta(days=14))
SECOND = Deadline("second", Overdue, timedelta(days=30))
TIME = datetime.fromisoformat("2030-05-01T12:00:00+00:00")
SIMPLE = (Opened(), Closed(), Cancelled(), Confirmed(), Signed())


def tell(name: str, *fields: ComputedField) -> Effect:
    """A letter with these fields."""
    return Effect(name, "post", {Do.YES: CommandTemplate(f"Send{name.title()}", computed=fields)})


def sent_in(machine: SubMachine[Seen], effect: Effect, how: Any = Do.YES) -> Any:
    """The effect from this message on."""
    return wanted(machine, rows=[(Y, {effect: how}), (N, {})])


def _owed(draws: Entries, repayments: Entries) -> int:
    drawn_cents: int = sum(one["cents"] for one in draws.values())
    repaid_cents: int = sum(one["cents"] for one in repayments.values())
    return drawn_cents - repaid_cents


def _is_even(draws: Entries, repayments: Entries) -> bool:
    return _owed(draws, repayments) <= 0


@case(*SIMPLE, Shipped(), Paused(), Resumed(), Checked(), Insured(), drawn(1, 50), repaid(1, 50), drawn(2, 1))
def an_order_with_a_balance() -> Process:
    """Each message has its own part, a cancellation outranks a shipment, and the balance is notified again."""
    even = DerivedColumn("even", (DRAWS, REPAYMENTS), _is_even)

    def rule(cancelled: Seen, confirmed: Seen, shipped: Seen, is_even: bool) -> Out:
        if cancelled is Y:
            return Out.FAILED
        if shipped is Y and confirmed is Y:
            return Out.DONE if is_even else Out.OTHER
        return Out.OPEN

    bill = tell("bill", ComputedField("owed", (DRAWS, REPAYMENTS), _owed))
    room = booking()
    rows = [(Y, N, {room: Do.YES}), (Y, Y, {room: Do.NO}), (N, ANY, {room: Do.NO})]
    table = outcomes(CANCELLED, CONFIRMED, SHIPPED, even, rule=rule)
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, SHIPPED, PAUSED, RESUMED, CHECKED, INSURED)
    wants = [sent_in(SIGNED, bill), wanted(PAUSED, RESUMED, rows=rows)]
    return proc(table, *machines, DRAWS, REPAYMENTS, wants=wants)


def _covered(claims: Entries, decisions: Entries) -> int:
    best: dict[str, int] = {}
    for one in decisions.values():
        best[one["claim_id"]] = max(best.get(one["claim_id"], 0), one["share"])
    return sum(one["cents"] * best.get(key, 0) // 100 for key, one in claims.items())


@case(*SIMPLE, Approved(), Rejected(), Insured(), Checked(), claim(1, 900), decided(1, "c1", 50), repaid(1, 9))
def a_claim_with_its_decisions() -> Process:
    """A rejection outranks an approval, and what is covered only grows."""

    def rule(approved: Seen, rejected: Seen, insured: Seen, opened: Seen) -> Out:
        if rejected is Y or insured is N:
            return Out.FAILED if opened is Y else Out.OPEN
        return Out.DONE if approved is Y else Out.OTHER

    field = ComputedField("covered", (CLAIMS, DECISIONS), _covered, is_cumulative=True)
    pay = Effect("payout", "bank", {Do.YES: CommandTemplate("Pay", computed=(field,))}, final=frozenset({Do.YES}))
    table = outcomes(APPROVED, REJECTED, INSURED, OPENED, rule=rule)
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, APPROVED, REJECTED, INSURED, CHECKED)
    return proc(table, *machines, CLAIMS, DECISIONS, REPAYMENTS, wants=[sent_in(SIGNED, pay)])


def _best(offers: Entries) -> str | None:
    ranked = sorted((one["cents"], one["day"], key) for key, one in offers.items())
    return offers[ranked[0][2]]["supplier"] if ranked else None


def _carried(votes: Entries) -> bool:
    """More ayes than noes among the last rounds of all voters; of one round a no counts."""
    last: dict[str, tuple[int, bool]] = {}
    for one in votes.values():
        if one["says"] != "abstain":
            new = (one["round"], one["says"] == "no")
            last[one["voter"]] = max(last.get(one["voter"], new), new)
    noes = sum(is_no for _, is_no in last.values())
    return len(last) > 2 * noes


@case(*SIMPLE, Approved(), Rejected(), Terms(limit=9), offer(1, 5), offer(2, 4), vote(1, "yes"), vote(2, "no", "m1", 2))
def a_tender_with_a_vote() -> Process:
    """The best offer is notified again, and the vote counts each voter's last round."""
    carried = DerivedColumn("carried", (VOTES,), _carried)

    def rule(is_carried: bool, approved: Seen, rejected: Seen, elapsed: Seen, closed: Seen) -> Out:
        if is_carried and approved is Y and rejected is N:
            return Out.DONE
        if closed is N:
            return Out.OTHER
        return Out.FAILED if elapsed is Y else Out.OPEN

    table = outcomes(carried, APPROVED, REJECTED, ELAPSED, CLOSED, rule=rule)
    best = tell("award", ComputedField("supplier", (OFFERS,), _best))
    arm = wanted(CLOSED, rows=[(Y, {CLOCK: ARMED}), (N, {})])
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, APPROVED, REJECTED, ELAPSED)
    wants = [arm, sent_in(CLOSED, best)]
    return proc(table, *machines, OFFERS, VOTES, TERMS, wants=wants, unsettled=[Out.OPEN])


def _standing(pledges: Entries, withdrawals: Entries) -> int:
    gone = {one["pledge_id"] for one in withdrawals.values()}
    return sum(one["cents"] for key, one in pledges.items() if key not in gone)


def _withdrawn(pledges: Entries, withdrawals: Entries) -> frozenset[str]:
    return frozenset(pledges) & {one["pledge_id"] for one in withdrawals.values()}


@case(*SIMPLE, Checked(), Shipped(), Paused(), pledge(1, 9), pledge(2, 5), Withdrawn(withdrawal_id="w", pledge_id="p1"))
def a_campaign_with_withdrawals() -> Process:
    """Standing pledges decide, and each pledge that is withdrawn gets a letter, which stays true."""
    reached = DerivedColumn("reached", (PLEDGES, WITHDRAWALS), lambda given, gone: _standing(given, gone) >= 10)

    def rule(is_reached: bool, cancelled: Seen, closed: Seen) -> Out:
        if cancelled is Y:
            return Out.OTHER
        return Out.OPEN if closed is N else (Out.DONE if is_reached else Out.FAILED)

    letter = Effect("letter", "post", {Do.YES: CommandTemplate("Regret", PLEDGES, ("backer",))}, frozenset({Do.YES}))
    gone = Selection("withdrawn", PLEDGES, _withdrawn, beside=(WITHDRAWALS,))
    letters = wanted(reached, rows=[(ANY, {letter: gone})])
    status = tell("status", ComputedField("sum", (PLEDGES, WITHDRAWALS), _standing))
    table = outcomes(reached, CANCELLED, CLOSED, rule=rule)
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, CHECKED, SHIPPED, PAUSED)
    return proc(table, *machines, PLEDGES, WITHDRAWALS, wants=[letters, sent_in(OPENED, status)])


def _spans(stays: Entries) -> list[list[int]]:
    spans: list[list[int]] = []
    for night in sorted({one["night"] for one in stays.values()}):
        if spans and spans[-1][1] == night - 1:
            spans[-1][1] = night
        else:
            spans.append([night, night])
    return spans


def _address(moves: Entries) -> str:
    parts = []
    for name in ("street", "city"):
        known = [(one["day"], key, one[name]) for key, one in moves.items() if one[name] is not None]
        parts.append(max(known)[2] if known else "?")
    return ", ".join(parts)


@case(
    *SIMPLE,
    Checked(),
    stay(1, 1),
    stay(2, 2),
    Moved(address_id="a1", day=1, city="Graz"),
    Moved(address_id="a2", day=0, street="Alley"),
    repaid(1, 5),
    Dated(event_id="e1", at=TIME),
)
def a_hotel_bill() -> Process:
    """Spans of nights and the address are notified again with each part of them."""
    has_stay = DerivedColumn.of("stay", has(STAYS))

    def rule(is_booked: bool, cancelled: Seen, confirmed: Seen) -> Out:
        if cancelled is Y:
            return Out.FAILED
        return Out.DONE if is_booked and confirmed is Y else Out.OPEN

    fields = (ComputedField("spans", (STAYS,), _spans), ComputedField("address", (MOVES,), _address))
    bill = tell("bill", *fields)
    table = outcomes(has_stay, CANCELLED, CONFIRMED, rule=rule)
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, CHECKED)
    return proc(table, *machines, STAYS, MOVES, REPAYMENTS, EVENTS, wants=[sent_in(CONFIRMED, bill)])


def _frame(known: list[int] | None, fact: Fact) -> list[int]:
    minute, value = fact.fields["minute"], fact.fields["value"]
    low, high, most = known or [minute, minute, value]
    return [min(low, minute), max(high, minute), max(most, value)]


FRAME = Reducer("frame", (Metered,), None, _frame)


@case(*SIMPLE, Checked(), Insured(), Paused(), Resumed(), metered(1, 90, 1), metered(2, 5, 9), linked(1, "a", "b"))
def a_plant_with_sensors() -> Process:
    """The frame of the readings is folded, and its peak decides with the auditors."""
    peak = DerivedColumn("peak", (FRAME,), lambda frame: frame is not None and frame[2] > 80)

    def rule(is_hot: bool, checked: Seen, paused: Seen, resumed: Seen, elapsed: Seen) -> Out:
        if not is_hot or checked is Y:
            return Out.DONE
        if paused is Y and resumed is N:
            return Out.OTHER
        return Out.FAILED if elapsed is Y else Out.OPEN

    table = outcomes(peak, CHECKED, PAUSED, RESUMED, ELAPSED, rule=rule)
    arm = wanted(peak, rows=[(True, {CLOCK: ARMED}), (False, {})])
    status = tell("status", ComputedField("frame", (FRAME,), lambda frame: frame))
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, CHECKED, INSURED, PAUSED, RESUMED, ELAPSED)
    wants = [arm, sent_in(OPENED, status)]
    return proc(table, *machines, FRAME, LINKS, wants=wants, unsettled=[Out.OPEN])


def _interest(draws: Entries, repayments: Entries, terms: Entries) -> int:
    """Simple interest for each day between a draw and day 100, less that of repayments; rounded once."""
    rate: int = sum(one["limit"] for one in terms.values())
    days: int = sum(one["cents"] * max(0, 100 - one["day"]) for one in draws.values())
    days -= sum(one["cents"] * max(0, 100 - one["day"]) for one in repayments.values())
    return days * rate // 3_650_000


@case(
    *SIMPLE, Approved(), Rejected(), Insured(), drawn(1, 5_000), repaid(1, 90, day=5), Terms(limit=500), vote(1, "yes")
)
def a_loan_with_interest() -> Process:
    """Interest is computed from all movements at once, and rounded once."""
    even = DerivedColumn("even", (DRAWS, REPAYMENTS), _is_even)

    def rule(is_even: bool, approved: Seen, rejected: Seen, signed: Seen) -> Out:
        if rejected is Y:
            return Out.FAILED
        if approved is N or signed is N:
            return Out.OPEN
        return Out.DONE if is_even else Out.OTHER

    table = outcomes(even, APPROVED, REJECTED, SIGNED, rule=rule)
    statement = tell("statement", ComputedField("interest", (DRAWS, REPAYMENTS, TERMS), _interest))
    lien = booking("lien")
    rows = [(True, ANY, {lien: Do.NO}), (False, Y, {lien: Do.YES}), (False, N, {lien: Do.NO})]
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, APPROVED, REJECTED, INSURED)
    wants = [sent_in(SIGNED, statement), wanted(even, APPROVED, rows=rows)]
    return proc(table, *machines, DRAWS, REPAYMENTS, TERMS, VOTES, wants=wants)


def _reached(links: Entries) -> list[str]:
    reached, legs = {"depot"}, [(one["one"], one["other"]) for one in links.values()]
    while fresh := {other for one, other in legs if one in reached} - reached:
        reached |= fresh
    return sorted(reached)


@case(
    *SIMPLE,
    Shipped(),
    Checked(),
    Insured(),
    Approved(),
    linked(1, "depot", "Ulm"),
    linked(2, "Ulm", "Linz"),
    metered(1, 5, 1),
)
def a_tour_of_a_lorry() -> Process:
    """What can be reached from the depot only grows, so it may be printed for good."""
    arrived = DerivedColumn("arrived", (LINKS,), lambda links: "Linz" in _reached(links))

    def rule(is_there: bool, shipped: Seen, cancelled: Seen) -> Out:
        if cancelled is Y and shipped is N:
            return Out.FAILED
        return Out.DONE if is_there and shipped is Y else Out.OPEN

    field = ComputedField("places", (LINKS,), _reached, is_cumulative=True)
    tour = Effect("tour", "printer", {Do.YES: CommandTemplate("PrintTour", computed=(field,))}, frozenset({Do.YES}))
    table = outcomes(arrived, SHIPPED, CANCELLED, rule=rule)
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, SHIPPED, CHECKED, INSURED, APPROVED)
    return proc(table, *machines, LINKS, READINGS, wants=[sent_in(SHIPPED, tour)])


def _doubles(repayments: Entries) -> frozenset[str]:
    first: dict[tuple[int, int], str] = {}
    for key, one in repayments.items():
        pair = (one["cents"], one["day"])
        first[pair] = min(first.get(pair, key), key)
    return frozenset(repayments) - frozenset(first.values())


@case(
    *SIMPLE,
    Paused(),
    Resumed(),
    Checked(),
    repaid(1, 5),
    repaid(2, 5),
    claim(1, 5),
    offer(1, 5),
    stay(1, 1),
    Terms(limit=4),
)
def a_subscription_of_fourteen() -> Process:
    """Equal payments but the first by key are sent back for good, and a second time ends what the first began."""
    back = Effect("back", "bank", {Do.YES: CommandTemplate("PayBack", REPAYMENTS, ("cents",))}, frozenset({Do.YES}))
    doubles = Selection("doubles", REPAYMENTS, _doubles)
    paid = DerivedColumn.of("paid", total(REPAYMENTS, "cents") >= 5)

    def rule(is_paid: bool, paused: Seen, resumed: Seen, elapsed: Seen, overdue: Seen) -> Out:
        if is_paid:
            return Out.OTHER if paused is Y and resumed is N else Out.DONE
        if elapsed is Y and overdue is Y:
            return Out.FAILED
        return Out.OPEN

    table = outcomes(paid, PAUSED, RESUMED, ELAPSED, OVERDUE, rule=rule)
    arm = wanted(paid, rows=[(False, {CLOCK: ARMED, SECOND: ARMED}), (True, {})])
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, PAUSED, RESUMED, CHECKED, ELAPSED, OVERDUE)
    stores = (REPAYMENTS, CLAIMS, OFFERS, STAYS, TERMS)
    several = DerivedColumn.of("several", count(REPAYMENTS) > 1)
    doubled = wanted(several, rows=[(True, {back: doubles}), (False, {})])
    return proc(table, *machines, *stores, wants=[arm, doubled], unsettled=[Out.OPEN])
