"""Halving: finds the messages that PostgreSQL refuses, so that they do not hold up the others.

It also splits batches that are too much for one transaction.

A batch is one transaction, and the error names a statement, not a message. So a refused batch is split into halves, and
these again, until the refused message is alone: n bad messages among m cost about 2 n log2(m) transactions. A duplicate
key may be a race, so a single message gets some more attempts before it is parked.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from saga.engine.instances import TooMuchAtOnce
from saga.postgres import Duplicate, Refused, again_after_lost_races

Message = TypeVar("Message")
Answer = TypeVar("Answer")


async def halved(
    handle: Callable[[Sequence[Message]], Awaitable[Answer]],
    park: Callable[[Message, str], Awaitable[Answer]],
    messages: Sequence[Message],
) -> list[Answer]:
    """Handle all messages, in their order, in as few parts as possible; refused messages are parked with a reason.

    Raises Refused if there is no message to park, or if parking one is refused as well. Other errors of ``handle`` are
    raised as they are; the parts before them are committed.
    """
    try:
        return [await handle(messages)]
    except (Refused, Duplicate, TooMuchAtOnce):
        if not messages:
            raise
    if len(messages) > 1:
        middle = len(messages) // 2
        return [*await halved(handle, park, messages[:middle]), *await halved(handle, park, messages[middle:])]
    try:
        return [await again_after_lost_races()(handle, messages)]
    except Refused as error:
        reason = f"{error} ({error.detail})" if error.detail else str(error)
    except Duplicate as error:
        reason = f"what it leads to is there already: {str(error).partition(chr(10))[0]}"
    return [await park(messages[0], reason)]
