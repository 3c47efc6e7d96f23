"""Putting a dead letter back: the same durable step as for a delivered message, in this process.

What the relay could not send goes the other way: it is sent again from the log.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.core import Process
from saga.engine import Step, Taken
from saga.engine.dead_letters import DeadLetterState, close, fail_again, load_raw
from saga.engine.intake import admit
from saga.engine.step import DEAD, DUPLICATE, IGNORED, TAKEN
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import STRUCTURED, decode
from saga.messages.strict_json import NotStrictJson, parse
from saga.operations import KeptMessage, find_successor, read_open_reasons
from saga.operations.resending import resend
from saga.postgres import again_after_conflicts, durable_transaction
from saga.rabbitmq.admission import Events
from saga.rabbitmq.publisher import Publisher
from saga.settings import Settings
from saga.worker.relay import NOT_SENT

_SENTENCES: Final = {
    TAKEN: "taken in",
    IGNORED: "ignored, because it says nothing new",
    DUPLICATE: "a duplicate: the same message was taken in before",
}


@dataclass(frozen=True, slots=True)
class Redriven:
    """How a dead letter was answered: "taken", "ignored", "duplicate", "dead", or of the relay's "sent".

    One that is still dead is kept as ``dead_letter_id``: its own id, or a new one for a corrected message.
    """

    id: int
    process: str
    process_id: str | None
    type: str | None
    answer: str
    sentence: str
    dead_letter_id: int | None = None


async def redrive_some(
    engine: AsyncEngine, settings: Settings, process: Process, letters: Sequence[KeptMessage]
) -> list[Redriven]:
    """Let their process take the messages in together, and say what came of each.

    Raises Unavailable when some may not be done.
    """
    step = Step(engine, process, elsewhere=settings.log_urls)
    messages = [_put_back(settings, process, letter) for letter in letters]
    taken: Taken = await again_after_conflicts()(step.take_warily, messages, redriven=[letter.id for letter in letters])
    answers = [taken.answer_to(message) for message in messages]
    async with engine.connect() as connection:
        dead = [letter.id for letter, answer in zip(letters, answers, strict=True) if answer == DEAD]
        reasons = await read_open_reasons(connection, dead) if dead else {}
        return [
            await _still_dead(connection, letter, reasons) if answer == DEAD else _answered(letter, answer)
            for letter, answer in zip(letters, answers, strict=True)
        ]


async def resend_one(engine: AsyncEngine, publisher: Publisher, prefix: str, letter: KeptMessage) -> Redriven:
    """Send the log entry that a dead letter of the relay is about, and say what came of it.

    Raises Unavailable, or one of the broker's errors, when nothing is known to be done.
    """
    place = f"position {letter.position} of {letter.module}"
    failure = await resend(engine, publisher, prefix, module=letter.module or "", position=letter.position or 0)
    async with durable_transaction(engine) as connection:
        if failure is None:
            await close(connection, [letter.id], DeadLetterState.REDRIVEN)
        else:
            await fail_again(connection, letter.id, f"{NOT_SENT}: {failure}")
    if failure is None:
        return Redriven(letter.id, letter.consumer, letter.process_id, letter.type, "sent", f"sent, {place}")
    sentence = f"still dead, {place}: {failure}"
    return Redriven(letter.id, letter.consumer, letter.process_id, letter.type, "dead", sentence, letter.id)


def corrected(settings: Settings, process: Process, letter: KeptMessage, data: str) -> KeptMessage:
    """The dead letter with other data and everything else as it was.

    Raises CommandFailed, with nothing done, where the message would still not be understood.
    """
    try:
        fields = parse(data.encode("utf-8", "surrogateescape"))
    except NotStrictJson as error:
        raise WrongUsage(f"--data can't be read: {error}.") from None
    is_structured = str(letter.properties.get("content_type") or "").lower().startswith(STRUCTURED)
    body = _in_structured_body(letter, fields) if is_structured else fields
    message = replace(letter, body=json.dumps(body, separators=(",", ":")).encode("ascii"))
    envelope = _put_back(settings, process, message)
    checked = envelope if isinstance(envelope, Poison) else admit(process, envelope)
    if isinstance(checked, Poison):
        raise CommandFailed(f"With this data, {letter.id} would still be dead, so nothing was done: {checked.reason}.")
    return message


def _put_back(settings: Settings, process: Process, letter: KeptMessage) -> Envelope | Poison:
    """The message as it is taken from an operator: its exchange and its routing key are not judged again."""
    return Events(process, settings.prefix).put_back(decode(load_raw(letter.body, letter.properties)))


def _in_structured_body(letter: KeptMessage, fields: object) -> dict[str, object]:
    """The structured event with other data. Its other attributes stand in the body, so that has to be readable."""
    try:
        event = json.loads(letter.body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise CommandFailed(
            f"{letter.id} is a structured event whose body can't be read, so its id and type are lost: "
            "publish the right message anew, then discard this one."
        )
    return {name: value for name, value in event.items() if name not in ("data", "data_base64")} | {"data": fields}


def _answered(letter: KeptMessage, answer: str) -> Redriven:
    seen = f"; see `saga inspect {letter.process_id}`" if letter.process_id else ""
    return Redriven(letter.id, letter.consumer, letter.process_id, letter.type, answer, _SENTENCES[answer] + seen)


async def _still_dead(connection: AsyncConnection, letter: KeptMessage, reasons: Mapping[int, str]) -> Redriven:
    """It is open as it was, or as one of its own where its message was corrected."""
    kept: int | None = letter.id
    reason = reasons.get(letter.id)
    if reason is None:
        successor = await find_successor(connection, letter.id, letter.body)
        kept, reason = (successor.id, successor.reason) if successor else (None, "see `saga dead-letters list`")
    where = f" (kept as {kept} from now on)" if kept not in (None, letter.id) else ""
    sentence = f"still dead{where}: {reason}"
    return Redriven(letter.id, letter.consumer, letter.process_id, letter.type, "dead", sentence, kept)
