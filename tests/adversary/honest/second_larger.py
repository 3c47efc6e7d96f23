"""Further honest processes, the larger ones."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from functools import reduce
from typing import Any, Final

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Outcomes,
    Process,
    Selection,
    SubMachine,
    every,
    outcomes,
    wanted,
)
from tests.adversary.honest.second import ANSWERS, LINES, PROFILE, Answered, N, Profiled, Shipped, Y, answer, flag, line
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PAYMENTS,
    REFUNDS,
    TAGS,
    A,
    Configured,
    Do,
    Late,
    Later,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    armed_in,
    case,
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
    yes_no,
)


@case(paid(1, 12), paid(2, 18), paid(3, 8))
def folded_within() -> Process:
    """A register is folded with functools, in the order of its keys."""
    return shown(
        PAYMENTS, compute=lambda held: reduce(lambda sum_, x: (sum_ * 31 + x["amount"]) % 997, held.values(), 7)
    )


# Effects, deadlines, cells.


@case(Profiled("i", "Ann"), A(), Late("i"))
def reminded_twice_on_purpose() -> Process:
    """The same letter before and after the deadline, with a computed greeting, and the one names the other."""
    has, over = has_any(PROFILE), seen(Late)
    greeting = ComputedField("greeting", (PROFILE,), lambda held: [f"Dear {one['name']}" for one in held.values()])
    letter: dict[Enum, CommandTemplate] = {Do.YES: CommandTemplate("Remind", PROFILE, ("name",), (greeting,))}
    first = Effect("first", "post", letter)
    second = Effect("second", "post", letter, may_repeat=(first,))
    soon = Deadline("soon", Late, timedelta(days=1))
    rows: list[Any] = [
        (Y, Y, {first: Do.YES, second: Do.YES, soon: ARMED}),
        (Y, N, {first: Do.YES, soon: ARMED}),
        (N, ANY, {}),
    ]
    return proc(one_outcome(has), has, over, seen(A), PROFILE, wants=[wanted(has, over, rows=rows)])


@case(Profiled("i", "Ann"), Shipped("i"), A())
def decided_by_the_carrier() -> Process:
    """The label says the only name there is, and is void after a recall that came before the parcel left or after."""
    has, recalled, shipped = has_any(PROFILE), seen(A), seen(Shipped)
    name = ComputedField("name", (PROFILE,), lambda held: [one["name"].title() for one in held.values()])
    label = Effect(
        "label",
        "carrier",
        {Do.YES: CommandTemplate("Print", computed=(name,)), Do.NO: CommandTemplate("Void")},
        final=frozenset({Do.YES}),
        decided_by=Shipped,
        initially=Do.NO,
    )
    rows: list[Any] = [
        (Y, ANY, Y, {label: Do.YES}),
        (Y, N, N, {label: Do.YES}),
        (Y, Y, N, {label: Do.NO}),
        (N, ANY, ANY, {label: Do.NO}),
    ]
    return proc(one_outcome(has), has, recalled, shipped, PROFILE, wants=[wanted(has, recalled, shipped, rows=rows)])


class Risk(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


SCORES: Final = {"new customer": 30, "foreign card": 40, "vpn": 50, "wanted": 90}


def risk(notes: Entries) -> Risk:
    score = sum(SCORES.get(one["text"].strip().lower(), 0) for one in notes.values())
    return Risk.HIGH if score >= 80 else Risk.MEDIUM if score >= 30 else Risk.LOW


@case(noted(1, "vpn"), noted(2, "wanted"), A(), Late("i"))
def a_risk_with_a_deadline() -> Process:
    """A deadline runs at a medium risk only, and changes nothing at another or after the answer."""
    column, late, answered = DerivedColumn("risk", (NOTES,), risk, tuple(Risk)), seen(Late), seen(A)

    def rule(level: Risk, asked: Seen, over: Seen) -> Out:
        if level is Risk.HIGH:
            return Out.FAILED
        if level is Risk.LOW or asked is Y:
            return Out.DONE
        return Out.OTHER if over is Y else Out.OPEN

    table = outcomes(column, answered, late, rule=rule)
    arms = wanted(
        column,
        rows=[(one, {Deadline("soon", Late, timedelta(hours=1)): ARMED} if one is Risk.MEDIUM else {}) for one in Risk],
    )
    return proc(table, answered, late, NOTES, wants=[arms], unsettled=[Out.OPEN])


@case(Configured("i", 500), paid(1, 300), paid(2, 300), Late("i"))
def a_limit_and_a_deadline() -> Process:
    """A deadline from the first message on; above the limit it is done, also after the deadline."""

    def is_above(limits: Entries, payments: Entries) -> bool:
        limit = next((one["limit"] for one in limits.values()), None)
        return bool(sum(max(0, x["amount"]) for x in payments.values()) >= (1_000 if limit is None else limit))

    column, has, late = DerivedColumn("above", (LIMITS, PAYMENTS), is_above), has_any(LIMITS, PAYMENTS), seen(Late)
    table = outcomes(
        column, late, rule=lambda above, over: Out.DONE if above else Out.FAILED if over is Y else Out.OPEN
    )
    soon = Deadline("soon", Late, timedelta(days=7))
    return proc(table, has, late, LIMITS, PAYMENTS, wants=[armed_in(has, Y, soon)], unsettled=[Out.OPEN])


@case(line(1, "tea", 5), line(2, "cup", 7), A())
def each_line_with_a_figure() -> Process:
    """Each line has a command with a figure of itself alone, and is final."""

    def gross(lines: Entries, key: str) -> str:
        return str((Decimal(lines[key]["price"]) * Decimal("1.19")).quantize(Decimal("0.01"), ROUND_HALF_UP))

    has = has_any(LINES)
    template = CommandTemplate("Order", LINES, ("sku",), (ComputedField("gross", (LINES,), gross),))
    order = Effect("order", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, seen(A), LINES, wants=[wanted_in(has, order, YES=every(LINES))])


@case(paid(1, 10), Refunded("i", "r1", "p1", 10), Refunded("i", "r2", "p9", 3))
def booked_with_their_ids() -> Process:
    """Payments and refunds of known payments are booked by two effects, with their ids."""
    has = has_any(PAYMENTS, REFUNDS)
    known = Selection(
        "known",
        REFUNDS,
        lambda refunds, payments: frozenset(k for k, x in refunds.items() if x["payment_id"] in payments),
        beside=(PAYMENTS,),
    )
    one = Effect("pay", "ledger", {Do.YES: CommandTemplate("Book", PAYMENTS, ("payment_id", "amount"))})
    other = Effect("refund", "ledger", {Do.YES: CommandTemplate("Book", REFUNDS, ("refund_id", "amount"))})
    wants = [wanted_in(has, one, YES=every(PAYMENTS)), wanted_in(has, other, YES=known)]
    return proc(one_outcome(has), has, PAYMENTS, REFUNDS, wants=wants)


@case(answer(1, "ann"), Answered("i", "a2", "bob", is_yes=False))
def a_truth_as_a_number() -> Process:
    """The column says 0 or 1, which are its values as numbers."""

    def says(answers: Entries) -> Any:
        return int(any(one["is_yes"] for one in answers.values()))

    return judged(ANSWERS, judge=says)


# Processes of many message types.


def steps(*kinds: type) -> list[SubMachine[Seen]]:
    return [seen(kind) for kind in kinds]


CLAIM: Final = [flag(name) for name in ("Reported", "Insured", "Inspected", "PoliceAsked", "Suspected", "Cleared")]


@case(*(kind("i") for kind in CLAIM[:3]), paid(1, 900), noted(1, "fire"), Configured("i", 500))
def an_insurance_claim_of_ten_types() -> Process:
    """Paid out when it is insured, inspected and not suspected; what is paid is the damage less the excess."""
    reported, insured, inspected, police, suspected, cleared = steps(*CLAIM)
    late = seen(Late)

    def sum_insured(damages: Entries, limits: Entries) -> int:
        own = next((one["limit"] for one in limits.values()), None) or 0
        return int(max(0, sum(max(0, one["amount"]) for one in damages.values()) - max(0, own)))

    def state(is_insured: Seen, is_inspected: Seen, is_suspected: Seen, is_cleared: Seen, over: Seen) -> Out:
        if is_suspected is Y and is_cleared is N:
            return Out.FAILED
        if is_insured is Y and is_inspected is Y:
            return Out.DONE
        return Out.OTHER if over is Y else Out.OPEN

    table = outcomes(insured, inspected, suspected, cleared, late, rule=state, name="claim")
    pays = ComputedField("amount", (PAYMENTS, LIMITS), sum_insured)
    pay = Effect(
        "pay",
        "bank",
        {Do.YES: CommandTemplate("Pay", computed=(pays,)), Do.NO: CommandTemplate("Hold")},
        initially=Do.NO,
    )
    soon = Deadline("soon", Late, timedelta(days=90))
    heard = SubMachine("heard", N, {one: dict.fromkeys([*CLAIM, Paid, Noted, Configured], Y) for one in Seen})
    wants = [
        wanted(table, rows=[(one, {pay: Do.YES if one is Out.DONE else Do.NO}) for one in table.states]),
        armed_in(heard, Y, soon),
    ]
    parts = (heard, reported, insured, inspected, police, suspected, cleared, late, PAYMENTS, NOTES, LIMITS)
    return proc(table, *parts, wants=wants, unsettled=[Out.OPEN])


ONBOARDING: Final = [
    flag(name)
    for name in (
        *("Applied", "ContractSigned", "DeskReady", "LaptopReady", "AccountMade", "BadgeMade", "PayrollKnown"),
        *("TrainingDone", "MentorFound", "Withdrawn", "Visited", "Welcomed"),
    )
]


def joined_up(name: str, *parts: SubMachine[Seen]) -> Outcomes:
    return outcomes(*parts, rule=lambda *values: Do.YES if all(one is Y for one in values) else Do.NO, name=name)


@case(*(kind("i") for kind in ONBOARDING[1:5]), tagged(1, "id", "photo"), noted(1, "vegan"))
def an_onboarding_of_fourteen_types() -> Process:
    """Places and papers are joined in tables of their own; nothing is made after a withdrawal."""
    flags = steps(*ONBOARDING)
    place, access = joined_up("place", *flags[1:4]), joined_up("access", *flags[4:7])
    papers = DerivedColumn(
        "papers", (TAGS,), lambda held: "id" in {t.lower() for x in held.values() for t in x["tags"]}
    )
    withdrawn = flags[9]
    table = outcomes(
        place,
        access,
        papers,
        withdrawn,
        rule=lambda one, two, three, gone: (
            Out.FAILED if gone is Y else Out.DONE if one is Do.YES and two is Do.YES and three else Out.OTHER
        ),
    )
    menu = ComputedField("menu", (NOTES,), lambda held: sorted({x["text"].strip().lower() for x in held.values()}))
    lunch = Effect(
        "lunch",
        "kitchen",
        {Do.YES: CommandTemplate("Cook", computed=(menu,)), Do.NO: CommandTemplate("Stop")},
        initially=Do.NO,
    )
    badge = Effect("badge", "desk", {Do.YES: CommandTemplate("Make"), Do.NO: CommandTemplate("Void")}, initially=Do.NO)
    wants = [
        wanted(
            papers, withdrawn, rows=[(True, N, {badge: Do.YES}), (False, N, {badge: Do.NO}), (ANY, Y, {badge: Do.NO})]
        ),
        wanted(table, rows=[(one, {lunch: Do.YES if one is Out.DONE else Do.NO}) for one in table.states]),
    ]
    return proc(table, *flags, TAGS, NOTES, wants=wants)


LOAN: Final = [flag(name) for name in ("Requested", "ScoreGood", "ScoreBad", "Vetoed", "Accepted")]


@case(*(kind("i") for kind in LOAN), paid(1, 900), Refunded("i", "r1", "p1", 100), answer(1, "ann", "board"))
def a_loan_of_eight_types() -> Process:
    """Granted when the board agrees and nobody vetoes; what is left is reported with each instalment."""
    requested, good, bad, vetoed, accepted = steps(*LOAN)

    def has_board(answers: Entries) -> bool:
        return any(one["role"] == "board" and one["is_yes"] for one in answers.values())

    board = DerivedColumn("board", (ANSWERS,), has_board)
    table = outcomes(
        board,
        vetoed,
        good,
        bad,
        rule=lambda agrees, veto, is_good, is_bad: (
            Out.FAILED if veto is Y or is_bad is Y else Out.DONE if agrees and is_good is Y else Out.OTHER
        ),
    )
    left = ComputedField(
        "left",
        (PAYMENTS, REFUNDS),
        lambda loans, paid_: sum(x["amount"] for x in loans.values()) - sum(x["amount"] for x in paid_.values()),
    )
    has = has_any(PAYMENTS, REFUNDS)
    tell = Effect("tell", "post", {Do.YES: CommandTemplate("TellRest", computed=(left,))})
    grant = Effect(
        "grant", "bank", {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("Refuse")}, initially=Do.NO
    )
    wants = [
        wanted_in(has, tell, YES=Do.YES),
        wanted(table, rows=[(one, {grant: Do.YES if one is Out.DONE else Do.NO}) for one in table.states]),
    ]
    parts = (requested, good, bad, vetoed, accepted, has, PAYMENTS, REFUNDS, ANSWERS)
    return proc(table, *parts, wants=wants)


TRIP: Final = [
    flag(f"{what}{how}")
    for what in ("Flight", "Hotel", "Car", "Train", "Guide", "Visa")
    for how in ("Booked", "Refused")
]


@case(*(kind("i") for kind in TRIP[:4]), line(1, "boat", 7), Later("i"))
def a_trip_of_fifteen_types() -> Process:
    """Six bookings, each of which is asked for no more once it is refused, and a price with a cap."""
    flags = steps(*TRIP)
    halves = [joined_up(f"half {n}", *flags[n : n + 6 : 2]) for n in (0, 6)]
    refused = outcomes(
        *flags[1::2], rule=lambda *values: Do.YES if any(one is Y for one in values) else Do.NO, name="refused"
    )
    table = outcomes(
        *halves,
        refused,
        rule=lambda one, two, no: Out.FAILED if no is Do.YES else Out.DONE if one is two is Do.YES else Out.OTHER,
    )
    has, later = has_any(LINES), seen(Later)
    capped = ComputedField(
        "price", (LINES,), lambda held: min(5_000, sum(max(0, x["price"]) for x in held.values())), is_cumulative=True
    )
    bill = Effect("bill", "bank", {Do.YES: CommandTemplate("Bill", computed=(capped,))}, final=frozenset({Do.YES}))
    keep = Effect("keep", "agency", {Do.YES: CommandTemplate("Keep"), Do.NO: CommandTemplate("Free")}, initially=Do.YES)
    wants = [
        wanted_in(has, bill, YES=Do.YES),
        wanted(refused, rows=[(Do.YES, {keep: Do.NO}), (Do.NO, {keep: Do.YES})]),
    ]
    return proc(table, *flags, has, later, seen(A), LINES, wants=wants)


@case(Answered("i", "a1", "ann", is_yes=True), Answered("i", "a2", "ann", is_yes=False), A())
def the_last_word_of_each_person() -> Process:
    """The answer of each person with the greatest id counts, and the poll is reported once it is closed."""

    def tally(answers: Entries) -> dict[str, int]:
        last = {one["person"].strip().casefold(): one["is_yes"] for one in answers.values()}
        return {"ayes": sum(last.values()), "nays": len(last) - sum(last.values())}

    closed = seen(A)
    tell = Effect(
        "tell", "press", {Do.YES: CommandTemplate("Tell", computed=(ComputedField("votes", (ANSWERS,), tally),))}
    )
    return proc(one_outcome(closed), closed, ANSWERS, wants=[wanted_in(closed, tell, YES=Do.YES)])


@case(paid(1, 5, "2030-01-01T08:00:00Z"), paid(2, 7, "2030-01-01T09:00:00Z"), line(1, "tea", 6), line(2, "cup", 5))
def the_oldest_lines_are_paid_first() -> Process:
    """Payments are laid upon the lines in the order of their ids, all anew with each message."""

    def still_due(lines: Entries, payments: Entries) -> dict[str, int]:
        left = sum(max(0, one["amount"]) for one in payments.values())
        rest = {}
        for key, one in lines.items():
            used = min(left, max(0, one["price"]))
            left -= used
            rest[key] = max(0, one["price"]) - used
        return rest

    return shown(LINES, PAYMENTS, compute=still_due)


@case(paid(1, 5), paid(2, 12_000), paid(3, 7))
def done_or_looked_at() -> Process:
    """Done with any payment, and something else as long as a large one is there, which stays."""
    has_large = DerivedColumn("large", (PAYMENTS,), lambda held: any(x["amount"] > 9_999 for x in held.values()))
    look = Effect("look", "desk", {Do.YES: CommandTemplate("Look")}, final=frozenset({Do.YES}))
    table = wanted(has_large, rows=[(True, {look: Do.YES}), (False, {})])
    return proc(yes_no(has_large, Out.OTHER, Out.DONE), PAYMENTS, wants=[table])
