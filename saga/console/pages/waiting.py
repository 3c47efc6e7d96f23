"""`/timers` and `/outbox`: what waits for its time, and what waits to be sent."""

from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from saga import operations
from saga.console.links import with_query
from saga.console.page import Console, Page, WronglyAsked, text_in
from saga.documents.as_data import as_data
from saga.operations import ListedTimer

LISTED: Final = 50


async def timers(console: Console, request: Request) -> Page:
    """Deadlines that have not fired, those that are due first."""
    after = _after(request)
    counts = await operations.count_due(console.engine)
    found = await operations.list_timers(console.engine, after=after, limit=LISTED + 1)
    listed, more = found[:LISTED], len(found) > LISTED
    values = {
        "counts": counts,
        "timers": listed,
        "next": _next(listed[-1]) if more else None,
        "is_first": after is None,
    }
    document = {**as_data(counts), "timers": [as_data(one) for one in listed], "count": len(listed), "more": more}
    return Page("timers.html", "Timers", values, document, () if after else ("timers",))


async def outbox(console: Console, request: Request) -> Page:  # noqa: ARG001 -- every page has this signature
    """What should have left each module, the oldest first."""
    counted = await operations.count_waiting(console.engine)
    waiting = [one for one in counted if one.not_relayed]
    oldest = {one.module: await operations.list_waiting(console.engine, one.module, limit=10) for one in waiting}
    document = {
        "outbox": [as_data(one) for one in counted],
        "oldest": {module: [as_data(one) for one in entries] for module, entries in oldest.items()},
    }
    relayed = any(one.consumer == "relay" for one in await operations.list_cursors(console.engine))
    values = {"counted": counted, "waiting": waiting, "oldest": oldest, "relayed": relayed}
    return Page("outbox.html", "Outbox", values, document, ("logs", "cursors"))


def _after(request: Request) -> ListedTimer | None:
    if (due := text_in(request, "due")) is None:
        return None
    try:
        moment = datetime.fromisoformat(due)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WronglyAsked("due in the address is a time such as 2026-11-23T14:00Z.") from None
    process, process_id, name = (text_in(request, part) or "" for part in ("process", "id", "name"))
    return ListedTimer(process, process_id, name, "", moment, moment, overdue=False)


def _next(last: ListedTimer) -> str:
    place = {"due": last.due_at.isoformat(), "process": last.process, "id": last.process_id, "name": last.name}
    return with_query("/timers", place)
