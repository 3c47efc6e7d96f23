"""Completions: the facts that are missing until a broken law shows in an end state.

A reducer comes to two values for two orders of two facts. Who reads it, and in which states of the process, is for the
rest of the declaration: an order that was placed, a limit that makes the difference count, no cancellation. So facts of
the other types are added, and more of the same, in front and behind, until the two orders end differently.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from saga.convergence.enumeration import HistoryResult, run_history
from saga.convergence.pools import Pools
from saga.convergence.sampling import Chance
from saga.core import Fact, Process

LARGEST: Final = 6
"""Facts of a round, but for completions by all other types."""
_COMPLETIONS: Final = 3
_TRIED: Final = 80
"""Completions of one broken law that are run, and not explored."""

Facts = tuple[Fact, ...]


def completed(pools: Pools, chance: Chance, facts: Sequence[Fact], most: int = _COMPLETIONS) -> Iterator[Facts]:
    """The facts alone, with templates of the types that they lack, and with drawn ones."""
    few = tuple(facts[-LARGEST:])
    yield few
    missing = [kind for kind, known in pools.templates.items() if known and not any(one.kind is kind for one in few)]
    for number in range(most if missing else 0):
        yield (
            *few,
            *_others(pools, chance, few, missing if number < 2 else _some(missing, chance), is_drawn=number > 0),
        )


def differing(process: Process, pools: Pools, chance: Chance, several: Sequence[Sequence[Fact]]) -> Facts | None:
    """Some facts and others beside them of which two orders end differently, or one fails; None if none was found.

    The last two of the facts are taken in both orders, and twice.
    """
    kinds = [kind for kind, known in pools.templates.items() if known]
    for number in range(_TRIED):
        facts = tuple(several[number % len(several)])
        *before, one, other = facts if len(facts) > 1 else (*facts, facts[0])
        others = _others(pools, chance, facts, _some([*kinds, *kinds], chance), is_drawn=number % 3 > 0)
        at = chance.below(len(others) + 1)
        front, behind = (*others[:at], *before), others[at:]
        orders = ((one, other), (other, one), (one, other, one, other))
        if _differ(process, [(*front, *order, *behind) for order in orders]):
            return (*facts, *others)
    return None


def _differ(process: Process, histories: Sequence[Facts]) -> bool:
    ends: list[HistoryResult] = []
    for history in histories:
        try:
            ends.append(run_history(process, history))
        except Exception:  # noqa: BLE001 -- whatever a function of the declaration raises: exploring reports it
            return True
    return not any(one.contradicts for one in ends) and any(one.end_state != ends[0].end_state for one in ends)


def _some(kinds: Sequence[type], chance: Chance) -> Sequence[type]:
    """Up to three of the kinds."""
    shuffled: Sequence[type] = chance.shuffled(kinds)
    return shuffled[: 1 + chance.below(3)]


def _others(pools: Pools, chance: Chance, few: Sequence[Fact], kinds: Sequence[type], *, is_drawn: bool) -> list[Fact]:
    """Facts of these kinds that contradict neither the few nor each other."""
    room = max(LARGEST + 1 - len(few), 1)
    found: list[Fact] = []
    for kind in chance.shuffled(kinds)[:room]:
        known = [*few, *found]
        drawn = pools.draw(kind, chance, known, pools.instances[0]) if is_drawn else None
        fact = drawn or pools.template(kind, chance, pools.instances[0])
        if not any(fact is one or pools.contradict(one, fact) for one in known):
            found.append(fact)
    return found
