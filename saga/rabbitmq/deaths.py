"""Deaths: why a broker dead-lettered a message, from its header ``x-death``. Pure; the header may have any contents.

The broker writes one entry for each queue and reason, the last one first. The last death is the reason why the message
is here now; people see all of them, in the order in which they happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from saga.messages import Raw

DELIVERY_LIMIT_REACHED: Final = "delivery_limit"
MOST_DEATHS: Final = 10
"""The most deaths that people see."""

_WRITTEN_BY_THE_BROKER: Final = ("x-death", "x-first-death-", "x-last-death-")
_MOST_CHARACTERS: Final = 120
_WHAT_HAPPENED: Final = {
    "expired": "it expired in queue {queue}",
    "maxlen": "queue {queue} was full and dropped it",
    "rejected": "a consumer of queue {queue} rejected it",
    DELIVERY_LIMIT_REACHED: "queue {queue} gave it out more often than its delivery limit allows, and nobody answered",
}


@dataclass(frozen=True, slots=True)
class Death:
    """Why a queue dead-lettered a message, how often, and when it last did; None for missing values."""

    reason: str
    queue: str
    exchange: str | None
    count: int | None
    last: datetime | None


def read_deaths(raw: Raw) -> list[Death]:
    """The deaths of a message, the last one first, without entries that can't be read."""
    entries = raw.headers.get("x-death")
    return [death for entry in entries if (death := _death(entry))] if isinstance(entries, list) else []


def why_given_up(deaths: list[Death]) -> str:
    """The reason as a sentence for people."""
    if not deaths:
        return "the broker gave it up, and no header says why"
    sentences = [_sentence(death) for death in reversed(deaths[:MOST_DEATHS])]
    if left_out := len(deaths) - len(sentences):
        sentences.insert(0, f"{left_out} earlier reasons are left out here")
    return f"the broker gave it up: {', then '.join(sentences)}"


def as_published(raw: Raw, death: Death) -> Raw:
    """The message as it was before its first death; its routing key never changed."""
    headers = {name: value for name, value in raw.headers.items() if not name.startswith(_WRITTEN_BY_THE_BROKER)}
    return replace(raw, exchange=death.exchange or "", headers=headers)


def _death(entry: Any) -> Death | None:
    if not isinstance(entry, Mapping):
        return None
    reason, queue = _text(entry.get("reason")), _text(entry.get("queue"))
    if reason is None or queue is None:
        return None
    count, last = entry.get("count"), entry.get("time")
    return Death(
        reason,
        queue,
        _text(entry.get("exchange")),
        count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else None,
        last if isinstance(last, datetime) else None,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _sentence(death: Death) -> str:
    queue, reason = _short(death.queue), _short(death.reason)
    known = _WHAT_HAPPENED.get(death.reason)
    sentence = known.format(queue=queue) if known else f"queue {queue} gave it up as {reason!r}"
    details = [f"{death.count} times"] if death.count is not None and death.count > 1 else []
    if death.last is not None:
        details.append(f"{'last ' if details else ''}at {death.last.isoformat()}")
    return f"{sentence} ({', '.join(details)})" if details else sentence


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
