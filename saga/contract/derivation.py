"""Derives the contract of a process from its declaration: the events, the commands and the announcements."""

import inspect
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum

from saga.contract import headers
from saga.contract.contract import Contract, Kind, Message, Queue
from saga.contract.payloads import announcement_payload, command_payload, either, event_payload
from saga.contract.schemas import Schema
from saga.convergence.proof import prove
from saga.convergence.proof.about_effects import commands_know_their_fields
from saga.convergence.proof.about_parts import parts_are_known
from saga.core import Effect, Process, Selection
from saga.core.routing import first_word, routing_key


def contract_of(process: Process, prefix: str) -> Contract:
    """The contract of a process whose exchanges and queues have this prefix.

    Raises ContractError, with a sentence, for a message class that JSON Schema can't describe.
    """
    messages = (*_events(process, prefix), *_commands(process, prefix), *_announcements(process, prefix))
    return Contract(process.name, process.version, process.correlate, prefix, messages)


def _events(process: Process, prefix: str) -> Iterator[Message]:
    """What the process receives, all from one queue."""
    keys = tuple(routing_key(module, kind.__name__) for module, kinds in process.inputs.items() for kind in kinds)
    for module, kinds in process.inputs.items():
        for kind in kinds:
            payload = event_payload(kind)
            yield Message(
                kind=Kind.EVENT,
                type=kind.__name__,
                module=first_word(module),
                exchange=f"{prefix}.events",
                description=_said_of(kind),
                headers=headers.received(kind.__name__, module),
                payload=payload,
                queue=Queue(f"{prefix}.{process.name}", keys),
            )


def _commands(process: Process, prefix: str) -> Iterator[Message]:
    """What the process sends to its collaborators; one type may be about several effects."""
    is_sure = not prove(process, [parts_are_known, commands_know_their_fields]).obstacles
    payloads: defaultdict[tuple[str, str], list[Schema]] = defaultdict(list)
    about: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for effect in (one for one in process.effects if isinstance(one, Effect)):
        key = _key_of(process, effect)
        for template in effect.commands.values():
            of = (effect.collaborator, template.type)
            payloads[of].append(command_payload(process.correlate, effect, template, key, sure=is_sure))
            about[of].append(effect.name if key is None else f"{effect.name}/<{key}>")
    for (collaborator, kind), schemas in payloads.items():
        effects = tuple(dict.fromkeys(about[collaborator, kind]))
        yield Message(
            kind=Kind.COMMAND,
            type=kind,
            module=collaborator,
            exchange=f"{prefix}.commands",
            description=f"Command for {collaborator}, about {' or '.join(effects)}.",
            headers=headers.sent(kind, process.module, is_public=False),
            payload=either(schemas),
            queue=Queue(f"{prefix}.{collaborator}", (f"{collaborator}.*",)),
            about=effects,
        )


def _announcements(process: Process, prefix: str) -> Iterator[Message]:
    """What the process says in public about its outcomes; several outcomes may share a type."""
    if (announces := process.announces) is None:
        return
    outcomes: defaultdict[str, list[Enum]] = defaultdict(list)
    for outcome, kind in announces.types.items():
        outcomes[kind].append(outcome)
    for kind, shared in outcomes.items():
        words = [str(one.value) for one in shared]
        yield Message(
            kind=Kind.ANNOUNCEMENT,
            type=kind,
            module=first_word(process.module),
            exchange=f"{prefix}.events",
            description=f"The outcome is now {' or '.join(words)}.",
            headers=headers.sent(kind, process.module, is_public=True),
            payload=announcement_payload(process, announces, shared),
        )


def _key_of(process: Process, effect: Effect) -> str | None:
    """The field that distinguishes the entries that the effect exists for; None for an effect that exists once."""
    wants = (cell.get(effect) for table in process.wanted for cell in table.cells.values())
    return next((one.register.key for one in wants if isinstance(one, Selection)), None)


def _said_of(kind: type) -> str:
    """The docstring of a message class; a dataclass without one has its signature there."""
    said = inspect.cleandoc(kind.__doc__ or "")
    return "" if said.startswith(f"{kind.__name__}(") else said.replace("``", "`")
