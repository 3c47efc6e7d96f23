"""Stages: the members of an enum, each of which is reached once its condition and all before it hold."""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from saga.core.errors import DeclarationError
from saga.core.expressions.base import Condition, Expression, Held, Move
from saga.core.expressions.conditions import Both, moves_of_all
from saga.core.expressions.figure import Figure
from saga.core.words import is_among


@dataclass(frozen=True)
class Stages(Expression):
    """The latest member of ``order`` that is reached; a later member is growth.

    >>> from saga import has, stages
    >>> stages(Work.OPEN, (has(REPORTS), Work.DONE)).order
    (<Work.OPEN: 'open'>, <Work.DONE: 'done'>)
    """

    order: tuple[Enum, ...]
    conditions: tuple[Condition, ...]
    """Of each member but the first: it is reached if its condition and all before it hold."""

    def __post_init__(self) -> None:
        Both(self.conditions)
        for number, one in enumerate(self.order):
            if not isinstance(one, Enum):
                raise DeclarationError(f"{one!r:.80} is no stage: write a member of an enum")
            if is_among(one, self.order[:number]) or one in self.order[:number]:
                raise DeclarationError(f"{one} is a stage twice: write each stage once")
        _ = self.registers

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The conditions."""
        return self.conditions

    def evaluate(self, held: Held) -> Enum:
        """The stage."""
        for stage, condition in zip(self.order, self.conditions, strict=False):
            if not condition.evaluate(held):
                return stage
        return self.order[-1]

    def moves(self, kind: type) -> Move:
        """As the conditions do."""
        return moves_of_all(self.conditions, kind)

    def allowed(self, stored: frozenset[type]) -> frozenset[Enum]:
        """The stages up to the first whose condition can't hold, from the last that surely holds."""
        found: list[Enum] = []
        for stage, condition in zip(self.order, self.conditions, strict=False):
            possible = condition.possible(stored) or frozenset({False, True})
            if False in possible:
                found.append(stage)
            if True not in possible:
                return frozenset(found)
        return frozenset([*found, self.order[-1]])

    def __str__(self) -> str:
        pairs = zip(self.conditions, self.order[1:], strict=True)
        return f"{self.order[0].name}, {', '.join(f'{stage.name} if {condition}' for condition, stage in pairs)}"


def stages(start: Enum, *steps: tuple[Condition, Enum]) -> Stages:
    """The latest stage whose condition holds, with the conditions of all stages before it.

    >>> from saga import count, has, stages
    >>> class Load(Enum):
    ...     NONE = "none"
    ...     SOME = "some"
    ...     MUCH = "much"
    >>> LOAD = stages(Load.NONE, (has(REPORTS), Load.SOME), (count(REPORTS) >= 3, Load.MUCH))
    >>> LOAD({"t-1": {"text": "broken"}})
    <Load.SOME: 'some'>
    """
    return Stages((start, *(stage for _, stage in steps)), tuple(condition for condition, _ in steps))


def bands(figure: Figure, start: Enum, *limits: tuple[int, Enum]) -> Stages:
    """The stage of the greatest limit that the figure has reached; the limits ascend.

    >>> from saga import bands, count
    >>> class Load(Enum):
    ...     LITTLE = "little"
    ...     MUCH = "much"
    >>> bands(count(REPORTS), Load.LITTLE, (2, Load.MUCH))({"t-1": {}, "t-2": {}})
    <Load.MUCH: 'much'>
    """
    numbers = [limit for limit, _ in limits]
    if any(one >= other for one, other in pairwise(numbers)):
        raise DeclarationError(f"the limits {numbers} don't ascend: write them from the least to the greatest")
    return stages(start, *((figure >= limit, stage) for limit, stage in limits))
