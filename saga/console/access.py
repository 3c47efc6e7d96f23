"""Who may ask, and what every answer carries: a layer around the pages that knows nothing of them."""

import traceback
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga.console.origin import is_load_of_another_site, is_own_form, name_in
from saga.console.refusals import Refusals
from saga.console.sessions import OPERATOR, Sessions, cookies_in, sessions_of
from saga.console.settings import Authentication, ConsoleSettings, Listen

OPEN_PAGE: Final = "/login"
OPEN_FOLDER: Final = "/static/"
"""What is answered to anybody: the form for the token, and what it looks like."""
MOST_USER: Final = 255
MOST_NEXT: Final = 2_000
NOBODY: Final = ("", "(null)")
"""What a proxy writes that knows no user: Apache writes the second."""
OF_PROXIES: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host")

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

_log = structlog.get_logger()


class _Refused(Exception):
    """A request that is not answered; the reason is for the log, the sentence for whoever asks."""

    def __init__(self, reason: str, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.reason = reason
        # What comes after it on this connection may be the rest of it, not a request.
        self.answer = PlainTextResponse(sentence, status, {"Connection": "close"})


class Guard:
    """Lets through what may be asked, and puts the headers on every answer, also on refusals."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings, listen: Listen) -> None:
        self._app = app
        self._settings = settings
        self._listen = listen
        self._networks = settings.networks
        self._sessions = sessions_of(settings)
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
                answered.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._answering(scope)(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 -- the server would log its words, which may have data of a message
            if not begun:
                _failed(error)
                await PlainTextResponse("This page failed.", 500)(scope, receive, send_guarded)

    def _answering(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        scope["sessions"], scope["refusals"] = self._sessions, self._refusals
        try:
            self._check_origin(scope, headers)
            self._check_user(scope, headers)
        except _Refused as refused:
            self._refusals.note(refused.reason, scope)
            return refused.answer
        return self._app if self._is_open_to(scope) else _to_login(scope, headers)

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        if not self._is_called_rightly(name_in(headers)):
            raise _Refused("name", "The console is not called by this name here: see SAGA_CONSOLE_HOSTS.", 421)
        if "transfer-encoding" in headers and "content-length" in headers:
            raise _Refused("two lengths", "A request has one length.", 400)
        if scope["method"] not in ("GET", "HEAD"):
            if not is_own_form(headers):
                raise _Refused("form of another site", "This form is not of a page of this console.", 403)
        elif is_load_of_another_site(headers):
            raise _Refused("load of another site", "A page of another site may only link to this console.", 403)

    def _is_called_rightly(self, name: str) -> bool:
        if self._listen.is_local:
            return name in self._settings.host_names or name in ("localhost", "127.0.0.1", "::1", self._listen.host)
        return name in self._settings.host_names if self._settings.host_names else name != ""

    def _check_user(self, scope: Scope, headers: Headers) -> None:
        """Put into ``scope`` who asks."""
        match self._settings.authentication:
            case Authentication.NONE:
                if any(name in headers for name in OF_PROXIES):
                    raise _Refused(
                        "proxy without authentication",
                        "A proxy is in front of this console, so others reach it: set SAGA_CONSOLE_AUTHENTICATION.",
                        403,
                    )
                scope["may_act"] = True
            case Authentication.PROXY:
                scope["user"], scope["may_act"] = self._user_of_proxy(scope, headers)
            case Authentication.TOKEN:
                for name, sessions in self._sessions.items():
                    if _knows(sessions, headers):
                        scope["user"], scope["may_act"] = name, name == OPERATOR
                        return
                if "authorization" in headers:
                    self._refusals.note("wrong token", scope)

    def _user_of_proxy(self, scope: Scope, headers: Headers) -> tuple[str, bool]:
        if not self._is_proxy(scope):
            raise _Refused("no proxy", "Only the proxy in front of this console may ask, for a user.", 403)
        users, groups = headers.getlist(self._settings.user_header), headers.getlist(self._settings.groups_header)
        if len(users) > 1 or len(groups) > 1:
            sentence = "The user or the groups were named twice: the proxy has to remove what comes from outside."
            raise _Refused("user named twice", sentence, 403)
        user = _decoded(users[0]).strip() if users else ""
        if user in NOBODY:
            raise _Refused("no user", "Only the proxy in front of this console may ask, for a user.", 403)
        if len(user) > MOST_USER or "," in user or not user.isprintable():
            sentence = f"A user has a name of at most {MOST_USER} visible characters, without commas."
            raise _Refused("user with a strange name", sentence, 403)
        return user, self._settings.may_act(user, _decoded(groups[0]) if groups else "")

    def _is_open_to(self, scope: Scope) -> bool:
        if self._settings.authentication is not Authentication.TOKEN or "user" in scope:
            return True
        path: str = scope["path"]
        return path == OPEN_PAGE or path.startswith(OPEN_FOLDER)

    def _is_proxy(self, scope: Scope) -> bool:
        peer = scope.get("client")
        if peer is None:
            return False
        try:
            address = ip_address(peer[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _knows(sessions: Sessions, headers: Headers) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and sessions.is_token(given.strip()):
        return True
    return any(sessions.is_open(value) for value in cookies_in(headers.getlist("cookie")))


def _decoded(value: str) -> str:
    """A header as proxies write it, in UTF-8, where it is that."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _to_login(scope: Scope, headers: Headers) -> Response:
    if "text/html" not in headers.get("accept", ""):
        challenge = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"error": "A token is needed: Authorization: Bearer ..."}, 401, headers=challenge)
    asked = quote(scope["path"], safe="/")
    if query := scope.get("query_string", b"").decode("ascii", "replace"):
        asked = f"{asked}?{query}"
    return RedirectResponse(f"/login?next={quote(asked, safe='') if len(asked) <= MOST_NEXT else '%2F'}", 303)


def _failed(error: Exception) -> None:
    trace = "".join(traceback.format_tb(error.__traceback__))
    _log.error("page_failed", page="", error=type(error).__name__, trace=trace)
