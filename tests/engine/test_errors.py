"""What an error of PostgreSQL leads to: by a table, and for each class by a server that really says it."""

import re
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step, StepResult
from saga.orders import order_process
from saga.postgres import LostRace, NeedsPerson, Refused, Unavailable, durable_transaction
from saga.postgres.sqlstates import SQLSTATES, Remedy, classified
from tests.engine.conversation import execute, message, rows, value

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
RAISES = {
    Remedy.WAIT: Unavailable,
    Remedy.AGAIN: LostRace,
    Remedy.PERSON: NeedsPerson,
    Remedy.PARK: Refused,
    Remedy.BUG: DBAPIError,
}
CAN_BE_RAISED = sorted(state.ljust(5, "0") for state in SQLSTATES if state not in {"00", "01", "02"})
"""In PL/pgSQL an error can't say that it was none."""


@pytest.fixture
def step(engine: AsyncEngine) -> Step:
    return Step(engine, order_process(), remote_modules={"orders"})


def complaining(state: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'as the test wants' USING ERRCODE = '{state}'; END $$"


@pytest.mark.parametrize("state", CAN_BE_RAISED)
async def test_each_class_is_answered_as_the_table_says(engine: AsyncEngine, state: str) -> None:
    remedy, _ = classified(state)
    with pytest.raises(RAISES[remedy]) as raised:
        async with durable_transaction(engine) as connection:
            await connection.execute(text(complaining(state)))
    assert raised.type is RAISES[remedy] or remedy in {Remedy.BUG, Remedy.AGAIN}
    if isinstance(raised.value, Unavailable):
        assert raised.value.server == f"database 127.0.0.1:{engine.url.port}/{engine.url.database}"


def test_the_table_has_every_class_that_the_driver_knows() -> None:
    known = {
        state
        for name in asyncpg.exceptions.__all__
        if isinstance(state := getattr(getattr(asyncpg.exceptions, name), "sqlstate", None), str)
    }
    assert len(known) > 200
    assert {state for state in known if state[:2] not in SQLSTATES} == set()


def test_the_operations_page_shows_the_same_table() -> None:
    shown = re.findall(r"^\| `(\w{2}|\w{5})` \| (\w+) \| (.+) \|$", OPERATIONS.read_text(), re.MULTILINE)
    assert shown == [(state, remedy.value, means) for state, (remedy, means) in SQLSTATES.items()]


async def test_a_connection_that_was_opened_in_a_read_only_time_is_thrown_away(engine: AsyncEngine) -> None:
    database = engine.url.database
    await execute(engine, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    await engine.dispose()
    for _ in range(2):
        with pytest.raises(Unavailable, match="read-only"):
            async with durable_transaction(engine) as connection:
                await connection.execute(text("DELETE FROM saga.timer"))
    async with engine.connect() as connection:
        await connection.execute(text("SET default_transaction_read_only = off"))
        await connection.commit()
        await connection.execute(text(f"ALTER DATABASE {database} RESET default_transaction_read_only"))
        await connection.commit()
        await connection.execute(text("SET default_transaction_read_only = on"))
        await connection.commit()
    with pytest.raises(Unavailable, match="read-only"):
        async with durable_transaction(engine) as connection:
            await connection.execute(text("DELETE FROM saga.timer"))
    async with durable_transaction(engine) as connection:
        await connection.execute(text("DELETE FROM saga.timer"))


async def test_a_plan_that_a_migration_made_wrong_is_a_lost_race(engine: AsyncEngine) -> None:
    await execute(engine, "CREATE TABLE grows (a int)")
    async with engine.connect() as connection:
        await connection.execute(text("SELECT * FROM grows"))
        await connection.rollback()
        await execute(engine, "ALTER TABLE grows ADD b int")
    with pytest.raises(LostRace):
        await _select_on_all(engine)
    async with durable_transaction(engine) as connection:
        await connection.execute(text("SELECT * FROM grows"))


async def _select_on_all(engine: AsyncEngine) -> None:
    """The pool hands out the connection that was used last; with some others the one with the old plan comes too."""
    for _ in range(3):
        async with durable_transaction(engine) as connection:
            await connection.execute(text("SELECT * FROM grows"))


async def test_a_statement_that_a_pooler_forgot_is_prepared_on_another_connection(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await connection.execute(text("DEALLOCATE ALL"))
        await connection.commit()
    with pytest.raises(Unavailable, match="does not exist"):
        async with durable_transaction(engine) as connection:
            await connection.execute(text("SELECT 1"))
    async with durable_transaction(engine) as connection:
        await connection.execute(text("SELECT 1"))


@pytest.mark.parametrize("state", ["22021", "22P05", "54000", "23514", "P0001", "XX001", "XX000"])
async def test_one_message_that_is_refused_is_parked_alone(engine: AsyncEngine, step: Step, state: str) -> None:
    await execute(
        engine,
        f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.process_id = 'bad' THEN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END IF;
            RETURN NEW;
        END $$
        """,
    )
    await execute(engine, "CREATE TRIGGER refuse BEFORE INSERT ON saga.instance FOR EACH ROW EXECUTE FUNCTION refuse()")
    batch = [message("OrderPlaced", f"o-{number}", module="orders", position=number) for number in range(1, 21)]
    bad = message("OrderPlaced", "bad", module="orders", position=21)
    assert await step.handle([*batch[:7], bad, *batch[7:]]) == StepResult(20, 0, 0, 1, 20)
    ((kind, reason, process_id),) = await rows(engine, "SELECT kind, reason, process_id FROM saga.dead_letter")
    assert (kind, process_id) == ("failed", "bad")
    assert state in reason
    assert await value(engine, "SELECT watermark FROM saga.cursor WHERE module = 'orders'") == 21
    letter = await value(engine, "SELECT dead_letter_id FROM saga.dead_letter")
    await execute(engine, "DROP TRIGGER refuse ON saga.instance")
    assert (await step.handle([bad], redriven=[letter])).taken == 1
    assert await value(engine, "SELECT state FROM saga.dead_letter") == "redriven"


async def test_a_key_that_stays_taken_is_no_race_and_parks_its_message(engine: AsyncEngine, step: Step) -> None:
    await step.handle([message("OrderPlaced", "lost")])
    await execute(engine, "DELETE FROM saga.instance")
    payments = [message("PaymentReceived", order) for order in ("lost", "o-1")]
    assert await step.handle(payments) == StepResult(1, 0, 0, 1, 3)
    assert "event_log_module_stream_id_stream_version_key" in await value(engine, "SELECT reason FROM saga.dead_letter")


async def test_what_leads_to_something_that_is_no_json_is_parked_alone(engine: AsyncEngine, step: Step) -> None:
    odd = replace(message("OrderPlaced", "o-2"), traceparent="\ud800")
    assert await step.handle([message("OrderPlaced", "o-1"), odd]) == StepResult(1, 0, 0, 1, 1)
    assert "no JSON" in await value(engine, "SELECT reason FROM saga.dead_letter")
