"""Shows one whole dead letter: safely in a terminal, although its bytes come from strangers."""

from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.terminal import pairs
from saga.documents.dead_letters import SHORT_BYTES, as_text
from saga.documents.text import date_and_time, shown
from saga.operations import DeadLetter

BYTES_IN_A_LINE = 16


def explained(dead_letter: DeadLetter, *, full: bool) -> RenderableType:
    """The dead letter for people."""
    table = pairs()
    for name, value in _known(dead_letter):
        table.add_row(name, Text(shown(value)))
    return Group(
        Text.assemble((f"Dead letter {dead_letter.id}", "bold"), f": {dead_letter.kind}, {dead_letter.state}"),
        Text(shown(dead_letter.reason), "red"),
        Text(),
        table,
        Text(),
        Text(f"Body, {len(dead_letter.body)} bytes", "bold"),
        _readable(dead_letter.body, full=full),
    )


def _known(dead_letter: DeadLetter) -> list[tuple[str, object]]:
    place = f"position {dead_letter.position} of {dead_letter.module}" if dead_letter.position is not None else None
    known = [
        ("type", dead_letter.type),
        (shown(dead_letter.consumer), dead_letter.process_id),
        ("message id", dead_letter.message_id),
        ("source", dead_letter.source),
        ("place", place),
        ("attempts", dead_letter.attempts),
        ("first seen", f"{date_and_time(dead_letter.first_seen_at)} UTC"),
        ("last seen", f"{date_and_time(dead_letter.last_seen_at)} UTC"),
        ("closed", f"{date_and_time(dead_letter.closed_at)} UTC" if dead_letter.closed_at else None),
    ]
    headers = dead_letter.properties.get("headers") or {}
    properties = [(name, value) for name, value in dead_letter.properties.items() if name != "headers"]
    named = [
        *known,
        *((name.replace("_", " "), value) for name, value in properties if name not in ("type", "message_id")),
    ]
    named += [(f"header {shown(name)}", value) for name, value in headers.items()]
    return [(name, value) for name, value in named if value not in (None, "")]


def _readable(body: bytes, *, full: bool) -> Text:
    part = body if full else body[:SHORT_BYTES]
    text = as_text(part, cut=len(part) < len(body))
    lines = _hex_lines(part) if text is None else [shown(line) for line in text.split("\n")]
    if len(part) < len(body):
        lines.append(f"... and {len(body) - len(part)} bytes more: see --full")
    return Text("\n".join(lines))


def _hex_lines(part: bytes) -> list[str]:
    lines = []
    for start in range(0, len(part), BYTES_IN_A_LINE):
        chunk = part[start : start + BYTES_IN_A_LINE]
        readable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
        lines.append(f"{start:06x}  {chunk.hex(' '):<{3 * BYTES_IN_A_LINE}} {readable}")
    return lines
