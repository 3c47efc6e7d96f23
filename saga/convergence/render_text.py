"""A finding as text: the histories side by side, step by step, and a test to paste that fails until it is fixed."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest

from pydantic import BaseModel

from saga.convergence.configuration import Configuration, apply, configuration_at, end_state, start
from saga.convergence.findings import Finding, History, Kind, Split, name_of
from saga.core import Command, Fact, Process, dump_state, load_state

_WIDEST = 72


def render(findings: Sequence[Finding], process: Process, samples: Sequence[Fact]) -> str:
    """All findings, each with its counterexample and a test to paste."""
    return "\n\n".join(
        f"{number}. {finding.kind.value}: {finding.sentence}\n\n{counterexample(finding, process, samples)}\n\n"
        f"A test to paste:\n\n{test_to_paste(finding, process, samples)}"
        for number, finding in enumerate(findings, start=1)
    )


def counterexample(finding: Finding, process: Process, samples: Sequence[Fact]) -> str:
    """The history that shows the problem, step by step; for a divergence the other history beside it.

    ``samples`` are those of the finding's report: `counterexample(finding, report.process, report.samples)`. The text
    has several lines of at most about 120 characters.
    """
    known = _known(finding, samples)
    first = _orders(process, finding.history, known, finding.split)
    if not finding.other:
        return "\n".join(first)
    return _side_by_side(first, _orders(process, finding.other, known, None))


def test_to_paste(
    finding: Finding,
    process: Process,
    samples: Sequence[Fact],
    setup: str | None = None,  # noqa: PT028 -- this writes a test and is not one
) -> str:
    """A test in Python that fails as long as the problem exists.

    ``setup`` is code that defines PROCESS (for an upgrade OLD and NEW); without it the test has a placeholder.
    """
    known = _known(finding, samples)
    facts = {id(fact): fact for fact in (*finding.history, *finding.other)}
    names = {key: _variable(fact, known) for key, fact in facts.items()}
    if setup is None:
        is_upgrade = finding.split is not None
        setup = (
            f"OLD, NEW = ...  # both versions of {process.name}" if is_upgrade else f"PROCESS = ...  # {process.name}"
        )
    body = [f"{name} = {_constructed(facts[key])}" for key, name in names.items()] + _assertion(finding, names)
    lines = [*_imports(finding, facts.values()), "", setup, "", ""]
    lines += [f"def test_{test_name(finding)}() -> None:", *(f"    {line}" for line in body)]
    return "\n".join(lines)


def history_in_steps(process: Process, history: Sequence[Fact], samples: Sequence[Fact]) -> str:
    """A history step by step: each input, the outcome after it and the commands sent; then the end state."""
    return "\n".join(_orders(process, tuple(history), tuple(samples), None))


def _known(finding: Finding, samples: Sequence[Fact]) -> tuple[Fact, ...]:
    """The samples, and the facts of the finding that are not among them."""
    known = list(samples)
    known += [fact for fact in (*finding.history, *finding.other) if fact not in known]
    return tuple(known)


def _orders(process: Process, history: History, samples: tuple[Fact, ...], split: Split | None) -> list[str]:
    version = split.old if split is not None else process
    configuration = start(version)
    lines: list[str] = []
    try:
        for number, fact in enumerate(history):
            if split is not None and number == split.after:
                version, configuration = _change_version(split, configuration, lines)
            lines.append(f"{number + 1}. {name_of(fact, samples)}")
            configuration, decision = apply(version, configuration, fact)
            lines += [f"   {decision.reason}", *(f"   sends {_command(command)}" for command in decision.commands)]
        if split is not None and split.after == len(history):
            version, configuration = _change_version(split, configuration, lines)
        return lines + _end(version, configuration)
    except Exception as error:  # noqa: BLE001 -- the text shows that it raises
        return [*lines, f"   raises {error!r}"]


def _change_version(split: Split, configuration: Configuration, lines: list[str]) -> tuple[Process, Configuration]:
    """The configuration as the new version reads it; adds a line that says so."""
    lines.append(f"== from here on under {split.names[1]} ==")
    return split.new, configuration_at(load_state(split.new, dump_state(configuration.state)), configuration.sent)


def _end(process: Process, configuration: Configuration) -> list[str]:
    reached = end_state(process, configuration)
    lines = [f"outcome: {reached.outcome.value}"]
    names = sorted((name, condition) for name, condition, _ in reached.effects)
    return lines + ([f"net effect: {name} {condition}" for name, condition in names] or ["net effect: none"])


def _command(command: Command) -> str:
    fields = ", ".join(f"{name} {value!r}" for name, value in command.fields.items())
    return f"{command.type} for {command.effect}" + (f" ({fields})" if fields else "")


def _side_by_side(first: Sequence[str], second: Sequence[str]) -> str:
    """Two columns, as wide as their lines up to a limit; a longer line is wrapped."""
    width = min(_WIDEST, max(len(line) for line in first))
    rows: list[tuple[str, str]] = []
    for left, right in _aligned(first, second):
        rows += zip_longest(_wrapped(left, width), _wrapped(right, _WIDEST), fillvalue="")
    return "\n".join(f"{left:<{width}} | {right}".rstrip() for left, right in rows)


def _aligned(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of lines, with steps of the same number beginning on the same line."""
    rows: list[tuple[str, str]] = []
    nothing: list[str] = []
    for left, right in zip_longest(_blocks(first), _blocks(second), fillvalue=nothing):
        rows += zip_longest(left, right, fillvalue="")
    return rows


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    """The lines of each step, and those of the end state."""
    blocks: list[list[str]] = []
    for line in lines:
        if line[:1].isdigit() or line.startswith("outcome:") or not blocks:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    wrapped = []
    while len(line) > width:
        cut = line.rfind(" ", len(indent), width + 1)
        cut = cut if cut > 0 else width
        wrapped.append(line[:cut])
        line = indent + line[cut:].lstrip()
    return [*wrapped, line]


