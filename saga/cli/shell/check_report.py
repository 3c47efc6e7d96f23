"""What `saga check` found, as text and as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_uppercase
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from saga.cli.shell.terminal import columns, terminal
from saga.convergence import Commuting, Finding, Grade, HistoryResult, Kind, Pair, Report, name_of
from saga.convergence.proof.about_parts import OWN
from saga.convergence.render_text import counterexample
from saga.documents.text import shown
from saga.testing.pasted import test_to_paste

MOST_SHOWN_ORDERS, OF_MORE_SHOWN = 24, 8
"""All orders of four inputs are shown; of more, the first ones."""
PAIR_STYLES = {Pair.APART: "green", Pair.EXPLORED: "green", Pair.ONLY_IN_EFFECT: "yellow", Pair.DIVERGES: "red"}
MOST_SHOWN_OBSTACLES = 8


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. ``setup`` is code that defines the process in a test; ``at_rest`` are notes about an upgrade."""

    report: Report
    setup: str
    upgrade: Sequence[Finding] = ()
    at_rest: Sequence[str] = ()
    upgrade_setup: str = ""
    upgraded_from: int | None = None
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


def show(checked: Checked, seconds: float, *, all_orders: bool) -> None:
    """Print the result, some orders of arrival, and each finding with a test to paste."""
    console, report = terminal(), checked.report
    console.print(_summary(checked, seconds))
    if report.results:
        console.print(Text(), _orders(report, _most(report, all_orders=all_orders)))
    if report.matrix:
        console.print(Text(), _matrix(report), Text("in brackets: states in which both orders were compared", "dim"))
    for note in checked.notes:
        console.print(Text(f"\n{shown(note)}", "yellow"))
    if checked.upgraded_from is not None and not checked.upgrade:
        console.print(Text(f"\nUpgrade from version {checked.upgraded_from}: nothing found.", "green"))
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


def _summary(checked: Checked, seconds: float) -> Text:
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
    is_whole = not (report.untested or report.unreached)
    return "converges, as far as searched" if report.grade is Grade.SEARCHED and is_whole else "nothing found"


def _extent(report: Report) -> str:
    reached = f"{report.nodes} states reached,"
    if report.grade is Grade.PROVED:
        explored = "explored nothing," if not report.nodes else f"the samples were explored, too; {reached}"
        return f"for all values and any number of messages; {explored}"
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
        asked = f"Functions of yours were asked about {report.asked} sets of inputs"
        text.append(f"\n{asked}, and {report.rounds} of them were explored (seed {report.seed}).")
    if missing := [one for one in report.untested if not one.endswith("has no sample")]:
        text.append(f"\nNot tried: {'; '.join(map(shown, missing))}.", "yellow")


def _orders(report: Report, most: int) -> RenderableType:
    """Every order of arrival in one line: inputs by their letters, net effects by their numbers."""
    in_histories = _names(report)
    letters = {name: letter for name, letter in _letters(report).items() if name in in_histories}
    effects = list(dict.fromkeys(_net_effect(result) for result in report.results))
    table = columns("order", "outcomes passed", "commands on the way", "outcome", "net effect", "")
    table.title = "Orders of arrival of samples"
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
    """Each effect with its condition and what the last command said."""
    said = {command.effect: dict(command.fields) for command in result.commands}
    named = sorted((name, condition) for name, condition, _ in result.end_state.effects)
    return ", ".join(f"{name} {condition}{_fields(said[name])}" for name, condition in named) or "none"


def _fields(values: Mapping[str, Any]) -> str:
    return f" ({', '.join(f'{name} {value!r}' for name, value in values.items())})" if values else ""


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


def as_data(checked: Checked, seconds: float) -> dict[str, Any]:
    """All of it, as JSON values."""
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
        "asked": report.asked,
        "rounds": report.rounds,
        "findings": [_finding_as_data(report, *one) for one in checked.findings],
        "upgraded_from": checked.upgraded_from,
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
