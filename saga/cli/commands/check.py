"""`saga check`: whether a process ends the same way in every order of its inputs, and where it does not."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from string import ascii_uppercase
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.processes import configured_targets
from saga.cli.shell.target import Samples, Target, imported_as, load_process, load_samples
from saga.cli.shell.terminal import AsJson, columns, print_json, shown, terminal
from saga.convergence import Commuting, Finding, Grade, HistoryResult, Kind, Pair, Report, check, name_of
from saga.convergence.exploration import MOST_NODES, Progress
from saga.convergence.findings import story
from saga.convergence.fingerprint import has_functions
from saga.convergence.proof.about_parts import OWN
from saga.convergence.render_text import counterexample
from saga.convergence.sampling import SEED
from saga.convergence.upgrade import at_rest, check_upgrade
from saga.core import Fact, Process
from saga.settings import load_settings
from saga.testing.interpreters import SENTENCE, Interpreters
from saga.testing.interpreters import test_to_paste as interpreters_test
from saga.testing.pasted import test_to_paste

INTERRUPTED = 130
NOT_ENOUGH = 3
SHOW_PROGRESS_AFTER_SECONDS = 1.0
MOST_SHOWN_ORDERS, OF_MORE_SHOWN = 24, 8
"""All orders of four inputs are shown; of more, the first ones."""
PAIR_STYLES = {Pair.APART: "green", Pair.EXPLORED: "green", Pair.ONLY_IN_EFFECT: "yellow", Pair.DIVERGES: "red"}


MOST_SHOWN_OBSTACLES = 8


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


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found. ``setup`` is code that defines the process in a test; ``at_rest`` are notes about an upgrade."""

    report: Report
    setup: str
    upgrade: Sequence[Finding] = ()
    at_rest: Sequence[str] = ()
    upgrade_setup: str = ""
    interpreters: Sequence[tuple[Finding, str]] = ()
    notes: Sequence[str] = ()
    is_interrupted: bool = False

    @property
    def findings(self) -> list[tuple[Finding, str]]:
        """Each finding, with a test to paste."""
        report, setups = self.report, [(self.report.findings, self.setup), (self.upgrade, self.upgrade_setup)]
        return [
            *(
                (finding, test_to_paste(finding, report.process, report.samples, setup=setup))
                for findings, setup in setups
                for finding in findings
            ),
            *self.interpreters,
        ]


def check_process(
    target: Target = None,
    *,
    samples: Samples = None,
    old: Annotated[
        str | None, typer.Option("--from", help="module:name of the old version: check the upgrade from it, too.")
    ] = None,
    no_longer_sent: Annotated[
        list[str] | None, typer.Option(help="With --from: a message class of which none is under way.")
    ] = None,
    all_orders: Annotated[
        bool, typer.Option("--all", help="Show all orders of arrival, not only the first ones.")
    ] = False,
    require: Annotated[
        Grade,
        typer.Option(help="The least grade: proved for all values, searched in every order of samples, sampled."),
    ] = Grade.SEARCHED,
    always_explore: Annotated[
        bool, typer.Option("--explore", help="Explore the samples also where everything is proved.")
    ] = False,
    most_nodes: Annotated[
        int, typer.Option(min=1, help="States to explore before switching to sampling.")
    ] = MOST_NODES,
    seed: Annotated[int, typer.Option(help="Seed for the sampling.")] = SEED,
    as_json: AsJson = False,
) -> None:
    """Prove that a process converges, or search every order of sample inputs; without TARGET, each of SAGA_PROCESSES.

    Exit code 0 if it converges; 1 if it diverges, or for any other finding; 3 if nothing was found, but the grade is
    weaker than required, or something was never tried or never reached.
    """
    limits = _Limits(most_nodes, seed, always_explore)
    targets = configured_targets(load_settings()) if target is None else [target]
    if len(targets) > 1 and (old, samples) != (None, None):
        raise WrongUsage(f"--from and --samples are for one process: name it, one of {', '.join(targets)}.")
    done = []
    for one in targets:
        upgrade = None if old is None else _Upgrade(old, no_longer_sent or ())
        done.append(_check(one, samples, upgrade, limits))
        if not as_json:
            _show(*done[-1], all_orders=all_orders)
        if done[-1][0].is_interrupted:
            break
    if as_json:
        documents = [_as_data(*one) for one in done]
        print_json(documents[0] if len(targets) == 1 else {"processes": documents, "count": len(documents)})
    if done[-1][0].is_interrupted:
        raise typer.Exit(INTERRUPTED)
    if any(checked.findings for checked, _ in done):
        raise typer.Exit(1)
    if not all(_is_enough(checked.report, require) for checked, _ in done):
        raise typer.Exit(NOT_ENOUGH)


