"""`/modules`, `/modules/{name}` and `/cursors`: the logs, and how far each reader got."""

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.requests import Request

from saga import operations
from saga.console.links import instance_link, module_link
from saga.console.page import Console, NotThere, Page, number_in, wants_json
from saga.documents.logs import cursors_document, is_internal, log_document, modules_document
from saga.modules import Entry, Pruned
from saga.operations import LogPage, UnknownModule

LISTED: Final = 20


async def modules(console: Console, request: Request) -> Page:  # noqa: ARG001 -- every page has this signature
    """The modules, the ends of their logs, and who reads them."""
    found = await operations.list_modules(console.engine)
    return Page("modules.html", "Modules", {"modules": found}, modules_document(found), ("logs", "cursors"))


async def module(console: Console, request: Request) -> Page:
    """The tail of a module's log, or the entries after a position."""
    name = request.path_params["module"]
    internal = request.query_params.get("internal") == "yes"
    after = number_in(request, "after", least=0, most=2**63 - 1, default=-1)
    limit = number_in(request, "limit", least=1, most=500, default=LISTED)
    start = None if after < 0 else after
    try:
        page = await operations.read_log(console.engine, name, after=start, internal=internal, limit=limit)
    except UnknownModule as error:
        if not error.is_remote and not wants_json(request) and name in _named(console):
            sentence = f"Nothing was appended to the log of {name} here yet."
            return Page("message.html", name, {"sentence": sentence, "code": "0"}, None, ("logs",))
        where = "in another database: ask there" if error.is_remote else "not kept here"
        raise NotThere(
            f"The log of {name!r} is {where}. Kept here: {', '.join(error.kept_here) or 'none yet'}."
        ) from None
    except Pruned as error:
        raise NotThere(f"{str(error).capitalize()}: begin after {error.pruned_position}.") from None
    values = {
        "page": page,
        "lines": [*_lines(page)],
        "internal": internal,
        "owner": next((one.name for one in console.processes.values() if one.module == name), None),
        "instance_of": _instance_links(console, name, page.entries),
        "older": None
        if page.after <= page.log.pruned_position
        else module_link(
            name, after=max(page.after - limit, page.log.pruned_position), internal="yes" if internal else None
        ),
        "newer": None
        if page.horizon >= page.log.last_position
        else module_link(name, after=page.horizon, internal="yes" if internal else None),
    }
    return Page("module.html", name, values, log_document(page), ("logs",) if start is None else ())


def _named(console: Console) -> set[str]:
    """The modules that the processes here consume, and their own."""
    processes = console.processes.values()
    return {name for process in processes for name in (*process.inputs, process.module)}


async def cursors(console: Console, request: Request) -> Page:  # noqa: ARG001 -- every page has this signature
    """How far each consumer got, and the holes below."""
    found = await operations.list_cursors(console.engine)
    repairable = {module for process in console.processes.values() for module in process.inputs}
    return Page(
        "cursors.html",
        "Cursors",
        {"cursors": found, "repairable": repairable},
        cursors_document(found),
        ("cursors", "logs"),
    )


Line = tuple[str, Entry | tuple[int, int]]


def _lines(page: LogPage) -> Iterator[Line]:
    """The entries, and the positions between them that are not public."""
    seen = page.after
    for entry in page.entries:
        if entry.position > seen + 1:
            yield "gap", (seen + 1, entry.position - 1)
        kind = "command" if entry.target else "internal" if is_internal(entry) else "public"
        yield kind, entry
        seen = entry.position
    if page.horizon > seen:
        yield "gap", (seen + 1, page.horizon)


def _instance_links(console: Console, module_name: str, entries: Sequence[Entry]) -> dict[str, str]:
    """The instance that a stream is about, where the module is a process's own or has one consumer here."""
    owners = [one.name for one in console.processes.values() if module_name in (one.module, *one.inputs)]
    if len(owners) != 1:
        return {}
    return {entry.stream_id: instance_link(owners[0], entry.stream_id) for entry in entries}
