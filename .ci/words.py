"""The words of this project: names, docstrings, comments, help and pages use the field's terms, and not these.

Prints each place where one of them stands, with the term to write instead. Ends with 1 if there is any.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

NAMES = {
    "Conflict": "LostRace",
    "Elsewhere": "Interpreters",
    "Grace": "GapTimeouts",
    "Judgement": "DerivedColumn",
    "Keeper": "TopologyWatch",
    "Opinion": "Fingerprint",
    "Patience": "GapDetector",
    "Sends": "CommandTemplate",
    "Sorted": "Deduplicated",
    "Sorter": "FrameRouter",
    "Standing": "Configuration, or what it is the state of",
    "Taken": "StepResult",
    "Taker": "FrameHandler",
    "Told": "HistoryResult",
    "Verdict": "DecisionKind, EndState, or what it is the result of",
    "complaints": "validation, or problems",
    "hearers": "machines_by_type, or consumers",
    "is_overheard": "is_for_other_process",
    "keepers": "registers_by_type",
    "opinion": "fingerprint",
    "overheard": "foreign",
    "patience": "gaps",
    "sorter": "router",
    "speaker": "supervisor",
    "take_warily": "handle_rehearsed",
    "taken_back": "undone_effects",
    "telling": "progress",
    "unborn": "empty",
    "worked_out": "compute_fields",
}
"""Whole names in the code."""

WORDS = {
    "buried": "tombstoned",
    "elsewhere": "in another database, or in other interpreters",
    "hear": "consume, receive or read",
    "heard": "consumed, received or read",
    "hears": "consumes, receives or reads",
    "keeper": "supervisor",
    "keepers": "supervisors",
    "opinion": "fingerprint",
    "overheard": "for another process",
    "patience": "gap timeouts",
    "repeats": "duplicates",
    "somebody else": "another client, user or process",
    "sorter": "frame router",
    "speaker": "supervisor",
    "telling": "progress, or notice",
    "tells": "reports, or says",
    "told": "reported, sent or given",
    "unborn": "empty",
    "verdict": "decision, or end state",
    "verdicts": "decisions, or end states",
    "wording": "text",
}
"""Words in what people read: docstrings, comments, texts and pages."""

HISTORY = (
    "docs/decisions/",
    "CHANGELOG.md",
    "saga/postgres/migrations/versions/",
    "saga/postgres/schema.py",
    "gateway_stub/saga_gateway_stub/migrations/",
    "tests/migrations/sql/",
)
"""Records of the past, and comments that migrations have written into databases."""

_WORD = re.compile(rf"(?<!\.)\b({'|'.join(map(re.escape, sorted(WORDS, key=len, reverse=True)))})\b", re.IGNORECASE)
"""Not after a dot, as in ``inbox.repeats``: that is the name of a column."""

_CODE = re.compile(r"(`+)[^`]+\1|found it elsewhere")
"""What is no prose: code in backticks, over several lines too, and the reason in an example message."""

_STATEMENT = re.compile(r"\b(SELECT|UPDATE)\b")
"""SQL in a text, where ``repeats`` is a column of the inbox."""


def main() -> int:
    """Look at every file of the project that people read."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    found = 0
    for name in sorted(set(listed)):
        if (
            name.endswith((".py", ".md", ".sql"))
            and (ROOT / name).is_file()
            and not name.startswith((*HISTORY, ".ci/words", "benchmarks/peers/"))
        ):
            for line, word, term in wrong_in(name, (ROOT / name).read_text(encoding="utf-8")):
                print(f"{name}:{line}: {word}: write {term}")
                found += 1
    print(f"words: {f'{found} to replace' if found else 'the terms of the field'}")
    return 1 if found else 0


def wrong_in(name: str, text: str) -> Iterator[tuple[int, str, str]]:
    """Where a file has such a word: the line, the word, and what to write."""
    if name.endswith(".sql"):
        for number, line in enumerate(text.split("\n"), 1):
            yield from _in_prose(number, line.partition("--")[2])
        return
    if name.endswith(".md"):
        yield from _in_prose(1, text)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in NAMES:
            yield token.start[0], token.string, NAMES[token.string]
        elif token.type == tokenize.COMMENT or (token.type == tokenize.STRING and " " in token.string):
            yield from _in_prose(token.start[0], token.string)


def _in_prose(first_line: int, text: str) -> Iterator[tuple[int, str, str]]:
    for match in _WORD.finditer(_CODE.sub(_blank, text)):
        if match[0] == "repeats" and _STATEMENT.search(text):
            continue
        yield first_line + text.count("\n", 0, match.start()), match[0], WORDS[match[0].lower()]


def _blank(code: re.Match[str]) -> str:
    """As many lines with nothing in them."""
    return "\n" * code[0].count("\n")


if __name__ == "__main__":
    sys.exit(main())
