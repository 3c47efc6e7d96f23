"""Putting a dead letter back: the same durable step as for a delivered message, in this process."""

import json
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.failure import CommandFailed, WrongUsage
from saga.core import Poison, Process
from saga.engine import Step, Taken
from saga.engine.dead_letters import load_raw
from saga.engine.intake import admit
from saga.postgres import again_after_conflicts
from saga.reading import KeptMessage, OpenLetter, find_successor
from saga.transport.codec import STRUCTURED, decode


@dataclass(frozen=True, slots=True)
class Redriven:
    """How a dead letter was answered: "taken", "ignored", "duplicate" or "dead".

    One that is still dead is kept as ``dead_letter_id``: its own id, or a new one for a corrected message.
    """

    id: int
    process: str
    process_id: str | None
    type: str | None
    answer: str
    sentence: str
    dead_letter_id: int | None = None


async def redrive_one(engine: AsyncEngine, process: Process, letter: KeptMessage) -> Redriven:
    """Let its process take the message in, and say what came of it. Raises Unavailable when nothing was done."""
    message = decode(load_raw(letter.body, letter.properties))
    taken: Taken = await again_after_conflicts()(Step(engine, process).take_warily, [message], redriven=[letter.id])
    if not taken.dead:
        return _answered(letter, taken)
    async with engine.connect() as connection:
        return _still_dead(letter, await find_successor(connection, letter.id, letter.body))


def corrected(process: Process, letter: KeptMessage, data: str) -> KeptMessage:
    """The dead letter with other data and everything else as it was.

    Raises CommandFailed, with nothing done, where the message would still not be understood.
    """
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise WrongUsage(f"--data is not JSON: {error}.") from None
    is_structured = str(letter.properties.get("content_type") or "").lower().startswith(STRUCTURED)
    body = _in_structured_body(letter, fields) if is_structured else fields
    message = replace(letter, body=json.dumps(body, separators=(",", ":")).encode("ascii"))
    envelope = decode(load_raw(message.body, message.properties))
    checked = envelope if isinstance(envelope, Poison) else admit(process, envelope)
    if isinstance(checked, Poison):
        raise CommandFailed(f"With this data, {letter.id} would still be dead, so nothing was done: {checked.reason}.")
    return message


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


def _answered(letter: KeptMessage, taken: Taken) -> Redriven:
    if taken.taken:
        answer, sentence = "taken", "taken in"
    elif taken.ignored:
        answer, sentence = "ignored", "ignored, because it says nothing new"
    else:
        answer, sentence = "duplicate", "a duplicate: the same message was taken in before"
    seen = f"; see `saga inspect {letter.process_id}`" if letter.process_id else ""
    return Redriven(letter.id, letter.consumer, letter.process_id, letter.type, answer, sentence + seen)


def _still_dead(letter: KeptMessage, successor: OpenLetter | None) -> Redriven:
    reason = successor.reason if successor else "see `saga dead-letters list`"
    kept = successor.id if successor else None
    where = f" (kept as {kept} from now on)" if kept not in (None, letter.id) else ""
    sentence = f"still dead{where}: {reason}"
    return Redriven(letter.id, letter.consumer, letter.process_id, letter.type, "dead", sentence, kept)
