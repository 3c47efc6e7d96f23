"""Operators act in the console: what was confirmed is done, on the record, and nobody else can."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.console.forms import FormTokens, NotFilled, packed, unpacked
from tests.console.conftest import ORDER, Shown, received, shown
from tests.engine.conversation import execute, message, rows, value
from tests.waiting import until

OWN = {"Origin": "http://127.0.0.1:8090", "Sec-Fetch-Site": "same-origin"}
WHY: dict[str, Any] = {"reason": "the parser is mended", "actor": "ana"}
PROXIED: dict[str, Any] = {"authentication": "proxy", "proxies": "127.0.0.1/32"}
TOKENS: dict[str, Any] = {
    "authentication": "token",
    "token": "a-token-for-those-who-look",
    "operator_token": "a-token-for-those-who-act",
}
MENDED = """
UPDATE saga.dead_letter SET body = convert_to(replace(convert_from(body, 'UTF8'), '"much"', '5'), 'UTF8')
"""


def form_in(page: str) -> dict[str, str]:
    """The hidden fields of the last form of a page that is posted."""
    form = page.rsplit('method="post"', maxsplit=1)[-1]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: unescape(text) for name, text in fields}


async def post(one: Shown, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    return await one.client.post(path, data=fields, headers={**OWN, "Accept": "text/html", **headers})


async def failed(one: Shown, *names: str) -> list[int]:
    """Dead letters of one cause, about these instances; a redrive takes them in now."""
    await one.handle(*(received("OrderPlaced", name, amount="much") for name in names))
    await execute(one.engine, MENDED)
    letters = await operations.list_dead_letters(one.engine, limit=500)
    return sorted(letter.id for letter in letters if letter.process_id in names)


async def group_of(one: Shown) -> str:
    (group,) = await operations.group_dead_letters(one.engine)
    return group.key


@asynccontextmanager
async def at_work(one: Shown) -> AsyncIterator[None]:
    """The console's own task carries out operations."""
    assert one.console.acting is not None
    task = asyncio.create_task(one.console.acting.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ended(one: Shown, path: str) -> Any:
    """The operation's document once it is not running any more."""
    return await until(lambda: one.json(path), lambda document: document["state"] != "running")


async def test_the_oldest_ten_of_a_group_are_redriven_and_then_the_rest(desk: Shown) -> None:
    ids = await failed(desk, *(f"o-{number}" for number in range(25)))
    key = await group_of(desk)
    listed = await desk.html(f"/dead-letters?group={key}")
    assert "the oldest 10</a>" in listed and "the oldest 100</a>" not in listed
    async with at_work(desk):
        for address, count, wanted in (("&first=10", 10, ids[:10]), ("", 15, ids[10:])):
            page = await desk.html(f"/dead-letters/confirm?do=redrive&group={key}{address}")
            assert f"Redrive {count} dead letters?" in page
            form = form_in(page)
            assert unpacked(form["ids"], 100) == wanted
            answer = await post(desk, "/operations", {**form, **WHY, "batch": "4", "rate": "", "halt_after": "10"})
            assert answer.status_code == 303
            document = await ended(desk, answer.headers["location"])
            assert (document["state"], document["answers"]) == ("done", {"taken": count})
            assert (document["actor"], document["reason"]) == ("ana", "the parser is mended")
    assert await operations.list_dead_letters(desk.engine) == ()
    page = await desk.html("/operations")
    assert page.count("redrive") >= 2 and "the parser is mended" in page
    assert "ana" in await desk.html("/")


async def test_what_comes_after_the_question_is_not_included(desk: Shown) -> None:
    ids = await failed(desk, "o-1", "o-2")
    form = form_in(await desk.html(f"/dead-letters/confirm?do=redrive&group={await group_of(desk)}"))
    await failed(desk, "o-3")
    async with at_work(desk):
        sent = await post(desk, "/operations", {**form, **WHY, "batch": "100", "rate": "", "halt_after": "0"})
        document = await ended(desk, sent.headers["location"])
    assert [item["item"] for item in document["items"]] == list(map(str, ids))
    assert [letter.process_id for letter in await operations.list_dead_letters(desk.engine)] == ["o-3"]


async def test_a_form_that_is_sent_twice_is_one_operation(desk: Shown) -> None:
    await failed(desk, "o-1")
    form = form_in(await desk.html(f"/dead-letters/confirm?do=redrive&group={await group_of(desk)}"))
    filled = {**form, **WHY, "batch": "1", "rate": "2.5", "halt_after": "1"}
    places = {(await post(desk, "/operations", filled)).headers["location"] for _ in range(3)}
    assert len(places) == 1
    assert await value(desk.engine, "SELECT count(*) FROM saga.operation") == 1


async def test_marked_ones_are_discarded_and_the_page_of_each_says_by_whom(desk: Shown) -> None:
    first, second, third = await failed(desk, "o-1", "o-2", "o-3")
    page = await desk.html(f"/dead-letters/confirm?do=discard&id={first}&id={third}")
    sent = await post(desk, "/operations", {**form_in(page), **WHY})
    assert sent.status_code == 303
    assert [letter.id for letter in await operations.list_dead_letters(desk.engine)] == [second]
    letter = await desk.html(f"/dead-letters/{third}")
    assert "<b>ana</b>: discard" in letter and "the parser is mended" in letter
    again = await post(desk, "/operations", {**form_in(page), **WHY})
    assert again.status_code == 200 and "Only open dead letters can be closed" in again.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": "short"}, "Say why, in 10 to 500 characters"),
        ({"reason": "x" * 501}, "Say why"),
        ({"actor": ""}, "Say who you are"),
        ({"batch": "0"}, "A batch is a number from 1 to 10,000"),
        ({"batch": "ten"}, "A batch is"),
        ({"rate": "fast"}, "A rate is a number"),
        ({"rate": "nan"}, "A rate is a number"),
        ({"halt_after": "-1"}, "The number of failures is"),
        ({"request": "mine"}, "This form is not of this console"),
    ],
)
async def test_what_is_filled_in_wrongly_is_said_and_nothing_is_done(
    desk: Shown, wrong: dict[str, str], says: str
) -> None:
    await failed(desk, "o-1")
    form = form_in(await desk.html(f"/dead-letters/confirm?do=redrive&group={await group_of(desk)}"))
    sent = await post(desk, "/operations", {**form, **WHY, "batch": "1", "rate": "", "halt_after": "1", **wrong})
    assert says in sent.text and sent.status_code == 200
    assert form_in(sent.text)["ids"] == form["ids"]  # still the same ones
    assert await value(desk.engine, "SELECT count(*) FROM saga.operation") == 0