def _is_enough(report: Report, required: Grade) -> bool:
    """Whether the grade is at least the required one, and a search tried and reached everything."""
    is_left_out = report.grade is not Grade.PROVED and (report.untested or report.unreached)
    return report.grade.is_at_least(required) and not is_left_out


def _check(target: str, samples: str | None, upgrade: _Upgrade | None, limits: _Limits) -> tuple[_Checked, float]:
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
        checked = _Checked(
            report, imported_as(target, "process"), notes=report.notes, is_interrupted=report.interrupted
        )
        try:
            if interpreters is not None:
                checked = _compare_interpreters(checked, interpreters, target, samples)
            if before is not None and upgrade is not None and not report.interrupted:
                checked = _upgraded(checked, before, None if chosen is None else report.samples, upgrade, target)
        except KeyboardInterrupt:
            checked = replace(checked, is_interrupted=True)
    return checked, time.monotonic() - began


def _compare_interpreters(checked: _Checked, interpreters: Interpreters, target: str, samples: str | None) -> _Checked:
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
    finding = Finding(Kind.DEPENDS_ON_MORE, f"{SENTENCE}: {story(history, report.samples)}", history)
    return replace(checked, interpreters=[(finding, interpreters_test(finding, target, samples))])


def _upgraded(
    checked: _Checked, before: Process, samples: Sequence[Fact] | None, upgrade: _Upgrade, target: str
) -> _Checked:
    """Check the upgrade. Without given samples, there are some of what only the old version consumes, too."""
    process = checked.report.process
    return replace(
        checked,
        upgrade=check_upgrade(before, process, samples, no_longer_sent=upgrade.no_longer_sent),
        at_rest=at_rest(before, process, samples),
        upgrade_setup=f"{imported_as(upgrade.old, 'old')}\n{imported_as(target, 'new')}",
    )


def _progress(status: Any, began: float) -> Progress:
    def run_history(nodes: int, sets: int) -> None:
        if time.monotonic() - began > SHOW_PROGRESS_AFTER_SECONDS:
            status.update(f"exploring: {nodes} states, {sets} sets of facts; Ctrl-C shows what was found so far")

    return run_history


def _show(checked: _Checked, seconds: float, *, all_orders: bool) -> None:
    console, report = terminal(), checked.report
    console.print(_summary(checked, seconds))
    if report.results:
        console.print(Text(), _orders(report, _most(report, all_orders=all_orders)))
    if report.matrix:
        console.print(Text(), _matrix(report))
    for note in checked.notes:
        console.print(Text(f"\n{shown(note)}", "yellow"))
    for sentence in checked.at_rest:
        console.print(Text(f"\nUpgrade: {shown(sentence)}", "yellow"))
    for finding, test in checked.findings:
        console.print(Text(f"\n{finding.kind.value}: {shown(finding.sentence)}", "bold red"))
        console.print(Text(counterexample(finding, report.process, report.samples)), soft_wrap=True)
        console.print(Text("\nA test to paste:\n", "dim"))
        console.print(Text(test), soft_wrap=True)


def _most(report: Report, *, all_orders: bool) -> int:
    few = len(report.results) <= MOST_SHOWN_ORDERS
    return len(report.results) if all_orders or few else OF_MORE_SHOWN


def _summary(checked: _Checked, seconds: float) -> Text:
    report = checked.report
    process, wrong = report.process, len(checked.findings)
    names = ", ".join(name_of(fact, report.samples) for fact in report.samples)
    text = Text.assemble((f"{process.name}, version {process.version}", "bold"), f": {len(report.samples)} inputs ")
    text.append(f"({names})\n", "dim")
    bounds = ", ".join(f"{name} {bound}" for name, bound in report.bounds.items())
    text.append(f"an instance holds at most: {bounds}\n", "dim")
    if wrong:
        text.append(f"{wrong} finding{'s' if wrong > 1 else ''}", "bold red")
    else:
        text.append(_headline(report), "bold green")
    text.append(f": {_extent(report)} {seconds:.2f} s.")
    if checked.is_interrupted and not report.interrupted:
        text.append("\nInterrupted after that: the upgrade and other interpreters were not checked.", "yellow")
    _append_remarks(text, report)
    return text


