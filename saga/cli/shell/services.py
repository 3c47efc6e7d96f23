"""Running services and blocking transactions, in words."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.terminal import columns
from saga.documents.text import age, date_and_time, shown
from saga.operations import Blocker, Health, Heartbeat, LoopState


def replaced_loops(heartbeats: Iterable[Heartbeat]) -> list[str]:
    """A sentence for each loop that has stopped and whose work others do."""
    return [_silence(one) for one in heartbeats if one.state is LoopState.REPLACED]


def problems(found: Health) -> Iterator[str]:
    """A sentence for everything that is wrong with the services."""
    yield from map(_silence, found.silent)
    yield from map(_failure, found.failing)
    if "scheduler" in found.missing:
        yield f"A deadline is overdue by {age(found.overdue_seconds)}, and no scheduler runs: start one."
    if "worker" in found.missing:
        yield f"{found.queued} messages wait in the queues, and no worker runs: start one."


def services(heartbeats: Sequence[Heartbeat]) -> RenderableType:
    """A line for each process, and a sentence for each of its loops that has stopped."""
    if not heartbeats:
        return Text.assemble(("Services: ", "bold"), "none runs")
    table = columns("service", "host", "process", "loops", "last heartbeat", title="Services")
    for (service, host, pid), loops in groupby(heartbeats, lambda one: one.process):
        known = list(loops)
        going = sum(one.is_fresh for one in known)
        last = age(min(one.age_seconds for one in known))
        count = Text(str(len(known)) if going == len(known) else f"{going} of {len(known)}")
        count.stylize("" if going == len(known) else "yellow")
        table.add_row(shown(service), shown(host), str(pid), count, f"{last} ago")
    return Group(table, *_troubles(heartbeats))


def blocked(blockers: Sequence[Blocker]) -> RenderableType:
    """A sentence for each transaction that blocks others."""
    if not blockers:
        return Text.assemble(("Blocked: ", "bold"), "nobody waits for a transaction")
    return Group(*(Text.assemble(("Blocked: ", "bold"), (_hold_up(one), "red")) for one in blockers))


def _troubles(heartbeats: Sequence[Heartbeat]) -> Iterator[Text]:
    yield from (Text(_silence(one), "red") for one in heartbeats if one.state is LoopState.SILENT)
    yield from (Text(sentence, "yellow") for sentence in replaced_loops(heartbeats))
    going = (one for one in heartbeats if one.state is LoopState.GOING)
    yield from (Text(_failure(one), "yellow") for one in going if one.reason is not None)


def _failure(one: Heartbeat) -> str:
    return f"{_loop(one)} starts over: {shown(one.reason)}."


def _silence(one: Heartbeat) -> str:
    reason = f"; it was starting over: {shown(one.reason)}" if one.reason else ""
    others = ", others do its work" if one.state is LoopState.REPLACED else ""
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
    count = f"{one.waiting} wait for it" if one.waiting else "others skip what it locked"
    return f"{who}{since}{silent}: {count}"
