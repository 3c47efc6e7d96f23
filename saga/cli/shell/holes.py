"""Shows the holes below a cursor's highest position, and why they can't be fetched."""

from collections.abc import Sequence

from rich.text import Text

from saga.documents.text import age, shown
from saga.operations import ConsumerCursor, Hole

MOST_SHOWN_HOLES = 5


def alarms_of(cursors: Sequence[ConsumerCursor]) -> list[Text]:
    """A line for each log that can't be asked for what is missing."""
    return [
        Text(f"{shown(cursor.consumer)} can't ask the log of {shown(cursor.module)}: {shown(cursor.alarm)}", "red")
        for cursor in cursors
        if cursor.alarm is not None
    ]


def holes_of(cursor: ConsumerCursor) -> Text:
    """The first holes of a cursor, each with its age as far as that is known."""
    if not cursor.hole_count:
        return Text("none", "dim")
    ranges = [str(h.first) if h.first == h.last else f"{h.first}..{h.last}" for h in cursor.holes]
    ages = [f" ({_hole_age(cursor, hole)})" for hole in cursor.holes]
    named = [place + old for place, old in zip(ranges, ages, strict=True)][:MOST_SHOWN_HOLES]
    left = cursor.hole_count - len(named)
    return Text(", ".join(named) + (f" and {left} more" if left else ""), "yellow")


def _hole_age(cursor: ConsumerCursor, hole: Hole) -> str:
    if hole.age_seconds is not None:
        return f"for {age(hole.age_seconds)}"
    return "log in another database" if cursor.behind is None else "nothing public in there"
