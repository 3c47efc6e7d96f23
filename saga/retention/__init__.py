"""Retention: prunes what is old enough and not needed any more, in small batches, while others work."""

from saga.retention.pruner import PrunedLog, PruneEnd, Pruner, Report
from saga.retention.removed import Removed

__all__ = ["PruneEnd", "PrunedLog", "Pruner", "Removed", "Report"]
