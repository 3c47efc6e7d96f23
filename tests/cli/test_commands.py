"""The command line as a whole: every command is there, and a message makes its way from one to the next."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from saga.cli import COMMANDS, Commands, app
from saga.cli.shell.examples import EXAMPLES, OF_ORDERS
from tests.cli.shell import Saga, message
from tests.waiting import LIMIT_SECONDS, eventually


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


def test_every_command_can_be_called_for_help(saga: Saga) -> None:
    overview = saga("--help")
    assert overview.exit_code == 0
    for name in COMMANDS:
        assert name in overview.stdout
        assert saga(name, "--help").exit_code == 0


def test_an_unknown_command_is_wrong_usage(saga: Saga) -> None:
    assert saga("inspekt").exit_code == 2


def test_the_registry_names_what_exists() -> None:
    group = get_command(app)
    assert isinstance(group, Commands)
    context = typer.Context(group)
    assert all(group.get_command(context, name) is not None for name in COMMANDS)


def test_a_published_message_is_handled_and_explained(saga: Saga) -> None:
    with saga.running("saga", "run"):
        sent = saga.json("publish", "PaymentReceived", "o-1", "--sample", "--duplicate", "3")

        def published() -> object:
            result = saga("inspect", "o-1", "--json")
            return result.exit_code == 0 and '"published": false' not in result.stdout and result

        eventually(published)
        saga.json("publish", "OrderCancelled", "o-1", "--sample")
        order = eventually(lambda: (found := saga.json("inspect", "o-1"))["outcome"] == "refunded" and found)
    assert order["messages"][0]["id"] == sent["id"]
    assert order["messages"][0]["repeats"] == 2


def nested() -> Iterator[tuple[str, ...]]:
    """Every command, and every command below one."""
    group: Any = get_command(app)
    for name in COMMANDS:
        yield (name,)
        yield from ((name, below) for below in getattr(group.get_command(None, name), "commands", ()))


@pytest.mark.parametrize("words", [*nested()], ids=" ".join)
def test_each_help_has_an_example_that_calls_it(words: tuple[str, ...]) -> None:
    shown = run(*words, "-h")
    assert shown.exit_code == 0
    assert shown.stdout == run(*words, "--help").stdout
    assert f"$ saga {' '.join(words)}" in shown.stdout


@pytest.mark.parametrize("command", ["publish", "inspect"])
def test_help_names_orders_only_where_it_says_so(command: str) -> None:
    before, heading, after = run(command, "--help").stdout.partition(OF_ORDERS)
    assert not re.search("order", before, re.IGNORECASE)
    assert heading
    assert "order-1" in after


def test_every_example_can_be_read() -> None:
    group: Any = get_command(app)
    for example in [one for examples in EXAMPLES.values() for one in examples]:
        _, *words = shlex.split(example)
        name, command, rest = group.resolve_command(typer.Context(group), words)
        if below := getattr(command, "commands", {}).get(rest[0] if rest else None):
            command, rest = below, rest[1:]
        command.make_context(name, rest)


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"saga {version('saga')}\n"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("inspekt",), "'inspect'"),
        (("dead-letter", "list"), "'dead-letters'"),
        (("dead-letters", "redrife"), "'redrive'"),
        (("lag", "--jsn"), "'--json'"),
        (("--versio",), "'--version'"),
    ],
)
def test_what_is_mistyped_is_answered_with_what_was_meant(words: tuple[str, ...], meant: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Did you mean {meant}" in result.stderr
    document = json.loads(run(*words, "--json").stderr)
    assert (document["exit_code"], f"Did you mean {meant}" in document["error"]) == (2, True)


def said_to_a_shell(*words: str, **environment: str) -> str:
    code = "import sys; sys.argv[0] = 'saga'; from saga.cli import app; app()"
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.system
@pytest.mark.parametrize(("line", "expected"), [("saga insp", "inspect"), ("saga lag --wa", "--watch")])
def test_a_shell_completes_commands_and_options(line: str, expected: str) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    assert said_to_a_shell(_SAGA_COMPLETE="complete_bash", **words).split() == [expected]


@pytest.mark.system
def test_what_completes_commands_can_be_shown() -> None:
    shown = said_to_a_shell("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_SAGA_COMPLETE=complete_bash" in shown


def test_errors_are_json_where_json_is_asked_for(saga: Saga) -> None:
    for words, exit_code in (
        (("inspect", "o-1"), 1),
        (("list", "--outcome", "lost"), 2),
        (("dead-letters", "redrive"), 2),
        (("prune", "--yes"), 2),
        (("log",), 2),
    ):
        as_text, as_json = saga(*words), saga(*words, "--json")
        document = json.loads(as_json.stderr)
        assert (as_json.exit_code, as_json.stdout) == (exit_code, "")
        assert document["exit_code"] == as_text.exit_code == exit_code
        assert document["error"].split()[:3] == as_text.stderr.split()[:3] or words == ("log",)
    settings = saga("lag", "--json", SAGA_BATCH_SIZE="many")
    assert "SAGA_BATCH_SIZE" in json.loads(settings.stderr)["error"]
    assert saga("inspect", "--", "--json").stderr.startswith("Nothing is known of order '--json'")


@pytest.mark.parametrize("columns", ["20", "40", "100"])
def test_no_table_breaks_an_id(saga: Saga, columns: str) -> None:
    order_id, message_id = "order-" + "7" * 60, "message-" + "8" * 60
    saga.handle(message("OrderPlaced", order_id, message_id=message_id), message("OrderPlaced", order_id, amount=-1))
    for words in (("list",), ("list", "--stuck"), ("dead-letters", "list"), ("dead-letters", "show", "1")):
        assert order_id in saga(*words, COLUMNS=columns).stdout, words
    shown = saga("inspect", order_id, COLUMNS=columns).stdout
    assert order_id in shown
    assert message_id in shown


def test_a_watched_command_shows_what_changes_until_it_is_interrupted(saga: Saga) -> None:
    words = [sys.executable, "-m", "saga", "inspect", "o-1", "--watch", "--json"]
    kept = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=os.environ | saga.environment, **kept) as watching:  # type: ignore[call-overload]
        try:
            assert "Nothing is known of order 'o-1'" in watching.stderr.readline()
            saga.handle(message("OrderPlaced", "o-1"))
            assert json.loads(watching.stdout.readline())["outcome"] == "awaiting_payment"
            saga.handle(message("PaymentReceived", "o-1"))
            eventually(lambda: json.loads(watching.stdout.readline())["outcome"] == "paid")
        finally:
            watching.send_signal(signal.SIGINT)
        assert watching.wait(LIMIT_SECONDS) == 0


@pytest.mark.parametrize("command", ["lag", "list"])
def test_what_a_person_has_to_change_ends_watching(saga: Saga, command: str) -> None:
    result = saga(command, "--watch", SAGA_PROCESSES="orders")
    assert (result.exit_code, "write module:name" in result.stderr) == (2, True)
