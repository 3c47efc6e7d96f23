"""A server of the few lines of HTTP that a scrape and a probe need: one short GET, one answer, and the end.

A framework would be more code than the service has of its own. What a client can cost is bounded: the size of its
request, the time of the whole exchange, and the number of connections at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog

MOST_BYTES: Final = 8 * 1024
"""Of a request with its headers."""
MOST_CONNECTIONS: Final = 16
"""At once; further ones are closed."""
EXCHANGE_SECONDS: Final = 10.0
"""From the connection to the end of the answer."""
TEXT: Final = "text/plain; charset=utf-8"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and a body of the type ``content_type``."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT


Page = Callable[[], Awaitable[Answer]]


def said(status: HTTPStatus, text: str | None = None) -> Answer:
    """An answer of one line: the text, or what the status is called."""
    return Answer(status, f"{text or status.phrase}\n".encode())


@asynccontextmanager
async def serving(host: str, port: int, pages: Mapping[str, Page]) -> AsyncIterator[int]:
    """Serve these pages, by their paths, for as long as the block lasts; gives the port, also where it was 0.

    Raises OSError if the address can't be used.
    """
    under_way: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(under_way) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        under_way.add(task)
        try:
            await _exchange(reader, writer, pages)
        finally:
            under_way.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(accept, host, port, limit=MOST_BYTES)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in under_way:
            task.cancel()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Mapping[str, Page]) -> None:
    with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
        async with asyncio.timeout(EXCHANGE_SECONDS):
            try:
                request = await reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError:
                answer, has_body = said(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), True
            else:
                answer, has_body = await _answer(request, pages)
            writer.write(_head(answer) + (answer.body if has_body else b""))
            await writer.drain()
            writer.close()
            await writer.wait_closed()


async def _answer(request: bytes, pages: Mapping[str, Page]) -> tuple[Answer, bool]:
    """The answer, and whether its body is sent."""
    parts = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        return said(HTTPStatus.BAD_REQUEST), True
    method, target, _ = parts
    if method not in {"GET", "HEAD"}:
        return said(HTTPStatus.METHOD_NOT_ALLOWED), True
    page = pages.get(target.partition("?")[0])
    if page is None:
        return said(HTTPStatus.NOT_FOUND, f"here are {', '.join(pages)}"), method == "GET"
    try:
        return await page(), method == "GET"
    except Exception:  # noqa: BLE001 -- whatever it is, the service works on, and its log has the trace
        _log.exception("endpoint_failed", path=target.partition("?")[0])
        return said(HTTPStatus.INTERNAL_SERVER_ERROR), method == "GET"


def _head(answer: Answer) -> bytes:
    lines = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
