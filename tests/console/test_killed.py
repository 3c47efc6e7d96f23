"""Ten thousand dead letters, a console that is killed while it redrives them, and another one that goes on."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.console.forms import unpacked
from saga.orders import order_process
from tests.console.conftest import Shown, received, shown
from tests.console.test_acting import OWN, WHY, form_in
from tests.console.test_command import ready, started
from tests.engine.conversation import execute, rows, value
from tests.waiting import LIMIT_SECONDS, until

pytestmark = pytest.mark.system
COUNT = 10_000
MANY = """
INSERT INTO saga.dead_letter
    (consumer, fingerprint, kind, reason, type, process_id, source, message_id, body, properties)
SELECT
    consumer, decode(md5(CAST(n AS text)) || md5('more'), 'hex'), kind, reason, type, 'many-' || n, source, 'm-' || n,
    convert_to(replace(replace(convert_from(body, 'UTF8'), 'o-1', 'many-' || n), '"much"', '5'), 'UTF8'),
    CAST(replace(replace(CAST(properties AS text), 'o-1', 'many-' || n), message_id, 'm-' || n) AS jsonb)
FROM saga.dead_letter, generate_series(1, :count) AS n
"""


async def many(one: Shown) -> None:
    """Dead letters of one cause that a redrive takes in."""
    await one.handle(received("OrderPlaced", "o-1", amount="much"))
    await execute(one.engine, MANY.replace(":count", str(COUNT)))
    await execute(one.engine, "DELETE FROM saga.dead_letter WHERE process_id = 'o-1'")


async def test_a_bulk_of_ten_thousand_survives_a_kill_and_each_is_answered_once(
    engine: AsyncEngine, database_url: str
) -> None:
    async with shown(engine) as one:
        await many(one)
    first = started(database_url, SAGA_CONSOLE_OPERATOR_DATABASE_URL=database_url)
    try:
        address = ready(first)
        async with httpx.AsyncClient(base_url=address, timeout=LIMIT_SECONDS) as client:
            key = (await client.get("dead-letters")).text.partition("group=")[2][:32]
            asked = await client.get(f"dead-letters/confirm?do=redrive&group={key}", headers={"Accept": "text/html"})
            form = form_in(asked.text)
            assert len(unpacked(form["ids"], COUNT)) == COUNT
            filled = {**form, **WHY, "batch": "100", "rate": "", "halt_after": "10"}
            own = OWN | {"Origin": address.rstrip("/")}
            assert (await client.post("operations", data=filled, headers=own)).status_code == 303
        await until(lambda: answered(engine), lambda count: count >= COUNT // 10)
    finally:
        first.kill()
        first.communicate()
    done = await answered(engine)
    assert done < COUNT
    await execute(engine, "UPDATE saga.operation_run SET leased_until = clock_timestamp()")  # a minute later
    second = started(database_url, SAGA_CONSOLE_OPERATOR_DATABASE_URL=database_url)
    try:
        async with httpx.AsyncClient(base_url=ready(second), timeout=LIMIT_SECONDS) as client:

            async def report() -> Any:
                return (await client.get("operations/1?as=json")).json()

            document = await until(report, lambda one: one["state"] != "running", seconds=3 * LIMIT_SECONDS)
    finally:
        second.kill()
        second.communicate()
    assert (document["state"], document["answers"]) == ("done", {"taken": COUNT})
    assert await rows(engine, "SELECT count(*), sum(repeats) FROM saga.inbox") == [(COUNT, 0)]
    assert await value(engine, "SELECT count(*) FROM saga.instance") == COUNT
    taken = f"SELECT count(*) FROM saga.event_log WHERE module = '{order_process().module}' AND type = 'InputTaken'"
    assert await value(engine, taken) == COUNT


async def answered(engine: AsyncEngine) -> int:
    return int(await value(engine, "SELECT count(*) FROM saga.operation_item"))
