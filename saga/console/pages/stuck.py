"""`/stuck`: what will not go on by itself, in groups with one reason."""

import re
from collections import defaultdict
from typing import Final

from starlette.requests import Request

from saga import operations
from saga.console.page import Console, Page, number_in
from saga.documents.instances import instances_document
from saga.operations import ListedInstance

LISTED: Final = 50
GROUPED: Final = 500
_NUMBERS: Final = re.compile(r"\d+")


async def stuck(console: Console, request: Request) -> Page:
    """The stuck instances of all processes."""
    processes = tuple(console.processes.values())
    limit = number_in(request, "limit", least=1, most=GROUPED, default=LISTED)
    found = await operations.list_instances(console.engine, processes, stuck=True, limit=GROUPED + 1)
    groups: defaultdict[str, list[ListedInstance]] = defaultdict(list)
    for one in found[:GROUPED]:
        groups[_NUMBERS.sub("…", one.reason or "")].append(one)
    by_size = sorted(groups.items(), key=lambda group: len(group[1]), reverse=True)
    values = {"groups": by_size, "count": min(len(found), GROUPED), "more": len(found) > GROUPED}
    document = instances_document(processes, found[:limit], more=len(found) > limit)
    return Page("stuck.html", "Stuck", values, document, ("logs", "dead_letters", "timers"))
