"""Commands that need no server print what the pages say."""

import shlex

import pytest
from typer.testing import CliRunner

from saga.cli import app
from tests.documents.pages import Call, calls, prints

CALLS = [call for page in ("README.md", "docs/declaring.md", "docs/evolving.md") for call in calls(page)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.command)
def test_a_command_prints_what_the_page_says(call: Call) -> None:
    program, *words = shlex.split(call.command)
    assert program == "saga"
    result = CliRunner().invoke(app, words, env={"COLUMNS": "100"})
    assert prints(call, result.stdout), result.stdout


def test_there_are_some() -> None:
    assert len(CALLS) >= 2


@pytest.mark.parametrize(
    ("said", "printed", "same"),
    [
        ("paid (settled)\n", "paid   (settled)", True),
        ("...\nfired 8 ms after\n", "due 2026-11-27\nfired 12 ms after", True),
        (
            "12:00:01.123  id 0b77fa00-f218-44ce-aab6-77cfff3bb849\n",
            "09:30:00.000 id 4bd593ef-5e22-4aa6-bc15-bef2ee088310",
            True,
        ),
        ("outcome: paid\n", "outcome: expired", False),
        ("3 orders\n", "4 orders", False),
    ],
)
def test_only_what_changes_from_run_to_run_is_not_compared(said: str, printed: str, same: bool) -> None:
    assert prints(Call("saga", said), printed) is same
