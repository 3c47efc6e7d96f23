"""The checker: whether a process ends the same way in every order of its inputs. Pure: no clock, no chance, no I/O."""

from saga.convergence.check import Report, check
from saga.convergence.enumeration import Told, every_order, tell
from saga.convergence.exploration import Exploration, explore
from saga.convergence.finding import Finding, Kind, Split, name_of, story
from saga.convergence.graph import joint_graph, machine_graphs, outcome_graph
from saga.convergence.matrix import Commuting, Pair
from saga.convergence.mermaid import to_mermaid
from saga.convergence.samples import derive_samples
from saga.convergence.svg import to_svg
from saga.convergence.testing import Scenario, assert_converges, assert_upgrades
from saga.convergence.upgrade import at_rest, check_upgrade
from saga.convergence.wording import counterexample
from saga.inputs import make_fact

__all__ = [
    "Commuting",
    "Exploration",
    "Finding",
    "Kind",
    "Pair",
    "Report",
    "Scenario",
    "Split",
    "Told",
    "assert_converges",
    "assert_upgrades",
    "at_rest",
    "check",
    "check_upgrade",
    "counterexample",
    "derive_samples",
    "every_order",
    "explore",
    "joint_graph",
    "machine_graphs",
    "make_fact",
    "name_of",
    "outcome_graph",
    "story",
    "tell",
    "to_mermaid",
    "to_svg",
]
