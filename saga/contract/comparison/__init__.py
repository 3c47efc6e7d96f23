"""Compares JSON Schemas: whether one accepts a value that another one refuses, and where."""

from saga.contract.comparison.difference import INCOMPARABLE, LOST, Difference
from saga.contract.comparison.differences import Side, differences

__all__ = ["INCOMPARABLE", "LOST", "Difference", "Side", "differences"]
