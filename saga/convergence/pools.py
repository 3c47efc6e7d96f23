"""Values that are likely to break a function: pools for each field of each message class, and facts made from them.

A function looks at its own constants, at their neighbours, at what is zero, empty or absent, and at whether values are
equal. So a pool has the constants that the functions about a class can reach, each with its neighbours (for a text:
other cases, and spaces around it); the usual values; the edges of the type; each choice; nested values that differ in
one place. Facts of one set often share values, also between fields of different classes, and often differ in one only.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from pydantic import TypeAdapter

from saga.convergence.candidates import admits_negative, choices, fields_of, passing_values
from saga.convergence.defaults import read_again
from saga.convergence.functions import (
    Constant,
    code_reached,
    codes_of,
    constants_in,
    functions_about,
    functions_of,
    patterns_in,
)
from saga.convergence.neighbours import accepted, as_json, distinct, near, nested, number_of
from saga.convergence.odd_values import BEGIN, has_negative, is_modest, ladder, odd_nested, odd_scalars
from saga.convergence.patterns import matching
from saga.convergence.samples import keys_of
from saga.convergence.sampling import Chance
from saga.core import Fact, Process, Reducer, Register
from saga.core.fact import declared_fields
from saga.core.plain import is_same

_DEEPEST: Final = 2
_TRIES: Final = 6
_MOST_WRITTEN: Final = 4
_MOST_LEARNED: Final = 6
_MOST_STEPS: Final = 12
"""Numbers that are taken for a time between two times."""
_LONGEST: Final = 80
"""Of a text that is tried; a longer constant is a message to people."""
_EDGES: Final[tuple[Any, ...]] = (None, "", " ", 0, 1, 2, 3, 0.5, 0.1, 0.2, 1.5, 1_000_000, [], {}, True, False)
_SHARED: Final = ("one", "two", "ONE", " one ")
_WORDS: Final = tuple(" ".join(f"word{number}" for number in range(count)) for count in range(2, 9))
"""For a function that splits texts; for others they would only stand between better ones."""
_TIMES: Final = ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z")


@dataclass(frozen=True, slots=True)
class Pool:
    """The values of one field: usual ones, those that functions name (with their neighbours), and edges of the type."""

    usual: tuple[Any, ...]
    named: tuple[Any, ...]
    edges: tuple[Any, ...]
    adapter: TypeAdapter[Any]
    is_key: bool

    def at(self, place: int) -> Any:
        """The usual value of a place: another one in each, as long as there are so many."""
        return self.usual[place % len(self.usual)]


class Pools:
    """The pools of a process, and facts drawn from them. ``templates`` are facts that its classes accept."""

    def __init__(self, process: Process, templates: Sequence[Fact]) -> None:
        self.process = process
        self.templates = {
            kind: [fact for fact in templates if fact.kind is kind] for kind in process.message_types.values()
        }
        self.constants = {kind: _constants(process, kind) for kind in self.templates}
        self._identities = {kind: one for kind in self.templates if (one := _identity(process, kind))}
        self._pools: dict[type, Mapping[str, Pool]] = {
            kind: self._of(kind) for kind, facts in self.templates.items() if facts
        }
        self._with_negative = {
            kind for kind, fields in self._pools.items() if any(admits_negative(one.adapter) for one in fields.values())
        }
        self._odd: dict[tuple[type, str], tuple[Any, ...]] = {}
        self.instances = self._instances()
        of_first = [self.of_instance(fact, self.instances[0]) for facts in self.templates.values() for fact in facts]
        self.templates = {kind: [fact for fact in of_first if fact.kind is kind] for kind in self.templates}

    def _of(self, kind: type) -> Mapping[str, Pool]:
        keys = keys_of(self.process, kind)
        identity = self._identities.get(kind)
        constants = near(self.constants[kind])
        found = {}
        for name, field in fields_of(kind).items():
            if name != self.process.correlate:
                adapter: TypeAdapter[Any] = TypeAdapter(field)
                known = [fact.fields[name] for fact in self.templates[kind]]
                usual = distinct([*known, *accepted(adapter, passing_values(name, field)), *self._left_out(kind, name)])
                named = distinct(accepted(adapter, constants))
                edges = accepted(
                    adapter, (*_EDGES, *_SHARED, *_TIMES, *choices(field), *nested(field, _DEEPEST, constants))
                )
                is_key = name in keys or name == identity
                found[name] = Pool(tuple(usual), tuple(named), tuple(distinct(edges)), adapter, is_key)
        return found

    def _left_out(self, kind: type, name: str) -> list[Any]:
        """What a fact has where its message leaves the field out: nobody holds a default against the field's limits."""
        given = {field: value for field, value in self.templates[kind][0].fields.items() if field != name}
        with suppress(Exception):  # it has no default, or a validator of the user raises
            return [read_again(kind, given).fields[name]]
        return []

    def _instances(self) -> list[Any]:
        """One that the code names, that of the templates, and two others; as far as the classes take them."""
        first = next(fact.fields[self.process.correlate] for facts in self.templates.values() for fact in facts)
        adapters = [TypeAdapter(fields_of(kind)[self.process.correlate]) for kind in self._pools]
        others = [first, f"{first}-b", "B", 7, 8, "00000000-0000-4000-8000-000000000077"]
        named = _named_instances(self.process)[:1]
        return [one for one in (*named, *others) if all(accepted(adapter, [one]) == [one] for adapter in adapters)][:3]

    def fields(self, kind: type) -> Mapping[str, Pool]:
        """The pools of the fields of a class, but for the one that correlates."""
        return self._pools[kind]

    def draw(self, kind: type, chance: Chance, before: Sequence[Fact], instance: Any) -> Fact | None:
        """A fact of this kind for a set that has these already; None if none was found that differs from them."""
        if not self.templates[kind]:
            return None
        for _ in range(_TRIES):
            values = self._values(kind, chance, before) | {self.process.correlate: instance}
            made = self.made(kind, values)
            if made and not any(self._contradict(one, made) or is_same(one.fields, made.fields) for one in before):
                return made
        return None

    def made(self, kind: type, values: Mapping[str, Any]) -> Fact | None:
        """The fact with these values; None if its class refuses them, or no instance could take it in."""
        with suppress(Exception):  # a validator of the user may raise anything
            made = read_again(kind, values)
            for deadline in self.process.delays_by_type.get(kind, ()):
                deadline.require_delay(made.fields)
            return made
        return None

    def placed(self, kind: type, place: int, values: Mapping[str, Any]) -> Fact | None:
        """A fact with these values, and with keys of its own for each place; the values may hold keys as well."""
        keys = {name: pool.at(place) for name, pool in self._pools[kind].items() if pool.is_key}
        usual = dict(self.templates[kind][0].fields)
        return self.made(kind, {**usual, **keys, **values, self.process.correlate: self.instances[0]})

    def goes_below_zero(self, kind: type) -> bool:
        """Whether a class or what reads it speaks of numbers below zero; otherwise they may mean to count up."""
        is_spoken_of = any((number := number_of(one)) is not None and number < 0 for one in self.constants[kind])
        return is_spoken_of or kind in self._with_negative

    def is_meant(self, fact: Fact) -> bool:
        """Whether it is said that there may be such numbers as in this fact."""
        return self.goes_below_zero(fact.kind) or not has_negative(dict(fact.fields))

    def is_fitting(self, fact: Fact, facts: Sequence[Fact]) -> bool:
        """Whether the fact is meant, and neither equals nor contradicts any of the others."""
        return self.is_meant(fact) and not any(fact == one or self.contradict(one, fact) for one in facts)

    def learn(self, kind: type, constants: Sequence[Constant]) -> None:
        """Take in what a function computes, as if it stood in its code; a few of them, and only what is new."""
        known = [value for fact in self.templates[kind] for value in fact.fields.values()]
        new = [one for one in constants if one not in known and one not in self.constants[kind]][:_MOST_LEARNED]
        self.constants[kind] += new
        for name, pool in self._pools[kind].items():
            named = distinct([*pool.named, *accepted(pool.adapter, near(new))])
            self._pools[kind] = {**self._pools[kind], name: replace(pool, named=tuple(named))}

    def values(self, kind: type, name: str) -> list[Any]:
        """All values of a field: those that functions name, usual ones, edges of the type, and odd ones."""
        pool = self.fields(kind)[name]
        return [*pool.named, *pool.usual, *pool.edges, *self.odd(kind, name)]

    def odd(self, kind: type, name: str) -> tuple[Any, ...]:
        """The odd values that a field admits, beyond those of its pool."""
        if (kind, name) not in self._odd:
            pool, field = self._pools[kind][name], fields_of(kind)[name]
            numbers = sorted({one for one in map(number_of, self.constants[kind]) if one is not None})
            times = ladder(BEGIN, numbers[:_MOST_STEPS]) if numbers else ()
            admitted = accepted(pool.adapter, (*odd_scalars(), *odd_nested(field), *times))
            known = {as_json(one) for one in (*pool.usual, *pool.named, *pool.edges)}
            distinct = {as_json(one): one for one in reversed(admitted)}
            self._odd[kind, name] = tuple(one for text, one in reversed(distinct.items()) if text not in known)
        return self._odd[kind, name]

    def altered(self, facts: Sequence[Fact], kinds: Sequence[type], chance: Chance) -> tuple[Fact, ...]:
        """The facts with one more, one less, or another value in one of them."""
        how, left = chance.below(4), list(facts)
        at = chance.below(len(left))
        if how == 0 and len(left) > 1:
            del left[at]
        elif how == 1:
            drawn = self.draw(chance.one_of(kinds), chance, left, self.instances[0])
            left += [drawn] if drawn else []
        else:
            fact = left[at]
            names = [name for name, pool in self._pools[fact.kind].items() if not pool.is_key]
            changed = {one: _drawn(self._pools[fact.kind][one], chance, left) for one in chance.shuffled(names)[:1]}
            left[at] = self.made(fact.kind, {**fact.fields, **changed}) or fact
        return tuple(one for number, one in enumerate(left) if one not in left[:number])

    def contradict(self, one: Fact, other: Fact) -> bool:
        """Whether a person has to say which of two facts counts: a key or an identity is the same, and more differs."""
        if one.kind is not other.kind or is_same(one.fields, other.fields):
            return False
        keys = [register.key for register in self.process.registers_by_type[one.kind] if isinstance(register, Register)]
        return self._contradict(one, other) or any(str(one.fields[key]) == str(other.fields[key]) for key in keys)

    def _contradict(self, one: Fact, other: Fact) -> bool:
        """Whether a reducer would get two facts of one identity; which of them counts would be for a person to say."""
        identity = self._identities.get(one.kind)
        return one.kind is other.kind and identity is not None and one.fields[identity] == other.fields[identity]

    def template(self, kind: type, chance: Chance, instance: Any) -> Fact:
        """One of the facts that were given, of this instance."""
        known = self.templates[kind]
        return self.of_instance(known[chance.below(len(known))], instance)

    def of_instance(self, fact: Fact, instance: Any) -> Fact:
        """The fact, of this instance."""
        values = {**fact.fields, self.process.correlate: instance}
        return fact if fact.fields[self.process.correlate] == instance else read_again(fact.kind, values)

    def _values(self, kind: type, chance: Chance, before: Sequence[Fact]) -> dict[str, Any]:
        """The values of an earlier fact of this kind, or of a template, some of them changed."""
        earlier = [fact for fact in before if fact.kind is kind]
        is_copy = bool(earlier) and chance.below(5) < 2
        known = earlier if is_copy else self.templates[kind]
        values = dict(known[chance.below(len(known))].fields)
        pools = self._pools[kind]
        changed = [name for name in pools if not is_copy and chance.below(3) < 2]
        if is_copy and (rest := [name for name, pool in pools.items() if not pool.is_key]) and chance.below(3):
            changed = [rest[chance.below(len(rest))]]
        for name, pool in pools.items():
            if pool.is_key:
                values[name] = self._key(pool, name, chance, before)
            elif name in changed:
                values[name] = self._odd_one(kind, name, chance) or _drawn(pool, chance, before)
        others = [fact for fact in before if fact.kind is not kind]
        if others and chance.below(6) == 0:
            values |= self._same(kind, others[chance.below(len(others))])
        return values

    def _odd_one(self, kind: type, name: str, chance: Chance) -> Any:
        """Sometimes an odd value that may stand beside others; otherwise None."""
        if chance.below(12):
            return None
        odd = self.odd(kind, name)
        drawn = odd[chance.below(len(odd))] if odd else None
        return drawn if is_modest(drawn) and (self.goes_below_zero(kind) or not has_negative(drawn)) else None

    def _same(self, kind: type, fact: Fact) -> dict[str, Any]:
        """All values of a fact of another kind that this one can have under the same names."""
        shared = [name for name in self._pools[kind] if name in fact.fields]
        return {
            name: fact.fields[name] for name in shared if accepted(self._pools[kind][name].adapter, [fact.fields[name]])
        }

    @staticmethod
    def _key(pool: Pool, name: str, chance: Chance, before: Sequence[Fact]) -> Any:
        """A key that no earlier fact has, or sometimes any value at all."""
        if chance.below(6) == 0:
            return _drawn(pool, chance, before)
        taken = [fact.fields.get(name) for fact in before]
        free = [one for one in pool.usual if one not in taken]
        return free[chance.below(len(free))] if free else _drawn(pool, chance, before)


