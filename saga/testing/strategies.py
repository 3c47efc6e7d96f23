"""Hypothesis strategies for histories of a process, for property tests.

    @given(histories(returns))
    def test_my_own_property(history: tuple[Fact, ...]) -> None:
        ...run_history(returns, history)...

This needs hypothesis; the rest of the checker does not.
"""

from collections.abc import Sequence

from hypothesis import strategies as st

from saga.convergence.findings import History
from saga.convergence.samples import derive_samples
from saga.core import Fact, Process


def histories(
    process: Process, samples: Sequence[Fact] | None = None, *, min_size: int = 0, max_size: int | None = None
) -> st.SearchStrategy[History]:
    """Histories of these inputs (or of samples made from the message classes), in any order and with duplicates.

    A history is a tuple of ``min_size`` to ``max_size`` facts (by default up to twice the number of inputs).

    >>> from saga.testing import histories
    >>> strategy = histories(tickets, max_size=4)  # for hypothesis: @given(history=strategy)
    """
    chosen = tuple(samples) if samples is not None else derive_samples(process)
    most = max_size if max_size is not None else 2 * len(chosen)
    return st.lists(st.sampled_from(chosen), min_size=min_size, max_size=most).map(tuple)


def pairs_of_orders(
    process: Process, samples: Sequence[Fact] | None = None
) -> st.SearchStrategy[tuple[History, History]]:
    """Two histories of the same facts in different orders, the second with some duplicates."""
    chosen = tuple(samples) if samples is not None else derive_samples(process)

    def ordered(facts: list[Fact]) -> st.SearchStrategy[tuple[History, History]]:
        again = st.lists(st.sampled_from(facts), max_size=3)
        second = again.flatmap(lambda duplicates: st.permutations([*facts, *duplicates]))
        return st.tuples(st.permutations(facts).map(tuple), second.map(tuple))

    numbers = st.lists(st.integers(0, len(chosen) - 1), min_size=1, unique=True)
    return numbers.map(lambda picked: [chosen[number] for number in picked]).flatmap(ordered)
