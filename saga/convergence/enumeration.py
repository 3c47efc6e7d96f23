"""Every history, one by one: simple, for few inputs. Tests compare exploration with it, and people read its results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from saga.convergence.configuration import EndState, apply, end_state, start
from saga.convergence.findings import History
from saga.core import Command, DecisionKind, Fact, Process


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """A history with the outcome after each fact, all the commands that were sent, and the end state.

    It ``contradicts`` itself if a fact was refused because of others. A person has to settle that, so its end state
    must not be compared with others.
    """

    history: History
    outcomes: tuple[str, ...]
    commands: tuple[Command, ...]
    end_state: EndState
    contradicts: bool = False


def run_history(process: Process, history: Sequence[Fact]) -> HistoryResult:
    """Run one history through the engine's decision."""
    configuration = start(process)
    outcomes: list[str] = []
    commands: list[Command] = []
    contradicts = False
    for fact in history:
        configuration, decision = apply(process, configuration, fact)
        outcomes.append(decision.outcome.value)
        commands += decision.commands
        contradicts |= decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}
    return HistoryResult(
        tuple(history), tuple(outcomes), tuple(commands), end_state(process, configuration), contradicts
    )


def every_order(samples: Sequence[Fact]) -> Iterator[History]:
    """All n! orders of all samples."""
    return permutations(samples)


def every_history(samples: Sequence[Fact], times: int = 1) -> Iterator[History]:
    """All orders of all subsets, with each input up to ``times`` times."""
    for size in range(1, len(samples) + 1):
        for chosen in combinations(samples, size):
            for counts in _counts(size, times):
                several = [fact for fact, number in zip(chosen, counts, strict=True) for _ in range(number)]
                yield from _distinct_orders(several)


def _counts(size: int, times: int) -> Iterator[tuple[int, ...]]:
    if size == 0:
        yield ()
        return
    for rest in _counts(size - 1, times):
        for number in range(1, times + 1):
            yield (*rest, number)


def _distinct_orders(facts: Sequence[Fact]) -> Iterator[History]:
    """The distinct orders of facts, some of which may be the same object."""
    if not facts:
        yield ()
        return
    tried: list[Fact] = []
    for index, fact in enumerate(facts):
        if not any(fact is one for one in tried):
            tried.append(fact)
            for rest in _distinct_orders([*facts[:index], *facts[index + 1 :]]):
                yield (fact, *rest)
