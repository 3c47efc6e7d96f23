"""The peers of the benchmark, as far as that can be seen without their environment, which no test installs."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from saga.messages import Envelope, Raw
from saga.messages.cloudevents import decode
from saga.orders import messages

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"
CALL = re.compile(r'^    run\("(\w+)", __doc__, work\)$', re.MULTILINE)
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if CALL.search(path.read_text()))


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    """What the benchmarks import."""
    return import_module("benchmarks.peers.driver")


@pytest.fixture(scope="module")
def orders() -> Iterator[ModuleType]:
    """What the scripts share and this project's own environment can import."""
    sys.path.insert(0, str(FOLDER))
    yield import_module("orders")
    sys.path.remove(str(FOLDER))


def test_every_script_is_measured_and_every_peer_that_is_measured_has_a_script(peers: ModuleType) -> None:
    assert {path.stem for path in SCRIPTS} == {peer.script for peer in peers.PEERS.values()}
    assert len(SCRIPTS) == 7


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_compiles_names_itself_and_keeps_its_tables_to_itself(script: Path) -> None:
    text = script.read_text()
    compile(text, str(script), "exec")
    assert CALL.findall(text) == [script.stem]
    assert ast.get_docstring(ast.parse(text))
    assert f'\nSCHEMA = "{script.stem}"\n' in text


def test_what_the_peers_import_is_asked_for_and_locked_with_hashes() -> None:
    asked = [line for line in (FOLDER / "requirements.in").read_text().splitlines() if not line.startswith("#")]
    names = {Requirement(line).name for line in asked}
    assert {"aio-pika", "asyncpg", "dbos", "eventsourcing", "faststream", "protean", "sqlalchemy"} <= names
    lock = (FOLDER / "requirements.txt").read_text()
    locked = re.findall(r"^([\w.-]+)==\S+(?: ; [^\\]+)? \\\n    --hash=sha256:", lock, re.MULTILINE)
    assert names <= set(locked)


def test_the_queue_holds_four_inputs_of_each_order_that_both_sides_understand(
    peers: ModuleType, orders: ModuleType
) -> None:
    filled = list(import_module("benchmarks.peers.filling").messages(40))
    heard: Counter[str] = Counter()
    for message in filled:
        envelope = decode(Raw(body=message.body, headers=message.headers, content_type=message.content_type))
        assert isinstance(envelope, Envelope), envelope
        read = orders.read(message.headers, message.body)
        getattr(messages, read.type).model_validate_json(message.body)
        assert (envelope.id, envelope.type, envelope.subject) == (read.id, read.type, read.body.order_id)
        heard[read.body.order_id] += 1
    assert len({message.message_id for message in filled}) == 40
    assert set(heard.values()) == {4}
    assert len(heard) == 10


def test_a_peer_decides_by_what_it_knows_of_the_order(orders: ModuleType) -> None:
    def command(kind: str, **known: bool) -> str:
        body = orders.OrderMessage(order_id="o")
        message = orders.Message(id="m", source="s", sequence=1, type=kind, body=body)
        decision = orders.decide(orders.State(**known), message)
        assert getattr(decision.state, orders.FLAGS[kind])
        return str(decision.command)

    assert command("OrderPlaced") == "RequestPayment"
    assert command("PaymentReceived", placed=True) == "StartFulfilment"
    assert command("OrderCancelled", placed=True, paid=True) == "RefundPayment"
    assert command("PaymentTimedOut", placed=True) == "VoidPayment"
