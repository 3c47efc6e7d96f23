"""Runs a process in several interpreters and compares the results; `saga.convergence.fingerprint` says why.

python -m saga.testing.interpreters TARGET [SAMPLES] [--backwards]
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from saga.convergence.findings import Finding
from saga.convergence.fingerprint import Fingerprint, differing, fingerprint
from saga.testing.pasted import test_name

SEEDS = ("1", "2", "3")
"""The hash seeds. With three, a set of three strings has the same order in all about once in a hundred times."""


BACKWARDS = "--backwards"
SENTENCE = (
    "other interpreters come to something else with the same facts: a function depends on the order of a set, on hash()"
    " or on module-level state"
)


DIRECTLY = "a function answers otherwise when it is asked directly, or the declaration itself is another one"


class Interpreters:
    """Interpreters that explore a process, `module:name`, in the background."""

    def __init__(self, target: str, samples: str | None = None) -> None:
        arguments = [target] if samples is None else [target, samples]
        self._running = [_start(seed, [*arguments, *([BACKWARDS] if seed == "2" else [])]) for seed in SEEDS]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in self._running:
            one.kill()
            one.communicate()

    def differing(self) -> list[int] | None:
        """The numbers of the samples on which they disagree; None if they agree. Raises RuntimeError if one fails."""
        return differing([_answer(one) for one in self._running])


def assert_same_everywhere(target: str, samples: str | None = None) -> None:
    """Check that a process, `module:name`, is declared alike and has the same end states in several interpreters.

    ``samples`` names the facts, or a function that returns them, in the same way. Raises AssertionError for a process
    that depends on the order of a set, on `hash` or on module-level state, and RuntimeError if an interpreter fails.
    """
    with Interpreters(target, samples) as interpreters:
        numbers = interpreters.differing()
    if numbers is not None:
        shown = f"samples {', '.join(str(number + 1) for number in numbers)}" if numbers else DIRECTLY
        raise AssertionError(f"{target}: {SENTENCE}: {shown}")


def test_to_paste(finding: Finding, target: str, samples: str | None) -> str:
    """A test that fails as long as the interpreters disagree."""
    arguments = ", ".join(f'"{one}"' for one in (target, samples) if one is not None)
    return "\n".join(
        [
            "from saga.testing import assert_same_everywhere",
            "",
            "",
            f"def test_{test_name(finding)}() -> None:",
            f"    assert_same_everywhere({arguments})",
        ]
    )


def _start(seed: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
    path = os.pathsep.join(one or str(Path.cwd()) for one in sys.path)
    return subprocess.Popen(
        [sys.executable, "-m", "saga.testing.interpreters", *arguments],
        env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _answer(running: subprocess.Popen[str]) -> Fingerprint:
    output, errors = running.communicate()
    if running.returncode:
        raise RuntimeError(errors.strip().rpartition("\n")[2] or f"it ended with {running.returncode}")
    # Modules may print something when they are imported; the answer is the last line.
    answer: Fingerprint = json.loads(output.rpartition("\n")[2])
    return answer


def _named(target: str) -> Any:
    module, _, name = target.partition(":")
    found = getattr(import_module(module), name)
    return found() if callable(found) else found


def _print_fingerprint(target: str, samples: str | None = None, *, backwards: bool) -> None:
    chosen = None if samples is None else _named(samples)
    json.dump(fingerprint(_named(target), chosen, backwards=backwards), sys.stdout)


if __name__ == "__main__":
    _print_fingerprint(*[one for one in sys.argv[1:] if one != BACKWARDS], backwards=BACKWARDS in sys.argv)
