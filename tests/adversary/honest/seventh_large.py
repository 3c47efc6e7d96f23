"""Large processes without own functions: a loan with ten to sixteen kinds of messages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from itertools import pairwise
from typing import Any

from saga import ANY, ARMED, CommandTemplate, Deadline, Effect, Outcomes, Process, SubMachine, all_but, outcomes, wanted
from tests.adversary.honest.seventh_loans import (
    CONTRACT,
    FLAGS,
    HOUSE,
    IDENTITY,
    INCOME,
    INSURANCE,
    KINDS,
    SIDES,
    Applied,
    CustomerDied,
    FilesMoved,
    FraudFound,
    InsuranceBought,
    InsuranceEnded,
    Side,
    facts,
    followed,
    paying,
    table_of,
    worst,
)
from tests.adversary.kit import Do, Late, Later, Moves, Out, Seen, case, proc

Y, N = Seen.YES, Seen.NO


@case(*facts(11))
def a_loan_of_five_sides() -> Process:
    """The money is paid while all five sides are good, and taken back by each bad one."""
    table = outcomes(*SIDES, rule=worst)
    return proc(table, *SIDES, FLAGS[Applied], wants=[followed(table, paying())])


@case(*facts(13))
def a_loan_with_a_report_for_good() -> Process:
    """Fraud is reported for good, and nothing takes it away; the money follows the sides."""
    table = outcomes(*SIDES, rule=worst)
    report = Effect("report", "office", {Do.YES: CommandTemplate("Report")}, final=frozenset({Do.YES}))
    fraud, died = FLAGS[FraudFound], FLAGS[CustomerDied]
    reports = wanted(fraud, died, rows=[(Y, ANY, {report: Do.YES}), (N, Y, {report: Do.YES}), (N, N, {})])
    return proc(table, *SIDES, FLAGS[Applied], fraud, died, wants=[followed(table, paying()), reports])


@case(*facts(11))
def a_loan_with_a_deadline() -> Process:
    """What is undecided when the deadline comes has lapsed, and a later decision still outranks it."""

    def rule(applied: Any, late: Any, *cells: Any) -> Out:
        decided = worst(*cells)
        if decided is not Out.OTHER or applied is N:
            return decided
        return Out.FAILED if late is Y else Out.OPEN

    applied, late = FLAGS[Applied], FLAGS[Late]
    table = outcomes(applied, late, *SIDES, rule=rule)
    month = Deadline("month", Late, timedelta(days=30))
    arm = wanted(table, rows=[(Out.OPEN, {month: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, applied, late, *SIDES, wants=[arm], unsettled=[Out.OPEN])


@case(*facts(10))
def a_loan_with_two_deadlines() -> Process:
    """The papers and the contract have a deadline each, and each matters only while its part is undecided."""

    def waiting(late: SubMachine[Seen], name: str, *columns: SubMachine[Side]) -> Outcomes:
        def rule(applied: Any, over: Any, *cells: Any) -> Out:
            decided = worst(*cells)
            if decided is not Out.OTHER or applied is N:
                return decided
            return Out.FAILED if over is Y else Out.OPEN

        return outcomes(FLAGS[Applied], late, *columns, name=name, rule=rule)

    papers, signing = (
        waiting(FLAGS[Late], "papers", IDENTITY, INCOME),
        waiting(FLAGS[Later], "signing", HOUSE, CONTRACT),
    )
    table = outcomes(papers, signing, rule=lambda *cells: Out.OPEN if Out.OPEN in cells else table_of(cells))
    month, year = Deadline("month", Late, timedelta(days=30)), Deadline("year", Later, timedelta(days=365))
    arms = [
        wanted(papers, rows=[(Out.OPEN, {month: ARMED}), (all_but(Out.OPEN), {})]),
        wanted(signing, rows=[(Out.OPEN, {year: ARMED}), (all_but(Out.OPEN), {})]),
    ]
    parts = (FLAGS[Applied], FLAGS[Late], FLAGS[Later], *SIDES[:4], FLAGS[InsuranceBought])
    return proc(table, *parts, wants=arms, unsettled=[Out.OPEN])


@case(*facts(10))
def six_of_ten_signatures() -> Process:
    """A vault opens for good with six of ten signatures, which are never taken back."""
    flags = [FLAGS[kind] for kind in KINDS[:10]]
    table = outcomes(*flags, rule=lambda *cells: Out.DONE if cells.count(Y) >= 6 else Out.OTHER)
    unlock = Effect("unlock", "vault", {Do.YES: CommandTemplate("Unlock")}, final=frozenset({Do.YES}))
    return proc(table, *flags, wants=[wanted(table, rows=[(Out.DONE, {unlock: Do.YES}), (Out.OTHER, {})])])


@case(*facts(12))
def six_signatures_and_no_veto() -> Process:
    """With a veto the vault is locked again, so unlocking is not final."""
    flags = [FLAGS[kind] for kind in KINDS[:10]]
    enough = outcomes(*flags, name="enough", rule=lambda *cells: Out.DONE if cells.count(Y) >= 6 else Out.OTHER)
    others = [FLAGS[InsuranceEnded], FLAGS[FraudFound]]
    rows = [(Out.DONE, N, N, Out.DONE), (Out.DONE, Y, ANY, Out.FAILED), (Out.DONE, N, Y, Out.FAILED)]
    table = outcomes(enough, *others, rows=[*rows, (Out.OTHER, ANY, ANY, Out.OTHER)])
    return proc(table, *flags, *others, wants=[followed(table, paying())])


@case(*facts(15))
def the_furthest_of_fifteen_steps() -> Process:
    """Each message says how far a file has come, and the furthest counts; a step that was left out does not matter."""

    class Step(Enum):
        S00 = "s00"
        S01 = "s01"
        S02 = "s02"
        S03 = "s03"
        S04 = "s04"
        S05 = "s05"
        S06 = "s06"
        S07 = "s07"
        S08 = "s08"
        S09 = "s09"
        S10 = "s10"
        S11 = "s11"
        S12 = "s12"
        S13 = "s13"
        S14 = "s14"
        S15 = "s15"

    order = list(Step)
    ranks = {kind: number + 1 for number, kind in enumerate(KINDS)}
    moves: Moves = {
        state: {kind: order[max(at, rank)] for kind, rank in ranks.items()} for at, state in enumerate(order)
    }
    machine = SubMachine("step", Step.S00, moves)
    archive = Effect("archive", "files", {Do.YES: CommandTemplate("Archive")}, final=frozenset({Do.YES}))
    wants = wanted(machine, rows=[(step, {archive: Do.YES} if step is Step.S15 else {}) for step in Step])
    return proc(outcomes(machine, rule=lambda one: Out.DONE if one is Step.S15 else Out.OTHER), machine, wants=[wants])


@case(*facts(12))
def twelve_steps_each_after_the_last() -> Process:
    """A step is done for good when its message and that of the step before are there, in whatever sequence."""
    flags = [FLAGS[kind] for kind in KINDS[:12]]
    wants = []
    for number, (before, here) in enumerate(pairwise(flags)):
        effect = Effect(f"step-{number}", f"desk-{number}", {Do.YES: CommandTemplate("Do")}, final=frozenset({Do.YES}))
        wants.append(wanted(before, here, rows=[(Y, Y, {effect: Do.YES}), (Y, N, {}), (N, ANY, {})]))
    return proc(
        outcomes(flags[0], flags[-1], rule=lambda *c: Out.DONE if N not in c else Out.OTHER), *flags, wants=wants
    )


@case(*facts(14))
def two_desks_in_one_office() -> Process:
    """Two children have their own effects, and the office is done when both are."""

    def desk(name: str, columns: Sequence[SubMachine[Side]], *more: SubMachine[Seen]) -> Process:
        table = outcomes(*columns, name=name, rule=worst)
        return replace(proc(table, *columns, *more, wants=[followed(table, paying(name))]), name=name)

    papers = desk("papers", (IDENTITY, INCOME), FLAGS[Applied])
    signing = desk("signing", (HOUSE, CONTRACT, INSURANCE), FLAGS[CustomerDied])
    fraud, moved = FLAGS[FraudFound], FLAGS[FilesMoved]
    table = outcomes(
        papers.outcomes,
        signing.outcomes,
        fraud,
        rule=lambda *cells: Out.FAILED if cells[2] is Y else table_of(cells[:2]),
    )
    return proc(table, fraud, moved, wants=[followed(table, paying("office"))], children=(papers, signing))
