"""A difference between a stored instance and the result of its record, or of the model."""

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, as plain JSON values and in words.

    ``what`` names it with dots: ``outcome``, ``state.parts.payment``, ``timer.payment_deadline``, ``entry.3``,
    ``effect.fulfilment``. ``found`` is what the system has; ``expected`` is what the record leads to, or the model. A
    side without a value is None. ``repairable`` says whether rewriting the instance's row and timers corrects it: the
    record itself is never changed, and nothing is sent.
    """

    what: str
    sentence: str
    found: Any = None
    expected: Any = None
    repairable: bool = False


def worded(value: Any) -> str:
    """A value as text for sentences."""
    match value:
        case None:
            return "nothing"
        case str():
            return value
        case _:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
