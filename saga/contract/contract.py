"""The contract of a process: every message that it receives or sends, with where, under which headers, and with what.

It is derived from the declaration alone. The formats (AsyncAPI, JSON Schema, Markdown) show it, and a comparison finds
what a change of it breaks.
"""

from dataclasses import dataclass
from enum import Enum

from saga.contract.schemas import Schema


class ContractError(Exception):
    """The process has no contract, or a document is none. The message is a sentence that says why."""


class Kind(Enum):
    """What a message is to the process."""

    EVENT = "event"
    COMMAND = "command"
    ANNOUNCEMENT = "announcement"

    @property
    def is_sent(self) -> bool:
        """Whether the process sends it; otherwise it receives it."""
        return self is not Kind.EVENT


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue that the worker declares, and the routing keys that bind it to the message's exchange."""

    name: str
    bindings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One type of message. ``payload`` and ``headers`` are JSON Schemas; references in them are into ``$defs``.

    ``module`` is the first part of the routing key: the module of an event, the collaborator of a command. ``queue`` is
    that of whoever receives it, if it is known. ``about`` says which effects a command is about.
    """

    kind: Kind
    type: str
    module: str
    exchange: str
    description: str
    headers: Schema
    payload: Schema
    queue: Queue | None = None
    about: tuple[str, ...] = ()

    @property
    def routing_key(self) -> str:
        """Under which it is published."""
        return f"{self.module}.{self.type}"


@dataclass(frozen=True, slots=True)
class Contract:
    """All messages of one process, events first, each kind in the order of its declaration."""

    name: str
    version: int
    correlate: str
    prefix: str
    messages: tuple[Message, ...]

    def of_kind(self, kind: Kind) -> tuple[Message, ...]:
        """The messages of one kind."""
        return tuple(one for one in self.messages if one.kind is kind)
