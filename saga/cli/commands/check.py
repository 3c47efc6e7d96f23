"""`saga check`: whether a process ends the same way in every order of its inputs, and where it does not."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer
from rich.text import Text

from saga.cli.shell.check_report import Checked, as_data, show
from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.processes import configured_targets
from saga.cli.shell.target import Samples, Targets, imported_as, load_process, load_samples
from saga.cli.shell.terminal import AsJson, print_json, terminal
from saga.cli.shell.together_report import as_data as together_as_data
from saga.cli.shell.together_report import check_families, families_of, show_together
from saga.convergence import Finding, Grade, Kind, Report, check
from saga.convergence.exploration import MOST_NODES, Progress
from saga.convergence.findings import story
from saga.convergence.fingerprint import has_functions
from saga.convergence.sampling import SEED
from saga.convergence.together import Together
from saga.convergence.upgrade import at_rest, check_upgrade
from saga.core import Fact, Process, digests_of
from saga.documents.text import shown
from saga.settings import load_settings, origin_of_processes
from saga.testing.interpreters import DIRECTLY, SENTENCE, Interpreters
from saga.testing.interpreters import test_to_paste as interpreters_test

INTERRUPTED = 130
NOT_ENOUGH = 3
TOO_MUCH = "one of each was too much to look at all cases together"
SHOW_PROGRESS_AFTER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Limits:
    """How far a search goes; the fields are arguments of ``check``."""

    most_nodes: int
    seed: int
    always_explore: bool


@dataclass(frozen=True, slots=True)
class _Upgrade:
    """Where the old version is declared, and the message classes of which none is under way."""

    old: str
    no_longer_sent: Sequence[str]


def check_process(
    targets: Targets = None,
    *,
    samples: Samples = None,
    old: Annotated[
        str | None, typer.Option("--from", help="module:name of the old version: check the upgrade from it, too.")
    ] = None,
    no_longer_sent: Annotated[
        list[str] | None,
        typer.Option(help="With --from: a message class with none on its way."),
    ] = None,
    all_orders: Annotated[
        bool, typer.Option("--all", help="Show all orders of arrival, not only the first ones.")
    ] = False,
    require: Annotated[
        Grade,
        typer.Option(help="The weakest grade to accept: proved for all values, searched in every order, or sampled."),
    ] = Grade.SEARCHED,
    always_explore: Annotated[
        bool, typer.Option("--explore", help="Explore the samples even if everything is proved.")
    ] = False,
    most_nodes: Annotated[
        int, typer.Option(min=1, help="States to explore before switching to sampling.")
    ] = MOST_NODES,
    seed: Annotated[int, typer.Option(help="Seed for the sampling.")] = SEED,
    as_json: AsJson = False,
) -> None:
    """Prove that a process converges, or search the orders of sample messages for two that end differently.

    Without TARGET: each process that SAGA_PROCESSES or pyproject.toml names, or else the order process. One of several
    that receives what others announce is also searched together with them, in small cases.
    Exit code 0: it converges. 1: there is a finding. 3: the grade is too weak, or something was not tried or reached.
    """
    limits = _Limits(most_nodes, seed, always_explore)
    chosen = _chosen(targets, is_one=(old, samples) != (None, None))
    upgrade = None if old is None else _Upgrade(old, no_longer_sent or ())
    families = families_of([load_process(one) for one in chosen], are_named=bool(targets))
    if not (targets or as_json):
        _show_origin(chosen)
    done = []
    for one in _check_each(chosen, samples, upgrade, limits):
        done.append(one)
        if not as_json:
            show(*one, all_orders=all_orders)
    together = [] if done[-1][0].is_interrupted else check_families(families)
    if as_json:
        print_json(as_data(*done[0]) if len(chosen) == 1 else _several(done, together))
    else:
        show_together(together)
    _end([checked for checked, _ in done], together, require, as_json=as_json)


def _chosen(targets: Sequence[str] | None, *, is_one: bool) -> Sequence[str]:
    """The targets, or else those that are configured."""
    chosen = targets or configured_targets(load_settings())
    if is_one and len(chosen) > 1:
        raise WrongUsage(f"--from and --samples are for one process: name it, one of {', '.join(chosen)}.")
    return chosen


def _check_each(
    chosen: Sequence[str], samples: str | None, upgrade: _Upgrade | None, limits: _Limits
) -> Iterator[tuple[Checked, float]]:
    """Check one process after the other, up to one that is interrupted."""
    for one in chosen:
        checked, seconds = _check(one, samples, upgrade, limits)
        yield checked, seconds
        if checked.is_interrupted:
            return


def _show_origin(chosen: Sequence[str]) -> None:
    """Print what is checked without a target: otherwise the built-in process could be taken for one's own."""
    terminal().print(Text(f"Checking {shown(', '.join(chosen))}, {origin_of_processes()}.", "dim"), soft_wrap=True)


