"""`/login` and `/logout`: the form that swaps the token for a cookie that scripts of a page can't read."""

import asyncio
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga.console.access import COOKIE, SESSION_SECONDS, Sessions
from saga.console.page import Console, NotThere, Page

MOST_BYTES: Final = 4_096
PAUSE_SECONDS: Final = 0.5
"""After a wrong token; guessing one of 16 characters would take for ever anyway."""


async def login(console: Console, request: Request) -> Page | Response:
    """The form, and what was given in it."""
    if console.settings.token is None:
        raise NotThere("This console takes no token.")
    sessions = Sessions(console.settings.token.get_secret_value())
    next_ = _local(request.query_params.get("next", "/"))
    if request.method != "POST":
        return Page("login.html", "Sign in", {"next": next_, "problem": None}, {"error": "a token is needed"})
    given = parse_qs((await _body(request)).decode("utf-8", "replace"), max_num_fields=10)
    if not sessions.is_token(given.get("token", [""])[0].strip()):
        await asyncio.sleep(PAUSE_SECONDS)
        problem = "That is not the token of this console."
        return Page("login.html", "Sign in", {"next": next_, "problem": problem}, {"error": problem}, status=401)
    answer = RedirectResponse(next_, 303)
    flags = {"path": "/", "secure": True, "httponly": True}
    answer.set_cookie(COOKIE, sessions.begin(), SESSION_SECONDS, samesite="strict", **flags)  # type: ignore[arg-type]
    return answer


async def logout(console: Console, request: Request) -> Response:  # noqa: ARG001 -- every page has this signature
    """Forget the cookie."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return b""
    return body


def _local(address: str) -> str:
    """The address if it is a page of this console, else the first one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    is_local = not parts.scheme and not parts.netloc and address.startswith("/") and address.isprintable()
    return address if is_local and not address.startswith("//") and "\\" not in address else "/"
