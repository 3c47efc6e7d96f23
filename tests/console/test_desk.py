"""What an engineer who had never seen the console stumbled over: where links lead, and what is found and filled in."""

import re
from collections import Counter
from html import unescape

from saga import operations
from tests.console.conftest import ORDER, Shown, fill
from tests.console.test_acting import WHY, failed, form_in, post

OF_EACH_KIND = 4
"""Pages that are looked at, of those whose address is the same but for numbers."""


async def test_every_link_and_form_of_every_page_leads_somewhere(desk: Shown) -> None:
    await fill(desk)
    await failed(desk, "o-7", "only-discarded")
    letters = [one.id for one in await operations.list_dead_letters(desk.engine) if one.process_id == "only-discarded"]
    await operations.discard(desk.engine, letters, actor="ana", reason="about nobody")
    await operations.append_message(
        desk.engine,
        [ORDER],
        operations.NewMessage(
            "OrderPlaced", "o-8", module="orders", data={"order_id": "o-8", "amount": 5, "currency": "EUR"}
        ),
    )
    seen, waiting, broken, kinds = {"/"}, ["/"], {}, Counter[str]()
    while waiting:
        path = waiting.pop()
        answer = await desk.client.get(path, headers={"Accept": "text/html"})
        if answer.status_code >= 400 or "&lt;" in answer.text.partition("<main")[2].partition("</main>")[0]:
            broken[path] = answer.status_code
        posted = re.findall(r'method="post" action="([^"]*)"', answer.text)
        links = {unescape(one) for one in re.findall(r'(?:href|action)="(/[^"#]*)', answer.text)}
        # A form that marks letters needs marks, and a document says of what nobody took in that it is not there.
        links = {one for one in links if "as=json" not in one} - {*posted, "/dead-letters/confirm"}
        for found in links:
            short = re.sub(r"[0-9a-f]*\d+[0-9a-f]*", "0", found)
            if kinds[short] < OF_EACH_KIND and found not in seen and not found.startswith("/static"):
                kinds[short] += 1
                seen.add(found)
                waiting.append(found)
    assert broken == {}
    assert {"/operations/0", "/dead-letters/0/edit"} <= kinds.keys()
    assert any(path.startswith("/audit?process=order&id=") for path in seen)


async def test_what_only_a_discarded_letter_names_is_found(desk: Shown) -> None:
    (letter,) = await failed(desk, "only-discarded")
    await operations.discard(desk.engine, [letter], **WHY)
    page = await desk.html("/instances/order/only-discarded")
    assert f"dead letter {letter}</a>" in page and "<b>ana</b>" in page
    found = await desk.client.get("/find?q=only-discarded", headers={"Accept": "text/html"})
    assert found.headers["location"] == f"/dead-letters/{letter}"


async def test_the_same_letters_are_not_redriven_twice_at_once(desk: Shown) -> None:
    ids = await failed(desk, "o-1", "o-2")
    pace = operations.Pace(batch=1)
    running = await operations.begin_redrive(desk.engine, [ORDER], ids, **WHY, pace=pace)
    form = form_in(await desk.html(f"/dead-letters/confirm?do=redrive&id={ids[1]}"))
    sent = await post(desk, "/operations", {**form, **WHY, "batch": "1", "rate": "", "halt_after": "0"})
    assert f"Operation {running} is redriving some of these: wait for it, or stop it." in sent.text


async def test_a_name_is_filled_in_next_time_and_proves_nothing(desk: Shown) -> None:
    first, second = await failed(desk, "o-1", "o-2")
    page = await desk.html(f"/dead-letters/confirm?do=discard&id={first}")
    sent = await post(desk, "/operations", {**form_in(page), **WHY, "actor": "Änne <ops>"})
    assert "samesite=strict" in sent.headers["set-cookie"].lower()
    cookie = {"Cookie": sent.headers["set-cookie"].partition(";")[0], "Accept": "text/html"}
    page = (await desk.client.get(f"/dead-letters/confirm?do=discard&id={second}", headers=cookie)).text
    assert 'value="Änne &lt;ops&gt;"' in page
