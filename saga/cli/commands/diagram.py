"""`saga diagram`: a process as a picture, made from its tables."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.processes import only_configured_target
from saga.cli.shell.target import Samples, Target, load_process, load_samples
from saga.convergence import (
    Exploration,
    derive_samples,
    explore,
    joint_graph,
    machine_graphs,
    outcome_graph,
    to_mermaid,
    to_svg,
)
from saga.convergence.diagrams.graph import Graph
from saga.core import Fact, Process
from saga.settings import load_settings


class View(Enum):
    """The part of a process that is drawn."""

    MACHINES = "machines"
    JOINT = "joint"
    OUTCOMES = "outcomes"


class Format(Enum):
    """The format of the drawing."""

    MERMAID = "mermaid"
    SVG = "svg"


def diagram(
    target: Target = None,
    view: Annotated[View, typer.Option(help="Each sub-machine, the joint states, or the outcomes alone.")] = View.JOINT,
    as_: Annotated[Format, typer.Option("--format", help="Mermaid text, or a picture.")] = Format.MERMAID,
    out: Annotated[
        Path | None, typer.Option(help="File to write; a folder for the sub-machines as SVG. [stdout]")
    ] = None,
    samples: Samples = None,
) -> None:
    """Draw a process: its sub-machines, its reachable joint states, or its outcomes.

    Without TARGET, draws the process in SAGA_PROCESSES.
    """
    process = load_process(only_configured_target(load_settings()) if target is None else target)
    if view is View.MACHINES:
        graphs = machine_graphs(process)
    else:
        found = _explored(process, load_samples(samples))
        graphs = (joint_graph(found) if view is View.JOINT else outcome_graph(found),)
    try:
        if as_ is Format.SVG and view is View.MACHINES:
            _write_each(graphs, out or Path())
        else:
            _write(to_mermaid(*graphs) if as_ is Format.MERMAID else to_svg(graphs[0]), out)
    except OSError as error:
        raise WrongUsage(f"--out {out}: {error.strerror}") from None


def _explored(process: Process, samples: Sequence[Fact] | None) -> Exploration:
    """The states that are reached with these samples, or with as few as show every outcome."""
    if samples is not None:
        return explore(process, samples)
    few = explore(process, derive_samples(process, variants=1))
    reached = {node.end_state.outcome for node in few.nodes}
    return few if reached == set(process.outcomes.states) else explore(process, derive_samples(process))


def _write(drawn: str, out: Path | None) -> None:
    if out is None:
        typer.echo(drawn, nl=False)
    else:
        out.write_text(drawn, encoding="utf-8")


def _write_each(graphs: tuple[Graph, ...], folder: Path) -> None:
    """Write each sub-machine to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for graph in graphs:
        path = folder / f"{graph.title.replace('/', '-')}.svg"
        path.write_text(to_svg(graph), encoding="utf-8")
        typer.echo(str(path))
