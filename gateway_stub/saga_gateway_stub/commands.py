"""Commands: what the collaborators are asked to do, read from messages. Pure; pydantic checks the data here.

Of all commands for one effect of an order the one with the greatest revision holds, in whatever order they come.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from saga.messages import Envelope, Poison
from saga.orders.messages import Amount, Currency, Identifier, OrderId

DIGEST_BYTES = 16
_SHOWN_CHARACTERS = 60

EffectName = Annotated[str, Field(strict=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Revision = Annotated[int, Field(strict=True, ge=1, lt=2**31)]


class CommandData(BaseModel):
    """What every command says."""

    model_config = ConfigDict(frozen=True, extra="allow")

    order_id: OrderId
    effect: EffectName
    revision: Revision


class RequestPayment(CommandData):
    """To the gateway: collect this amount."""

    amount: Amount
    currency: Currency


class VoidPayment(CommandData):
    """To the gateway: collect nothing from now on."""


class RefundPayment(CommandData):
    """To the gateway: give this one payment back."""

    payment_id: Identifier
    amount: Amount
    currency: Currency


class StartFulfilment(CommandData):
    """To fulfilment: pack and send it."""


class StopFulfilment(CommandData):
    """To fulfilment: do not send it, or get it back."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is understood. ``metadata`` is what events that it causes say of their cause."""

    id: str
    type: str
    data: CommandData
    body: Mapping[str, Any]
    metadata: Mapping[str, str]
    digest: bytes
    envelope: Envelope

    @property
    def target(self) -> tuple[str, str]:
        """The order and the effect that it is about."""
        return self.data.order_id, self.data.effect


def read(message: Envelope | Poison, kinds: Mapping[str, type[CommandData]]) -> Command | Poison:
    """The command that a message is, or why it is none."""
    if isinstance(message, Poison):
        return message
    kind = kinds.get(message.type)
    if kind is None:
        return poison(message, f"unknown command {_short(message.type)}: understood are {', '.join(kinds)}")
    try:
        data = kind.model_validate(message.data)
    except ValidationError as error:
        return poison(message, f"wrong data: {_complaints(error)}")
    if message.subject not in (None, data.order_id):
        return poison(message, f"subject {_short(message.subject)} is not order_id {_short(data.order_id)}")
    said = orjson.dumps([message.type, message.data], option=orjson.OPT_SORT_KEYS)
    return Command(
        id=message.id,
        type=message.type,
        data=data,
        body=message.data,
        metadata=_metadata(message, data.order_id),
        digest=blake2b(said, digest_size=DIGEST_BYTES).digest(),
        envelope=message,
    )


def poison(envelope: Envelope, reason: str) -> Poison:
    """The well-formed message as one that can't be carried out."""
    return Poison(envelope.raw, reason, envelope.type, envelope.id, envelope.source, envelope.subject)


def newest(commands: Iterable[Command]) -> list[Command]:
    """For each effect the command with the greatest revision."""
    found: dict[tuple[str, str], Command] = {}
    for command in commands:
        known = found.setdefault(command.target, command)
        if command.data.revision > known.data.revision:
            found[command.target] = command
    return list(found.values())


def _metadata(envelope: Envelope, order_id: str) -> dict[str, str]:
    cause = {"correlationid": envelope.correlation_id or order_id, "causationid": envelope.id}
    return cause | ({"traceparent": envelope.traceparent} if envelope.traceparent else {})


def _complaints(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, complaint['loc'])) or 'data'}: {complaint['msg']} (got {_short(complaint['input'])})"
        for complaint in error.errors(include_url=False)[:5]
    )


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