async def test_a_form_without_its_token_or_of_another_user_or_site_is_refused(engine: AsyncEngine) -> None:
    async with shown(engine, operator=engine, operators="ana,bo", **PROXIED) as one:
        await failed(one, "o-1")
        ana, bo = {"X-Forwarded-User": "ana"}, {"X-Forwarded-User": "bo"}
        address = f"/dead-letters/confirm?do=discard&group={await group_of(one)}"
        form = form_in((await one.client.get(address, headers={**ana, "Accept": "text/html"})).text) | WHY
        for fields, headers in [
            ({**form, "form_token": ""}, ana),
            ({**form, "form_token": "x.y"}, ana),
            ({name: text for name, text in form.items() if name != "form_token"}, ana),
            (form, bo),
            (form, {**ana, "Sec-Fetch-Site": "cross-site"}),
            (form, {**ana, "Sec-Fetch-Site": "none"}),
        ]:
            assert (await post(one, "/operations", fields, **headers)).status_code == 403
        assert len(await operations.list_dead_letters(one.engine)) == 1
        assert (await post(one, "/operations", form, **ana)).status_code == 303
    (listed,) = await operations.list_operations(engine)
    assert listed.actor == "ana"  # as the proxy says, whatever the form says


ACTS = [
    ("GET", "/dead-letters/confirm?do=redrive&id=1"),
    ("POST", "/operations"),
    ("POST", "/operations/1/stop"),
    ("POST", "/operations/1/resume"),
    ("GET", "/dead-letters/1/edit"),
    ("POST", "/dead-letters/1/edit"),
    ("GET", "/erase?process=order&ids=o-1"),
    ("POST", "/erase"),
    ("GET", "/cursors/repair?module=orders"),
    ("POST", "/cursors/repair"),
]


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-User": "eve"}, {"X-Forwarded-User": "eve", "X-Forwarded-Groups": "dev"}]
)
async def test_who_may_only_look_is_refused_everything_and_shown_no_button(
    engine: AsyncEngine, headers: dict[str, str]
) -> None:
    settings = {**PROXIED, "operators": "ana", "operator_groups": "oncall"}
    async with shown(engine, operator=engine, **settings) as one:
        await failed(one, "o-1")
        forms = FormTokens(b"a secret")
        for method, path in ACTS:
            answer = await one.client.request(
                method, path, headers={**OWN, **headers}, data={"form_token": forms.token("eve"), **WHY}
            )
            assert answer.status_code == 403, path
        for path in ("/dead-letters/1", f"/dead-letters?group={await group_of(one)}", "/cursors", "/operations"):
            page = (await one.client.get(path, headers={**headers, "Accept": "text/html"})).text
            assert "confirm" not in page and "/erase" not in page and "/repair" not in page
    assert await value(engine, "SELECT count(*) FROM saga.operation") == 0


