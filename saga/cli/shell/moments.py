"""Ages and moments on the command line: `36h`, `30d`, or a time such as `2026-11-23T14:00`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from saga.cli.shell.failure import WrongUsage
from saga.documents.text import shown

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST: Final = timedelta(days=36_600)

Since = Annotated[
    str | None,
    typer.Option(metavar="AGE|TIME", help="Only since then: an age such as 15m or 2d, or a time (UTC unless it says)."),
]


def duration(text: str) -> timedelta | None:
    """The age in this text; None if it is none."""
    parsed = re.fullmatch(r"(\d{1,8}(?:\.\d{1,6})?)([smhdw])", text, re.ASCII)
    found = timedelta(**{UNITS[parsed[2]]: float(parsed[1])}) if parsed else None
    return found if found is not None and found <= LONGEST else None


def since_moment(text: str | None) -> datetime | None:
    """The moment that --since names, an age by the clock of this machine. Raises WrongUsage if it names none."""
    if text is None:
        return None
    if (age := duration(text)) is not None:
        return datetime.now(UTC) - age
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(
            f"--since {shown(text)!r} is neither an age nor a time: write 15m, 36h or 30d, or 2026-11-23T14:00."
        ) from None
    return named.replace(tzinfo=UTC) if named.tzinfo is None else named
