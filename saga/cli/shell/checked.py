"""How replay and audit show their results: instances that differ, and how many were looked at."""

from collections.abc import Iterable, Sequence
from typing import Final

import typer
from rich.text import Text

from saga.core import Process
from saga.documents.instances import many_of, one_of
from saga.documents.text import shown
from saga.operations import CheckedInstances, DifferingInstance

PROGRESS_EVERY: Final = 10_000
MOST_CHARACTERS: Final = 300


class Progress:
    """Prints to stderr how far a long check is, each time so many more instances are done."""

    def __init__(self, processes: Sequence[Process], done: str) -> None:
        self._what = many_of(processes)
        self._done = done
        self._said = 0

    def say(self, instances: CheckedInstances) -> None:
        """Print the progress, if it is time."""
        if instances.checked - self._said >= PROGRESS_EVERY:
            self._said = instances.checked
            typer.echo(f"{instances.checked} {self._what} {self._done}, {instances.differing} differ", err=True)


def unknown(ids: Sequence[str], processes: Sequence[Process]) -> str:
    """A sentence for instances of which nothing is known."""
    return f"Nothing is known of {one_of(processes)} {', '.join(map(repr, map(shown, ids)))}."


def heading(finding: DifferingInstance) -> Text:
    """The instance, for people."""
    return Text.assemble(f"{finding.process.capitalize()} ", (shown(finding.process_id), "bold"))


def notes(instances: CheckedInstances, hidden: Iterable[tuple[int, str]]) -> Text:
    """The notes below the summary: what was not shown, and what was not compared."""
    text = Text()
    for number, what in (
        *hidden,
        (instances.erased, "erased: compared from their erasure on"),
        (instances.pruned, "pruned: nothing is left to compare"),
        (instances.partly_pruned, "not compared, as the beginning of their record was pruned"),
        (instances.other_version, "written by another version of the process, which alone is no difference"),
    ):
        if number:
            text.append(f"\n{number} {what}.", "dim")
    return text


def counted(number: int, one: str, many: str) -> str:
    """How many, in words."""
    return f"1 {one}" if number == 1 else f"{number} {many}"


def short(sentence: str) -> str:
    """A sentence, shortened: it may quote a whole register entry."""
    text = shown(sentence)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."
