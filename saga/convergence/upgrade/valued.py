"""Further samples of an upgrade: values that the functions of either version name, those of one version alone first.

The samples of the new version have few values, and a function may have changed for others only: a gift for fifty is one
for a hundred now. So each such value, and its neighbours, are tried in one message beside a few usual ones.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from saga.convergence.neighbours import accepted, distinct, near
from saga.convergence.pools import Pools
from saga.convergence.samples import derive_samples
from saga.core import Fact, Process

_MOST_SETS: Final = 60
_MOST_OF_A_FIELD: Final = 12
_MOST_BESIDE: Final = 3


def valued(old: Process, new: Process) -> Iterator[Sequence[Fact]]:
    """Small sets of messages of the new version, each with one value that a function of either version names."""
    pools = Pools(new, derive_samples(new))
    known = Pools(old, derive_samples(old)).constants
    before = {kind.__name__: constants for kind, constants in known.items()}
    fields = [(kind, name) for kind in pools.templates if kind.__name__ in before for name in pools.fields(kind)]
    yield from islice(_of_fields(pools, before, fields), _MOST_SETS)


def _of_fields(pools: Pools, before: dict[str, list[Any]], fields: Sequence[tuple[type, str]]) -> Iterator[list[Fact]]:
    for kind, name in fields:
        pool, after = pools.fields(kind)[name], pools.constants[kind]
        old = before[kind.__name__]
        changed = [one for one in (*old, *after) if (one in old) is not (one in after)]
        values = accepted(pool.adapter, [*near(changed), *near([one for one in after if one not in changed])])
        for value in distinct(values)[:_MOST_OF_A_FIELD] if not pool.is_key else ():
            fact = pools.placed(kind, 0, {name: value})
            if fact is not None and pools.is_meant(fact):
                yield [fact, *_beside(pools, fact)]


def _beside(pools: Pools, fact: Fact) -> list[Fact]:
    """A usual message of the same kind and one of some others, which do not contradict it."""
    kinds = [fact.kind, *(kind for kind in pools.templates if kind is not fact.kind)]
    usual = [next((one for one in pools.templates[kind] if not pools.contradict(one, fact)), None) for kind in kinds]
    return [one for one in usual if one is not None and one != fact][:_MOST_BESIDE]
