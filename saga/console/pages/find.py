"""`/find`: what an id in somebody's hand is about."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga import operations
from saga.console.links import instance_link, letter_link, module_link
from saga.console.page import Console, Page, text_in, wants_json
from saga.documents.as_data import as_data
from saga.operations import Found


async def find(console: Console, request: Request) -> Page | Response:
    """What the text in the address names; where that is one thing, its page."""
    asked = text_in(request, "q")
    found = await operations.find(console.engine, tuple(console.processes.values()), asked) if asked else ()
    exact = [one for one in found if one.exact]
    only = exact[0] if len(exact) == 1 else found[0] if len(found) == 1 else None
    if only is not None and not wants_json(request) and "stay" not in request.query_params:
        return RedirectResponse(_link(only), 303)
    document = {"q": asked, "found": [as_data(one) for one in found], "count": len(found)}
    values = {"q": asked or "", "found": [(one, _link(one)) for one in found]}
    return Page("find.html", f"Find {asked}" if asked else "Find", values, document)


def _link(one: Found) -> str:
    if one.kind == "dead letter":
        return letter_link(int(one.id))
    if one.process is not None and one.process_id is not None:
        return instance_link(one.process, one.process_id)
    module, _, position = one.id.partition("/")
    return module_link(module, after=max(int(position) - 1, 0), internal="yes")
