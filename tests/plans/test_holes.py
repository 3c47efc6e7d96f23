"""Ten thousand holes in a cursor: nothing that meets them may do its work once for each hole and each row."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.engine import cursors
from saga.engine.inbox import INSERT_INBOX
from saga.modules import read_public
from saga.operations.backlog import read_lag
from tests.plans.arguments import inbox_rows
from tests.plans.values import BATCH

pytestmark = pytest.mark.timeout(400)

HOLES = 10_000
STATEMENT_TIMEOUT = "5s"
"""Each statement takes some 20 ms at most; what unpacks the ranges for each row of a page takes a minute."""

MAKE_HOLES = text("""
UPDATE saga.cursor SET watermark = 1000, hole_since = now(), handled = (
    SELECT range_agg(int8range(1000 + 10 * n, 1000 + 10 * n + 5)) FROM generate_series(1, :holes) AS n
)
WHERE consumer = 'order' AND module = 'orders'
""")
READ_CURSOR = text("SELECT watermark, handled::text FROM saga.cursor WHERE consumer = 'order' AND module = 'orders'")


@pytest.fixture
async def full_of_holes(big: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that sees the orders' cursor with its holes, and a short statement timeout."""
    async with big.connect() as connection:
        await connection.execute(MAKE_HOLES, {"holes": HOLES})
        await connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        yield connection
        await connection.rollback()


async def test_a_page_leaves_out_what_is_handled_without_unpacking_it_for_every_row(
    full_of_holes: AsyncConnection,
) -> None:
    watermark, handled = (await full_of_holes.execute(READ_CURSOR)).one()
    page = await read_public(full_of_holes, "orders", watermark, limit=500, handled=handled)
    positions = [entry.position for entry in page.entries]
    assert len(positions) == 500
    assert not [p for p in positions if p >= 1010 and p % 10 < 5]


async def test_a_batch_is_taken_in(full_of_holes: AsyncConnection) -> None:
    await full_of_holes.execute(
        text("DELETE FROM saga.inbox WHERE module = 'orders' AND position BETWEEN 1010 AND 3000")
    )
    batch = inbox_rows(
        {
            "consumer": "order",
            "modules": ["orders"] * BATCH,
            "positions": list(range(1_010, 1_010 + BATCH)),
            "sources": ["/modules/orders"] * BATCH,
            "message_ids": [f"orders-{n}" for n in range(BATCH)],
        }
    )
    new = (await full_of_holes.execute(INSERT_INBOX, batch | {"redriven": False})).scalar_one()
    taken = {position for _, position, _, _ in json.loads(new)}
    assert taken == {position for position in range(1_010, 1_010 + BATCH) if position % 10 >= 5}


async def test_the_cursor_moves_over_a_hole_that_is_filled(full_of_holes: AsyncConnection) -> None:
    (moved,) = await cursors.advance(full_of_holes, "order", [("orders", 1_000, 1_009)])
    watermark, handled = (await full_of_holes.execute(READ_CURSOR)).one()
    assert moved.watermark == watermark == 1_014
    assert handled.startswith("{[1020,1025),[1030,1035)")


async def test_everybody_may_ask_how_far_it_got(full_of_holes: AsyncConnection) -> None:
    lag = await read_lag(full_of_holes)
    (cursor,) = (one for one in lag.cursors if (one.consumer, one.module) == ("order", "orders"))
    assert cursor.hole_count == HOLES
    assert (cursor.holes[0].first, cursor.holes[0].last) == (1_001, 1_009)


async def test_ranges_are_stored_as_they_are(big: AsyncEngine) -> None:
    async with big.connect() as connection:
        storage = await connection.execute(
            text("SELECT attstorage FROM pg_attribute WHERE attrelid = 'saga.cursor'::regclass AND attname = 'handled'")
        )
    assert storage.scalar_one() == b"e"
