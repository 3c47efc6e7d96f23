"""What the benchmarks start is there."""

from importlib.util import find_spec

import pytest

from benchmarks.programs import GATEWAY, SCHEDULER, STEPPING, WORKER


@pytest.mark.parametrize("program", [WORKER, SCHEDULER, GATEWAY, STEPPING])
def test_a_program_that_is_measured_is_a_module(program: tuple[str, ...]) -> None:
    assert find_spec(program[0])
