"""Pages of instances, each as of one moment.

A step writes an instance and its record in one transaction. So a page that is read in one repeatable-read transaction
shows both sides of every step or neither, and can be read while the system works. Instances are found by their rows and
by their streams, in the order of their ids; an instance that is created meanwhile with an id before the current page is
not seen.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.postgres import Statements, one_moment

PAGE_SIZE: Final = 500

FIND_NEXT = Statements(__package__)["find_next"]

Seen = TypeVar("Seen")
Look = Callable[[AsyncConnection, Process, Sequence[str]], Awaitable[list[Seen]]]
"""Examines some instances of a process, on a connection that sees one moment."""


async def all_pages(
    engine: AsyncEngine, process: Process, look: Look[Seen], page_size: int
) -> AsyncGenerator[list[Seen], None]:
    """Examine every instance, a page at a time. Raises Unavailable."""
    after, found = "", page_size
    while found == page_size:
        async with one_moment(engine) as connection:
            parameters = {"process": process.name, "module": process.module, "after": after, "limit": page_size}
            page = list((await connection.execute(FIND_NEXT, parameters)).scalars())
            seen = await look(connection, process, page)
        yield seen
        after, found = page[-1] if page else after, len(page)


async def these_pages(
    engine: AsyncEngine, process: Process, process_ids: Sequence[str], look: Look[Seen], page_size: int
) -> AsyncGenerator[list[Seen], None]:
    """Examine these instances, a page at a time. Raises Unavailable."""
    for start in range(0, len(process_ids), page_size):
        async with one_moment(engine) as connection:
            seen = await look(connection, process, process_ids[start : start + page_size])
        yield seen
