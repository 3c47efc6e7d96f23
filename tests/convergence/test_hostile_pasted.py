"""A test to paste runs as it was pasted: in a project with the lint rules and the type checks of a generated one."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from saga.convergence import Kind, check
from saga.testing.pasted import test_to_paste as to_paste

pytestmark = pytest.mark.system

TEMPLATE = Path(__file__).parents[2] / "saga" / "cli" / "project" / "template" / "pyproject.toml"
MESSAGES = '''
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field


class Method(Enum):
    CARD = "card"
    CASH = "cash"


class Line(BaseModel):
    article: str
    price: Decimal


@dataclass
class Placed:
    order_id: str
    lines: list[str]


class Paid(BaseModel):
    """With whatever is written otherwise in JSON."""

    order_id: str
    payment_id: str
    amount: Decimal
    received_at: datetime
    method: Method
    line: Line
    lines: list[Line]
    a_long_name_of_a_field_that_is_written_out_in_the_test: str


class Renamed(BaseModel):
    model_config = ConfigDict(validate_by_name=True)
    order_id: str = Field(alias="orderId")
    state: str
'''
PROCESS = """
from enum import Enum

from my_returns.messages import Paid, Placed, Renamed
from saga import DerivedColumn, Fact, Process, Reducer, outcomes


class Outcome(Enum):
    OPEN = "open"
    PAID = "paid"


def last(_known: str, fact: Fact) -> str:
    return f"{fact.kind.__name__} {fact.fields.get('payment_id')}"


LAST = Reducer("last", of=(Paid, Placed, Renamed), start="", reduce=last)
IS_PAID = DerivedColumn("is paid", (LAST,), lambda known: bool(known.startswith("Paid")))
process = Process(
    name="returns",
    version=1,
    correlate="order_id",
    inputs={"shop": (Placed, Paid, Renamed)},
    registers=(LAST,),
    outcomes=outcomes(IS_PAID, rule=lambda paid: Outcome.PAID if paid else Outcome.OPEN),
    settled=frozenset(Outcome),
)
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_it_is_sorted_typed_and_fails_until_the_process_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(TEMPLATE.read_text("utf-8"))
    package = tmp_path / "my_returns"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "messages.py").write_text(MESSAGES.lstrip())
    (package / "process.py").write_text(PROCESS.lstrip())
    monkeypatch.syspath_prepend(tmp_path)
    for name in [one for one in sys.modules if one.partition(".")[0] == "my_returns"]:
        monkeypatch.delitem(sys.modules, name)  # of another test
    process = import_module("my_returns.process").process
    report = check(process)
    diverging = [one for one in report.findings if one.kind is Kind.DIVERGES]
    assert len(diverging) > 1
    tests = tmp_path / "tests"
    tests.mkdir()
    setups = (None, "from my_returns.process import process as process")
    for number, finding in enumerate(report.findings):
        text = to_paste(finding, process, report.samples, setup=setups[number % 2])
        (tests / f"test_pasted_{number}.py").write_text(text + "\n")
    linted = run(tmp_path, "ruff", "check", "--no-cache", "tests")
    assert linted.returncode == 0, linted.stdout
    typed = run(tmp_path, "mypy", "--no-incremental", "tests")
    assert typed.returncode == 0, typed.stdout
    ran = run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert f"{len(report.findings)} failed" in ran.stdout, ran.stdout
    assert "AssertionError" in ran.stdout
    assert "ImportError" not in ran.stdout
    assert "NameError" not in ran.stdout
