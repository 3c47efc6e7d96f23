"""Audits the logs in this database: whether any lacks a position.

The problem: if all rows of an order are gone, including its entries in the logs, nothing is left that could differ.

The model: an append takes the next positions of its module, under the lock of the module's row, and a rollback returns
them. So a log has every position up to its last one. Only pruning removes entries, and it records up to which position
it may have.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import Statements, one_moment

POSITIONS_AT_ONCE: Final = 100_000

_SQL = Statements(__package__)
READ_LOGS = _SQL["read_logs"]
READ_GAPS = _SQL["read_gaps"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions that a log lacks, from ``first`` to ``last``."""

    module: str
    first: int
    last: int

    @property
    def sentence(self) -> str:
        """What is wrong, in words."""
        if self.first == self.last:
            return f"the log of {self.module} lacks position {self.first}"
        return f"the log of {self.module} lacks positions {self.first} to {self.last}"


async def audit_logs(engine: AsyncEngine, page_size: int = POSITIONS_AT_ONCE) -> AsyncGenerator[list[Gap], None]:
    """The missing positions of each log in this database, a stretch at a time. Raises Unavailable."""
    async with one_moment(engine) as connection:
        logs = (await connection.execute(READ_LOGS)).all()
    for log in logs:
        for after in range(log.pruned_position, log.last_position, page_size):
            stretch = {"after": after, "upto": min(after + page_size, log.last_position)}
            async with one_moment(engine) as connection:
                rows = (await connection.execute(READ_GAPS, {"module": log.module, **stretch})).all()
            yield [Gap(log.module, row.first, row.last) for row in rows]
