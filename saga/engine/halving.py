"""Halving: finds the messages that PostgreSQL refuses, so that they keep none of the others.

What would be too much for one transaction is taken in halves as well.

A batch is one transaction, and the error names a statement, not a message. So a batch that is refused is taken in two
halves, and these again, until what is refused is alone: n bad messages among m cost about 2 n log2(m) transactions. A
key that is there already may be a race; what is alone gets some attempts more, and then it was none.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from saga.engine.instances import TooMuchAtOnce
from saga.postgres import Duplicate, Refused, again_after_lost_races

Message = TypeVar("Message")
Answer = TypeVar("Answer")


async def halved(
    take: Callable[[Sequence[Message]], Awaitable[Answer]],
    park: Callable[[Message, str], Awaitable[Answer]],
    messages: Sequence[Message],
) -> list[Answer]:
    """Take all messages, in their order, in as few parts as can be; those that are refused are parked, with a reason.

    Raises Refused where there is no message that could be parked, or parking one is refused as well; and what ``take``
    raises otherwise, with the parts before it done.
    """
    try:
        return [await take(messages)]
    except (Refused, Duplicate, TooMuchAtOnce):
        if not messages:
            raise
    if len(messages) > 1:
        middle = len(messages) // 2
        return [*await halved(take, park, messages[:middle]), *await halved(take, park, messages[middle:])]
    try:
        return [await again_after_lost_races()(take, messages)]
    except Refused as error:
        reason = f"{error} ({error.detail})" if error.detail else str(error)
    except Duplicate as error:
        reason = f"what it leads to is there already: {str(error).partition(chr(10))[0]}"
    return [await park(messages[0], reason)]
