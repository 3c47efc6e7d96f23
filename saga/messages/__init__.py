"""Messages: envelopes, decoding of CloudEvents, facts and ids. No database, no broker."""

from saga.messages.envelope import UNREADABLE, Envelope, Handler, Poison, Raw

__all__ = ["UNREADABLE", "Envelope", "Handler", "Poison", "Raw"]
