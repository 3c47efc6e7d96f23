"""`/dead-letters`: messages that could not be handled, in groups of one cause, and their answers now."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request

from saga import operations
from saga.console.page import SINCE, Console, NotThere, Page, WronglyAsked, number_in, since_in, text_in, wants_json
from saga.documents.dead_letters import as_text, dead_letter_document, dead_letters_document
from saga.operations import DeadLetter, PreviewedAnswer, UnknownDeadLetters

LISTED: Final = 50
STATES: Final = ("open", "redriven", "discarded", "all")
SHOWN_BYTES: Final = 64 * 1024
GROUP_KEY: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
FOLLOWS: Final = ("dead_letters",)


async def dead_letters(console: Console, request: Request) -> Page:
    """The open dead letters in groups; the members of one; or a list of those in another state."""
    if wants_json(request) or text_in(request, "state") not in (None, "open"):
        return await _listed(console, request)
    if (key := text_in(request, "group")) is not None:
        return await _group(console, request, key)
    groups = await operations.group_dead_letters(console.engine, since=since_in(request))
    first = await operations.preview_dead_letters(
        console.engine, tuple(console.processes.values()), [group.example for group in groups], prefix=console.prefix
    )
    values = {
        "groups": groups,
        "previews": first,
        "states": STATES,
        "sinces": tuple(SINCE),
        "since": text_in(request, "since"),
    }
    return Page("dead_letters.html", "Dead letters", values, None, FOLLOWS)


async def dead_letter(console: Console, request: Request) -> Page:
    """One dead letter, and what it would be answered now."""
    number = request.path_params["number"]
    try:
        (letter,) = await operations.read_dead_letters(console.engine, [number])
    except UnknownDeadLetters:
        raise NotThere(f"There is no dead letter {number}.") from None
    processes = tuple(console.processes.values())
    previews = await operations.preview_dead_letters(console.engine, processes, [number], prefix=console.prefix)
    values = {
        "letter": letter,
        "preview": previews.get(number),
        "body": _readable(letter),
        "is_cut": len(letter.body) > SHOWN_BYTES,
        "headers": letter.properties.get("headers") or {},
        "properties": {name: value for name, value in letter.properties.items() if name != "headers" and value},
        "is_known": letter.consumer in console.processes,
        "acts": await operations.acts_on_letter(console.engine, number),
    }
    document = dead_letter_document(letter, processes, full=False)
    return Page("dead_letter.html", f"Dead letter {number}", values, document, FOLLOWS)


async def _listed(console: Console, request: Request) -> Page:
    state = text_in(request, "state") or "open"
    if state not in STATES:
        raise WronglyAsked(f"state in the address is one of {', '.join(STATES)}.")
    limit = number_in(request, "limit", least=1, most=500, default=LISTED)
    found = await operations.list_dead_letters(
        console.engine,
        state=None if state == "all" else state,
        process_id=text_in(request, "process_id"),
        type=text_in(request, "type"),
        since=since_in(request),
        limit=limit + 1,
    )
    letters, more = found[:limit], len(found) > limit
    document = dead_letters_document(letters, tuple(console.processes.values()), more=more)
    values = {"letters": letters, "more": more, "state": state, "states": STATES}
    values |= {"sinces": tuple(SINCE), "since": text_in(request, "since")}
    return Page("dead_letter_list.html", "Dead letters", values, document, FOLLOWS)


async def _group(console: Console, request: Request, key: str) -> Page:
    if not GROUP_KEY.fullmatch(key):
        raise WronglyAsked("group in the address is one that the list of groups links to.")
    before = number_in(request, "before", least=1, most=2**63 - 1, default=2**63 - 1)
    found = await operations.list_group(console.engine, key, since=since_in(request), before=before, limit=LISTED + 1)
    letters = found[:LISTED]
    previews = await operations.preview_dead_letters(
        console.engine, tuple(console.processes.values()), [one.id for one in letters], prefix=console.prefix
    )
    values = {
        "key": key,
        "since": text_in(request, "since"),
        "letters": letters,
        "previews": previews,
        "tally": tally([one.id for one in letters], previews),
        "earlier": letters[-1].id if len(found) > LISTED else None,
    }
    return Page("dead_letter_group.html", "Dead letters of one cause", values, None, FOLLOWS)


def tally(ids: Sequence[int], previews: Mapping[int, PreviewedAnswer]) -> dict[str, int]:
    """How many would get each answer now."""
    answers = [previews[one].answer if one in previews else "unknown" for one in ids]
    return {answer: answers.count(answer) for answer in dict.fromkeys(answers)}


def _readable(letter: DeadLetter) -> str:
    part = letter.body[:SHOWN_BYTES]
    text = as_text(part, cut=len(part) < len(letter.body))
    return part[:2_000].hex(" ") if text is None else text
