"""Admission: checks whether the sender may send a message, by the attributes that the broker itself enforces. Pure.

The problem: the sender chooses headers, properties and body freely. The broker checks only the exchange and the routing
key: a user with topic permissions may write only under `orders.*`, but can put any type and any source into the
message.

The model: the exchange and the key identify the sender, and the message has to agree with them. On our exchange of
events the key is `<module>.<Type>`, as the process declares it, or `<process>.<Type>` for what another process
announces; on our exchange of commands it is `<target>.<Type>`. Another exchange identifies no module: its messages are
accepted only if an operator names the exchange, under sources that no module has, and without positions.

A redrive by an operator admits a message, whatever its key; a message from another exchange still counts as such.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from saga.core import Process
from saga.core.routing import SUFFIX, is_of_process, routing_key
from saga.engine.intake import MODULES, names_module, poison, unknown_type, unplaced
from saga.messages import Envelope, Poison, Raw

DEFAULT_EXCHANGE: Final = "amq.default"
"""The name of the exchange without a name, as in the broker's management UI."""
EXCHANGES: Final = "/exchanges/"
"""The prefix that we give to the source of a message from another exchange; no other source may have it."""
_SHOWN_CHARACTERS = 100

Message = Envelope | Poison
Judge = Callable[[Message], Message]
"""Returns a delivered message as it may be handled: unchanged, or as poison with the rule that it breaks."""


def unjudged(message: Message) -> Message:
    """Admit every message; for a queue whose messages are not handled."""
    return message


class Events:
    """Judges messages to a process; ``accepted`` are the exchanges that an operator has named."""

    def __init__(self, process: Process, prefix: str, accepted: Collection[str] = ()) -> None:
        self._process = process
        self._events = f"{prefix}.events"
        self._undelivered = f"{prefix}.undelivered"
        self._accepted = frozenset(accepted)
        self._keys = {
            routing_key(module, kind.__name__): (kind.__name__, f"{MODULES}{module}")
            for module, kinds in process.inputs.items()
            for kind in kinds
        }

    def __call__(self, message: Message) -> Message:
        """The message as it may be handled, judged by the exchange and the key of its delivery."""
        return self.judge(message, message.raw.exchange, message.raw.routing_key)

    def judge(self, message: Message, exchange: str, routing_key: str) -> Message:
        """The same for a message that was published to this exchange under this key, whatever route it took."""
        if isinstance(message, Poison):
            return message
        if exchange != self._events:
            return self._from_other_exchange(message, exchange)
        declared = self._keys.get(routing_key)
        if declared == (message.type, message.source):
            return message
        if reason := self._broken_rule(message, routing_key):
            is_own_source = declared is not None and declared[1] == message.source
            refused = poison(message, reason)
            return refused if is_own_source else unplaced(refused)
        return message

    def put_back(self, message: Message) -> Message:
        """The message of a dead letter that an operator redrives: its exchange and key are not checked again."""
        exchange = self._published_to(message.raw)
        return message if isinstance(message, Poison) or exchange == self._events else _as_of(message, exchange)

    def _from_other_exchange(self, message: Envelope, exchange: str) -> Message:
        name = exchange or DEFAULT_EXCHANGE
        if name in self._accepted:
            return _as_of(message, exchange)
        reason = f"it came from exchange {_short(name)}, which SAGA_ACCEPTED_EXCHANGES does not name"
        return unplaced(poison(message, reason))

    def _broken_rule(self, message: Envelope, routing_key: str) -> str | None:
        """The rule that a message on our exchange of events breaks, as a sentence; None if it breaks none."""
        kind = self._process.message_types.get(message.type)
        if kind is None:
            return unknown_type(self._process, message.type)
        declared = self._keys.get(routing_key)
        if declared is None:
            return f"its routing key is {_short(routing_key)}: {self._process.name} consumes {', '.join(self._keys)}"
        type_, own = declared
        if message.type != type_:
            return f"its routing key {_short(routing_key)} is for {type_}, and its type is {message.type}"
        if message.source != own and names_module(message.source):
            return f"its source is {_short(message.source)}: under {_short(routing_key)} the only module is {own}"
        if message.source.startswith(EXCHANGES):
            return f"its source is {_short(message.source)}: {EXCHANGES} is for what comes from another exchange"
        return None

    def _published_to(self, raw: Raw) -> str:
        """The exchange that the sender used, also for dead-lettered messages."""
        if raw.exchange != self._undelivered:
            return raw.exchange
        first = raw.headers.get("x-first-death-exchange", self._events)
        return first if isinstance(first, str) else self._events


class Commands:
    """Judges messages to a collaborator."""

    def __init__(self, target: str, prefix: str) -> None:
        self._target = target
        self._commands = f"{prefix}.commands"

    def __call__(self, message: Message) -> Message:
        """The message as it may be handled, judged by the exchange and the key of its delivery."""
        if isinstance(message, Poison):
            return message
        reason = self._broken_rule(message)
        return message if reason is None else poison(message, reason)

    def _broken_rule(self, message: Envelope) -> str | None:
        exchange, routing_key, source = message.raw.exchange, message.raw.routing_key, message.source
        if exchange != self._commands:
            return f"it came from exchange {_short(exchange or DEFAULT_EXCHANGE)}: commands come from {self._commands}"
        if routing_key != f"{self._target}.{message.type}":
            return f"its routing key is {_short(routing_key)} where {self._target}.{message.type} is expected"
        if not (source.startswith(MODULES) and is_of_process(source)):
            return f"its source is {_short(source)}: commands come from a process, {MODULES}<process>{SUFFIX}"
        return None


def _as_of(message: Envelope, exchange: str) -> Envelope:
    """The message with a source that names that exchange: otherwise it could look like a module's source."""
    source = f"{EXCHANGES}{quote(exchange or DEFAULT_EXCHANGE, safe='')}/{message.source}"
    return replace(message, source=source, module=None, position=None, previous_position=None)


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
