"""Assertions for tests of a process: that it converges, and what single histories lead to, with a virtual clock.

    def test_returns_converge() -> None:
        assert_converges(returns)

    def test_an_order_that_nobody_pays_expires() -> None:
        Scenario(returns).given(OrderPlaced(...)).after(timedelta(minutes=15)).then(outcome=Outcome.EXPIRED)

They are plain functions without further packages, for any test runner. All use the decision function of the engine.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from pydantic import ValidationError

from saga.convergence.check import Grade, Report, check
from saga.convergence.configuration import Configuration, apply, end_state, start
from saga.convergence.enumeration import run_history
from saga.convergence.exploration import MOST_NODES
from saga.convergence.findings import Finding, Kind
from saga.convergence.render_text import counterexample, history_in_steps
from saga.convergence.sampling import SEED
from saga.convergence.scheduled import emitted
from saga.convergence.upgrade import check_upgrade
from saga.core import Command, Deadline, Decision, Fact, Process, Timer
from saga.messages.facts import make_fact
from saga.testing.pasted import render

Input = Any
"""A message, which is an instance of a message class, or a fact."""


def assert_converges(
    process: Process,
    samples: Sequence[Input] | None = None,
    *,
    seed: int = SEED,
    most_nodes: int = MOST_NODES,
    but_for: frozenset[Kind] = frozenset(),
    at_least: Grade | str = Grade.SEARCHED,
) -> Report:
    """Prove that the process converges, or search every order of these inputs, or of samples made from its classes.

    Raises AssertionError with every finding, the histories side by side, and a test to paste; findings of the kinds
    ``but_for`` are accepted. Raises it as well if the grade is weaker than ``at_least`` ("proved", "searched" or
    "sampled"), with what could not be proved. The report says how far the check went, and which inputs had no sample.
    Beyond ``most_nodes`` states it draws histories from ``seed``. It asks this interpreter alone: whether a function
    depends on the order of a set, on ``hash`` or on module-level state, `saga check` and ``assert_same_everywhere``
    find out. Raises DeclarationError as ``check`` does, and KeyboardInterrupt if it was interrupted.

    >>> from saga.testing import assert_converges
    >>> assert_converges(tickets, at_least="proved").converges
    True
    """
    required = Grade(at_least)
    report = check(process, _as_facts(samples), seed=seed, most_nodes=most_nodes)
    found = [finding for finding in report.findings if finding.kind not in but_for]
    if found:
        raise AssertionError(_failure(f"{process.name} does not converge", found, process, report.samples))
    if report.interrupted:
        raise KeyboardInterrupt
    if not report.grade.is_at_least(required):
        reasons = "\n".join(f"- {one.sentence}" for one in report.proof.obstacles)
        raise AssertionError(
            f"{process.name} is {report.grade.value} only, not {required.value}. Not proved:\n{reasons}"
        )
    return report


def assert_upgrades(
    old: Process, new: Process, samples: Sequence[Input] | None = None, *, no_longer_sent: Collection[str] = ()
) -> None:
    """Check that instances that began under the old version continue correctly under the new one.

    ``no_longer_sent`` names message classes of which none is under way. Raises AssertionError with every finding; each
    history has a mark where the version changes.

    >>> from dataclasses import replace
    >>> from saga.testing import assert_upgrades
    >>> assert_upgrades(tickets, replace(tickets, version=2))
    """
    facts = _as_facts(samples)
    if found := check_upgrade(old, new, facts, no_longer_sent=no_longer_sent):
        headline = f"{new.name} can't go from version {old.version} to {new.version}"
        raise AssertionError(_failure(headline, found, new, facts or ()))


def assert_same_end(process: Process, first: Sequence[Input], second: Sequence[Input]) -> None:
    """Check that two orders of the same inputs come to the same outcome and the same net effects.

    Raises AssertionError with both orders side by side, each with its outcome and its commands.

    >>> from saga.testing import assert_same_end
    >>> reported, solved = Reported("t-1", "broken"), Solved("t-1")
    >>> assert_same_end(tickets, [reported, solved], [solved, reported])
    """
    one, other = (tuple(map(_as_fact, inputs)) for inputs in (first, second))
    if run_history(process, one).end_state != run_history(process, other).end_state:
        sentence = f"{process.name}: two orders of the same inputs end differently"
        finding = Finding(Kind.DIVERGES, sentence, one, other)
        raise AssertionError(f"{sentence}\n\n{counterexample(finding, process, ())}")


@dataclass(frozen=True, slots=True)
class _Pending:
    """An armed timer, and when it is due on the virtual clock."""

    timer: Timer
    due: timedelta


@dataclass(frozen=True, slots=True)
class _Moment:
    """The state of a scenario; ``sent`` are the commands since the last ``when`` or ``after``."""

    process: Process
    history: tuple[Fact, ...] = ()
    now: timedelta = timedelta()
    pending: tuple[_Pending, ...] = ()
    sent: tuple[Command, ...] = ()
    configuration: Configuration | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One history of one instance, as given, when, then. Each step returns a new scenario, so scenarios can be shared.

    ``given`` takes in earlier inputs, and ``when`` takes in inputs whose effects ``then`` compares. ``after`` lets time
    pass: each deadline that is due by then fires, the earliest first. ``then`` compares the commands since the last
    ``when`` or ``after``.

    >>> from saga.testing import Scenario
    >>> solved = Scenario(tickets).given(Reported("t-1", "broken")).when(Solved("t-1"))
    >>> _ = solved.then(outcome=Ticket.CLOSED, commands=["SendNotice"], effects={"notice": Notice.SENT})
    >>> _ = solved.when(Solved("t-1")).then_ignored()
    """

    process: Process
    _moment: _Moment | None = field(default=None, repr=False)

    @property
    def history(self) -> tuple[Fact, ...]:
        """The inputs so far, including those that deadlines emitted."""
        return self._now.history

    @property
    def sent(self) -> tuple[Command, ...]:
        """The commands that were sent since the last ``when`` or ``after``, with their fields."""
        return self._now.sent

    @property
    def _now(self) -> _Moment:
        return self._moment or _Moment(self.process)

    def given(self, *inputs: Input) -> "Scenario":
        """Take in these inputs, in this order; ``then`` ignores their commands."""
        return replace(self, _moment=replace(self._after_inputs(inputs), sent=()))

    def when(self, *inputs: Input) -> "Scenario":
        """Take in these inputs; ``then`` compares their effects."""
        return replace(self, _moment=self._after_inputs(inputs))

    def after(self, time: timedelta) -> "Scenario":
        """Let this much time pass; ``then`` compares the effects of the deadlines that fire."""
        moment = replace(self._now, sent=())
        end = moment.now + time
        while due := sorted((one for one in moment.pending if one.due <= end), key=lambda one: one.due):
            first = due[0]
            left = tuple(one for one in moment.pending if one is not first)
            moment = _apply(replace(moment, pending=left, now=first.due), _fired(moment, first))
        return replace(self, _moment=replace(moment, now=end))

    def then(
        self,
        *,
        outcome: Enum | None = None,
        commands: Sequence[str] | None = None,
        effects: dict[str, Enum] | None = None,
        deadlines: dict[str, timedelta] | None = None,
    ) -> "Scenario":
        """Compare the outcome; the types of the commands sent now, in order; the net effects; the armed deadlines.

        ``effects`` are all effects at collaborators, by name, with their conditions. ``deadlines`` are all that are
        armed and have not fired, each with the time until it is due. Raises AssertionError with the history.
        """
        moment = self._now
        reached = end_state(self.process, moment.configuration or start(self.process))
        self._compare("outcome", outcome, reached.outcome)
        self._compare("commands", None if commands is None else list(commands), [one.type for one in moment.sent])
        conditions = {name: condition for name, condition, _ in sorted(reached.effects, key=lambda one: one[0])}
        self._compare("effects", effects and {name: one.value for name, one in effects.items()}, conditions)
        self._compare("deadlines", deadlines, {one.timer.name: one.due - moment.now for one in moment.pending})
        return self

    def then_ignored(self) -> "Scenario":
        """Check that the last input was ignored."""
        decision = self._now.decision
        is_ignored = decision is not None and decision.kind.value == "ignored"
        self._compare("ignored", expected=True, found=is_ignored)
        return self

    def _after_inputs(self, inputs: Sequence[Input]) -> _Moment:
        moment = replace(self._now, sent=())
        for one in inputs:
            moment = _apply(moment, _as_fact(one))
        return moment

    def _compare(self, what: str, expected: Any, found: Any) -> None:
        if expected is not None and expected != found:
            steps = history_in_steps(self.process, self.history, self.history)
            raise AssertionError(f"{what}: expected {expected!r}, found {found!r}\n\n{steps}")


