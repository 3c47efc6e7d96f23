"""Templates: everything that is put into one is escaped, and a name that is not given is an error."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from saga.console import links
from saga.documents.text import age, date_and_time, shown

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"
_COMMANDS: Final = re.compile(r": see `saga [^`]*`")


def environment() -> Environment:
    """The templates with what they may call."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "age": age,
        "moment": _moment,
        "text": shown,
        "json": _json,
        "number": "{:,}".format,
        "clause": _clause,
        "said": _said,
    }
    made.globals |= {
        name: getattr(links, name) for name in dir(links) if name.endswith("_link") or name == "with_query"
    }
    made.globals["version"] = _version()
    return made


def _moment(at: datetime | None) -> Markup:
    """A time in UTC; the script shows the local one beside it."""
    if at is None:
        return Markup("")
    machine = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(machine, date_and_time(at))


def _clause(reason: object) -> str:
    """A reason without the advice to use the command line: here a link is beside it."""
    return shown(_COMMANDS.sub("", str(reason)))


def _said(sentence: object) -> str:
    """The sentence of an answer without the answer, which stands beside it."""
    return shown(str(sentence).removeprefix("taken in: "))


def _json(value: Any) -> str:
    """Data for people, with every character visible."""
    lines = json.dumps(_plain(value), ensure_ascii=False, indent=2, default=str).split("\n")
    return "\n".join(map(shown, lines))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _version() -> str:
    """Changes with any of the static files, so that a browser may keep them."""
    contents = b"".join(file.read_bytes() for file in sorted(STATIC.rglob("*")) if file.is_file())
    return sha256(contents).hexdigest()[:12]
