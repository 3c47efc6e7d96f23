"""The console behind a real socket, attacked: what breaks HTTP, takes for ever, or holds what others need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.console import app, forms, live, serving
from saga.console.app import application
from saga.console.page import Console
from saga.console.settings import Listen
from tests.console.conftest import shown
from tests.waiting import LIMIT_SECONDS, until_true

TOKEN = "a-token-that-nobody-guesses-0815"
BEARER = f"Authorization: Bearer {TOKEN}"
HERE = "Host: localhost"
END = "Connection: close"
OWN = "Sec-Fetch-Site: same-origin"
TOKENS: dict[str, Any] = {"authentication": "token", "token": TOKEN}


@asynccontextmanager
async def served(console: Console) -> AsyncIterator[int]:
    """The console on a socket of its own; gives the port."""
    made = serving.bind(Listen("127.0.0.1", 0))
    port = made.getsockname()[1]
    stop, ready = asyncio.Event(), asyncio.Event()
    pages = application(console, Listen("127.0.0.1", port))
    task = asyncio.create_task(serving.serve_on(made, pages, stop, ready, console.live.stopping.set))
    try:
        await asyncio.wait_for(ready.wait(), LIMIT_SECONDS)
        yield port
    finally:
        stop.set()
        await task
        made.close()


@pytest.fixture
async def port(engine: AsyncEngine) -> AsyncIterator[int]:
    async with shown(engine, **TOKENS) as one, served(one.console) as port:
        yield port


async def sent(port: int, *data: bytes) -> bytes:
    """All that comes back for these bytes, until the console ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        for part in data:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(LIMIT_SECONDS):
            while part := await reader.read(65_536):
                said += part
    except ConnectionError:
        pass  # that is an end, too
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return said


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join((line, *headers, "", "")).encode("latin-1")


def form(*headers: str) -> bytes:
    return head("POST /login HTTP/1.1", HERE, OWN, "Content-Type: application/x-www-form-urlencoded", *headers)


INNER = head("GET /stuck HTTP/1.1", HERE, BEARER, END)
BROKEN = {
    "two hosts": (head("GET /stuck HTTP/1.1", HERE, HERE, BEARER), 400),
    "no host": (head("GET /stuck HTTP/1.0", BEARER), 421),
    "a host with a path": (head("GET /stuck HTTP/1.1", "Host: localhost/login?", BEARER), 421),
    "a host with a user": (head("GET /stuck HTTP/1.1", "Host: a@localhost", BEARER), 421),
    "a whole address": (head("GET http://localhost/stuck HTTP/1.1", HERE, END), 401),
    "two lengths": (head("POST /login HTTP/1.1", HERE, "Content-Length: 5", "Content-Length: 6") + b"token=", 400),
    "a length and chunks": (form("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + INNER, 400),
    "strange chunks": (form("Transfer-Encoding: xchunked"), 400),
    "a space before the colon": (head("GET /login HTTP/1.1", "Host : localhost"), 400),
    "a NUL in a header": (head("GET /login HTTP/1.1", HERE, "X-A: \0"), 400),
    "a folded header": (head("GET /stuck HTTP/1.1", HERE, "X-A: b", f" {BEARER}", END), 401),
    "a very long path": (head(f"GET /{'x' * 900_000} HTTP/1.1", HERE), 400),
    "a long path": (head(f"GET /{'x' * 60_000} HTTP/1.1", HERE, "Accept: text/html", END), 303),
    "many headers": (head("GET /stuck HTTP/1.1", HERE, *["X-A: b"] * 90_000), 400),
    "a way out of what is open": (head("GET /static/../stuck HTTP/1.1", HERE, END), 404),
    "the same, encoded": (head("GET /static/..%2fstuck HTTP/1.1", HERE, END), 404),
    "the same, from the form": (head("GET /login/../stuck HTTP/1.1", HERE, END), 401),
    "many ranges": (
        head(
            "GET /static/htmx/htmx.min.js HTTP/1.1",
            HERE,
            END,
            f"Range: bytes={','.join(f'{at}-{at}' for at in range(0, 20_000, 2))}",
        ),
        200,
    ),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a star": (head("OPTIONS * HTTP/1.1", HERE), 403),
    "a tunnel": (head("CONNECT localhost:22 HTTP/1.1", HERE), 403),
    "a trace": (head("TRACE /stuck HTTP/1.1", HERE, BEARER), 403),
    "another method in a header": (head("POST /stuck HTTP/1.1", HERE, "X-HTTP-Method-Override: GET"), 403),
    "a websocket": (head("GET /events HTTP/1.1", HERE, "Connection: Upgrade, close", "Upgrade: websocket"), 401),
    "a refused body with a request in it": (
        head("POST /stuck HTTP/1.1", HERE, f"Content-Length: {len(INNER)}") + INNER,
        403,
    ),
}


async def test_what_breaks_http_is_refused_once_and_its_connection_is_ended(port: int) -> None:
    for name, (data, status) in BROKEN.items():
        said = await sent(port, data)
        assert said.startswith(b"HTTP/1.1 %d " % status) or (status == 400 and not said), (name, said[:80])
        assert said.count(b"HTTP/1.1 ") <= 1, name
        assert b"/instances/order" not in said and TOKEN.encode() not in said, name


async def test_a_body_that_breaks_is_no_failure(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert await sent(port, form("Transfer-Encoding: chunked"), b"zz\r\nmore") == b""
    assert await sent(port, form("Content-Length: 9", END), b"token=ab!") != b""
    assert "page_failed" not in capsys.readouterr().out


async def test_a_request_that_does_not_come_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(forms, "BODY_SECONDS", 0.1)
    assert await sent(port) == b""
    assert await sent(port, b"GET /login HTT") == b""
    assert (await sent(port, form("Content-Length: 100"), b"token=")).startswith(b"HTTP/1.1 408 ")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("GET /nothing HTTP/1.1", HERE))
    assert await reader.readuntil(b'..."}')
    writer.write(b"GET /lo")
    with suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), LIMIT_SECONDS) == b""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_an_answer_that_nobody_reads_is_not_kept(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "READ_SECONDS", 0.1)
    asked = head("GET /static/htmx/htmx.min.js HTTP/1.1", HERE)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    with suppress(ConnectionError):
        async with asyncio.timeout(LIMIT_SECONDS):
            while not writer.is_closing():
                writer.write(asked * 50)
                await writer.drain()
                await asyncio.sleep(0)
    assert reader is not None
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    assert b"HTTP/1.1 200" in await sent(port, head("GET /login HTTP/1.1", HERE, END))


