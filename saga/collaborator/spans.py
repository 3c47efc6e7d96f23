"""The spans of a collaborator: of a batch, and of its sampled commands with their results."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from saga.collaborator.commands import Command
from saga.messages import Poison
from saga.tracing import MessageSpans
from saga.tracing.message_spans import Message

_DUPLICATE = "duplicate"
_REJECTED = "rejected"


class CommandSpans:
    """The spans of one attempt to handle a batch of commands. Traces begin at processes: here none does."""

    def __init__(self, collaborator: str, types: Container[str]) -> None:
        self._spans = MessageSpans("saga.collaborator", collaborator, types, begins_traces=False)

    def enter(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages; the sampled ones carry the contexts of their own spans."""
        return self._spans.enter(messages)

    def end(self, commands: Sequence[Command[Any]], results: Mapping[str, str], rejected: Sequence[Poison]) -> None:
        """End the spans of a committed batch; commands without a result came before."""
        if not self._spans.are_on:
            return
        kept = {id(one.raw) for one in rejected}
        raws = {id(command.envelope.raw): results.get(command.id, _DUPLICATE) for command in commands}
        answered = {raw_id: {"saga.decision": result} for raw_id, result in raws.items() if raw_id not in kept}
        self._spans.end(answered, [(one, _REJECTED) for one in rejected])
