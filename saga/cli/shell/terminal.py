"""What the commands show: Rich for people, one JSON document for programs.

Texts in messages come from strangers. ``shown`` makes every character visible that a terminal would interpret, and
no text from outside is read as Rich markup.
"""

import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from saga.documents.json_text import json_line, json_text
from saga.documents.text import shown

WIDTH_OF_A_FILE = 100
NARROW = 25
"""Up to this width a column, such as a date, is not folded."""
LONGEST_WORD = 200
"""The most characters of an id in one line."""
MOST = 10_000

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

OUTCOME_STYLES = {
    "awaiting_payment": "yellow",
    "paid": "green",
    "expired": "red",
    "cancelled": "magenta",
    "refunded": "cyan",
}


class _Terminal(Console):
    """Prints lines that are longer than the screen in full: the end of a line may be an id."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*objects, **{"crop": False, **options})


class _Table(Table):
    """A table in which no word is broken, so that an id can be copied, and found by `grep`: it gets wider instead.

    Only texts of several words are folded. The first column, which says what a line is about, is never folded.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = 0
        for number, column in enumerate(self.columns):
            cells = [
                Measurement.get(console, options.update(width=MOST), cell) for cell in (column.header, *column.cells)
            ]
            widest, longest_word = max(one.maximum for one in cells), max(one.minimum for one in cells)
            column.no_wrap = column.no_wrap or number == 0 or widest <= NARROW or longest_word == widest <= LONGEST_WORD
            column.min_width = widest if column.no_wrap else min(longest_word, LONGEST_WORD)
            needed += column.min_width + self.padding[1]
        yield from super().__rich_console__(console, options.update(width=max(options.max_width, needed)))


def terminal(*, stderr: bool = False) -> Console:
    """The console that people read."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH_OF_A_FILE
    return _Terminal(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def print_json(document: Any) -> None:
    """One JSON document on stdout, in ASCII: safe in every terminal and every pipe."""
    typer.echo(json_text(document))


def print_json_line(document: Any) -> None:
    """One JSON document on a line of its own, for streams of them."""
    typer.echo(json_line(document))


def outcome_text(outcome: str) -> Text:
    """An outcome in its colour."""
    return Text(shown(outcome), style=OUTCOME_STYLES.get(outcome, ""))


def columns(*headings: str, title: str | None = None) -> Table:
    """A table without borders: its lines can be copied and cut."""
    table = _Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def pairs() -> Table:
    """A table of two columns without headings: a name or a time, and its text."""
    table = columns("", "")
    table.show_header = False
    table.columns[0].style = "dim"
    return table
