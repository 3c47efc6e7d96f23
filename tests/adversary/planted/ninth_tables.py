"""Sub-machines, tables, effects, parts and bounds, as they are written in a hurry."""

from dataclasses import replace
from datetime import timedelta
from enum import Enum

from saga import (
    ANY,
    ARMED,
    Announces,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    SubMachine,
    all_but,
    count,
    has,
    one_of,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import (
    Commands,
    Do,
    Moves,
    Out,
    Seen,
    by,
    case,
    has_any,
    one_outcome,
    proc,
    seen,
    shown,
    wanted_in,
    yes_no,
)
from tests.adversary.planted.ninth_messages import (
    DRAWS,
    REPAYMENTS,
    TERMS,
    Approved,
    Cancelled,
    Checked,
    Closed,
    Confirmed,
    Elapsed,
    Insured,
    Opened,
    Paused,
    Pledged,
    Rejected,
    Repaid,
    Resumed,
    Shipped,
    Signed,
    Terms,
    Voted,
    booking,
    drawn,
    pledge,
    repaid,
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


class Claim(Enum):
    """The life of a claim."""

    NEW = "new"
    OPEN = "open"
    COVERED = "covered"
    REFUSED = "refused"


@case(Opened(), Approved())
def an_approval_that_needs_an_open_claim() -> Process:
    """An approval of a claim that nobody opened is dropped."""
    moves: Moves = {
        Claim.NEW: {Opened: Claim.OPEN, Approved: Claim.NEW, Rejected: Claim.REFUSED},
        Claim.OPEN: {Opened: Claim.OPEN, Approved: Claim.COVERED, Rejected: Claim.REFUSED},
        Claim.COVERED: {Opened: Claim.COVERED, Approved: Claim.COVERED, Rejected: Claim.REFUSED},
        Claim.REFUSED: dict.fromkeys([Opened, Approved, Rejected], Claim.REFUSED),
    }
    machine = SubMachine("claim", Claim.NEW, moves)
    return proc(by(machine, NEW=Out.OPEN, OPEN=Out.OPEN, COVERED=Out.DONE, REFUSED=Out.FAILED), machine)


class Plan(Enum):
    """Whether a plan runs."""

    RUNS = "runs"
    RESTS = "rests"


@case(Paused(), Resumed())
def a_plan_that_rests_and_runs() -> Process:
    """The last of a pause and its end decides, and they say nothing of their time."""
    machine = SubMachine("plan", Plan.RUNS, {state: {Paused: Plan.RESTS, Resumed: Plan.RUNS} for state in Plan})
    return proc(by(machine, RUNS=Out.DONE, RESTS=Out.OTHER), machine)


class Signatures(Enum):
    """How many signatures there are."""

    NONE = "none"
    ONE = "one"
    TWO = "two"


@case(Signed())
def two_signatures_counted_by_messages() -> Process:
    """The same signature delivered again is the second one."""
    moves: Moves = {
        Signatures.NONE: {Signed: Signatures.ONE},
        Signatures.ONE: {Signed: Signatures.TWO},
        Signatures.TWO: {Signed: Signatures.TWO},
    }
    machine = SubMachine("signatures", Signatures.NONE, moves)
    return proc(by(machine, NONE=Out.OPEN, ONE=Out.OPEN, TWO=Out.DONE), machine)


class Gate(Enum):
    """What a lorry at the gate has shown."""

    NOTHING = "nothing"
    PAPERS = "papers"
    LOAD = "load"
    BOTH = "both"
    SEALED_EARLY = "sealed early"
    SEALED = "sealed"


@case(Signed(), Shipped(), Checked())
def a_seal_between_papers_and_load() -> Process:
    """A seal after the papers and before the load is another one than a seal after both."""
    seal = {
        Gate.NOTHING: Gate.NOTHING,
        Gate.PAPERS: Gate.SEALED_EARLY,
        Gate.LOAD: Gate.LOAD,
        Gate.BOTH: Gate.BOTH,
        Gate.SEALED_EARLY: Gate.SEALED_EARLY,
        Gate.SEALED: Gate.SEALED,
    }
    papers = {**{state: state for state in Gate}, Gate.NOTHING: Gate.PAPERS, Gate.LOAD: Gate.BOTH}
    load = {
        **{state: state for state in Gate},
        Gate.NOTHING: Gate.LOAD,
        Gate.PAPERS: Gate.BOTH,
        Gate.SEALED_EARLY: Gate.SEALED,
    }
    moves: Moves = {state: {Signed: papers[state], Shipped: load[state], Checked: seal[state]} for state in Gate}
    machine = SubMachine("gate", Gate.NOTHING, moves)
    rows = [(one_of(Gate.SEALED, Gate.SEALED_EARLY), Out.DONE), (all_but(Gate.SEALED, Gate.SEALED_EARLY), Out.OTHER)]
    return proc(outcomes(machine, rows=rows), machine)


class Answer(Enum):
    """What a desk has answered."""

    NONE = "none"
    GRANTED = "granted"
    REFUSED = "refused"


def desk() -> Process:
    """A desk at which the first answer holds."""
    moves: Moves = {state: {Approved: state, Rejected: state} for state in Answer}
    moves[Answer.NONE] = {Approved: Answer.GRANTED, Rejected: Answer.REFUSED}
    answer = SubMachine("answer", Answer.NONE, moves)
    rows = [(Answer.NONE, Out.OPEN), (Answer.GRANTED, Out.DONE), (Answer.REFUSED, Out.FAILED)]
    return proc(outcomes(answer, name="desk", rows=rows), answer)


@case(Approved(), Rejected(), Insured())
def a_desk_whose_first_answer_holds_for_the_insured() -> Process:
    """The first answer of a part decides, which only the insured notice."""
    part = desk()
    rows = [(ANY, N, Out.OTHER), (Out.OPEN, Y, Out.OTHER), (Out.DONE, Y, Out.DONE), (Out.FAILED, Y, Out.FAILED)]
    return proc(outcomes(part.outcomes, INSURED, rows=rows), INSURED, children=(part,))


@case(Confirmed(), Cancelled())
def a_booking_that_stands_after_a_cancellation() -> Process:
    """A booking is left as it is when a confirmed order is cancelled."""
    effect = booking()
    table = wanted(CONFIRMED, CANCELLED, rows=[(Y, N, {effect: Do.YES}), (ANY, Y, {}), (N, N, {effect: Do.NO})])
    return proc(one_outcome(CONFIRMED), CONFIRMED, CANCELLED, wants=[table])


@case(Confirmed(), Terms(limit=50))
def a_contract_without_its_terms() -> Process:
    """The contract carries the limit, which need not have come when the order is confirmed."""
    contract = Effect("contract", "legal", {Do.YES: CommandTemplate("SignContract", TERMS, ("limit",))})
    return proc(one_outcome(CONFIRMED), CONFIRMED, TERMS, wants=[wanted_in(CONFIRMED, contract, YES=Do.YES)])


@case(vote(1, "yes"), vote(2, "no"), vote(3, "no"))
def a_committee_of_two_seats() -> Process:
    """The register has room for two votes, and whose they are depends on who was quicker."""
    committee = Register("committee", Voted, "vote_id", most=2)
    return shown(committee, compute=lambda votes: sorted(one["says"] for one in votes.values()))


@case(pledge(1, 5, backer="Adalbert of the High Street"), pledge(2, 5, backer="Bo of the Low Street"))
def backers_as_far_as_they_fit() -> Process:
    """The names of the backers have to fit into 40 bytes."""

    def add(known: list[str], fact: Fact) -> list[str]:
        return sorted({*known, fact.fields["backer"]})

    return shown(Reducer("names", (Pledged,), [], add, most_bytes=40))


@case(Terms(limit=50), Confirmed(), Signed())
def two_letters_that_say_the_same() -> Process:
    """The letter with the limit goes out with the confirmation and once more with the signature."""
    known = seen(Terms)
    template: Commands = {Do.YES: CommandTemplate("SendLetter", TERMS, ("limit",))}
    first, second = Effect("first letter", "post", template), Effect("second letter", "post", template)
    wants = [
        wanted(CONFIRMED, known, rows=[(Y, Y, {first: Do.YES}), (Y, N, {}), (N, ANY, {})]),
        wanted(SIGNED, known, rows=[(Y, Y, {second: Do.YES}), (Y, N, {}), (N, ANY, {})]),
    ]
    return proc(one_outcome(CONFIRMED), CONFIRMED, SIGNED, known, TERMS, wants=wants)


@case(Confirmed(), Checked())
def taken_back_only_if_it_was_given() -> Process:
    """A room that is checked before the confirmation is released without ever having been taken."""
    checked = seen(Checked)
    room = Effect("room", "hotel", {Do.YES: CommandTemplate("Take"), Do.NO: CommandTemplate("Release")})
    rows = [(Y, N, {room: Do.YES}), (Y, Y, {}), (N, Y, {room: Do.NO}), (N, N, {})]
    return proc(one_outcome(CONFIRMED), CONFIRMED, checked, wants=[wanted(CONFIRMED, checked, rows=rows)])


@case(Opened(), Approved(), Rejected())
def a_permit_that_is_final_with_the_approval() -> Process:
    """The permit can't be taken back, and a rejection takes it back if the file was opened."""
    permit = booking("permit", is_final=True)
    rows = [(ANY, Y, N, {permit: Do.YES}), (Y, Y, Y, {permit: Do.NO}), (N, Y, Y, {permit: Do.YES}), (ANY, N, ANY, {})]
    table = wanted(OPENED, APPROVED, REJECTED, rows=rows)
    return proc(one_outcome(OPENED), OPENED, APPROVED, REJECTED, wants=[table])


@case(repaid(1, 50), drawn(1, 80))
def a_receipt_while_nothing_is_owed() -> Process:
    """The receipt says what was paid while that is at least what was drawn, and is not corrected afterwards."""
    template = CommandTemplate("SendReceipt", computed=(ComputedField.of("paid", total(REPAYMENTS, "cents")),))
    receipt = Effect("receipt", "post", {Do.YES: template})
    is_even = DerivedColumn.of("even", total(REPAYMENTS, "cents") >= total(DRAWS, "cents"))
    paid = DerivedColumn.of("paid", has(REPAYMENTS))
    table = wanted(is_even, paid, rows=[(True, True, {receipt: Do.YES}), (True, False, {}), (False, ANY, {})])
    return proc(one_outcome(is_even), REPAYMENTS, DRAWS, wants=[table])


@case(repaid(1, 50), Terms(limit=80))
def a_bonus_below_a_limit_that_is_not_known() -> Process:
    """What is not known counts as nothing, so a bonus is granted above a limit that has not come, and stays."""
    is_above = DerivedColumn.of("above", total(REPAYMENTS, "cents") > only(TERMS, "limit").at_least(0))
    bonus = Effect("bonus", "bank", {Do.YES: CommandTemplate("PayBonus")})
    table = wanted(is_above, rows=[(True, {bonus: Do.YES}), (False, {})])
    return proc(one_outcome(is_above), REPAYMENTS, TERMS, wants=[table])


@case(Approved(), Rejected())
def announced_for_good_by_the_first_answer() -> Process:
    """What is announced for good is the answer that came first."""
    part = desk()
    rows = [(Out.OPEN, Out.OPEN), (Out.DONE, Out.DONE), (Out.FAILED, Out.FAILED)]
    types: dict[Enum, str] = {Out.OPEN: "ClaimOpened", Out.DONE: "ClaimCovered", Out.FAILED: "ClaimRefused"}
    process = proc(outcomes(part.outcomes, rows=rows), children=(part,))
    return replace(process, announces=Announces(types, final=frozenset({Out.DONE, Out.FAILED})))


@case(Opened(), repaid(1, 5))
def a_file_that_waits_for_its_opening() -> Process:
    """A repayment before the opening waits for it, and nothing ends that."""
    clock = Deadline("clock", Elapsed, timedelta(days=1))
    elapsed, paid = seen(Elapsed), seen(Repaid)
    rows = [(N, ANY, ANY, Out.OPEN), (Y, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED)]
    arm = wanted(OPENED, rows=[(Y, {clock: ARMED}), (N, {})])
    table = outcomes(OPENED, paid, elapsed, rows=rows)
    return proc(table, OPENED, paid, elapsed, wants=[arm], unsettled=[Out.OPEN])


class Grade(Enum):
    """How a hotel is graded by its auditors."""

    NONE = "none"
    GOOD = "good"
    BETTER = "better"
    BEST = "best"


@case(Checked(), Insured(), Signed())
def a_grade_that_skips_a_step() -> Process:
    """Each of three proofs raises the grade by one step, but the insurance only one that is there."""
    ladder = {Grade.NONE: Grade.GOOD, Grade.GOOD: Grade.BETTER, Grade.BETTER: Grade.BETTER, Grade.BEST: Grade.BEST}
    moves: Moves = {
        state: {
            Checked: Grade.GOOD if state is Grade.NONE else state,
            Signed: ladder[state] if state is Grade.GOOD else state,
            Insured: Grade.BEST if state is Grade.BETTER else state,
        }
        for state in Grade
    }
    machine = SubMachine("grade", Grade.NONE, moves)
    return proc(by(machine, NONE=Out.OPEN, GOOD=Out.OPEN, BETTER=Out.OTHER, BEST=Out.DONE), machine)


@case(Confirmed(), drawn(1, 5), Closed())
def a_door_code_that_is_sent_while_it_is_open() -> Process:
    """The number of draws is sent while the books are open, and confirmed and closed books keep what was sent."""
    template = CommandTemplate("Tell", computed=(ComputedField.of("draws", count(DRAWS)),))
    tell = Effect("tell", "desk", {Do.YES: template})
    table = wanted(CONFIRMED, CLOSED, rows=[(Y, N, {tell: Do.YES}), (Y, Y, {}), (N, ANY, {})])
    return proc(one_outcome(CLOSED), CONFIRMED, CLOSED, DRAWS, wants=[table])


@case(repaid(1, 60), repaid(2, 60), Terms(limit=100))
def exactly_once_above_the_limit() -> Process:
    """The outcome is right, but the warning is only sent if the limit is known when it is passed."""
    any_came = has_any(REPAYMENTS)
    is_above = DerivedColumn.of("above", total(REPAYMENTS, "cents") > only(TERMS, "limit"))
    is_known = DerivedColumn.of("known", has(TERMS))
    warn = Effect("warning", "post", {Do.YES: CommandTemplate("Warn"), Do.NO: CommandTemplate("AllIsWell")})
    rows = [(True, True, {warn: Do.YES}), (False, True, {}), (False, False, {warn: Do.NO}), (True, False, {})]
    table = wanted(is_above, is_known, rows=rows)
    return proc(yes_no(is_above), any_came, REPAYMENTS, TERMS, wants=[table])
