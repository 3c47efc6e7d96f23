"""Large processes of ten to sixteen types of input that have functions of their own."""

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Entries,
    Fact,
    Process,
    Reducer,
    Selection,
    every,
    wanted,
)
from tests.adversary.honest.sixth_helpers import (
    APPROVED,
    ARRIVED,
    CANCELLED,
    CONFIRMED,
    DAMAGED,
    DEPARTED,
    EXPIRED,
    INSPECTED,
    INSURED,
    ORDER,
    ORDERED,
    PAUSED,
    REJECTED,
    REMINDED,
    SCANS,
    SIGNED,
    Arrived,
    Damaged,
    Inspected,
    Insured,
    On,
    Paused,
    Signed,
    for_good,
    if_so,
    result,
    scan,
    undoable,
    wants_by,
    when,
)
from tests.adversary.kit import Do, Out, case, proc
from tests.adversary.planted.sixth_helpers import (
    ADJUSTMENTS,
    BIDS,
    CHARGES,
    EXPIRY,
    LABELS,
    LINES,
    ORDERS,
    READINGS,
    RETURNS,
    REVIEWS,
    VOTES,
    Approved,
    Cancelled,
    Confirmed,
    Departed,
    Reading,
    Rejected,
    adjustment,
    bid,
    charge,
    label,
    line,
    reading,
    returned,
    review,
    vote,
)


def _cents(entries: Entries) -> int:
    return sum(one["cents"] for one in entries.values())


def _has_quorum(votes: Entries) -> bool:
    return bool(sum(one["choice"] == "yes" for one in votes.values()) >= 2)


@case(
    *(kind(id="i") for kind in (Approved, Signed, Insured, Inspected, Rejected)),
    *(vote("u1", "yes"), vote("u2", "yes"), vote("u3", "no"), charge(1, 500), label(1, "house"), reading(1, 1, 5)),
)
def a_loan_that_a_board_grants() -> Process:
    """Twelve types: paid out for good with a quorum and a signature, and a rejection changes only the outcome."""
    quorum = DerivedColumn("quorum", (VOTES,), _has_quorum)
    pay = for_good("payout", "bank", CommandTemplate("PayOut"))
    terms = undoable("terms", "mail", ComputedField("rate", (READINGS,), len), ComputedField("sum", (CHARGES,), _cents))

    def rule(on: On) -> Out:
        if on >= {"signed", "quorum"}:
            return Out.DONE
        return Out.FAILED if "rejected" in on else Out.OTHER

    table = result(SIGNED, quorum, REJECTED, rule=rule)
    wants = [
        wants_by(SIGNED, quorum, rule=lambda on: if_so(pay, Do.YES, len(on) == 2)),
        wants_by(APPROVED, REJECTED, rule=lambda on: when(terms, on == {"approved"})),
    ]
    machines = (APPROVED, SIGNED, INSURED, INSPECTED, REJECTED, PAUSED, CANCELLED)
    return proc(table, *machines, VOTES, CHARGES, LABELS, READINGS, REVIEWS, wants=wants)


def _average(reviews: Entries) -> int:
    return int(100 * sum(one["stars"] for one in reviews.values()) // max(1, len(reviews)))


def _is_poor(reviews: Entries, returns: Entries) -> bool:
    return len(reviews) >= 2 and _average(reviews) < 200 + len(returns)


@case(
    *(review(1, 1), review(2, 5), review(3, 1), returned(1, "c1", 5), charge(1, 900), charge(2, 50), adjustment(1, -5)),
    *(Paused(id="i"), Signed(id="i"), Cancelled(id="i"), label(1, "toys")),
)
def a_seller_on_a_market() -> Process:
    """Eleven types: a poor average hides the shop and a better one shows it again; fees are sent again."""
    poor = DerivedColumn("poor", (REVIEWS, RETURNS), _is_poor)
    shop = undoable("shop", "site", ComputedField("stars", (REVIEWS,), _average))
    net = ComputedField("net", (CHARGES, RETURNS, ADJUSTMENTS), lambda a, b, c: _cents(a) - _cents(b) + _cents(c))
    fees = undoable("fees", "bank", net)
    table = result(poor, CANCELLED, rule=lambda on: Out.FAILED if "cancelled" in on else Out.OTHER if on else Out.DONE)
    wants = [
        wants_by(SIGNED, PAUSED, CANCELLED, poor, rule=lambda on: when(shop, on == {"signed"})),
        wants_by(SIGNED, rule=lambda on: when(fees, bool(on))),
    ]
    machines = (PAUSED, SIGNED, CANCELLED, INSPECTED)
    return proc(table, *machines, REVIEWS, RETURNS, CHARGES, ADJUSTMENTS, LABELS, LINES, VOTES, wants=wants)


def days(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, fact.fields["day"]})


