"""Connections through RabbitMQ's address: TLS that verifies, and nodes that are tried in turn."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from saga.orders import order_process
from saga.rabbitmq.admission import unjudged
from saga.rabbitmq.connection import BROKER_ERRORS, connect
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.topology import topology
from tests.addresses.authority import Authority, Front, front
from tests.waiting import LIMIT_SECONDS


@pytest.fixture
async def secure(amqp_url: str, authority: Authority) -> AsyncIterator[Front]:
    """RabbitMQ behind TLS, under the names localhost and other.example."""
    async with front(_place(amqp_url), authority.context("localhost", "other.example")) as opened:
        yield opened


def _place(url: str) -> tuple[str, int]:
    parsed = urlsplit(url)
    assert parsed.hostname is not None and parsed.port is not None
    return parsed.hostname, parsed.port


def _address(url: str, scheme: str, hosts: str, query: str = "") -> str:
    login = urlsplit(url).netloc.rpartition("@")[0]
    return f"{scheme}://{login}@{hosts}/%2F?{query}"


async def _reach(address: str) -> None:
    async with await connect(address, "test") as connection:
        _ = await connection.channel()


@pytest.mark.parametrize(
    ("host", "query"),
    [
        ("localhost", "cafile={ca}"),
        ("localhost", "cacertfile={ca}&heartbeat=5"),
        ("127.0.0.1", "cafile={ca}&server_name_indication=other.example"),
        ("127.0.0.1", "verify=verify_none"),
        ("127.0.0.1", "no_verify_ssl=1"),
    ],
)
async def test_tls_is_spoken(host: str, query: str, secure: Front, amqp_url: str, authority: Authority) -> None:
    await _reach(_address(amqp_url, "amqps", f"{host}:{secure.port}", query.format(ca=authority.root)))
    assert secure.passed == 1


@pytest.mark.parametrize(
    ("host", "query"),
    [
        ("localhost", ""),
        ("localhost", "cafile={stranger}"),
        ("127.0.0.1", "cafile={ca}"),
        ("localhost", "cafile={ca}&server_name_indication=another.example"),
    ],
)
async def test_a_certificate_that_is_not_the_brokers_is_refused(
    host: str, query: str, secure: Front, amqp_url: str, roots: dict[str, Path]
) -> None:
    with pytest.raises(BROKER_ERRORS, match="certificate verify failed"):
        await _reach(_address(amqp_url, "amqps", f"{host}:{secure.port}", query.format(**roots)))
    assert secure.passed == 0


async def test_a_client_shows_its_certificate(amqp_url: str, authority: Authority) -> None:
    context, files = authority.context("localhost", wants_client=True), authority.issue("client.example")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with front(_place(amqp_url), context) as strict:
        hosts, verified = f"localhost:{strict.port}", f"cafile={authority.root}"
        await _reach(_address(amqp_url, "amqps", hosts, f"{verified}&certfile={files.certificate}&keyfile={files.key}"))
        with pytest.raises(BROKER_ERRORS):
            await _reach(_address(amqp_url, "amqps", hosts, verified))
        assert strict.passed == 1


async def test_nodes_are_tried_in_turn_also_beside_one_that_never_answers(amqp_url: str) -> None:
    host, port = _place(amqp_url)
    silent = socket.create_server(("127.0.0.1", 0))
    held = f"127.0.0.1:{silent.getsockname()[1]}"
    for _ in range(4):
        await _reach(_address(amqp_url, "amqp", f"127.0.0.1:1,no-such-host.invalid,{host}:{port}"))
    for _ in range(2):
        await _reach(_address(amqp_url, "amqp", f"{held},{host}:{port}", "connection_timeout=500"))
    whole = _address(amqp_url, "amqp", f"{host}:{port}")
    await _reach(f"amqp://ann:pw@127.0.0.1:1/,{whole}")
    silent.close()


async def test_a_consumer_goes_to_another_node_when_its_own_is_gone(amqp_url: str, prefix: str) -> None:
    async def nothing(_: object) -> None:
        raise AssertionError("no message was sent")

    async with front(_place(amqp_url), None) as one, front(_place(amqp_url), None) as two:
        address = _address(amqp_url, "amqp", f"127.0.0.1:{one.port},127.0.0.1:{two.port}")
        stop, ready = asyncio.Event(), asyncio.Event()
        consumer = Consumer(address, topology(prefix, order_process()), "order", nothing, 10, judge=unjudged)
        running = asyncio.create_task(consumer.run(stop, ready))
        async with asyncio.timeout(LIMIT_SECONDS):
            await ready.wait()
            first, second = (one, two) if one.passed else (two, one)
            ready.clear()
            await first.close()
            await ready.wait()
        assert second.passed == 1
        stop.set()
        await running
    async with await connect(amqp_url, "sweep") as connection:
        channel = await connection.channel()
        wanted = topology(prefix, order_process())
        for queue in (*(queue.name for queue in wanted.queues), wanted.undelivered):
            await channel.queue_delete(queue)