async def test_members_of_a_group_act(engine: AsyncEngine) -> None:
    async with shown(engine, operator=engine, operator_groups="oncall", **PROXIED) as one:
        await failed(one, "o-1")
        member = {"X-Forwarded-User": "ana", "X-Forwarded-Groups": "dev, oncall"}
        answer = await one.client.get("/dead-letters/confirm?do=redrive&id=1", headers=member)
        assert answer.status_code == 200


async def test_where_there_is_no_login_for_operators_nobody_acts(console: Shown) -> None:
    for method, path in ACTS:
        answer = await console.client.request(method, path, headers=OWN, data=WHY)
        assert answer.status_code == 403, path
    assert "read only" in await console.html("/")


async def test_each_token_gives_its_own_rights(engine: AsyncEngine) -> None:
    async with shown(engine, operator=engine, **TOKENS) as one:
        await failed(one, "o-1")
        for token, status in (
            (TOKENS["token"], 403),
            (TOKENS["operator_token"], 200),
            ("something-else-altogether", 401),
        ):
            bearer = {"Authorization": f"Bearer {token}"}
            answer = await one.client.get("/dead-letters/confirm?do=redrive&id=1", headers=bearer)
            assert answer.status_code == status
        signed_in = await post(one, "/login", {"token": TOKENS["operator_token"]})
        cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0], "Accept": "text/html"}
        page = await one.client.get("/dead-letters/confirm?do=redrive&id=1", headers=cookie)
        assert page.status_code == 200 and "Your name" in page.text


async def test_an_edited_letter_is_tried_and_then_redriven(desk: Shown) -> None:
    await desk.handle(received("OrderPlaced", "o-1", amount="much"))
    (letter,) = await operations.list_dead_letters(desk.engine)
    path = f"/dead-letters/{letter.id}/edit"
    page = await desk.html(path)
    assert "&#34;much&#34;" in page
    form = form_in(page)
    data = {
        "right": '{"order_id": "o-1", "amount": 5, "currency": "EUR"}',
        "wrong": '{"order_id": "o-1", "amount": ""}',
    }
    tried = await post(desk, path, {**form, "data": data["wrong"], "do": "try"})
    assert "answer-dead" in tried.text and "currency: Field required" in tried.text
    tried = await post(desk, path, {**form, "data": data["right"], "do": "try"})
    assert "answer-taken" in tried.text and "RequestPayment" in tried.text
    for wrong, says in [({"data": "{"}, "400"), ({"reason": ""}, "Say why"), ({"data": "", "type": ""}, "")]:
        refused = await post(desk, path, {**form, **WHY, "data": data["right"], "do": "redrive", **wrong})
        assert refused.status_code == 400 and (says == "400" or says in refused.text)
    assert await value(desk.engine, "SELECT count(*) FROM saga.operation") == 0
    done = await post(desk, path, {**form, **WHY, "data": data["right"], "do": "redrive"})
    assert done.status_code == 303
    document = await desk.json(done.headers["location"])
    assert (document["action"], document["answers"]) == ("edit", {"taken": 1})
    instance = await desk.html("/instances/order/o-1")
    assert "<b>ana</b>: edit" in instance and instance.index("<b>ana</b>: edit") < instance.index(
        "<b>OrderPlaced</b> <span"
    )
    assert (await desk.client.get(path, headers={"Accept": "text/html"})).status_code == 400


