"""Times and durations for people, and texts from strangers with every character visible."""

import unicodedata
from datetime import UTC, datetime


def shown(text: object) -> str:
    """The text with control, formatting and surrogate characters spelled out."""
    return "".join(_shown(character) for character in str(text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def age(seconds: float | None) -> str:
    """A duration in the two units that matter."""
    if seconds is None:
        return "?"
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def clock(moment: datetime) -> str:
    """The time of day in UTC, to the millisecond."""
    return moment.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]


def date_and_time(moment: datetime) -> str:
    """Date and time in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def sentence(clause: object) -> str:
    """A clause, such as the message of a refused operation, as a sentence."""
    text = shown(clause)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
