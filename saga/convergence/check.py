"""Check a process: prove that it converges; where that fails, search its histories, and report what was found and how.

A report has one of three grades. *Proved* holds for all values and any number of messages. *Searched* holds for every
order of the samples. *Sampled* says only that nothing was found in some histories, because all would be too many.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from math import factorial

from saga.convergence.armed import about_armed, delays_that_differ
from saga.convergence.diagrams.matrix import Commuting, commuting
from saga.convergence.enumeration import HistoryResult, every_order, run_history
from saga.convergence.exploration import MOST_NODES, Exploration, Progress, explore
from saga.convergence.findings import Finding, Kind
from saga.convergence.functions import columns_of
from saga.convergence.instances import about_instances
from saga.convergence.proof import Proof, prove, unproved_finals
from saga.convergence.rounds import Search, search
from saga.convergence.samples import INSTANCE, MOST_SAMPLES, derive_samples
from saga.convergence.sampling import SEED, sample
from saga.convergence.scheduled import refusals
from saga.convergence.untested import untested
from saga.core import DeclarationError, DerivedColumn, Fact, Process, Register
from saga.core.column import shown
from saga.core.plain import is_same
from saga.messages.facts import require_readable

PAIRS = 2_000
MOST_ORDERS = 720
MOST_ORDERS_IF_PROVED, MOST_ORDERS_OF_MANY = 120, 24
"""Of a proved process these are an illustration; of one with many samples a short one."""


class Grade(Enum):
    """How much a check shows, the most first.

    >>> from saga.testing import Grade, check
    >>> check(tickets).grade is Grade.PROVED
    True
    """

    PROVED = "proved"
    SEARCHED = "searched"
    SAMPLED = "sampled"

    def is_at_least(self, other: "Grade") -> bool:
        """Whether it shows as much as the other grade."""
        grades = list(Grade)
        return grades.index(self) <= grades.index(other)


@dataclass(frozen=True)
class Report:
    """The result of a check.

    ``proof`` says what was proved from the declaration alone; if that is everything, nothing is explored. Otherwise
    sets of up to ``whole_up_to`` facts were explored in every order; beyond that, ``sampled`` pairs of longer
    histories were drawn from ``seed``. A process with functions of its own was explored in ``rounds`` more small
    sets, with other facts than the ``samples``; ``asked`` is the number of sets of facts that its functions were
    asked about. ``untested`` names the types, choices and constants that nothing tried, and lines that never ran;
    ``notes`` say what is no finding, such as a broken law that nobody can observe. ``unreached`` are the outcomes,
    and the values of derived columns, that no history of the samples reached: the search says nothing about them.
    """

    process: Process
    proof: Proof
    samples: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    matrix: tuple[Commuting, ...]
    nodes: int
    whole_up_to: int
    sampled: int
    seed: int
    contradicting: tuple[Fact, ...]
    unreached: tuple[str, ...]
    interrupted: bool
    untested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    asked: int = 0
    rounds: int = 0

    @cached_property
    def results(self) -> tuple[HistoryResult, ...]:
        """The results of all orders of the samples (of the first few if they are many); none if a function fails."""
        if not self.samples or self.interrupted or any(one.kind is Kind.FAILS for one in self.findings):
            return ()
        few = self.samples
        most = MOST_ORDERS if self.nodes else MOST_ORDERS_IF_PROVED if len(few) <= MOST_SAMPLES else MOST_ORDERS_OF_MANY
        while factorial(len(few)) > most:
            few = few[:-1]
        return tuple(run_history(self.process, history) for history in every_order(few))

    @property
    def converges(self) -> bool:
        """Whether the check was not interrupted and found nothing wrong."""
        return not self.findings and not self.interrupted

    @property
    def grade(self) -> Grade:
        """How much was shown: by the proof, by a search of every order of the samples, or by drawing some histories."""
        if self.proof.is_complete:
            return Grade.PROVED
        is_cut_off = any(finding.kind is Kind.BEYOND for finding in self.findings)
        is_whole = self.whole_up_to == len(self.samples) and not self.interrupted and not is_cut_off
        return Grade.SEARCHED if is_whole else Grade.SAMPLED

    @property
    def bounds(self) -> Mapping[str, str]:
        """The bounds of an instance: those of its registers, by their names, and the total."""
        kept = {
            one.name: f"{one.most} entries" if isinstance(one, Register) else f"{one.most_bytes} bytes"
            for one in self.process.registers
        }
        return {**kept, "in all": f"{self.process.most_bytes} bytes"}

    @property
    def untried(self) -> tuple[type, ...]:
        """The inputs without a sample: a search says nothing about them."""
        tried = {fact.kind for fact in self.samples}
        return tuple(kind for kind in self.process.message_types.values() if kind not in tried)


def check(
    process: Process,
    samples: Sequence[Fact] | None = None,
    *,
    progress: Progress = lambda _nodes, _sets: None,
    most_nodes: int = MOST_NODES,
    seed: int = SEED,
    always_explore: bool = False,
) -> Report:
    """Prove that a process converges, or search it with these inputs or with samples made from its message classes.

    A proved process is not explored, unless ``always_explore``. Beyond ``most_nodes`` states it draws pairs of
    histories from ``seed`` instead of exploring all; it calls ``progress`` with the numbers of states and of sets so
    far. Raises DeclarationError for a sample that is no input of the process, and if no samples can be made.

    >>> from saga.testing import check
    >>> report = check(tickets)
    >>> report.converges, report.grade.value, report.nodes
    (True, 'proved', 0)
    """
    require_readable(process)
    proof = prove(process)
    if proof.is_complete and not always_explore:
        return _proved(proof, samples, seed)
    chosen = ordered(process, samples) if samples is not None else derive_samples(process)
    found = explore(process, chosen, progress=progress, most_nodes=most_nodes)
    findings, sampled, interrupted = _beyond_exploring(found, seed)
    is_searched = samples is None and not interrupted and not _is_settled(findings)
    rounds = search(process, chosen, seed, _counting_from(len(found.nodes), progress)) if is_searched else Search()
    findings += _new_ones(findings, [*rounds.findings, *_about_finals(proof)])
    matrix = _matrix(found)
    interrupted |= rounds.interrupted or matrix is None
    return Report(
        process,
        proof,
        chosen,
        tuple(sorted(findings, key=lambda one: (list(Kind).index(one.kind), len(one.history)))),
        matrix or (),
        len(found.nodes),
        found.whole_up_to,
        sampled,
        seed,
        tuple(chosen[index] for index in sorted({index for few in found.contradicting for index in few})),
        () if interrupted or sampled or _is_settled(findings) else tuple(_unreached(found)),
        interrupted,
        untested=(*untested(process, (*chosen, *rounds.facts)), *rounds.missed),
        notes=(*delays_that_differ(found), *rounds.notes),
        asked=rounds.asked,
        rounds=rounds.rounds,
    )


def _proved(proof: Proof, samples: Sequence[Fact] | None, seed: int) -> Report:
    """The report on a proved process; its samples, if any can be made, show some orders of arrival."""
    process = proof.process
    try:
        chosen = ordered(process, samples) if samples is not None else derive_samples(process)
    except DeclarationError:
        if samples is not None:
            raise
        chosen = ()
    return Report(process, proof, chosen, (), (), 0, 0, 0, seed, (), (), interrupted=False)


def _about_finals(proof: Proof) -> list[Finding]:
    """What is announced as final and not proved to stay: a finding also where no history shows why."""
    return [Finding(Kind.CANNOT_BE_UNDONE, one, ()) for one in unproved_finals(proof.process, proof.obstacles)]


def _matrix(found: Exploration) -> tuple[Commuting, ...] | None:
    """What commutes; None if that was interrupted."""
    try:
        return tuple(commuting(found))
    except KeyboardInterrupt:
        return None


def _beyond_exploring(found: Exploration, seed: int) -> tuple[list[Finding], int, bool]:
    """All findings about the samples, how many pairs of histories were drawn, and whether that was interrupted."""
    instance = found.samples[0].fields[found.process.correlate] if found.samples else INSTANCE
    refused = [Finding(Kind.FAILS, sentence, ()) for sentence in refusals(found.process, instance)]
    findings, sampled, interrupted = [*refused, *found.findings], 0, False
    try:
        findings += [*about_armed(found), *about_instances(found)]
        if found.whole_up_to < len(found.samples) and not found.interrupted and not _is_settled(findings):
            findings += sample(found, seed, PAIRS)
            sampled = PAIRS
    except KeyboardInterrupt:
        interrupted = True
    return findings, sampled, interrupted or found.interrupted


def _counting_from(nodes: int, progress: Progress) -> Progress:
    return lambda number, sets: progress(nodes + number, sets)


def _new_ones(known: Sequence[Finding], others: Sequence[Finding]) -> Iterator[Finding]:
    """The findings of rounds of kinds that the samples did not show already; one of each kind is enough."""
    kinds = {finding.kind for finding in known}
    for finding in others:
        if finding.kind not in kinds:
            kinds.add(finding.kind)
            yield finding


def ordered(process: Process, samples: Sequence[Fact]) -> tuple[Fact, ...]:
    """The samples in the order of the declaration, each once, so that the result does not depend on the given order."""
    kinds = list(process.message_types.values())
    for fact in samples:
        if fact.kind not in kinds:
            consumed = ", ".join(process.message_types)
            raise DeclarationError(f"{process.name} does not consume {fact.kind.__name__}: it consumes {consumed}")
    distinct = [
        fact
        for number, fact in enumerate(samples)
        if not any(fact.kind is one.kind and is_same(fact.fields, one.fields) for one in samples[:number])
    ]
    return tuple(
        sorted(
            distinct, key=lambda fact: (kinds.index(fact.kind), json.dumps(fact.fields, sort_keys=True, default=repr))
        )
    )


def _unreached(found: Exploration) -> Iterator[str]:
    process = found.process
    states = [node.configuration.state for node in found.nodes]
    columns = [column for column in columns_of(process) if isinstance(column, DerivedColumn)]
    reached = {node.end_state.outcome for node in found.nodes}
    yield from (f"{process.outcomes.name} {one.value}" for one in process.outcomes.states if one not in reached)
    for column in columns:
        values = {column.value(state.machines, state.registers) for state in states}
        yield from (f"{column.name} {shown(value)}" for value in column.states if value not in values)


def _is_settled(findings: Sequence[Finding]) -> bool:
    """Whether the findings make sampling pointless."""
    return any(finding.kind in {Kind.DIVERGES, Kind.FAILS} for finding in findings)
