"""Who may look, under which name, and what every answer carries."""

import re
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.console.access import HEADERS
from saga.console.sessions import COOKIE, Sessions
from saga.console.settings import Authentication, ConsoleSettings, Listen, require_guarded
from saga.settings import SettingsError
from tests.cli.shell import Saga
from tests.console.conftest import Shown, shown
from tests.engine.conversation import message

TOKEN = "a-token-of-32-characters-or-more"
EVERYWHERE = Listen("0.0.0.0", 8090)  # noqa: S104 -- nothing listens there
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a/b?c=d#e",
    "ümläut ☃",
    "%2e%2e",
    "..",
    "a b",
)


ANSWERED = ["/", "/login", "/nothing", "/static/console.css", "/instances/nobody", "/events?x"]


async def test_every_answer_has_the_headers(engine: AsyncEngine) -> None:
    async with shown(engine, authentication="token", token=TOKEN) as guarded:
        for path in ANSWERED:
            answer = await guarded.client.get(path, headers={"Accept": "text/html"})
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
            kept = "public, max-age=31536000, immutable" if path.startswith("/static") else "no-store"
            assert answer.headers["cache-control"] == kept
            assert "server" not in answer.headers


async def test_a_foreign_name_for_this_machine_is_refused(console: Shown) -> None:
    for host in ["evil.example", "evil.example:8090", "127.0.0.1.evil.example", "", "a/b", "[::1"]:
        answer = await console.client.get("/", headers={"Host": host})
        assert answer.status_code == 421, host


async def test_the_names_of_this_machine_are_answered(console: Shown) -> None:
    for host in ["127.0.0.1:8090", "localhost:9999", "LOCALHOST", "[::1]:8090"]:
        assert (await console.client.get("/stuck", headers={"Host": host})).status_code == 200, host


async def test_names_can_be_given(engine: AsyncEngine) -> None:
    async with shown(engine, listen=EVERYWHERE, authentication="token", token=TOKEN, hosts="saga.example") as one:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert (await one.client.get("/stuck", headers={**bearer, "Host": "saga.example"})).status_code == 200
        assert (await one.client.get("/stuck", headers={**bearer, "Host": "other.example"})).status_code == 421


async def test_without_the_token_there_is_a_form_for_people_and_a_refusal_for_programs(engine: AsyncEngine) -> None:
    async with shown(engine, authentication="token", token=TOKEN) as guarded:
        asked = await guarded.client.get("/stuck?limit=1", headers={"Accept": "text/html"})
        assert asked.status_code == 303 and asked.headers["location"] == "/login?next=%2Fstuck%3Flimit%3D1"
        program = await guarded.client.get("/stuck", headers={"Accept": "application/json"})
        assert program.status_code == 401 and program.headers["www-authenticate"] == "Bearer"
        for wrong in ("Bearer nothing", f"Basic {TOKEN}", "Bearer", f"bearer {TOKEN}x"):
            refused = await guarded.client.get("/stuck", headers={"Authorization": wrong})
            assert refused.status_code == 401
        right = await guarded.client.get("/stuck", headers={"Authorization": f"Bearer {TOKEN}"})
        assert right.status_code == 200


async def test_the_token_is_swapped_for_a_cookie(engine: AsyncEngine) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    async with shown(engine, authentication="token", token=TOKEN) as guarded:
        post = guarded.client.post
        wrong = await post("/login?next=/stuck", data={"token": "nothing"}, headers=own)
        assert wrong.status_code == 401 and "not the token" in wrong.text and "set-cookie" not in wrong.headers
        right = await post("/login?next=/stuck", data={"token": TOKEN}, headers=own)
        assert (right.status_code, right.headers["location"]) == (303, "/stuck")
        said = right.headers["set-cookie"]
        assert said.startswith(f"{COOKIE}=") and TOKEN not in said
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=28800"} <= set(said.split("; "))
        value = said.partition("=")[2].partition(";")[0]
        page = await guarded.client.get("/stuck", headers={"Cookie": f"{COOKIE}={value}", "Accept": "text/html"})
        assert page.status_code == 200 and "Sign out" in page.text
        for bad in (f"{value}x", "9999999999.0", "x.y", "", f"9{value}"):
            refused = await guarded.client.get("/stuck", headers={"Cookie": f"{COOKIE}={bad}"})
            assert refused.status_code == 401, bad


OTHER_SITES = ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "x"]


async def test_a_sign_in_leads_to_no_other_site(engine: AsyncEngine) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    async with shown(engine, authentication="token", token=TOKEN) as guarded:
        for next_ in OTHER_SITES:
            answer = await guarded.client.post("/login", params={"next": next_}, data={"token": TOKEN}, headers=own)
            assert answer.headers["location"] == "/", next_


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {}],
)
async def test_a_form_of_another_site_is_refused(engine: AsyncEngine, headers: dict[str, str]) -> None:
    async with shown(engine, authentication="token", token=TOKEN) as guarded:
        for path in ("/login", "/logout", "/stuck"):
            assert (await guarded.client.post(path, data={"token": TOKEN}, headers=headers)).status_code == 403


async def test_nothing_takes_a_change(console: Shown) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    for path in ("/", "/stuck", "/dead-letters/1", "/instances/order/o-1"):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert (await console.client.request(method, path, headers=own)).status_code == 405


