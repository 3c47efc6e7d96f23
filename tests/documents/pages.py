"""Examples of a page: blocks of Python, and commands with what they print.

In what a command prints, `...` stands for anything, white space counts as one space, and what differs from run to run
(times, ids, durations, positions) is not compared.
"""

import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DATE"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b(\d+ min )?\d+(\.\d+)? m?s\b"), "DURATION"),
    (re.compile(r"\bposition \d+\b"), "position N"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it is typed, and what the page says that it prints."""

    command: str
    printed: str


def blocks(page: str, *languages: str) -> Iterator[tuple[str, str]]:
    """Language and text of each code block in one of these languages, from top to bottom."""
    for language, text in BLOCK.findall((ROOT / page).read_text()):
        if language in languages:
            yield language, text


def calls(page: str) -> list[Call]:
    """Every command of a page's console blocks."""
    return [call for _, text in blocks(page, "console") for call in calls_of(text)]


def calls_of(text: str) -> Iterator[Call]:
    """Every command of one console block."""
    for machine in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = machine.partition("\n")
        yield Call(command, printed)


def prints(call: Call, printed: str) -> bool:
    """Whether this is what the page says."""
    return doctest.OutputChecker().check_output(_plain(call.printed), _plain(printed), doctest.ELLIPSIS)


def _plain(text: str) -> str:
    for pattern, name in CHANGING:
        text = pattern.sub(name, text)
    return " ".join(text.split())
