"""Logs the results of a step that did not take in everything."""

import structlog

from saga.engine import StepResult

_log = structlog.get_logger()


def report_step(result: StepResult, messages: int) -> None:
    """Log the number of new dead letters, and the instances that refused a message because of a bound."""
    if result.dead:
        _log.warning("dead_letters", count=result.dead, batch=messages)
    for process_id, reason in result.full.items():
        _log.error("instance_full", process_id=process_id, reason=reason)
