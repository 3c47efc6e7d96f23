"""`/`: is anything wrong, and where."""

from collections.abc import Iterator

from starlette.requests import Request

from saga import operations
from saga.console.page import Console, Page, wants_json
from saga.documents.lag import lag_document
from saga.documents.text import age
from saga.operations import ConsumerCursor, LoopState, Overview

STUCK_COUNTED = 100
OPERATIONS_SHOWN = 3
FOLLOWS = ("logs", "cursors", "dead_letters", "timers", "services", "operations")


async def overview(console: Console, request: Request) -> Page:
    """The numbers of the system, and a sentence for everything that is wrong."""
    if wants_json(request):
        async with operations.snapshot(console.engine):
            known = await operations.lag(console.engine)
        return Page("overview.html", "Overview", {}, lag_document(known, await console.look_at_broker()))
    async with operations.snapshot(console.engine):
        now = await operations.overview(console.engine, tuple(console.processes.values()))
        done = await operations.list_operations(console.engine, limit=OPERATIONS_SHOWN)
    seen = await console.lookout.ask()
    behind = sorted((one for one in now.cursors if one.behind), key=lambda one: one.behind or 0, reverse=True)
    values = {
        "now": now,
        "operations": done,
        "stuck": None if seen is None else seen.instances[: STUCK_COUNTED + 1],
        "stuck_at": None if seen is None or seen.is_fresh else seen.at,
        "behind": behind[:3],
        "waiting": [one for one in now.outbox if one.not_relayed and _is_relayed(now)],
        "relayed": _is_relayed(now),
        "wrong": [*_problems(now)],
        "running": _running(now),
    }
    return Page("overview.html", "Overview", values, None, FOLLOWS)


def _problems(now: Overview) -> Iterator[str]:
    for one in now.services:
        name = f"The loop {one.loop} of the {one.service} with process id {one.pid} on {one.host}"
        if one.state is LoopState.SILENT:
            yield f"{name} had no heartbeat for {age(abs(one.age_seconds))}."
        elif one.state is LoopState.GOING and one.reason is not None:
            yield f"{name} starts over: {one.reason}."
    if not any(one.is_fresh and one.service == "worker" for one in now.services):
        yield "No worker runs: nothing is taken in."
    late = now.timers.oldest_overdue_seconds
    if late is not None and late > 15:
        yield f"A deadline is overdue by {age(late)}: is a scheduler running?"
    yield from (f"{one.consumer} can't ask the log of {one.module}: {one.alarm}" for one in _alarmed(now))
    for blocker in now.blocked:
        yield f"{blocker.waiting} wait for a transaction of {blocker.application} ({blocker.host})."


def _is_relayed(now: Overview) -> bool:
    """Whether a relay sends what is in the logs; without a broker, consumers follow them."""
    return any(one.consumer == "relay" for one in now.cursors)


def _alarmed(now: Overview) -> Iterator[ConsumerCursor]:
    return (one for one in now.cursors if one.alarm is not None)


def _running(now: Overview) -> dict[str, int]:
    """How many processes of each service run."""
    processes = {one.process for one in now.services if one.is_fresh}
    names = sorted({service for service, _, _ in processes})
    return {name: sum(service == name for service, _, _ in processes) for name in names}
