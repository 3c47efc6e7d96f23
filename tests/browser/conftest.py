"""One browser and one console for all tests here: Debian's Chromium, and a real server on a free port."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from saga import operations
from saga.console.acting import Acting
from saga.console.app import application
from saga.console.checks import Checks
from saga.console.forms import FormTokens
from saga.console.page import Console
from saga.console.rendering import environment
from saga.console.serving import bind, serve_on
from saga.console.settings import ConsoleSettings, Listen
from saga.devstack.stack import Addresses
from saga.documents.lag import BrokerView
from saga.orders import order_process
from saga.postgres import connect_engine
from tests.conftest import fresh_database
from tests.console.conftest import Shown, fill
from tests.engine.conversation import execute
from tests.harness import chromium

SERVICES = """
INSERT INTO saga.service (service, host, pid, loop, beat)
SELECT service, 'node-1', pid, loop, now()
FROM (VALUES ('worker', 11, 'consumer saga.order'), ('worker', 11, 'relay of order-process'),
             ('worker', 12, 'consumer saga.order'), ('scheduler', 21, 'sweep')) AS running (service, pid, loop)
"""
RELAYED = """
INSERT INTO saga.cursor (consumer, module, watermark)
SELECT 'relay', name, last_position FROM saga.module
"""
"""What services leave behind, for pages that show how they are."""
AXE = Path(__file__).parent / "axe-core" / "axe.min.js"


@dataclass(frozen=True)
class Site:
    """A console that answers, and what is asked through it."""

    url: str
    shown: Shown


@pytest.fixture(scope="session")
def program() -> Path:
    """The browser's program."""
    found = chromium.find()
    if found is None:
        assert not os.environ.get("CI"), "in CI there is a browser: `python -m tests.harness.chromium` installs it"
        pytest.skip("There is no Chromium here: `python -m tests.harness.chromium` installs it, or says why not.")
    return found


@pytest.fixture(scope="session")
async def browser(program: Path) -> AsyncIterator[Browser]:
    """The browser, without a window."""
    async with async_playwright() as playwright:
        # As root, and in containers, its sandbox can't be set up; it opens our own pages only.
        started = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        await started.close()


@pytest.fixture(scope="session")
async def site(program: Path, addresses: Addresses, template: str) -> AsyncIterator[Site]:
    """A console over HTTP, with the same data for all tests."""
    async with fresh_database(addresses, template) as url:
        engine = connect_engine(url, "test", pool_size=10)
        order = order_process()
        console = Console(
            engine=engine,
            processes={order.name: order},
            settings=ConsoleSettings(),
            templates=environment(),
            checks=Checks({}),
            look_at_broker=_no_broker,
            acting=Acting(engine, [order], FormTokens(b"of a test")),
        )
        made = bind(Listen("127.0.0.1", 0))
        here = Listen("127.0.0.1", made.getsockname()[1])
        stop, ready = asyncio.Event(), asyncio.Event()
        end_streams = console.live.stopping.set
        serving = asyncio.create_task(serve_on(made, application(console, here), stop, ready, end_streams))
        await ready.wait()
        shown = Shown(console, httpx.AsyncClient(), engine)  # these tests ask through the browser
        await fill(shown)
        await execute(engine, SERVICES)
        await execute(engine, RELAYED)
        await act(shown)
        yield Site(here.url.rstrip("/"), shown)
        stop.set()
        with suppress(asyncio.CancelledError):
            await serving
        await engine.dispose()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a context of its own."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    yield await context.new_page()
    await context.close()


async def act(shown: Shown) -> None:
    """What operators did: a redrive that failed again, one that is halted, and an erasure."""
    engine, pace = shown.engine, operations.Pace(batch=1, halt_after=1)
    letters = [letter.id for letter in await operations.list_dead_letters(engine)]
    reason = "the parser is mended"
    await operations.redrive(engine, [shown.process], letters[:2], actor="ana", reason=reason, pace=pace)
    await operations.erase(shown.engine, shown.process, "o-3", actor="privacy desk", reason="request 4711")


async def _no_broker() -> BrokerView:
    return BrokerView(None, exists=False)
