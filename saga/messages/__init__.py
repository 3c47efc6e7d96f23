"""Messages: what they say, how they are read from CloudEvents, their identity. No database, no broker."""

from saga.messages.envelope import Envelope, Handler, Poison, Raw

__all__ = ["Envelope", "Handler", "Poison", "Raw"]
