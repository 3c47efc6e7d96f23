"""A page: what a handler gives, and how it is answered, as HTML or as the document that a command prints."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from saga import operations
from saga.console.acting import Acting
from saga.console.checks import Checks
from saga.console.drawing import Drawings
from saga.console.forms import MOST_NAME, Fields, NotAllowed, NotFilled, one_of, read_fields
from saga.console.live import Live
from saga.console.lookout import Lookout
from saga.console.sessions import OPERATOR, VIEWER
from saga.console.settings import Authentication, ConsoleSettings
from saga.core import Process
from saga.documents.json_text import json_text
from saga.documents.lag import BrokerView
from saga.operations import ListedInstance

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

JSON: Final = "application/json"
SINCE: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
NAME_COOKIE: Final = "saga-name"
NAME_SECONDS: Final = 90 * 86_400
STATEMENT_SECONDS: Final = 2.0
STUCK_SECONDS: Final = 30.0
"""For the one statement that reads all that is open; no page waits for it."""
MOST_STUCK: Final = 501


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on a page. ``document`` is the same for programs; ``follows`` names what it is asked again for."""

    template: str
    title: str
    values: Mapping[str, Any]
    document: Any
    follows: Sequence[str] = ()
    status: int = 200


class NotThere(Exception):
    """What a page should be about is not there; the message is a sentence."""


class WronglyAsked(Exception):
    """The address of a page can't be understood; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Console:
    """What pages ask: a system's database, its processes by name, and its broker."""

    engine: "AsyncEngine"
    processes: Mapping[str, Process]
    settings: ConsoleSettings
    templates: Environment
    checks: Checks
    look_at_broker: Callable[[], Awaitable[BrokerView]]
    prefix: str = "saga"
    acting: Acting | None = None
    drawings: Drawings = field(default_factory=Drawings)
    live: Live = field(default_factory=Live)
    _lookouts: list[Lookout] = field(default_factory=list)

    @property
    def lookout(self) -> Lookout:
        """Who knows what is stuck."""
        if not self._lookouts:
            self._lookouts.append(Lookout(self._look_for_stuck))
        return self._lookouts[0]

    async def _look_for_stuck(self) -> tuple[ListedInstance, ...]:
        async with operations.snapshot(self.engine, statement_seconds=STUCK_SECONDS):
            return await operations.list_instances(
                self.engine, tuple(self.processes.values()), stuck=True, limit=MOST_STUCK
            )

    def process(self, name: str) -> Process:
        """The process of this name. Raises NotThere."""
        if (found := self.processes.get(name)) is None:
            raise NotThere(f"SAGA_PROCESSES names no process {name!r} here, only {', '.join(self.processes)}.")
        return found

    def acting_for(self, request: Request) -> Acting:
        """What it takes to act. Raises NotAllowed if whoever asks may not."""
        if self.acting is None:
            raise NotAllowed("Nobody may act here: SAGA_CONSOLE_OPERATOR_DATABASE_URL is not set.")
        if not request.scope.get("may_act", False):
            raise NotAllowed("Only operators may do this.")
        return self.acting

    def form_token(self, request: Request) -> str:
        """What a form of this user has to carry; empty where nobody may act."""
        return "" if self.acting is None else self.acting.forms.token(request.scope.get("user") or "")

    async def form_of(self, request: Request) -> tuple[Acting, Fields]:
        """What it takes to act, and what an operator filled in. Raises NotAllowed, and NotFilled."""
        acting = self.acting_for(request)
        fields = await read_fields(request)
        if not acting.forms.is_good(one_of(fields, "form_token"), request.scope.get("user") or ""):
            raise NotAllowed("This form is too old, too large, or not of this console: open its page again.")
        return acting, fields

    def actor(self, request: Request, fields: Fields) -> str:
        """Who acts: as the proxy says or, where a token is shared or nobody is asked, as they say. Raises NotFilled."""
        if self.settings.authentication is Authentication.PROXY:
            return str(request.scope["user"])
        if not (name := one_of(fields, "actor")) or len(name) > MOST_NAME:
            raise NotFilled(f"Say who you are, in at most {MOST_NAME} characters: it is recorded.")
        request.scope["acted_as"] = name
        return name

    def rendered(self, request: Request, page: Page) -> Response:
        """The answer to a request for a page."""
        if wants_json(request):
            return Response(f"{json_text(page.document)}\n", page.status, media_type=JSON)
        is_known = self.settings.authentication is not Authentication.TOKEN or "user" in request.scope
        known = {
            "title": page.title,
            "here": here(request),
            "follows": page.follows,
            "processes": tuple(self.processes) if is_known else (),
            "user": request.scope.get("user"),
            "may_act": self.acting is not None and request.scope.get("may_act", False),
            "form_token": self.form_token(request),
            "known_name": unquote(request.cookies.get(NAME_COOKIE, "")),
            "is_named": self.settings.authentication is Authentication.PROXY,
            "may_leave": request.scope.get("user") in (OPERATOR, VIEWER) and self.settings.token is not None,
            "find_text": request.query_params.get("q", "") if request.scope["path"] == "/find" else "",
        }
        return HTMLResponse(self.templates.get_template(page.template).render(**known, **page.values), page.status)


Handler = Callable[[Console, Request], Awaitable[Page | Response]]


def asked_in_one_moment(console: Console, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Answers requests with a handler, whose questions are of one moment."""

    async def answer(request: Request) -> Response:
        _require_text(request)
        async with operations.snapshot(console.engine, statement_seconds=STATEMENT_SECONDS):
            page = await handler(console, request)
        return console.rendered(request, page) if isinstance(page, Page) else page

    return answer


def asked_by_itself(console: Console, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Answers requests with a handler that asks no database, or takes moments of its own."""

    async def answer(request: Request) -> Response:
        _require_text(request)
        page = await handler(console, request)
        response = console.rendered(request, page) if isinstance(page, Page) else page
        if name := request.scope.get("acted_as"):
            # Only to fill in the next form: a name that somebody typed proves nothing.
            response.set_cookie(NAME_COOKIE, quote(name), NAME_SECONDS, samesite="strict", httponly=True)
        return response

    return answer


def _require_text(request: Request) -> None:
    """Raise NotThere for a path with the character that PostgreSQL can't store: nothing has such a name."""
    if "\0" in request.scope["path"] or any("\0" in str(part) for part in request.path_params.values()):
        raise NotThere("Nothing has such a name.")


def here(request: Request) -> str:
    """The address of a page, as a link within this console. With two slashes it would be one to another site."""
    path = "/" + quote(request.scope["path"], safe="/").lstrip("/")
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def wants_json(request: Request) -> bool:
    """Whether a program asks: by its Accept header, or in the address."""
    accepted = request.headers.get("accept", "")
    return request.query_params.get("as") == "json" or (JSON in accepted and "text/html" not in accepted)


def number_in(request: Request, name: str, *, least: int, most: int, default: int) -> int:
    """A number in the address. Raises WronglyAsked."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
        raise WronglyAsked(f"{name} in the address is a number from {least} to {most}.")
    return int(text)


def since_in(request: Request) -> datetime | None:
    """The moment that ``since`` in the address says; None without one. Raises WronglyAsked."""
    if (since := text_in(request, "since")) is None:
        return None
    if since not in SINCE:
        raise WronglyAsked(f"since in the address is one of {', '.join(SINCE)}.")
    return datetime.now(UTC) - SINCE[since]


def text_in(request: Request, name: str) -> str | None:
    """A text in the address; None without one. No id has the character that PostgreSQL can't store."""
    return request.query_params.get(name, "").replace("\0", "\ufffd").strip() or None
