"""Related facts: three to five whose values have to do with one another.

What fits into a box, what lies within a window, what is above a level until it is below another one: such functions go
wrong for values that together just reach a bound, or are equal, or are next to one another. Drawn one by one, they
hardly ever meet. So each value is taken from the parts of one number, or from what earlier facts leave of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from saga.convergence.neighbours import accepted
from saga.convergence.odd_values import BEGIN
from saga.convergence.pools import Pool, Pools
from saga.convergence.sampling import Chance
from saga.core import Fact

_USUAL: Final = (100, 10, 3)
_UNITS: Final = (1, 60, 3_600, 86_400)
"""Seconds, minutes, hours and days, as seconds."""
_LONGEST: Final = 900 * 366 * 86_400
"""From any of the times here, no longer step leads beyond the calendar, which ends with the years 1 and 9999."""


def related(pools: Pools, kinds: Sequence[type], chance: Chance) -> tuple[Fact, ...]:
    """A few facts of these kinds; most have one kind."""
    known = [kind for kind in kinds if pools.templates[kind]]
    main = known[chance.below(len(known))]
    numbers = [one for one in map(_positive, pools.constants[main]) if one]
    whole = chance.one_of(numbers) if numbers and chance.below(4) else chance.one_of(_USUAL)
    base = dict(chance.one_of(pools.templates[main]).fields)
    is_timed, facts = chance.below(3) == 0, list[Fact]()
    for place in range(3 + chance.below(3)):
        kind = main if chance.below(4) else chance.one_of(known)
        values = base if kind is main else dict(chance.one_of(pools.templates[kind]).fields)
        earlier = [fact for fact in facts if fact.kind is kind]
        changed = {
            name: _related(pool, whole, [fact.fields[name] for fact in earlier], chance, is_timed=is_timed)
            for name, pool in pools.fields(kind).items()
            if not pool.is_key and chance.below(3)
        }
        kept = {name: value for name, value in values.items() if not _is_key(pools, kind, name)}
        fact = pools.placed(kind, place, {**kept, **changed})
        facts += [fact] if fact and pools.is_fitting(fact, facts) else []
    return tuple(facts)


def _is_key(pools: Pools, kind: type, name: str) -> bool:
    return name in pools.fields(kind) and pools.fields(kind)[name].is_key


def _related(pool: Pool, whole: float, earlier: Sequence[Any], chance: Chance, *, is_timed: bool) -> Any:
    """A value that has to do with this number or with earlier values; with ``is_timed`` each text is a time."""
    usual = pool.usual[0]
    if type(usual) in (int, float):
        fitting = accepted(pool.adapter, list(_parts(whole, [one for one in earlier if type(one) in (int, float)])))
        return chance.one_of(fitting) if fitting else usual
    known = next((time for one in (*earlier, *pool.usual) if (time := _time(one))), None)
    if (begin := known or (BEGIN if is_timed and isinstance(usual, str) else None)) is not None:
        seconds = [float(part * unit) for part in _parts(whole, []) for unit in _UNITS]
        steps = [timedelta(seconds=one) for one in seconds if abs(one) <= _LONGEST]
        fitting = accepted(pool.adapter, [(begin + chance.one_of(steps)).isoformat()])
        return fitting[0] if fitting else usual
    if earlier and chance.below(2):
        return chance.one_of(earlier)
    return chance.one_of(pool.named or pool.edges or pool.usual)


def _parts(whole: float, earlier: Sequence[int | float]) -> Iterator[int | float]:
    """The number, its neighbours and parts, what earlier values leave of it, and their neighbours."""
    yield from (whole, whole - 1, whole + 1, whole / 2, whole // 2, whole // 2 + 1, whole // 2 - 1)
    yield from (whole // 3, whole // 3 + 1, 2 * whole // 3, 2 * whole // 3 + 1, whole // 4, 3 * whole // 4, 1, 0)
    yield from (round(whole / 3, 6), round(whole / 6, 6))
    yield from (whole * 2, whole * 0.6, whole * 6 // 10, whole * 4 // 10, whole * 7 // 10)
    if earlier:
        last = earlier[-1]
        yield from (last, last + 1, last - 1, whole - last, whole - last + 1, whole - sum(earlier), last + whole, -last)


def _positive(constant: Any) -> int | float | None:
    """The number that a constant is or writes; None if it is neither, or none to take parts of."""
    with suppress(ArithmeticError, ValueError, TypeError):
        number = float(constant)
        if 0.01 <= number < 10**9:
            return int(number) if number == int(number) else number
    return None


def _time(value: Any) -> datetime | None:
    """The time that a text stands for; None if it stands for none, or for one at the end of the calendar."""
    if isinstance(value, str) and len(value) >= len("2026-01-01"):
        with suppress(ValueError):
            time = datetime.fromisoformat(value)
            return time if 1000 < time.year < 9000 else None
    return None
