"""The command line: one file for each command."""

import typer

from saga.cli.migrate import migrate
from saga.cli.run import run

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
app.command()(run)
app.command()(migrate)


def main() -> None:
    """The console script."""
    app()
