"""The pages of a service's endpoint."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import structlog

from saga.endpoint.http import Answer, Page, said, serving
from saga.endpoint.probes import Probes
from saga.metrics.instruments import Exposition, switched_on
from saga.metrics.table import BUILD_INFO, SPANS_LOST, TABLE
from saga.service import CannotStart
from saga.tracing import LOSSES

EXPOSITION_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_log = structlog.get_logger()


@asynccontextmanager
async def listening(address: tuple[str, int] | None, stop: asyncio.Event) -> AsyncIterator[Probes]:
    """Keep metrics and answer on this address for as long as the block lasts; do neither if there is no address.

    Raises CannotStart if the address can't be used.
    """
    probes = Probes(stop)
    if address is None:
        yield probes
        return
    host, port = address
    async with AsyncExitStack() as opened:
        exposition = opened.enter_context(switched_on(TABLE))
        BUILD_INFO.replace({(_version(),): 1})
        for cause in LOSSES:
            SPANS_LOST.add(0, cause)
        try:
            listened = await opened.enter_async_context(serving(host, port, _pages(probes, exposition)))
        except OSError as error:
            problem = f"SAGA_METRICS_LISTEN names {host}:{port}, which can't be listened on: {error.strerror or error}"
            raise CannotStart(f"{problem}.") from error
        _log.info("listening", host=host, port=listened)
        yield probes


def _pages(probes: Probes, exposition: Exposition) -> Mapping[str, Page]:
    async def metrics() -> Answer:
        return Answer(HTTPStatus.OK, exposition(), EXPOSITION_TYPE)

    async def healthz() -> Answer:
        return _probed(probes.standing_loops())

    async def readyz() -> Answer:
        return _probed(await probes.obstacles())

    return {"/metrics": metrics, "/healthz": healthz, "/readyz": readyz}


def _probed(problems: list[str]) -> Answer:
    if problems:
        return said(HTTPStatus.SERVICE_UNAVAILABLE, "\n".join(problems))
    return said(HTTPStatus.OK)


def _version() -> str:
    try:
        return version("saga")
    except PackageNotFoundError:
        return "unknown"
