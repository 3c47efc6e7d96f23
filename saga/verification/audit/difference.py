"""A difference between what is stored of an instance and the model's result for its facts."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, as plain JSON values and in words.

    ``what`` names it with dots: ``outcome``, ``parts.payment``, ``effect.fulfilment``, ``answer.orders.17``. ``found``
    is the system's value, ``model`` the model's; a side without a value is None.
    """

    what: str
    sentence: str
    found: Any = None
    model: Any = None
