"""Small worlds: three to six facts of which each field has a few values only.

A chain of legs, a run of numbers, a majority, a tie: such things need several facts that fit one another, and a value
out of hundreds hardly ever meets its like. In a small world it does, as there are only two to four of each. Numbers are
next to one another or a step apart; words are those of the code and two others; keys may stand in other fields.

A text may have a form: the code that reads it splits it, matches it or parses it. So texts are also put together of
words and numbers with the separators of the code, as a number with a unit, after a pattern, as JSON, and as times.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from saga.convergence.candidates import choices, fields_of, is_model
from saga.convergence.functions import constants_in, names_in, patterns_in
from saga.convergence.laws import Question
from saga.convergence.neighbours import accepted
from saga.convergence.odd_values import ADDRESSES, BEGIN, SPELLINGS
from saga.convergence.patterns import drawn_text
from saga.convergence.pools import Pool, Pools
from saga.convergence.sampling import Chance
from saga.core import Fact
from saga.core.fact import declared_fields

_OTHERS: Final = ("a", "b", "aa")
"""Words that no code names: two of them joined may read like another two."""
_LONGEST: Final = 40
_LONGEST_SEPARATOR: Final = 6
_TENTHS: Final = (1, 2, 3)
"""Their sum as fractions depends on the order of adding."""
_STEPS: Final = (1, 1, 1, 2, 5, 10)
_UNITS: Final = (1, 60, 3_600, 86_400)
"""Seconds, minutes, hours and days, as seconds."""
_LARGEST: Final = 1_000_000
_MOST_LISTED: Final = 20
_LISTS: Final = (list, tuple, set, frozenset, Sequence)
_UNREADABLE: Final[tuple[Any, ...]] = (None, 0, 1, "a", True, 1.5, [], {})

Form = Callable[[], str]


class SmallWorlds:
    """Draws facts for a question. What its function names is used for the values."""

    def __init__(self, pools: Pools, question: Question, chance: Chance) -> None:
        self._pools, self._chance = pools, chance
        self._kinds = [kind for kind in question.kinds if pools.templates[kind]]
        fields = {name for kind in pools.templates for name in declared_fields(kind)}
        constants = constants_in(question.function)
        self._names = names_in(question.function)
        self._patterns = patterns_in(question.function)
        texts = [one for one in constants if isinstance(one, str) and one and one not in fields]
        self._separators = [one for one in texts if _is_separator(one)] + [" "] * ("split" in self._names)
        fitting = [one for one in texts if len(one) <= _LONGEST]
        self._constants = [one for one in fitting if one not in self._patterns]
        self._has_addresses = any("ip_" in one for one in self._names)
        self._numbers = [
            one for one in constants if type(one) in (int, float) and isinstance(one, int | float) and _is_usual(one)
        ]
        self._spellings = [SPELLINGS[one] for one in sorted(self._names & SPELLINGS.keys())]
        self._words: list[str] = []
        self._few: list[int | float] = []

    def drawn(self) -> tuple[Fact, ...]:
        """The facts of one world: most are of one kind, none contradicts another."""
        chance, pools = self._chance, self._pools
        main = chance.one_of(self._kinds)
        self._words = self._some_words()
        self._few = self._consecutive()
        alphabets = {kind: self._alphabets(kind) for kind in self._kinds}
        facts: list[Fact] = []
        for place in range(3 + chance.below(4)):
            kind = main if chance.below(4) else chance.one_of(self._kinds)
            values = {name: alphabet(place) for name, alphabet in alphabets[kind].items()}
            fact = pools.placed(kind, place, values)
            facts += [fact] if fact and pools.is_fitting(fact, facts) else []
        return tuple(facts)

    def _some_words(self) -> list[str]:
        """Two to five words: of the code alone, or with others and keys among them."""
        chance, named = self._chance, self._chance.shuffled(self._constants)
        if len(named) > 1 and chance.below(2):
            return named[: 2 + chance.below(4)]
        known = [*named[:3], *_OTHERS, *(self._keys() if chance.below(3) == 0 else ())]
        return chance.shuffled(known)[: 2 + chance.below(3)]

    def _keys(self) -> list[str]:
        """Keys that facts of this world may have."""
        pools = [pool for kind in self._kinds for pool in self._pools.fields(kind).values() if pool.is_key]
        return [str(pool.at(place)) for pool in pools[:2] for place in range(2)]

    def _consecutive(self) -> list[int | float]:
        """Three numbers next to one another, at a number of the code or at one."""
        begin = self._chance.one_of([*self._numbers, 0, 1])
        return [begin, begin + 1, begin + 2]

    def _alphabets(self, kind: type) -> dict[str, Callable[[int], Any]]:
        """For each field what gives it a value for a place."""
        found = {}
        for name, pool in self._pools.fields(kind).items():
            values = self._values(kind, name, pool)
            if values and not (pool.is_key and self._chance.below(5)):
                found[name] = self._run(values) if self._is_run(pool) else self._any_of(values)
        return found

    def _is_run(self, pool: Pool) -> bool:
        return type(pool.usual[0]) in (int, float) and bool(self._chance.below(2))

    def _any_of(self, values: Sequence[Any]) -> Callable[[int], Any]:
        return lambda _: self._chance.one_of(values)

    def _run(self, values: Sequence[Any]) -> Callable[[int], Any]:
        """A value for each place, the next one a step away; sometimes that of another place."""
        chance = self._chance
        begin, step = chance.one_of(values), chance.one_of([*_STEPS, *(max(one - 1, 1) for one in self._numbers)])
        return lambda place: begin + step * (place if chance.below(5) else chance.below(place + 1))

    def _values(self, kind: type, name: str, pool: Pool) -> list[Any]:
        """Two to six values of a field."""
        chance, usual = self._chance, pool.usual[0]
        if type(usual) in (int, float):
            values: list[Any] = self._few[: 2 + chance.below(2)]
            if type(usual) is float and chance.below(2):
                values = [one / 10 for one in _TENTHS]
            if self._pools.goes_below_zero(kind) and chance.below(2):
                values = [*values, -values[-1]]
        elif isinstance(usual, str):
            form = chance.one_of(self._forms())()
            values = self._words if form == self._word else [form() for _ in range(2 + chance.below(5))]
        else:
            known = self._pools.values(kind, name)
            values = [chance.one_of(known) for _ in range(2 + chance.below(2))]
            if chance.below(3):
                field, listed = fields_of(kind)[name], bool(chance.below(2))
                values = [self._listed() if listed else self._built(field) for _ in range(2 + chance.below(2))]
        return accepted(pool.adapter, values) or ([usual] if not pool.is_key else [])

    def _listed(self) -> list[Any]:
        """Some items in a row, without duplicates; as many as the code counts up to, or half of them."""
        chance, counted = self._chance, [int(one) for one in self._numbers if 2 <= one <= _MOST_LISTED]
        size = chance.one_of((1, 2, 3, *counted, *(one + 1 for one in counted), *(one // 2 + 1 for one in counted)))
        begin = 1 + chance.below(2 * size)
        return list(range(begin, begin + size))

    def _built(self, annotation: Any, deepest: int = 4) -> Any:
        """A value of a nested type, of the words and numbers of this world."""
        chance, origin, inner = self._chance, get_origin(annotation), get_args(annotation)
        if named := choices(annotation):
            return chance.one_of(named)
        if origin is Annotated:
            return self._built(inner[0], deepest)
        if origin in {Union, UnionType}:
            return self._built(chance.one_of(inner), deepest)
        if origin in _LISTS and inner and deepest:
            return [self._built(inner[0], deepest - 1) for _ in range(chance.below(4))]
        if origin in {dict, Mapping} and deepest:
            return {self._word(): self._built(inner[1], deepest - 1) for _ in range(1 + chance.below(2))}
        if is_model(annotation) and deepest:
            return {name: self._built(field, deepest - 1) for name, field in fields_of(annotation).items()}
        return self._scalar(annotation)

    def _scalar(self, annotation: Any) -> Any:
        chance = self._chance
        if annotation is str:
            return chance.one_of(self._forms())()()
        if annotation in (int, float, Decimal):
            return chance.one_of([*self._few, *self._numbers, 1, 2, 3])
        return None if annotation is type(None) else chance.one_of([self._word(), *self._few])

    def _forms(self) -> list[Callable[[], Form]]:
        """What draws the form of all texts of a field; more than once what the code is more likely to read."""
        found: list[Callable[[], Form]] = [lambda: self._word, lambda: self._word, lambda: self._part]
        found += [lambda: self._with_unit]
        found += [self._joined] * (4 if self._separators else 0)
        found += [self._joined_twice] * (len(self._separators) > 1)
        found += [lambda: self._matching] * (2 if self._patterns else 0)
        found += [lambda: self._json] * (3 if {"loads", "model_validate_json"} & self._names else 0)
        found += [lambda: self._time] * (3 if {"fromisoformat", "strptime", "date", "datetime"} & self._names else 0)
        found += [lambda: self._address] * (3 if self._has_addresses else 0)
        found += [self._spelled] * (3 if self._spellings else 0)
        return found

    def _word(self) -> str:
        return str(self._chance.one_of(self._words))

    def _number(self) -> str:
        """A small number, or one in the units of a number of the code: a kilogram is a thousand grams."""
        chance = self._chance
        small = chance.one_of([*self._few, *range(1, 4)])
        return str(chance.one_of(range(1, 4)) * chance.one_of(self._numbers) if self._is_scaled() else small)

    def _is_scaled(self) -> bool:
        return bool(self._numbers) and self._chance.below(3) == 0

    def _part(self) -> str:
        return self._part_form()()

    def _part_form(self) -> Form:
        special = [self._matching] * bool(self._patterns) + [self._address] * self._has_addresses
        return self._chance.one_of([*[self._word] * 3, self._number, *special])  # type: ignore[no-any-return]

    def _joined(self) -> Form:
        """Parts with a separator between them; sometimes with one part more or less."""
        chance, separator = self._chance, str(self._chance.one_of(self._separators))
        parts = [self._part_form() for _ in range(chance.one_of((2, 2, 2, 3)))]
        return lambda: separator.join(
            part() for part in (parts if chance.below(5) else [*parts, *parts][: 1 + chance.below(3)])
        )

    def _joined_twice(self) -> Form:
        inner, outer = self._joined(), str(self._chance.one_of(self._separators))
        return lambda: outer.join(inner() for _ in range(1 + self._chance.below(2)))

    def _with_unit(self) -> str:
        space = " " * self._chance.below(2)
        pair = [self._number(), self._word()]
        return space.join(pair if self._chance.below(3) else pair[::-1])

    def _matching(self) -> str:
        with suppress(ValueError):
            return drawn_text(self._chance.one_of(self._patterns), self._chance)
        return self._word()

    def _json(self) -> str:
        some = self._chance.shuffled(self._constants)[: 1 + self._chance.below(2)]
        return json.dumps({one: self._chance.one_of((*_UNREADABLE, *self._few)) for one in some})

    def _time(self) -> str:
        steps = [*self._few, *self._numbers, 0, 1]
        step = timedelta(seconds=float(self._chance.one_of(steps) * self._chance.one_of(_UNITS)))
        with suppress(OverflowError):
            time = BEGIN + step
            return time.date().isoformat() if self._chance.below(4) == 0 else time.isoformat()
        return BEGIN.isoformat()

    def _spelled(self) -> Form:
        """Texts of which a function of the standard library that the code names takes some for one another."""
        chance, spellings = self._chance, self._chance.one_of(self._spellings)
        return lambda: str(chance.one_of(spellings))

    def _address(self) -> str:
        return str(self._chance.one_of(ADDRESSES))


def _is_separator(text: str) -> bool:
    return len(text) <= _LONGEST_SEPARATOR and not (text[0].isalnum() or text[-1].isalnum())


def _is_usual(number: float) -> bool:
    return 0 <= number <= _LARGEST