async def test_a_settled_instance_is_erased_after_a_look(desk: Shown) -> None:
    await desk.handle(message("OrderCancelled", "o-1"), message("OrderPlaced", "o-2"))
    page = await desk.html("/erase?process=order&ids=o-1%0Ao-2%0Ao-9")
    assert "o-2 is awaiting_payment, and not settled" in page and "nothing is known of &#39;o-9&#39;" in page
    form = form_in(page)
    sent = await post(desk, "/erase", {**form, **WHY, "ids": "o-1"})
    assert sent.status_code == 200 and "1 erased" in sent.text
    assert "was erased" in await desk.html("/instances/order/o-1")
    refused = await post(desk, "/erase", {**form, **WHY, "ids": "o-2"})
    assert refused.status_code == 409
    for wrong in ({"reason": ""}, {"ids": ""}):
        assert (await post(desk, "/erase", {**form, **WHY, "ids": "o-1", **wrong})).status_code == 400
    assert [one.action for one in await operations.list_operations(desk.engine)] == ["erase"]


async def test_a_cursor_that_covers_what_was_never_handled_is_repaired(desk: Shown) -> None:
    for name in ("o-1", "o-2"):
        placed = operations.NewMessage(
            "OrderPlaced", name, module="orders", data={"order_id": name, "amount": 5, "currency": "EUR"}
        )
        await operations.append_message(desk.engine, [ORDER], placed)
    await execute(desk.engine, "INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('order', 'orders', 2)")
    page = await desk.html("/cursors/repair?module=orders")
    assert "<td>2</td><td>0</td>" in page
    assert "Repair the cursors in orders" in await desk.html("/cursors")
    sent = await post(desk, "/cursors/repair", {**form_in(page), **WHY})
    assert sent.status_code == 303
    assert await rows(desk.engine, "SELECT watermark FROM saga.cursor") == [(0,)]
    operation = await desk.html(sent.headers["location"])
    assert "repair_cursors" in operation and "&#34;watermark&#34;: 2" in operation
    unknown = await desk.client.get("/cursors/repair?module=nobody", headers={"Accept": "text/html"})
    assert unknown.status_code == 400 and "no process here consumes nobody" in unknown.text.lower()


async def test_a_running_one_is_stopped_and_goes_on_with_the_rest(desk: Shown) -> None:
    await failed(desk, *(f"o-{number}" for number in range(8)))
    form = form_in(await desk.html(f"/dead-letters/confirm?do=redrive&group={await group_of(desk)}"))
    async with at_work(desk):
        filled = {**form, **WHY, "batch": "1", "rate": "10", "halt_after": "0"}
        path = (await post(desk, "/operations", filled)).headers["location"]
        await until(lambda: desk.json(path), lambda document: document["answered"])
        stop = form_in(await desk.html(path))
        assert (await post(desk, f"{path}/stop", {**stop, "actor": "bo"})).status_code == 303
        stopped = await desk.json(path)
        assert stopped["state"] == "stopped" and stopped["note"] == "bo stopped it."
        assert 0 < stopped["answered"] < 8
        page = await desk.html(path)
        assert "Go on with the rest" in page
        assert (await post(desk, f"{path}/resume", {**form_in(page), "actor": "cy"})).status_code == 303
        assert (await ended(desk, path))["answers"] == {"taken": 8}
        assert (await post(desk, f"{path}/stop", {**stop, "actor": "bo"})).status_code == 303  # too late, as it says
    assert (await desk.json(path))["state"] == "done"


