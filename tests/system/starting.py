"""Services that start where something is wrong: as processes of their own, read line by line."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.waiting import LIMIT_SECONDS

MODULES = {"worker": ("saga", "run"), "scheduler": ("saga_scheduler",), "gateway_stub": ("saga_gateway_stub",)}


class Starting:
    """One service. Whatever it says has to be one JSON object a line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    async def hears(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that is wanted; it must come."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while line := await self._next():
                if wanted(line):
                    return line
        raise AssertionError(f"it ended with {await self.process.wait()}: {self.said}")

    async def event(self, name: str) -> dict[str, Any]:
        return await self.hears(lambda line: line["event"] == name)

    async def ends(self) -> int:
        async with asyncio.timeout(LIMIT_SECONDS):
            while await self._next():
                pass
            return await self.process.wait()

    async def _next(self) -> dict[str, Any] | None:
        assert self.process.stderr is not None
        if not (line := await self.process.stderr.readline()):
            return None
        said: dict[str, Any] = json.loads(line)
        self.said.append(said)
        return said


@asynccontextmanager
async def starting(service: str, environment: Mapping[str, str]) -> AsyncIterator[Starting]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SAGA_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *MODULES[service]),
        env=inherited | dict(environment),
        stderr=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        yield Starting(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Door:
    """A port of its own before a server: closed at first, so that the server seems to be away."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = _free_port()

    @property
    def url(self) -> str:
        """The server's address, through the door."""
        login = self._to.netloc.rpartition("@")[0]
        return self._to._replace(netloc=f"{login}@127.0.0.1:{self.port}").geturl()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Nobody comes in, and whoever is in is thrown out."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._open |= {writer, inner_writer}
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        self._open -= {writer, inner_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while some := await reader.read(2**16):
            writer.write(some)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
