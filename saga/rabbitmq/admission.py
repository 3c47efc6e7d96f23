"""Admission: who may say what at the broker, judged by what the broker itself vouches for. Pure.

The problem: headers, properties and bodies are the sender's own words. What the broker checks is the exchange and the
routing key: with topic permissions a user writes under `orders.*` alone, and may still put any type and any source into
the message.

The model: the exchange and the key say who speaks, and the message has to agree. On our exchange of events the key is
`<module>.<Type>`, as the process declares it; on our exchange of commands `<target>.<Type>`. Another exchange says
nothing of modules: its messages are taken where an operator names it, as that exchange's own, under sources that no
module has, and without positions.

What an operator puts back was admitted by that, whatever its key; but another exchange's message stays one.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from saga.core import Process
from saga.engine.intake import MODULES, names_module, poison, unknown_type, unplaced
from saga.messages import Envelope, Poison, Raw

DEFAULT_EXCHANGE: Final = "amq.default"
"""How the exchange without a name is called, here as in the broker's own management."""
EXCHANGES: Final = "/exchanges/"
"""What the source of a message from another exchange begins with here; nobody else's may."""
_SHOWN_CHARACTERS = 100

Message = Envelope | Poison
Judge = Callable[[Message], Message]
"""Gives a delivered message back as it may be handled: as it is, or as poison with the rule that it breaks."""


def unjudged(message: Message) -> Message:
    """For a queue from which nothing is handled."""
    return message


class Events:
    """Judges what is delivered to a process; ``accepted`` are the exchanges that an operator has named."""

    def __init__(self, process: Process, prefix: str, accepted: Collection[str] = ()) -> None:
        self._process = process
        self._events = f"{prefix}.events"
        self._undelivered = f"{prefix}.undelivered"
        self._accepted = frozenset(accepted)
        self._keys = {
            f"{module}.{kind.__name__}": (kind.__name__, f"{MODULES}{module}")
            for module, kinds in process.inputs.items()
            for kind in kinds
        }

    def __call__(self, message: Message) -> Message:
        """The message as it may be handled, judged by the exchange and the key under which it was delivered."""
        return self.judge(message, message.raw.exchange, message.raw.routing_key)

    def judge(self, message: Message, exchange: str, routing_key: str) -> Message:
        """The same for a message that was published to this exchange under this key, however it came here."""
        if isinstance(message, Poison):
            return message
        if exchange != self._events:
            return self._from_elsewhere(message, exchange)
        declared = self._keys.get(routing_key)
        if declared == (message.type, message.source):
            return message
        if reason := self._broken_rule(message, routing_key):
            speaks_itself = declared is not None and declared[1] == message.source
            refused = poison(message, reason)
            return refused if speaks_itself else unplaced(refused)
        return message

    def put_back(self, message: Message) -> Message:
        """The message of a dead letter that an operator redrives: neither its exchange nor its key is in the way."""
        exchange = self._published_to(message.raw)
        return message if isinstance(message, Poison) or exchange == self._events else _as_of(message, exchange)

    def _from_elsewhere(self, message: Envelope, exchange: str) -> Message:
        name = exchange or DEFAULT_EXCHANGE
        if name in self._accepted:
            return _as_of(message, exchange)
        reason = f"it came from exchange {_short(name)}, which SAGA_ACCEPTED_EXCHANGES does not name"
        return unplaced(poison(message, reason))

    def _broken_rule(self, message: Envelope, routing_key: str) -> str | None:
        """The rule that a message on our exchange of events breaks."""
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
        """The exchange that the sender used, also of what the broker gave up."""
        if raw.exchange != self._undelivered:
            return raw.exchange
        first = raw.headers.get("x-first-death-exchange", self._events)
        return first if isinstance(first, str) else self._events


class Commands:
    """Judges what is delivered to a collaborator."""

    def __init__(self, target: str, prefix: str) -> None:
        self._target = target
        self._commands = f"{prefix}.commands"

    def __call__(self, message: Message) -> Message:
        """The message as it may be handled, judged by the exchange and the key under which it was delivered."""
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
        if not (source.startswith(MODULES) and source.endswith("-process")):
            return f"its source is {_short(source)}: commands come from a process, {MODULES}<process>-process"
        return None


def _as_of(message: Envelope, exchange: str) -> Envelope:
    """The message as one of that exchange's: what it calls itself can't be told from a module's elsewise."""
    source = f"{EXCHANGES}{quote(exchange or DEFAULT_EXCHANGE, safe='')}/{message.source}"
    return replace(message, source=source, module=None, position=None, previous_position=None)


def _short(said: str) -> str:
    shown = repr(said)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
