"""The AsyncAPI document is valid by the official schema, offline, and says where each message goes."""

import copy
import json
import subprocess
import sys
from typing import Any

import pytest

from saga.contract import contract_of, to_asyncapi, to_json_schema
from saga.rabbitmq.topology import topology
from tests.contract.places import PROCESSES, refusals, specification

PROCESS = pytest.mark.parametrize("name", PROCESSES)


def document(name: str, prefix: str = "saga") -> dict[str, Any]:
    return to_asyncapi(contract_of(PROCESSES[name], prefix))


@PROCESS
@pytest.mark.parametrize("version", ["3.0.0", "3.1.0"])
def test_the_document_is_valid_by_the_official_schema(name: str, version: str) -> None:
    made = document(name) | {"asyncapi": version}
    assert [one.message for one in specification(version).iter_errors(made)] == []


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ((), "chanels"),
        (("channels", "events.orders.OrderPlaced"), "adress"),
        (("channels", "events.orders.OrderPlaced", "bindings", "amqp"), "exchnge"),
        (("operations", "receive.events.orders.OrderPlaced"), "acton"),
        (("components", "messages", "events.orders.OrderPlaced"), "playload"),
    ],
)
def test_a_typo_anywhere_is_found(path: tuple[str, ...], key: str) -> None:
    made = copy.deepcopy(document("order"))
    place = made
    for part in path:
        place = place[part]
    place[key] = {}
    assert list(specification("3.0.0").iter_errors(made)) != []


@PROCESS
def test_exchanges_queues_and_keys_are_those_that_the_worker_declares(name: str) -> None:
    declared = topology("p", PROCESSES[name])
    made = document(name, "p")
    bindings = [one["bindings"]["amqp"] for one in made["channels"].values()]
    queues = {one["x-queue"]["name"]: one for one in bindings if "x-queue" in one}
    assert queues.keys() == {queue.name for queue in declared.queues}
    for queue in declared.queues:
        exchange, said = queues[queue.name]["exchange"]["name"], queues[queue.name]["x-queue"]
        assert [(exchange, key) for key in said["bindings"]] == list(queue.bindings)
    received = [key.partition(".")[2] for key, one in made["operations"].items() if one["action"] == "receive"]
    events = {made["channels"][key]["address"] for key in received}
    assert events == {key for queue in declared.queues for exchange, key in queue.bindings if exchange == "p.events"}


def test_the_process_receives_events_and_sends_commands() -> None:
    actions = {name: one["action"] for name, one in document("order")["operations"].items()}
    assert actions["receive.events.payments.PaymentReceived"] == "receive"
    assert actions["send.commands.gateway.RefundPayment"] == "send"
    announced = document("announcing")["channels"]["events.order.OrderPaid"]
    assert announced["address"] == "order.OrderPaid"
    assert announced["bindings"]["amqp"]["exchange"]["name"] == "saga.events"


@PROCESS
def test_every_reference_leads_somewhere(name: str) -> None:
    for made in (document(name), to_json_schema(contract_of(PROCESSES[name], "saga"))):
        for reference in references(made):
            found: Any = made
            for part in reference.removeprefix("#/").split("/"):
                found = found[part]
            assert found


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return [*own, *(found for one in value.values() for found in references(one))]
    return [found for one in value for found in references(one)] if isinstance(value, list) else []


def test_the_json_schema_accepts_the_data_of_each_message_and_no_others() -> None:
    schema = to_json_schema(contract_of(PROCESSES["order"], "saga"))
    placed = {"order_id": "o-1", "amount": 4200, "currency": "EUR"}
    assert refusals(schema, placed) == []
    assert refusals(schema, {"order_id": "o-1", "effect": "payment_request", "revision": 1}) == []
    assert refusals(schema, {"amount": 1}) != []


def test_each_interpreter_prints_the_same_document() -> None:
    code = "from saga.cli import app; app(['contract', 'examples.shop.order:order'], prog_name='saga')"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert json.loads(printed.pop()) == document("shop")
