"""Runs a process in several interpreters and compares the results; `saga.convergence.fingerprint` says why.

python -m saga.testing.interpreters TARGET [SAMPLES] [--way WAY]
"""

import argparse
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
from saga.convergence.fingerprint import Fingerprint, Way, differing, fingerprint
from saga.testing.pasted import test_name

WAYS = dict(zip(("1", "2", "3"), Way, strict=True))
"""By hash seed. With three, a set of three strings has the same order in all about once in a hundred times."""

SENTENCE = (
    "other interpreters come to something else with the same facts: a function depends on the order of a set, on hash()"
    " or on module-level state"
)


DIRECTLY = "a function answers otherwise when it is asked directly, or the declaration itself is another one"


class Interpreters:
    """Interpreters that explore a process, `module:name`, in the background."""

    def __init__(self, target: str, samples: str | None = None) -> None:
        arguments = [target] if samples is None else [target, samples]
        self._running = [_start(seed, [*arguments, "--way", way.value]) for seed, way in WAYS.items()]

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


def _print_fingerprint() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("samples", nargs="?")
    parser.add_argument("--way", type=Way, default=Way.FORWARDS)
    arguments = parser.parse_args()
    chosen = None if arguments.samples is None else _named(arguments.samples)
    json.dump(fingerprint(_named(arguments.target), chosen, arguments.way), sys.stdout)


if __name__ == "__main__":
    _print_fingerprint()
