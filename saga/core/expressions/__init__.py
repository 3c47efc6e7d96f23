"""Expressions: what derived columns, computed fields and selections compute, in a form that can be looked into.

An expression is a function of registers whose laws are known: what it reads, how its value moves when one more entry
is stored, and what values it can have. So it can be proved that a process converges, without samples.
"""

from saga.core.expressions.base import Condition, Direction, Expression
from saga.core.expressions.building import count, distinct, greatest, latest, least, only, total, total_by
from saga.core.expressions.choosers import Chooser
from saga.core.expressions.conditions import all_of, any_of, both, either, has, has_partner, lacks_partner, negated
from saga.core.expressions.entries import EntryField, EntryTest, each
from saga.core.expressions.excess import EntryFigure, beyond, field_of_entry
from saga.core.expressions.figure import Figure
from saga.core.expressions.stages import Stages, bands, stages

__all__ = [
    "Chooser",
    "Condition",
    "Direction",
    "EntryField",
    "EntryFigure",
    "EntryTest",
    "Expression",
    "Figure",
    "Stages",
    "all_of",
    "any_of",
    "bands",
    "beyond",
    "both",
    "count",
    "distinct",
    "each",
    "either",
    "field_of_entry",
    "greatest",
    "has",
    "has_partner",
    "lacks_partner",
    "latest",
    "least",
    "negated",
    "only",
    "stages",
    "total",
    "total_by",
]
