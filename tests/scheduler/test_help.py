"""`saga-scheduler` takes no arguments, and says so instead of starting."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.system


def test_help_is_shown_and_nothing_starts() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "saga_scheduler", "--help"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("usage: saga-scheduler")


def test_an_unknown_argument_is_refused() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "saga_scheduler", "--fast"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "unrecognized arguments: --fast" in refused.stderr
