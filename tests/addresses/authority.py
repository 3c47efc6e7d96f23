"""Certificates of a test's own, and a server that speaks TLS in front of one that does not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Files:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own is in the file ``root``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._ca = trustme.CA()
        self.root = folder / "root.pem"
        self._ca.cert_pem.write_to_path(self.root)

    def issue(self, *names: str) -> Files:
        """A certificate for these hosts, or for a client."""
        issued = self._ca.issue_cert(*names)
        files = Files(self._folder / f"{names[0]}.pem", self._folder / f"{names[0]}.key")
        for number, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(files.certificate, append=number > 0)
        issued.private_key_pem.write_to_path(files.key)
        return files

    def context(self, *names: str, wants_client: bool = False) -> ssl.SSLContext:
        """What a server with these names shows, and whom it lets in."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        files = self.issue(*names)
        context.load_cert_chain(files.certificate, files.key)
        if wants_client:
            context.load_verify_locations(self.root)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Front:
    """Passes bytes on to a server; with a context, it speaks TLS itself. It counts who got through."""

    def __init__(self, upstream: tuple[str, int], context: ssl.SSLContext | None, *, postgres: bool) -> None:
        self.port = 0
        self.passed = 0
        self._upstream = upstream
        self._context = context
        self._postgres = postgres
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        at_once = None if self._postgres else self._context
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=at_once)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if self._postgres and self._context is not None:
                await reader.readexactly(8)
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._context)
            answers, upstream = await asyncio.open_connection(*self._upstream)
            self.passed += 1
            both: list[Awaitable[None]] = [_copy(reader, upstream), _copy(answers, writer)]
            await asyncio.gather(*both)
        writer.close()


@asynccontextmanager
async def front(
    upstream: tuple[str, int], context: ssl.SSLContext | None, *, postgres: bool = False
) -> AsyncIterator[Front]:
    """A front that is open while the block runs."""
    opened = Front(upstream, context, postgres=postgres)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
    finally:
        writer.close()
