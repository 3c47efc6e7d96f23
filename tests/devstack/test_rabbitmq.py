"""The private RabbitMQ: a node of its own, and no crash keeps it from starting again."""

import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from saga.devstack import children
from saga.devstack.rabbitmq import RabbitNode
from tests.waiting import eventually

QUEUE = "kept"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    node = RabbitNode(tmp_path_factory.mktemp("rabbitmq"))
    node.start()
    yield node
    node.destroy()
    assert node.pids == {}
    assert not node.folder.exists()


def publish(node: RabbitNode, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(node.amqp_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", QUEUE, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
    # RabbitMQ 3.10 writes down only half a second later that the queue is there; a crash before that loses it.
    (names,) = node.folder.glob("mnesia/*/quorum/*/names.dets")
    eventually(lambda: QUEUE.encode() in names.read_bytes())


def handle(node: RabbitNode) -> bytes | None:
    with pika.BlockingConnection(pika.URLParameters(node.amqp_url)) as connection:
        body: bytes | None = connection.channel().basic_get(QUEUE, auto_ack=True)[2]
        return body


def test_it_starts_again_after_sigkill_with_what_it_confirmed(node: RabbitNode) -> None:
    url = node.amqp_url
    publish(node, b"before the crash")
    assert set(node.pids) == {"beam", "epmd"}
    children.send(list(node.pids.values()), signal.SIGKILL)
    eventually(lambda: not node.pids and not node.is_running())
    node.start()
    assert node.amqp_url == url
    assert handle(node) == b"before the crash"


def test_a_living_node_is_taken_over_rather_than_started_twice(node: RabbitNode) -> None:
    second = RabbitNode(node.folder)
    second.start()
    assert (second.pids, second.amqp_url) == (node.pids, node.amqp_url)


def test_it_shares_no_port_with_the_brokers_of_the_machine(node: RabbitNode) -> None:
    me = node._known()
    assert not {me.amqp, me.management, me.distribution, me.epmd} & {5672, 15672, 25672, 4369}


def test_it_answers_on_loopback_only(node: RabbitNode) -> None:
    me = node._known()
    beyond = socket.gethostbyname_ex(socket.gethostname())[2]
    for address in set(beyond) - {"127.0.0.1", "127.0.1.1"}:
        for port in (me.amqp, me.management, me.distribution, me.epmd):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, port), timeout=1)
    assert sorted(listening(me.distribution)) == ["127.0.0.1"]


def listening(port: int) -> list[str]:
    """Addresses, from the kernel's table: local address and port in hexadecimal, state 0A."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    local = [row[1].split(":") for row in rows if row[3] == "0A"]
    return [socket.inet_ntoa(bytes.fromhex(host)[::-1]) for host, number in local if int(number, 16) == port]


def test_its_secrets_are_for_its_owner_only(node: RabbitNode) -> None:
    for name in ("identity.json", "rabbitmq.conf", ".erlang.cookie"):
        assert stat.S_IMODE((node.folder / name).stat().st_mode) & 0o077 == 0, name


def test_a_stop_leaves_no_process(node: RabbitNode) -> None:
    node.stop()
    assert node.pids == {}
    assert not children.living_in(node.folder, {"beam.smp", "epmd", "erl_child_setup", "inet_gethost"})
    assert not node.is_running()
