"""The command line: one file for each command.

A command's file is imported when the command is called, not before: a health check must not wait for what `saga run`
needs. Errors that a person can act on are caught here and printed as one sentence on stderr (see ``shell.failure``).
"""

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from saga.cli.shell.examples import epilog
from saga.cli.shell.failure import asks_for_json, sentences
from saga.streams import OutputLost

COMMANDS: Final = {
    "new": "saga.cli.commands.new:new",
    "up": "saga.cli.commands.up:up",
    "env": "saga.cli.commands.env:env",
    "demo": "saga.cli.commands.demo:demo",
    "run": "saga.cli.commands.run:run",
    "check": "saga.cli.commands.check:check_process",
    "diagram": "saga.cli.commands.diagram:diagram",
    "contract": "saga.cli.commands.contract:contract",
    "migrate": "saga.cli.commands.migrate:migrate",
    "publish": "saga.cli.commands.publish:publish_message",
    "inspect": "saga.cli.commands.inspect:inspect",
    "list": "saga.cli.commands.list:list_instances",
    "lag": "saga.cli.commands.lag:lag",
    "log": "saga.cli.commands.log:log",
    "modules": "saga.cli.commands.modules:modules",
    "collaborators": "saga.cli.commands.collaborators:collaborators",
    "cursors": "saga.cli.commands.cursors:app",
    "replay": "saga.cli.commands.replay:replay",
    "audit": "saga.cli.commands.audit:audit",
    "prune": "saga.cli.commands.prune:prune_database",
    "erase": "saga.cli.commands.erase:erase_instances",
    "dead-letters": "saga.cli.commands.dead_letters:app",
    "operations": "saga.cli.commands.operations:app",
    "scenario": "saga.cli.commands.scenario:scenario",
    "console": "saga.cli.commands.console:console",
    "health": "saga.cli.commands.health:health",
}
"""For each command's name, its function or, if it has subcommands, its app."""


class Commands(TyperGroup):
    """The commands, imported on first use."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        """The names of the commands, as `saga --help` shows them."""
        return [*COMMANDS]  # once `saga list` is imported, the name list is that module here

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is Typer's
        """The command of this name; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        target = getattr(import_module(module), name)
        if not isinstance(target, typer.Typer):
            single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
            single.command(cmd_name)(target)
            target = single
        command: Any = typer.main.get_command(target)
        command.name, command.epilog = cmd_name, epilog(cmd_name)
        for below in getattr(command, "commands", {}).values():
            below.epilog = epilog(f"{cmd_name} {below.name}")
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name. For a mistyped name, suggest similar ones."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            if likely := get_close_matches(args[0], COMMANDS):
                error.message = f"{error.message.rstrip('.')}. Did you mean {' or '.join(map(repr, likely))}?"
            raise

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options before the command."""
        ctx.obj = asks_for_json(args)
        with sentences(as_json=ctx.obj):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. An error that a person can fix is printed as a sentence."""
        with sentences(as_json=ctx.obj):
            return super().invoke(ctx)


app = typer.Typer(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _say_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"saga {version('saga')}")
        raise typer.Exit


@app.callback()
def saga(
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda asked: _say_version(asked=asked), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Run, check, inspect and repair sagas, such as the order process."""


def main() -> None:
    """Run the command that the arguments name. It ends silently if the reader of its output goes away."""
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
