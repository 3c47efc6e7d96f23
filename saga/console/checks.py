"""Checks: what `saga check` says of each process that runs here, asked for once, in a process of its own.

A check may take long, and would block everybody who looks at a page.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

MOST_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Checked:
    """The document of a check; or, without one, why there is none (yet)."""

    document: Mapping[str, Any] | None
    note: str


@dataclass(slots=True)
class Checks:
    """The checks of some processes; ``targets`` says how each is named on a command line, as module:name."""

    targets: Mapping[str, str]
    _running: dict[str, asyncio.Task[Checked]] = field(default_factory=dict)

    async def look(self, process: str, *, wait_seconds: float = 1.0) -> Checked:
        """What the check says; it is begun by the first look, and waited for shortly."""
        if process not in self.targets:
            return Checked(None, "It is not named in SAGA_PROCESSES, so it was not checked.")
        task = self._running.get(process)
        if task is None:
            task = self._running[process] = asyncio.create_task(_check(self.targets[process]))
        await asyncio.wait([task], timeout=wait_seconds)
        return task.result() if task.done() else Checked(None, "The check is running: look again in a moment.")

    async def stop(self) -> None:
        """End what still runs."""
        for task in self._running.values():
            task.cancel()
        for task in self._running.values():
            with suppress(asyncio.CancelledError):
                await task


async def _check(target: str) -> Checked:
    words = (sys.executable, "-m", "saga", "check", target, "--json")
    child = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(MOST_SECONDS):
            said, wrong = await child.communicate()
    except TimeoutError:
        return Checked(None, f"The check took more than {MOST_SECONDS:.0f} s: call `saga check {target}`.")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    with suppress(ValueError):
        return Checked(json.loads(said), "")
    reason = wrong.decode("utf-8", "replace").strip()[-500:]
    return Checked(None, f"The check could not be made: {reason or 'it said nothing'}")
