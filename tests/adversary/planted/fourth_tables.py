"""Tables only, with several deadlines, effects and children: what people leave out of them."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Literal

from pydantic import BaseModel

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_least,
    beyond,
    both,
    count,
    each,
    entries_where,
    has,
    one_of,
    only,
    outcomes,
    owing,
    total,
    wanted,
    with_partner,
    without_partner,
)
from tests.adversary.kit import Commands, Do, Out, Seen, case, one_outcome, proc, seen, wanted_in

Y, N = Seen.YES, Seen.NO
ON_OFF: Commands = {Do.YES: CommandTemplate("Open"), Do.NO: CommandTemplate("Close")}


@dataclass(frozen=True)
class BookLent:
    id: str


@dataclass(frozen=True)
class BookReturned:
    id: str


@dataclass(frozen=True)
class LoanEnded:
    id: str


LENT, RETURNED, ENDED = seen(BookLent), seen(BookReturned), seen(LoanEnded)
FOUR_WEEKS = Deadline("four-weeks", LoanEnded, timedelta(weeks=4))


@case(BookLent("i"), BookReturned("i"))
def a_fine_for_a_book_that_is_back() -> Process:
    """The end of the loan fines a book that was returned, and nobody starts it if the return came first."""
    table = outcomes(
        LENT,
        RETURNED,
        ENDED,
        rows=[(Y, N, N, Out.OPEN), (Y, ANY, Y, Out.FAILED), (Y, Y, N, Out.DONE), (N, ANY, ANY, Out.OTHER)],
    )
    wants = wanted(table, rows=[(Out.OPEN, {FOUR_WEEKS: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, LENT, RETURNED, ENDED, wants=[wants], unsettled=[Out.OPEN])


@case(BookLent("i"), BookReturned("i"))
def a_reminder_that_may_never_have_been() -> Process:
    """The letter is sent at the end of the loan, and left out of the row of a returned book."""
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("SendReminder")})
    table = outcomes(LENT, RETURNED, rows=[(N, ANY, Out.OTHER), (Y, N, Out.OPEN), (Y, Y, Out.DONE)])
    wants = wanted(
        LENT,
        RETURNED,
        ENDED,
        rows=[
            (Y, N, N, {FOUR_WEEKS: ARMED}),
            (Y, N, Y, {letter: Do.YES}),
            (Y, Y, ANY, {}),
            (N, ANY, ANY, {}),
        ],
    )
    return proc(table, LENT, RETURNED, ENDED, wants=[wants])


class CureEnded(BaseModel):
    """Two days and a half later."""

    id: str
    due_at: date


@dataclass(frozen=True)
class CureBegun:
    id: str


@case(CureBegun("i"))
def a_day_and_no_moment() -> Process:
    """The message of the deadline takes the day on which it was due, and gets a moment within it."""
    begun, ended = seen(CureBegun), seen(CureEnded)
    table = outcomes(begun, ended, rows=[(ANY, Y, Out.DONE), (Y, N, Out.OPEN), (N, N, Out.OTHER)])
    cure = Deadline("cure", CureEnded, timedelta(hours=60))
    wants = wanted(table, rows=[(Out.OPEN, {cure: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, begun, ended, wants=[wants], unsettled=[Out.OPEN])


@dataclass(frozen=True)
class ReviewAsked:
    id: str


@dataclass(frozen=True)
class ReviewGiven:
    id: str


@dataclass(frozen=True)
class ReviewTimedOut:
    id: str


@dataclass(frozen=True)
class EscalationTimedOut:
    id: str


@case(ReviewAsked("i"), ReviewGiven("i"))
def an_escalation_that_is_never_answered() -> Process:
    """After a day it is escalated, and nothing ends the escalation."""
    asked, given, late = seen(ReviewAsked), seen(ReviewGiven), seen(ReviewTimedOut)
    day = Deadline("day", ReviewTimedOut, timedelta(days=1))
    table = outcomes(
        asked,
        given,
        late,
        rows=[(N, ANY, ANY, Out.OTHER), (Y, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED)],
    )
    wants = wanted(table, rows=[(one_of(Out.OPEN, Out.FAILED), {day: ARMED}), (one_of(Out.DONE, Out.OTHER), {})])
    return proc(table, asked, given, late, wants=[wants], unsettled=[Out.OPEN, Out.FAILED])


@case(ReviewAsked("i"), ReviewGiven("i"))
def two_deadlines_of_which_one_is_dropped() -> Process:
    """The second deadline is started only if the first is over before the review, and blames afterwards."""
    asked, given, late, over = seen(ReviewAsked), seen(ReviewGiven), seen(ReviewTimedOut), seen(EscalationTimedOut)
    day = Deadline("day", ReviewTimedOut, timedelta(days=1))
    week = Deadline("week", EscalationTimedOut, timedelta(days=7))
    blame = Effect("blame", "boss", {Do.YES: CommandTemplate("Blame")})
    table = outcomes(asked, given, rows=[(N, ANY, Out.OTHER), (Y, N, Out.OPEN), (Y, Y, Out.DONE)])
    wants = wanted(
        asked,
        given,
        late,
        over,
        rows=[
            (Y, ANY, N, N, {day: ARMED}),
            (Y, N, Y, N, {day: ARMED, week: ARMED}),
            (Y, Y, Y, N, {day: ARMED}),
            (Y, ANY, ANY, Y, {day: ARMED, blame: Do.YES}),
            (N, ANY, ANY, ANY, {}),
        ],
    )
    return proc(table, asked, given, late, over, wants=[wants])


@dataclass(frozen=True)
class Moved:
    id: str
    street: str


@dataclass(frozen=True)
class Ordered:
    id: str
    article: str = "pen"


MOVED_TO = Register("moved-to", Moved, "id")
ORDERS = Register("orders", Ordered, "id")


@case(Moved("i", "Main Street"), Ordered("i"))
def a_label_without_street() -> Process:
    """The label says the street, and is printed as soon as something was ordered."""
    ordered, moved = seen(Ordered), seen(Moved)
    label = Effect("label", "printer", {Do.YES: CommandTemplate("Print", MOVED_TO, ("street",))})
    wants = wanted(ordered, moved, rows=[(Y, ANY, {label: Do.YES}), (N, ANY, {})])
    return proc(one_outcome(ordered), ordered, moved, MOVED_TO, wants=[wants])


@case(Ordered("i"), Moved("i", "Main Street"))
def a_confirmation_that_two_send() -> Process:
    """The shop and the newsletter each confirm an order in the same words."""
    ordered, moved = seen(Ordered), seen(Moved)
    words: Commands = {Do.YES: CommandTemplate("Confirm", ORDERS, ("article",))}
    first, second = Effect("confirmation", "mail", words), Effect("welcome", "mail", words)
    wants = wanted(
        ordered, moved, rows=[(Y, N, {first: Do.YES}), (Y, Y, {first: Do.YES, second: Do.YES}), (N, ANY, {})]
    )
    return proc(one_outcome(ordered), ordered, moved, ORDERS, wants=[wants])


@dataclass(frozen=True)
class LoginFailed:
    id: str


class Tries(Enum):
    NONE = "none"
    ONCE = "once"
    TWICE = "twice"
    LOCKED = "locked"


@case(LoginFailed("i"))
def three_wrong_passwords() -> Process:
    """Each failure moves one further, and so does the same failure once more."""
    nexts = dict(zip(Tries, [*list(Tries)[1:], Tries.LOCKED], strict=True))
    tries = SubMachine("tries", Tries.NONE, {one: {LoginFailed: nexts[one]} for one in Tries})
    return proc(outcomes(tries, rows=[(Tries.LOCKED, Out.FAILED), (all_but(Tries.LOCKED), Out.DONE)]), tries)


@dataclass(frozen=True)
class BadgeLost:
    id: str


@dataclass(frozen=True)
class BadgeFound:
    id: str


@dataclass(frozen=True)
class BadgeIssued:
    id: str


@case(BadgeIssued("i"), BadgeLost("i"), BadgeFound("i"))
def a_door_that_is_left_open() -> Process:
    """A badge opens the door; lost it closes, and a found one is not mentioned."""
    issued, lost, found = seen(BadgeIssued), seen(BadgeLost), seen(BadgeFound)
    door = Effect("door", "gate", ON_OFF, initially=Do.NO)
    wants = wanted(
        issued,
        lost,
        found,
        rows=[
            (N, ANY, ANY, {door: Do.NO}),
            (Y, N, ANY, {door: Do.YES}),
            (Y, Y, N, {door: Do.NO}),
            (Y, Y, Y, {}),
        ],
    )
    return proc(one_outcome(issued), issued, lost, found, wants=[wants])


@dataclass(frozen=True)
class Offered:
    id: str
    offer_id: str
    price: int
    at: str


@dataclass(frozen=True)
class PremiumChosen:
    id: str


OFFERS = Register("offers", Offered, "offer_id")


@case(Offered("i", "a", 5, "2"), Offered("i", "b", 7, "1"), PremiumChosen("i"))
def turned_down_by_price_or_by_age() -> Process:
    """All offers but the cheapest are turned down; for premium customers all but the earliest."""
    premium = seen(PremiumChosen)
    refuse = Effect("refuse", "desk", {Do.YES: CommandTemplate("Refuse", OFFERS, ("price",))})
    wants = wanted_in(premium, refuse, NO=all_but_least(OFFERS, by=("price",)), YES=all_but_least(OFFERS, by=("at",)))
    return proc(one_outcome(premium), premium, OFFERS, wants=[wants])


@dataclass(frozen=True)
class Claimed:
    id: str
    claim_id: str
    cents: int


@dataclass(frozen=True)
class Covered:
    id: str
    cover_id: str
    cents: int


CLAIMS, COVERS = Register("claims", Claimed, "claim_id"), Register("covers", Covered, "cover_id")


@case(Claimed("i", "c1", 50), Claimed("i", "c2", 70), Covered("i", "k1", 60), Covered("i", "k2", 40))
def refused_beyond_what_is_covered() -> Process:
    """What lies beyond the covers is refused for good, and another cover may come."""
    excess = beyond(CLAIMS, "cents", target=total(COVERS, "cents"), by=("claim_id",))
    template = CommandTemplate("RefuseClaim", computed=(ComputedField.of("cents", excess, is_cumulative=True),))
    refuse = Effect("refuse", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("is covered", has(COVERS))
    wants = wanted(column, rows=[(True, {refuse: owing(excess)}), (False, {})])
    return proc(one_outcome(column), CLAIMS, COVERS, wants=[wants])


@case(Claimed("i", "c1", 50), Covered("i", "c1", 60))
def chased_until_it_is_covered() -> Process:
    """A letter for each claim without a cover, which stays sent if the cover is late."""
    chase = Effect("chase", "post", {Do.YES: CommandTemplate("Chase", CLAIMS, ("cents",))})
    column = DerivedColumn.of("any", has(CLAIMS))
    selection = without_partner(CLAIMS, "claim_id", COVERS, "cover_id")
    return proc(
        one_outcome(column),
        CLAIMS,
        COVERS,
        wants=[wanted(column, rows=[(True, {chase: selection}), (False, {})])],
    )


@case(Claimed("i", "c1", 50), Covered("i", "k1", 60))
def closed_with_a_number() -> Process:
    """The last letter says for good how many claims there were."""
    template = CommandTemplate("CloseFile", computed=(ComputedField.of("claims", count(CLAIMS)),))
    close = Effect("close", "archive", {Do.YES: template}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("is covered", has(COVERS))
    wants = wanted(column, rows=[(True, {close: Do.YES}), (False, {})])
    return proc(one_outcome(column), CLAIMS, COVERS, wants=[wants])


@dataclass(frozen=True)
class PlanChosen:
    id: str
    plan: Literal["basic", "team"]


PLAN = Register("plan", PlanChosen, "id")


@case(Claimed("i", "c1", 50), Claimed("i", "c2", 500), PlanChosen("i", "team"))
def small_ones_until_the_plan_is_known() -> Process:
    """Small claims are paid at once, and with a plan for teams only the great ones."""
    pay = Effect("pay", "bank", {Do.YES: CommandTemplate("Pay", CLAIMS, ("cents",))})
    team = DerivedColumn.of("team", only(PLAN, "plan").equals("team"))
    small = entries_where(CLAIMS, each("cents") < 100)
    great = entries_where(CLAIMS, each("cents") >= 100)
    wants = wanted(team, rows=[(False, {pay: small}), (True, {pay: great})])
    return proc(one_outcome(team), CLAIMS, PLAN, wants=[wants])


def _desk() -> Process:
    opened = DerivedColumn.of("opened", has(CLAIMS))
    desk = Effect("desk", "files", ON_OFF)
    table = outcomes(opened, name="desk", rows=[(True, Out.DONE), (False, Out.OPEN)])
    covered = DerivedColumn.of("paired", both(has(CLAIMS), has(COVERS)))
    wants = wanted(opened, covered, rows=[(True, False, {desk: Do.YES}), (ANY, True, {}), (False, False, {})])
    return replace(proc(table, CLAIMS, COVERS, wants=[wants]), name="desk")


@case(Claimed("i", "c1", 50), Covered("i", "k1", 60), PlanChosen("i", "team"))
def a_child_that_leaves_it_open() -> Process:
    """The smaller process opens a file for a claim without cover, and says nothing of one with a cover."""
    child = _desk()
    chosen = DerivedColumn.of("chosen", has(PLAN))
    return proc(outcomes(child.outcomes, chosen, rows=[(ANY, ANY, Out.DONE)]), PLAN, children=(child,))


@case(Claimed("i", "c1", 50), Covered("i", "k1", 50), PlanChosen("i", "basic"))
def paired_for_good_until_the_plan() -> Process:
    """A pair of claim and cover is paid for good, except under the basic plan, which may be known later."""
    pay = Effect("pay", "bank", {Do.YES: CommandTemplate("Pay", CLAIMS, ("claim_id",))}, final=frozenset({Do.YES}))
    basic = DerivedColumn.of("basic", only(PLAN, "plan").equals("basic"))
    pairs = with_partner(CLAIMS, "cents", COVERS, "cents")
    wants = wanted(basic, rows=[(False, {pay: pairs}), (True, {})])
    return proc(one_outcome(basic), CLAIMS, COVERS, PLAN, wants=[wants])