DAYS = Reducer("days", (Reading,), [], days)


def _is_run(held: list[int]) -> bool:
    return any({day, day + 1, day + 2} <= set(held) for day in held)


@case(
    *(reading(1, 1, 5), reading(2, 2, 5), reading(3, 3, 9), reading(4, 3, 0), bid(1, 50), vote("u1", "abstain")),
    *(Approved(id="i"), Paused(id="i"), line(1, "orc", 5), label(1, "ann"), scan(1)),
)
def a_season_of_a_game() -> Process:
    """Eleven types: a run of three days, once reached, stays, so its medal is final; the score is sent again."""
    run = DerivedColumn("run", (DAYS,), _is_run)
    medal = for_good("medal", "shop", CommandTemplate("GiveMedal"))
    score = ComputedField(
        "score", (READINGS, LINES), lambda a, b: _units(a) + 10 * sum(one["pieces"] for one in b.values())
    )
    board = undoable("board", "site", score, ComputedField("days", (DAYS,), len))
    table = result(run, CANCELLED, rule=lambda on: Out.FAILED if "cancelled" in on else Out.DONE if on else Out.OTHER)
    wants = [
        wants_by(run, rule=lambda on: if_so(medal, Do.YES, bool(on))),
        wants_by(APPROVED, PAUSED, rule=lambda on: when(board, on == {"approved"})),
    ]
    machines = (APPROVED, PAUSED, CANCELLED, SIGNED, INSPECTED)
    return proc(table, *machines, DAYS, READINGS, LINES, BIDS, VOTES, LABELS, SCANS, wants=wants)


def _units(readings: Entries) -> int:
    return sum(one["units"] for one in readings.values())


def _is_alarming(readings: Entries) -> bool:
    return any(one["units"] > 180 for one in readings.values())


def _first_day(readings: Entries) -> int | None:
    return min((one["day"] for one in readings.values()), default=None)


@case(
    *(reading(1, 1, 120), reading(2, 2, 190), label(1, "nuts"), label(2, "dust"), Arrived(id="i"), Approved(id="i")),
    *(Departed(id="i"), Inspected(id="i"), Insured(id="i"), Rejected(id="i"), charge(1, 30)),
)
def a_patient_of_a_ward() -> Process:
    """Thirteen types: an alarm is final with any high reading, and allergies are sent again until the discharge."""
    alarm = DerivedColumn("alarm", (READINGS,), _is_alarming)
    call = for_good("call", "doctor", CommandTemplate("CallDoctor"))
    first = ComputedField("since", (READINGS,), _first_day)
    names = ComputedField("allergies", (LABELS,), lambda held: sorted({one["text"].strip() for one in held.values()}))
    sheet = undoable("sheet", "kitchen", names, first)
    invoice = for_good("invoice", "office", CommandTemplate("Invoice", CHARGES, ("cents",)))
    insured = Selection("what was charged", CHARGES, frozenset)

    def rule(on: On) -> Out:
        if "departed" in on:
            return Out.DONE
        return Out.OTHER if "arrived" in on else Out.FAILED

    table = result(ARRIVED, DEPARTED, alarm, rule=rule)
    wants = [
        wants_by(alarm, rule=lambda on: if_so(call, Do.YES, bool(on))),
        wants_by(ARRIVED, DEPARTED, rule=lambda on: when(sheet, on == {"arrived"})),
        wants_by(INSURED, rule=lambda on: if_so(invoice, insured, bool(on))),
    ]
    machines = (ARRIVED, DEPARTED, APPROVED, INSPECTED, INSURED, REJECTED, SIGNED, PAUSED)
    return proc(table, *machines, READINGS, LABELS, CHARGES, RETURNS, VOTES, wants=wants)


