"""Drawings: the diagram of a process, explored once for each console, and marked for each page."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from saga.convergence import (
    Exploration,
    Marks,
    derive_samples,
    explore,
    joint_graph,
    machine_graphs,
    node_of,
    outcome_graph,
    to_inline_svg,
)
from saga.convergence.diagrams.graph import Graph
from saga.core import DeclarationError, Process, State

MOST_NODES: Final = 2_000
MOST_DRAWN: Final = 30
"""Joint states in a diagram that people can read; of more, only the outcomes are drawn."""


@dataclass(frozen=True, slots=True)
class Explored:
    """What is drawn of a process."""

    found: Exploration
    graph: Graph


@dataclass(slots=True)
class Drawings:
    """The diagrams of processes."""

    _explored: dict[str, Explored | None] = field(default_factory=dict)

    async def instance(self, process: Process, state: State, way: Sequence[State]) -> Markup | None:
        """The diagram with the present state and the way there marked; None if none can be drawn."""
        explored = await self.explored(process)
        if explored is None:
            return None
        nodes = [node_of(explored.found, explored.graph, one) for one in way]
        passed = [name for name in nodes if name is not None]
        changes = [name for number, name in enumerate(passed) if number == 0 or name != passed[number - 1]]
        present = node_of(explored.found, explored.graph, state)
        return _markup(explored.graph, Marks(present, changes))

    async def process(self, process: Process, counts: Mapping[str, str]) -> Markup | None:
        """The diagram of the outcomes, with the number of instances in each."""
        explored = await self.explored(process)
        if explored is None:
            return None
        graph = outcome_graph(explored.found)
        return _markup(graph, Marks(notes={node.name: counts.get(node.group, "") for node in graph.nodes}))

    async def joint(self, process: Process) -> Markup | None:
        """The diagram of the joint states."""
        explored = await self.explored(process)
        return None if explored is None else _markup(explored.graph, Marks())

    async def explored(self, process: Process) -> Explored | None:
        """What is drawn of a process; None if no sample messages can be made for it."""
        if process.name not in self._explored:
            self._explored[process.name] = await asyncio.to_thread(_explored, process)
        return self._explored[process.name]


def machines(process: Process) -> list[Markup]:
    """The diagrams of the sub-machines."""
    return [_markup(graph, Marks()) for graph in machine_graphs(process)]


def _explored(process: Process) -> Explored | None:
    try:
        samples = derive_samples(process, variants=1)
    except DeclarationError:
        return None
    found = explore(process, samples, most_nodes=MOST_NODES)
    if not found.nodes:
        return None
    joint = joint_graph(found)
    return Explored(found, joint if len(joint.nodes) <= MOST_DRAWN else outcome_graph(found))


def _markup(graph: Graph, marks: Marks) -> Markup:
    return Markup(to_inline_svg(graph, marks))  # noqa: S704 -- every text in it is escaped where it is put in
