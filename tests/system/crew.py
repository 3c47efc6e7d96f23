"""The crew: our services as processes of their own, at a place, killed and started again for real."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from saga.devstack.services import Program, Services, our_services
from tests.rabbitmq.place import Place
from tests.system.feeding import Feeding

LIVELY = """
summary = "Answers soon, and does everything wrong that a gateway can do"
declined = 0.1
lost_answers = 0.2
lost_answer_repeat_seconds = 1.5
duplicates = 0.4
duplicate_within_seconds = 1.0
reordered = 0.3
reorder_seconds = 1.0

[delay]
kind = "exponential"
mean_seconds = 0.7
"""


class Crew:
    """Services at a place. ``news`` is what was said of their deaths and new starts."""

    def __init__(self, services: Services, news: list[str]) -> None:
        self.services = services
        self.news = news

    @property
    def pids(self) -> dict[str, int]:
        return self.services.pids

    @property
    def deaths(self) -> list[str]:
        return [line for line in self.news if " died (" in line]

    async def first_deaths(self) -> dict[str, str]:
        """What was said of the first death of each service."""
        return {line.partition(" died ")[0]: line for line in reversed(self.deaths)}

    async def kill(self, name: str) -> None:
        """SIGKILL one, and return when it is back."""
        await asyncio.to_thread(self.services.kill, name)
        await self.ready()

    def ask_to_stop(self, name: str) -> None:
        os.kill(self.pids[name], signal.SIGTERM)

    async def ready(self) -> None:
        await asyncio.to_thread(self.services.wait_ready, 40)

    def log_of(self, name: str) -> str:
        return self.services.logs[name].read_text()


@asynccontextmanager
async def crew_at(
    place: Place,
    logs: Path,
    programs: Sequence[Program],
    feeding: Feeding = Feeding.PUSHED,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Crew]:
    """These services, ready, for as long as the block lasts."""
    news: list[str] = []
    services = Services(logs, programs, environment_of(place, feeding) | dict(environment or {}), news.append)
    try:
        await asyncio.to_thread(services.start)
        yield Crew(services, news)
    finally:
        await asyncio.to_thread(services.stop)
    assert not [line for line in news if "was killed" in line], news


def everybody(logs: Path, workers: int = 2, schedulers: int = 2) -> list[Program]:
    """Workers, schedulers, and a lively gateway."""
    scenario = logs / "lively.toml"
    scenario.write_text(LIVELY)
    return our_services(workers, schedulers, str(scenario))


def only_workers(count: int) -> list[Program]:
    return [program for program in our_services(count, 0) if program.name.startswith("worker")]


def environment_of(place: Place, feeding: Feeding) -> dict[str, str]:
    return {
        "SAGA_DATABASE_URL": place.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "SAGA_AMQP_URL": place.amqp_url if feeding.has_broker else "",
        "SAGA_FEED": "pull" if feeding.is_from_logs else "push",
        "SAGA_PREFIX": place.prefix,
    }
