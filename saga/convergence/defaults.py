"""Reads facts again: what a message left out may be a value that its class would not take if it were given."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from saga.core import Fact
from saga.core.plain import is_same
from saga.messages.facts import read_fact


def read_again(kind: type, values: Mapping[str, Any]) -> Fact:
    """The fact with these values, of which the class refuses only such as it has itself where a field is left out.

    Raises like ``read_fact``.
    """
    try:
        return read_fact(kind, values)
    except ValidationError as error:
        refused = {str(one["loc"][0]) for one in error.errors() if one["loc"]} & values.keys()
        if not refused:
            raise
        fact = read_fact(kind, {name: value for name, value in values.items() if name not in refused})
        if not all(is_same(fact.fields[name], values[name]) for name in refused):
            raise
        return fact
