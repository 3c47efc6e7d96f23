"""Who makes a change, and why: the options, and what the table `saga.operation` keeps of them."""

import getpass
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from saga.cli.shell.failure import WrongUsage

Reason = Annotated[str, typer.Option(help="Why; it is recorded, so name nobody in it.")]
ReasonIfAny = Annotated[str | None, typer.Option(help="Why; it is recorded, so name nobody in it.")]
Actor = Annotated[str | None, typer.Option(help="Who does it. [the user of this machine]")]

NO_REASON: Final = "none was given"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who does it, and why."""

    actor: str
    reason: str


def operator(actor: str | None, reason: str | None) -> Operator:
    """Who does it, and why; a reason may be None where it need not be given. Raises WrongUsage for an empty one."""
    if reason is None:
        return Operator(actor or _user(), NO_REASON)
    if not reason.strip():
        raise WrongUsage("--reason is empty: say why, for the record.")
    return Operator(actor or _user(), reason)


def _user() -> str:
    """Who runs this command. Raises WrongUsage where the machine does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise WrongUsage("This machine has no name for its user: say who does it with --actor.") from None
