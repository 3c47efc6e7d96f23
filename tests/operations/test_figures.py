"""Figures of the database that can't be read are missing, and say nothing that is no longer true."""

import asyncio

from saga.metrics.instruments import switched_on
from saga.metrics.table import CURSOR_HOLES, TABLE
from saga.operations.figures import export_backlog
from saga.postgres import connect_engine
from tests.waiting import until_true


async def test_old_figures_are_forgotten_while_the_database_is_away() -> None:
    engine, stop = connect_engine("postgresql://nobody@127.0.0.1:1/nothing", "figures"), asyncio.Event()
    with switched_on(TABLE) as exposition:
        CURSOR_HOLES.replace({("order", "orders"): 1})
        exporting = asyncio.create_task(export_backlog(engine, stop))
        await until_true(lambda: b"saga_cursor_holes{" not in exposition())
        restarted = b'saga_loop_restarts_total{error_type="Unavailable",loop="figures"}'
        await until_true(lambda: restarted in exposition())
        stop.set()
        await exporting
    await engine.dispose()
