"""Pairs of versions of tenders, claims, loans and plants, about half of which do harm to live instances."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

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
    Selection,
    SubMachine,
    count,
    each,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import (
    Do,
    Out,
    Seen,
    by,
    chosen,
    has_any,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
    yes_no,
)
from tests.adversary.planted.ninth_messages import (
    DRAWS,
    REPAYMENTS,
    TERMS,
    VOTES,
    Approved,
    Checked,
    Confirmed,
    Elapsed,
    Insured,
    Known,
    Metered,
    Opened,
    Repaid,
    Terms,
    Voted,
    booked_if,
    drawn,
    metered,
    repaid,
    vote,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
OPENED, CONFIRMED = seen(Opened), seen(Confirmed)
APPROVED, CHECKED, ELAPSED = seen(Approved), seen(Checked), seen(Elapsed)


def ayes(number: int, *, is_final: bool = True) -> Process:
    column = DerivedColumn.of("ayes", count(VOTES, where=each("says").equals("yes")) >= number)
    return booked_if(column, VOTES, is_final=is_final)


@upgrade(vote(1, "yes"), vote(2, "yes"), vote(3, "no"), is_harmful=True)
def three_ayes_instead_of_two() -> Pair:
    """What two ayes booked for good is not wanted any more before the third one."""
    return ayes(2), ayes(3)


@upgrade(vote(1, "yes"), vote(2, "yes"), vote(3, "yes"), is_harmful=False)
def two_ayes_instead_of_three() -> Pair:
    """Two ayes are enough from now on, so nothing that was booked is given back."""
    return ayes(3), ayes(2)


@upgrade(vote(1, "yes"), vote(2, "yes"), vote(3, "yes"), is_harmful=False)
def three_ayes_for_what_can_be_given_back() -> Pair:
    """What is given back can be given back."""
    return ayes(2, is_final=False), ayes(3, is_final=False)


def _heaviest(known: int, fact: Fact) -> int:
    return max(known, int(fact.fields["value"]))


def _heaviest_in_tons(known: int, fact: Fact) -> int:
    return max(known, int(fact.fields["value"]) // 1_000)


@upgrade(metered(1, 5_000, 1), metered(2, 3_000, 2), is_harmful=True)
def a_peak_in_kilos() -> Pair:
    """The reducer keeps its name, and what it has stored is in tons."""
    old, new = (Reducer("peak", (Metered,), 0, fold) for fold in (_heaviest_in_tons, _heaviest))
    return shown(old), shown(new)


def _heaviest_too(known: int, fact: Fact) -> int:
    value = int(fact.fields["value"])
    return max(value, known)


@upgrade(metered(1, 5_000, 1), metered(2, 7_000, 2), is_harmful=False)
def a_peak_written_in_another_way() -> Pair:
    """The function was rewritten, and says the same."""
    old, new = (Reducer("peak", (Metered,), 0, fold) for fold in (_heaviest, _heaviest_too))
    return shown(old), shown(new)


def _voters(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["voter"]: 1}


def _voters_by_answer(known: Known, fact: Fact) -> Known:
    answers = known.get(fact.fields["voter"], [])
    answers = answers if isinstance(answers, list) else []
    return {**known, fact.fields["voter"]: sorted({*answers, fact.fields["says"]})}


@upgrade(vote(1, "yes", "Ada"), vote(2, "no", "Bo"), is_harmful=True)
def voters_with_their_answers() -> Pair:
    """The old version did not store what a voter said."""
    old, new = (Reducer("voters", (Voted,), {}, fold) for fold in (_voters, _voters_by_answer))
    return shown(old), shown(new)


@upgrade(Approved(), Checked(), is_harmful=True)
def a_check_that_counts_as_an_approval() -> Pair:
    """A check that came before is not known to the machine that consumes it now."""
    either = SubMachine("approved", N, {state: {Approved: Y, Checked: Y} for state in Seen})
    first = proc(by(APPROVED, YES=Out.DONE, NO=Out.OPEN), APPROVED, CHECKED)
    second = proc(by(replace(either), YES=Out.DONE, NO=Out.OPEN), replace(either), CHECKED)
    return first, second


@upgrade(Approved(), Insured(), is_harmful=False)
def an_insurance_that_counts_as_an_approval() -> Pair:
    """The class is new, so none of its messages was missed."""
    either = SubMachine("approved", N, {state: {Approved: Y, Insured: Y} for state in Seen})
    approved = seen(Approved)
    return (
        proc(by(approved, YES=Out.DONE, NO=Out.OPEN), approved),
        proc(by(either, YES=Out.DONE, NO=Out.OPEN), either),
    )


@upgrade(repaid(1, 60), repaid(2, 60), is_harmful=True)
def a_register_with_a_clearer_name() -> Pair:
    """The entries stay behind under the old name."""
    renamed = Register("payments", Repaid, "repayment_id")
    return (
        proc(yes_no(DerivedColumn.of("paid", total(REPAYMENTS, "cents") >= 100)), REPAYMENTS),
        proc(yes_no(DerivedColumn.of("paid", total(renamed, "cents") >= 100)), renamed),
    )


@upgrade(vote(1, "yes", "Ada"), vote(2, "no", "Bo"), is_harmful=True)
def votes_kept_by_voter() -> Pair:
    """The key of the register is another one, and a repeat is counted again."""
    by_voter = Register("votes", Voted, "voter")
    return (
        shown(VOTES, compute=len),
        shown(by_voter, compute=len),
    )


@upgrade(repaid(1, 60), repaid(2, 160), is_harmful=True)
def gifts_only_for_more() -> Pair:
    """Who got a gift for 50 keeps it, and would not get one any more."""
    old = Selection("gifts", REPAYMENTS, lambda held: frozenset(key for key in held if held[key]["cents"] >= 50))
    new = Selection("gifts", REPAYMENTS, lambda held: frozenset(key for key in held if held[key]["cents"] >= 100))
    return chosen(REPAYMENTS, old.choose), chosen(REPAYMENTS, new.choose)


@upgrade(repaid(1, 60), repaid(2, 160), is_harmful=False)
def gifts_also_for_less() -> Pair:
    """Those who get a gift from now on get it with the next message."""

    def at_least(least: int) -> Process:
        return chosen(
            REPAYMENTS, lambda held: frozenset(key for key in held if held[key]["cents"] >= least), is_final=True
        )

    return at_least(100), at_least(50)


@upgrade(Confirmed(), Terms(limit=5), is_harmful=True)
def a_contract_with_its_limit() -> Pair:
    """The contract that was signed does not say the limit, and is not signed again."""
    known = seen(Terms)

    def signing(*fields: str) -> Process:
        sign = Effect("contract", "legal", {Do.YES: CommandTemplate("Sign", TERMS, fields)})
        rows = [(Y, {sign: Do.YES}), (N, {})]
        return proc(one_outcome(CONFIRMED), CONFIRMED, known, TERMS, wants=[wanted(known, rows=rows)])

    return signing("wait_seconds"), signing("wait_seconds", "limit")


@upgrade(repaid(1, 5), drawn(1, 3), is_harmful=True)
def a_final_balance_less_its_draws() -> Pair:
    """The balance that was printed for good becomes less."""

    def printing(figure: Any) -> Process:
        any_came = has_any(REPAYMENTS, DRAWS)
        field = ComputedField.of("balance", figure, is_cumulative=True)
        effect = Effect(
            "balance", "printer", {Do.YES: CommandTemplate("Print", computed=(field,))}, frozenset({Do.YES})
        )
        return proc(one_outcome(any_came), any_came, REPAYMENTS, DRAWS, wants=[wanted_in(any_came, effect, YES=Do.YES)])

    gross = total(REPAYMENTS, "cents")
    return printing(gross), printing(gross.minus(total(DRAWS, "cents")))


@upgrade(repaid(1, 5), repaid(2, 3), is_harmful=False)
def a_status_in_another_unit() -> Pair:
    """The status can be sent again, and is."""
    return (
        shown(REPAYMENTS, compute=lambda held: sum(one["cents"] for one in held.values())),
        shown(REPAYMENTS, compute=lambda held: sum(one["cents"] for one in held.values()) * 10),
    )


class Before:
    """Messages as they were."""

    class Tolled(BaseModel):
        """A lorry paid a toll."""

        id: str = "i"
        toll_id: str
        cents: Annotated[int, Field(ge=0, le=1_000)]


class Wider:
    """Messages with a higher limit."""

    class Tolled(BaseModel):
        """A lorry paid a toll."""

        id: str = "i"
        toll_id: str
        cents: Annotated[int, Field(ge=0, le=100_000)]


class Longer:
    """Messages with one more field."""

    class Tolled(BaseModel):
        """A lorry paid a toll."""

        id: str = "i"
        toll_id: str
        cents: Annotated[int, Field(ge=0, le=1_000)]
        axles: Annotated[int, Field(ge=1, le=9)] = 2


def tolls(kind: type) -> Register:
    return Register("tolls", kind, "toll_id")


FIRST, NEXT = Before.Tolled(toll_id="t1", cents=500), Before.Tolled(toll_id="t2", cents=700)


@upgrade(FIRST, NEXT, is_harmful=False)
def a_toll_that_may_be_higher() -> Pair:
    """The new class takes all that the old one took."""

    def summed(kind: type) -> Process:
        return judged(tolls(kind), judge=lambda held: sum(one["cents"] for one in held.values()) >= 1_000)

    return summed(Before.Tolled), summed(Wider.Tolled)


@upgrade(FIRST, NEXT, is_harmful=True)
def a_toll_with_axles_that_were_not_stored() -> Pair:
    """Entries that are stored lack the new field."""
    return (
        shown(tolls(Before.Tolled), compute=lambda held: sum(one["cents"] for one in held.values())),
        shown(tolls(Longer.Tolled), compute=lambda held: sum(one["cents"] * one["axles"] for one in held.values())),
    )


@upgrade(FIRST, NEXT, is_harmful=False)
def a_toll_with_axles_or_two() -> Pair:
    """A stored entry has as many axles as the default says."""

    def weighted(held: Entries) -> int:
        return sum(one["cents"] * one.get("axles", 2) for one in held.values())

    return (
        shown(tolls(Before.Tolled), compute=lambda held: sum(one["cents"] * 2 for one in held.values())),
        shown(tolls(Longer.Tolled), compute=weighted),
    )


def expiring(days: int, *, is_settled: bool = False) -> Process:
    clock = Deadline("clock", Elapsed, timedelta(days=days))
    rows = [(N, ANY, Out.OTHER), (Y, N, Out.OPEN), (Y, Y, Out.FAILED)]
    arm = wanted(OPENED, rows=[(Y, {} if is_settled else {clock: ARMED}), (N, {})])
    unsettled = [] if is_settled else [Out.OPEN]
    return proc(outcomes(OPENED, ELAPSED, rows=rows), OPENED, ELAPSED, wants=[arm], unsettled=unsettled)


@upgrade(Opened(), Elapsed(), is_harmful=False)
def a_week_instead_of_a_day() -> Pair:
    """A clock that runs keeps its time."""
    return expiring(1), expiring(7)


@upgrade(Opened(), Elapsed(), is_harmful=True)
def a_file_that_has_to_wait_from_now_on() -> Pair:
    """A file that was opened before has no clock, and is no longer settled."""
    return expiring(1, is_settled=True), expiring(1)
