"""The diagrams as plain graphs: each sub-machine, the joint states with their outcomes, the outcomes alone.

They are made from the tables and from the exploration; nothing is drawn by hand.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from saga.convergence.exploration import Exploration
from saga.convergence.exploration import Node as Explored
from saga.core import Process, Reducer, Register, State, SubMachine

LinesOf = Callable[[Explored], tuple[str, ...]]
Labels = Mapping[tuple[str, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class DiagramNode:
    """A box: its lines of text, and the group that decides its colour (an outcome, or nothing)."""

    name: str
    lines: tuple[str, ...]
    group: str = ""
    is_start: bool = False
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from one box to another (or to itself), with the inputs that cause it."""

    source: str
    target: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A diagram before it is drawn; nodes are in the order of their distance from the start."""

    title: str
    nodes: tuple[DiagramNode, ...]
    edges: tuple[Edge, ...]


def machine_graphs(process: Process) -> tuple[Graph, ...]:
    """One graph for each sub-machine."""
    return tuple(_machine(machine) for machine in process.machines)


def joint_graph(found: Exploration) -> Graph:
    """The reachable joint states, each with its outcome."""
    return _reached(f"{found.process.name}: joint states", found, _joint_lines(found.process))


def node_of(found: Exploration, graph: Graph, state: State) -> str | None:
    """The node of ``joint_graph`` or ``outcome_graph`` that a state is at; None if nothing explored is like it.

    Registers that hold more entries than any sample are no other place: then the sub-machines and the outcome decide.
    """
    outcome = found.process.outcomes.value(state.machines, state.registers).value
    exact = _lines_of(found.process, state)
    for lines in (exact, (outcome,)):
        if (node := next((node for node in graph.nodes if node.lines == lines), None)) is not None:
            return node.name
    joint = _joint_lines(found.process)
    for explored in found.nodes:
        if explored.configuration.state.machines == state.machines and explored.end_state.outcome.value == outcome:
            return next((node.name for node in graph.nodes if node.lines == joint(explored)), None)
    return None


def _joint_lines(process: Process) -> LinesOf:
    return lambda explored: _lines_of(process, explored.configuration.state)


def _lines_of(process: Process, state: State) -> tuple[str, ...]:
    moved = [
        state.machines[machine.name].value
        for machine in process.machines
        if state.machines[machine.name] is not machine.start
    ]
    kept = [_held(one, state.registers[one.name]) for one in process.registers]
    held = ", ".join(moved + [text for text in kept if text])
    return (process.outcomes.value(state.machines, state.registers).value, held or "nothing came yet")


def outcome_graph(found: Exploration) -> Graph:
    """The outcomes alone, and which inputs lead from one to another."""
    return _reached(f"{found.process.name}: outcomes", found, lambda explored: (explored.end_state.outcome.value,))


def _held(register: Register | Reducer, value: Any) -> str:
    """The number of entries of a register, if it is above one; the value of a reducer, if it is not its start."""
    if isinstance(register, Register):
        return f"{len(value)} {register.name}" if len(value) > 1 else ""
    return f"{register.name} {value}" if value != register.start else ""


def _machine(machine: SubMachine[Enum]) -> Graph:
    labels: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for state in machine.states:
        for kind, target in machine.moves[state].items():
            labels[state.value, target.value].append(kind.__name__)
    nodes = tuple(DiagramNode(state.value, (state.value,), is_start=state is machine.start) for state in machine.states)
    return Graph(machine.name, nodes, _edges(labels))


def _reached(title: str, found: Exploration, lines_of: LinesOf) -> Graph:
    names: dict[tuple[str, ...], str] = {}
    nodes: list[DiagramNode] = []
    for explored in found.nodes:
        lines = lines_of(explored)
        if lines not in names:
            names[lines] = f"s{len(names)}"
            outcome = explored.end_state.outcome
            is_settled = outcome in found.process.settled
            nodes.append(DiagramNode(names[lines], lines, outcome.value, explored.size == 0, is_settled))
    labels: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for explored in found.nodes:
        for index, reached in explored.routes.items():
            ends = names[lines_of(explored)], names[lines_of(reached)]
            kind = found.samples[index].kind.__name__
            if ends[0] != ends[1] and kind not in labels[ends]:
                labels[ends].append(kind)
    return Graph(title, tuple(nodes), _edges(labels))


def _edges(labels: Labels) -> tuple[Edge, ...]:
    return tuple(Edge(source, target, tuple(inputs)) for (source, target), inputs in labels.items() if inputs)
