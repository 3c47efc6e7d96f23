"""`saga console` as a process of its own: it says where it is, answers, and ends although somebody still watches."""

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from tests.waiting import LIMIT_SECONDS

pytestmark = pytest.mark.system


def started(database_url: str, *words: str, **environment: str) -> subprocess.Popen[str]:
    names = {"SAGA_DATABASE_URL": database_url, "SAGA_FEED": "pull", "SAGA_AMQP_URL": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "saga", "console", "--listen", "127.0.0.1:0", *words],
        env=os.environ | names | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(child: subprocess.Popen[str]) -> str:
    """The address that it says."""
    assert child.stderr is not None
    for line in child.stderr:
        if (said := json.loads(line))["event"] == "ready":
            return str(said["address"])
    raise AssertionError("it ended before it was ready")


def test_it_answers_and_ends_although_somebody_watches(database_url: str) -> None:
    child = started(database_url)
    try:
        address = ready(child)
        with httpx.stream("GET", f"{address}events", timeout=LIMIT_SECONDS) as watching:
            assert watching.headers["content-type"].startswith("text/event-stream")
            assert "Overview" in httpx.get(address, timeout=LIMIT_SECONDS).text
            child.send_signal(signal.SIGTERM)
            assert child.wait(LIMIT_SECONDS) == 0
            assert watching.read().startswith(b": watching")
    finally:
        child.kill()
        child.communicate()


def test_the_check_of_a_process_is_that_of_the_command(database_url: str) -> None:
    child = started(database_url)
    try:
        address = ready(child)
        while "note" in (said := httpx.get(f"{address}processes/order?as=json", timeout=LIMIT_SECONDS).json()):
            assert "running" in said["note"], said
        assert (said["process"], said["converges"], said["grade"]) == ("order", True, "proved")
        assert "Converges, proved:" in httpx.get(f"{address}processes/order", timeout=LIMIT_SECONDS).text
    finally:
        child.kill()
        child.communicate()


def test_a_token_may_be_in_a_file(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("secret") / "token"
    file.write_text("a-token-in-a-file-1234\n")
    child = started(database_url, SAGA_CONSOLE_AUTHENTICATION="token", SAGA_CONSOLE_TOKEN_FILE=str(file))
    try:
        address = ready(child)
        bearer = {"Authorization": "Bearer a-token-in-a-file-1234"}
        assert httpx.get(f"{address}stuck", timeout=LIMIT_SECONDS).status_code == 401
        assert httpx.get(f"{address}stuck", headers=bearer, timeout=LIMIT_SECONDS).status_code == 200
    finally:
        child.kill()
        child.communicate()
