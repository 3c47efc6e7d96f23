"""`/instances/{process}`: the instances of a process, with filters in the address."""

import csv
from io import StringIO
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from saga import operations
from saga.console.links import instances_link
from saga.console.page import SINCE, Console, Page, WronglyAsked, number_in, since_in, text_in, wants_json
from saga.console.pages.instance import instance
from saga.core import Process
from saga.documents.instances import instances_document, many_of
from saga.operations import InstanceFilter, InstancePage, NoSuchPlace

LISTED: Final = 50
MOST: Final = 200
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_ATTACHED: Final = 'attachment; filename="instances.csv"'


async def instances(console: Console, request: Request) -> Page | Response:
    """A page of a process's instances, as a table for spreadsheets too, or the one whose id is in the query."""
    process = console.process(request.path_params["process"])
    if "id" in request.query_params:
        request.path_params["id"] = request.query_params["id"].replace("\0", "\ufffd")
        return await instance(console, request)
    limit = number_in(request, "limit", least=1, most=MOST, default=LISTED)
    wanted, before = _wanted(process, request), text_in(request, "before")
    if wants_json(request) and before is None and wanted.settled is None and not wanted.states:
        found = await operations.list_instances(
            console.engine, [process], outcome=wanted.outcome, since=wanted.since, limit=limit + 1
        )
        document = instances_document([process], found[:limit], more=len(found) > limit)
        return Page("instances.html", process.name, {}, document)
    try:
        page = await operations.page_instances(console.engine, process, wanted, before=before, limit=limit)
    except NoSuchPlace as error:
        raise WronglyAsked(f"{error}: begin at its first page.") from None
    if request.query_params.get("as") == "csv":
        return _table(process, page)
    asked = {name: request.query_params.get(name, "") for name in ("outcome", "settled", "since")}
    asked |= {f"in.{machine.name}": request.query_params.get(f"in.{machine.name}", "") for machine in process.machines}
    values = {
        "process": process,
        "page": page,
        "asked": asked,
        "filtered": any(asked.values()),
        "sinces": tuple(SINCE),
        "table": instances_link(process.name, **asked, before=before, limit=MOST, **{"as": "csv"}),
        "earlier": page.earlier and instances_link(process.name, **asked, before=page.earlier),
        "is_first": before is None,
        "many": many_of([process]),
    }
    document = instances_document([process], page.instances, more=page.earlier is not None)
    follows = ("logs",) if before is None else ()
    return Page("instances.html", many_of([process]).capitalize(), values, document, follows)


def _table(process: Process, page: InstancePage) -> Response:
    """The page as CSV. A spreadsheet must not take an id for a formula."""
    machines = [machine.name for machine in process.machines]
    file = StringIO()
    lines = csv.writer(file)
    lines.writerow([process.correlate, "outcome", "settled", *machines, "updated_at", "stuck"])
    for one in page.instances:
        states = [page.states[one.process_id].get(name) or "" for name in machines]
        cells = [one.process_id, one.outcome or "", one.settled, *states, one.updated_at.isoformat(), one.reason or ""]
        lines.writerow([f"'{cell}" if str(cell).startswith(_FORMULAS) else cell for cell in cells])
    return Response(file.getvalue(), media_type="text/csv", headers={"Content-Disposition": _ATTACHED})


def _wanted(process: Process, request: Request) -> InstanceFilter:
    """The filter in the address. Raises WronglyAsked for what no instance can have."""
    outcome, settled = (text_in(request, name) for name in ("outcome", "settled"))
    outcomes = [one.value for one in process.outcomes.states]
    if outcome is not None and outcome not in outcomes:
        raise WronglyAsked(f"No {process.name} ends as {outcome!r}: the outcomes are {', '.join(outcomes)}.")
    if settled not in (None, "yes", "no"):
        raise WronglyAsked("settled in the address is yes or no.")
    states = {}
    for machine in process.machines:
        if (state := text_in(request, f"in.{machine.name}")) is not None:
            known = [one.value for one in machine.states]
            if state not in known:
                raise WronglyAsked(f"{machine.name} is never {state!r}: its states are {', '.join(known)}.")
            states[machine.name] = state
    return InstanceFilter(outcome, None if settled is None else settled == "yes", states, since_in(request))
