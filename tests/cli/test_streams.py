"""Commands whose streams are closed, full or narrow; and what the shell around them may have done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import Saga, message

ORDER = "заказ-1"


def run(saga: Saga, shell: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """What a shell makes of ``saga`` in this line."""
    return subprocess.run(
        ["bash", "-c", f'saga() {{ "{sys.executable}" -m saga "$@"; }}; {shell}'],
        env=os.environ | saga.environment | {"PYTHONPATH": str(Path.cwd())} | environment,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_full_disk_is_said_in_a_sentence(saga: Saga, buffered: str) -> None:
    for command in ("lag --json", "list --help"):
        result = run(saga, f"saga {command} >/dev/full", PYTHONUNBUFFERED=buffered)
        assert result.returncode == 1, command
        assert result.stderr == b"Standard output can't be written: No space left on device.\n", command


def test_a_reader_who_goes_away_ends_it_in_silence(saga: Saga) -> None:
    result = run(saga, "set -o pipefail; saga check | head -c 10; true")
    assert (result.stdout, result.stderr) == (b"Checking s", b"")
    closed = run(saga, "saga lag --json | true; exit ${PIPESTATUS[0]}")
    assert (closed.returncode, closed.stderr) == (1, b"")


def test_closed_streams_get_in_nobodys_way(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"))
    for shell in ("saga lag <&- >&-", "saga lag --json 2>&-", "saga lag <&- >&- 2>&-"):
        assert run(saga, shell).returncode == 0, shell
    complaint = run(saga, "saga inspect nothing 2>/dev/full")
    assert (complaint.returncode, complaint.stdout) == (1, b"")


def test_letters_that_an_encoding_lacks_are_spelled_out(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", ORDER))
    narrow = run(saga, f"saga inspect {ORDER}", PYTHONIOENCODING="ascii")
    assert narrow.returncode == 0
    assert ORDER.encode("ascii", "backslashreplace") in narrow.stdout
    odd = {"LC_ALL": "xx_YY.junk", "LANG": "C", "TZ": "Nowhere/Junk", "PYTHONOPTIMIZE": "2", "HOME": "", "COLUMNS": "x"}
    wide = run(saga, f"umask 777; saga inspect {ORDER}; saga list --json; saga health", **odd)
    assert wide.returncode == 0, wide.stderr
    assert ORDER.encode() in wide.stdout


def test_arguments_that_are_no_text_are_refused(saga: Saga) -> None:
    for command in ("inspect", "publish OrderPlaced"):
        result = run(saga, f"saga {command} $'\\xff'")
        assert result.returncode == 2, command
        assert b"is no text: write it in UTF-8." in result.stderr, command


def test_a_folder_that_is_gone_is_no_matter(saga: Saga, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    result = run(saga, f"cd {gone}; rmdir {gone}; saga lag --json && saga health && saga check >/dev/null")
    assert (result.returncode, result.stderr) == (0, b"")
