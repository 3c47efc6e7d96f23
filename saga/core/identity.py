"""Identities of outgoing messages, derived from their cause: sent again, it is the same message."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("5a6a0e2c-6f0b-5d0e-9b1a-0c7d3a6f2b11")


def derived_id(*cause: str | int) -> str:
    """The id of whatever these words and numbers cause; the same cause always gives the same id."""
    return str(uuid5(_NAMESPACE, "\x1f".join(map(str, cause))))
