"""Acting: what operators do, with a login of its own at the database, and the operations that are under way.

One task of each console carries out operations: those that were begun here, and those that nobody carries out any more.
"""

import asyncio
import traceback
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import structlog

from saga import operations
from saga.console.forms import FormTokens
from saga.core import DeclarationError, Process
from saga.operations import LostRace, OperationFailed, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

LOOK_SECONDS: Final = 2.0
AGAIN_SECONDS: Final = 3.0
MOST_AT_ONCE: Final = 2

_log = structlog.get_logger()


@dataclass(slots=True)
class Acting:
    """What it takes to act, and the operations that this console carries out."""

    engine: "AsyncEngine"
    processes: Sequence[Process]
    forms: FormTokens
    broker: str | None = None
    prefix: str = "saga"
    remote_modules: Collection[str] = ()
    publish_timeout_seconds: float = 10.0
    runner: UUID = field(default_factory=uuid4)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)

    @property
    def redriving(self) -> dict[str, Any]:
        """The arguments of a redrive that are the same for all."""
        return {
            "broker": self.broker,
            "prefix": self.prefix,
            "remote_modules": self.remote_modules,
            "publish_timeout_seconds": self.publish_timeout_seconds,
        }

    async def run(self) -> None:
        """Carry out operations until cancelled."""
        try:
            while True:
                self.begun.clear()
                try:
                    for operation_id in await operations.list_abandoned(self.engine):
                        if len(self._running) < MOST_AT_ONCE and operation_id not in self._running:
                            self._begin(operation_id)
                except (Unavailable, LostRace) as error:
                    _log.warning("operations_wait", error=type(error).__name__)
                await self._wait()
        finally:
            for task in [*self._running.values()]:
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self.begun.wait(), LOOK_SECONDS)
        except TimeoutError:
            return

    def _begin(self, operation_id: int) -> None:
        task = self._running[operation_id] = asyncio.create_task(self._carry_out(operation_id))
        task.add_done_callback(lambda _: self._ended(operation_id))

    def _ended(self, operation_id: int) -> None:
        del self._running[operation_id]
        self.begun.set()

    async def _carry_out(self, operation_id: int) -> None:
        while True:
            try:
                ended = await operations.carry_out(
                    self.engine, self.processes, operation_id, **self.redriving, runner=self.runner
                )
            except (Unavailable, LostRace) as error:
                _log.warning("operation_waits", operation=operation_id, error=type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
            except (OperationFailed, DeclarationError) as error:
                _log.error("operation_failed", operation=operation_id, error=type(error).__name__)
                return
            except Exception as error:  # noqa: BLE001 -- others must go on; this one is tried again after a minute
                trace = "".join(traceback.format_tb(error.__traceback__))
                _log.error("operation_failed", operation=operation_id, error=type(error).__name__, trace=trace)
                return
            else:
                _log.info("operation_ended", operation=operation_id, state=ended or "left to others")
                return
