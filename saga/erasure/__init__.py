"""Erasure: what settled instances were told is removed for good; what the process still needs of it stays."""

from saga.erasure.erase import Plan, Refused, Target, erase, plan
from saga.erasure.kept import Kept, kept

__all__ = ["Kept", "Plan", "Refused", "Target", "erase", "kept", "plan"]
