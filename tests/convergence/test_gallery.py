"""Each process of the gallery is caught for what is wrong with it, by a shortest history; its mended twin passes."""

import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

import examples.gallery
from examples.gallery import messages
from examples.gallery.timer_cancelled_by_state import DeadlinePassed, MoneyCame
from examples.gallery.timer_cancelled_by_state import mended as decided_by_what_is_said
from saga.convergence import (
    Finding,
    Grade,
    Kind,
    Report,
    check,
    counterexample,
    derive_samples,
    explore,
    joint_graph,
    make_fact,
    name_of,
    run_history,
    to_mermaid,
)
from saga.core import Fact, Process
from saga.testing.pasted import test_to_paste as to_paste

Story = tuple[Kind, str, str]

# What is found in each, all of it: the kind, the history, and for a divergence the other history.
FOUND: dict[str, set[Story]] = {
    "first_event_wins": {
        (Kind.DIVERGES, "PaymentReceived PaymentTimedOut", "PaymentTimedOut PaymentReceived"),
        (Kind.DIVERGES, "PaymentReceived OrderCancelled", "OrderCancelled PaymentReceived"),
        (Kind.DIVERGES, "PaymentTimedOut OrderCancelled", "OrderCancelled PaymentTimedOut"),
    },
    "late_events_dropped": {
        (Kind.DIVERGES, "PaymentReceived#1 PaymentTimedOut", "PaymentTimedOut PaymentReceived#1"),
    },
    "born_again": {
        (Kind.DIVERGES, "OrderPlaced PaymentReceived", "PaymentReceived OrderPlaced"),
        (Kind.DIVERGES, "OrderPlaced PaymentTimedOut", "PaymentTimedOut OrderPlaced"),
        (Kind.REPEAT_CHANGES, "OrderPlaced PaymentReceived OrderPlaced", ""),
        (Kind.REPEAT_CHANGES, "PaymentReceived OrderPlaced PaymentReceived", ""),
        (Kind.REPEAT_CHANGES, "PaymentTimedOut OrderPlaced PaymentTimedOut", ""),
        (Kind.WAITS_FOR_EVER, "PaymentTimedOut OrderPlaced", ""),
    },
    "timer_cancelled_by_state": {(Kind.DIVERGES, "MoneyCame DeadlinePassed", "DeadlinePassed MoneyCame")},
    "last_write_wins": {
        (Kind.DIVERGES, "AmountSet#1 AmountSet#2", "AmountSet#2 AmountSet#1"),
        (Kind.REPEAT_CHANGES, "AmountSet#1 AmountSet#2 AmountSet#1", ""),
    },
    "deliveries_counted": {(Kind.REPEAT_CHANGES, "ParcelDelivered#1 ParcelDelivered#1", "")},
    "effect_left_standing": {
        (Kind.DIVERGES, "OrderPlaced PaymentReceived", "PaymentReceived OrderPlaced"),
        (Kind.DIVERGES, "PaymentTimedOut PaymentReceived", "PaymentReceived PaymentTimedOut"),
    },
    "shipped_too_early": {(Kind.CANNOT_BE_UNDONE, "PaymentReceived OrderCancelled", "")},
    "waits_for_ever": {(Kind.WAITS_FOR_EVER, "OrderPlaced", "")},
    "first_payment_kept": {
        (Kind.DIVERGES, "PaymentReceived#1 PaymentReceived#2", "PaymentReceived#2 PaymentReceived#1"),
    },
}


def process(story: str, which: str = "diverging") -> Process:
    found: Process = getattr(importlib.import_module(f"examples.gallery.{story}"), which)
    return found


def as_words(finding: Finding, samples: Sequence[Fact]) -> Story:
    history, other = (
        " ".join(name_of(fact, tuple(samples)) for fact in one) for one in (finding.history, finding.other)
    )
    return finding.kind, history, other


def stories(report: Report) -> list[Story]:
    return [as_words(finding, report.samples) for finding in report.findings]


def test_every_process_of_the_gallery_is_told_of_here() -> None:
    modules = {module.name for module in pkgutil.iter_modules(examples.gallery.__path__)}
    assert modules - {"messages"} == FOUND.keys()


@pytest.mark.parametrize("story", FOUND)
def test_it_is_caught_for_what_is_wrong_with_it_and_for_nothing_else(story: str) -> None:
    report = check(process(story))
    assert set(_unordered(stories(report))) == set(_unordered(FOUND[story]))


