"""Refusals in the log: that somebody was refused, why, and how often; never what they sent.

Whoever is refused could fill the log. So the first refusal for a reason is a line at once, and the next line for this
reason comes ten seconds later at the earliest and counts those in between.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import structlog
from starlette.types import Scope

EVERY_SECONDS: Final = 10.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Refusals:
    """What was refused, by reason. Reasons are words of the program, so there are few."""

    _counts: Counter[str] = field(default_factory=Counter)
    _said: dict[str, float] = field(default_factory=dict)

    def note(self, reason: str, scope: Scope) -> None:
        """Count one, and log it if this reason was not logged just now."""
        self._counts[reason] += 1
        now = time.monotonic()
        if now - self._said.get(reason, -EVERY_SECONDS) < EVERY_SECONDS:
            return
        self._said[reason] = now
        _log.warning("access_refused", reason=reason, peer=peer_of(scope), count=self._counts.pop(reason))


def peer_of(scope: Scope) -> str:
    """The address that asks; behind a proxy that is the proxy's."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
