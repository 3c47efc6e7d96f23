"""The spans of a step: of its batch, and of its sampled messages with their decisions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from saga.core import Process
from saga.engine.dead_letters import NewDeadLetter
from saga.metrics.instruments import Stopwatch
from saga.modules import NewEvent
from saga.tracing import MessageSpans
from saga.tracing.message_spans import Message
from saga.tracing.spans import Attributes

_DECISIONS: Final = {"InputTaken": "taken", "InputIgnored": "ignored"}
"""The entries that answer a message."""


class StepSpans:
    """The spans of one attempt of a step."""

    def __init__(self, process: Process) -> None:
        self._spans = MessageSpans("saga.process", process.name, process.message_types)

    def enter(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages; the sampled ones carry the contexts of their own spans."""
        return self._spans.enter(messages)

    def end(
        self,
        others: Mapping[int, str],
        entries: Iterable[NewEvent],
        dead: Sequence[NewDeadLetter],
        stages: Stopwatch | None = None,
    ) -> None:
        """End the spans of a committed step.

        ``others`` are the messages that were not taken in, by the `id` of their raw form, each with its answer.
        """
        if not self._spans.are_on:
            return
        kinds = {id(one.poison.raw): (one.poison, one.kind.value) for one in dead}
        answered: dict[int, Attributes] = {
            raw_id: {"saga.decision": answer} for raw_id, answer in others.items() if raw_id not in kinds
        }
        open_ = self._spans.by_traceparent()
        for entry in entries if open_ else ():
            decision = _DECISIONS.get(entry.type)
            if decision is not None and (raw_id := open_.get(entry.metadata.get("traceparent", ""))) is not None:
                answered[raw_id] = {"saga.decision": decision, "saga.outcome": entry.data["outcome"]}
        self._spans.end(answered, list(kinds.values()), () if stages is None else stages.ended)


def mark_dead(consumer: str, dead: Sequence[NewDeadLetter]) -> None:
    """Make the spans of dead letters that were kept without a step."""
    MessageSpans("saga.process", consumer, ()).end({}, [(one.poison, one.kind.value) for one in dead])
