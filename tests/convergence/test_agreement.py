"""Exploring finds what going through every history finds, on processes that nobody made up to be found."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from saga.convergence import Exploration, Finding, Kind, explore, run_history
from saga.convergence.configuration import Configuration, EndState, apply, end_state, start
from saga.convergence.enumeration import every_history
from saga.convergence.findings import History
from saga.core import Deadline, DecisionKind, Effect, Fact, Process, Selection, State
from tests.convergence.declarations import CONTRADICTING, SAMPLES, Paid, processes

pytestmark = pytest.mark.system

Numbers = frozenset[int]
thorough = settings(
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
chosen = st.lists(st.sampled_from(range(len(SAMPLES))), min_size=1, max_size=4, unique=True)


def heard(process: Process, numbers: Sequence[int]) -> tuple[Fact, ...]:
    return tuple(SAMPLES[number] for number in numbers if SAMPLES[number].kind in process.machines_by_type)


def set_of(history: History) -> Numbers:
    return frozenset(id(fact) for fact in history)


def verdicts_by_set(process: Process, samples: Sequence[Fact], times: int) -> dict[Numbers, set[EndState]]:
    found: defaultdict[Numbers, set[EndState]] = defaultdict(set)
    for history in every_history(samples, times):
        reported = run_history(process, history)
        if not reported.contradicts:
            found[set_of(history)].add(reported.end_state)
    return found


def of_kind(found: Exploration, kind: Kind) -> list[Finding]:
    return [finding for finding in found.findings if finding.kind is kind]


@given(processes(), chosen)
@thorough
def test_both_say_the_same_about_divergence_and_the_shortest_history_of_it(
    process: Process, numbers: list[int]
) -> None:
    samples = heard(process, numbers)
    found = of_kind(explore(process, samples), Kind.DIVERGES)
    diverging = [facts for facts, end_states in verdicts_by_set(process, samples, 1).items() if len(end_states) > 1]
    event(f"diverges: {bool(diverging)}")
    assert bool(found) == bool(diverging)
    for finding in found:
        assert set_of(finding.history) == set_of(finding.other)
        assert len(finding.history) == len(finding.other) == min(map(len, diverging))
        assert run_history(process, finding.history).end_state != run_history(process, finding.other).end_state


@given(processes(), chosen.filter(lambda numbers: len(numbers) < 4))
@thorough
def test_what_has_no_finding_comes_to_one_verdict_with_every_input_once_or_twice(
    process: Process, numbers: list[int]
) -> None:
    samples = heard(process, numbers)
    found = explore(process, samples)
    if not of_kind(found, Kind.DIVERGES) and not of_kind(found, Kind.REPEAT_CHANGES):
        event("looked at")
        assert all(len(end_states) == 1 for end_states in verdicts_by_set(process, samples, 2).values())


@given(processes(), chosen)
@thorough
def test_both_say_the_same_about_repeats(process: Process, numbers: list[int]) -> None:
    samples = heard(process, numbers)
    found = of_kind(explore(process, samples), Kind.REPEAT_CHANGES)
    changing = [
        len(history) + 1
        for history in every_history(samples)
        for fact in history
        if changes(process, stand(process, history), fact)
    ]
    assert bool(found) == bool(changing)
    for finding in found:
        assert finding.history[-1] in finding.history[:-1]
        assert changes(process, stand(process, finding.history[:-1]), finding.history[-1])
    assert min((len(finding.history) for finding in found), default=0) == min(changing, default=0)


@given(processes(), chosen)
@thorough
def test_both_say_the_same_about_waiting_for_ever(process: Process, numbers: list[int]) -> None:
    samples = heard(process, numbers)
    found = of_kind(explore(process, samples), Kind.WAITS_FOR_EVER)
    waiting = [len(history) for history in every_history(samples) if waits_for_ever(process, history)]
    assert bool(found) == bool(waiting)
    assert min((len(finding.history) for finding in found), default=0) == min(waiting, default=0)


@given(processes(), chosen)
@thorough
def test_both_say_the_same_about_what_cannot_be_undone(process: Process, numbers: list[int]) -> None:
    samples = heard(process, numbers)
    explored = explore(process, samples)
    found = of_kind(explored, Kind.CANNOT_BE_UNDONE)
    broken = [len(history) for history in every_history(samples) if takes_back(process, history)]
    event(f"takes back: {bool(broken)}")
    # An effect that another party decides may differ from order to order, if the process diverges anyway.
    if not of_kind(explored, Kind.DIVERGES) or not any(getattr(one, "decided_by", None) for one in process.effects):
        assert bool(found) == bool(broken)
        assert min((len(finding.history) for finding in found), default=0) == min(broken, default=0)


@given(processes(), chosen)
@thorough
def test_facts_that_contradict_each_other_are_named_and_not_compared(process: Process, numbers: list[int]) -> None:
    samples = (*heard(process, [number for number in numbers if number < 2]), SAMPLES[2], CONTRADICTING)
    if Paid not in process.machines_by_type:
        return
    found = explore(process, samples)
    assert bool(found.contradicting) == any(
        run_history(process, history).contradicts for history in every_history(samples)
    )
    diverging = any(len(end_states) > 1 for end_states in verdicts_by_set(process, samples, 1).values())
    assert bool(of_kind(found, Kind.DIVERGES)) == diverging


def stand(process: Process, history: History) -> Configuration:
    *_, last = configurations(process, history)
    return last


def configurations(process: Process, history: History) -> Iterator[Configuration]:
    configuration = start(process)
    yield configuration
    for fact in history:
        configuration, _ = apply(process, configuration, fact)
        yield configuration


def changes(process: Process, configuration: Configuration, fact: Fact) -> bool:
    after, decision = apply(process, configuration, fact)
    return after.state != configuration.state or bool(decision.commands) or decision.kind is DecisionKind.TAKEN


def waits_for_ever(process: Process, history: History) -> bool:
    configuration = stand(process, history)
    armed = [
        effect
        for effect in process.effects
        if isinstance(effect, Deadline) and effect.name in configuration.state.commanded
    ]
    could_come = any(effect.emits not in {fact.kind for fact in history} for effect in armed)
    return end_state(process, configuration).outcome not in process.settled and not could_come


def takes_back(process: Process, history: History) -> bool:
    """Whether anything that was ever final in the history is not wanted, as it was, at its end."""
    ever: set[tuple[str, str]] = set()
    last = start(process)
    for last in configurations(process, history):
        ever |= {(name, sent.condition) for name, sent in last.state.commanded.items()}
    return any(
        (name, condition.value) in ever and not is_wanted(process, last.state, effect, name, condition.value)
        for effect in process.effects
        if isinstance(effect, Effect)
        if effect.decided_by is None or effect.decided_by in {fact.kind for fact in history}
        for condition in effect.final
        for name in {name for name, _ in ever if name.split("/")[0] == effect.name}
    )


def is_wanted(process: Process, state: State, effect: Effect, name: str, condition: str) -> bool:
    how = process.wants(state.machines, state.registers).get(effect)
    if isinstance(how, Selection):
        return name.split("/")[1] in how.chosen(state.registers)
    return how is not None and how.value == condition
