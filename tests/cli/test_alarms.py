"""A memory or disk alarm at the broker: nothing can be published, and whoever asks or publishes learns it."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from saga.devstack.rabbitmq import RabbitNode, _installed_broker
from saga.devstack.stack import LocalStack
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.rabbitmq.connection import place_of
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from tests.cli.shell import Saga
from tests.waiting import eventually, until_true


def control(node: RabbitNode, *words: str) -> None:
    broker = _installed_broker()
    command = [str(broker.server.with_name("rabbitmqctl")), *words]
    subprocess.run(command, env=node._environment(broker), check=True, capture_output=True)


@contextmanager
def alarm(stack: LocalStack, command: str, alarming: str, usual: str) -> Iterator[None]:
    assert stack.rabbitmq is not None
    control(stack.rabbitmq, command, alarming)
    try:
        yield
    finally:
        control(stack.rabbitmq, command, usual)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (("set_vm_memory_high_watermark", "0.00001", "0.4"), "low on memory"),
        (("set_disk_free_limit", "900000GB", "50MB"), "low on disk"),
    ],
)
def test_an_alarm_at_the_broker_is_not_healthy(
    saga: Saga, stack: LocalStack, limit: tuple[str, str, str], reason: str
) -> None:
    assert saga("health").exit_code == 0, "without an exchange it can't be published to one, and that is no alarm"
    with alarm(stack, *limit):
        result = eventually(lambda: saga("health", "--json"), lambda health: health.exit_code)
        assert f"takes no messages now ({reason})" in result.stderr
        assert '"healthy": false' in result.stdout
    assert eventually(lambda: saga("health").exit_code == 0)


async def test_whoever_publishes_says_that_it_is_blocked(stack: LocalStack, amqp_url: str, prefix: str) -> None:
    wanted = topology(prefix, order_process())
    message = Outgoing(f"{prefix}.events", "nobody.Hears", "id", "type", None, {}, b"{}")
    async with Publisher(amqp_url, wanted, 60) as publisher:
        await publisher.publish([message])
        with capture_logs() as logs:
            with alarm(stack, "set_vm_memory_high_watermark", "0.00001", "0.4"):
                publishing = asyncio.create_task(publisher.publish([message]))
                await until_true(lambda: logs)
            await publishing
            await until_true(lambda: len(logs) == 2)
    assert [(line["event"], line["server"]) for line in logs] == [
        ("broker_blocked", publisher_place(amqp_url)),
        ("broker_unblocked", publisher_place(amqp_url)),
    ]
    assert logs[0]["reason"] == "low on memory"


def publisher_place(amqp_url: str) -> str:
    assert "@" not in place_of(amqp_url)
    return place_of(amqp_url)
