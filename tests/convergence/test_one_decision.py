"""The engine, the checker and the replay move instances by one function; there is no second model of a process."""

import importlib
import re
from pathlib import Path

import pytest

from saga.core import decide

ROOT = Path(__file__).parents[2]
WHO_DECIDES = ("saga.engine.answers", "saga.convergence.configuration", "saga.verification.replay.fold")


@pytest.mark.parametrize("module", WHO_DECIDES)
def test_it_is_the_same_function(module: str) -> None:
    assert importlib.import_module(module).decide is decide


def test_nobody_else_moves_an_instance() -> None:
    """Whoever moves a sub-machine or lets a register take something in, but for the decision, would be a second one."""
    moves = re.compile(r"(?<!self)\.(move|apply\w*)\((machines|before|registers|entries|value)")
    found = {
        str(path.relative_to(ROOT)) for path in (ROOT / "saga").rglob("*.py") if moves.search(path.read_text("utf-8"))
    }
    assert found == {"saga/core/decision.py"}
