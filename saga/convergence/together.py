"""Checks a process together with those whose announcements it receives.

The problem: each of the processes may converge, and still the parent may not. What a child announces on the way depends
on the order of its messages, and on how they are cut into batches: an order that is paid in the end was expired before,
or was not. A parent that counts each "expired" then comes to another outcome for the same messages.

The model: a few instances of each child get a few messages each. Every order of them, cut into batches in every way,
leads to a set of announcements. They may reach the parent in any order, late, and again. What is lost comes later,
because the parent's cursor shows a hole. So for one choice of the children's messages the parent has to come to one
end state for every set of announcements, in every order, each of them repeated at any point.

The limits: it is a search of small cases. A child has at most MOST_FACTS messages and there are at most MOST_INSTANCES
of each; the search ends at ``most_nodes``, and says so. The proofs of parent and child alone go further.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations, product
from typing import Any, Final

from saga.convergence.configuration import EndState
from saga.convergence.exploration import Exploration, explore
from saga.convergence.findings import name_of
from saga.convergence.samples import derive_samples
from saga.core import DecisionKind, DeclarationError, Fact, Process, State, announce, decide
from saga.core.announcement import said_data
from saga.messages.facts import read_fact

MOST_FACTS: Final = 4
"""Messages of one child."""
MOST_INSTANCES: Final = 3
MOST_NODES: Final = 20_000
MOST_FINDINGS: Final = 3

Announced = frozenset[int]
"""A set of announcements, as numbers of facts for the parent."""


@dataclass(frozen=True, slots=True)
class Together:
    """What was found; ``sentences`` are the findings, ``limits`` says what was not looked at.

    ``instances`` is the most of each child that all cases were looked at for.
    """

    parent: Process
    children: tuple[Process, ...]
    sentences: tuple[str, ...]
    limits: tuple[str, ...]
    instances: int
    cases: int
    nodes: int


@dataclass(slots=True)
class _Family:
    """The parent's facts so far, by what they say, and what was explored of them."""

    parent: Process
    own: tuple[Fact, ...]
    facts: list[Fact] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    explored: dict[Announced, tuple[EndState, ...] | Exploration] = field(default_factory=dict)
    nodes: int = 0

    def number_of(self, fact: Fact) -> int:
        """The number of an announcement; the same for the same one."""
        said = f"{fact.kind.__name__} {sorted(fact.fields.items())}"
        if said not in self.numbers:
            self.numbers[said] = len(self.facts)
            self.facts.append(fact)
        return self.numbers[said]

    def ends(self, announced: Announced) -> tuple[EndState, ...] | Exploration:
        """The end states for these announcements with each set of the parent's own facts; or what diverges itself."""
        if announced not in self.explored:
            facts = [*(self.facts[one] for one in sorted(announced)), *self.own]
            found = explore(self.parent, facts)
            self.nodes += len(found.nodes)
            every = (1 << len(announced)) - 1
            masks = [every | mask << len(announced) for mask in range(1 << len(self.own))]
            ends = tuple(found.end_states[mask] for mask in masks if mask in found.end_states)
            self.explored[announced] = found if found.diverges else ends
        return self.explored[announced]


@dataclass(frozen=True, slots=True)
class _Child:
    """One instance: each set of its messages, with the sets of announcements that they can lead to."""

    process: Process
    process_id: str
    samples: tuple[Fact, ...]
    sets: Mapping[tuple[int, ...], tuple[Announced, ...]]


def received_by(parent: Process, others: Sequence[Process]) -> list[Process]:
    """Those of the other processes whose announcements the parent receives."""
    return [one for one in others if one.module in parent.inputs]


def check_together(parent: Process, children: Sequence[Process], *, most_nodes: int = MOST_NODES) -> Together:
    """Search small cases of a parent and its children. Raises DeclarationError for what can't be received."""
    for child in children:
        _require_receivable(parent, child)
    own = tuple(
        fact
        for fact in derive_samples(parent, 1)
        if not any(fact.kind in parent.inputs[child.module] for child in children)
    )[:2]
    family = _Family(parent, own)
    sentences: dict[str, None] = {}
    limits: list[str] = []
    cases, whole = 0, 0
    for instances in range(1, MOST_INSTANCES + 1):
        grown = [_child(family, child, number) for child in children for number in range(instances)]
        for chosen in product(*(one.sets for one in grown)):
            if family.nodes > most_nodes or len(sentences) >= MOST_FINDINGS:
                break
            cases += 1
            sentences |= dict.fromkeys(_compare(family, grown, chosen))
        if family.nodes > most_nodes:
            limits.append(
                f"{instances} of each was too much to look at all cases: the search ended after {family.nodes} states"
            )
            break
        if sentences:
            break
        whole = instances
    limits += [
        f"{child.name}: {len(samples)} of its messages were tried at once, {MOST_FACTS} at most"
        for child in children
        if len(samples := _samples(child, 0)) > MOST_FACTS
    ]
    return Together(parent, tuple(children), tuple(sentences), tuple(limits), whole, cases, family.nodes)


