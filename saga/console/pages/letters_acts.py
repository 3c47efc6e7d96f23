"""Redrive and discard, from the console: what is confirmed is what is done, and nothing that came later."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga import operations
from saga.console.acting import Acting
from saga.console.forms import Fields, NotFilled, number_of, one_of, packed, rate_of, reason_in, unpacked
from saga.console.links import operation_link
from saga.console.page import STATEMENT_SECONDS, Console, NotThere, Page, WronglyAsked, number_in, since_in, text_in
from saga.console.pages.dead_letters import GROUP_KEY, tally
from saga.documents.text import sentence
from saga.operations import BeingRedriven, ClosedDeadLetters, ForeignDeadLetters, Pace, UnknownDeadLetters

ACTIONS: Final = ("redrive", "discard")
MOST: Final = 10_000
PREVIEWED: Final = 50
GIVEN: Final = {"reason": "", "actor": "", "batch": "100", "rate": "", "halt_after": "10"}


async def confirm(console: Console, request: Request) -> Page:
    """The question whether this is to be done, to these dead letters."""
    console.acting_for(request)
    if (action := text_in(request, "do")) not in ACTIONS:
        raise WronglyAsked(f"do in the address is one of {', '.join(ACTIONS)}.")
    ids = await _chosen(console, request)
    if not ids:
        raise NotThere("None of these dead letters is open now.")
    return await _question(console, action, ids, GIVEN, str(uuid4()))


async def begin(console: Console, request: Request) -> Page | Response:
    """Do what was confirmed; the question again, if something is missing."""
    acting, fields = await console.form_of(request)
    action, ids = one_of(fields, "do"), unpacked(one_of(fields, "ids"), MOST)
    if action not in ACTIONS:
        raise NotFilled("The form does not say what to do.")
    try:
        return RedirectResponse(operation_link(await _begun(console, request, acting, fields, ids)), 303)
    except NotFilled as error:
        problem = str(error)
    except UnknownDeadLetters as error:
        raise NotThere(sentence(str(error)[:300])) from None
    except (ClosedDeadLetters, ForeignDeadLetters, BeingRedriven) as error:
        problem = sentence(str(error)[:300])
    given = {name: one_of(fields, name) for name in GIVEN}
    async with operations.snapshot(console.engine, statement_seconds=STATEMENT_SECONDS):
        return await _question(console, action, ids, given, one_of(fields, "request"), problem=problem)


async def _begun(console: Console, request: Request, acting: Acting, fields: Fields, ids: Sequence[int]) -> int:
    who: dict[str, Any] = {"actor": console.actor(request, fields), "reason": reason_in(fields)}
    if one_of(fields, "do") == "discard":
        await operations.discard(acting.engine, ids, **who)
        acts = await operations.acts_on_letter(console.engine, ids[0])
        return acts[0].id
    try:
        asked = UUID(one_of(fields, "request"))
    except ValueError:
        raise NotFilled("This form is not of this console: open its page again.") from None
    pace = Pace(
        batch=number_of(fields, "batch", "A batch", least=1, most=MOST),
        per_second=rate_of(fields),
        halt_after=number_of(fields, "halt_after", "The number of failures", least=0, most=MOST),
    )
    begun = await operations.begin_redrive(acting.engine, acting.processes, ids, **who, pace=pace, request=asked)
    acting.begun.set()
    return begun


async def _chosen(console: Console, request: Request) -> list[int]:
    """The open dead letters that the address names, oldest first: marked ones, or of a group, the first or all."""
    marked = request.query_params.getlist("id")
    if marked:
        ids = unpacked(",".join(marked), MOST)
        known = {letter.id for letter in await _open(console, ids)}
        return sorted(known)
    key = text_in(request, "group") or ""
    if not GROUP_KEY.fullmatch(key):
        raise WronglyAsked("None is marked: go back and mark at least one dead letter.")
    first = number_in(request, "first", least=1, most=MOST, default=MOST)
    found = await operations.list_group(console.engine, key, since=since_in(request), limit=MOST)
    return sorted(letter.id for letter in found)[:first]


async def _open(console: Console, ids: Sequence[int]) -> list[operations.DeadLetter]:
    try:
        found = await operations.read_dead_letters(console.engine, ids)
    except UnknownDeadLetters as error:
        raise NotThere(sentence(error)) from None
    return [letter for letter in found if letter.state == "open"]


async def _question(
    console: Console,
    action: str,
    ids: Sequence[int],
    given: Mapping[str, str],
    asked: str,
    *,
    problem: str | None = None,
) -> Page:
    some = ids[:PREVIEWED]
    previews = await operations.preview_dead_letters(
        console.engine, tuple(console.processes.values()), some, prefix=console.prefix
    )
    letters = await operations.read_dead_letters(console.engine, some)
    values = {
        "action": action,
        "ids": packed(ids),
        "count": len(ids),
        "letters": letters,
        "previews": previews,
        "tally": tally(some, previews),
        "given": given,
        "request": asked,
        "problem": problem,
    }
    return Page("confirm.html", f"{action.capitalize()}?", values, {"do": action, "ids": list(ids), "count": len(ids)})
