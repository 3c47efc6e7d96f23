"""Fingerprints: the end states of every set of facts, as text that can be compared between interpreters.

The problem: a function of the declaration may depend on the order of a set, on `hash`, or on module-level state. Within
one interpreter it always returns the same, so exploration can't detect it; after the next start of the service it
returns something else. So may the declaration be, if its rows are built from such. String hashes differ between
interpreters, and module-level state starts empty. So several interpreters explore the same samples, in opposite orders,
and one of them asks the functions before it explores. All fingerprints have to be equal.
`saga.testing.interpreters` starts them; this module does not.

Beyond the first thousand nodes no set would be compared in every order, and a dozen inputs have more. So histories of
all sizes are compared as well, drawn from a seed, each by itself.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from saga.convergence.asked import Prepared, answers, prepared
from saga.convergence.check import ordered
from saga.convergence.configuration import Configuration, apply, end_state, start
from saga.convergence.exploration import explore
from saga.convergence.functions import own_functions
from saga.convergence.samples import derive_samples
from saga.convergence.sampling import SEED, sample_histories
from saga.core import Fact, Process, digests_of
from saga.messages.facts import make_fact


class Way(Enum):
    """In which order an interpreter comes to its fingerprint: what it did before must not matter."""

    FORWARDS = "forwards"
    BACKWARDS = "backwards"
    """The samples and the questions in the opposite order."""
    ASKED_FIRST = "asked-first"
    """The questions in the opposite order, and before anything is explored."""


MOST_NODES = 1_000
"""The nodes that each interpreter explores; larger sets of facts than fit are compared in drawn histories."""
HISTORIES = 400
"""Pairs of drawn histories, of all sizes."""

Fingerprint = Mapping[str, Sequence[str]]
"""For each set of facts, by the numbers of its samples, the end states of its orders; for each history, its own.

The key of a history begins with ``IN_ORDER``.
"""
IN_ORDER = "in order "
ASKED = "asked "
"""The key of a function that was asked directly begins with this; it belongs to no set of facts."""


def has_functions(process: Process) -> bool:
    """Whether the declaration has functions of the user; without them it depends on nothing but its tables."""
    return bool(own_functions(process))


def fingerprint(process: Process, samples: Iterable[Any] | None, way: Way) -> Fingerprint:
    """The end states of each set of these facts, or of samples made from the message classes."""
    # As a worker does: the declaration is looked at before any of its functions may have remembered something.
    declared = {f"{ASKED}{part}": [digest] for part, digest in digests_of(process).items()}
    facts = derive_samples(process) if samples is None else [_as_fact(one) for one in samples]
    chosen = ordered(process, facts)
    questions = prepared(process, chosen)
    if way is Way.ASKED_FIRST:
        asked = _asked(questions, way)
        return _explored(process, chosen, way) | asked | declared
    return _explored(process, chosen, way) | _asked(questions, way) | declared


def _asked(questions: Sequence[Prepared], way: Way) -> dict[str, list[str]]:
    answered = answers(questions, backwards=way is not Way.FORWARDS)
    return {f"{ASKED}{name}": [text] for name, text in answered}


def _explored(process: Process, chosen: Sequence[Fact], way: Way) -> dict[str, list[str]]:
    numbers = list(range(len(chosen)))[:: -1 if way is Way.BACKWARDS else 1]
    found = explore(process, [chosen[number] for number in numbers], most_nodes=MOST_NODES)
    end_states: defaultdict[str, set[str]] = defaultdict(set)
    for node in found.nodes:
        if node.size <= found.whole_up_to:
            taken = sorted(number for at, number in enumerate(numbers) if node.taken >> at & 1)
            end_states[json.dumps(taken)].add(_as_text(node.end_state.outcome.value, node.configuration))
    found_in_order = {} if found.whole_up_to == len(chosen) else dict(_in_order(process, chosen))
    return {taken: sorted(texts) for taken, texts in end_states.items()} | found_in_order


def _in_order(process: Process, chosen: Sequence[Fact]) -> Iterator[tuple[str, list[str]]]:
    """The end states of histories of all sizes, the same in each interpreter."""
    numbers = {id(fact): number for number, fact in enumerate(chosen)}
    for pair in sample_histories(chosen, SEED, HISTORIES):
        for history in pair:
            yield f"{IN_ORDER}{json.dumps([numbers[id(fact)] for fact in history])}", [_end_of(process, history)]


def _end_of(process: Process, history: Sequence[Fact]) -> str:
    configuration = start(process)
    try:
        for fact in history:
            configuration, _ = apply(process, configuration, fact)
        return _as_text(end_state(process, configuration).outcome.value, configuration)
    except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises
        return f"raises {type(error).__name__}"


def differing(fingerprints: Sequence[Fingerprint]) -> list[int] | None:
    """The smallest set of facts, or history, in which the fingerprints differ; None if there is none.

    It is empty if a function that was asked directly answered otherwise.
    """
    first, *others = fingerprints
    sets = [taken for taken in first if any(one.get(taken, first[taken]) != first[taken] for one in others)]
    return min(
        ([] if taken.startswith(ASKED) else json.loads(taken.removeprefix(IN_ORDER)) for taken in sets),
        key=lambda numbers: (not numbers, len(numbers), numbers),
        default=None,
    )


def _as_text(outcome: str, configuration: Configuration) -> str:
    commands = sorted((name, command.type, dict(command.fields)) for name, command in configuration.sent.items())
    return json.dumps([outcome, commands], sort_keys=True, default=repr)


def _as_fact(one: Any) -> Fact:
    return one if isinstance(one, Fact) else make_fact(one)
