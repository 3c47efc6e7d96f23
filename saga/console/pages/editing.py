"""`/dead-letters/{id}/edit`: a message with some of its parts replaced: tried first, then redriven."""

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga import operations
from saga.console.forms import NotFilled, one_of, reason_in
from saga.console.links import letter_link, operation_link
from saga.console.page import Console, NotThere, Page, WronglyAsked
from saga.documents.dead_letters import as_text
from saga.documents.text import sentence
from saga.operations import (
    ClosedDeadLetters,
    Correction,
    DeadLetter,
    ForeignDeadLetters,
    NotCorrectable,
    PreviewedAnswer,
    UnknownDeadLetters,
)

PARTS: Final = ("id", "type", "source", "subject")
MOST_BYTES: Final = 256 * 1024
STRUCTURED: Final = "application/cloudevents"
"""The content type of a message whose attributes are beside its data in the body."""


async def edit(console: Console, request: Request) -> Page | Response:
    """The form, what would be answered to what was filled in, and the redrive."""
    console.acting_for(request)
    letter = await _letter(console, request)
    given = {**dict.fromkeys(PARTS, ""), "data": _data(letter), "reason": "", "actor": ""}
    if request.method != "POST":
        return _form(letter, given, None, None)
    acting, fields = await console.form_of(request)
    given |= {name: one_of(fields, name) for name in given}
    correction = Correction(
        **{name: given[name] or None for name in PARTS},
        data=None if given["data"] == _data(letter) else given["data"].encode(),
    )
    processes = tuple(console.processes.values())
    try:
        if not correction:
            raise NotFilled("Nothing is changed yet.")
        preview = await operations.preview_correction(
            console.engine, processes, letter.id, correction, prefix=console.prefix
        )
        if one_of(fields, "do") != "redrive":
            return _form(letter, given, preview, None)
        report = await operations.redrive(
            acting.engine,
            acting.processes,
            [letter.id],
            actor=console.actor(request, fields),
            reason=reason_in(fields),
            correction=correction,
            **acting.redriving,
        )
    except (NotFilled, NotCorrectable, ForeignDeadLetters) as error:
        return _form(letter, given, None, sentence(error))
    except (ClosedDeadLetters, UnknownDeadLetters):
        return RedirectResponse(letter_link(letter.id), 303)
    return RedirectResponse(
        letter_link(letter.id) if report.operation_id is None else operation_link(report.operation_id), 303
    )


async def _letter(console: Console, request: Request) -> DeadLetter:
    number = request.path_params["number"]
    try:
        (letter,) = await operations.read_dead_letters(console.engine, [number])
    except UnknownDeadLetters:
        raise NotThere(f"There is no dead letter {number}.") from None
    if letter.state != "open":
        raise WronglyAsked(f"Dead letter {number} was {letter.state} before: only open ones can be edited.")
    if letter.consumer not in console.processes:
        raise WronglyAsked(f"Dead letter {number} is one of {letter.consumer}, which is not shown here.")
    return letter


def _data(letter: DeadLetter) -> str:
    """The data of the message, as people read JSON; as they are where they are none, empty where they are too large."""
    if len(letter.body) > MOST_BYTES:
        return ""
    text = as_text(letter.body, cut=False) or ""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if str(letter.properties.get("content_type")).startswith(STRUCTURED) and isinstance(data, dict):
        data = data.get("data")
    return json.dumps(data, ensure_ascii=False, indent=2)


def _form(letter: DeadLetter, given: dict[str, str], preview: PreviewedAnswer | None, problem: str | None) -> Page:
    values = {"letter": letter, "given": given, "parts": PARTS, "preview": preview, "problem": problem}
    document = {"problem": problem, "answer": preview.answer if preview else None}
    return Page("edit.html", f"Edit dead letter {letter.id}", values, document, status=400 if problem else 200)