def _headline(report: Report) -> str:
    if report.grade is Grade.PROVED:
        return "converges, proved"
    return "converges, as far as searched" if report.grade is Grade.SEARCHED and not report.untried else "nothing found"


def _extent(report: Report) -> str:
    reached = f"{report.nodes} states reached,"
    if report.grade is Grade.PROVED and not report.nodes:
        return "for all values and any number of messages; explored nothing,"
    if any(finding.kind is Kind.BEYOND for finding in report.findings):
        return f"orders in which a bound is reached were not followed; {reached}"
    if report.interrupted:
        return f"interrupted; sets of up to {report.whole_up_to} inputs were explored in every order; {reached}"
    if report.whole_up_to == len(report.samples):
        return f"every order of every subset was explored, each input repeated at any point; {reached}"
    drawn = f"beyond that {report.sampled} pairs of orders were sampled from seed {report.seed}, which proves nothing"
    return f"sets of up to {report.whole_up_to} inputs were explored in every order; {drawn}; {reached}"


def _append_remarks(text: Text, report: Report) -> None:
    """What was not proved and why, what contradicts itself, and what was left out."""
    if report.proof.obstacles and not report.findings:
        text.append("\nNot proved:", "yellow")
        obstacles = report.proof.obstacles
        few = ([one for one in obstacles if one.obligation == OWN] or list(obstacles))[:MOST_SHOWN_OBSTACLES]
        for one in few:
            text.append(f"\n- {shown(one.sentence)}", "yellow")
        if (more := len(obstacles) - len(few)) > 0:
            text.append(f"\n- and {more} more, which --json has", "yellow")
    elif report.proof.contradictions:
        text.append("\nA message that contradicts a known one waits for a person. ", "dim")
        text.append(f"{'. '.join(map(shown, report.proof.contradictions))}.", "dim")
    for remark in report.proof.remarks:
        text.append(f"\n{shown(remark)}.", "yellow")
    if report.contradicting:
        names = ", ".join(name_of(fact, report.samples) for fact in report.contradicting)
        text.append(f"\nContradicting samples need a person's decision, so they were not compared: {names}.", "yellow")
    if report.proof.unreachable:
        text.append(f"\nNo history can come to: {', '.join(report.proof.unreachable)}.", "yellow")
    elif report.unreached:
        unreached = ", ".join(report.unreached)
        text.append(f"\nNo history came to: {unreached}. Give samples that do, with --samples.", "yellow")
    if report.grade is not Grade.PROVED:
        _append_what_was_tried(text, report)


def _append_what_was_tried(text: Text, report: Report) -> None:
    if report.untried:
        names = ", ".join(kind.__name__ for kind in report.untried)
        text.append(f"\nNo sample was tried of {names}.", "yellow")
    if report.rounds:
        more = f"{report.rounds} further sets of inputs, with values that the functions name, were explored too"
        text.append(f"\n{more} (seed {report.seed}).")
    if missing := [one for one in report.untested if not one.endswith("has no sample")]:
        text.append(f"\nNot tried: {'; '.join(map(shown, missing))}.", "yellow")


def _orders(report: Report, most: int) -> RenderableType:
    """Every order of arrival in one line: inputs by their letters, net effects by their numbers."""
    in_histories = _names(report)
    letters = {name: letter for name, letter in _letters(report).items() if name in in_histories}
    effects = list(dict.fromkeys(_net_effect(result) for result in report.results))
    table = columns("order", "outcomes passed", "commands on the way", "outcome", "net effect", "")
    table.title = "Orders of arrival"
    usual = report.results[0].end_state
    for result in report.results[:most]:
        order = " ".join(letters[name_of(fact, report.samples)] for fact in result.history)
        row = (
            order,
            _passed(result),
            _sent(result),
            result.end_state.outcome.value,
            str(effects.index(_net_effect(result)) + 1),
        )
        table.add_row(*map(shown, row), Text("same", "green") if result.end_state == usual else Text("differs", "red"))
    left = report.results[most:]
    differing = sum(result.end_state != usual for result in left)
    of_them = f", of which {differing} differ" if differing else ""
    more = [Text(f"... and {len(left)} more{of_them}, shown with --all", "dim")] if left else []
    known = Text(", ".join(f"{letter} {shown(name)}" for name, letter in letters.items()), "dim")
    numbered = [Text(f"net effect {number}: {shown(effect)}", "dim") for number, effect in enumerate(effects, start=1)]
    return Group(table, *more, known, *numbered)


