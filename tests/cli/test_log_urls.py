"""Mistakes in SAGA_LOG_URLS are reported at the start, and not found out when nothing comes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.shell import Saga
from tests.waiting import LIMIT_SECONDS

NOWHERE = "postgresql://reader:xyzzy@127.0.0.1:1/orders"


@contextmanager
def pulling(saga: Saga, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """`saga run --feed pull` while the block runs."""
    command = [sys.executable, "-m", "saga", "run", "--feed", "pull"]
    worker = subprocess.Popen(
        command, env=os.environ | saga.environment | environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=LIMIT_SECONDS)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SAGA_LOG_URLS", '{"orders": "xyzzy at host"}'), ("SAGA_DATABASE_URL", "xyzzy at host")],
)
def test_what_is_no_address_is_named_with_the_form_that_it_should_have(saga: Saga, variable: str, value: str) -> None:
    with pulling(saga, **{variable: value}) as worker:
        _, said = worker.communicate(timeout=LIMIT_SECONDS)
    assert worker.returncode == 2
    assert json.loads(said)["reason"].startswith(f"Wrong configuration: {variable} ")
    assert "write postgresql://user:password@host:port/database" in said
    assert "xyzzy" not in said, "it may hold a password"
    assert "Traceback" not in said


def test_a_log_of_a_module_that_no_process_hears_is_warned_of(saga: Saga) -> None:
    with pulling(saga, SAGA_LOG_URLS=json.dumps({"orderz": NOWHERE, "orders": NOWHERE})) as worker:
        assert worker.stderr is not None
        first = json.loads(worker.stderr.readline())
    assert (first["event"], first["module"], first["level"]) == ("log_url_that_nobody_needs", "orderz", "warning")
