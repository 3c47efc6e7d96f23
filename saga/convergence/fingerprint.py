"""What a process makes of every set of facts, as text that one interpreter can compare with what another one says.

The problem: a function of the declaration may look at the order of a set, at `hash`, or at something that it keeps for
itself. In one interpreter it answers the same whenever it is asked, so that no exploring can see it; after the next
start of the service it answers otherwise. Words have other hashes in each interpreter, and a memory begins anew there.
So the same is explored in several of them, in opposite orders, and all have to say the same.
`saga.testing.interpreters` starts them; nothing here does.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from saga.convergence.check import ordered
from saga.convergence.configuration import Configuration
from saga.convergence.exploration import explore
from saga.convergence.functions import functions_about
from saga.convergence.samples import derive_samples
from saga.core import Fact, Process, every
from saga.messages.facts import make_fact

MOST_NODES = 1_000
"""Of as many places others are asked; larger sets of facts than fit are left out."""

Fingerprint = Mapping[str, Sequence[str]]
"""For each set of facts, by the numbers of its samples, what its orders come to."""


def has_functions(process: Process) -> bool:
    """Whether the declaration has functions that are not the toolkit's: tables alone look at nothing else."""
    functions = functions_about(process, process.registers)
    return any(getattr(one, "__module__", "builtins") not in (every.__module__, "builtins") for one in functions)


def fingerprint(process: Process, samples: Iterable[Any] | None, *, backwards: bool) -> Fingerprint:
    """What each set of these facts, or of samples made from the message classes, comes to."""
    facts = derive_samples(process) if samples is None else [_as_fact(one) for one in samples]
    chosen = ordered(process, facts)
    numbers = list(range(len(chosen)))[:: -1 if backwards else 1]
    found = explore(process, [chosen[number] for number in numbers], most_nodes=MOST_NODES)
    said: defaultdict[str, set[str]] = defaultdict(set)
    for node in found.nodes:
        if node.size <= found.whole_up_to:
            taken = sorted(number for at, number in enumerate(numbers) if node.taken >> at & 1)
            said[json.dumps(taken)].add(_in_words(node.end_state.outcome.value, node.configuration))
    return {taken: sorted(end_states) for taken, end_states in said.items()}


def differing(opinions: Sequence[Fingerprint]) -> list[int] | None:
    """The smallest set of facts of which not all say the same; None if there is none."""
    first, *others = opinions
    sets = [taken for taken in first if any(one.get(taken, first[taken]) != first[taken] for one in others)]
    return min((json.loads(taken) for taken in sets), key=lambda numbers: (len(numbers), numbers), default=None)


def _in_words(outcome: str, configuration: Configuration) -> str:
    commands = sorted((name, command.type, dict(command.fields)) for name, command in configuration.sent.items())
    return json.dumps([outcome, commands], sort_keys=True, default=repr)


def _as_fact(one: Any) -> Fact:
    return one if isinstance(one, Fact) else make_fact(one)
