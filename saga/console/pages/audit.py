"""`/audit`: one instance, compared with what the declared tables make of its facts."""

from starlette.requests import Request

from saga import operations
from saga.console.links import instance_link
from saga.console.page import Console, NotThere, Page, WronglyAsked, text_in
from saga.documents.audit import audit_document
from saga.operations import UnknownInstances


async def audit(console: Console, request: Request) -> Page:
    """What differs in an instance, if anything does."""
    process, process_id = console.process(text_in(request, "process") or ""), text_in(request, "id")
    if process_id is None:
        raise WronglyAsked("id in the address is that of an instance.")
    try:
        report = await operations.audit(console.engine, [process], [process_id])
    except UnknownInstances:
        raise NotThere(
            f"Nothing is known of {process.name} {process_id!r}: no message about it was taken in."
        ) from None
    values = {
        "process": process,
        "process_id": process_id,
        "report": report,
        "own_link": instance_link(process.name, process_id),
    }
    return Page("audit.html", f"Audit of {process_id}", values, audit_document(report, [process]))
