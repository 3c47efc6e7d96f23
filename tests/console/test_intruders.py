"""Who pretends to be somebody: forged headers, forged and old cookies, forms and loads of other sites."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.console import sessions as sessions_module
from saga.console.sessions import COOKIE, Sessions, cookies_in
from saga.console.settings import ConsoleSettings, Listen, require_guarded
from saga.messages.cloudevents import decode
from saga.settings import SettingsError
from tests.cli.shell import message as raw_message
from tests.console.conftest import Shown, shown
from tests.console.test_access import EVERYWHERE, HOSTILE, TOKEN
from tests.console.test_acting import OWN, TOKENS, failed, form_in, post
from tests.engine.conversation import message

PROXIED: dict[str, Any] = {
    "authentication": "proxy",
    "proxies": "10.0.0.0/8",
    "operators": "ann",
    "operator_groups": "oncall",
}
CONFIRM = "/dead-letters/confirm?do=redrive&id=1"
FORGED = {
    "two users": [("X-Forwarded-User", "ann"), ("X-Forwarded-User", "eve")],
    "two in one line": [("X-Forwarded-User", "eve, ann")],
    "two lines of groups": [
        ("X-Forwarded-User", "eve"),
        ("X-Forwarded-Groups", "oncall"),
        ("X-Forwarded-Groups", "dev"),
    ],
    "another case": [("X-Forwarded-User", "eve"), ("x-forwarded-user", "ann")],
    "underscores": [("X_Forwarded_User", "ann")],
    "no user": [("X-Forwarded-User", " "), ("X-Forwarded-Groups", "oncall")],
    "Apache's nobody": [("X-Forwarded-User", "(null)"), ("X-Forwarded-Groups", "oncall")],
    "invisible": [("X-Forwarded-User", "ann\x7f")],
    "too long": [("X-Forwarded-User", "a" * 300)],
    "another header": [("Remote-User", "ann"), ("X-Remote-User", "ann"), ("X-Forwarded-Email", "ann")],
}


@pytest.mark.parametrize("name", FORGED)
async def test_an_ambiguous_user_of_a_proxy_is_refused(engine: AsyncEngine, name: str) -> None:
    async with shown(engine, listen=EVERYWHERE, peer="10.1.2.3", operator=engine, **PROXIED) as one:
        assert (await one.client.get("/stuck", headers=FORGED[name])).status_code == 403


ALMOST = [("ANN", "dev"), ("ann ", "dev"), ("annn", "ONCALL"), ("eve", "oncalls,xoncall"), ("eve", "on call")]


@pytest.mark.parametrize(("user", "groups"), ALMOST)
async def test_who_almost_has_the_name_of_an_operator_is_none(engine: AsyncEngine, user: str, groups: str) -> None:
    async with shown(engine, listen=EVERYWHERE, peer="10.1.2.3", operator=engine, **PROXIED) as one:
        await failed(one, "o-1")
        answer = await one.client.get(CONFIRM, headers={"X-Forwarded-User": user, "X-Forwarded-Groups": groups})
        assert answer.status_code == (200 if user.strip() == "ann" else 403)  # HTTP takes spaces at the end away


async def test_a_user_has_a_name_in_any_script_and_a_proxy_any_form_of_address(engine: AsyncEngine) -> None:
    user = {b"X-Forwarded-User": "zoë".encode(), b"Accept": b"text/html", b"Host": b"h"}
    async with shown(engine, listen=Listen("::", 8090), peer="::ffff:10.1.2.3", hosts="h", **PROXIED) as one:
        assert "signed in as zoë" in (await one.client.get("/stuck", headers=user)).text


async def test_without_authentication_nothing_may_be_in_front(console: Shown) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host"):
        assert (await console.client.get("/stuck", headers={name: "192.0.2.1"})).status_code == 403


WEAK: list[tuple[dict[str, Any], str]] = [
    ({"authentication": "proxy", "proxies": "10.0.0.0/8, 0.0.0.0/0"}, "every address"),
    ({"authentication": "proxy", "proxies": "::/0"}, "every address"),
    ({"authentication": "token", "token": SecretStr("changeaaaaaaaaaaaa")}, "be guessed"),
    ({"authentication": "token", "token": SecretStr("1212121212121212")}, "be guessed"),
]


@pytest.mark.parametrize(("settings", "why"), WEAK)
def test_what_guards_nothing_is_refused_at_the_start(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        require_guarded(ConsoleSettings(**settings), EVERYWHERE)


async def signed_in(one: Shown, token: str = TOKEN) -> dict[str, str]:
    answer = await post(one, "/login", {"token": token})
    assert answer.status_code == 303
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0], "Accept": "text/html"}


async def test_a_cookie_is_worth_nothing_after_its_sign_out(engine: AsyncEngine) -> None:
    async with shown(engine, authentication="token", token=TOKEN) as one:
        first, second = await signed_in(one), await signed_in(one)
        assert first != second
        left = await post(one, "/logout", {}, **first)
        assert left.headers["location"] == "/login" and left.headers["clear-site-data"] == '"cache"'
        assert f'{COOKIE}=""' in left.headers["set-cookie"] and "Max-Age=0" in left.headers["set-cookie"]
        assert (await one.client.get("/stuck", headers=first)).headers["location"].startswith("/login")
        assert (await one.client.get("/stuck", headers=second)).status_code == 200


def test_what_was_signed_out_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MOST_ENDED", 3)
    known = Sessions(TOKEN)
    for value in [known.begin(now=1_000) for _ in range(5)]:
        known.end(value, now=1_001)
        known.end("9999999999.x.y", now=1_001)
        assert not known.is_open(value, now=1_001)
    assert len(known.ended) == 3
    known.end(known.begin(now=100_000), now=100_001)
    assert len(known.ended) == 1


async def test_a_session_is_begun_by_the_console_and_of_one_token(engine: AsyncEngine) -> None:
    given = f"{COOKIE}={Sessions('another token altogether').begin()}"
    async with shown(engine, operator=engine, **TOKENS) as one:
        answer = await post(one, "/login", {"token": TOKENS["token"]}, Cookie=given)
        assert given.partition("=")[2] not in answer.headers["set-cookie"]
        for bad in (given, f"{COOKIE}=", f"{COOKIE}=1.2", f"{COOKIE}={'9' * 5_000}.x", "saga=x", f"{COOKIE.lower()}=x"):
            assert (await one.client.get("/stuck", headers={"Cookie": bad})).status_code == 401
        viewer = await signed_in(one, TOKENS["token"])
        await failed(one, "o-1")
        assert (await one.client.get(CONFIRM, headers=viewer)).status_code == 403


def test_a_broken_cookie_beside_ours_locks_nobody_out() -> None:
    assert cookies_in(['a=b"c;;=; x\\"; \x00=1; __Host-saga=v; b', "__Host-saga=w"]) == ["v", "w"]


FOREIGN = [
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:8091"},
    {"Origin": "ftp://127.0.0.1:8090"},
    {"Origin": "http://user@127.0.0.1:8090"},
    {"Origin": "http://127.0.0.1:8090.evil.example"},
    {"Referer": "http://127.0.0.1:8090/login"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8090"},
    {"Sec-Fetch-Site": "Same-Origin"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_form_without_proof_of_its_page_is_refused(engine: AsyncEngine, headers: dict[str, str]) -> None:
    async with shown(engine, authentication="token", token=TOKEN) as one:
        assert (await one.client.post("/login", data={"token": TOKEN}, headers=headers)).status_code == 403
    async with shown(engine, listen=EVERYWHERE, authentication="token", token=TOKEN) as any_name:
        answer = await any_name.client.post("/login", data={"token": TOKEN}, headers={**headers, "Host": ""})
        assert answer.status_code == 421


async def test_a_form_is_a_form(engine: AsyncEngine) -> None:
    async with shown(engine, authentication="token", token=TOKEN) as one:
        for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
            answer = await one.client.post("/login", content=f"token={TOKEN}", headers={**OWN, "Content-Type": kind})
            assert answer.status_code == 415 and "set-cookie" not in answer.headers


async def test_a_page_of_another_site_may_link_and_nothing_else(console: Shown) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await console.client.get("/stuck", headers=link)).status_code == 200
    for wrong in (
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    ):
        for path in ("/events", "/erase?ids=o-1", "/static/console.js"):
            assert (await console.client.get(path, headers={**link, **wrong})).status_code == 403


async def test_no_answer_leads_to_another_host(engine: AsyncEngine) -> None:
    async with shown(engine, listen=EVERYWHERE, authentication="token", token=TOKEN) as one:
        headers = {"Host": "evil.example", "Authorization": f"Bearer {TOKEN}", "Accept": "text/html"}
        for path in ("/stuck/", "/login/", "//evil.example/%2e%2e", "/%5Cevil.example/x", "//evil.example/stuck"):
            answer = await one.client.get(f"http://h{path}", headers=headers)
            assert answer.status_code == 404 and "location" not in answer.headers
            assert '"//' not in answer.text and '"/\\' not in answer.text and "http://evil" not in answer.text


async def test_a_page_asks_again_for_itself_whatever_its_id(console: Shown) -> None:
    await console.handle(message("OrderPlaced", "a/b?c=d#e"))
    page = await console.html("/instances/order/a%2Fb%3Fc%3Dd%23e")
    assert 'hx-get="/instances/order/a/b%3Fc%3Dd%23e"' in page


class Dangers(HTMLParser):
    """What a browser would run, or load from other places."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is dangerous in a tag."""
        values = dict(attrs)
        if tag in ("iframe", "object", "embed", "img", "base", "style") or (
            tag == "script" and not (values.get("src") or "").startswith("/static/")
        ):
            self.found.append(tag)
        for name, value in attrs:
            address = (value or "").strip()
            is_address = name in ("href", "src", "action", "formaction", "hx-get")
            if name.startswith(("on", "hx-on")) or name == "style":
                self.found.append(name)
            if is_address and (not address.startswith(("/", "#")) or address.startswith(("//", "/\\"))):
                self.found.append(f"{name}={address}")


