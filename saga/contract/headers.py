"""The headers of a message: the attributes of a CloudEvent in binary mode (docs/wire.md), as a JSON Schema.

What others send is described as loosely as it is read, and what the process sends as exactly as it is sent.
"""

from typing import Any, Final

from saga.contract.schemas import Schema
from saga.core.identifier import MAX_CHARACTERS

Described = dict[str, Any]

TEXT: Final = {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS}
SPEC_VERSION: Final = "1.0"
NEEDED: Final = ["ce-id", "ce-source", "ce-specversion", "ce-type"]
ALWAYS_SENT: Final = [*NEEDED, "ce-causationid", "ce-correlationid", "ce-subject", "ce-time"]
NUMBERED: Final = ["ce-previoussequence", "ce-sequence"]

_CORRELATION: Final = TEXT | {"description": "constant along a conversation"}
_CAUSATION: Final = TEXT | {"description": "the id of the direct cause"}
_TRACE: Final = TEXT | {"description": "passed on unchanged"}


def received(kind: str, module: str) -> Schema:
    """The headers of an event that the process receives from a module."""
    about_source = f"/modules/{module} for the module itself; any other that begins with neither /modules/ nor "
    return _object(
        {
            "ce-specversion": {"const": SPEC_VERSION},
            "ce-id": TEXT | {"description": "with the source, the identity of the message"},
            "ce-source": TEXT | {"description": f"{about_source}/exchanges/", "examples": [f"/modules/{module}"]},
            "ce-type": {"const": kind},
            "ce-subject": TEXT | {"description": "the instance; must not contradict the data"},
            "ce-time": TEXT | {"description": "when it happened, ISO 8601; recorded, never used for a decision"},
            "ce-sequence": _position(1) | {"description": "the position in the module's log, if it keeps one"},
            "ce-previoussequence": _position(0) | {"description": "the public position before it; 0 if there is none"},
            "ce-correlationid": _CORRELATION,
            "ce-causationid": _CAUSATION,
            "ce-traceparent": _TRACE,
        },
        NEEDED,
    )


def sent(kind: str, module: str, *, is_public: bool) -> Schema:
    """The headers of a message that the process sends from its module's log; only public events have positions."""
    numbers = {
        "ce-sequence": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "the position in the log"},
        "ce-previoussequence": {
            "type": "string",
            "pattern": "^(0|[1-9][0-9]*)$",
            "description": "the public position before it; 0 if there is none",
        },
    }
    return _object(
        {
            "ce-specversion": {"const": SPEC_VERSION},
            "ce-id": TEXT | {"description": "the same whenever the message is sent"},
            "ce-source": {"const": f"/modules/{module}"},
            "ce-type": {"const": kind},
            "ce-subject": TEXT | {"description": "the instance"},
            "ce-time": {"type": "string", "format": "date-time", "description": "when it was recorded"},
            **(numbers if is_public else {}),
            "ce-correlationid": _CORRELATION,
            "ce-causationid": _CAUSATION,
            "ce-traceparent": _TRACE,
        },
        ALWAYS_SENT + (NUMBERED if is_public else []),
    )


def _position(least: int) -> Described:
    """A number of a log, as AMQP clients give it: a decimal text or a number."""
    pattern = "^[1-9][0-9]*$" if least else "^(0|[1-9][0-9]*)$"
    return {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "integer", "minimum": least}]}


def _object(properties: Described, needed: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": sorted(needed)}
