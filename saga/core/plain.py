"""Plain JSON values in the one form that they have after being stored, so that nobody sees which of both they hold."""

import math
from typing import Any

_SCALARS = (str, int, bool, type(None))


def plain(value: Any) -> Any:
    """A copy of the value with keys sorted and tuples as lists. Raises TypeError for what is no JSON value."""
    if type(value) in _SCALARS or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{value!r:.80} is no JSON value: use words, numbers, lists, and objects whose keys are words")
