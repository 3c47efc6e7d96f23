"""An operator acts in a real browser: the oldest ten first, what is left then, and who did it."""

import os

import pytest
from playwright.async_api import Browser, Page

from saga import operations
from tests.browser.conftest import Site
from tests.browser.test_pages import PICTURES, Watched
from tests.console.conftest import received
from tests.console.test_acting import MENDED
from tests.engine.conversation import execute

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(240)]


async def test_the_oldest_ten_are_redriven_and_their_page_follows(page: Page, site: Site) -> None:
    watched = Watched(page, site)
    failed = [received("OrderPlaced", f"o-deploy-{number}", currency="euros") for number in range(12)]
    await site.shown.handle(*failed)
    await execute(site.shown.engine, MENDED.replace('"much"', '"euros"').replace("'5'", "'\"EUR\"'"))
    await page.goto(f"{site.url}/dead-letters")
    await page.click("main table tr:has-text('euros') a")
    await page.click("text=Redrive the oldest 10")
    assert "Redrive 10 dead letters?" in await page.inner_text("h1")
    await page.click("button:has-text('Redrive 10')")  # the browser asks for what is missing
    assert "confirm" in page.url
    await page.fill("#reason", "the new parser knows it")
    await page.fill("#actor", "ana")
    await page.click("button:has-text('Redrive 10')")
    await page.wait_for_url("**/operations/*")
    await page.wait_for_selector("text=10 of 10 answered", timeout=30_000)
    await _picture(page, "operation")
    await page.click("main tbody th a")
    assert "the new parser knows it" in await page.inner_text("main")
    left = [one for one in await operations.list_dead_letters(site.shown.engine) if "deploy" in (one.process_id or "")]
    assert len(left) == 2, [one.reason for one in left]
    assert watched.wrong == []


async def test_it_works_without_scripts(browser: Browser, site: Site) -> None:
    await site.shown.handle(received("OrderPlaced", "o-plain-1", amount="some"))
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    (letter,) = [one for one in await operations.list_dead_letters(site.shown.engine) if one.process_id == "o-plain-1"]
    await page.goto(f"{site.url}/dead-letters/{letter.id}")
    await page.click("main a:has-text('Edit')")
    data = await page.input_value("#data")
    await page.fill("#data", data.replace('"some"', "4200"))
    await page.click("text=What would happen?")
    assert "taken in" in await page.inner_text("[aria-label='Dry run']")
    await page.fill("#reason", "the shop wrote the amount in words")
    await page.fill("#actor", "bo")
    await page.click("text=Redrive it like this")
    await page.wait_for_url("**/operations/*")
    await page.goto(f"{site.url}/instances/order/o-plain-1")
    assert "the shop wrote the amount in words" in await page.inner_text(".timeline")
    await context.close()


async def _picture(page: Page, name: str) -> None:
    if os.environ.get("PICTURES"):
        await page.set_viewport_size({"width": 1240, "height": 900})
        await page.screenshot(path=PICTURES / f"{name}.png")
