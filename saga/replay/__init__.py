"""Replay: instances rebuilt from what was recorded, and held against what is stored. Sends nothing."""

from saga.replay.check import check, check_these
from saga.replay.comparison import Stored
from saga.replay.difference import Difference
from saga.replay.examination import Examined, Standing
from saga.replay.fold import Fold, Rebuilt
from saga.replay.pages import PAGE_SIZE, all_pages, one_moment, these_pages
from saga.replay.repair import repair

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