def _named_instances(process: Process) -> list[str]:
    """The texts in the code of functions that look into a register by the instance itself."""
    fields = {name for kind in process.message_types.values() for name in declared_fields(kind)}
    found = [
        one
        for function, registers in functions_of(process)
        if any(isinstance(register, Register) and register.key == process.correlate for register in registers)
        for one in constants_in(function)
    ]
    return [one for one in found if isinstance(one, str) and one and one not in fields]


def _identity(process: Process, kind: type) -> str | None:
    """The field by which facts of a class differ, for a class that reducers fold: its first id, if it has one."""
    if not any(isinstance(register, Reducer) for register in process.registers_by_type[kind]):
        return None
    names = (name for name in fields_of(kind) if name != process.correlate and name.endswith("id"))
    return next(names, None)


def _drawn(pool: Pool, chance: Chance, before: Sequence[Fact]) -> Any:
    """A value of the pool, or one that an earlier fact has anywhere."""
    number = chance.below(10)
    if number < 3 and before:
        shared = accepted(pool.adapter, [value for fact in before for value in fact.fields.values()])
        if shared:
            return shared[chance.below(len(shared))]
    if number < 7 and pool.named:
        return pool.named[chance.below(len(pool.named))]
    values = pool.usual if number < 8 or not pool.edges else pool.edges
    return values[chance.below(len(values))]


def _constants(process: Process, kind: type) -> list[Constant]:
    """What the functions about a class can reach, but for the names of fields."""
    names = {name for one in process.message_types.values() for name in declared_fields(one)}
    functions = functions_about(process, process.registers_by_type[kind])
    found: dict[tuple[type, str], Constant] = {}
    for function in functions:
        written = [text for pattern in patterns_in(function) for text in _written(pattern)]
        words = _WORDS if _splits(function) else ()
        found |= {(type(one), str(one)): one for one in (*constants_in(function), *written, *words)}
    return [one for one in found.values() if one not in names and not (isinstance(one, str) and len(one) > _LONGEST)]


def _splits(function: object) -> bool:
    """Whether the code of a function splits something into words or lines."""
    codes = (code for one in code_reached(function) for code in codes_of(one.__code__))
    return any({"split", "rsplit", "splitlines"} & set(code.co_names) for code in codes)


def _written(pattern: str) -> list[str]:
    """A few texts that match a pattern; none if it is too much to write one."""
    with suppress(Exception):  # a text that only looks like a pattern
        return list(islice(matching(pattern), _MOST_WRITTEN))
    return []
