"""Checks all instances of a process against their records, page by page, while the system works."""

from collections.abc import AsyncGenerator, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.verification.replay.examination import Examined, examine
from saga.verification.replay.pages import PAGE_SIZE, all_pages, these_pages


def check(engine: AsyncEngine, process: Process, page_size: int = PAGE_SIZE) -> AsyncGenerator[list[Examined], None]:
    """Examine every instance, a page at a time. Raises Unavailable."""
    return all_pages(engine, process, examine, page_size)


def check_these(
    engine: AsyncEngine, process: Process, process_ids: Sequence[str], page_size: int = PAGE_SIZE
) -> AsyncGenerator[list[Examined], None]:
    """Examine these instances, a page at a time. Raises Unavailable."""
    return these_pages(engine, process, process_ids, examine, page_size)
