"""The same process in other interpreters: it has to come to the same there. `saga.convergence.fingerprint` says why.

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
from saga.convergence.render_text import test_name

SEEDS = ("1", "2", "3")
"""Of the hashes in each of them. With three, three words stand in one order everywhere once in a hundred times."""


BACKWARDS = "--backwards"
SENTENCE = (
    "other interpreters come to something else with the same facts: a function looks at the order of a set, at hash()"
    " or at a memory of its own"
)


class Interpreters:
    """Interpreters that look at a process, `module:name`, while this one does something else."""

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
        """The numbers of the samples of which not all say the same; None if they agree. Raises RuntimeError."""
        return differing([_answer(one) for one in self._running])


def assert_same_everywhere(target: str, samples: str | None = None) -> None:
    """Check that a process, `module:name`, comes to the same in several interpreters.

    ``samples`` names the facts, or a function that gives them, in the same way. Raises AssertionError for a process
    that looks at the order of a set, at `hash` or at a memory of its own, and RuntimeError if an interpreter fails.
    """
    with Interpreters(target, samples) as interpreters:
        numbers = interpreters.differing()
    if numbers is not None:
        raise AssertionError(f"{target}: {SENTENCE}: samples {', '.join(str(number + 1) for number in numbers)}")


def test_to_paste(finding: Finding, target: str, samples: str | None) -> str:
    """A test of the user's own that fails as long as the interpreters disagree."""
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
    said, errors = running.communicate()
    if running.returncode:
        raise RuntimeError(errors.strip().rpartition("\n")[2] or f"it ended with {running.returncode}")
    answer: Fingerprint = json.loads(
        said.rpartition("\n")[2]
    )  # whatever a module says when it is imported comes before
    return answer


def _named(target: str) -> Any:
    module, _, name = target.partition(":")
    found = getattr(import_module(module), name)
    return found() if callable(found) else found


def _give_opinion(target: str, samples: str | None = None, *, backwards: bool) -> None:
    chosen = None if samples is None else _named(samples)
    json.dump(fingerprint(_named(target), chosen, backwards=backwards), sys.stdout)


if __name__ == "__main__":
    _give_opinion(*[one for one in sys.argv[1:] if one != BACKWARDS], backwards=BACKWARDS in sys.argv)
