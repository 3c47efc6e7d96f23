"""Asks an endpoint as a client that knows no more than HTTP."""

import asyncio


async def asked(port: int, path: str, *, method: str = "GET", headers: str = "") -> tuple[int, str]:
    """The status and the body of the answer."""
    return await sent(port, f"{method} {path} HTTP/1.1\r\nHost: here\r\n{headers}\r\n".encode())


async def sent(port: int, request: bytes) -> tuple[int, str]:
    """The status and the body of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    finally:
        writer.close()
    assert "Connection: close" in head
    return int(head.split(" ")[1]), body
