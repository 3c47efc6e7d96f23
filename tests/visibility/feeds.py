"""What a follower of a log sees first."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import Reading, follow


async def first_reading(engine: AsyncEngine, module: str, after: int = 0) -> Reading:
    readings = follow(engine, module, after)
    assert isinstance(readings, AsyncGenerator)
    async with aclosing(readings):
        return await anext(readings)
