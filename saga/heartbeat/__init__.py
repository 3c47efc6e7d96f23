"""The heartbeat: each loop of a service says that it goes round, and one row for each tells everybody.

That a process lives says little: a loop in it may have stopped for good, by a clock that was set back or an answer that
never came. So each loop marks in memory that it went round, also when there was nothing to do; and one task a service
writes every few seconds which of the marks are fresh. A service that froze writes nothing, and a loop that hangs has no
fresh mark: in both cases the row grows old, and `saga health` and `saga lag` name it.

Who beats also ends sessions of those who froze where no timeout of the server applies.

A beat is never in the way: it has a connection of its own, and where it can't be written the service works on.
"""

from saga.heartbeat.loops import Loop, a_loop, goes_round, rests, starts_over
from saga.heartbeat.writing import BEAT_SECONDS, beating

__all__ = ["BEAT_SECONDS", "Loop", "a_loop", "beating", "goes_round", "rests", "starts_over"]
