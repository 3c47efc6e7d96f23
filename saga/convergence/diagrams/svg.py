"""Graphs as SVG, without a drawing library: boxes in columns by their distance from the start, arrows between them.

The reachable states are a lattice: each input leads one column to the right. So the column of a box is its distance
from the start, and within a column the boxes are sorted by the mean row of the boxes that lead to them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from saga.convergence.diagrams.graph import DiagramNode, Edge, Graph

LINE_HEIGHT, LABEL_HEIGHT, CHARACTER, PADDING = 17, 13, 6.8, 12
COLUMN_GAP, ROW_GAP, MARGIN, TITLE_HEIGHT = 150, 34, 24, 34
TITLE_CHARACTER, DASH = 9, 7
FILLS = ("#e8f0fe", "#e6f4ea", "#fef7e0", "#fce8e6", "#f3e8fd", "#e4f7fb", "#f1f3f4", "#fde7f3")
INKS = ("#1a73e8", "#d93025", "#188038", "#e37400", "#9334e6", "#12858d", "#b80672", "#7a5c00", "#5f6368")
MOST_LABELS, MOST_SIDEWAYS = 12, 3
"""With more labels, or more arrows within a column, each input has a colour and a legend replaces the labels."""
STYLE = """
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #202124 }
  .title { font-size: 15px; font-weight: 600 }
  .first { font-weight: 600 }
  .label { font-size: 11px; fill: #5f6368 }
  .halo { font-size: 11px; stroke: #ffffff; stroke-width: 4px }
  .box { stroke: #5f6368 } .settled { stroke-width: 2.2px }
  .arrow { fill: none; stroke: #80868b }
"""
ARROW_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="#80868b"/></marker></defs>'
)
BACKGROUND = '<rect width="100%" height="100%" fill="#ffffff"/>'


@dataclass(frozen=True, slots=True)
class Box:
    """A node with the position of its upper left corner and its size, in pixels."""

    node: DiagramNode
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The y of its middle."""
        return self.y + self.height / 2


def to_svg(graph: Graph) -> str:
    """The graph as a complete SVG document."""
    boxes = placed(graph)
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    groups = list(dict.fromkeys(node.group for node in graph.nodes))
    inks = inks_of(graph, boxes)
    width = right_end(graph, boxes, inks) + MARGIN
    height += LINE_HEIGHT if inks else 0
    body = [
        *(line for edge in graph.edges for line in _arrow(edge, boxes, inks)),
        *_legend(inks, height - MARGIN / 2),
        *(line for box in boxes.values() for line in _drawn(box, groups)),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="{escape(graph.title)}">'
    )
    title = f'<text class="title" x="{MARGIN}" y="{MARGIN}">{escape(graph.title)}</text>'
    return "\n".join([head, f"<style>{STYLE}</style>", ARROW_HEAD, BACKGROUND, title, *body, "</svg>\n"])


def right_end(graph: Graph, boxes: Mapping[str, Box], inks: Mapping[str, str]) -> float:
    """The rightmost x of all boxes, arrows, labels, the title and the legend."""
    reaches = [box.x + box.width for box in boxes.values()]
    reaches += [MARGIN + len(graph.title) * TITLE_CHARACTER, _legend_end(inks)]
    for edge in graph.edges:
        source, target = boxes[edge.source], boxes[edge.target]
        label = 0 if inks else max(map(len, edge.labels)) * CHARACTER / 2
        if source is target:
            reaches.append(source.x + source.width / 2 + label)
        elif source.x == target.x:
            reaches.append(max(_bend(source, target), _sideways(source, target)[1] + label))
    return max(reaches)


def placed(graph: Graph) -> dict[str, Box]:
    """The boxes of the nodes, by name."""
    columns = _columns(graph)
    most = max((len(edge.labels) for edge in graph.edges if edge.source == edge.target), default=1)
    gap = ROW_GAP + (most - 1) * LABEL_HEIGHT
    tallest = max(sum(_height(node) + gap for node in column) for column in columns)
    boxes: dict[str, Box] = {}
    x = float(MARGIN)
    for column in columns:
        width = max(_width(node) for node in column)
        left = tallest - sum(_height(node) + gap for node in column)
        y = MARGIN + TITLE_HEIGHT + gap - ROW_GAP + left / 2
        for node in column:
            boxes[node.name] = Box(node, x, y, width, _height(node))
            y += _height(node) + gap
        x += width + COLUMN_GAP
    return boxes


def _columns(graph: Graph) -> list[list[DiagramNode]]:
    """The nodes by their distance from the start, each column in an order that crosses few arrows."""
    distance = _distances(graph)
    by_distance: defaultdict[int, list[DiagramNode]] = defaultdict(list)
    for node in graph.nodes:
        by_distance[distance[node.name]].append(node)
    columns: list[list[DiagramNode]] = []
    rows: dict[str, float] = {}
    for number in sorted(by_distance):
        before = {
            node.name: _mean([rows[edge.source] for edge in graph.edges if _leads(edge, node, rows)])
            for node in by_distance[number]
        }
        column = sorted(by_distance[number], key=lambda node: before[node.name])
        rows |= {node.name: row - len(column) / 2 for row, node in enumerate(column)}
        columns.append(column)
    return columns


def _leads(edge: Edge, node: DiagramNode, rows: Mapping[str, float]) -> bool:
    return edge.target == node.name and edge.source in rows


def _distances(graph: Graph) -> dict[str, int]:
    starts = [node.name for node in graph.nodes if node.is_start] or [graph.nodes[0].name]
    distance = dict.fromkeys(starts, 0)
    frontier = starts
    while frontier:
        reached = [edge.target for name in frontier for edge in graph.edges if edge.source == name]
        frontier = list(dict.fromkeys(name for name in reached if name not in distance))
        distance |= dict.fromkeys(frontier, max(distance.values()) + 1)
    return {node.name: distance.get(node.name, max(distance.values()) + 1) for node in graph.nodes}


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _width(node: DiagramNode) -> float:
    return max(len(line) for line in node.lines) * CHARACTER + 2 * PADDING


def _height(node: DiagramNode) -> float:
    return len(node.lines) * LINE_HEIGHT + PADDING


def _drawn(box: Box, groups: Sequence[str]) -> Iterator[str]:
    settled = " settled" if box.node.is_settled else ""
    fill = FILLS[groups.index(box.node.group) % len(FILLS)]
    yield (
        f'<rect class="box{settled}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
        f' rx="8" fill="{fill}"/>'
    )
    for number, line in enumerate(box.node.lines):
        is_first = ' class="first"' if number == 0 else ""
        y = box.y + PADDING / 2 + (number + 0.75) * LINE_HEIGHT
        yield f'<text{is_first} x="{box.x + box.width / 2:.1f}" y="{y:.1f}" text-anchor="middle">{escape(line)}</text>'


def inks_of(graph: Graph, boxes: Mapping[str, Box]) -> dict[str, str]:
    """A colour for each input if there are too many labels; empty otherwise."""
    sideways = sum(edge.source != edge.target and boxes[edge.source].x == boxes[edge.target].x for edge in graph.edges)
    if sum(len(edge.labels) for edge in graph.edges) <= MOST_LABELS and sideways <= MOST_SIDEWAYS:
        return {}
    inputs = dict.fromkeys(label for edge in graph.edges for label in edge.labels)
    return {name: INKS[number % len(INKS)] for number, name in enumerate(inputs)}


def _legend(inks: Mapping[str, str], y: float) -> Iterator[str]:
    x = float(MARGIN)
    for name, ink in inks.items():
        yield f'<path d="M{x:.1f},{y - 4:.1f} h22" stroke="{ink}" stroke-width="2"/>'
        yield f'<text x="{x + 28:.1f}" y="{y:.1f}">{escape(name)}</text>'
        x += legend_width(name)


def legend_width(name: str) -> float:
    """How much of a legend an input takes."""
    return 28 + len(name) * CHARACTER + 2 * PADDING


def _legend_end(inks: Mapping[str, str]) -> float:
    return MARGIN + sum(map(legend_width, inks))


def _arrow(edge: Edge, boxes: Mapping[str, Box], inks: Mapping[str, str]) -> Iterator[str]:
    """An arrow with its labels, or striped in the colours of all its inputs."""
    source, target = boxes[edge.source], boxes[edge.target]
    path, x, y = loop(source) if edge.source == edge.target else curve(source, target)
    top = y - 5 - (len(edge.labels) - 1) * LABEL_HEIGHT / (1 if edge.source == edge.target else 2)
    if inks:
        yield from (
            f'<path class="arrow" style="{_stripe(inks[label], number, len(edge.labels))}" d="{path}"'
            f' marker-end="url(#head)"/>'
            for number, label in enumerate(edge.labels)
        )
        return
    yield f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'
    for number, label in enumerate(edge.labels):
        at = f'x="{x:.1f}" y="{top + number * LABEL_HEIGHT:.1f}" text-anchor="middle"'
        yield f'<text class="halo" {at} aria-hidden="true">{escape(label)}</text>'
        yield f'<text class="label" {at}>{escape(label)}</text>'


def _stripe(ink: str, number: int, of: int) -> str:
    """The style of one input on an arrow that ``of`` inputs share: each colours its own dashes."""
    if of == 1:
        return f"stroke: {ink}"
    return f"stroke: {ink}; stroke-dasharray: {DASH} {DASH * (of - 1)}; stroke-dashoffset: {-DASH * number}"


def loop(box: Box) -> tuple[str, float, float]:
    """An arrow from a box to itself, above it, and the position of its label."""
    x, y = box.x + box.width / 2, box.y
    return f"M{x - 14:.1f},{y:.1f} C{x - 26:.1f},{y - 26:.1f} {x + 26:.1f},{y - 26:.1f} {x + 14:.1f},{y:.1f}", x, y - 20


def curve(source: Box, target: Box) -> tuple[str, float, float]:
    """An arrow between two boxes; its label is near the source, where few other arrows pass."""
    if source.x == target.x:
        return _sideways(source, target)
    forward = source.x < target.x
    begin = source.x + source.width if forward else source.x
    end = target.x if forward else target.x + target.width
    bend = (end - begin) / 2
    path = (
        f"M{begin:.1f},{source.middle:.1f} C{begin + bend:.1f},{source.middle:.1f}"
        f" {end - bend:.1f},{target.middle:.1f} {end:.1f},{target.middle:.1f}"
    )
    return path, *_along(begin, source.middle, end, target.middle)


def _sideways(source: Box, target: Box) -> tuple[str, float, float]:
    """An arrow between two boxes of one column, around their right side."""
    begin, end = source.x + source.width, target.x + target.width
    bend = _bend(source, target)
    path = (
        f"M{begin:.1f},{source.middle + 6:.1f} C{bend:.1f},{source.middle:.1f}"
        f" {bend:.1f},{target.middle:.1f} {end:.1f},{target.middle + 6:.1f}"
    )
    return path, (max(begin, end) + 3 * bend) / 4, source.middle + (target.middle - source.middle) * 0.3


def _bend(source: Box, target: Box) -> float:
    """The rightmost x of an arrow between two boxes of one column."""
    return max(source.x + source.width, target.x + target.width) + 30 + abs(target.middle - source.middle) / 4


def _along(begin: float, source: float, end: float, target: float, share: float = 0.36) -> tuple[float, float]:
    """The point at this share of a curve that is horizontal at both ends."""
    rest = 1 - share
    curve = (rest**3 + 3 * rest**2 * share, 3 * rest * share**2 + share**3)
    bends = (3 * rest**2 * share + 3 * rest * share**2) / 2
    x = begin * (rest**3 + bends) + end * (share**3 + bends)
    return x, source * curve[0] + target * curve[1]
