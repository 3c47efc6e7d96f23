"""`/stuck`: what will not go on by itself, in groups with one reason, and what to do about each."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from saga import operations
from saga.console.lookout import Sight
from saga.console.page import Console, Page, WronglyAsked, number_in, text_in, wants_json
from saga.documents.instances import instances_document
from saga.operations import ListedInstance

LISTED: Final = 50
GROUPED: Final = 500
REMEDIES: Final = {
    "deadline_overdue": (
        "A deadline is overdue",
        "No scheduler fires it: start one, or see whether it reaches the database.",
    ),
    "deadline_without_effect": (
        "A deadline fired, and nothing came of it",
        "The relay or the workers stand still, or the event became a dead letter: look at cursors and dead letters.",
    ),
    "no_deadline": (
        "It waits, and nothing will end that",
        "The timer is missing: run `saga replay ID --repair`. If it stays, report it with `saga inspect ID --json`.",
    ),
    "commands_waiting": (
        "Commands wait in the log",
        "No worker relays them, the broker is away, or a command has no queue: look at the outbox.",
    ),
    "dead_letter": (
        "A dead letter waits for a person",
        "Look at what failed, remove the cause, then redrive or discard it.",
    ),
}
"""For each code, a title and what to do. The runbook "An order is stuck" says more."""


async def stuck(console: Console, request: Request) -> Page:
    """The stuck instances of all processes; with ``reason`` in the address, only those with this code."""
    processes = tuple(console.processes.values())
    limit = number_in(request, "limit", least=1, most=GROUPED, default=LISTED)
    if (wanted := text_in(request, "reason")) not in (None, *REMEDIES):
        raise WronglyAsked(f"reason in the address is one of {', '.join(REMEDIES)}.")
    if wants_json(request):
        found = await operations.list_instances(console.engine, processes, stuck=True, limit=GROUPED + 1)
        seen: Sight | None = Sight(found, datetime.now(UTC))
    elif (seen := await console.lookout.ask()) is not None:
        found = seen.instances
    else:
        found = ()
    shown = [one for one in found if wanted is None or wanted in one.reason_codes]
    groups: defaultdict[str, list[ListedInstance]] = defaultdict(list)
    for one in shown[:GROUPED]:
        groups[one.reason_codes[0] if wanted is None else wanted].append(one)
    values = {
        "groups": sorted(groups.items(), key=lambda group: len(group[1]), reverse=True),
        "count": min(len(shown), GROUPED),
        "more": len(found) > GROUPED,
        "remedies": REMEDIES,
        "wanted": wanted,
        "is_known": seen is not None,
        "at": None if seen is None or seen.is_fresh else seen.at,
    }
    document = instances_document(processes, shown[:limit], more=len(shown) > limit)
    return Page("stuck.html", "Stuck", values, document, ("logs", "dead_letters", "timers"))
