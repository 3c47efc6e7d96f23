"""The application: addresses, and what goes wrong, as pages."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from saga import operations
from saga.console.access import Guard
from saga.console.forms import NotAllowed, NotFilled
from saga.console.page import (
    Console,
    Handler,
    NotThere,
    Page,
    WronglyAsked,
    asked_by_itself,
    asked_in_one_moment,
    wants_json,
)
from saga.console.pages import (
    acts,
    audit,
    dead_letters,
    editing,
    find,
    instance,
    instances,
    letters_acts,
    logs,
    orders,
    overview,
    processes,
    repairs,
    sign_in,
    stuck,
    waiting,
)
from saga.console.rendering import STATIC
from saga.console.settings import Listen
from saga.operations import LostRace, Unavailable


class _Id(IntegerConvertor):
    """A number that PostgreSQL could have given; Python does not even read one of 5,000 digits."""

    regex = "[0-9]{1,18}"


register_url_convertor("id", _Id())

_KEPT: Final = "public, max-age=31536000, immutable"
"""Addresses of static files have a version in them."""

PAGES: Final[dict[str, Handler]] = {
    "/find": find.find,
    "/instances/{process}": instances.instances,
    "/instances/{process}/{id:path}": instance.instance,
    "/stuck": stuck.stuck,
    "/dead-letters": dead_letters.dead_letters,
    "/dead-letters/{number:id}": dead_letters.dead_letter,
    "/modules": logs.modules,
    "/modules/{module}": logs.module,
    "/cursors": logs.cursors,
    "/timers": waiting.timers,
    "/outbox": waiting.outbox,
    "/processes/{process}": processes.process,
    "/audit": audit.audit,
    "/operations": acts.listed,
    "/operations/{number:id}": acts.one,
    "/dead-letters/confirm": letters_acts.confirm,
}
"""What is asked of the database in one moment."""

_log = structlog.get_logger()


def application(console: Console, listen: Listen) -> ASGIApp:
    """The console as an ASGI application."""

    @asynccontextmanager
    async def watching(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(console.live.run(lambda: _pulse(console)))]
        if console.acting is not None:
            tasks.append(asyncio.create_task(console.acting.run()))
        try:
            yield
        finally:
            console.live.stopping.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await console.checks.stop()
            await console.lookout.stop()

    routes: list[BaseRoute] = [Route(path, asked_in_one_moment(console, handler)) for path, handler in PAGES.items()]
    routes += [
        Route("/", asked_by_itself(console, overview.overview)),
        Route("/processes/{process}/orders", asked_by_itself(console, orders.orders)),
        Route("/operations", asked_by_itself(console, letters_acts.begin), methods=["POST"]),
        Route("/operations/{number:id}/stop", asked_by_itself(console, acts.stop), methods=["POST"]),
        Route("/operations/{number:id}/resume", asked_by_itself(console, acts.resume), methods=["POST"]),
        Route("/dead-letters/{number:id}/edit", asked_by_itself(console, editing.edit), methods=["GET", "POST"]),
        Route("/erase", asked_by_itself(console, repairs.erase), methods=["GET", "POST"]),
        Route("/cursors/repair", asked_by_itself(console, repairs.repair), methods=["GET", "POST"]),
        Route("/login", asked_by_itself(console, sign_in.login), methods=["GET", "POST"]),
        Route("/logout", asked_by_itself(console, sign_in.logout), methods=["POST"]),
        Route("/events", _events(console)),
        Route("/favicon.ico", _icon),
    ]
    routes.append(Mount("/static", _Static(directory=STATIC)))
    pages = Starlette(routes=routes, exception_handlers=_handlers(console), lifespan=watching)
    # It would lead to the host that the request names, and away from HTTPS.
    pages.router.redirect_slashes = False
    # Around all of it: the answer to a failure gets the headers, too.
    return Guard(pages, console.settings, listen)


async def _pulse(console: Console) -> dict[str, str]:
    async with operations.snapshot(console.engine):
        return dict(await operations.read_pulse(console.engine))


def _events(console: Console) -> Callable[[Request], Awaitable[Response]]:
    async def events(_: Request) -> Response:
        if console.live.is_full:
            return PlainTextResponse("Too many watch already.", 503, headers={"Retry-After": "60"})
        return StreamingResponse(console.live.events(), media_type="text/event-stream")

    return events


async def _icon(_: Request) -> Response:
    return Response(status_code=204)


class _Static(StaticFiles):
    """The files that pages look like; a browser keeps them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code == HTTPStatus.OK:
            answer.headers["Cache-Control"] = _KEPT
        return answer


def _handlers(console: Console) -> dict[type[Exception] | int, Callable[[Request, Exception], Awaitable[Response]]]:
    """A page for everything that can go wrong; also for what should not."""

    async def not_there(request: Request, error: Exception) -> Response:
        return _said(console, request, 404, "Nothing is there", str(error))

    async def wrongly_asked(request: Request, error: Exception) -> Response:
        return _said(console, request, 400, "That can't be asked", str(error))

    async def away(request: Request, error: Exception) -> Response:
        first = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        sentence = f"The database did not answer this now: {first}. Ask again, or for less."
        return _said(console, request, 503, "The database did not answer", sentence)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        phrase = HTTPStatus(status).phrase
        sentence = "There is no such page." if status == HTTPStatus.NOT_FOUND else f"{phrase}."
        answer = _said(console, request, status, phrase, sentence)
        answer.headers.update((isinstance(error, HTTPException) and error.headers) or {})
        return answer

    async def gone(request: Request, error: Exception) -> Response:  # noqa: ARG001 -- nobody reads the answer
        return Response(status_code=400)

    async def failed(request: Request, error: Exception) -> Response:
        # Neither the address nor the words of an error: both may have data of a message.
        trace = "".join(traceback.format_tb(error.__traceback__))
        _log.error("page_failed", page=request.scope["path"].split("/")[1], error=type(error).__name__, trace=trace)
        return _said(console, request, 500, "This page failed", "That is a bug of the console: its log says more.")

    async def not_allowed(request: Request, error: Exception) -> Response:
        return _said(console, request, 403, "Not allowed", str(error))

    async def not_filled(request: Request, error: Exception) -> Response:
        return _said(console, request, 400, "Something is missing", str(error))

    return {
        NotAllowed: not_allowed,
        NotFilled: not_filled,
        NotThere: not_there,
        WronglyAsked: wrongly_asked,
        Unavailable: away,
        LostRace: away,
        HTTPException: refused,
        ClientDisconnect: gone,
        Exception: failed,
    }


def _said(console: Console, request: Request, status: int, title: str, sentence: str) -> Response:
    if wants_json(request):
        return JSONResponse({"error": sentence, "exit_code": 1}, status)
    return console.rendered(
        request, Page("message.html", title, {"sentence": sentence, "code": status}, None, (), status)
    )
