"""Every page in a real browser: both schemes, the narrowest phone, no violation of accessibility, no error."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, Response

from tests.browser.conftest import AXE, Site
from tests.engine.conversation import message

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(240)]

PICTURES = Path(__file__).parents[2] / "docs" / "console"
PATHS = (
    "/",
    "/find?q=o-",
    "/find",
    "/instances/order",
    "/instances/order?outcome=expired",
    "/instances/order/o-1",
    "/instances/order/o-2?type=PaymentReceived&data=7",
    "/stuck",
    "/dead-letters",
    "/dead-letters?state=all",
    "/dead-letters/1",
    "/modules",
    "/modules/order-process?internal=yes",
    "/cursors",
    "/timers",
    "/outbox",
    "/processes/order",
    "/processes/order/orders",
    "/operations",
    "/audit?process=order&id=o-1",
    "/operations/1",
    "/operations/2",
    "/dead-letters/confirm?do=redrive&id=1&id=2",
    "/dead-letters/confirm?do=discard&id=1",
    "/dead-letters/1/edit",
    "/erase?process=order&ids=o-1%0Ao-2",
    "/cursors/repair?module=order-process",
    "/nothing",
)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = "(tags) => axe.run(document, {runOnly: tags}).then((found) => found.violations.map((one) => "
RUN_AXE += "[one.id, one.nodes.map((node) => node.target.join(' ') + ' ' + node.failureSummary).slice(0, 3)]))"


class Watched:
    """What goes wrong while a page is looked at."""

    def __init__(self, page: Page, site: Site) -> None:
        self.wrong: list[str] = []
        self._site = site
        page.on("console", lambda said: self._say(said.type, said.text))
        page.on("pageerror", lambda error: self._say("error", str(error)))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _say(self, kind: str, text: str) -> None:
        # The browser says of the page that is not there, or about nothing, that it is.
        if kind in ("error", "warning") and not any(known in text for known in ("404 (Not", "400 (Bad")):
            self.wrong.append(text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._site.url):
            self.wrong.append(f"asked {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.wrong.append(f"{response.status} of {response.url}")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_every_page_is_accessible_in_this_scheme(browser: Browser, site: Site, scheme: Any) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    watched, axe, found = Watched(page, site), AXE.read_text(), {}
    for path in PATHS:
        await page.goto(site.url + path)
        await page.evaluate(axe)  # a script tag would be against the policy of the page
        if violations := await page.evaluate(RUN_AXE, TAGS):
            found[path] = violations
    await page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    missed = [name for name, _ in await page.evaluate(RUN_AXE, TAGS)]
    await context.close()
    assert found == {}
    assert missed == ["image-alt"], "what is wrong is found"
    assert watched.wrong == []


async def test_no_page_is_wider_than_the_narrowest_phone(browser: Browser, site: Site) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640}, color_scheme="dark")
    page = await context.new_page()
    wide = {}
    for path in PATHS:
        await page.goto(site.url + path)
        width = await page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[path] = width
    await context.close()
    assert wide == {}


async def test_pages_work_without_scripts(browser: Browser, site: Site) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/instances/order")
    await page.select_option("select[name=outcome]", "refunded")
    await page.click("text=Filter")
    assert "outcome=refunded" in page.url
    await page.click("main tbody a")
    assert await page.inner_text("h1") == "o-1"
    await page.fill("#find", "o-2")
    await page.press("#find", "Enter")
    assert page.url.endswith("/instances/order/o-2")
    await context.close()


async def test_keys_lead_through_the_pages(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/")
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await page.wait_for_url("**/instances/order")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    first = await page.evaluate("document.activeElement.textContent")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/instances/order/o-*")
    assert await page.inner_text("h1") == first
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "find"
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    assert await page.is_visible("#keys")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    assert not await page.is_visible("#keys")


async def test_a_page_follows_what_happens_until_it_is_paused(page: Page, site: Site) -> None:
    watched = Watched(page, site)
    await page.goto(f"{site.url}/instances/order")
    await site.shown.handle(message("OrderCancelled", "live-1"))
    await page.wait_for_selector("text=live-1", timeout=60_000)
    await page.click("#pause")
    await site.shown.handle(message("OrderCancelled", "live-2"))
    await page.wait_for_timeout(3_500)
    assert await page.locator("text=live-2").count() == 0
    assert watched.wrong == []


@pytest.mark.parametrize(
    ("name", "path", "scheme", "height"),
    [
        ("overview", "/", "light", 700),
        ("instance", "/instances/order/o-2", "light", 1_240),
        ("orders", "/processes/order/orders", "dark", 760),
    ],
)
async def test_pictures_can_be_made(
    browser: Browser, site: Site, *, name: str, path: str, scheme: Any, height: int
) -> None:
    """With PICTURES set in the environment they are those of the documents."""
    context = await browser.new_context(viewport={"width": 1240, "height": height}, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(site.url + path)
    picture = await page.screenshot()
    await context.close()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000
    if os.environ.get("PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(picture)
