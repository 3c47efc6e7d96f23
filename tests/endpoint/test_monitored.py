"""A program of one's own has the endpoint that services have: for its loops, its servers and its metrics."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.shop.warehouse import warehouse
from saga.collaborator import monitored
from saga.devstack import ports
from saga.metrics.table import TIMER_LATENESS_SECONDS
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.worker import Feed, Worker
from tests.endpoint.asking import asked
from tests.waiting import until


async def test_a_program_with_a_collaborator_and_a_worker_answers_while_they_work(engine: AsyncEngine) -> None:
    port, stop, ready = ports.choose(), asyncio.Event(), [asyncio.Event(), asyncio.Event()]
    worker = Worker(engine, order_process(), feed=Feed.PULL)
    async with monitored(str(port), stop, engine=engine, ready=ready):
        assert await asked(port, "/readyz") == (503, "it has not begun: its log says what it waits for\n")
        async with asyncio.TaskGroup() as services:
            services.create_task(warehouse.run(stop, engine=engine, ready=ready[0]))
            services.create_task(worker.run(stop, ready[1]))
            assert await until(lambda: asked(port, "/readyz"), lambda answer: answer[0] == 200) == (200, "OK\n")
            assert await asked(port, "/healthz") == (200, "OK\n")
            _, metrics = await asked(port, "/metrics")
            stop.set()
    assert 'saga_process_version_info{process="order",version="1"} 1.0\n' in metrics
    assert "saga_pool_in_use " in metrics
    with pytest.raises(OSError, match="Connect call failed"):
        await asked(port, "/healthz")


async def test_a_collaborator_that_stands_still_is_not_healthy(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, stop, ready = ports.choose(), asyncio.Event(), asyncio.Event()
    async with monitored(str(port), stop, engine=engine, ready=[ready]), asyncio.TaskGroup() as services:
        services.create_task(warehouse.run(stop, engine=engine, ready=ready))
        await ready.wait()
        monkeypatch.setattr("saga.endpoint.probes.SILENT_SECONDS", 0.0)
        _, text = await until(lambda: asked(port, "/healthz"), lambda answer: answer[0] == 503)
        assert "has not gone round" in text
        stop.set()


async def test_a_server_that_goes_away_is_an_obstacle() -> None:
    port, stop = ports.choose(), asyncio.Event()
    engine = connect_engine("postgresql://nobody@127.0.0.1:1/nothing", "test")
    async with monitored(str(port), stop, engine=engine, broker="amqp://nobody@127.0.0.1:1/"):
        status, text = await asked(port, "/readyz")
        assert status == 503
        assert [line.partition(" 127.0.0.1:1")[0] for line in text.splitlines()] == ["database", "broker"]
        assert await asked(port, "/healthz") == (200, "OK\n")
    await engine.dispose()


@pytest.mark.parametrize("listen", [None, ""])
async def test_without_an_address_nothing_is_asked_or_counted(listen: str | None) -> None:
    engine = connect_engine("postgresql://nobody@127.0.0.1:1/nothing", "test")
    async with monitored(listen, asyncio.Event(), engine=engine):
        assert not TIMER_LATENESS_SECONDS.is_on
    await engine.dispose()
