"""The command line: one file for each command.

A command's file is imported when the command is called, not before: a health check must not wait for what `saga run`
needs. Errors that a person can do something about are CommandFailed and SettingsError; they end here, as one sentence
on stderr.
"""

import sys
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from saga.cli.shell.failure import CommandFailed
from saga.core import DeclarationError
from saga.settings import SettingsError
from saga.streams import OutputLost

COMMANDS: Final = {
    "up": "saga.cli.commands.up:up",
    "demo": "saga.cli.commands.demo:demo",
    "run": "saga.cli.commands.run:run",
    "check": "saga.cli.commands.check:check_process",
    "diagram": "saga.cli.commands.diagram:diagram",
    "migrate": "saga.cli.commands.migrate:migrate",
    "publish": "saga.cli.commands.publish:publish",
    "inspect": "saga.cli.commands.inspect:inspect",
    "list": "saga.cli.commands.list:list_instances",
    "lag": "saga.cli.commands.lag:lag",
    "log": "saga.cli.commands.log:log",
    "modules": "saga.cli.commands.modules:modules",
    "collaborators": "saga.cli.commands.collaborators:collaborators",
    "cursors": "saga.cli.commands.cursors:app",
    "replay": "saga.cli.commands.replay:replay",
    "audit": "saga.cli.commands.audit:audit",
    "prune": "saga.cli.commands.prune:prune",
    "erase": "saga.cli.commands.erase:erase_instances",
    "dead-letters": "saga.cli.commands.dead_letters:app",
    "scenario": "saga.cli.commands.scenario:scenario",
    "health": "saga.cli.commands.health:health",
}
"""Each command's name, and the function, or the app with commands of its own, that it is."""


class Commands(TyperGroup):
    """The commands, imported on first use."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        """Their names, as `saga --help` shows them."""
        return [*COMMANDS]  # once `saga list` is imported, the name list is that module here

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is Typer's
        """One of them; None if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        target = getattr(import_module(module), name)
        if not isinstance(target, typer.Typer):
            single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
            single.command(cmd_name)(target)
            target = single
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run the command; say what was wrong if it was something that a person can mend."""
        try:
            return super().invoke(ctx)
        except CommandFailed as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from error
        except (SettingsError, DeclarationError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def saga() -> None:
    """Run, check, inspect and repair sagas, such as the order process."""


def main() -> None:
    """Run the command that the arguments name. A reader of its output who goes away ends it in silence."""
    for number, word in enumerate(sys.argv[1:], 1):
        if not word.isprintable() and any("\ud800" <= character <= "\udfff" for character in word):
            typer.echo(f"Argument {number} is no text: write it in UTF-8.", err=True)
            raise SystemExit(2)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OutputLost as error:
        if not error.is_closed:
            typer.echo(f"{error}.", err=True)
        raise SystemExit(1) from None
