"""Lists and mappings that come of the entries of a register."""

from dataclasses import dataclass
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.expressions.aggregates import OfField, Total, moves_of_sum, sum_of
from saga.core.expressions.base import Held, Move, Span, Stored, as_json, once, rank_of
from saga.core.expressions.entries import FieldOf


@dataclass(frozen=True)
class Distinct(OfField):
    """The different values of a field, sorted; a list that only gets more."""

    @property
    def json_type(self) -> str:
        """A list."""
        return "list"

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the filter, and why the field has no order."""
        return once([*super().own_obstacles, *self.field.obstacle_of_order()])

    def evaluate(self, held: Held) -> list[Any]:
        """The values."""
        known: dict[Any, Any] = {}
        for _, entry in self.among.matching(held):
            if (value := self.field.value(entry)) is not None:
                known.setdefault(rank_of(value), value)
        return [as_json(known[rank]) for rank in sorted(known)]

    def moves(self, kind: type) -> Move:
        """Up with each entry."""
        return Move.UP if self.gains(kind) else Move.NONE

    def span(self, stored: Stored) -> Span:  # noqa: ARG002 -- lists have no limits
        """A list."""
        return Span()

    def __str__(self) -> str:
        return f"distinct {self.field}{self.among}"


@dataclass(frozen=True)
class TotalBy(OfField):
    """The sums of a field for each value of another, as a mapping; entries without that value are left out."""

    per: FieldOf

    def __post_init__(self) -> None:
        Total(self.among, self.field)
        if self.per.json_type not in ("text", "mixed"):
            raise DeclarationError(
                f"totals per {self.per}: it is {self.per.json_type}, and a mapping has texts as keys"
            )

    @property
    def looked_at(self) -> tuple[FieldOf, ...]:
        """Both fields."""
        return (self.field, self.per)

    @property
    def json_type(self) -> str:
        """A mapping."""
        return "mapping"

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the sums, and of their keys."""
        return once([*super().own_obstacles, *self.per.obstacle_of_order(), *Total(self.among, self.field).obstacles])

    def evaluate(self, held: Held) -> dict[str, Any]:
        """The sums, by the values."""
        groups: dict[str, list[Any]] = {}
        for _, entry in self.among.matching(held):
            if type(value := self.per.value(entry)) is str:
                groups.setdefault(value, []).append(entry)
        return {value: as_json(sum_of(self.field, groups[value])) for value in sorted(groups)}

    def moves(self, kind: type) -> Move:
        """Up if no amount is below 0."""
        if not self.gains(kind):
            return Move.NONE
        return Move.UP if moves_of_sum(self.field) is Move.UP else Move.UP | Move.DOWN

    def span(self, stored: Stored) -> Span:  # noqa: ARG002 -- mappings have no limits
        """A mapping."""
        return Span()

    def __str__(self) -> str:
        return f"total {self.field} per {self.per.name}{self.among}"
