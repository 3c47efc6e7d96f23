"""Planted processes of declared tables, registers, expressions and deadlines alone, the fifth lot."""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from itertools import product
from typing import Annotated, Any

from pydantic import BaseModel, Field

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    SubMachine,
    Wanted,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    each,
    entries_where,
    greatest,
    has,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    owing,
    stages,
    total,
    wanted,
    without_partner,
)
from tests.adversary.kit import A, B, C, D, Do, Late, Later, Out, Seen, case, has_any, one_outcome, proc, seen

Cents = Annotated[int, Field(ge=0, le=10**9)]
HOUR = timedelta(hours=1)


class Line(BaseModel):
    id: str
    line_id: str
    cents: Cents


class Pay(BaseModel):
    id: str
    pay_id: str
    cents: Cents
    day: Cents = 0


class Credit(BaseModel):
    id: str
    credit_id: str
    cents: Cents


class Plan(BaseModel):
    id: str
    cents: Cents
    name: str = ""


class Result(BaseModel):
    id: str
    result_id: str
    value: Cents
    is_fit: bool = True


LINES = Register("lines", Line, "line_id")
PAYS = Register("pays", Pay, "pay_id")
CREDITS = Register("credits", Credit, "credit_id")
PLANS = Register("plans", Plan, "id")
RESULTS = Register("results", Result, "result_id")


def line(number: int, cents: int) -> Line:
    return Line(id="i", line_id=f"l{number}", cents=cents)


def pay(number: int, cents: int, day: int = 0) -> Pay:
    return Pay(id="i", pay_id=f"p{number}", cents=cents, day=day)


def result(number: int, value: int, *, is_fit: bool = True) -> Result:
    return Result(id="i", result_id=f"r{number}", value=value, is_fit=is_fit)


def one_command(name: str, *fields: ComputedField, is_final: bool = True) -> Effect:
    commands = {Do.YES: CommandTemplate(name, computed=fields)}
    return Effect(name.lower(), "desk", commands, final=frozenset({Do.YES}) if is_final else frozenset())  # type: ignore[arg-type]


def on_and_off(name: str, *, is_final: bool = False) -> Effect:
    commands = {Do.YES: CommandTemplate(f"{name}On"), Do.NO: CommandTemplate(f"{name}Off")}
    return Effect(
        name.lower(),
        "desk",
        commands,  # type: ignore[arg-type]
        initially=Do.NO,
        final=frozenset({Do.YES}) if is_final else frozenset(),
    )


def ruled(*columns: Any, rule: Callable[..., Any]) -> Wanted:
    return wanted(*columns, rows=[(*cell, rule(*cell)) for cell in product(*(one.states for one in columns))])


