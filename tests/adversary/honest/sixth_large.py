"""Large processes of ten to sixteen types of input, with tables and the closed vocabulary alone."""

from itertools import product

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Process,
    all_but_first,
    any_of,
    beyond,
    both,
    count,
    distinct,
    each,
    every,
    field_of_entry,
    greatest,
    has,
    least,
    negated,
    only,
    owing,
    total,
    total_by,
    wanted,
    with_partner,
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
from tests.adversary.kit import Do, Out, Seen, case, proc
from tests.adversary.planted.sixth_helpers import (
    ADJUSTMENTS,
    BIDS,
    CHARGES,
    EXPIRY,
    LABELS,
    LINES,
    ORDERS,
    READINGS,
    REMINDER,
    RETURNS,
    REVIEWS,
    VOTES,
    Approved,
    Cancelled,
    Confirmed,
    Departed,
    Expired,
    Rejected,
    Reminded,
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


@case(
    ORDER,
    Confirmed(id="i"),
    Cancelled(id="i"),
    Departed(id="i"),
    Arrived(id="i"),
    Damaged(id="i"),
    line(1, "hat", 4),
    charge(1, 500),
    charge(2, 0),
    label(1, "fragile"),
)
def freight_of_an_importer() -> Process:
    """Ten types: all that is final depends on messages that are only added; the rest is named in each cell."""

    def rule(on: On) -> Out:
        if "arrived" in on:
            return Out.FAILED if "damaged" in on else Out.DONE
        if "ordered" not in on or "cancelled" in on or "departed" in on:
            return Out.OTHER
        return Out.OTHER if "expired" in on else Out.OPEN

    table = result(ORDERED, CONFIRMED, CANCELLED, DEPARTED, ARRIVED, DAMAGED, EXPIRED, rule=rule)
    book = undoable("booking", "carrier", ComputedField.of("pieces", total(LINES, "pieces")))
    refund = for_good("refund", "bank", CommandTemplate("Refund", CHARGES, ("cents",)))
    stick = for_good("sticker", "printer", CommandTemplate("Stick", LABELS, ("text",)))
    wants = [
        wants_by(ORDERED, CANCELLED, DEPARTED, rule=lambda on: when(book, "departed" in on or on == {"ordered"})),
        wants_by(DAMAGED, rule=lambda on: if_so(refund, every(CHARGES), "damaged" in on)),
        wants_by(CONFIRMED, rule=lambda on: if_so(stick, every(LABELS), "confirmed" in on)),
        wanted(table, rows=[(one, if_so(EXPIRY, ARMED, one is Out.OPEN)) for one in table.states]),
    ]
    machines = (ORDERED, CONFIRMED, CANCELLED, DEPARTED, ARRIVED, DAMAGED, EXPIRED)
    return proc(table, *machines, LINES, CHARGES, LABELS, wants=wants, unsettled=[Out.OPEN])


@case(
    Insured(id="i"),
    Inspected(id="i"),
    Signed(id="i"),
    Approved(id="i"),
    Rejected(id="i"),
    ORDER,
    charge(1, 400),
    returned(1, "c1", 100),
    adjustment(1, -50),
    label(1, "storm"),
    reading(1, 3, 50),
)
def a_claim_of_a_household() -> Process:
    """Twelve types: the payout is sent again with each message, and only the letter is final."""
    left = total(CHARGES, "cents").minus(total(RETURNS, "cents")).plus(total(ADJUSTMENTS, "cents")).at_least(0)
    payout = undoable(
        "payout", "bank", ComputedField.of("cents", left), ComputedField.of("causes", distinct(LABELS, "text"))
    )
    letter = for_good("letter", "post", CommandTemplate("SendLetter"))
    checked = both(has(READINGS), total(CHARGES, "cents") <= only(ORDERS, "total"))
    fits = DerivedColumn.of("fits", checked)

    def rule(on: On) -> Out:
        if "rejected" in on:
            return Out.FAILED
        return Out.DONE if on >= {"insured", "approved", "signed", "fits"} else Out.OTHER

    table = result(INSURED, APPROVED, REJECTED, SIGNED, INSPECTED, fits, rule=rule)
    wants = [
        wanted(table, rows=[(one, when(payout, one is Out.DONE)) for one in table.states]),
        wants_by(INSPECTED, SIGNED, rule=lambda on: if_so(letter, Do.YES, len(on) == 2)),
    ]
    machines = (INSURED, INSPECTED, SIGNED, APPROVED, REJECTED, CANCELLED)
    return proc(table, *machines, ORDERS, CHARGES, RETURNS, ADJUSTMENTS, LABELS, READINGS, wants=wants)


@case(
    ORDER,
    Confirmed(id="i"),
    Cancelled(id="i"),
    Arrived(id="i"),
    Paused(id="i"),
    Departed(id="i"),
    charge(1, 800),
    charge(2, 400),
    review(1, 4),
    line(1, "breakfast", 2),
    label(1, "late"),
)
def a_stay_at_a_hotel() -> Process:
    """Twelve types: what is paid beyond the price is refunded by rank, and a guest who arrived stays a guest."""
    excess = beyond(CHARGES, "cents", target=only(ORDERS, "total"), by=("charge_id",))
    template = CommandTemplate("RefundExcess", computed=(ComputedField.of("cents", excess, is_cumulative=True),))
    refund = for_good("excess", "bank", template)
    room = undoable("room", "hotel", ComputedField.of("wishes", distinct(LABELS, "text")))
    key = for_good("key", "door", CommandTemplate("CutKey"))

    def rule(on: On) -> Out:
        if "arrived" in on:
            return Out.DONE
        if "cancelled" in on or "expired" in on:
            return Out.FAILED
        return Out.OPEN if "confirmed" in on else Out.OTHER

    table = result(CONFIRMED, CANCELLED, ARRIVED, EXPIRED, rule=rule)
    wants = [
        wanted(
            table,
            rows=[
                (one, {room: Do.YES if one in {Out.DONE, Out.OPEN} else Do.NO, **if_so(EXPIRY, ARMED, one is Out.OPEN)})
                for one in table.states
            ],
        ),
        wants_by(ARRIVED, rule=lambda on: if_so(key, Do.YES, "arrived" in on)),
        wants_by(ORDERED, rule=lambda on: if_so(refund, owing(excess, name="too much"), "ordered" in on)),
    ]
    machines = (ORDERED, CONFIRMED, CANCELLED, ARRIVED, EXPIRED, PAUSED, DEPARTED, REMINDED)
    return proc(table, *machines, ORDERS, CHARGES, REVIEWS, LINES, LABELS, wants=wants, unsettled=[Out.OPEN])


@case(
    Signed(id="i"),
    Paused(id="i"),
    Cancelled(id="i"),
    Approved(id="i"),
    reading(1, 1, 50),
    reading(2, 2, 70),
    charge(1, 900),
    adjustment(1, -300),
    returned(1, "c1", 900),
    label(1, "roaming"),
    scan(1, 3),
)
def a_contract_of_a_phone() -> Process:
    """Eleven types: the bill is sent again, barring follows its sum in each cell, and the number is ported for good."""
    owed = total(CHARGES, "cents").plus(total(ADJUSTMENTS, "cents"))
    bill = Effect(
        "bill",
        "mail",
        {
            Do.YES: CommandTemplate(
                "SendBill",
                computed=(
                    ComputedField.of("cents", owed),
                    ComputedField.of("units", total(READINGS, "units")),
                ),
            )
        },
    )
    bar, port = undoable("bar", "network"), for_good("port", "network", CommandTemplate("PortNumber"))
    is_high = DerivedColumn.of("high", owed >= 50_000)

    def rule(on: On) -> Out:
        if "cancelled" in on:
            return Out.FAILED
        return Out.DONE if on >= {"signed", "approved"} else Out.OTHER

    table = result(SIGNED, APPROVED, CANCELLED, rule=rule)
    wants = [
        wants_by(SIGNED, rule=lambda on: if_so(bill, Do.YES, "signed" in on)),
        wants_by(PAUSED, is_high, rule=lambda on: when(bar, bool(on))),
        wants_by(SIGNED, APPROVED, rule=lambda on: if_so(port, Do.YES, len(on) == 2)),
    ]
    machines = (SIGNED, PAUSED, CANCELLED, APPROVED, REJECTED)
    return proc(table, *machines, READINGS, CHARGES, ADJUSTMENTS, RETURNS, LABELS, SCANS, wants=wants)


@case(
    bid(1, 900),
    bid(2, 900),
    bid(3, 500),
    Approved(id="i"),
    Expired(id="i"),
    Signed(id="i"),
    Paused(id="i"),
    vote("u1", "yes"),
    review(1, 5),
    label(1, "lot 3"),
    Cancelled(id="i"),
)
def a_tender_for_a_house() -> Process:
    """Eleven types: the least offer is sent again, and whoever has two lesser offers before it is reported for good."""
    lost = all_but_first(BIDS, 2, by=("cents", "bid_id"))
    tell = for_good(
        "loser",
        "mail",
        CommandTemplate("TellLoser", BIDS, ("bidder",), (ComputedField.of("own", field_of_entry(BIDS, "cents")),)),
    )
    winner = undoable("winner", "mail", ComputedField.of("cents", least(BIDS, "cents")))
    serious = DerivedColumn.of("serious", both(greatest(BIDS, "cents") >= 600, negated(has(VOTES))))

    def rule(on: On) -> Out:
        if "cancelled" in on:
            return Out.FAILED
        return Out.DONE if on >= {"approved", "expired", "serious"} else Out.OTHER

    table = result(APPROVED, CANCELLED, EXPIRED, serious, rule=rule)
    wants = [
        wanted(table, rows=[(one, when(winner, one is Out.DONE)) for one in table.states]),
        wants_by(SIGNED, rule=lambda on: if_so(tell, lost, "signed" in on)),
        wants_by(APPROVED, rule=lambda on: if_so(EXPIRY, ARMED, "approved" in on)),
    ]
    machines = (APPROVED, EXPIRED, SIGNED, PAUSED, CANCELLED, ARRIVED)
    return proc(table, *machines, BIDS, VOTES, REVIEWS, LABELS, SCANS, wants=wants)


@case(
    *(kind(id="i") for kind in (Approved, Confirmed, Departed, Inspected, Insured, Signed, Arrived, Damaged)),
    ORDER,
    Rejected(id="i"),
    Cancelled(id="i"),
    Paused(id="i"),
)
def a_permit_of_a_town() -> Process:
    """Fourteen types and no data: the permit needs all papers, and can be withdrawn until the building has begun."""
    papers = (CONFIRMED, INSPECTED, INSURED, SIGNED, APPROVED)
    complete = result(*papers, rule=lambda on: Out.DONE if len(on) == len(papers) else Out.OTHER, name="papers")
    permit = Effect(
        "permit",
        "town",
        {Do.YES: CommandTemplate("Permit"), Do.NO: CommandTemplate("Withdraw")},
        final=frozenset({Do.YES}),
        decided_by=Departed,
        initially=Do.NO,
    )
    cells = product(complete.states, Seen, Seen)
    rows = [
        (
            papers_are,
            rejected,
            begun,
            when(permit, begun is Seen.YES or (papers_are is Out.DONE and rejected is Seen.NO)),
        )
        for papers_are, rejected, begun in cells
    ]
    guard = undoable("guard", "police")
    machines = (ORDERED, *papers, REJECTED, CANCELLED, PAUSED, DEPARTED, ARRIVED, DAMAGED, REMINDED, EXPIRED)
    wants = [
        wanted(complete, REJECTED, DEPARTED, rows=rows),
        wants_by(PAUSED, DAMAGED, CANCELLED, rule=lambda on: when(guard, "cancelled" not in on and bool(on))),
    ]
    return proc(complete, *machines, wants=wants)


@case(
    scan(1, 3),
    scan(2, 4),
    line(1, "hat", 3),
    line(2, "cap", 4),
    charge(1, 3),
    returned(1, "c1", 3),
    ORDER,
    Arrived(id="i"),
    Inspected(id="i"),
    Damaged(id="i"),
    Reminded(id="i"),
)
def goods_that_come_in() -> Process:
    """Eleven types: a reminder whose message is wanted only while nothing arrived, and returns with their charges."""
    nudge = undoable("nudge", "supplier", ComputedField.of("missing", total_by(LINES, "pieces", per="article")))
    book = for_good("booking", "ledger", CommandTemplate("BookReturn", RETURNS, ("cents",)))
    known = with_partner(RETURNS, "charge_id", CHARGES)
    full = DerivedColumn.of("full", count(SCANS) >= 2)
    odd = DerivedColumn.of("odd", any_of(LINES, each("pieces") >= 100))

    def rule(on: On) -> Out:
        if "damaged" in on:
            return Out.FAILED
        return Out.DONE if on >= {"arrived", "full"} and "odd" not in on else Out.OTHER

    table = result(ARRIVED, INSPECTED, DAMAGED, full, odd, rule=rule)
    wants = [
        wants_by(ORDERED, ARRIVED, rule=lambda on: if_so(REMINDER, ARMED, on == {"ordered"})),
        wants_by(REMINDED, ARRIVED, rule=lambda on: when(nudge, on == {"reminded"})),
        wants_by(INSPECTED, rule=lambda on: if_so(book, known, "inspected" in on)),
    ]
    machines = (ORDERED, ARRIVED, INSPECTED, DAMAGED, REMINDED, SIGNED, CANCELLED)
    return proc(table, *machines, SCANS, LINES, CHARGES, RETURNS, ORDERS, wants=wants)
