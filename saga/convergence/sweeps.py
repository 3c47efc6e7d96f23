"""Sweeps: every value of every field once, before values are drawn.

A function may fail for one value of hundreds, or treat two of them alike that differ. Drawing meets them by luck, so
the values are gone through: each alone and beside a few others (linear), then each with each in two facts (square, as
far as the budget goes). What is swept must be worth it:

- A field that a function does not name gets a few values only.
- A function may look at a field only if another one has the right kind of value, such as a time that can be read. So
  for each field in turn the value is kept with which most of the code runs (`saga.convergence.traces`), and the others
  are swept beside it, and beside the usual ones as well.
- Values with which the same lines run are of one cluster. Where there are too many, some of each cluster are taken.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any, Final

from saga.convergence.functions import names_in
from saga.convergence.laws import Question
from saga.convergence.neighbours import accepted
from saga.convergence.pools import Pools
from saga.convergence.traces import RAISES, Line, Traces
from saga.core import Fact

_FEW: Final = 20
"""Values of a field that the function does not name."""
_MOST_ALONE: Final = 50
_MOST_ACROSS: Final = 24
_MOST_OF_THREE: Final = 8
_KEYS: Final = 60
_COUNTED: Final = range(400)


@dataclass(slots=True)
class Swept:
    """A field with its values: those of different clusters take turns."""

    kind: type
    name: str
    values: list[Any]
    failing: list[Any] = field(default_factory=list)


class Sweeps:
    """What is swept for one question; ``traces`` are those of its function."""

    def __init__(self, pools: Pools, question: Question, traces: Traces) -> None:
        self._pools, self._call, self._traces = pools, question.call, traces
        self._kinds = [kind for kind in question.kinds if pools.templates[kind]]
        self._names = names_in(question.function)
        self._usual = {kind: dict[str, Any]() for kind in self._kinds}
        self._deep = {kind: dict[str, Any]() for kind in self._kinds}
        self._learn()
        self.fields = [self._swept(kind, name) for kind in self._kinds for name in pools.fields(kind)]

    def singles(self) -> Iterator[tuple[Fact, ...]]:
        """Each value alone, and after one and two other facts."""
        for swept in self.fields:
            for values in (swept.failing, islice(swept.values, _MOST_ALONE if self._is_named(swept) else _FEW)):
                for value in values:
                    for bases in self._bases():
                        yield from self._beside(bases, swept, value)

    def pairs(self, most: int) -> Iterator[tuple[Sequence[Fact], Sequence[Fact]]]:
        """Two lists of facts of which each of the one is for each of the other; ``most`` pairs or so."""
        named = [one for one in self.fields if self._is_named(one)] or self.fields
        bases = self._bases()
        for swept in named:
            values = swept.values[: max(int((most / 2 / len(named) / len(bases)) ** 0.5), 6)]
            for base in bases:
                yield self._facts(base, swept, values, 0), self._facts(base, swept, values, 1)
        for kind in self._kinds:
            yield from self._many_keys(kind)
        across = [(one, other) for one in named for other in named if one.kind is not other.kind]
        for one, other in across:
            few = min(max(int((most / 2 / len(across)) ** 0.5), 4), _MOST_ACROSS)
            yield self._facts(bases[-1], one, one.values[:few], 0), self._facts(bases[-1], other, other.values[:few], 0)

    def counted(self) -> Iterator[tuple[Fact, ...]]:
        """Each small number alone: a day of a year, a week, a percentage."""
        for swept in self.fields:
            usual = self._pools.fields(swept.kind)[swept.name].usual[0]
            if type(usual) is int and self._is_named(swept):
                yield from ((one,) for one in self._facts(self._deep, swept, _COUNTED, 0))

    def threes(self) -> Iterator[tuple[Sequence[Fact], Sequence[Fact], Sequence[Fact]]]:
        """Three lists of facts, for each to be taken with each of the others; the first ones are in front."""
        for swept in (one for one in self.fields if self._is_named(one)):
            values = swept.values[:_MOST_OF_THREE]
            base = self._bases()[-1]
            first, second, third = (self._facts(base, swept, values, place) for place in (2, 0, 1))
            yield first, second, third

    def _many_keys(self, kind: type) -> Iterator[tuple[Sequence[Fact], Sequence[Fact]]]:
        """Facts with many keys, of which a function may take two for one, and the same with other values."""
        pools = self._pools.fields(kind)
        first, last = self._pools.templates[kind][0], self._pools.templates[kind][-1]
        other = {name: value for name, value in last.fields.items() if name in pools and not pools[name].is_key}
        for name in (one for one, pool in pools.items() if pool.is_key and one in self._names):
            keys = accepted(pools[name].adapter, [f"{first.fields[name]}{number * number}" for number in range(_KEYS)])
            ones, others = (
                [fact for key in keys if (fact := self._pools.placed(kind, 0, {**values, name: key}))]
                for values in ({}, other)
            )
            yield ones, others

    def _bases(self) -> list[Mapping[type, Mapping[str, Any]]]:
        return [self._usual] if self._usual == self._deep else [self._usual, self._deep]

    def _facts(
        self, base: Mapping[type, Mapping[str, Any]], swept: Swept, values: Sequence[Any], place: int
    ) -> list[Fact]:
        made = (self._pools.placed(swept.kind, place, {**base[swept.kind], swept.name: one}) for one in values)
        return [one for one in made if one]

    def _beside(self, base: Mapping[type, Mapping[str, Any]], swept: Swept, value: Any) -> Iterator[tuple[Fact, ...]]:
        fact = self._pools.placed(swept.kind, 0, {**base[swept.kind], swept.name: value})
        if fact is None:
            return
        yield (fact,)
        others = self._others(base, swept.kind, fact)
        yield from ((*others[:count], fact) for count in (1, len(others)) if count > 0)

    def _others(self, base: Mapping[type, Mapping[str, Any]], kind: type, fact: Fact) -> list[Fact]:
        """A fact of the same kind and one of each other kind, at most three."""
        made = [self._pools.placed(kind, 1, base[kind])]
        made += [self._pools.placed(one, 0, base[one]) for one in self._kinds if one is not kind]
        return [one for one in made if one and not self._pools.contradict(one, fact)][:3]

    def _is_named(self, swept: Swept) -> bool:
        return swept.name in self._names

    def _swept(self, kind: type, name: str) -> Swept:
        """The values of a field in the order in which they are worth it; also keeps the one that leads furthest."""
        pool = self._pools.fields(kind)[name]
        if name not in self._names:
            return Swept(kind, name, [*pool.usual[:_FEW], *pool.edges[:_FEW], *self._pools.odd(kind, name)[:_FEW]])
        clusters: dict[Hashable, list[Any]] = {}
        missing: Any = object()
        failing: list[Any] = []
        most, best = len(self._lines(kind, {})[0]), missing
        for value in self._pools.values(kind, name):
            lines, kinds = self._lines(kind, {name: value})
            if any(isinstance(one, tuple) and one[:1] == (RAISES,) for one in kinds):
                failing += [value] if len(failing) < _FEW else []
            elif len(lines) > most:
                most, best = len(lines), value
            clusters.setdefault((lines, kinds), []).append(value)
        if best is not missing:
            self._deep[kind] = {**self._deep[kind], name: best}
        return Swept(kind, name, _taking_turns(list(clusters.values())), failing)

    def _learn(self) -> None:
        """Let the pools know what the function computes about usual facts, such as the end of a period."""
        self._traces.is_reading = True
        for kind in self._kinds:
            self._lines(kind, {})
        self._traces.is_reading = False
        for kind in self._kinds:
            self._pools.learn(kind, [self._traces.seen[one] for one in sorted(self._traces.seen)])

    def _lines(self, kind: type, changed: Mapping[str, Any]) -> tuple[frozenset[Line], tuple[Any, ...]]:
        """The lines with this value alone and beside others, and the kinds of both answers."""
        fact = self._pools.placed(kind, 0, {**self._deep[kind], **changed})
        if fact is None:
            return frozenset(), ()
        others = self._others(self._deep, kind, fact)
        alone, one = self._traces.run(lambda: self._call([fact]))
        beside, other = self._traces.run(lambda: self._call([*others, fact]))
        return alone | beside, (one, other)


def _taking_turns(clusters: Sequence[Sequence[Any]]) -> list[Any]:
    missing = object()
    return [one for row in zip_longest(*clusters, fillvalue=missing) for one in row if one is not missing]