class Level(Enum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"
    TOP = "top"


@case(pay(1, 150), pay(2, 500))
def a_band_that_is_jumped_over() -> Process:
    """A hold is placed in the middle band, left alone in the high one, and a large payment jumps over the middle."""
    column = DerivedColumn.of("volume", bands(total(PAYS, "cents"), Level.LOW, (100, Level.MIDDLE), (500, Level.HIGH)))
    hold = on_and_off("Hold")
    table = wanted(column, rows=[(Level.LOW, {hold: Do.NO}), (Level.MIDDLE, {hold: Do.YES}), (Level.HIGH, {})])
    return proc(one_outcome(column), PAYS, wants=[table])


@case(pay(1, 120), pay(2, 900))
def a_reminder_of_part_payment() -> Process:
    """A part payment arms a deadline, which writes off even what was paid in full by then."""
    column = DerivedColumn.of("paid", bands(total(PAYS, "cents"), Level.LOW, (100, Level.MIDDLE), (900, Level.HIGH)))
    late, soon = seen(Late), Deadline("soon", Late, HOUR)
    table = outcomes(
        column,
        late,
        rule=lambda level, over: (
            Out.FAILED
            if over is Seen.YES and level is not Level.LOW
            else {Level.LOW: Out.OTHER, Level.MIDDLE: Out.OPEN, Level.HIGH: Out.DONE}[level]
        ),
    )
    arms = wanted(column, rows=[(one, {soon: ARMED} if one is Level.MIDDLE else {}) for one in column.states])
    return proc(table, late, PAYS, wants=[arms], unsettled=[Out.OPEN])


@case(line(1, 500), line(2, 100), pay(1, 700))
def a_refund_against_a_growing_order() -> Process:
    """What was paid too much is refunded for good, though a further order line may come."""
    over = beyond(PAYS, "cents", target=total(LINES, "cents"), by=("day", "pay_id"))
    column = DerivedColumn.of("ordered", both(has(LINES), has(PAYS)))
    amount = ComputedField.of("cents", over, is_cumulative=True)
    commands = {Do.YES: CommandTemplate("Refund", PAYS, ("pay_id",), (amount,))}
    refund = Effect("refund", "bank", commands, final=frozenset({Do.YES}))  # type: ignore[arg-type]
    table = wanted(column, rows=[(True, {refund: owing(over)}), (False, {})])
    return proc(one_outcome(column), LINES, PAYS, wants=[table])


@case(pay(1, 500), Credit(id="i", credit_id="c1", cents=200))
def net_of_credits() -> Process:
    """The payout is what was paid less credits, and is said to be cumulative."""
    column = DerivedColumn.of("any", has(PAYS))
    net = total(PAYS, "cents").minus(total(CREDITS, "cents")).at_least(0)
    out = one_command("PayOut", ComputedField.of("cents", net, is_cumulative=True))
    return proc(one_outcome(column), PAYS, CREDITS, wants=[wanted(column, rows=[(True, {out: Do.YES}), (False, {})])])


@case(pay(1, 500, 2), pay(2, 400, 3))
def the_hammer_price() -> Process:
    """The bid of the latest day is sent to the winner for good, and a later one may come."""
    column = DerivedColumn.of("any", has(PAYS))
    tell = one_command("Hammer", ComputedField.of("cents", latest(PAYS, by=("day", "pay_id"), field="cents")))
    return proc(one_outcome(column), PAYS, wants=[wanted(column, rows=[(True, {tell: Do.YES}), (False, {})])])


@case(A(), pay(1, 500))
def the_best_bid_before_any() -> Process:
    """The best bid is published once the lot is opened, for good, and it is absent before the first bid."""
    opened = seen(A)
    tell = one_command("Publish", ComputedField.of("best", greatest(PAYS, "cents"), is_cumulative=True))
    table = wanted(opened, rows=[(Seen.YES, {tell: Do.YES}), (Seen.NO, {})])
    return proc(one_outcome(opened), opened, PAYS, wants=[table])


@case(pay(1, 500), pay(2, 300))
def the_lowest_offer_only_grows() -> Process:
    """The lowest offer is announced as if it could only grow."""
    column = DerivedColumn.of("any", has(PAYS))
    tell = one_command("Offer", ComputedField.of("least", least(PAYS, "cents"), is_cumulative=True))
    return proc(one_outcome(column), PAYS, wants=[wanted(column, rows=[(True, {tell: Do.YES}), (False, {})])])


@case(Plan(id="i", cents=5, name="pro"), A())
def a_welcome_without_a_plan() -> Process:
    """The welcome carries the name of the plan, and is sent when the customer signs, plan or not."""
    signed = seen(A)
    welcome = Effect("welcome", "post", {Do.YES: CommandTemplate("Welcome", PLANS, ("name",))})
    return proc(
        one_outcome(signed), signed, PLANS, wants=[wanted(signed, rows=[(Seen.YES, {welcome: Do.YES}), (Seen.NO, {})])]
    )


@case(line(1, 7), pay(1, 9), Credit(id="i", credit_id="l1", cents=9))
def lines_without_a_credit() -> Process:
    """Each line without a credit note is billed for good, and the credit note may come later."""
    has_line = DerivedColumn.of("any", has(LINES))
    bill = Effect("bill", "desk", {Do.YES: CommandTemplate("Bill", LINES, ("line_id",))}, final=frozenset({Do.YES}))
    chosen = without_partner(LINES, "line_id", CREDITS)
    return proc(
        one_outcome(has_line),
        LINES,
        PAYS,
        CREDITS,
        wants=[wanted(has_line, rows=[(True, {bill: chosen}), (False, {})])],
    )


@case(result(1, 5), result(2, 7), result(3, 9, is_fit=False))
def fit_after_two_results() -> Process:
    """Two results, and all of them fit: the certificate is issued for good. A third may be unfit."""
    column = DerivedColumn.of("fit", both(count(RESULTS) >= 2, all_of(RESULTS, each("is_fit").equals(True))))
    certify = on_and_off("Certify", is_final=True)
    table = wanted(column, rows=[(True, {certify: Do.YES}), (False, {certify: Do.NO})])
    return proc(one_outcome(column), RESULTS, wants=[table])


@case(A(), B())
def the_cure_comes_first() -> Process:
    """An alarm arms a deadline unless it was cleared; when it fires, the device is failed even if cleared by then."""
    alarm, clear, late = seen(A), seen(B), seen(Late)
    table = outcomes(
        alarm,
        clear,
        late,
        rule=lambda a, b, c: (
            Out.FAILED if a is Seen.YES and c is Seen.YES else Out.OPEN if a is Seen.YES and b is Seen.NO else Out.DONE
        ),
    )
    soon = Deadline("soon", Late, HOUR)
    arms = ruled(alarm, clear, rule=lambda a, b: {soon: ARMED} if a is Seen.YES and b is Seen.NO else {})
    return proc(table, alarm, clear, late, wants=[arms], unsettled=[Out.OPEN])


@case(pay(1, 1), A(), Late("i"))
def the_second_deadline_is_forgotten() -> Process:
    """The first deadline leads to a grace period, which is open and has its deadline only while nothing was paid."""
    some, signed, late, later = DerivedColumn.of("some", has(PAYS)), seen(A), seen(Late), seen(Later)
    table = outcomes(
        signed,
        some,
        late,
        later,
        rule=lambda a, paid, over, out: (
            Out.DONE if a is Seen.YES and paid and over is Seen.NO else Out.FAILED if out is Seen.YES else Out.OPEN
        ),
    )
    soon, grace = Deadline("soon", Late, HOUR), Deadline("grace", Later, HOUR)
    arms = ruled(
        some,
        late,
        rule=lambda paid, over: {soon: ARMED} if over is Seen.NO else {grace: ARMED} if not paid else {},
    )
    return proc(table, signed, late, later, PAYS, wants=[arms], unsettled=[Out.OPEN])


@case(line(1, 900), Plan(id="i", cents=100))
def an_audit_of_small_lines_too() -> Process:
    """Two selections of the same lines overlap at a boundary, so a line is audited twice."""
    ordered = has_any(LINES)
    commands = {Do.YES: CommandTemplate("Audit", LINES, ("line_id", "cents"))}
    large, odd = Effect("large", "audit", commands), Effect("beyond-plan", "audit", commands)  # type: ignore[arg-type]
    table = wanted(
        ordered,
        rows=[
            (
                Seen.YES,
                {
                    large: entries_where(LINES, each("cents") >= 500),
                    odd: entries_where(LINES, each("cents") > only(PLANS, "cents")),
                },
            ),
            (Seen.NO, {}),
        ],
    )
    return proc(one_outcome(ordered), ordered, LINES, PLANS, wants=[table])


class Door(Enum):
    SHUT = "shut"
    KNOWN = "known"
    BADGED = "badged"
    BOTH = "both"
    ALARM = "alarm"


@case(A(), B(), C())
def a_badge_during_an_alarm() -> Process:
    """Announced and badged make a visit; a fire alarm while only the badge is known is taken for a break-in."""
    door = SubMachine(
        "door",
        Door.SHUT,
        {
            Door.SHUT: {A: Door.KNOWN, B: Door.BADGED, C: Door.SHUT},
            Door.KNOWN: {A: Door.KNOWN, B: Door.BOTH, C: Door.KNOWN},
            Door.BADGED: {A: Door.BOTH, B: Door.BADGED, C: Door.ALARM},
            Door.BOTH: {A: Door.BOTH, B: Door.BOTH, C: Door.BOTH},
            Door.ALARM: dict.fromkeys((A, B, C), Door.ALARM),
        },
    )
    return proc(outcomes(door, rule=lambda at: Out.FAILED if at is Door.ALARM else Out.DONE), door)


@case(A(), B(), C(), D())
def stopped_after_the_parcel_left() -> Process:
    """The parcel left, so it can't be stopped; but a recall stops it anyhow, unless it was insured."""
    ordered, recalled, insured, left = seen(A), seen(B), seen(C), seen(D)
    commands = {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Stop")}
    send = Effect("send", "carrier", commands, initially=Do.NO, final=frozenset({Do.YES}), decided_by=D)  # type: ignore[arg-type]
    table = ruled(
        ordered,
        recalled,
        insured,
        left,
        rule=lambda a, b, c, d: {
            send: Do.YES if a is Seen.YES and (b is Seen.NO or (c is Seen.YES and d is Seen.YES)) else Do.NO
        },
    )
    return proc(one_outcome(ordered), ordered, recalled, insured, left, wants=[table])


@case(line(1, 3), line(2, 2), Credit(id="i", credit_id="c1", cents=3))
def released_when_something_is_unmatched() -> Process:
    """A hold stays as it is once all credits match a line; whether it was placed depends on who came first."""
    column = DerivedColumn.of("stray", lacks_partner(CREDITS, "cents", LINES, "cents"))
    hold = on_and_off("Hold")
    return proc(one_outcome(column), LINES, CREDITS, wants=[wanted(column, rows=[(True, {hold: Do.YES}), (False, {})])])


@case(pay(1, 700, 1), pay(2, 100, 2), Plan(id="i", cents=600))
def a_tier_for_good() -> Process:
    """A tier is granted for good while no single payment exceeds the plan, and the plan may come later."""
    paid, plan = total(PAYS, "cents") >= 700, any_of(PAYS, each("cents") > only(PLANS, "cents"))
    column = DerivedColumn.of("tier", stages(Level.LOW, (paid, Level.MIDDLE), (both(paid, negated(plan)), Level.HIGH)))
    grant = on_and_off("Tier", is_final=True)
    table = wanted(column, rows=[(one, {grant: Do.YES if one is Level.HIGH else Do.NO}) for one in column.states])
    return proc(one_outcome(column), PAYS, PLANS, wants=[table])
