"""The process may die between any two steps: what was not committed is done again, what was is not done twice."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import Unavailable
from tests.gateway.desk import Desk, behaviour, payment_of, refund, request, void

ACTING = behaviour(duplicates=1.0, lost_answers=0.5, lost_answer_repeat_seconds=60.0)
BOOKS = {
    "ledger": "SELECT idempotency_key, kind, order_id, payment_id, amount, external FROM gateway.ledger",
    "commands": "SELECT command_id, result FROM gateway.command",
    "pending": "SELECT command_id, number, step, event_id FROM gateway.pending",
    "log": "SELECT event_id, type, stream_id, data - 'received_at' FROM saga.event_log WHERE module = 'payments'",
    "rejected": "SELECT body, reason FROM gateway.rejected",
}


class Cut:
    """Cuts the connection off before its n-th statement or, counted with them, its commit."""

    def __init__(self, database_url: str, number: int) -> None:
        self.left = number
        self._database_url = database_url

    @property
    def happened(self) -> bool:
        return self.left <= 0

    def before(self, connection: Connection, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            adapted: Any = connection.connection.dbapi_connection
            adapted.run_async(self._end_backend)

    async def _end_backend(self, driver: asyncpg.Connection) -> None:
        other = await asyncpg.connect(self._database_url)
        await other.execute("SELECT pg_terminate_backend($1, 5000)", driver.get_server_pid())
        await other.close()


@contextmanager
def cut_before(engine: AsyncEngine, number: int) -> Iterator[Cut]:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    cut = Cut(url, number)
    for name in ("before_cursor_execute", "commit"):
        event.listen(engine.sync_engine, name, cut.before)
    try:
        yield cut
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine.sync_engine, name, cut.before)


async def books(desk: Desk) -> dict[str, list[str]]:
    return {name: sorted(map(str, await desk.rows(statement))) for name, statement in BOOKS.items()}


async def cut_everywhere(desk: Desk, work: Callable[[], Awaitable[object]]) -> int:
    """Do the work with a cut before its first step, then before its second, ... until it came through."""
    for number in range(1, 100):
        before = await books(desk)
        with cut_before(desk.engine, number) as cut:
            try:
                await work()
            except (Unavailable, DBAPIError):
                assert cut.happened
                assert await books(desk) == before, f"a crash before step {number} left something behind"
            else:
                assert not cut.happened
                return number - 1
    pytest.fail("never came through")


async def test_a_batch_of_commands_is_taken_whole_or_not_at_all(desk: Desk) -> None:
    batch = [request("o-1"), request("o-2"), void("o-2"), refund("o-3", "p-3"), request("o-1", amount=1)]
    steps = await cut_everywhere(desk, lambda: desk.send(*batch, acting=ACTING))
    assert steps >= 8
    assert await desk.results() == {
        batch[0].id: "requested",
        batch[1].id: "superseded",
        batch[2].id: "voided",
        batch[3].id: "refunded",
    }
    assert len(await desk.rejected()) == 1


async def test_due_captures_and_answers_are_done_whole_or_not_at_all(desk: Desk) -> None:
    asked = [request(f"o-{number}") for number in range(8)]
    await desk.send(*asked, void("o-7"), acting=ACTING)
    steps = await cut_everywhere(desk, lambda: desk.answer_batch(ACTING))
    assert steps >= 8
    await desk.make_due()
    await cut_everywhere(desk, lambda: desk.answer_batch(ACTING))
    assert await desk.rows("SELECT 1 FROM gateway.pending") == []
    for one in asked[:7]:
        assert await desk.ledger(one.data["order_id"]) == [("capture", payment_of(one), 4200)]
        assert len(await desk.told(one.data["order_id"])) == 4
    assert await desk.ledger("o-7") == []
