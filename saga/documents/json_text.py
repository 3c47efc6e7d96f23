"""A document as JSON text, the same wherever it is shown."""

import json
from datetime import UTC, datetime
from typing import Any


def json_text(document: Any) -> str:
    """The document for people and programs, in ASCII: safe in every terminal and every pipe."""
    return json.dumps(document, indent=2, default=_plain)


def json_line(document: Any) -> str:
    """The document in one line, for streams of them."""
    return json.dumps(document, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
