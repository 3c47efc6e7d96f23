"""Running services and blocking transactions, in words: for `saga lag`, and as complaints for `saga health`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.terminal import age, columns, date_and_time, shown
from saga.operations import Blocker, Heartbeat, Standing, standings

WORKER = "worker"
SCHEDULER = "scheduler"
LATE_SECONDS = 15.0
"""A deadline that is overdue for so long is not under way any more."""


def services_as_data(heartbeats: Sequence[Heartbeat]) -> list[dict[str, Any]]:
    """What each loop was last heard of, and how it stands."""
    return [asdict(one) | {"standing": standing.value} for one, standing in standings(heartbeats)]


def silent_loops(heartbeats: Sequence[Heartbeat], standing: Standing = Standing.SILENT) -> list[str]:
    """A sentence for each loop that stands like this."""
    return [_silence(one, found) for one, found in standings(heartbeats) if found is standing]


def failing_loops(heartbeats: Sequence[Heartbeat]) -> list[str]:
    """A sentence for each loop that goes round, but gets nowhere: it began again when it was heard of last."""
    return [
        f"{_loop(one)} starts over: {shown(one.reason)}."
        for one, standing in standings(heartbeats)
        if standing is Standing.GOING and one.reason is not None
    ]


def missing_services(heartbeats: Sequence[Heartbeat], overdue_seconds: float | None, queued: int) -> Iterator[str]:
    """What waits for a service of which none runs."""
    running = {one.service for one in heartbeats if one.is_fresh}
    if SCHEDULER not in running and overdue_seconds is not None and overdue_seconds > LATE_SECONDS:
        yield f"A deadline is overdue by {age(overdue_seconds)}, and no scheduler runs: start one."
    if WORKER not in running and queued:
        yield f"{queued} messages wait in the queues, and no worker runs: start one."


def services(heartbeats: Sequence[Heartbeat]) -> RenderableType:
    """A line for each process, and one for each of its loops that does not go round."""
    if not heartbeats:
        return Text.assemble(("Services: ", "bold"), "none runs")
    table = columns("service", "host", "process", "loops", "last heartbeat", title="Services")
    for (service, host, pid), loops in groupby(heartbeats, lambda one: one.process):
        known = list(loops)
        going = sum(one.is_fresh for one in known)
        heard = age(min(one.age_seconds for one in known))
        count = Text(str(len(known)) if going == len(known) else f"{going} of {len(known)}")
        count.stylize("" if going == len(known) else "yellow")
        table.add_row(shown(service), shown(host), str(pid), count, f"{heard} ago")
    return Group(table, *_troubles(heartbeats))


def blocked(blockers: Sequence[Blocker]) -> RenderableType:
    """A sentence for each transaction that holds others up."""
    if not blockers:
        return Text.assemble(("Blocked: ", "bold"), "nobody waits for a transaction")
    return Group(*(Text.assemble(("Blocked: ", "bold"), (_hold_up(one), "red")) for one in blockers))


def _troubles(heartbeats: Sequence[Heartbeat]) -> Iterator[Text]:
    yield from (Text(said, "red") for said in silent_loops(heartbeats))
    yield from (Text(said, "yellow") for said in silent_loops(heartbeats, Standing.REPLACED))
    yield from (Text(said, "yellow") for said in failing_loops(heartbeats))


def _silence(one: Heartbeat, standing: Standing) -> str:
    reason = f"; it was starting over: {shown(one.reason)}" if one.reason else ""
    others = ", others do its work" if standing is Standing.REPLACED else ""
    return f"{_loop(one)} had no heartbeat for {age(abs(one.age_seconds))}{others}{reason}."


def _loop(one: Heartbeat) -> str:
    return f"The loop {shown(one.loop)} of the {shown(one.service)} with process id {one.pid} on {shown(one.host)}"


def _hold_up(one: Blocker) -> str:
    who = f"session {one.pid} of the database ({shown(one.application)}, from {one.host})"
    if one.process is not None:
        process = one.process
        who = f"the {shown(process.service)} with process id {process.pid} on {shown(process.host)}, {who}"
    since = "" if one.since is None else f", in a transaction since {date_and_time(one.since)} UTC"
    silent = "" if one.silent_seconds is None else f", silent for {age(one.silent_seconds)}"
    count = f"{one.waiting} wait for it" if one.waiting else "what it locked is left alone"
    return f"{who}{since}{silent}: {count}"
