"""Retention: prunes what is old enough and not needed any more, in small batches, while others work."""

from saga.retention.pruner import PrunedLog, PruneEnd, Pruner, PruneReport
from saga.retention.removed import PrunedRows

__all__ = ["PruneEnd", "PruneReport", "PrunedLog", "PrunedRows", "Pruner"]
