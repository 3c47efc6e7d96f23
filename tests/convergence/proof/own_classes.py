"""Classes of a user that behave otherwise than saga's own, or claim laws that they do not keep."""

from collections.abc import Mapping
from dataclasses import dataclass

from saga.core import Entries, Fact, Register
from saga.core.expressions import Direction, Expression
from saga.core.expressions.base import Move
from tests.convergence.proof.drawn import PAYMENTS


class Forgetful(Register):
    """Keeps the last entry only."""

    def apply(self, entries: Entries, fact: Fact) -> Entries:  # noqa: ARG002 -- it forgets them
        """The entry of the fact."""
        return {self.key_of(fact): fact.fields}


class Last(Expression):
    """Claims laws that it does not keep."""

    obstacles = ()
    fields_read = ()
    own_registers = (PAYMENTS,)

    def evaluate(self, held: Mapping[str, Entries]) -> bool:
        """Whether there is exactly one payment."""
        return len(held["payments"]) == 1

    def moves(self, kind: type) -> Move:  # noqa: ARG002 -- a claim
        """Claims to stay as it is."""
        return Move.NONE

    def direction(self, kind: type) -> Direction:  # noqa: ARG002 -- a claim
        """Claims to grow."""
        return Direction.GROWS

    def allowed(self, stored: frozenset[type]) -> frozenset[bool] | None:  # noqa: ARG002 -- a claim
        """Not known."""
        return None


@dataclass
class Ticked:
    id: str
    due_at: str | None = None


@dataclass
class Weighed:
    id: str
    parcel: str
    weight: float


@dataclass
class Numbered:
    id: str
    number: float
