"""What the tests of a process import.

``histories`` and ``pairs_of_orders`` are hypothesis strategies: they need hypothesis, the others do not.
"""

from typing import Any

from saga.testing.assertions import Scenario, assert_converges, assert_upgrades

__all__ = ["Scenario", "assert_converges", "assert_upgrades", "histories", "pairs_of_orders"]


def __getattr__(name: str) -> Any:
    """The strategies, when somebody asks for them."""
    if name in ("histories", "pairs_of_orders"):
        from saga.testing import strategies  # noqa: PLC0415 -- hypothesis is loaded only where it is used

        return getattr(strategies, name)
    raise AttributeError(name)
