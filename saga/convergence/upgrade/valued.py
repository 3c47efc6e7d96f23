"""Further samples of an upgrade: values that the functions of either version name, those of one version alone first.

The samples of the new version have few values, and a function may have changed for others only: a gift for fifty is one
for a hundred now. So each such value, and its neighbours, are tried in one message beside a few usual ones. So is what
may be absent. What only one version compares shows in messages that are equal but for their keys, and in such as are in
opposite orders by two numbers.
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
_MOST_COUNTED: Final = 5
_SPELLED: Final = ("One", " one ")
"""Texts that a version may begin to normalise."""


def valued(old: Process, new: Process) -> Iterator[Sequence[Fact]]:
    """Small sets of messages of the new version, each with one value that a function of either version names."""
    pools = Pools(new, derive_samples(new))
    known = Pools(old, derive_samples(old)).constants
    before = {kind.__name__: constants for kind, constants in known.items()}
    fields = [(kind, name) for kind in pools.templates if kind.__name__ in before for name in pools.fields(kind)]
    yield from islice(_of_fields(pools, before, fields), _MOST_SETS)
    for kind in (one for one in pools.templates if one.__name__ in before and pools.templates[one]):
        yield from (made for made in (_run(pools, kind), _twins(pools, kind), _crossed(pools, kind)) if made)


def _of_fields(pools: Pools, before: dict[str, list[Any]], fields: Sequence[tuple[type, str]]) -> Iterator[list[Fact]]:
    for kind, name in fields:
        pool, after = pools.fields(kind)[name], pools.constants[kind]
        old = before[kind.__name__]
        changed = [one for one in (*old, *after) if (one in old) is not (one in after)]
        named = [*near(changed), *_SPELLED, *near([one for one in after if one not in changed])]
        values = [one for one in accepted(pool.adapter, named) if type(one) is type(pool.usual[0])]
        values = [*values[: _MOST_OF_A_FIELD - 1], *accepted(pool.adapter, [None])]
        for value in distinct(values)[:_MOST_OF_A_FIELD] if not pool.is_key else ():
            fact = pools.placed(kind, 0, {name: value})
            if fact is not None and pools.is_meant(fact):
                yield [fact, *_beside(pools, fact)]


def _run(pools: Pools, kind: type) -> list[Fact]:
    """Messages with numbers in a row, one more than the functions count up to: a version may keep more of them."""
    counted = [one for one in pools.constants[kind] if type(one) is int and 2 <= one <= _MOST_COUNTED]
    made = []
    for place in range(max(counted, default=2) + 1):
        numbers = {name: place + 1 for name, pool in pools.fields(kind).items() if type(pool.usual[0]) in (int, float)}
        fact = pools.placed(kind, place, numbers) if numbers else None
        made += [fact] if fact is not None and pools.is_meant(fact) else []
    return made


def _twins(pools: Pools, kind: type) -> list[Fact]:
    """Two messages that are equal but for their keys; a list in them has several items."""
    lists = {name: _several(pools, kind, name) for name in pools.fields(kind)}
    made = [pools.placed(kind, place, {name: one for name, one in lists.items() if one}) for place in range(2)]
    return [fact for fact in made if fact is not None] if made[0] != made[1] else []


def _several(pools: Pools, kind: type, name: str) -> list[Any]:
    """A list of several items for a field; empty if it takes none."""
    known = (one for one in pools.values(kind, name) if isinstance(one, list))
    return next((one for one in known if len(one) > 1 and one[0] != one[1]), [])


def _crossed(pools: Pools, kind: type) -> list[Fact]:
    """Three messages whose numbers fall in one field while they rise in the next, and while their keys rise."""
    names = [name for name, pool in pools.fields(kind).items() if type(pool.usual[0]) in (int, float)]
    made = []
    for place in range(3) if names else ():
        numbers = {name: place + 1 if at % 2 else 3 - place for at, name in enumerate(names)}
        fact = pools.placed(kind, place, numbers)
        made += [fact] if fact is not None and pools.is_meant(fact) else []
    return made


def _beside(pools: Pools, fact: Fact) -> list[Fact]:
    """A usual message of the same kind and one of some others, which do not contradict it."""
    kinds = [fact.kind, *(kind for kind in pools.templates if kind is not fact.kind)]
    usual = [next((one for one in pools.templates[kind] if not pools.contradict(one, fact)), None) for kind in kinds]
    return [one for one in usual if one is not None and one != fact][:_MOST_BESIDE]
