"""The matrix: which pairs of inputs commute, and how that is known."""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from saga.convergence.exploration import Exploration, Node
from saga.core import Fact, Process


class Pair(Enum):
    """How two inputs commute.

    APART: no sub-machine, register or reducer consumes both, so their states commute by declaration; the commands
    commuted at every node with both. EXPLORED: something consumes both, and they commuted at every node with both.
    ONLY_IN_EFFECT: the configurations differ afterwards, but no end state does, whatever follows. DIVERGES: an end
    state differs, at once or later.
    """

    APART = "apart"
    EXPLORED = "explored"
    ONLY_IN_EFFECT = "only in effect"
    DIVERGES = "diverges"


@dataclass(frozen=True, slots=True)
class Commuting:
    """A pair of samples, by their numbers, and the number of nodes at which both orders were compared."""

    first: int
    second: int
    pair: Pair
    compared: int


def commuting(found: Exploration) -> list[Commuting]:
    """Each pair of samples, compared at every node that has neither."""
    alike = _alike(found)
    return [_compare(found, alike, first, second) for first, second in combinations(range(len(found.samples)), 2)]


def _alike(found: Exploration) -> dict[int, int]:
    """For each node, by its `id`, a number; nodes share it if the same inputs always lead to the same end states."""
    numbers: dict[Hashable, int] = {}
    alike: dict[int, int] = {}
    for node in sorted(found.nodes, key=lambda node: -node.size):
        onward = frozenset((index, alike[id(reached)]) for index, reached in node.routes.items())
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
    """The two nodes that both orders lead to."""
    if first not in node.routes or second not in node.routes:
        return None
    one, other = node.routes[first].routes.get(second), node.routes[second].routes.get(first)
    return None if one is None or other is None else (one, other)


def _are_apart(process: Process, one: Fact, other: Fact) -> bool:
    def names(fact: Fact) -> set[str]:
        machines = {f"machine {machine.name}" for machine in process.machines_by_type[fact.kind]}
        return machines | {f"register {register.name}" for register in process.registers_by_type[fact.kind]}

    return not names(one) & names(other)
