"""A received message: an envelope if it is well-formed, poison if not. Both have the raw form."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from saga.core.statically_frozen import statically_frozen

UNREADABLE: Final = "undecodable"
"""The only header of a message whose headers can't be read; it holds their bytes."""


@statically_frozen
class Raw:
    """A message as the broker delivered it: enough to decode it again later, or to send it again."""

    body: bytes
    routing_key: str = ""
    exchange: str = ""
    content_type: str | None = None
    message_id: str | None = None
    type: str | None = None
    correlation_id: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)


@statically_frozen
class Envelope:
    """A well-formed message. Its data is strict JSON, but not yet checked against any message class.

    ``position`` is its position in the log of ``module``, and the message covers the range (``previous_position``,
    ``position``] of that log; both are None for a message that was never in a log.
    """

    type: str
    id: str
    source: str
    data: Mapping[str, Any]
    raw: Raw
    subject: str | None = None
    time: str | None = None
    module: str | None = None
    position: int | None = None
    previous_position: int | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


@statically_frozen
class Poison:
    """A message that can't be understood, with the reason as a sentence and all known attributes.

    If it is not ``well_formed``, its position can't be trusted.
    """

    raw: Raw
    reason: str
    type: str | None = None
    id: str | None = None
    source: str | None = None
    subject: str | None = None
    module: str | None = None
    position: int | None = None
    previous_position: int | None = None
    well_formed: bool = False


Handler = Callable[[Sequence[Envelope | Poison]], Awaitable[None]]
"""Handles a batch; when it returns, the messages may be acknowledged. It raises a transient error if the same batch
should be handled again."""
