"""Graphs as Mermaid text, for documents whose viewers draw it."""

import json
from collections.abc import Iterator, Mapping

from saga.convergence.diagrams.graph import Graph

_COLOURS = ("#e8f0fe", "#e6f4ea", "#fef7e0", "#fce8e6", "#f3e8fd", "#e4f7fb", "#f1f3f4", "#fde7f3")


def to_mermaid(*graphs: Graph) -> str:
    """A graph as a state diagram; boxes of one group have one colour. Several graphs are one diagram with frames."""
    title = ", ".join(graph.title for graph in graphs)
    lines = ["---", f"title: {json.dumps(title)}", "---", "stateDiagram-v2"]
    for number, graph in enumerate(graphs):
        names = {node.name: f"n{number}_{index}" for index, node in enumerate(graph.nodes)}
        if len(graphs) == 1:
            lines += [f"    {line}" for line in _drawn(graph, names)]
            continue
        lines.append(f'    state "{_escaped(graph.title)}" as g{number} {{')
        lines += [f"        {line}" for line in _drawn(graph, names)]
        lines.append("    }")
    return "\n".join(lines) + "\n"


def _drawn(graph: Graph, names: Mapping[str, str]) -> Iterator[str]:
    for node in graph.nodes:
        yield f'state "{"<br/>".join(map(_escaped, node.lines))}" as {names[node.name]}'
    yield from (f"[*] --> {names[node.name]}" for node in graph.nodes if node.is_start)
    for edge in graph.edges:
        yield f"{names[edge.source]} --> {names[edge.target]}: {', '.join(map(_escaped, edge.labels))}"
    groups = [group for group in dict.fromkeys(node.group for node in graph.nodes) if group]
    for number, group in enumerate(groups):
        members = ",".join(names[node.name] for node in graph.nodes if node.group == group)
        yield f"classDef g{number} fill:{_COLOURS[number % len(_COLOURS)]}"
        yield f"class {members} g{number}"


def _escaped(text: str) -> str:
    return text.replace('"', "'").replace(";", ",").replace(":", "#58;").replace("\n", " ")