@pytest.mark.parametrize("length", ["Content-Length: 90000000", "Transfer-Encoding: chunked"])
async def test_a_large_body_is_not_read_to_its_end(port: int, length: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.1)
    part = b"f000\r\n" + b"x" * 0xF000 + b"\r\n" if "chunked" in length else b"x" * 0xF000
    said = await sent(port, form(length), *[part] * 200)
    assert said == b"" or said.startswith(b"HTTP/1.1 401 ")


async def test_a_stream_ends_so_that_who_watches_is_asked_again(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.0)
    async with shown(engine, **TOKENS) as one, served(one.console) as port:
        assert b": watching" in await sent(port, head("GET /events HTTP/1.1", HERE, BEARER, END))
        assert not one.console.live.is_full


async def test_streams_are_bounded_and_given_back(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_CLIENTS", 2)
    asked = head("GET /events HTTP/1.1", HERE, BEARER, END)
    async with shown(engine, **TOKENS) as one, served(one.console) as port:
        watching = [asyncio.create_task(sent(port, asked)) for _ in range(20)]
        await until_true(lambda: sum(task.done() for task in watching) == 18)
        watching = [task for task in watching if not task.done()]
        assert one.console.live.is_full
        assert (await sent(port, asked)).startswith(b"HTTP/1.1 503 ")
        watching[0].cancel()
        await until_true(lambda: not one.console.live.is_full)
        one.console.live.stopping.set()
        await asyncio.gather(*watching, return_exceptions=True)


async def test_the_log_of_a_failure_has_no_word_of_it(
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "xyzzy of a message"

    async def fails(*_: Any) -> Any:
        raise ValueError(words)

    monkeypatch.setitem(app.PAGES, "/stuck", fails)
    async with shown(engine, **TOKENS) as one, served(one.console) as port:
        said = await sent(port, head("GET /stuck?secret=xyzzy HTTP/1.1", HERE, BEARER, END))
        assert b"of a message" not in said and said.startswith(b"HTTP/1.1 500 ") and b"content-security-policy" in said
    logged = capsys.readouterr()
    assert "page_failed" in logged.out + logged.err
    assert "xyzzy" not in logged.out + logged.err + caplog.text
