"""Modules and their event logs: append, and read up to a horizon. Knows no process and no broker."""

from saga.modules.log import Entry, NewEvent, Visibility, append, read_outgoing, read_stream

__all__ = ["Entry", "NewEvent", "Visibility", "append", "read_outgoing", "read_stream"]
