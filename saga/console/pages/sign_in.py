"""`/login` and `/logout`: the form that swaps the token for a cookie that scripts of a page can't read."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga.console.forms import one_of, read_fields
from saga.console.page import Console, NotThere, Page
from saga.console.refusals import peer_of
from saga.console.sessions import COOKIE, SESSION_SECONDS, cookies_in

MOST_BYTES: Final = 4_096
PAUSE_SECONDS: Final = 0.5
"""After a wrong token; guessing one of 16 characters would take for ever anyway. The right one never waits."""

_log = structlog.get_logger()


async def login(console: Console, request: Request) -> Page | Response:  # noqa: ARG001 -- every page has this signature
    """The form, and what was given in it."""
    if not (known := request.scope["sessions"]):
        raise NotThere("This console takes no token.")
    next_ = _local(request.query_params.get("next", "/"))
    if request.method != "POST":
        return Page("login.html", "Sign in", {"next": next_, "problem": None}, {"error": "a token is needed"})
    given = one_of(await read_fields(request, MOST_BYTES), "token")
    name = next((name for name, sessions in known.items() if sessions.is_token(given)), None)
    if name is None:
        request.scope["refusals"].note("wrong token", request.scope)
        await asyncio.sleep(PAUSE_SECONDS)
        problem = "That is not the token of this console."
        return Page("login.html", "Sign in", {"next": next_, "problem": problem}, {"error": problem}, status=401)
    _log.info("signed_in", rights=name, peer=peer_of(request.scope))
    answer = RedirectResponse(next_, 303)
    flags = {"path": "/", "secure": True, "httponly": True}
    answer.set_cookie(COOKIE, known[name].begin(), SESSION_SECONDS, samesite="strict", **flags)  # type: ignore[arg-type]
    return answer


async def logout(console: Console, request: Request) -> Response:  # noqa: ARG001 -- every page has this signature
    """End the session, and forget its cookie and what the browser kept."""
    for value in cookies_in(request.headers.getlist("cookie")):
        for sessions in request.scope["sessions"].values():
            sessions.end(value)
    answer = RedirectResponse("/login", 303, headers={"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def _local(address: str) -> str:
    """The address if it is a page of this console, else the first one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_local = not parts.scheme and not parts.netloc and address.startswith("/") and address.isprintable()
    return address if is_local and not address.startswith("//") and "\\" not in address else "/"
