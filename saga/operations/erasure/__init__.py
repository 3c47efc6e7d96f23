"""Erasure: removes for good the data that settled instances received, except what the process still needs."""

from saga.operations.erasure.erase import Erasure, NotErasable, erase
from saga.operations.erasure.kept import Kept, kept

__all__ = ["Erasure", "Kept", "NotErasable", "erase", "kept"]