def _names(report: Report) -> list[str]:
    """The names of the inputs that the explored histories consist of."""
    return [name_of(fact, report.samples) for fact in report.samples if fact in report.results[0].history]


def _letters(report: Report) -> dict[str, str]:
    """A letter for each input, by its name."""
    names = (name_of(fact, report.samples) for fact in report.samples)
    return {name: f"{ascii_uppercase[number % 26]}{number // 26 or ''}" for number, name in enumerate(names)}


def _passed(result: HistoryResult) -> str:
    """The outcomes in order, without repetitions in a row."""
    return " > ".join(outcome for outcome, _ in groupby(result.outcomes))


def _sent(result: HistoryResult) -> str:
    """The commands in order; equal ones in a row are shown once with their count."""
    runs = [(name, len(list(run))) for name, run in groupby(command.type for command in result.commands)]
    return ", ".join(f"{times} {name}" if times > 1 else name for name, times in runs) or "none"


def _net_effect(result: HistoryResult) -> str:
    return ", ".join(sorted(f"{name} {condition}" for name, condition, _ in result.end_state.effects)) or "none"


def _matrix(report: Report) -> Table:
    """For each pair of inputs, whether their order matters, and how that is known."""
    letters = _letters(report)
    table = columns("", *list(letters.values())[1:], title="Pairs that commute")
    table.columns[0].no_wrap = True
    pairs = {(one.first, one.second): one for one in report.matrix}
    for row, (name, letter) in enumerate(letters.items()):
        cells = [pairs.get((row, column)) for column in range(1, len(letters))]
        table.add_row(
            f"{letter} {shown(name)}",
            *(
                Text() if one is None else Text(f"{one.pair.value} ({one.compared})", PAIR_STYLES[one.pair])
                for one in cells
            ),
        )
    return table


def _as_data(checked: _Checked, seconds: float) -> dict[str, Any]:
    report = checked.report
    return {
        "process": report.process.name,
        "version": report.process.version,
        "converges": report.converges and not checked.findings and not checked.is_interrupted,
        "grade": report.grade.value,
        "not_proved": [one.sentence for one in report.proof.obstacles],
        "contradictions": list(report.proof.contradictions),
        "remarks": list(report.proof.remarks),
        "unreachable": list(report.proof.unreachable),
        "interrupted": checked.is_interrupted,
        "seconds": round(seconds, 3),
        "explored": report.nodes,
        "explored_up_to": report.whole_up_to,
        "sampled": report.sampled,
        "seed": report.seed,
        "samples": [
            {"name": name_of(fact, report.samples), "type": fact.kind.__name__, "fields": dict(fact.fields)}
            for fact in report.samples
        ],
        "bounds": report.bounds,
        "contradicting": [name_of(fact, report.samples) for fact in report.contradicting],
        "unreached": list(report.unreached),
        "untried": [kind.__name__ for kind in report.untried],
        "untested": list(report.untested),
        "rounds": report.rounds,
        "findings": [_finding_as_data(report, *one) for one in checked.findings],
        "at_rest": list(checked.at_rest),
        "notes": list(checked.notes),
        "orders": [_result_as_data(report, result) for result in report.results],
        "pairs": [_pair_as_data(report, one) for one in report.matrix],
    }


def _finding_as_data(report: Report, finding: Finding, test: str) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "sentence": finding.sentence,
        "history": [name_of(fact, report.samples) for fact in finding.history],
        "other": [name_of(fact, report.samples) for fact in finding.other],
        "test": test,
    }


def _result_as_data(report: Report, result: HistoryResult) -> dict[str, Any]:
    return {
        "order": [name_of(fact, report.samples) for fact in result.history],
        "outcomes": list(result.outcomes),
        "commands": [command.type for command in result.commands],
        "outcome": result.end_state.outcome.value,
        "net_effect": _net_effect(result),
    }


def _pair_as_data(report: Report, one: Commuting) -> dict[str, Any]:
    return {
        "first": name_of(report.samples[one.first], report.samples),
        "second": name_of(report.samples[one.second], report.samples),
        "how": one.pair.value,
        "compared": one.compared,
    }
