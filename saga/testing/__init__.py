"""The tools for tests of a process: plain functions and values, for any test runner.

``histories`` and ``pairs_of_orders`` are hypothesis strategies and need hypothesis; ``private_database`` needs the
extra `saga[local]`. The others need no further packages.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from saga.convergence.check import Grade, Report, check
from saga.convergence.enumeration import run_history
from saga.convergence.findings import Finding, Kind
from saga.convergence.render_text import counterexample
from saga.convergence.samples import derive_samples
from saga.convergence.upgrade import check_upgrade
from saga.messages.facts import make_fact
from saga.testing.assertions import Scenario, assert_converges, assert_same_end, assert_upgrades

if TYPE_CHECKING:
    from saga.testing.database import private_database
    from saga.testing.interpreters import assert_same_everywhere
    from saga.testing.strategies import histories, pairs_of_orders

__all__ = [
    "Finding",
    "Grade",
    "Kind",
    "Report",
    "Scenario",
    "assert_converges",
    "assert_same_end",
    "assert_same_everywhere",
    "assert_upgrades",
    "check",
    "check_upgrade",
    "counterexample",
    "derive_samples",
    "histories",
    "make_fact",
    "pairs_of_orders",
    "private_database",
    "run_history",
]


_LOADED_ON_USE: Final = {
    "assert_same_everywhere": "saga.testing.interpreters",
    "histories": "saga.testing.strategies",
    "pairs_of_orders": "saga.testing.strategies",
    "private_database": "saga.testing.database",
}
"""Names that need further packages, or whose module is also run as a program."""


def __getattr__(name: str) -> Any:
    """Load these names on first use."""
    if name not in _LOADED_ON_USE:
        raise AttributeError(name)
    return getattr(import_module(_LOADED_ON_USE[name]), name)
