"""A graph as SVG inside a page: classes in place of colours, so that the page's style decides, also in the dark.

The policy of such a page may forbid styles in the markup, so this has none: no style element, no style attribute.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from saga.convergence.diagrams.graph import Edge, Graph
from saga.convergence.diagrams.svg import (
    DASH,
    LABEL_HEIGHT,
    LINE_HEIGHT,
    MARGIN,
    PADDING,
    TITLE_HEIGHT,
    Box,
    curve,
    inks_of,
    legend_width,
    loop,
    placed,
    right_end,
)

GROUPS = 8
"""Classes for the colours of groups: group-0 to group-7."""
INKS = 9
"""Classes for the colours of inputs, where there is no room for their names: ink-0 to ink-8."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in a diagram: the node that is present, the nodes on the way to it, and a note for each node."""

    present: str | None = None
    way: Sequence[str] = ()
    notes: Mapping[str, str] | None = None

    @property
    def steps(self) -> Collection[tuple[str, str]]:
        """The arrows on the way."""
        return set(zip(self.way, self.way[1:], strict=False))


def to_inline_svg(graph: Graph, marks: Marks | None = None) -> str:
    """The graph as an svg element; its title is its name for those who don't see it."""
    marks = marks or Marks()
    boxes = placed(graph)
    up = TITLE_HEIGHT - PADDING
    height = max(box.y + box.height for box in boxes.values()) + MARGIN - up
    inks = inks_of(graph, boxes)
    width = right_end(Graph("", graph.nodes, graph.edges), boxes, inks) + MARGIN
    height += LINE_HEIGHT if inks else 0
    groups = list(dict.fromkeys(node.group for node in graph.nodes))
    head = (
        f'<svg class="diagram" viewBox="0 {up} {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
        f' role="img" aria-label="{escape(_told(graph, marks))}">'
    )
    arrows = [line for edge in graph.edges for line in _arrow(edge, boxes, marks, inks)]
    drawn = [line for box in boxes.values() for line in _box(box, groups, marks)]
    return "\n".join([head, *_heads(), *arrows, *_legend(inks, up + height - MARGIN / 2), *drawn, "</svg>"])


def _told(graph: Graph, marks: Marks) -> str:
    here = next((node for node in graph.nodes if node.name == marks.present), None)
    return graph.title if here is None else f"{graph.title}; now at {', '.join(here.lines)}"


def _heads() -> Iterator[str]:
    yield "<defs>"
    for name in ("head", "head-way"):
        size = 'viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
        yield f'<marker id="{name}" {size}><path class="{name}" d="M0,0 L8,4 L0,8 z"/></marker>'
    yield "</defs>"


def _legend(inks: Mapping[str, str], y: float) -> Iterator[str]:
    x = float(MARGIN)
    for number, name in enumerate(inks):
        yield f'<path class="ink-{number % INKS}" d="M{x:.1f},{y - 4:.1f} h22"/>'
        yield f'<text class="label" x="{x + 28:.1f}" y="{y:.1f}">{escape(name)}</text>'
        x += legend_width(name)


def _arrow(edge: Edge, boxes: Mapping[str, Box], marks: Marks, inks: Mapping[str, str]) -> Iterator[str]:
    source, target = boxes[edge.source], boxes[edge.target]
    path, x, y = loop(source) if edge.source == edge.target else curve(source, target)
    walked = (edge.source, edge.target) in marks.steps
    kind, head = ("arrow walked", "head-way") if walked else ("arrow", "head")
    if inks:
        yield f'<g class="{kind}">'
        for number, label in enumerate(edge.labels):
            ink, dashes = list(inks).index(label) % INKS, _dashes(number, len(edge.labels))
            yield f'<path class="ink-{ink}"{dashes} d="{path}" marker-end="url(#{head})"/>'
        yield "</g>"
        return
    yield f'<g class="{kind}"><path d="{path}" marker-end="url(#{head})"/>'
    top = y - 5 - (len(edge.labels) - 1) * LABEL_HEIGHT / (1 if edge.source == edge.target else 2)
    for number, label in enumerate(edge.labels):
        at = f'x="{x:.1f}" y="{top + number * LABEL_HEIGHT:.1f}" text-anchor="middle"'
        yield f'<text class="halo" {at} aria-hidden="true">{escape(label)}</text>'
        yield f'<text class="label" {at}>{escape(label)}</text>'
    yield "</g>"


def _dashes(number: int, of: int) -> str:
    """The attributes of one input on an arrow that ``of`` inputs share: each colours its own dashes."""
    return f' stroke-dasharray="{DASH} {DASH * (of - 1)}" stroke-dashoffset="{-DASH * number}"' if of > 1 else ""


def _box(box: Box, groups: Sequence[str], marks: Marks) -> Iterator[str]:
    node = box.node
    kinds = ["node", f"group-{groups.index(node.group) % GROUPS}"]
    kinds += ["settled"] if node.is_settled else []
    kinds += ["present"] if node.name == marks.present else ["passed"] if node.name in marks.way else []
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    yield f'<g class="{" ".join(kinds)}"><rect {place} rx="8"/>'
    for number, line in enumerate(node.lines):
        is_first = ' class="first"' if number == 0 else ""
        y = box.y + PADDING / 2 + (number + 0.75) * LINE_HEIGHT
        yield f'<text{is_first} x="{box.x + box.width / 2:.1f}" y="{y:.1f}" text-anchor="middle">{escape(line)}</text>'
    if marks.notes and (note := marks.notes.get(node.name)):
        at = f'x="{box.x + box.width:.1f}" y="{box.y - 5:.1f}" text-anchor="end"'
        yield f'<text class="note" {at}>{escape(note)}</text>'
    yield "</g>"
