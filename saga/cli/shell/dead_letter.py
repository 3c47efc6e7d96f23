"""Shows one whole dead letter: safely in a terminal, although its bytes come from strangers, and for programs."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from saga.cli.shell.as_data import as_data
from saga.cli.shell.terminal import date_and_time, pairs, shown
from saga.core import Process
from saga.operations import DeadLetter, ListedDeadLetter

SHORT_BYTES = 2_000
BYTES_IN_A_LINE = 16


def identified(dead_letter: ListedDeadLetter | DeadLetter, processes: Sequence[Process]) -> dict[str, Any]:
    """The dead letter's id and, if its process is one of these, the instance under the process's own name for it."""
    own = {process.correlate: dead_letter.process_id for process in processes if process.name == dead_letter.consumer}
    return {"id": dead_letter.id, **own}


def dead_letter_as_data(dead_letter: DeadLetter, processes: Sequence[Process], *, full: bool) -> dict[str, Any]:
    """The dead letter as JSON values. The body is text where it is UTF-8, else base64; shortened unless ``full``."""
    known = as_data(dead_letter)
    known.pop("body")
    body, encoding, shortened = _body(dead_letter.body, full=full)
    return {
        **identified(dead_letter, processes),
        **known,
        "body": body,
        "body_encoding": encoding,
        "body_bytes": len(dead_letter.body),
        "body_shortened": shortened,
    }


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
    text = _as_text(part, cut=len(part) < len(body))
    lines = _hex_lines(part) if text is None else [shown(line) for line in text.split("\n")]
    if len(part) < len(body):
        lines.append(f"... and {len(body) - len(part)} bytes more: see --full")
    return Text("\n".join(lines))


def _body(body: bytes, *, full: bool) -> tuple[str, str, bool]:
    part = body if full else body[:SHORT_BYTES]
    cut = len(part) < len(body)
    text = _as_text(part, cut=cut)
    if text is None:
        return b64encode(part).decode(), "base64", cut
    return text, "utf-8", cut


def _as_text(part: bytes, *, cut: bool) -> str | None:
    """The bytes as text; None if they are not UTF-8. A character that is cut off at the end does not count."""
    try:
        return part.decode()
    except UnicodeDecodeError as error:
        return part[: error.start].decode() if cut and error.start > len(part) - 4 else None


def _hex_lines(part: bytes) -> list[str]:
    lines = []
    for start in range(0, len(part), BYTES_IN_A_LINE):
        chunk = part[start : start + BYTES_IN_A_LINE]
        readable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
        lines.append(f"{start:06x}  {chunk.hex(' '):<{3 * BYTES_IN_A_LINE}} {readable}")
    return lines
