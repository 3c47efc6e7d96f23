"""Resending: one entry of a log once more, apart from its order, from where it stands in the log.

For what the relay could not send and has passed. It is the same message, with the same id and position, so who gets it
twice drops the repeat.
"""

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules.outgoing import Unsendable, encode
from saga.modules.reader import read_entry
from saga.postgres import reading
from saga.rabbitmq.confirms import Refused
from saga.rabbitmq.publisher import Publisher


async def resend(engine: AsyncEngine, publisher: Publisher, prefix: str, *, module: str, position: int) -> str | None:
    """Publish what leaves a module at this position; why that can't be, or None if it was sent.

    Raises Unavailable, and the broker's errors, when it should be tried again.
    """
    async with reading(engine) as connection:
        entry = await read_entry(connection, module, position)
    if entry is None:
        return f"there is nothing to send at position {position} of module {module}: it was pruned, or is internal"
    try:
        message = encode(entry, prefix)
        returned = await publisher.publish([message])
    except (Unsendable, Refused) as error:
        return str(error)
    if returned and entry.target is not None:
        return f"no queue takes the command {message.routing_key}"
    return None
