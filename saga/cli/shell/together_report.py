"""What `saga check` found of processes that receive each other, as text and as data."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.terminal import terminal
from saga.convergence.together import Together, check_together, received_by
from saga.core import DeclarationError, Process
from saga.documents.text import shown

Family = tuple[Process, list[Process]]
"""A parent, and those whose announcements it receives."""


def families_of(processes: Sequence[Process], *, are_named: bool) -> list[Family]:
    """Each process with those of the others that it receives; without the processes that receive none of them.

    Raises WrongUsage for a circle; and where none receives another, if somebody named them to be checked together.
    """
    received = {parent.name: received_by(parent, processes) for parent in processes}
    if are_named and len(processes) > 1 and not any(received.values()):
        names = ", ".join(one.name for one in processes)
        raise WrongUsage(
            f"None of {names} receives another: the inputs of one have to name the module of another, such as"
            f" {processes[-1].module!r}."
        )
    if circle := next((one for one in processes if _receives_itself(one, received)), None):
        raise WrongUsage(
            f"{circle.name} receives what follows from its own announcements: they would never come to rest."
        )
    return [(one, received[one.name]) for one in processes if received[one.name]]


def check_families(families: Sequence[Family]) -> list[Together]:
    """Check each parent with its children. Raises WrongUsage if it can't receive what they announce."""
    try:
        return [check_together(*one) for one in families]
    except DeclarationError as error:
        raise WrongUsage(f"{error}.") from None


def _receives_itself(process: Process, received: dict[str, list[Process]]) -> bool:
    reached, waiting = set[str](), list(received[process.name])
    while waiting:
        one = waiting.pop()
        if one.name == process.name:
            return True
        if one.name not in reached:
            reached.add(one.name)
            waiting += received[one.name]
    return False


def show_together(found: Sequence[Together]) -> None:
    """Print what was found."""
    for one in found:
        children = ", ".join(child.name for child in one.children)
        text = Text.assemble("\n", (f"{one.parent.name} with {children}", "bold"), ": ")
        if one.sentences:
            text.append(f"{len(one.sentences)} finding{'s' if len(one.sentences) > 1 else ''}", "bold red")
        else:
            text.append("converges, as far as searched", "bold green")
        text.append(f": {one.cases} cases with up to {one.instances} of each, {one.nodes} states reached.")
        for sentence in one.limits:
            text.append(f"\n{shown(sentence)}", "yellow")
        for sentence in one.sentences:
            text.append(f"\n{shown(sentence)}", "bold red")
        terminal().print(text)


def as_data(found: Sequence[Together]) -> list[dict[str, Any]]:
    """What was found, for --json."""
    return [
        {
            "parent": one.parent.name,
            "children": [child.name for child in one.children],
            "findings": list(one.sentences),
            "limits": list(one.limits),
            "instances": one.instances,
            "cases": one.cases,
            "states": one.nodes,
        }
        for one in found
    ]
