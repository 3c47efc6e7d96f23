"""Another instance with the same facts has to end the same way, also if its facts come in the opposite order.

A function that remembers something of each instance answers the same whenever it is asked again about that instance,
so no exploration of one instance finds it. A fresh instance whose facts are explored in the opposite order does.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from saga.convergence.defaults import read_again
from saga.convergence.due import about_due
from saga.convergence.exploration import Exploration, Node, explore
from saga.convergence.findings import Finding, Kind, story
from saga.convergence.functions import own_functions
from saga.convergence.outside import about_outside

_MOST_NODES = 400
_TIMES = 4
_INSTANCE = "the instance"

Ends = Mapping[int, tuple[str, Node]]
"""The end state of each set of facts, as text without the id of the instance."""


def about_instances(found: Exploration) -> Iterator[Finding]:
    """The smallest set of facts that comes to something else in another instance.

    A function may look at the id of its instance. So a difference counts if several instances differ in the same way:
    those whose facts were explored in one order from those of the opposite one.
    """
    samples, process = found.samples, found.process
    yield from about_outside(process)
    yield from about_due(found)
    if found.findings or found.interrupted or not samples or not own_functions(process):
        return
    here = samples[0].fields[process.correlate]
    if type(here) is not str or any(fact.fields[process.correlate] != here for fact in samples):
        return
    expected = _ends(found, here, backwards=False)
    differing = _differing([expected], [other for other in [_explored(found, "z", backwards=True)] if other])
    if not differing:
        return
    same = [other for number in range(_TIMES) if (other := _explored(found, f"a{number}", backwards=False))]
    opposite = [other for number in range(_TIMES) if (other := _explored(found, f"b{number}", backwards=True))]
    if differing := _differing([expected, *same], opposite):
        node = expected[min(differing, key=lambda taken: (taken.bit_count(), taken))][1]
        history = found.history(node)
        sentence = (
            "another instance comes to something else with the same facts: a function depends on module-level state"
            f" that knows instances: {story(history, samples)}"
        )
        yield Finding(Kind.DEPENDS_ON_MORE, sentence, history)


def _differing(some: Sequence[Ends], others: Sequence[Ends]) -> list[int]:
    """The sets of facts in which all of some agree, and all others do, on something else."""
    if not some or not others:
        return []
    common = set.intersection(*(set(ends) for ends in (*some, *others)))
    found = []
    for taken in sorted(common):
        here, there = {ends[taken][0] for ends in some}, {ends[taken][0] for ends in others}
        if len(here) == len(there) == 1 and here != there:
            found.append(taken)
    return found


def _explored(found: Exploration, name: str, *, backwards: bool) -> Ends | None:
    """The end states of a new instance; None if a class refuses its id."""
    correlate = found.process.correlate
    instance = f"{found.samples[0].fields[correlate]}-{name}"
    facts = found.samples[::-1] if backwards else found.samples
    try:
        others = [read_again(fact.kind, {**fact.fields, correlate: instance}) for fact in facts]
    except Exception:  # noqa: BLE001 -- a validator of the user may raise anything
        return None
    return _ends(explore(found.process, others, most_nodes=_MOST_NODES), instance, backwards=backwards)


def _ends(found: Exploration, instance: str, *, backwards: bool) -> Ends:
    last = len(found.samples) - 1
    ends: dict[int, tuple[str, Node]] = {}
    for node in found.nodes:
        if node.size <= found.whole_up_to:
            taken = sum(
                1 << (last - index if backwards else index) for index in range(last + 1) if node.taken >> index & 1
            )
            ends.setdefault(taken, (_as_text(node).replace(instance, _INSTANCE), node))
    return ends


def _as_text(node: Node) -> str:
    commanded = node.configuration.state.commanded
    wanted = {name for name, *_ in node.end_state.effects}
    commands = [
        (name, commanded[name].condition, command.type, dict(command.fields))
        for name, command in sorted(node.configuration.sent.items())
        if name in wanted
    ]
    return json.dumps([node.end_state.outcome.value, commands], sort_keys=True, default=repr)
