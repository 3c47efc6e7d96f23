"""A process on the command line: `my_shop.processes:returns`, a module and the name of a process in it."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from traceback import extract_tb
from typing import Annotated, Any, Final

import typer

from saga.cli.shell.failure import WrongUsage
from saga.core import DeclarationError, Fact, Process
from saga.core.fact import is_message_class
from saga.messages.facts import make_fact, require_readable

ORDER: Final = "saga.orders:order_process"

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="[TARGET]",
        help="module:name of a process, or of a function without arguments that returns one. [SAGA_PROCESSES]",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TARGET]...",
        help="module:name of a process, or of a function without arguments that returns one; several are also checked"
        " together. [SAGA_PROCESSES]",
    ),
]
Samples = Annotated[
    str | None, typer.Option(help="module:name of sample messages; by default made from the message classes.")
]


def load_process(target: str) -> Process:
    """Load the process of this name. Raises WrongUsage, which says what is wrong with the name or the declaration."""
    try:
        named = _load(target)
        process = _called(target, named) if callable(named) and not isinstance(named, type) else named
    except DeclarationError as error:
        raise WrongUsage(f"{target} is declared wrongly: {error}") from None
    if not isinstance(process, Process):
        raise WrongUsage(f"{target} is a {type(process).__name__}, not a process")
    try:
        require_readable(process)
    except DeclarationError as error:
        raise WrongUsage(f"{target} is declared wrongly: {error}") from None
    return process


def _called(target: str, give: Callable[[], Any]) -> Any:
    try:
        signature(give).bind()
    except TypeError as error:
        raise WrongUsage(f"{target} can't be called without arguments: {error}") from None
    return give()


def imported_as(target: str, variable: str) -> str:
    """Code that assigns the process of this name to a variable."""
    module, _, name = target.partition(":")
    if isinstance(_load(target), Process):
        return f"from {module} import {name} as {variable}"
    return f"from {module} import {name}\n\n{variable} = {name}()"


def load_samples(name: str | None) -> Sequence[Fact] | None:
    """Load the sample messages of this name, as facts; None without a name."""
    if name is None:
        return None
    found = _load(name)
    messages = found() if callable(found) else found
    wrong = [one for one in messages if not is_message_class(type(one))]
    if wrong:
        raise WrongUsage(f"{name}: {wrong[0]!r:.80} is neither a message (a pydantic model or a dataclass) nor a fact")
    return [one if isinstance(one, Fact) else make_fact(one) for one in messages]


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    if not module or not name:
        raise WrongUsage(f"{target!r} names no process: write module:name, such as {ORDER}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        imported = import_module(module)
    except ModuleNotFoundError as error:
        raise WrongUsage(f"{target}: there is no module {error.name} to import from here") from None
    except (AttributeError, ImportError, NameError, SyntaxError, TypeError) as error:
        raise WrongUsage(f"{target} can't be imported: {_said(error)}") from None
    if not hasattr(imported, name):
        raise WrongUsage(f"{target}: the module {module} has no {name}")
    return getattr(imported, name)


def _said(error: Exception) -> str:
    """The error in a user's code, and its line."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: {error.msg}"
    last = extract_tb(error.__traceback__)[-1]
    return f"{last.filename}, line {last.lineno}: {type(error).__name__}: {error}"
