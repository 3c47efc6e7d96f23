"""A difference between what is stored of an instance and what the model makes of its facts."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, as plain JSON values and in words.

    ``what`` names it with dots: ``outcome``, ``parts.payment``, ``effect.fulfilment``, ``answer.orders.17``. ``found``
    is what the system has, ``model`` what the model says; a side that has nothing is None.
    """

    what: str
    sentence: str
    found: Any = None
    model: Any = None
