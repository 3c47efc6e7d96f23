"""Lists of instances, newest first, with the reason why an instance is stuck.

An instance is stuck if nothing will happen without help, or if something is late: it is unsettled, and its deadline is
overdue, has fired without effect, or was never armed; or nobody relays or pulls its commands; or it has an open dead
letter, even if the instance itself does not exist. What is merely under way gets some time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.operations.dead_letters import modules_about
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
LIST_NEWEST = _SQL["list_newest"]
LIST_NEWEST_OPEN = _SQL["list_newest_open"]
LIST_STUCK = _SQL["list_stuck"]
LIST_STUCK_UNKNOWN = _SQL["list_stuck_unknown"]
READ_OBSTACLES = _SQL["read_obstacles"]

GRACE = timedelta(seconds=5)
DEAD_LETTER = "dead_letter"

LISTED = 50
"""Instances, by default."""

COUNTED = 1_000
"""Stuck instances at most: whoever has more of them does not need to know how many more."""


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """An instance of a process in a list; ``reason`` says why it is stuck, None if it is not.

    ``reason_codes`` has a word for each part of the reason: "deadline_overdue", "deadline_without_effect",
    "no_deadline", "commands_waiting" or "dead_letter". One that has taken in no message has no outcome.
    """

    process: str
    process_id: str
    outcome: str | None
    settled: bool
    reason: str | None
    updated_at: datetime
    reason_codes: tuple[str, ...] = ()

    @property
    def stuck(self) -> bool:
        """Whether it needs help."""
        return self.reason is not None


async def list_instances(
    engine: AsyncEngine,
    processes: Sequence[Process],
    *,
    outcome: str | None = None,
    stuck: bool = False,
    since: datetime | None = None,
    limit: int = LISTED,
) -> tuple[ListedInstance, ...]:
    """The instances of these processes that changed last, newest first, ``limit`` at most.

    With an ``outcome`` only those that have it, with ``stuck`` only those that need help, with ``since`` only
    those that changed at that moment or later. Raises Unavailable.
    """
    query = _stuck if stuck else _newest
    async with one_moment(engine) as connection:
        found = [one for process in processes for one in await query(connection, process, outcome=outcome, limit=limit)]
    if len(processes) > 1:
        found = sorted(found, key=lambda one: one.updated_at, reverse=True)[:limit]
    return tuple(one for one in found if since is None or one.updated_at >= since)


async def stuck_reason(engine: AsyncEngine, process: Process, process_id: str, *, settled: bool) -> str | None:
    """Why this instance will not go on by itself, as a clause; None if it will, or has nothing to wait for.

    ``settled`` is what the instance is. Raises Unavailable.
    """
    async with one_moment(engine) as connection:
        return (await reasons_of(connection, process, {process_id: settled}))[process_id].clause


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why an instance is stuck: codes, and a clause for each."""

    found: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, as in ListedInstance."""
        return tuple(code for code, _ in self.found)

    @property
    def clause(self) -> str | None:
        """All of it in one clause; None if nothing is in the way."""
        return "; ".join(clause for _, clause in self.found) or None


async def reasons_of(
    connection: AsyncConnection, process: Process, settled: Mapping[str, bool]
) -> Mapping[str, Reasons]:
    """Why instances are stuck, by id; ``settled`` says of each of them whether it is."""
    found = await connection.execute(READ_OBSTACLES, _about(process) | {"process_ids": list(settled)})
    return {row.process_id: Reasons(tuple(_reasons(settled[row.process_id], row))) for row in found}


def _about(process: Process) -> dict[str, Any]:
    return {"process": process.name, "module": process.module, "modules": modules_about(process)}


async def _newest(
    connection: AsyncConnection, process: Process, *, outcome: str | None, limit: int
) -> list[ListedInstance]:
    unsettled = outcome in {one.value for one in process.outcomes.cells.values() if one not in process.settled}
    statement = LIST_NEWEST_OPEN if unsettled else LIST_NEWEST
    return await _listed(connection, process, statement, {"outcome": outcome, "limit": limit})


async def _stuck(
    connection: AsyncConnection, process: Process, *, outcome: str | None, limit: int
) -> list[ListedInstance]:
    bounds = {"outcome": outcome, "limit": limit, "grace": GRACE, "collaborators": list(process.collaborators)}
    known = [one for one in await _listed(connection, process, LIST_STUCK, bounds) if one.stuck]
    unknown = await _unknown(connection, process, outcome=outcome, limit=limit)
    return sorted([*known, *unknown], key=lambda one: one.updated_at, reverse=True)[:limit]


async def _unknown(
    connection: AsyncConnection, process: Process, *, outcome: str | None, limit: int
) -> list[ListedInstance]:
    """Instances that only dead letters name, or that were pruned before their dead letters came."""
    this = {"process": process.name, "modules": modules_about(process), "outcome": outcome, "limit": limit}
    return [
        ListedInstance(
            process.name,
            row.process_id,
            row.outcome,
            row.outcome is not None,
            f"{'nothing was taken in of it; ' if row.outcome is None else ''}{_letters(row.open_dead_letters)}",
            row.updated_at,
            (DEAD_LETTER,),
        )
        for row in await connection.execute(LIST_STUCK_UNKNOWN, this)
    ]


async def _listed(
    connection: AsyncConnection, process: Process, statement: Any, bounds: dict[str, Any]
) -> list[ListedInstance]:
    rows = (await connection.execute(statement, _about(process) | bounds)).all()
    reasons = await reasons_of(connection, process, {row.process_id: row.settled for row in rows})
    return [
        ListedInstance(
            process.name,
            row.process_id,
            row.outcome,
            row.settled,
            reasons[row.process_id].clause,
            row.updated_at,
            reasons[row.process_id].codes,
        )
        for row in rows
    ]


async def count_stuck(connection: AsyncConnection, process: Process) -> Counter[str]:
    """How many instances are stuck, of the first COUNTED of each sort, by the code of the first reason of each.

    The codes are those of ListedInstance.
    """
    bounds = {"outcome": None, "limit": COUNTED, "grace": GRACE, "collaborators": list(process.collaborators)}
    rows = (await connection.execute(LIST_STUCK, _about(process) | bounds)).all()
    reasons = await reasons_of(connection, process, {row.process_id: row.settled for row in rows})
    unknown = await _unknown(connection, process, outcome=None, limit=COUNTED)
    return Counter([one.codes[0] for one in reasons.values() if one.found] + [DEAD_LETTER] * len(unknown))


def _reasons(settled: bool, row: Row[Any]) -> Iterator[tuple[str, str]]:
    if not settled:
        yield from _without_way_on(row)
    if row.commands_waiting and row.commands_waiting_for > GRACE:
        what = "1 command" if row.commands_waiting == 1 else f"{row.commands_waiting} commands"
        waiting = _seconds(row.commands_waiting_for)
        clause = f"{what} neither relayed nor pulled for {waiting}: is a worker running, or who pulls them?"
        yield "commands_waiting", clause
    if row.open_dead_letters:
        yield DEAD_LETTER, _letters(row.open_dead_letters)


def _letters(count: int) -> str:
    what = "an open dead letter" if count == 1 else f"{count} open dead letters"
    return f"{what}: see `saga dead-letters list`"


def _without_way_on(row: Row[Any]) -> Iterator[tuple[str, str]]:
    if row.overdue_for is not None:
        if row.overdue_for > GRACE:
            yield "deadline_overdue", f"its deadline is overdue by {_seconds(row.overdue_for)}: is a scheduler running?"
    elif row.next_due_at is None and row.fired_for is None:
        yield "no_deadline", "it waits, and no deadline will end that"
    elif row.next_due_at is None and row.fired_for > GRACE:
        ago = _seconds(row.fired_for)
        yield "deadline_without_effect", f"its deadline fired {ago} ago, and nothing came of it: see `saga lag`"


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.0f} s"
