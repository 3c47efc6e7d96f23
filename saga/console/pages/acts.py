"""`/operations`: what operators did, why, and what came of each thing."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga import operations
from saga.console.links import operation_link
from saga.console.page import Console, NotThere, Page, number_in, text_in
from saga.documents.operations import operation_document, operations_document
from saga.operations import NotRunning, UnknownOperation

LISTED: Final = 50
FOLLOWS: Final = ("operations",)
_LAST: Final = 2**63 - 1


async def listed(console: Console, request: Request) -> Page:
    """The operations, newest first."""
    before = number_in(request, "before", least=1, most=_LAST, default=_LAST)
    limit = number_in(request, "limit", least=1, most=500, default=LISTED)
    found = await operations.list_operations(console.engine, before=before, limit=limit + 1)
    shown, more = found[:limit], len(found) > limit
    values = {"operations": shown, "earlier": shown[-1].id if more else None}
    return Page("operations.html", "Operations", values, operations_document(shown, more=more), FOLLOWS)


async def one(console: Console, request: Request) -> Page:
    """One operation."""
    number, after = request.path_params["number"], text_in(request, "after") or ""
    limit = number_in(request, "limit", least=1, most=1_000, default=LISTED)
    try:
        report = await operations.read_operation(console.engine, number, after=after, limit=limit + 1)
    except UnknownOperation:
        raise NotThere(f"There is no operation {number}.") from None
    items, more = report.items[:limit], len(report.items) > limit
    values = {
        "one": report,
        "items": items,
        "answered": sum(report.answers.values()),
        "more": items[-1].item if more else None,
        "is_of_letters": report.action in ("redrive", "edit", "discard"),
    }
    document = operation_document(report, more=more)
    return Page("operation.html", f"Operation {number}", values, document, FOLLOWS if not after else ())


async def stop(console: Console, request: Request) -> Response:
    """Stop a running operation."""
    acting, fields = await console.form_of(request)
    number = request.path_params["number"]
    try:
        await operations.stop_operation(acting.engine, number, actor=console.actor(request, fields))
    except UnknownOperation:
        raise NotThere(f"There is no operation {number}.") from None
    except NotRunning:
        pass  # it ended meanwhile, as its page says
    return RedirectResponse(operation_link(number), 303)


async def resume(console: Console, request: Request) -> Response:
    """Let an operation go on that was stopped."""
    acting, fields = await console.form_of(request)
    number = request.path_params["number"]
    try:
        await operations.resume_operation(acting.engine, number, actor=console.actor(request, fields))
    except UnknownOperation:
        raise NotThere(f"There is no operation {number}.") from None
    except NotRunning:
        pass  # it goes on already, or is done, as its page says
    acting.begun.set()
    return RedirectResponse(operation_link(number), 303)
