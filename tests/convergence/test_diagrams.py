"""Diagrams are read by programs that forgive nothing, and by people who see only what is inside the frame."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from examples.shop.order import order
from examples.trip.process import trip
from saga.convergence import derive_samples, explore, joint_graph, machine_graphs, outcome_graph, to_mermaid, to_svg
from saga.convergence.diagrams.graph import DiagramNode, Edge, Graph
from saga.core import Process
from saga.orders import order_process

PROCESSES = pytest.mark.parametrize("process", [order_process(), trip, order], ids=lambda process: process.name)
NUMBERS = re.compile(r"-?\d+\.\d+")


def graphs(process: Process) -> tuple[Graph, ...]:
    found = explore(process, derive_samples(process, variants=1))
    return outcome_graph(found), joint_graph(found), *machine_graphs(process)


@PROCESSES
def test_a_title_is_one_word_of_the_front_matter_whatever_stands_in_it(process: Process) -> None:
    """`title: order: outcomes` is no YAML, and nobody draws what follows it."""
    for graph in graphs(process):
        head = to_mermaid(graph).split("\n---\n")[0].splitlines()
        assert head[0] == "---"
        assert json.loads(head[1].removeprefix("title: ")) == graph.title


def test_several_sub_machines_are_one_diagram_with_a_frame_for_each() -> None:
    drawn = to_mermaid(*machine_graphs(order_process()))
    assert drawn.count("stateDiagram-v2") == 1
    assert re.findall(r'state "(\w+)" as g\d+ {', drawn) == ["request", "payment", "deadline", "cancellation"]
    named = re.findall(r" as (n\w+)", drawn)
    assert len(named) == len(set(named)) == 8


def test_what_would_end_a_line_of_mermaid_is_written_otherwise() -> None:
    graph = Graph("odd", (DiagramNode("s0", ("a: b; c", 'say "x"'), is_start=True),), (Edge("s0", "s0", ("One",)),))
    assert "state \"a#58; b, c<br/>say 'x'\" as n0_0" in to_mermaid(graph)


@PROCESSES
def test_nothing_of_a_picture_is_outside_of_its_frame(process: Process) -> None:
    for graph in graphs(process):
        picture = ET.fromstring(to_svg(graph))  # noqa: S314 -- our own
        width, height = float(picture.get("width", "")), float(picture.get("height", ""))
        for path in (one.get("d", "") for one in picture.iter() if "arrow" in one.get("class", "")):
            numbers = [float(number) for number in NUMBERS.findall(path)]
            assert 0 <= min(numbers[::2]) <= max(numbers[::2]) <= width
            assert 0 <= min(numbers[1::2]) <= max(numbers[1::2]) <= height
        for text in (one for one in picture.iter() if one.tag.endswith("text")):
            share = 0.5 if text.get("text-anchor") == "middle" else 1
            assert float(text.get("x", "")) + len(text.text or "") * 6 * share <= width, text.text


@PROCESSES
def test_every_input_of_an_arrow_is_on_it(process: Process) -> None:
    """By its name, or by its colour in stripes."""
    for graph in graphs(process):
        drawn = to_svg(graph)
        arrows = [(edge.source, edge.target, label) for edge in graph.edges for label in edge.labels]
        labels = drawn.count('class="label"')
        assert labels == len(arrows) or drawn.count('class="arrow"') == len(arrows)


def test_labels_of_loops_stand_clear_of_each_other() -> None:
    loops = tuple(Edge(name, name, ("One", "Two", "Three")) for name in ("s1", "s2"))
    start = DiagramNode("s0", ("start",), is_start=True)
    nodes = (start, DiagramNode("s1", ("one",)), DiagramNode("s2", ("two",)))
    arrows = (Edge("s0", "s1", ("One",)), Edge("s0", "s2", ("Two",)), *loops)
    picture = ET.fromstring(to_svg(Graph("loops", nodes, arrows)))  # noqa: S314 -- our own
    boxes = [one for one in picture.iter() if one.get("class") == "box"]
    labels = [float(one.get("y", "")) for one in picture.iter() if one.get("class") == "label"]
    spans = [(float(box.get("y", "")), float(box.get("y", "")) + float(box.get("height", ""))) for box in boxes]
    loop_labels = labels[2:]
    assert all(not top < label < bottom for label in loop_labels for top, bottom in spans[1:])
