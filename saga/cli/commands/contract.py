"""`saga contract`: what a process receives and sends, in formats that others read, and what a change of it breaks."""

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.processes import only_configured_target
from saga.cli.shell.target import Target, load_process
from saga.cli.shell.terminal import print_json
from saga.contract import Contract, ContractError, compare, contract_of, to_asyncapi, to_json_schema, to_markdown
from saga.documents.text import shown
from saga.settings import load_settings


class Format(Enum):
    """How the contract is written."""

    ASYNCAPI = "asyncapi"
    JSON_SCHEMA = "json-schema"
    MARKDOWN = "markdown"


def contract(
    target: Target = None,
    as_: Annotated[
        Format, typer.Option("--format", help="AsyncAPI 3 or JSON Schema, both as JSON, or Markdown tables.")
    ] = Format.ASYNCAPI,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An earlier contract (AsyncAPI): name what breaks, and end with 1."),
    ] = None,
) -> None:
    """Print the contract of a process: channels, headers, and the data of every message that it receives or sends.

    Without TARGET, prints that of the process in SAGA_PROCESSES. With --against, prints only what the contract breaks
    of an earlier one. Exit code 0 if nothing breaks; 1 if senders or readers break; 2 if FILE is no contract of it.
    """
    settings = load_settings()
    process = load_process(only_configured_target(settings) if target is None else target)
    try:
        found = contract_of(process, settings.prefix)
    except ContractError as error:
        raise WrongUsage(f"{error}.") from None
    if against is not None:
        _compare(found, against)
    elif as_ is Format.MARKDOWN:
        typer.echo(to_markdown(found), nl=False)
    else:
        print_json(to_asyncapi(found) if as_ is Format.ASYNCAPI else to_json_schema(found))


def _compare(contract: Contract, file: Path) -> None:
    """Print each finding as a sentence. Raises Exit with 1 if anything breaks."""
    try:
        findings = compare(contract, _read(file))
    except ContractError as error:
        raise WrongUsage(f"--against {file}: {error}.") from None
    for one in findings:
        who = f"{one.affected.value} break" if one.breaks else "note"
        typer.echo(f"{who}: {shown(one.sentence)}")
    if any(one.breaks for one in findings):
        raise typer.Exit(1)
    typer.echo(f"Nothing of {file} breaks.")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise WrongUsage(f"--against {file}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"--against {file}: it is no JSON: {error}.") from None
