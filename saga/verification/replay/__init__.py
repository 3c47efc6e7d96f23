"""Replay: rebuilds instances from their records and compares them with what is stored. Sends nothing."""

from saga.verification.replay.check import check, check_these
from saga.verification.replay.comparison import Stored
from saga.verification.replay.difference import Difference
from saga.verification.replay.examination import Examined, Standing
from saga.verification.replay.fold import Fold, Rebuilt
from saga.verification.replay.pages import PAGE_SIZE, all_pages, one_moment, these_pages
from saga.verification.replay.repair import repair

__all__ = [
    "PAGE_SIZE",
    "Difference",
    "Examined",
    "Fold",
    "Rebuilt",
    "Standing",
    "Stored",
    "all_pages",
    "check",
    "check_these",
    "one_moment",
    "repair",
    "these_pages",
]
