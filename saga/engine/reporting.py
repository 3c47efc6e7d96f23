"""What the log of a service says of a step that did not take everything in."""

import structlog

from saga.engine import StepResult

_log = structlog.get_logger()


def report_step(taken: StepResult, messages: int) -> None:
    """Say how many dead letters there are, and which instances were told more than they may hold."""
    if taken.dead:
        _log.warning("dead_letters", count=taken.dead, batch=messages)
    for process_id, reason in taken.full.items():
        _log.error("instance_full", process_id=process_id, reason=reason)
