"""Who may ask, and what every answer carries: a layer around the pages that knows nothing of them.

A page of another site can make a browser ask this console, so the console checks the name by which it was called (a
foreign name that leads to this machine is DNS rebinding), and takes the form with the token only from its own pages.
"""

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga.console.settings import Authentication, ConsoleSettings, Listen

COOKIE: Final = "__Host-saga"
OPERATOR: Final = "operator token"
VIEWER: Final = "token"
SESSION_SECONDS: Final = 8 * 3_600
OPEN_PATHS: Final = ("/login", "/static/")
"""What is answered to anybody: the form for the token, and what it looks like."""

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Sessions:
    """Cookies in place of a token: an end and a signature. A new token ends them all; nothing is stored."""

    token: str

    def is_token(self, given: str) -> bool:
        """Whether this is the token, in a time that does not depend on where they differ."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def begin(self, now: float | None = None) -> str:
        """A cookie's value that is good for eight hours."""
        until = str(int((time.time() if now is None else now) + SESSION_SECONDS))
        return f"{until}.{self._signed(until)}"

    def is_open(self, value: str, now: float | None = None) -> bool:
        """Whether a cookie's value is one that we gave and that has not ended."""
        until, _, signature = value.partition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signed(until).encode()):
            return False
        return int(until) > (time.time() if now is None else now)

    def _signed(self, until: str) -> str:
        key = sha256(b"saga console session\0" + self.token.encode()).digest()
        return hmac.new(key, until.encode("utf-8", "replace"), sha256).hexdigest()


def sessions_of(settings: ConsoleSettings) -> dict[str, Sessions]:
    """Those of operators and of all others, by the name of their token; none where no token is asked for."""
    if settings.authentication is not Authentication.TOKEN:
        return {}
    tokens = {OPERATOR: settings.operator_token, VIEWER: settings.token}
    return {name: Sessions(token.get_secret_value()) for name, token in tokens.items() if token is not None}


class Guard:
    """Lets through what may be asked, and puts the headers on every answer, also on refusals."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings, listen: Listen) -> None:
        self._app = app
        self._settings = settings
        self._listen = listen
        self._networks = settings.networks
        self._sessions = sessions_of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
                answered.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = self._refusal(scope, headers)
        await (self._app if refused is None else refused)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if not self._is_called_rightly(headers.get("host", "")):
            return PlainTextResponse("The console is not called by this name here: see SAGA_CONSOLE_HOSTS.", 421)
        if scope["method"] not in ("GET", "HEAD") and not _is_own(headers):
            return PlainTextResponse("This form is not of a page of this console.", 403)
        return self._unauthenticated(scope, headers)

    def _is_called_rightly(self, host: str) -> bool:
        name = _name_in(host)
        if self._listen.is_local:
            return name in self._settings.host_names or name in ("localhost", "127.0.0.1", "::1", self._listen.host)
        return not self._settings.host_names or name in self._settings.host_names

    def _unauthenticated(self, scope: Scope, headers: Headers) -> Response | None:
        """The refusal if it is not known who asks; else None, and ``scope`` says who."""
        match self._settings.authentication:
            case Authentication.NONE:
                scope["may_act"] = True
                return None
            case Authentication.PROXY:
                user = headers.get(self._settings.user_header, "").strip()
                if user and self._is_proxy(scope):
                    groups = ",".join(headers.getlist(self._settings.groups_header))
                    scope["user"], scope["may_act"] = user, self._settings.may_act(user, groups)
                    return None
                return PlainTextResponse("Only the proxy in front of this console may ask, for a user.", 403)
            case Authentication.TOKEN:
                for name, sessions in self._sessions.items():
                    if self._knows(sessions, headers):
                        scope["user"], scope["may_act"] = name, name == OPERATOR
                        return None
                return None if scope["path"].startswith(OPEN_PATHS) else _to_login(scope, headers)

    def _knows(self, sessions: Sessions, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and sessions.is_token(given.strip()):
            return True
        return any(sessions.is_open(value) for value in _cookies(headers.getlist("cookie")))

    def _is_proxy(self, scope: Scope) -> bool:
        peer = scope.get("client")
        if peer is None:
            return False
        try:
            address = ip_address(peer[0])
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _name_in(host: str) -> str:
    """The name in a Host header, without the port; empty for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if host.isprintable() and "/" not in host else ""
    except ValueError:
        return ""


def _to_login(scope: Scope, headers: Headers) -> Response:
    if "text/html" not in headers.get("accept", ""):
        challenge = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"error": "A token is needed: Authorization: Bearer ..."}, 401, headers=challenge)
    asked = quote(scope["path"], safe="/")
    if query := scope.get("query_string", b"").decode("ascii", "replace"):
        asked = f"{asked}?{query}"
    return RedirectResponse(f"/login?next={quote(asked, safe='')}", 303)


def _is_own(headers: Headers) -> bool:
    """Whether a form came from a page of this console, as the browser says, which a page can't change."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")


def _cookies(lines: Iterable[str]) -> list[str]:
    found = []
    for line in lines:
        try:
            morsel = SimpleCookie(line).get(COOKIE)
        except CookieError:
            continue
        if morsel is not None:
            found.append(morsel.value)
    return found