def _require_receivable(parent: Process, child: Process) -> None:
    if child.announces is None:
        raise DeclarationError(
            f"{parent.name} receives {child.module}, and {child.name} announces nothing: add announces"
        )
    types = set(child.announces.types.values())
    for kind in parent.inputs[child.module]:
        if kind.__name__ not in types:
            said = ", ".join(sorted(types))
            raise DeclarationError(f"{parent.name} receives {kind.__name__}, and {child.name} announces {said}")
    if parent.correlate not in (child.correlate, *child.announces.fields):
        raise DeclarationError(
            f"nothing in the announcements of {child.name} says which {parent.name} they are for: add"
            f" {parent.correlate} to the fields of its announces"
        )


def _samples(child: Process, number: int) -> tuple[Fact, ...]:
    """The messages of one child: of a class of which an instance keeps one, another one for each child."""
    once = {one.of for one in child.registers if getattr(one, "key", None) == child.correlate and hasattr(one, "of")}
    derived = derive_samples(child)
    found: list[Fact] = []
    for kind in child.message_types.values():
        alike = [fact for fact in derived if fact.kind is kind]
        found += [alike[number % len(alike)]] if kind in once and alike else alike[:2]
    return tuple(found)


def _child(family: _Family, child: Process, number: int) -> _Child:
    parent, is_same_id = family.parent, family.parent.correlate == child.correlate
    instance = next(iter(derive_samples(parent))).fields[parent.correlate]
    process_id = str(instance) if is_same_id else f"{child.name}-{number + 1}"
    samples = tuple(
        read_fact(fact.kind, {**_about(fact, parent.correlate, instance), child.correlate: process_id})
        for fact in _samples(child, number)[:MOST_FACTS]
    )
    sets = {
        some: tuple(
            dict.fromkeys(
                frozenset(family.number_of(one) for one in _announced(parent, child, process_id, batches))
                for order in permutations([samples[index] for index in some])
                for batches in _cuts(order)
            )
        )
        for size in range(len(samples) + 1)
        for some in combinations(range(len(samples)), size)
    }
    return _Child(child, process_id, samples, sets)


def _about(fact: Fact, name: str, instance: Any) -> Mapping[str, Any]:
    return {**fact.fields, name: instance} if name in fact.fields else fact.fields


def _cuts(order: Sequence[Fact]) -> Iterator[list[Sequence[Fact]]]:
    """Every way to cut these messages into batches."""
    if not order:
        yield []
    for size in range(1, len(order) + 1):
        yield from ([order[:size], *rest] for rest in _cuts(order[size:]))


def _announced(parent: Process, child: Process, process_id: str, batches: Sequence[Sequence[Fact]]) -> Iterator[Fact]:
    """What the parent receives of a child that gets these batches."""
    received = {kind.__name__: kind for kind in parent.inputs[child.module]}
    state = State.start(child)
    for batch in batches:
        for fact in batch:
            decision = decide(child, state, fact)
            state = decision.state if decision.kind is DecisionKind.TAKEN else state
        outcome = child.outcomes.value(state.machines, state.registers)
        state, said = announce(child, state, outcome)
        if said is not None and said.type in received:
            data = said_data(child, process_id, f"{process_id}-{said.revision}", said)
            yield read_fact(received[said.type], data)


def _compare(family: _Family, grown: Sequence[_Child], chosen: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """How the parent's end depends on the way, for one choice of the children's messages."""
    first: tuple[EndState, ...] | None = None
    where = f"where {_named(grown, chosen)}"
    for announced in product(*(child.sets[some] for child, some in zip(grown, chosen, strict=True))):
        ends = family.ends(frozenset().union(*announced))
        if isinstance(ends, Exploration):
            sentence = next((one.sentence for one in ends.findings), "the order of the announcements decides")
            yield f"{family.parent.name} diverges {where}: {sentence}"
            return
        first = ends if first is None else first
        for one, other in zip(first, ends, strict=True):
            if one != other:
                yield f"{family.parent.name} depends on what is announced on the way, {where}: {_apart(one, other)}"
                return


def _apart(one: EndState, other: EndState) -> str:
    if one.outcome is not other.outcome:
        return f"it comes to {one.outcome.value} or to {other.outcome.value}; let the greatest revision hold"
    return f"it comes to {one.outcome.value} with other effects; let the greatest revision hold"


def _named(grown: Sequence[_Child], chosen: Sequence[tuple[int, ...]]) -> str:
    given = []
    for child, some in zip(grown, chosen, strict=True):
        if some:
            names = ", ".join(name_of(child.samples[one], child.samples) for one in some)
            given.append(f"{child.process.name} {child.process_id} gets {names}")
    return " and ".join(given) or "nothing came"
