"""Instances page by page, with filters: each page looks at so many rows at most, however rare what is asked for.

There is no index on the time of the last change: it would end updates that touch no index. So the newest instances are
found by walking the log of their process backwards, and open ones by when they began. A page may hold fewer than were
asked for although there are more: then it says from where to go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.operations.errors import OperationFailed
from saga.operations.instances import LAST_VERSION
from saga.operations.listing import ListedInstance, reasons_of
from saga.operations.read_only import read_only
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
WALK_NEWEST = _SQL["walk_newest"]
WALK_OPEN = _SQL["walk_open"]

LISTED: Final = 50
"""Instances in a page, by default."""
LOOKED: Final = 400
"""Rows that one statement looks at."""
MOST_WALKS: Final = 5
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NoSuchPlace(OperationFailed):
    """The text names no place in a list: it has to be one that a page gave."""

    def __init__(self, before: str) -> None:
        super().__init__(f"{before[:60]!r} is no place in this list")


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances are asked for; None, or no entry in ``states``, means any."""

    outcome: str | None = None
    settled: bool | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None

    def __post_init__(self) -> None:
        read_only(self, "states")

    def holds(self, row: Row[Any]) -> bool:
        """Whether an instance is one of those that are asked for."""
        return (
            (self.outcome is None or row.outcome == self.outcome)
            and (self.settled is None or row.settled is self.settled)
            and (self.since is None or row.updated_at >= self.since)
            and (not self.states or self.states.items() <= _states(row).items())
        )


@dataclass(frozen=True, slots=True)
class InstancePage:
    """Some instances of a process, and the ``before`` with which the list goes on; None at its end.

    ``states`` are those of each instance's sub-machines, by id.
    """

    instances: tuple[ListedInstance, ...]
    states: Mapping[str, Mapping[str, str]]
    earlier: str | None

    def __post_init__(self) -> None:
        read_only(self, "states")


async def page_instances(
    engine: AsyncEngine,
    process: Process,
    wanted: InstanceFilter | None = None,
    *,
    before: str | None = None,
    limit: int = LISTED,
) -> InstancePage:
    """A page of the instances of a process: those that changed last or, if only open ones are wanted, began last.

    A page looks at 2,000 rows at most. Raises NoSuchPlace and Unavailable.
    """
    wanted = wanted or InstanceFilter()
    walk = _Open(process, before) if wanted.settled is False else _Newest(process, before)
    found: list[Row[Any]] = []
    async with one_moment(engine) as connection:
        for _ in range(MOST_WALKS):
            for row in await walk.go_on(connection):
                if row.process_id is not None and wanted.holds(row):
                    found.append(row)
                    if len(found) == limit:
                        walk.stop_at(row)
                        break
            if walk.earlier is None or len(found) == limit:
                break
        reasons = await reasons_of(connection, process, {row.process_id: row.settled for row in found})
    listed = tuple(
        ListedInstance(
            process.name,
            row.process_id,
            row.outcome,
            row.settled,
            reasons[row.process_id].clause,
            row.updated_at,
            reasons[row.process_id].codes,
        )
        for row in found
    )
    return InstancePage(listed, {row.process_id: _states(row) for row in found}, walk.earlier)


class _Newest:
    """Walks the log backwards."""

    def __init__(self, process: Process, before: str | None) -> None:
        self._this = {"process": process.name, "module": process.module, "looked": LOOKED}
        self._before = LAST_VERSION if before is None else _number(before, before)
        self.earlier: str | None = before

    async def go_on(self, connection: AsyncConnection) -> list[Row[Any]]:
        rows = list(await connection.execute(WALK_NEWEST, self._this | {"before": self._before}))
        if rows:
            self._before = rows[-1].position
        self.earlier = str(self._before) if len(rows) == LOOKED else None
        return rows

    def stop_at(self, row: Row[Any]) -> None:
        self.earlier = str(row.position)


class _Open:
    """Walks the open instances, from those that began last on."""

    def __init__(self, process: Process, before: str | None) -> None:
        self._this = {"process": process.name, "looked": LOOKED}
        self._before: tuple[datetime | None, str] = (None, "")
        if before is not None:
            microseconds, _, process_id = before.partition("~")
            self._before = _moment(_number(microseconds, before), before), process_id
        self.earlier: str | None = before

    async def go_on(self, connection: AsyncConnection) -> list[Row[Any]]:
        created_at, process_id = self._before
        bounds = {"created_at": created_at, "process_id": process_id}
        rows = list(await connection.execute(WALK_OPEN, self._this | bounds))
        self.earlier = None
        if len(rows) == LOOKED:
            self.stop_at(rows[-1])
        return rows

    def stop_at(self, row: Row[Any]) -> None:
        self._before = row.created_at, row.process_id
        self.earlier = f"{(row.created_at - _EPOCH) // timedelta(microseconds=1)}~{row.process_id}"


def _states(row: Row[Any]) -> dict[str, str]:
    return dict(orjson.loads(row.states or "{}"))


def _number(text: str, before: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise NoSuchPlace(before)
    return int(text)


def _moment(microseconds: int, before: str) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise NoSuchPlace(before) from None
