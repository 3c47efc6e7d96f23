"""The command line as a whole: every command is there, and a message makes its way from one to the next."""

import typer
from typer.main import get_command

from saga.cli import COMMANDS, Commands, app
from tests.cli.shell import Saga, eventually


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
        sent = saga.json("publish", "PaymentReceived", "o-1", "--duplicate", "3")

        def published() -> object:
            result = saga("inspect", "o-1", "--json")
            return result.exit_code == 0 and '"published": false' not in result.stdout and result

        eventually(published)
        saga.json("publish", "OrderCancelled", "o-1")
        order = eventually(lambda: (found := saga.json("inspect", "o-1"))["outcome"] == "refunded" and found)
    assert order["messages"][0]["id"] == sent["id"]
    assert order["messages"][0]["repeats"] == 2
