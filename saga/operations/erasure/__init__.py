"""Erasure: what settled instances were told is removed for good; what the process still needs of it stays."""

from saga.operations.erasure.erase import Erasure, NotErasable, erase
from saga.operations.erasure.kept import Kept, kept

__all__ = ["Erasure", "Kept", "NotErasable", "erase", "kept"]
