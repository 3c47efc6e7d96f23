"""`/instances/{process}/{id}`: where an instance is, how it came there, what a message would do, what it waits for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request

from saga import operations
from saga.console.links import instance_link
from saga.console.page import Console, NotThere, Page, WronglyAsked, number_in, text_in, wants_json
from saga.core import DeclarationError, Process
from saga.documents.instances import instance_document
from saga.documents.sample import sample_data
from saga.operations import (
    Act,
    AnnouncedOutcome,
    AnsweredMessage,
    Inspection,
    InstancePreview,
    InstanceTimer,
    PreviewedAnswer,
    SentCommand,
)

IDLE: Final = timedelta(minutes=1)
"""Nothing for longer than this is one line in the timeline."""
LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A message in the timeline with what it led to.

    ``idle`` is how long nothing happened before it, if long; ``acts`` is what operators did since the last one.
    """

    message: AnsweredMessage
    idle: timedelta | None
    commands: list[SentCommand] = field(default_factory=list)
    announcements: list[AnnouncedOutcome] = field(default_factory=list)
    timers: list[InstanceTimer] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed in for a message; ``problem`` says why it can't be tried."""

    type: str
    data: str
    answer: PreviewedAnswer | None
    problem: str | None


async def instance(console: Console, request: Request) -> Page:
    """The page of one instance."""
    process, process_id = console.process(request.path_params["process"]), request.path_params["id"]
    before = number_in(request, "before", least=1, most=2**63 - 1, default=0) or None
    limit = number_in(request, "limit", least=1, most=1_000, default=LISTED)
    inspection = await operations.inspect(console.engine, process, process_id, limit=limit, before=before)
    if inspection is None:
        return await _unknown(console, request, process, process_id)
    document = instance_document(process, inspection)
    if wants_json(request):
        return Page("instance.html", process_id, {}, document)
    asked, typed = _asked(process, process_id, request)
    preview = await operations.preview(console.engine, process, process_id, asked)
    if again := _as_known(inspection, preview, asked):
        asked = again
        preview = await operations.preview(console.engine, process, process_id, asked)
    reason = None
    if inspection.pruned_at is None:
        reason = await operations.stuck_reason(console.engine, process, process_id, settled=inspection.settled)
    timeline, acts_after = _timeline(inspection)
    values = {
        "process": process,
        "one": inspection,
        "reason": reason,
        "timeline": timeline,
        "acts_after": acts_after if before is None else [],
        "trace_url": console.settings.trace_url,
        "answers": preview.answers[: len(asked) - bool(typed and typed.problem is None)],
        "typed": _answered(typed, preview),
        "types": tuple(process.message_types),
        "waits": _waits(inspection),
        "changes": _changes(preview),
        "diagram": await console.drawings.instance(process, preview.state, preview.way),
        "earlier": inspection.earlier,
        "own_link": instance_link(process.name, process_id),
    }
    follows = () if typed or before else ("logs", "dead_letters", "timers", "operations")
    return Page("instance.html", process_id, values, document, follows)


async def _unknown(console: Console, request: Request, process: Process, process_id: str) -> Page:
    """Nothing was taken in: what only dead letters say, and what each message would begin."""
    letters = await operations.list_dead_letters(console.engine, process_id=process_id, limit=LISTED)
    sentence = f"Nothing is known of {process.name} {process_id!r}: no message about it was taken in."
    acts = await operations.acts_on_instance(console.engine, process.name, process_id)
    if not letters and not acts and not request.query_params.get("type"):
        raise NotThere(sentence)
    values = {"process": process, "process_id": process_id, "letters": letters, "acts": acts, "sentence": sentence}
    document = {"error": sentence, "exit_code": 1}
    status = 404 if wants_json(request) or not (letters or acts) else 200
    return Page("unknown_instance.html", process_id, values, document, status=status)


def _asked(
    process: Process, process_id: str, request: Request
) -> tuple[list[tuple[str, Mapping[str, Any]]], Typed | None]:
    """A sample of each input and, last, what was typed in."""
    asked: list[tuple[str, Mapping[str, Any]]] = []
    for name in process.message_types:
        try:
            asked.append((name, sample_data(process, name, process_id)))
        except DeclarationError:
            asked.append((name, {process.correlate: process_id}))
    type_, data = text_in(request, "type"), request.query_params.get("data", "")
    if type_ is None:
        return asked, None
    if type_ not in process.message_types:
        raise WronglyAsked(f"{process.name} consumes no {type_!r}, only {', '.join(process.message_types)}.")
    try:
        given = json.loads(data) if data.strip() else {}
    except (ValueError, RecursionError) as error:
        return asked, Typed(type_, data, None, f"This is no JSON: {error}.")
    if not isinstance(given, dict):
        return asked, Typed(type_, data, None, "The data of a message are a JSON object, in { and }.")
    asked.append((type_, {process.correlate: process_id, **given}))
    return asked, Typed(type_, data, None, None)


def _as_known(
    one: Inspection, preview: InstancePreview, asked: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[tuple[str, Mapping[str, Any]]]:
    """The samples, but those that contradict what came as it came; empty if none does."""
    known = {fact.type: dict(fact.fields) for fact in one.facts}
    samples = {type_ for type_, _ in asked}
    refused = {answer.type for answer in preview.answers[: len(samples)] if answer.answer == "dead"} & known.keys()
    if not refused:
        return []
    return [
        (type_, known[type_] if type_ in refused and number < len(samples) else data)
        for number, (type_, data) in enumerate(asked)
    ]


def _answered(typed: Typed | None, preview: InstancePreview) -> Typed | None:
    if typed is None or typed.problem is not None:
        return typed
    return Typed(typed.type, typed.data, preview.answers[-1], None)


def _timeline(one: Inspection) -> tuple[list[Moment], list[Act]]:
    """The messages, each with the commands, announcements and timers that it led to; and the acts after them."""
    moments: list[Moment] = []
    last: datetime | None = None
    begin = one.messages[0].at if one.messages and one.earlier is not None else None
    acts = [act for act in one.acts if begin is None or act.at >= begin]
    for message in one.messages:
        idle = message.at - last if last is not None and message.at - last > IDLE else None
        timers = [timer for timer in one.timers if message.taken and timer.caused_by == message.id]
        before = [act for act in acts if act.at <= message.at]
        acts = acts[len(before) :]
        moments.append(Moment(message, idle, timers=timers, acts=before))
        last = message.at
    for command in one.commands:
        if (moment := _moment_of(moments, command.version)) is not None:
            moment.commands.append(command)
    for announcement in one.announcements:
        if (moment := _moment_of(moments, announcement.version)) is not None:
            moment.announcements.append(announcement)
    return moments, acts


def _moment_of(moments: Sequence[Moment], version: int) -> Moment | None:
    """The last message before an entry: it led to the entry."""
    return next((moment for moment in reversed(moments) if moment.message.version < version), None)


def _waits(one: Inspection) -> tuple[InstanceTimer, ...]:
    """The deadlines that have not fired, the next one first."""
    return tuple(timer for timer in one.timers if timer.fired_at is None)


def _changes(preview: InstancePreview) -> list[tuple[str, str]]:
    """What would end the present outcome: the inputs that lead to another one."""
    return [
        (answer.type, answer.outcome)
        for answer in preview.answers
        if answer.outcome not in (None, preview.outcome) and answer.outcome is not None
    ]
