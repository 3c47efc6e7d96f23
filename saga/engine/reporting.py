"""Logs the results of a step that did not take in everything, and measures how old messages were at their commit."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from saga.engine.step import DUPLICATE, Message, StepResult
from saga.messages import Envelope
from saga.metrics.table import MESSAGE_LATENCY_SECONDS

_log = structlog.get_logger()


def report_step(result: StepResult, messages: Sequence[Message], *, process: str, feed: str) -> None:
    """Report a step that has just committed; ``feed`` brought its messages: push or pull.

    Logs the number of new dead letters, and the instances that refused a message because of a bound.
    """
    if MESSAGE_LATENCY_SECONDS.is_on:
        MESSAGE_LATENCY_SECONDS.observe_each(_ages_seconds(result, messages), process, feed)
    if result.dead:
        _log.warning("dead_letters", count=result.dead, batch=len(messages))
    for process_id, reason in result.full.items():
        _log.error("instance_full", process_id=process_id, reason=reason)


def _ages_seconds(result: StepResult, messages: Sequence[Message]) -> Iterator[float]:
    """The ages of messages from a log since they were recorded there; duplicates were handled before."""
    now = time.time()
    for message in messages:
        if not isinstance(message, Envelope) or message.position is None or message.time is None:
            continue
        if result.answer_to(message) != DUPLICATE:
            with suppress(ValueError, OverflowError):
                yield max(0.0, now - datetime.fromisoformat(message.time).timestamp())
