"""Replay: rebuilds instances from their records and compares them with what is stored. Sends nothing."""

from saga.verification.replay.check import check, check_these
from saga.verification.replay.comparison import Stored
from saga.verification.replay.examination import Coverage, Examined
from saga.verification.replay.fold import Fold, Rebuilt
from saga.verification.replay.pages import PAGE_SIZE, all_pages, these_pages
from saga.verification.replay.repair import repair

__all__ = [
    "PAGE_SIZE",
    "Coverage",
    "Examined",
    "Fold",
    "Rebuilt",
    "Stored",
    "all_pages",
    "check",
    "check_these",
    "repair",
    "these_pages",
]
