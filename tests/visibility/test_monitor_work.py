"""The roles of services are enough for the metrics that come from the database, and no more than that."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from saga.engine import Step
from saga.metrics.instruments import switched_on
from saga.metrics.table import TABLE
from saga.operations.figures import export_backlog, export_counts, export_stuck
from saga.orders import order_process
from tests.engine.conversation import execute, message
from tests.visibility.logins import Logins
from tests.visibility.records import refused
from tests.waiting import until

PROCESS_MODULE = f"saga_module_{order_process().module}"


@pytest.mark.parametrize("role", ["saga_monitor", "saga_scheduler"])
async def test_a_monitor_counts_everything_and_sees_no_id(logins: Logins, engine: AsyncEngine, role: str) -> None:
    await Step(engine, order_process()).handle([message("OrderPlaced", "o-1"), message("Nonsense", "o-1")])
    await execute(engine, "INSERT INTO saga.cursor (consumer, module) SELECT 'relay', name FROM saga.module")
    monitor = await logins.engine(role)
    expected = {
        'saga_outbox_pending_messages{module="order-process",target="gateway"} 1.0',
        'saga_cursor_holes{consumer="relay",module="order-process"} 0.0',
        'saga_timers_armed{name="payment_deadline",process="order"} 1.0',
        'saga_dead_letters_open{kind="poison",process="order"} 1.0',
        'saga_instances{outcome="awaiting_payment",process="order"} 1.0',
    }
    await exports(expected, partial(export_backlog, monitor), partial(export_counts, monitor))
    for hidden in ("data FROM saga.outgoing", "process_id FROM saga.instance", "reason FROM saga.dead_letter"):
        await refused(monitor, f"SELECT {hidden}")


async def test_a_worker_counts_what_is_stuck(logins: Logins, engine: AsyncEngine) -> None:
    worker = await logins.engine("saga_worker", PROCESS_MODULE)
    said = [message("OrderPlaced", "o-1", message_id="once", amount=amount) for amount in (1, 2)]
    assert (await Step(worker, order_process()).handle(said)).dead == 1
    expected = {'saga_stuck_instances{process="order",reason_code="dead_letter"} 1.0'}
    await exports(expected, partial(export_stuck, worker, [order_process()]))


async def exports(expected: set[str], *loops: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Require that these loops export this, without a warning."""
    stop = asyncio.Event()
    with switched_on(TABLE) as exposition, capture_logs() as logs:
        running = [asyncio.create_task(loop(stop)) for loop in loops]

        async def look() -> set[str]:
            return set(exposition().decode().splitlines())

        try:
            await until(look, lambda shown: expected <= shown)
        finally:
            stop.set()
            await asyncio.gather(*running)
    assert logs == []
