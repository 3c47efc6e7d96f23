"""A page that PostgreSQL can't read any more: its orders are parked, all others go on, and there is a way back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.postgres import PostgresServer
from saga.engine import Step
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.postgres.connection import STEP_SETTINGS
from saga.postgres.migrations import migrate
from saga.verification.replay.repair import repair
from tests.engine.conversation import execute, message, rows, value

pytestmark = pytest.mark.system

PAGE_BYTES = 8_192
ORDERS = [f"o-{number}" for number in range(40)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server whose files may be damaged."""
    folder = tmp_path_factory.mktemp("damaged")
    folder.chmod(0o711)
    server = PostgresServer(folder / "postgres")
    server.start()
    yield server
    server.destroy()


@pytest.fixture
async def fragile(own: PostgresServer) -> AsyncIterator[AsyncEngine]:
    await asyncio.to_thread(migrate, own.url)
    engine = connect_engine(own.url, "test", settings=STEP_SETTINGS)
    yield engine
    await engine.dispose()


def damage(server: PostgresServer, file: str, page: int) -> None:
    """Turn some bytes in the middle of a page over, with the server down."""
    server.stop()
    with (Path(server._place()) / "data" / file).open("r+b") as relation:
        relation.seek(page * PAGE_BYTES + PAGE_BYTES - 64)
        found = relation.read(32)
        relation.seek(-len(found), 1)
        relation.write(bytes(byte ^ 0xFF for byte in found))
    server.start()


async def test_the_orders_of_a_damaged_page_are_parked_and_come_back(own: PostgresServer, fragile: AsyncEngine) -> None:
    step = Step(fragile, order_process())
    await step.handle([message("OrderPlaced", order) for order in ORDERS])
    file = await value(fragile, "SELECT pg_relation_filepath('saga.instance')")
    page = "CAST(split_part(trim(both '()' from CAST(ctid AS text)), ',', 1) AS int)"
    first = await value(fragile, f"SELECT min({page}) FROM saga.instance")
    there = {row[0] for row in await rows(fragile, f"SELECT process_id FROM saga.instance WHERE {page} = {first}")}
    assert 0 < len(there) < len(ORDERS)
    await execute(fragile, "CHECKPOINT")
    await fragile.dispose()
    await asyncio.to_thread(damage, own, file, first)

    taken = await step.handle([message("PaymentReceived", order) for order in ORDERS])
    assert (taken.taken, taken.dead) == (len(ORDERS) - len(there), len(there))
    letters = await rows(fragile, "SELECT dead_letter_id, process_id, kind, reason FROM saga.dead_letter")
    assert {letter[1] for letter in letters} == there
    assert {letter[2] for letter in letters} == {"failed"}
    assert all("XX001" in letter[3] for letter in letters)

    await _give_the_page_up(own)
    for order in there:
        await repair(fragile, order_process(), order)
    again = [message("PaymentReceived", letter[1], message_id=f"again-{letter[1]}") for letter in letters]
    assert (await step.handle(again, redriven=[letter[0] for letter in letters])).taken == len(there)
    assert await value(fragile, "SELECT count(*) FROM saga.instance WHERE outcome = 'paid'") == len(ORDERS)


async def _give_the_page_up(server: PostgresServer) -> None:
    connection = await asyncpg.connect(server.url)
    await connection.execute("SET zero_damaged_pages = on")
    await connection.execute("VACUUM FULL saga.instance")
    await connection.close()
