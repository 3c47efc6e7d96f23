"""What a change of the contract breaks: those who send what the process receives, and those who read what it sends.

A sender breaks if the old contract allowed a message that the new one refuses. A reader breaks if the new contract
allows a message that the old one did not: it can get what it never got. Both are one question about two schemas
(``comparison``), asked in opposite directions.

So another value of an outcome that is announced breaks readers: one that distinguishes outcomes does not know it. A
new type of message breaks nobody, because nobody subscribed to it; but a collaborator gets every command under its
name, so a new command is worth a note.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from saga.contract.asyncapi import to_asyncapi
from saga.contract.comparison import INCOMPARABLE, LOST, Difference, Side, differences
from saga.contract.contract import Contract, ContractError
from saga.contract.reading import Described, Reading, read


class Affected(Enum):
    """Who has to change something."""

    SENDERS = "senders"
    READERS = "readers"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ContractFinding:
    """One thing that changed, as a sentence that names the type and the field."""

    affected: Affected
    sentence: str

    @property
    def breaks(self) -> bool:
        """Whether somebody has to change something."""
        return self.affected is not Affected.NOBODY


def compare(contract: Contract, earlier: Any) -> tuple[ContractFinding, ...]:
    """What the contract breaks of an earlier one, an AsyncAPI document as JSON values; sorted by type.

    Raises ContractError, with a clause, if the document is none of this process.
    """
    old, new = read(earlier), read(to_asyncapi(contract))
    if old.process != new.process:
        raise ContractError(f"it is the contract of {old.process}, and not of {new.process}")
    found: list[ContractFinding] = []
    for key, before in sorted(old.messages.items()):
        after = new.messages.get(key)
        if after is None:
            found.append(_finding(before, f"is no longer {'sent' if before.is_sent else 'received'}"))
            continue
        found += [_finding(before, clause) for clause in _clauses(before, after, old, new)]
    return (*found, *_new_commands(old, new))


def _new_commands(old: Reading, new: Reading) -> Iterator[ContractFinding]:
    """A note for each command that a known collaborator did not get before."""
    queues = {one.queue for one in old.messages.values() if one.is_sent and one.queue}
    for key, one in sorted(new.messages.items()):
        if key not in old.messages and one.is_sent and one.queue in queues:
            sentence = f"{one.routing_key} is new: whoever reads {one.queue} has to know it before it is sent."
            yield ContractFinding(Affected.NOBODY, sentence)


def _finding(message: Described, clause: str) -> ContractFinding:
    affected = Affected.READERS if message.is_sent else Affected.SENDERS
    return ContractFinding(affected, f"{message.routing_key} {clause}.")


def _clauses(before: Described, after: Described, old: Reading, new: Reading) -> Iterator[str]:
    """What changed of one type of message, in words."""
    where = [("exchange", before.exchange, after.exchange), ("content type", before.content_type, after.content_type)]
    if before.is_sent and before.queue is not None:
        where.append(("queue", before.queue, str(after.queue)))
    yield from (f"had the {name} {one}, and now has {other}" for name, one, other in where if one != other)
    for part, was, now in (("header", before.headers, after.headers), ("", before.payload, after.payload)):
        sides = Side(was, old.document), Side(now, new.document)
        given, accepting = reversed(sides) if before.is_sent else sides
        try:
            found = differences(given, accepting, must_name=before.is_sent)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ContractError(f"a schema of {before.routing_key} can't be read: {error!r}") from None
        yield from (_sentence(one, part, is_sent=before.is_sent) for one in found)


def _sentence(one: Difference, part: str, *, is_sent: bool) -> str:
    """A difference as a clause behind the name of the type."""
    field = " ".join(filter(None, (part, one.path))) or "its data"
    old, new = (one.accepted, one.given) if is_sent else (one.given, one.accepted)
    match one.keyword:
        case "required":
            return f"{field}: may be missing now" if is_sent else f"{field}: is newly required"
        case keyword if keyword == LOST:
            return f"{field}: is no longer sent" if is_sent else f"{field}: is no longer accepted"
        case "additionalProperties":
            return f"{field}: may have further fields now" if is_sent else f"{field}: further fields are refused now"
        case "enum" if one.given == "anything":
            allowed = _shown(one.accepted)
            return f"{field}: can be anything now, not only {allowed}" if is_sent else f"{field}: can only be {allowed}"
        case "enum":
            return f"{field}: {'can be' if is_sent else 'can no longer be'} {_shown(one.given)}{' now' * is_sent}"
        case keyword if keyword == INCOMPARABLE:
            return f"{field}: was {_shown(old)}, is now {_shown(new)}, which can't be compared"
        case keyword:
            return f"{field}: its {keyword} was {_shown(old)}, is now {_shown(new)}"


def _shown(said: Any) -> str:
    """What a schema says, in a sentence."""
    if said is None:
        return "absent"
    if isinstance(said, list):
        return ", ".join(map(_json, said))
    if isinstance(said, Mapping):
        return ", ".join(f"{keyword} {_json(value)}" for keyword, value in said.items())
    return str(said)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
