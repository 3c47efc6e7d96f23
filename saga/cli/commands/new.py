"""`saga new`: a new project that can be checked, tested and run as it is."""

from pathlib import Path
from typing import Annotated

import typer

from saga.cli.project.names import package_of
from saga.cli.project.wheel import find_wheel
from saga.cli.project.writing import write_project
from saga.cli.shell.failure import WrongUsage
from saga.documents.text import shown

NEXT = (
    "python3 -m venv .venv",
    ". .venv/bin/activate",
    "pip install -r requirements-dev.txt",
    "saga check",
    "pytest",
)


def new(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Name of the project, its folder and its process, such as my-returns."),
    ],
    wheel: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The wheel of saga; by default the one from which this saga was installed."),
    ] = None,
) -> None:
    """Make a project: a process, its messages, its tests, a producer, a collaborator, and how to deploy them.

    The project contains the wheel of saga, because saga is on no public index. Installs and starts nothing.
    """
    package = package_of(name)
    folder = Path(name)
    _require_room(folder)
    try:
        files = write_project(folder, name, package, find_wheel(wheel))
    except OSError as error:
        raise WrongUsage(f"The project can't be written to {shown(folder)}: {error.strerror}.") from None
    typer.echo(f"Made {name} with {len(files)} files; its README.md says what each is for. Go on with:\n")
    for command in (f"cd {name}", *NEXT):
        typer.echo(f"    {command}")


def _require_room(folder: Path) -> None:
    """Raise WrongUsage where a file, or a folder that is not empty, has the name."""
    if folder.is_dir():
        if any(folder.iterdir()):
            raise WrongUsage(f"The folder {shown(folder)} is not empty: choose another name, or another place.")
    elif folder.exists() or folder.is_symlink():
        raise WrongUsage(f"{shown(folder)} is there already, and is no folder: choose another name.")
