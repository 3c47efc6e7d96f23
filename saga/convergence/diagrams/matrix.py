"""Which pairs of inputs commute, and how that is known."""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from saga.convergence.exploration import Exploration, Node
from saga.core import Fact, Process


class Pair(Enum):
    """How two inputs get along.

    APART: no sub-machine, register or reducer hears both, so taking them in commutes by declaration, and what was sent
    commuted wherever both could come. EXPLORED: something hears both, and they commuted wherever both could come.
    ONLY_IN_EFFECT: the instance differs afterwards, but no verdict ever does, whatever follows. DIVERGES: a verdict
    does, there or later.
    """

    APART = "apart"
    EXPLORED = "explored"
    ONLY_IN_EFFECT = "only in effect"
    DIVERGES = "diverges"


@dataclass(frozen=True, slots=True)
class Commuting:
    """A pair of samples, by their numbers, and at how many nodes both orders were compared."""

    first: int
    second: int
    pair: Pair
    compared: int


def commuting(found: Exploration) -> list[Commuting]:
    """Each pair of samples, compared at every node where neither had been taken in."""
    alike = _alike(found)
    return [_compare(found, alike, first, second) for first, second in combinations(range(len(found.samples)), 2)]


def _alike(found: Exploration) -> dict[int, int]:
    """For each node, by its identity, a number that it shares with those from which every verdict will be the same."""
    numbers: dict[Hashable, int] = {}
    alike: dict[int, int] = {}
    for node in sorted(found.nodes, key=lambda node: -node.size):
        onward = frozenset((index, alike[id(reached)]) for index, reached in node.ways.items())
        alike[id(node)] = numbers.setdefault((node.taken, node.end_state, onward), len(numbers))
    return alike


def _compare(found: Exploration, alike: dict[int, int], first: int, second: int) -> Commuting:
    meeting = [ends for node in found.nodes if (ends := _ends(node, first, second)) is not None]
    return Commuting(first, second, _judge(found, alike, (first, second), meeting), len(meeting))


def _judge(found: Exploration, alike: dict[int, int], pair: tuple[int, int], meeting: list[tuple[Node, Node]]) -> Pair:
    if any(alike[id(one)] != alike[id(other)] for one, other in meeting):
        return Pair.DIVERGES
    if any(one is not other for one, other in meeting):
        return Pair.ONLY_IN_EFFECT
    is_apart = _are_apart(found.process, *(found.samples[index] for index in pair))
    return Pair.APART if is_apart else Pair.EXPLORED


def _ends(node: Node, first: int, second: int) -> tuple[Node, Node] | None:
    """Where both orders lead from a node."""
    if first not in node.ways or second not in node.ways:
        return None
    one, other = node.ways[first].ways.get(second), node.ways[second].ways.get(first)
    return None if one is None or other is None else (one, other)


def _are_apart(process: Process, one: Fact, other: Fact) -> bool:
    def names(fact: Fact) -> set[str]:
        heard = {f"machine {machine.name}" for machine in process.machines_by_type[fact.kind]}
        return heard | {f"register {register.name}" for register in process.registers_by_type[fact.kind]}

    return not names(one) & names(other)