def _several(done: Sequence[tuple[Checked, float]], together: Sequence[Together]) -> dict[str, Any]:
    """What was found of several processes, and of those that receive each other."""
    several: dict[str, Any] = {"processes": [as_data(*one) for one in done], "count": len(done)}
    return several | ({"together": together_as_data(together)} if together else {})


def _end(done: Sequence[Checked], together: Sequence[Together], require: Grade, *, as_json: bool) -> None:
    """End with the exit code of all that was found."""
    if done[-1].is_interrupted:
        raise typer.Exit(INTERRUPTED)
    if any(one.findings for one in done) or any(one.sentences for one in together):
        raise typer.Exit(1)
    weak = [_why_not_enough(one.report, require) for one in done if not _is_enough(one.report, require)]
    weak += [f"{one.parent.name}: {TOO_MUCH} (exit code {NOT_ENOUGH})." for one in together if not one.instances]
    if weak:
        if not as_json:
            terminal(stderr=True).print(Text("\n".join(weak), "yellow"))
        raise typer.Exit(NOT_ENOUGH)


def _is_enough(report: Report, required: Grade) -> bool:
    """Whether the grade is at least the required one, and a search tried and reached everything."""
    is_left_out = report.grade is not Grade.PROVED and (report.untested or report.unreached)
    return report.grade.is_at_least(required) and not is_left_out


def _why_not_enough(report: Report, required: Grade) -> str:
    name = shown(report.process.name)
    if not report.grade.is_at_least(required):
        return f"{name}: {required.value} is required, and it is {report.grade.value} only (exit code {NOT_ENOUGH})."
    return f"{name}: something was not tried or not reached (exit code {NOT_ENOUGH})."


def _check(target: str, samples: str | None, upgrade: _Upgrade | None, limits: _Limits) -> tuple[Checked, float]:
    """The findings about one process, and how many seconds the check took."""
    process, chosen = load_process(target), load_samples(samples)
    before = None if upgrade is None else load_process(upgrade.old)
    if upgrade is not None and before is not None and before.name != process.name:
        names = f"{upgrade.old} is the process {before.name}, {target} is {process.name}"
        raise WrongUsage(f"{names}: no version of one another")
    began = time.monotonic()
    with terminal(stderr=True).status("exploring") as status, ExitStack() as owned:
        interpreters = owned.enter_context(Interpreters(target, samples)) if has_functions(process) else None
        report = check(process, chosen, progress=_progress(status, began), **asdict(limits))
        checked = Checked(report, imported_as(target, "process"), notes=report.notes, is_interrupted=report.interrupted)
        try:
            if interpreters is not None:
                checked = _compare_interpreters(checked, interpreters, target, samples)
            if before is not None and upgrade is not None and not report.interrupted:
                checked = _upgraded(checked, before, None if chosen is None else report.samples, upgrade, target)
        except KeyboardInterrupt:
            checked = replace(checked, is_interrupted=True)
    return checked, time.monotonic() - began


def _compare_interpreters(checked: Checked, interpreters: Interpreters, target: str, samples: str | None) -> Checked:
    """Compare with other interpreters, unless this one has already found something."""
    report = checked.report
    if report.interrupted or any(finding.kind in {Kind.DIVERGES, Kind.FAILS} for finding in report.findings):
        return checked
    try:
        numbers = interpreters.differing()
    except RuntimeError as error:
        return replace(checked, notes=(*checked.notes, f"No other interpreter could be asked: {error}"))
    if numbers is None:
        return checked
    history = tuple(report.samples[number] for number in numbers)
    shown = story(history, report.samples) if history else DIRECTLY
    finding = Finding(Kind.DEPENDS_ON_MORE, f"{SENTENCE}: {shown}", history)
    return replace(checked, interpreters=[(finding, interpreters_test(finding, target, samples))])


def _upgraded(
    checked: Checked, before: Process, samples: Sequence[Fact] | None, upgrade: _Upgrade, target: str
) -> Checked:
    """Check the upgrade. Without given samples, there are some of what only the old version consumes, too."""
    process = checked.report.process
    return replace(
        checked,
        upgraded_from=before.version,
        notes=(*checked.notes, *_about_version(before, process)),
        upgrade=check_upgrade(before, process, samples, no_longer_sent=upgrade.no_longer_sent),
        at_rest=at_rest(before, process, samples),
        upgrade_setup=f"{imported_as(upgrade.old, 'old')}\n{imported_as(target, 'new')}",
    )


def _about_version(old: Process, new: Process) -> Iterator[str]:
    if old.version == new.version and digests_of(old) != digests_of(new):
        yield f"Both are version {new.version}: give the new one another version, or its workers will not start."


def _progress(status: Any, began: float) -> Progress:
    def run_history(nodes: int, sets: int) -> None:
        if time.monotonic() - began > SHOW_PROGRESS_AFTER_SECONDS:
            status.update(f"exploring: {nodes} states, {sets} sets of facts; Ctrl-C shows what was found so far")

    return run_history
