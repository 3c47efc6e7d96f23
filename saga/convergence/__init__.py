"""The checker: does a process end the same way in every order of its inputs? Pure: no clock, no randomness, no I/O."""

from saga.convergence.check import Grade, Report, check
from saga.convergence.diagrams.graph import joint_graph, machine_graphs, node_of, outcome_graph
from saga.convergence.diagrams.inline import Marks, to_inline_svg
from saga.convergence.diagrams.matrix import Commuting, Pair
from saga.convergence.diagrams.mermaid import to_mermaid
from saga.convergence.diagrams.svg import to_svg
from saga.convergence.enumeration import HistoryResult, every_order, run_history
from saga.convergence.exploration import Exploration, explore
from saga.convergence.findings import Finding, Kind, Split, name_of, story
from saga.convergence.render_text import counterexample
from saga.convergence.samples import derive_samples
from saga.convergence.upgrade import at_rest, check_upgrade
from saga.messages.facts import make_fact

__all__ = [
    "Commuting",
    "Exploration",
    "Finding",
    "Grade",
    "HistoryResult",
    "Kind",
    "Marks",
    "Pair",
    "Report",
    "Split",
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
    "node_of",
    "outcome_graph",
    "run_history",
    "story",
    "to_inline_svg",
    "to_mermaid",
    "to_svg",
]
