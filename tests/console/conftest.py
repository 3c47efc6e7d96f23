"""The console in the test's own process, asked over HTTP, on a fresh database."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.console.acting import Acting
from saga.console.app import application
from saga.console.checks import Checks
from saga.console.forms import FormTokens
from saga.console.page import Console
from saga.console.rendering import environment
from saga.console.settings import ConsoleSettings, Listen
from saga.core import Process
from saga.documents.lag import BrokerView
from saga.engine import Step
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from saga.orders import order_process
from tests.cli.shell import message as raw_message
from tests.engine.conversation import message

HERE = Listen("127.0.0.1", 8090)
ORDER = order_process()
TEMPLATES = environment()

_numbers = count(1)

Open = Callable[..., Any]


@dataclass
class Shown:
    """A console and a client of it."""

    console: Console
    client: httpx.AsyncClient
    engine: AsyncEngine
    process: Process = field(default=ORDER)

    async def html(self, path: str, status: int = 200) -> str:
        """A page, which has to be answered with this status."""
        answer = await self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, answer.text[:2_000]
        return answer.text

    async def json(self, path: str) -> Any:
        """The document of a page."""
        answer = await self.client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text[:2_000]
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    async def handle(self, *messages: Any) -> None:
        """Messages, handled by the durable step."""
        await Step(self.engine, self.process).handle(list(messages))


@asynccontextmanager
async def shown(
    engine: AsyncEngine,
    *,
    listen: Listen = HERE,
    peer: str = "127.0.0.1",
    processes: tuple[Process, ...] = (ORDER,),
    operator: AsyncEngine | None = None,
    **settings: Any,
) -> AsyncIterator[Shown]:
    """A console with these settings, as a client at ``peer`` sees it; operators act with that engine."""
    console = Console(
        engine=engine,
        processes={one.name: one for one in processes},
        settings=ConsoleSettings(**settings),
        templates=TEMPLATES,
        checks=Checks({}),
        look_at_broker=_no_broker,
        acting=None if operator is None else Acting(operator, processes, FormTokens(b"a secret")),
    )
    console.lookout.wait_seconds = 30  # a busy machine is slow, not wrong
    transport = httpx.ASGITransport(application(console, listen), raise_app_exceptions=False, client=(peer, 4_711))
    async with httpx.AsyncClient(transport=transport, base_url=listen.url) as client:
        yield Shown(console, client, engine)


async def _no_broker() -> BrokerView:
    return BrokerView(None, exists=False)


@pytest.fixture
async def console(engine: AsyncEngine) -> AsyncIterator[Shown]:
    """A console on loopback, which asks nobody who they are."""
    async with shown(engine) as one:
        yield one


@pytest.fixture
async def desk(engine: AsyncEngine) -> AsyncIterator[Shown]:
    """A console on loopback in which everybody may act."""
    async with shown(engine, operator=engine) as one:
        yield one


@pytest.fixture
async def busy(console: Shown) -> Shown:
    """The same, of a system in which something happened: orders in several outcomes, dead letters, a log."""
    await fill(console)
    return console


def received(type_: str, order_id: str, **data: Any) -> Envelope | Poison:
    """A message as the exchange of events brings it, which can be decoded again from its dead letter."""
    raw = raw_message(type_, order_id, message_id=f"received-{next(_numbers)}", **data)
    return decode(replace(raw, exchange="saga.events"))


async def fill(console: Shown) -> None:
    """Orders in several outcomes, one that waits, dead letters of two causes."""
    await console.handle(
        message("OrderPlaced", "o-1"),
        message("PaymentReceived", "o-1"),
        message("OrderCancelled", "o-1"),
        message("OrderPlaced", "o-1"),
        message("OrderPlaced", "o-2"),
        message("OrderCancelled", "o-3"),
    )
    await console.handle(*(received("PaymentReceived", f"o-{number}", amount="much") for number in range(3)))
    await console.handle(received("OrderPlaced", "o-1", amount=7))
