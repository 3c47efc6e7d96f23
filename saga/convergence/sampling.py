"""Sampling: draws histories from a seed if there are too many to explore. It can find problems, but prove nothing.

The same seed draws the same histories on every machine: of Python's generators, `random()` is the one that keeps that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from saga.convergence.enumeration import run_history
from saga.convergence.exploration import Exploration, follow
from saga.convergence.findings import Finding, History, Kind
from saga.core import Fact, Process

SEED = 1
"""The default seed."""


SAMPLED = "(sampled; a shorter history may exist)"


class Chance:
    """A stream of random choices that depends on the seed only."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 -- nothing secret is drawn

    def below(self, limit: int) -> int:
        """A number from 0 to limit - 1."""
        return int(self._random.random() * limit)

    def one_of(self, items: Sequence[Any]) -> Any:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        """The items in some order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]


def sample_histories(samples: Sequence[Fact], seed: int, pairs: int) -> Iterator[tuple[History, History]]:
    """Pairs of histories of the same facts in different orders, some with duplicates."""
    chance = Chance(seed)
    for _ in range(pairs):
        chosen = chance.shuffled(samples)[: 2 + chance.below(max(len(samples) - 1, 1))]
        again = [fact for fact in chosen if chance.below(4) == 0]
        yield tuple(chance.shuffled(chosen + again)), tuple(chance.shuffled(chosen))


def sample(found: Exploration, seed: int, pairs: int) -> list[Finding]:
    """The findings in sampled histories that exploration did not reach.

    These are the first divergence, shortened by dropping facts, and the first wrong step of each kind.
    """
    drawn = tuple(sample_histories(found.samples, seed, pairs))
    steps = follow(found, (history for pair in drawn for history in pair))
    findings = [replace(one, sentence=f"{one.sentence} {SAMPLED}") for one in steps]
    if not any(finding.kind is Kind.FAILS for finding in findings):
        diverging = next((pair for pair in drawn if _differ(found.process, *pair)), None)
        findings += [] if diverging is None else [_shortened(found.process, *diverging)]
    return findings


def _differ(process: Process, one: History, other: History) -> bool:
    """Whether the end states of both differ, and neither history contradicts itself."""
    first, second = run_history(process, one), run_history(process, other)
    return first.end_state != second.end_state and not first.contradicts and not second.contradicts


def _shortened(process: Process, one: History, other: History) -> Finding:
    """Drop facts, and then duplicates, as long as the rest still diverges."""
    for fact in {id(fact): fact for fact in one}.values():
        fewer = tuple(tuple(left for left in history if left is not fact) for history in (one, other))
        if _differ(process, *fewer):
            return _shortened(process, *fewer)
    for index, fact in enumerate(one):
        once = one[:index] + one[index + 1 :]
        if any(left is fact for left in once) and _differ(process, once, other):
            return _shortened(process, once, other)
    sentence = f"the same facts come to different end states, as they arrive {SAMPLED}"
    return Finding(Kind.DIVERGES, sentence, one, other)
