"""Counts what committed steps did, and steps that have to be done again. Once for each batch, not for each message."""

from saga.metrics.table import STEP_BATCH_MESSAGES, STEP_MESSAGES, STEP_RETRIES
from saga.postgres import LostRace, Unavailable
from saga.postgres.errors import InDoubt


def count_step(process: str, messages: int, answers: dict[str, int]) -> None:
    """Count a committed step by the answers that it gave."""
    if messages:
        STEP_BATCH_MESSAGES.observe(messages, process)
    for answer, count in answers.items():
        STEP_MESSAGES.add(count, process, answer)


def count_from_zero(process: str) -> None:
    """Show counters of retries before there are any, so that the first one is an increase."""
    for cause in ("conflict", "unavailable", "in_doubt"):
        STEP_RETRIES.add(0, process, cause)


def count_retry(process: str, error: LostRace | Unavailable) -> None:
    """Count a step that did not commit, or of which nobody knows whether it did."""
    cause = "conflict" if isinstance(error, LostRace) else "in_doubt" if isinstance(error, InDoubt) else "unavailable"
    STEP_RETRIES.add(1, process, cause)
