"""The data of an event: converts an instance of its class to JSON for the log, and back.

All readers have to be able to read the data, also after PostgreSQL stored it as jsonb and printed it again: it has to
be a strict JSON object (saga.messages.strict_json). jsonb prints numbers without an exponent, so 1e300 comes back as an
integer of 301 digits that our readers refuse. Such data is refused when it is appended.
"""

import json
import math
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from saga.messages.strict_json import MAX_BODY_BYTES, MAX_DEPTH, NotStrictJson, parse


def encode(adapter: TypeAdapter[Any], event: object) -> dict[str, Any]:
    """The data of the event. Raises NotStrictJson, which names the value that can't be stored."""
    try:
        text = json.dumps(adapter.dump_python(event, mode="json", warnings="error"), ensure_ascii=False)
        data = require_readable(text)
        if "null" in text:
            _require_finite(adapter.dump_python(event))
    except NotStrictJson:
        raise
    except UnicodeEncodeError:
        raise NotStrictJson("the JSON has a lone surrogate in a string") from None
    except RecursionError:
        raise NotStrictJson(f"the JSON is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise NotStrictJson(" ".join(str(error).split())) from None
    if not isinstance(data, dict):
        raise NotStrictJson("the data is not a JSON object")
    return data


def decode(adapter: TypeAdapter[Any], data_json: str) -> Any:
    """The instance with this data. Raises pydantic's ValidationError if the class has changed incompatibly."""
    return adapter.validate_json(data_json, by_alias=True, by_name=True)


def stream_id(data: Mapping[str, Any], event: object, stream: str) -> Any:
    """The id of the event's stream, from the data, or from the instance's field if the data use an alias."""
    return data[stream] if stream in data else str(getattr(event, stream))


def require_readable(text: str) -> Any:
    """The value of this JSON. Raises NotStrictJson if readers would refuse it in the form in which jsonb prints it.

    jsonb prints the same spaces as Python, and numbers at full length.
    """
    growth = 0

    def printable(literal: str) -> float:
        nonlocal growth
        printed = format(Decimal(literal), "f")
        parse(printed.encode())
        growth += len(printed) - len(literal)
        return float(literal)

    json.loads(text, parse_float=printable)
    body = text.encode()
    value = parse(body)
    if len(body) + growth > MAX_BODY_BYTES:
        raise NotStrictJson(f"the body has {len(body) + growth} bytes; {MAX_BODY_BYTES} are allowed")
    return value


def _require_finite(value: Any) -> None:
    """Raise NotStrictJson for NaN and infinities, which pydantic writes as null if the field's type is not float."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list | tuple | set | frozenset | deque):
            pending += item
        elif isinstance(item, float) and not math.isfinite(item):
            raise NotStrictJson(f"the data has {item}, which is no JSON number")
