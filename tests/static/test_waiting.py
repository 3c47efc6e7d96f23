"""Tests wait in one way, and none of them looks at a clock that a busy machine keeps running."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# The helper itself, the harness where no test runs, and a clock that nearly stands.
EXEMPT = {"waiting.py", "harness/sentinel.py", "scheduler/test_clock.py"}
CLOCKS = frozenset("monotonic monotonic_ns perf_counter perf_counter_ns".split())


def found(source: str) -> Iterator[str]:
    """Each sleep, but for a mere turn of the loop, and each clock."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) if name in CLOCKS:
                yield f"line {node.lineno}: {name}"
            case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep"), args=args):
                if [ast.unparse(argument) for argument in args] != ["0"]:
                    yield f"line {node.lineno}: sleep"
            case _:
                pass


def test_tests_wait_with_the_one_helper() -> None:
    names = [str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py")]
    assert set(names) >= EXEMPT
    seen = {name: list(found((TESTS / name).read_text())) for name in names if name not in EXEMPT}
    assert {name: findings for name, findings in seen.items() if findings} == {}


@pytest.mark.parametrize("source", ["time.sleep(1)", "asyncio.sleep(0.1, 2)", "sleep(x)", "a = time.monotonic"])
def test_what_they_must_not_use_is_found(source: str) -> None:
    assert len(list(found(source))) == 1


def test_a_turn_of_the_loop_is_no_sleep() -> None:
    assert list(found("asyncio.sleep(0)")) == []
