"""Final conditions: finds those that were commanded and that a later fact no longer wants.

It compares each step with the one before. If the process alone decides an effect, a final condition can't be undone
once it was commanded: a step that no longer wants it is wrong, even if it sends a command to undo it. If the
collaborator decides (``decided_by`` names its input), the process may take the effect back before that input. After it,
the condition has to be wanted, in whatever order the two came.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from saga.core import Commanded, Effect, Process, Selection, State
from saga.core.plain import is_same


def undone_effects(
    process: Process, before: State, after: State, *, known: frozenset[type], new: type, upgraded: bool = False
) -> Iterator[str]:
    """A sentence for each effect that a step takes back although it is final.

    ``known`` are the kinds of facts before the step, ``new`` is the kind of its fact. ``upgraded`` marks the first step
    under a new version, which is responsible for everything that was commanded before.
    """
    for effect in process.effects:
        if not isinstance(effect, Effect) or not effect.final or not _is_decided(effect, known | {new}):
            continue
        sent = {name: last for name, last in before.commanded.items() if _is_final(effect, name, last.condition)}
        if not sent:
            continue
        outcome = process.outcomes.value(after.machines, after.registers).value
        wanted, wanted_before = wanted_of(process, effect, after), wanted_of(process, effect, before)
        for name, last in sent.items():
            was_lost = not upgraded and _is_decided(effect, known) and wanted_before.get(name) != last.condition
            if wanted.get(name) != last.condition and not was_lost:
                yield f"{_final(effect, name, last.condition)}, and {outcome} {_instead(wanted.get(name))}"
            elif wanted.get(name) == last.condition and not only_adds(effect, last, after.commanded[name].computed):
                yield f"{_final(effect, name, last.condition)}, and {outcome} wants it with other computed fields"


def _final(effect: Effect, name: str, condition: str) -> str:
    until = f" after {effect.decided_by.__name__}" if effect.decided_by else ""
    return f"{name} is {condition}, which can't be undone{until}"


def only_adds(effect: Effect, last: Commanded, now: Mapping[str, Any]) -> bool:
    """Whether the computed fields are the same, except for cumulative ones that grew."""
    (template,) = [one for condition, one in effect.commands.items() if condition.value == last.condition]
    cumulative = {one.name for one in template.computed if one.is_cumulative}
    return all(
        is_same(now.get(name), one) or (name in cumulative and includes(now.get(name), one))
        for name, one in last.computed.items()
    )


def includes(greater: Any, lesser: Any) -> bool:
    """Whether a value of a cumulative field includes an earlier one: it is the same, or it only gained.

    Numbers gain by size, also those that are written as texts; lists and mappings by containing more, and a mapping
    also by gains of its values. A first value after None is no gain: the command was sent before it was known.
    """
    if is_same(greater, lesser):
        return True
    if isinstance(greater, Mapping) and isinstance(lesser, Mapping):
        return all(key in greater and includes(greater[key], one) for key, one in lesser.items())
    if isinstance(greater, list | tuple) and isinstance(lesser, list | tuple):
        return _contains(greater, lesser)
    known, before = _number(greater), _number(lesser)
    return type(greater) in _same_kind(lesser) and known is not None and before is not None and known > before


def _contains(greater: Sequence[Any], lesser: Sequence[Any]) -> bool:
    """Whether each item of a list is in the other as often as here, in whatever order."""
    left = list(greater)
    for one in lesser:
        found = next((number for number, other in enumerate(left) if is_same(one, other)), None)
        if found is None:
            return False
        del left[found]
    return True


def _same_kind(value: Any) -> tuple[type, ...]:
    return (int, float) if type(value) in (int, float) else (type(value),)


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(value) if isinstance(value, str | int | float) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _instead(condition: str | None) -> str:
    return "no longer wants it" if condition is None else f"wants it {condition}"


def _is_final(effect: Effect, name: str, condition: str) -> bool:
    return name.partition("/")[0] == effect.name and any(condition == final.value for final in effect.final)


def _is_decided(effect: Effect, known: frozenset[type]) -> bool:
    return effect.decided_by is None or effect.decided_by in known


def wanted_of(process: Process, effect: Effect, state: State) -> Mapping[str, str]:
    """The wanted condition of the effect, or of each entry if the effect exists for each."""
    how = process.wants(state.machines, state.registers).get(effect)
    if isinstance(how, Selection):
        condition = how.condition or next(iter(effect.commands))
        return {f"{effect.name}/{key}": condition.value for key in how.chosen(state.registers)}
    return {effect.name: how.value} if isinstance(how, Enum) else {}
