"""Watching: a command that shows its answer again every two seconds, until Ctrl-C."""

import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.terminal import print_json, print_json_line, terminal

SECONDS: Final = 2.0

Watch = Annotated[
    bool,
    typer.Option("--watch", "-w", help="Show it again every 2 seconds, until Ctrl-C; with --json one line each time."),
]
PrintJson = Callable[[Any], None]


def shown_or_watched(show: Callable[[PrintJson], None], *, watch: bool) -> None:
    """Show once, or again and again. While watching, a failure is shown and the question asked again.

    ``show`` gets the function that prints a JSON document. WrongUsage is raised: it does not pass by itself.
    """
    if not watch:
        show(print_json)
        return
    console = terminal()
    try:
        while True:
            console.clear()  # nothing where there is no screen
            try:
                show(print_json_line)
            except WrongUsage:
                raise
            except CommandFailed as error:
                typer.echo(str(error), err=True)
            time.sleep(SECONDS)
    except KeyboardInterrupt:
        return