async def test_a_console_goes_on_with_what_another_one_left(desk: Shown) -> None:
    ids = await failed(desk, "o-1", "o-2")
    pace = operations.Pace(batch=1)
    begun = await operations.begin_redrive(desk.engine, [ORDER], ids, **WHY, pace=pace)
    async with at_work(desk):
        assert (await ended(desk, f"/operations/{begun}"))["answers"] == {"taken": 2}


async def test_what_can_not_be_done_ends_with_a_sentence(desk: Shown) -> None:
    await failed(desk, "o-1")
    await execute(desk.engine, "UPDATE saga.dead_letter SET consumer = 'relay', module = 'order-process', position = 1")
    form = form_in(await desk.html(f"/dead-letters/confirm?do=redrive&group={await group_of(desk)}"))
    async with at_work(desk):
        filled = {**form, **WHY, "batch": "1", "rate": "", "halt_after": "0"}
        document = await ended(desk, (await post(desk, "/operations", filled)).headers["location"])
    assert document["state"] == "stopped"
    assert document["note"] == "It can't go on: 1 is sent again to the broker, and there is none."


async def test_a_form_about_dead_letters_that_are_not_there_is_no_failure(desk: Shown) -> None:
    await failed(desk, "o-1")
    form = form_in(await desk.html(f"/dead-letters/confirm?do=discard&group={await group_of(desk)}"))
    for ids, do in (("0", "discard"), ("9" * 18, "redrive")):
        filled = {**form, **WHY, "do": do, "ids": ids, "request": str(uuid4()), "batch": "1", "rate": ""}
        assert (await post(desk, "/operations", {**filled, "halt_after": "0"})).status_code == 404


async def test_pages_about_nothing_say_so(desk: Shown) -> None:
    for path in ("/operations/9", "/dead-letters/confirm?do=redrive&id=9", "/dead-letters/9/edit"):
        assert (await desk.client.get(path, headers={"Accept": "text/html"})).status_code == 404, path
    for path in (
        "/dead-letters/confirm?do=eat&id=9",
        "/dead-letters/confirm?do=redrive",
        "/dead-letters/confirm?do=redrive&id=x",
    ):
        assert (await desk.client.get(path, headers={"Accept": "text/html"})).status_code == 400, path
    assert "Nobody did anything yet." in await desk.html("/operations")


async def test_what_operators_write_is_shown_as_text(desk: Shown) -> None:
    hostile = "<script>alert(1)</script> \u202e"
    await failed(desk, "o-1")
    page = await desk.html("/dead-letters/confirm?do=discard&id=1")
    sent = await post(desk, "/operations", {**form_in(page), "reason": hostile, "actor": hostile})
    for path in (sent.headers["location"], "/operations", "/", "/dead-letters/1"):
        shown_page = await desk.html(path)
        assert "<script>alert" not in shown_page and "\u202e" not in shown_page


def test_a_form_token_is_good_for_its_user_this_hour_and_the_next() -> None:
    forms, hour = FormTokens(b"one"), 3_600
    token = forms.token("ana", now=10 * hour)
    assert forms.is_good(token, "ana", now=10 * hour) and forms.is_good(token, "ana", now=11 * hour + 5)
    assert not forms.is_good(token, "ana", now=12 * hour) and not forms.is_good(token, "ana", now=9 * hour)
    assert not forms.is_good(token, "bo", now=10 * hour)
    assert not FormTokens(b"other").is_good(token, "ana", now=10 * hour)
    for wrong in ("", ".", "10.", "x.y", f"11.{token.partition('.')[2]}", "\udcff"):
        assert not forms.is_good(wrong, "ana", now=10 * hour)


def test_numbers_are_packed_into_a_short_text() -> None:
    assert packed([1, 2, 3, 7, 9, 10]) == "1-3,7,9-10"
    assert unpacked("1-3,7,9-10", 10) == [1, 2, 3, 7, 9, 10]
    assert len(packed(range(1, 10_001))) < 20
    for wrong in ("", "a", "3-", "-3", "1-99999999999999999999", "1-11", "5,²"):
        with pytest.raises(NotFilled):
            unpacked(wrong, 10)
