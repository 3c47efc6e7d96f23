"""The quickstart, typed line by line: `saga up` on private servers, then each command in its turn."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cli.shell import Saga
from tests.documents.pages import Call, calls, prints
from tests.waiting import eventually

FIRST = ["make install", ". .venv/bin/activate", "saga up"]
"""The first two have made the place in which this test runs."""
SENDS = ("publish", "redrive", "scenario")
CALLS = calls("docs/quickstart.md")


@pytest.fixture
def saga(database_url: str, amqp_url: str, prefix: str) -> Saga:
    return Saga(database_url, amqp_url, prefix)


@pytest.fixture
def up(saga: Saga) -> Iterator[None]:
    """`saga up`, as on the page, with the servers of this session."""
    command = [sys.executable, "-m", "saga", "up", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | saga.environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("{")
            yield
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.mark.usefixtures("up")
def test_every_line_of_the_quickstart_does_what_the_page_says(saga: Saga) -> None:
    assert [call.command for call in CALLS[: len(FIRST)]] == FIRST
    for call in CALLS[len(FIRST) :]:
        program, *words = shlex.split(call.command)
        assert program == "saga"
        before = answered(saga)
        printed = _answer(saga, call, words)
        assert prints(call, printed), f"$ {call.command}\n{printed}"
        if "publish" in words:
            copies = int(words[words.index("--duplicate") + 1]) if "--duplicate" in words else 1
            eventually(lambda: answered(saga) >= before + copies)  # noqa: B023 - used at once


def answered(saga: Saga) -> int:
    """How many messages were answered. Two workers may take what comes faster in another order than the page shows."""
    ((count,),) = saga.sql(
        "SELECT (SELECT coalesce(sum(1 + repeats), 0) FROM saga.inbox)"
        " + (SELECT coalesce(sum(attempts), 0) FROM saga.dead_letter)"
    )
    return int(count)


def _answer(saga: Saga, call: Call, words: list[str]) -> str:
    """What the command prints; what only looks is asked again until it shows what was sent before."""

    def answer() -> str:
        return saga(*words).stdout.replace(saga.environment["SAGA_PREFIX"], "saga")

    if set(words) & set(SENDS):
        return answer()
    return eventually(answer, lambda printed: prints(call, printed))
