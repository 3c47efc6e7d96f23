"""What the scheduler sends when a deadline is due, and deadlines whose message class does not take it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from saga.convergence.findings import require_not_ours
from saga.core import Deadline, Fact, Process
from saga.messages.facts import read_fact

_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_OTHER_TIMES = (timedelta(), timedelta(hours=12, minutes=34, seconds=56), timedelta(days=59, microseconds=123_456))
"""After it: a class may take a day, but no time of the day."""


def emitted(process: Process, deadline: Deadline, instance: Any, due: timedelta = timedelta()) -> Fact:
    """The fact that a deadline emits, with the fields that the scheduler sends. Raises like ``read_fact``."""
    fields = {"due_at": (_SOME_TIME + due).isoformat(), "armed_by": process.name, process.correlate: str(instance)}
    return read_fact(deadline.emits, fields)


def refusals(process: Process, instance: Any) -> Iterator[str]:
    """A sentence for each deadline whose message class refuses what the scheduler sends."""
    for effect in (one for one in process.effects if isinstance(one, Deadline)):
        try:
            for due in _OTHER_TIMES:
                emitted(process, effect, instance, due)
        except Exception as error:  # noqa: BLE001 -- a validator of the user may raise anything
            require_not_ours(error)
            yield (
                f"{effect.name} emits {effect.emits.__name__}, which does not take what the scheduler says"
                f" ({process.correlate}, due_at, armed_by): {_why(error)}"
            )


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"it raises {error!r}"
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
