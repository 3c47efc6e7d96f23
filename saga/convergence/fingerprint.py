"""Fingerprints: the end states of every set of facts, as text that can be compared between interpreters.

The problem: a function of the declaration may depend on the order of a set, on `hash`, or on module-level state. Within
one interpreter it always returns the same, so exploration can't detect it; after the next start of the service it
returns something else. String hashes differ between interpreters, and module-level state starts empty. So several
interpreters explore the same samples, in opposite orders, and all fingerprints have to be equal.
`saga.testing.interpreters` starts them; this module does not.
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
"""The nodes that each interpreter explores; larger sets of facts than fit are left out."""

Fingerprint = Mapping[str, Sequence[str]]
"""For each set of facts, by the numbers of its samples, the end states of its orders."""


def has_functions(process: Process) -> bool:
    """Whether the declaration has functions of the user; without them it depends on nothing but its tables."""
    functions = functions_about(process, process.registers)
    return any(getattr(one, "__module__", "builtins") not in (every.__module__, "builtins") for one in functions)


def fingerprint(process: Process, samples: Iterable[Any] | None, *, backwards: bool) -> Fingerprint:
    """The end states of each set of these facts, or of samples made from the message classes."""
    facts = derive_samples(process) if samples is None else [_as_fact(one) for one in samples]
    chosen = ordered(process, facts)
    numbers = list(range(len(chosen)))[:: -1 if backwards else 1]
    found = explore(process, [chosen[number] for number in numbers], most_nodes=MOST_NODES)
    end_states: defaultdict[str, set[str]] = defaultdict(set)
    for node in found.nodes:
        if node.size <= found.whole_up_to:
            taken = sorted(number for at, number in enumerate(numbers) if node.taken >> at & 1)
            end_states[json.dumps(taken)].add(_as_text(node.end_state.outcome.value, node.configuration))
    return {taken: sorted(texts) for taken, texts in end_states.items()}


def differing(fingerprints: Sequence[Fingerprint]) -> list[int] | None:
    """The smallest set of facts in which the fingerprints differ; None if there is none."""
    first, *others = fingerprints
    sets = [taken for taken in first if any(one.get(taken, first[taken]) != first[taken] for one in others)]
    return min((json.loads(taken) for taken in sets), key=lambda numbers: (len(numbers), numbers), default=None)


def _as_text(outcome: str, configuration: Configuration) -> str:
    commands = sorted((name, command.type, dict(command.fields)) for name, command in configuration.sent.items())
    return json.dumps([outcome, commands], sort_keys=True, default=repr)


def _as_fact(one: Any) -> Fact:
    return one if isinstance(one, Fact) else make_fact(one)
