"""What the gateway will do is a function of scenario, seed and command id, and roughly what the scenario says."""

from collections.abc import Callable, Iterable
from statistics import mean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_gateway_stub.behaviour import MOST_DUPLICATES, MOST_LOSSES, Answer, Behaviour, Conduct
from saga_gateway_stub.scenario import ExponentialDelay, FixedDelay, Scenario, UniformDelay
from tests.gateway.desk import behaviour

MANY = [f"command-{number}" for number in range(5_000)]
SHARES = st.floats(0, 1)
SECONDS = st.floats(0, 1_000)
DELAYS = st.one_of(
    st.builds(FixedDelay, seconds=SECONDS),
    st.builds(UniformDelay, least_seconds=st.floats(0, 10), most_seconds=st.floats(10, 1_000)),
    st.builds(ExponentialDelay, mean_seconds=SECONDS),
)
SCENARIOS = st.builds(
    Scenario,
    summary=st.just("any"),
    delay=DELAYS,
    declined=SHARES,
    lost_answers=SHARES,
    lost_answer_repeat_seconds=SECONDS,
    duplicates=SHARES,
    duplicate_within_seconds=SECONDS,
    reordered=SHARES,
    reorder_seconds=SECONDS,
)


def share(conducts: Iterable[Conduct], is_so: Callable[[Conduct], bool]) -> float:
    return mean(is_so(one) for one in conducts)


def conducts(**fields: Any) -> list[Conduct]:
    acting = behaviour(**fields)
    return [acting.conduct(command_id) for command_id in MANY]


@given(SCENARIOS, st.integers(), st.text())
def test_the_same_seed_gives_the_same_run(scenario: Scenario, seed: int, command_id: str) -> None:
    assert Behaviour(scenario, seed).conduct(command_id) == Behaviour(scenario, seed).conduct(command_id)


@given(SCENARIOS, st.integers(), st.text())
def test_every_capture_is_answered_in_the_end(scenario: Scenario, seed: int, command_id: str) -> None:
    conduct = Behaviour(scenario, seed).conduct(command_id)
    first, *again = conduct.answers
    assert conduct.delay_seconds >= 0
    assert (first.number, first.event) == (1, 1)
    assert first.after_seconds >= conduct.losses * scenario.lost_answer_repeat_seconds
    assert conduct.losses <= MOST_LOSSES
    assert len(again) <= MOST_DUPLICATES
    assert [one.number for one in conduct.answers] == list(range(1, len(conduct.answers) + 1))
    assert all(first.after_seconds <= one.after_seconds for one in again)
    assert all(one.event in {1, one.number} for one in again)


def test_another_seed_gives_another_run() -> None:
    fields: dict[str, Any] = {"delay": UniformDelay(most_seconds=1), "declined": 0.5, "lost_answers": 0.5}
    one, other = (conducts(seed=seed, **fields) for seed in (1, 2))
    assert mean(a.declined == b.declined for a, b in zip(one, other, strict=True)) == pytest.approx(0.5, abs=0.025)


def test_what_happens_is_known_for_good() -> None:
    """A run that somebody wrote down can be repeated with any later version."""
    acting = behaviour(
        seed=7, delay=UniformDelay(most_seconds=1), lost_answers=0.5, duplicates=0.5, duplicate_within_seconds=0.0
    )
    answers = (Answer(1, 1, 30.0), Answer(2, 1, 30.0), Answer(3, 3, 30.0))
    assert acting.conduct("command-9") == Conduct(0.15672663119538754, declined=False, losses=1, answers=answers)


@pytest.mark.parametrize("wanted", [0.0, 0.1, 0.5, 1.0])
def test_shares_are_what_the_scenario_says(wanted: float) -> None:
    seen = conducts(
        declined=wanted, lost_answers=wanted, duplicates=wanted, reordered=wanted, reorder_seconds=1.0,
        lost_answer_repeat_seconds=0.0,
    )  # fmt: skip
    for is_so in (
        lambda one: one.declined,
        lambda one: one.losses > 0,
        lambda one: len(one.answers) > 1,
        lambda one: one.answers[0].after_seconds > 0,
    ):
        assert share(seen, is_so) == pytest.approx(wanted, abs=0.025)


def test_questions_about_one_command_do_not_hang_together() -> None:
    seen = conducts(declined=0.5, lost_answers=0.5)
    assert share(seen, lambda one: one.declined and one.losses > 0) == pytest.approx(0.25, abs=0.025)


def test_duplicates_are_the_same_event_or_another_one() -> None:
    again = [one for conduct in conducts(duplicates=0.5) for one in conduct.answers[1:]]
    assert mean(one.event == 1 for one in again) == pytest.approx(0.5, abs=0.025)


def test_delays_follow_their_distribution() -> None:
    fixed = [one.delay_seconds for one in conducts(delay=FixedDelay(seconds=2))]
    uniform = [one.delay_seconds for one in conducts(delay=UniformDelay(least_seconds=1, most_seconds=3))]
    exponential = [one.delay_seconds for one in conducts(delay=ExponentialDelay(mean_seconds=2))]
    assert set(fixed) == {2}
    assert (min(uniform) >= 1, max(uniform) < 3) == (True, True)
    assert mean(uniform) == pytest.approx(2, abs=0.025)
    assert mean(exponential) == pytest.approx(2, rel=0.03)
    assert mean(delay > 2 for delay in exponential) == pytest.approx(0.368, abs=0.025)


@given(st.integers(), st.floats(1, 100), st.floats(0.01, 0.99), st.floats(0, 10_000))
def test_there_is_one_outage_in_each_period(seed: int, period: float, machine: float, at: float) -> None:
    length = period * machine
    acting = behaviour(seed, outage_period_seconds=period, outage_seconds=length)
    left = acting.outage_left_seconds(at)
    assert 0 <= left <= length
    assert (
        acting.outage_left_seconds(at + period) == pytest.approx(left, abs=1e-6) or left < 1e-6 or length - left < 1e-6
    )
    seen = [acting.outage_left_seconds(at + period * step / 1_000) > 0 for step in range(1_000)]
    assert mean(seen) == pytest.approx(machine, abs=0.003)


def test_without_outages_it_always_works() -> None:
    assert not behaviour().has_outages
    assert behaviour().outage_left_seconds(12.5) == 0
