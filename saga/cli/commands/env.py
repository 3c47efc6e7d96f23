"""`saga env`: the addresses of `saga up`'s private servers, for other programs in another shell."""

import os
import shlex

import typer

from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.terminal import AsJson, print_json
from saga.devstack.stack import find_running
from saga.settings import load_settings

VARIABLES = ("SAGA_DATABASE_URL", "SAGA_AMQP_URL", "SAGA_MANAGEMENT_URL", "SAGA_FEED")


def env(as_json: AsJson = False) -> None:
    """Print the addresses of the servers that `saga up` started in this folder, as lines for a shell.

    Commands of saga find them by themselves; programs of your own get them with: eval "$(saga env)"
    """
    settings = load_settings()
    running = find_running(settings.home)
    if running is None:
        raise WrongUsage(f"No private stack runs in {settings.home}: start one with `saga up`.")
    values = running.environment()
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if left := [name for name in VARIABLES if name not in values and name in os.environ]:
        typer.echo(f"unset {' '.join(left)}")
