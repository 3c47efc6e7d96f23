"""The tables of docs/wire.md are made of the contract, and stale ones are found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/wire.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    shutil.copy(PAGE, tmp_path / "docs/wire.md")
    return tmp_path


def contract(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci/contract.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("row", ["| `gateway.VoidPayment` |", "| `order.OrderPaid` |", "| `payment_timeout_seconds` |"])
def test_a_stale_table_is_found_and_made_anew(folder: Path, row: str) -> None:
    page = folder / "docs/wire.md"
    assert contract(folder).returncode == 0
    page.write_text(page.read_text().replace(row, "| another |"))
    assert page.read_text() != PAGE.read_text()
    stale = contract(folder)
    assert (stale.returncode, "python .ci/contract.py --write" in stale.stderr) == (1, True)
    assert contract(folder, "--write").returncode == 0
    assert page.read_text() == PAGE.read_text()


@pytest.mark.parametrize(
    ("marker", "instead", "said"),
    [
        ("<!-- contract: events -->", "", "there is no <!-- contract: events -->"),
        ("<!-- contract: announcements -->", "", "there is no <!-- contract: announcements -->"),
        (
            "<!-- contract: events -->",
            "<!-- contract: events -->\n<!-- end of contract -->\n<!-- contract: things -->",
            "things",
        ),
    ],
)
def test_a_place_that_is_missing_or_unknown_is_found(folder: Path, marker: str, instead: str, said: str) -> None:
    page = folder / "docs/wire.md"
    page.write_text(page.read_text().replace(marker, instead))
    assert contract(folder).returncode == 1
    assert said in contract(folder).stderr
