"""Heartbeats: each loop of a service marks that it goes round, and a row for each loop in the database shows it.

A living process proves little: a loop in it may have stopped for good, because a clock was set back or an answer never
came. So each loop sets a mark in memory when it goes round, even if there was nothing to do; and one task in each
service writes every few seconds which marks are fresh. A frozen service writes nothing, and a loop that hangs has no
fresh mark: in both cases the row grows old, and `saga health` and `saga lag` name it.

The same task ends sessions of frozen clients to which no timeout of the server applies.

Heartbeats never block the work: they have a connection of their own, and if one can't be written the service works on.
"""

from saga.heartbeat.loops import SILENT_SECONDS, Loop, Loops, a_loop, goes_round, kept_loops, rests, starts_over
from saga.heartbeat.writing import BEAT_SECONDS, beating

__all__ = [
    "BEAT_SECONDS",
    "SILENT_SECONDS",
    "Loop",
    "Loops",
    "a_loop",
    "beating",
    "goes_round",
    "kept_loops",
    "rests",
    "starts_over",
]