def _apply(moment: _Moment, fact: Fact) -> _Moment:
    configuration, decision = apply(moment.process, moment.configuration or start(moment.process), fact)
    armed = tuple(_Pending(timer, moment.now + timer.after) for timer in decision.timers)
    return replace(
        moment,
        history=(*moment.history, fact),
        configuration=configuration,
        decision=decision,
        pending=moment.pending + armed,
        sent=moment.sent + decision.commands,
    )


def _fired(moment: _Moment, pending: _Pending) -> Fact:
    """The input that a deadline emits, with the scheduler's fields."""
    process, timer = moment.process, pending.timer
    (deadline,) = (one for one in process.effects if isinstance(one, Deadline) and one.name == timer.name)
    try:
        return emitted(process, deadline, moment.history[0].fields[process.correlate], pending.due)
    except ValidationError as error:
        raise AssertionError(f"{timer.name} emits {timer.emits}, which asks for more: {error}") from None


def _failure(headline: str, found: Sequence[Finding], process: Process, samples: Sequence[Fact]) -> str:
    return f"{headline}: {len(found)} finding{'s' if len(found) > 1 else ''}\n\n{render(found, process, samples)}"


def _as_facts(samples: Sequence[Input] | None) -> tuple[Fact, ...] | None:
    return None if samples is None else tuple(_as_fact(one) for one in samples)


def _as_fact(one: Input) -> Fact:
    return one if isinstance(one, Fact) else make_fact(one)
