"""`saga contract`: what it prints, and how it ends when something breaks."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from saga.cli import app
from saga.contract import contract_of, to_asyncapi, to_json_schema, to_markdown
from saga.orders import order_process

SHOP = "examples.shop.order:order"


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["contract", *words], env={"SAGA_PREFIX": "p", **environment})


def test_it_prints_the_contract_of_the_configured_process_in_each_format() -> None:
    contract = contract_of(order_process(), "p")
    assert json.loads(run().stdout) == to_asyncapi(contract)
    assert json.loads(run("--format", "json-schema").stdout) == to_json_schema(contract)
    assert run("--format", "markdown").stdout == to_markdown(contract)


def test_it_prints_the_contract_of_a_target() -> None:
    assert json.loads(run(SHOP).stdout)["info"]["title"] == "shop-order"


def test_of_several_configured_processes_one_has_to_be_named() -> None:
    result = run(SAGA_PROCESSES=f"saga.orders:order_process,{SHOP}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "say which one is meant" in result.stderr


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    file = tmp_path / "order.json"
    file.write_text(run().stdout)
    return file


def changed(file: Path, *path: str, to: Any) -> None:
    document = place = json.loads(file.read_text())
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    file.write_text(json.dumps(document))


def test_it_ends_with_0_where_nothing_breaks(earlier: Path) -> None:
    result = run("--against", str(earlier))
    assert (result.exit_code, result.stdout) == (0, f"Nothing of {earlier} breaks.\n")


def test_it_names_each_break_in_a_line_and_ends_with_1(earlier: Path) -> None:
    schemas = ("components", "schemas")
    changed(earlier, *schemas, "events.orders.OrderPlaced", "properties", "amount", to={"type": ["integer", "string"]})
    changed(earlier, *schemas, "commands.gateway.VoidPayment", "properties", "reason", to={"type": "string"})
    result = run("--against", str(earlier))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "readers break: gateway.VoidPayment reason: is no longer sent.",
        "senders break: orders.OrderPlaced amount: its type was integer or string, is now integer.",
        "senders break: orders.OrderPlaced amount: its minimum was absent, is now 1.",
        "senders break: orders.OrderPlaced amount: its maximum was absent, is now 9007199254740991.",
    ]


def test_a_new_command_is_a_note_and_no_break(earlier: Path) -> None:
    document = json.loads(earlier.read_text())
    del document["operations"]["send.commands.gateway.VoidPayment"]
    earlier.write_text(json.dumps(document))
    result = run("--against", str(earlier))
    assert result.exit_code == 0
    assert result.stdout.startswith("note: gateway.VoidPayment is new")


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (None, "No such file"),
        ("{", "it is no JSON"),
        ("[]", "no AsyncAPI 3 document"),
        ('{"asyncapi": "3.0.0"}', "can't be"),
    ],
)
def test_a_file_that_is_no_contract_is_wrong_usage(tmp_path: Path, contents: str | None, said: str) -> None:
    file = tmp_path / "other.json"
    if contents is not None:
        file.write_text(contents)
    result = run("--against", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_contract_of_another_process_is_wrong_usage(earlier: Path) -> None:
    result = run(SHOP, "--against", str(earlier))
    assert result.exit_code == 2
    assert "it is the contract of order, and not of shop-order" in result.stderr