def _unpaid(orders: Entries, charges: Entries, returns: Entries) -> int:
    return int(max(0, sum(one["total"] for one in orders.values()) - _cents(charges) + _cents(returns)))


def _is_paid(orders: Entries, charges: Entries, returns: Entries) -> bool:
    return bool(orders) and _unpaid(orders, charges, returns) == 0


@case(
    *(ORDER, charge(1, 700), charge(2, 300), returned(1, "c1", 100), line(1, "hat", 1), Cancelled(id="i")),
    *(Confirmed(id="i"), Damaged(id="i"), Arrived(id="i"), label(1, "gift"), review(1, 3)),
)
def an_order_with_its_payment_in_parts() -> Process:
    """Thirteen types: open while something is owed and nothing ended it, and each open state arms the expiry."""
    paid = DerivedColumn("paid", (ORDERS, CHARGES, RETURNS), _is_paid)
    demand = undoable("demand", "mail", ComputedField("cents", (ORDERS, CHARGES, RETURNS), _unpaid))
    gift = for_good("gift", "printer", CommandTemplate("PrintCard", LABELS, ("text",)))

    def rule(on: On) -> Out:
        if "cancelled" in on or "ordered" not in on:
            return Out.OTHER
        if "paid" in on:
            return Out.DONE
        return Out.FAILED if "expired" in on else Out.OPEN

    table = result(ORDERED, paid, CANCELLED, EXPIRED, rule=rule)
    waiting = wants_by(ORDERED, rule=lambda on: if_so(EXPIRY, ARMED, bool(on)))
    rows = [(one, when(demand, one is Out.OPEN)) for one in table.states]
    cards = wants_by(CONFIRMED, rule=lambda on: if_so(gift, every(LABELS), bool(on)))
    machines = (ORDERED, CANCELLED, EXPIRED, CONFIRMED, DAMAGED, ARRIVED, REMINDED)
    return proc(
        table,
        *machines,
        *(ORDERS, CHARGES, RETURNS, LINES, LABELS, REVIEWS, SCANS),
        wants=[waiting, wanted(table, rows=rows), cards],
        unsettled=[Out.OPEN],
    )


def _channels(lines: Entries, scans: Entries) -> dict[str, int]:
    found = {one["article"]: 0 for one in lines.values()}
    for one in lines.values():
        found[one["article"]] += one["pieces"]
    return {**found, "scans": len(scans)}


def _is_spent(lines: Entries, charges: Entries) -> bool:
    return bool(sum(one["pieces"] for one in lines.values()) * 10 >= 1_000 + _cents(charges))


@case(
    *(line(1, "banner", 80), line(2, "video", 40), charge(1, 50), scan(1, 3), scan(2), vote("u1", "yes")),
    *(Approved(id="i"), Paused(id="i"), Signed(id="i"), Cancelled(id="i"), bid(1, 70)),
)
def a_campaign_of_an_advertiser() -> Process:
    """Twelve types: it runs while approved and within its budget, which further charges raise again."""
    spent = DerivedColumn("spent", (LINES, CHARGES), _is_spent)
    run = undoable("run", "exchange", ComputedField("channels", (LINES, SCANS), _channels))
    contract = for_good("contract", "archive", CommandTemplate("File"))
    table = result(
        *(APPROVED, PAUSED, CANCELLED, spent),
        rule=lambda on: Out.DONE if on == {"approved"} else Out.FAILED if "cancelled" in on else Out.OTHER,
    )
    wants = [
        wanted(table, rows=[(one, when(run, one is Out.DONE)) for one in table.states]),
        wants_by(SIGNED, rule=lambda on: if_so(contract, Do.YES, bool(on))),
    ]
    machines = (APPROVED, PAUSED, SIGNED, CANCELLED, REJECTED, INSPECTED)
    return proc(table, *machines, LINES, CHARGES, SCANS, VOTES, BIDS, REVIEWS, wants=wants)