async def test_only_a_proxy_is_believed_about_the_user(engine: AsyncEngine) -> None:
    settings: dict[str, Any] = {"authentication": "proxy", "proxies": "10.0.0.0/8, ::1"}
    user = {"X-Forwarded-User": "ann", "Accept": "text/html"}
    async with shown(engine, listen=EVERYWHERE, peer="10.1.2.3", **settings) as behind:
        assert "signed in as ann" in (await behind.client.get("/stuck", headers=user)).text
        assert (await behind.client.get("/stuck")).status_code == 403
    async with shown(engine, listen=EVERYWHERE, peer="192.0.2.1", **settings) as forged:
        assert (await forged.client.get("/stuck", headers=user)).status_code == 403


def test_a_session_ends() -> None:
    sessions = Sessions(TOKEN)
    value = sessions.begin(now=1_000)
    assert sessions.is_open(value, now=1_001) and not sessions.is_open(value, now=1_000 + 8 * 3_600 + 1)
    assert not Sessions(TOKEN + "x").is_open(value, now=1_001)


@pytest.mark.parametrize(
    ("settings", "listen", "why"),
    [
        ({}, EVERYWHERE, "does not start on 0.0.0.0 without authentication"),
        ({}, Listen("saga.example", 80), "without authentication"),
        ({"authentication": "token"}, EVERYWHERE, "SAGA_CONSOLE_TOKEN"),
        ({"authentication": "token", "token": SecretStr("short")}, EVERYWHERE, "16 characters"),
        ({"authentication": "proxy"}, EVERYWHERE, "SAGA_CONSOLE_PROXIES"),
        ({"authentication": "proxy", "proxies": "nobody"}, EVERYWHERE, "SAGA_CONSOLE_PROXIES"),
    ],
)
def test_it_does_not_start_unguarded_where_others_reach_it(settings: dict[str, Any], listen: Listen, why: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(why)):
        require_guarded(ConsoleSettings(**settings), listen)


@pytest.mark.parametrize("listen", [Listen("127.0.0.1", 1), Listen("::1", 1), Listen("localhost", 1)])
def test_on_loopback_it_starts(listen: Listen) -> None:
    require_guarded(ConsoleSettings(), listen)
    assert ConsoleSettings().authentication is Authentication.NONE


@pytest.mark.parametrize("words", [("--listen", "0.0.0.0:0"), ("--listen", "nowhere"), ("--listen", "a:b")])
def test_the_command_refuses_in_a_sentence(words: tuple[str, ...]) -> None:
    refused = Saga("postgresql://nobody@127.0.0.1:1/saga", "amqp://nobody@127.0.0.1:1/", "t")("console", *words)
    assert refused.exit_code == 2 and refused.stderr.count("\n") == 1, refused.stderr


async def test_hostile_ids_and_data_are_shown_as_text_and_linked(console: Shown) -> None:
    for hostile in HOSTILE:
        await console.handle(message("OrderPlaced", hostile), message("OrderCancelled", hostile, reason=hostile))
    listed = await console.html("/instances/order")
    links = re.findall(r'<a class="id" href="([^"]+)"', listed)
    assert len(links) == len(HOSTILE)
    for text in (listed, *[await console.html(link.replace("&amp;", "&")) for link in links]):
        assert "<script>alert" not in text and "<img" not in text
        assert "OrderCancelled" in text or text == listed


QUERIES = (
    "/find?q=%00",
    "/find?q=" + "x" * 5_000,
    "/find?q=%ff%fe",
    "/find?q=99999999999999999999",
    "/find?q=orders/99999999999999999999999",
    "/instances/order?outcome=nobody",
    "/instances/order?before=-1",
    "/instances/order?before=999999999999999999999",
    "/instances/order?settled=no&before=999999999999999999~x",
    "/instances/order?settled=no&before=~",
    "/instances/order?limit=0",
    "/instances/order?limit=%F0",
    "/instances/order?in.payment=nobody",
    "/instances/order?settled=maybe",
    "/instances/order?since=ever",
    "/instances/nobody",
    "/instances/order/%00",
    "/instances/order/",
    "/instances/order?id=..",
    "/instances/order/o-1?before=x",
    "/instances/order/o-1?type=nobody",
    "/instances/order/o-1?type=OrderPlaced&data=" + "%5B" * 2_000,
    "/instances/order/o-1?type=OrderPlaced&data=%7B%22amount%22:NaN%7D",
    "/instances/order/o-1?type=OrderPlaced&data=%7B%22order_id%22:%22%5Cud800%22%7D",
    "/dead-letters?state=nobody",
    "/dead-letters?group=x",
    "/dead-letters?state=all&process_id=%00&type=%00",
    "/dead-letters/99999999999999999999",
    "/dead-letters/0",
    "/dead-letters/" + "9" * 5_000,
    "/modules/%00",
    "/modules/nobody",
    "/modules/order-process?after=99999999999999999999",
    "/modules/order-process?after=x",
    "/timers?due=x",
    "/timers?due=0001-01-01T00:00%2B23:59",
    "/timers?due=9999-12-31T23:59-23:59",
    "/timers?due=2026-01-01&name=%00",
    "/processes/nobody",
    "/processes/order/orders?a=0.0.0.0.0.0.0.0.0.0.0.0.0",
    "/processes/order/orders?a=99&b=x",
    "/static/../access.py",
    "/static/%2e%2e/access.py",
)


async def test_a_hostile_address_is_no_failure(busy: Shown) -> None:
    for path in QUERIES:
        for accept in ("text/html", "application/json"):
            answer = await busy.client.get(path, headers={"Accept": accept})
            assert answer.status_code in (200, 303, 400, 404), (path, answer.status_code, answer.text[:400])
