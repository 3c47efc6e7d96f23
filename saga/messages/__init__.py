"""Messages: what they say, how they are read from CloudEvents, their identity. No database, no broker."""

from saga.messages.envelope import UNREADABLE, Envelope, Handler, Poison, Raw

__all__ = ["UNREADABLE", "Envelope", "Handler", "Poison", "Raw"]
