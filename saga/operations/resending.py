"""Resending: publishes one entry of a log once more, out of order.

For an entry that the relay could not send and has passed. The message has the same id and position, so a consumer that
gets it twice drops the duplicate.
"""

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules.outgoing import Unsendable, encode
from saga.modules.reader import read_entry
from saga.postgres import reading
from saga.rabbitmq.confirms import PublishRefused
from saga.rabbitmq.publisher import Publisher


async def resend(engine: AsyncEngine, publisher: Publisher, prefix: str, *, module: str, position: int) -> str | None:
    """Publish the entry at this position of a module. Gives the reason why that is impossible, or None if it was sent.

    Raises Unavailable, and the broker's errors, when it should be tried again.
    """
    async with reading(engine) as connection:
        entry = await read_entry(connection, module, position)
    if entry is None:
        return f"there is nothing to send at position {position} of module {module}: it was pruned, or is internal"
    try:
        message = encode(entry, prefix)
        returned = await publisher.publish([message])
    except (Unsendable, PublishRefused) as error:
        return str(error)
    if returned and entry.target is not None:
        return f"no queue takes the command {message.routing_key}"
    return None
