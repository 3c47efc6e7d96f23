"""How a command fails: one sentence on stderr that names the remedy, and an exit code.

With --json it is one object, still on stderr, because stdout has a result or nothing:
``{"error": "Nothing is known of order 'o-1': ...", "exit_code": 1}``.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from saga.core import DeclarationError
from saga.documents.text import sentence
from saga.operations.errors import OperationFailed
from saga.settings import SettingsError


class CommandFailed(Exception):
    """What was asked for could not be done, or is not there."""

    exit_code = 1


class WrongUsage(CommandFailed):
    """A person has to change something first: the command, its environment, or what a server allows."""

    exit_code = 2


def asks_for_json(words: Sequence[str]) -> bool:
    """Whether a command line has --json. This must be known before its options are parsed."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


@contextmanager
def sentences(*, as_json: bool) -> Iterator[None]:
    """Print an error that a person can act on as a sentence, and exit with its code."""
    try:
        yield
    except CommandFailed as error:
        _fail(str(error), error.exit_code, as_json=as_json)
        raise typer.Exit(error.exit_code) from error
    except OperationFailed as error:
        _fail(sentence(error), CommandFailed.exit_code, as_json=as_json)
        raise typer.Exit(CommandFailed.exit_code) from error
    except (SettingsError, DeclarationError) as error:
        _fail(str(error), WrongUsage.exit_code, as_json=as_json)
        raise typer.Exit(WrongUsage.exit_code) from error
    except typer.TyperException as error:
        if likely := getattr(error, "possibilities", None):
            error.message = f"{error.message.rstrip('.')}. Did you mean {' or '.join(map(repr, likely))}?"
            error.possibilities = None  # type: ignore[attr-defined] # else Typer would list them once more
        if not as_json:
            raise
        _fail(error.format_message(), error.exit_code, as_json=True)
        raise typer.Exit(error.exit_code) from error


def _fail(sentence: str, exit_code: int, *, as_json: bool) -> None:
    typer.echo(json.dumps({"error": sentence, "exit_code": exit_code}) if as_json else sentence, err=True)
