"""Erasure: what settled instances were told is removed for good; what the process still needs of it stays."""

from saga.operations.erasure.erase import Plan, Refused, Target, erase, plan
from saga.operations.erasure.kept import Kept, kept

__all__ = ["Kept", "Plan", "Refused", "Target", "erase", "kept", "plan"]