def _unordered(reported: Any) -> list[tuple[Kind, frozenset[str]]]:
    """Which of two histories is reported first does not matter."""
    return [(kind, frozenset({history, other})) for kind, history, other in reported]


@pytest.mark.parametrize("story", FOUND)
def test_its_mended_twin_passes(story: str) -> None:
    report = check(process(story, "mended"))
    assert report.findings == ()
    assert report.grade is Grade.PROVED


@pytest.mark.parametrize("story", FOUND)
def test_no_shorter_history_shows_it(story: str) -> None:
    """Leave any one fact out of a divergence, and every order of the rest comes to one end state."""
    diverging = process(story)
    for finding in check(diverging).findings:
        if finding.kind is Kind.DIVERGES:
            assert run_history(diverging, finding.history).end_state != run_history(diverging, finding.other).end_state
            for left_out in finding.history:
                rest = [fact for fact in finding.history if fact is not left_out]
                assert len({run_history(diverging, history).end_state for history in permutations(rest)}) == 1


@pytest.mark.parametrize("story", FOUND)
def test_the_samples_may_be_given_in_any_order(story: str) -> None:
    for which in ("diverging", "mended"):
        checked = process(story, which)
        samples = derive_samples(checked)
        expected = _without_numbers(check(checked, samples))
        assert all(_without_numbers(check(checked, order)) == expected for order in permutations(samples))


def _without_numbers(report: Report) -> set[tuple[Kind, tuple[str, ...]]]:
    """The findings, without which of several samples of one type they are about."""
    return {
        (finding.kind, tuple(sorted(fact.kind.__name__ for fact in finding.history))) for finding in report.findings
    }


@pytest.mark.parametrize("story", FOUND)
def test_the_counterexample_is_told_step_by_step_with_a_test_that_fails(story: str) -> None:
    checked = process(story)
    report = check(checked)
    for finding in report.findings:
        reported = counterexample(finding, checked, report.samples)
        for number in range(1, len(finding.history) + 1):
            assert f"{number}. " in reported
        assert ("|" in reported) == bool(finding.other)
        assert fails(to_paste(finding, checked, report.samples, setup=""), checked)
        mended = process(story, "mended")
        if {fact.kind for fact in finding.history} <= set(mended.message_types.values()):
            assert not fails(to_paste(finding, checked, report.samples, setup=""), mended)


def fails(source: str, checked: Process) -> bool:
    """Whether a pasted test fails for a process."""
    names: dict[str, Any] = {"process": checked}
    exec(compile(source, "pasted", "exec"), names)  # noqa: S102 -- it is what the user would paste
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    try:
        test()
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("story", FOUND)
def test_it_can_be_drawn(story: str) -> None:
    for which in ("diverging", "mended"):
        checked = process(story, which)
        found = explore(checked, derive_samples(checked))
        assert "stateDiagram" in to_mermaid(joint_graph(found)) or "flowchart" in to_mermaid(joint_graph(found))


SEEDED = """
import importlib, pkgutil, examples.gallery
from saga.convergence import check
from saga.testing.pasted import render
from saga.orders import order_process
for module in pkgutil.iter_modules(examples.gallery.__path__):
    if module.name != "messages":
        process = importlib.import_module(f"examples.gallery.{module.name}").diverging
        report = check(process)
        print(render(report.findings, process, report.samples), report.matrix, report.nodes)
report = check(order_process())
print(report.matrix, report.nodes, report.samples)
"""


@pytest.mark.system
def test_the_report_does_not_depend_on_the_seed_of_hashes() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", SEEDED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(printed) == 1
    assert "first event wins" not in printed
    assert "the same facts come to" in printed.pop()


def test_money_that_came_late_is_late_in_both_orders() -> None:
    due = make_fact(DeadlinePassed.model_validate({"order_id": "o", "due_at": "2026-01-01T12:00:00Z"}))
    for received_at, outcome in (("2026-01-01T11:59:59Z", "paid"), ("2026-01-01T12:00:01Z", "expired")):
        money = make_fact(MoneyCame.model_validate({"order_id": "o", "received_at": received_at}))
        outcomes = {
            run_history(decided_by_what_is_said, history).end_state.outcome.value
            for history in permutations([due, money])
        }
        assert outcomes == {outcome}


def test_the_gallery_has_no_message_that_nobody_hears() -> None:
    kinds = {
        kind for story in FOUND for which in ("diverging", "mended") for kind in process(story, which).message_types
    }
    declared = {
        name for name, kind in vars(messages).items() if isinstance(kind, type) and kind.__module__ == messages.__name__
    }
    assert declared - {"OrderMessage"} <= kinds