def _imports(finding: Finding, facts: Collection[Fact]) -> list[str]:
    used = _USED[finding.kind] if finding.split is None else ("check_upgrade",)
    needed: defaultdict[str, set[str]] = defaultdict(set)
    needed["saga.testing"] |= {*used, *(["make_fact"] if facts else [])}
    for fact in facts:
        needed[fact.kind.__module__].add(fact.kind.__qualname__.partition(".")[0])
    return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(needed.items())]


_USED: Mapping[Kind, tuple[str, ...]] = {
    Kind.DIVERGES: ("run_history",),
    Kind.BEYOND: ("assert_converges",),
    Kind.FAILS: ("assert_converges",),
    Kind.DEPENDS_ON_MORE: (),
    Kind.REPEAT_CHANGES: ("assert_converges",),
    Kind.WAITS_FOR_EVER: ("assert_converges",),
    Kind.CANNOT_BE_UNDONE: ("assert_converges",),
    Kind.SENT_TWICE: ("assert_converges",),
    Kind.CANNOT_BE_READ: ("check_upgrade",),
}


def test_name(finding: Finding) -> str:
    """The name of the test for a finding."""
    kinds = [fact.kind.__name__ for fact in finding.history]
    words = {
        Kind.DIVERGES: "come_to_the_same_in_both_orders",
        Kind.BEYOND: "stay_within_the_bounds",
        Kind.FAILS: "can_be_taken_in",
        Kind.DEPENDS_ON_MORE: "come_to_the_same_in_every_interpreter",
        Kind.REPEAT_CHANGES: "change_nothing_when_the_last_comes_again",
        Kind.WAITS_FOR_EVER: "do_not_wait_for_ever",
        Kind.CANNOT_BE_UNDONE: "take_back_nothing_that_is_final",
        Kind.SENT_TWICE: "send_no_command_twice",
        Kind.CANNOT_BE_READ: "can_be_read_by_the_new_version",
    }[finding.kind]
    upgraded = "_after_the_upgrade" if finding.split is not None else ""
    return "_".join([*(_snake(kind) for kind in kinds), words]) + upgraded


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _variable(fact: Fact, samples: tuple[Fact, ...]) -> str:
    return _snake(name_of(fact, samples)).replace("#", "_")


def _constructed(fact: Fact) -> str:
    fields = fact.kind.model_fields.values() if issubclass(fact.kind, BaseModel) else ()
    if any(field.alias or field.validation_alias for field in fields):
        return f"make_fact({fact.kind.__qualname__}.model_validate({dict(fact.fields)!r}, by_name=True))"
    arguments = ", ".join(f"{name}={value!r}" for name, value in fact.fields.items() if value is not None)
    return f"make_fact({fact.kind.__qualname__}({arguments}))"


def _assertion(finding: Finding, names: Mapping[int, str]) -> list[str]:
    history, other = (f"[{', '.join(names[id(fact)] for fact in one)}]" for one in (finding.history, finding.other))
    distinct = f"[{', '.join(names.values())}]"
    if finding.split is not None:
        return [f"assert check_upgrade(OLD, NEW, {distinct}) == []"]
    if finding.kind is Kind.DIVERGES:
        first, second = f"run_history(PROCESS, {history})", f"run_history(PROCESS, {other})"
        return [f"first = {first}", f"second = {second}", "assert first.end_state == second.end_state"]
    return [f"assert_converges(PROCESS, {distinct})"]
