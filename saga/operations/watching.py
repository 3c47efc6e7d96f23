"""Watching: whether anything changed, for those who ask again only then."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import Statements, one_moment

READ_PULSE = Statements(__package__)["read_pulse"]


async def read_pulse(engine: AsyncEngine) -> Mapping[str, str]:
    """Texts that change with what there is: "logs", "cursors", "dead_letters", "timers", "operations", "services".

    One statement, cheap enough for every second. Raises Unavailable.
    """
    async with one_moment(engine) as connection:
        row = (await connection.execute(READ_PULSE)).mappings().one()
    return {name: value or "" for name, value in row.items()}
