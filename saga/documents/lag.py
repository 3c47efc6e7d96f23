"""The document about who is behind: what `saga lag` prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saga.documents.as_data import as_data
from saga.operations import Heartbeat, Lag, QueueDepth
from saga.operations.instances import RELAY


@dataclass(frozen=True, slots=True)
class BrokerView:
    """The broker's queues or, without an answer, the reason. ``exists`` is false where there is no broker."""

    error: str | None
    queues: tuple[QueueDepth, ...] = ()
    exists: bool = True


def lag_document(known: Lag, seen: BrokerView) -> dict[str, Any]:
    """What the database knows, and what the broker says."""
    return {
        **as_data(known),
        "services": services_as_data(known.services),
        "outbox": [as_data(outbox) for outbox in known.outbox] if is_relayed(known, seen) else [],
        "broker": {"reachable": seen.error is None if seen.exists else None, "error": seen.error},
        "queues": [as_data(queue) for queue in seen.queues],
    }


def is_relayed(known: Lag, seen: BrokerView) -> bool:
    """Whether the logs are relayed to a broker: there is one, or there was."""
    return seen.exists or any(cursor.consumer == RELAY for cursor in known.cursors)


def services_as_data(heartbeats: Sequence[Heartbeat]) -> list[dict[str, Any]]:
    """The last heartbeat of each loop, and what it does."""
    return [
        {name: value for name, value in as_data(one).items() if name != "state"} | {"standing": one.state.value}
        for one in heartbeats
    ]