async def test_nothing_that_strangers_write_is_run_or_loaded(engine: AsyncEngine) -> None:
    async with shown(engine, operator=engine, operators=",".join(HOSTILE)) as one:
        for hostile in HOSTILE:
            await one.handle(message("OrderPlaced", hostile), message("OrderCancelled", hostile, reason=hostile))
            raw = raw_message("PaymentReceived", hostile, message_id=hostile, amount=hostile)
            await one.handle(decode(replace(raw, exchange="saga.events")))
            unknown = raw_message(hostile, hostile, message_id=f"{hostile} too", source=hostile)
            await one.handle(decode(replace(unknown, exchange="saga.events", body=hostile.encode())))
        ids = sorted(letter.id for letter in await operations.list_dead_letters(engine, limit=500))
        assert len(ids) >= len(HOSTILE)
        form = form_in(await one.html(f"/dead-letters/confirm?do=discard&id={ids[0]}"))
        done = await post(one, "/operations", {**form, "reason": " ".join(HOSTILE[:3]), "actor": HOSTILE[1]})
        pages = [
            "/",
            "/dead-letters",
            "/operations",
            done.headers["location"],
            "/timers",
            "/outbox",
            "/instances/order",
        ]
        pages += [f"/dead-letters/{one}" for one in ids] + [f"/dead-letters/{one}/edit" for one in ids[1:]]
        pages += [f"/dead-letters/confirm?do=redrive&id={one}" for one in ids[1:]]
        for hostile in HOSTILE:
            for query in ({"q": hostile}, {"q": hostile, "stay": "1"}):
                pages.append(str(one.client.build_request("GET", "/find", params=query).url.raw_path, "ascii"))
        for page in pages:
            dangers = Dangers()
            dangers.feed((await one.client.get(page, headers={"Accept": "text/html"})).text)
            assert not dangers.found, (page, dangers.found)
