"""Reads commands from messages. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from hashlib import blake2b
from typing import Annotated, Any, Final, Generic, TypedDict, TypeVar

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from saga.core import DeclarationError
from saga.core.identifier import IDENTIFIER_RULE, is_identifier
from saga.engine.intake import poison
from saga.messages import Envelope, Poison

DIGEST_BYTES: Final = 16
_SHOWN_CHARACTERS = 60

Data = TypeVar("Data")


class Cause(TypedDict, total=False):
    """The ids of the command that caused an answer, as keyword arguments of ``Module.append``."""

    correlation_id: str
    causation_id: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The result of a handler that won't carry out a command; the command is kept as rejected, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Command(Generic[Data]):
    """A valid command. ``data`` is an instance of the class whose name is ``type``.

    ``body`` is all of the message's data, including fields that the class does not declare. ``digest`` is of type and
    body.
    """

    id: str
    type: str
    instance_id: str
    effect: str
    revision: int
    data: Data
    body: Mapping[str, Any]
    digest: bytes
    envelope: Envelope

    @property
    def target(self) -> tuple[str, str]:
        """The instance and the effect of this command."""
        return self.instance_id, self.effect

    @property
    def cause(self) -> Cause:
        """For ``Module.append``: an answer with this cause gets the same id each time the command is handled."""
        cause = Cause(correlation_id=self.envelope.correlation_id or self.instance_id, causation_id=self.id)
        if self.envelope.traceparent:
            cause["traceparent"] = self.envelope.traceparent
        return cause

    @property
    def metadata(self) -> dict[str, str]:
        """The cause, with the names that log entries use."""
        cause = {"correlationid": self.envelope.correlation_id or self.instance_id, "causationid": self.id}
        return cause | ({"traceparent": self.envelope.traceparent} if self.envelope.traceparent else {})


class _Target(BaseModel):
    """The fields of every command besides its instance."""

    effect: Annotated[str, Field(strict=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
    revision: Annotated[int, Field(strict=True, ge=1, lt=2**31)]


class Commands:
    """Reads the commands of a collaborator. Raises DeclarationError for a class that can't be one."""

    def __init__(self, collaborator: str, instance: str, command_types: Sequence[type]) -> None:
        self._instance = instance
        self._adapters: dict[str, TypeAdapter[Any]] = {}
        for command_type in command_types:
            name = command_type.__name__
            if name in self._adapters:
                raise DeclarationError(f"collaborator {collaborator}: two commands are named {name}: rename one")
            self._adapters[name] = _adapter(collaborator, command_type)
        if not command_types:
            raise DeclarationError(f"collaborator {collaborator} takes no command: give it a handler")

    def read(self, messages: Iterable[Envelope | Poison]) -> tuple[list[Command[Any]], list[Poison]]:
        """The commands among the messages, and the messages that are no valid commands."""
        read = [self._read(message) for message in messages]
        return (
            [one for one in read if isinstance(one, Command)],
            [one for one in read if isinstance(one, Poison)],
        )

    def _read(self, message: Envelope | Poison) -> Command[Any] | Poison:
        """The command in a message, or a Poison with the reason why it is not one."""
        if isinstance(message, Poison):
            return message
        adapter = self._adapters.get(message.type)
        if adapter is None:
            known = ", ".join(self._adapters)
            return poison(message, f"unknown command {_short(message.type)}: understood are {known}")
        try:
            data = adapter.validate_json(orjson.dumps(message.data))
            target = _Target.model_validate(message.data)
        except ValidationError as error:
            return poison(message, f"wrong data: {_errors(error)}")
        instance_id = message.data.get(self._instance)
        if not is_identifier(instance_id):
            reason = f"wrong data: {self._instance}: should be text of {IDENTIFIER_RULE} (got {_short(instance_id)})"
            return poison(message, reason)
        if message.subject not in (None, instance_id):
            reason = f"subject {_short(message.subject)} is not {self._instance} {_short(instance_id)}"
            return poison(message, reason)
        contents = orjson.dumps([message.type, message.data], option=orjson.OPT_SORT_KEYS)
        return Command(
            id=message.id,
            type=message.type,
            instance_id=instance_id,
            effect=target.effect,
            revision=target.revision,
            data=data,
            body=message.data,
            digest=blake2b(contents, digest_size=DIGEST_BYTES).digest(),
            envelope=message,
        )


def newest(commands: Iterable[Command[Any]]) -> list[Command[Any]]:
    """The command with the greatest revision for each effect, in the order of the effects."""
    found: dict[tuple[str, str], Command[Any]] = {}
    for command in commands:
        known = found.setdefault(command.target, command)
        if command.revision > known.revision:
            found[command.target] = command
    return [found[target] for target in sorted(found)]


def _adapter(collaborator: str, command_type: type) -> TypeAdapter[Any]:
    if not (issubclass(command_type, BaseModel) or is_dataclass(command_type)):
        raise DeclarationError(
            f"collaborator {collaborator}: {command_type.__name__} is neither a pydantic model nor a dataclass:"
            " make it one of them"
        )
    try:
        return TypeAdapter(command_type)
    except PydanticUserError as error:
        raise DeclarationError(
            f"collaborator {collaborator}: {command_type.__name__} can't be read: {error}"
        ) from error


def _errors(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'data'}: {one['msg']} (got {_short(one['input'])})"
        for one in error.errors(include_url=False)[:5]
    )


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
