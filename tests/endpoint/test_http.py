"""The endpoint answers a short GET, and nothing that a client does costs more than that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus

import pytest

from saga.endpoint import http
from saga.endpoint.http import MOST_BYTES, MOST_CONNECTIONS, Answer, said, serving
from tests.endpoint.asking import asked, sent


async def page() -> Answer:
    return said(HTTPStatus.OK, "here")


async def broken() -> Answer:
    raise ZeroDivisionError


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving("127.0.0.1", 0, {"/page": page, "/broken": broken}) as opened:
        yield opened


async def test_a_page_is_given(port: int) -> None:
    assert await asked(port, "/page") == (200, "here\n")
    assert await asked(port, "/page?any=thing") == (200, "here\n")


async def test_a_head_has_no_body(port: int) -> None:
    assert await asked(port, "/page", method="HEAD") == (200, "")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /other HTTP/1.1\r\n\r\n", 404),
        (b"POST /page HTTP/1.1\r\n\r\n", 405),
        (b"GET /page\r\n\r\n", 400),
        (b"\xff\xfe\r\n\r\n", 400),
        (b"GET /broken HTTP/1.0\r\n\r\n", 500),
        (b"GET /page HTTP/1.1\r\nX: " + b"x" * (MOST_BYTES + 1), 431),
    ],
)
async def test_whatever_else_is_refused(port: int, request_: bytes, status: int) -> None:
    assert (await sent(port, request_))[0] == status
    assert (await asked(port, "/page"))[0] == 200


async def test_a_client_that_says_nothing_is_left(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "EXCHANGE_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


async def test_more_clients_than_the_bound_are_turned_away_and_the_others_served(port: int) -> None:
    waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
    await asyncio.gather(*(_begin(writer) for _, writer in waiting))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    for _, one in waiting:
        one.write(b" /page HTTP/1.1\r\n\r\n")
    answers = [await one.read() for one, _ in waiting]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    for _, one in waiting:
        one.close()


async def _begin(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET")
    await writer.drain()
