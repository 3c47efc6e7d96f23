"""A finding as text: the histories side by side, step by step."""

from collections.abc import Sequence
from itertools import zip_longest

from saga.convergence.configuration import Configuration, apply, configuration_at, end_state, start
from saga.convergence.findings import Finding, History, Split, is_one_of, name_of, with_their_facts
from saga.core import Command, Fact, Process, dump_state, load_state

_WIDEST = 72


def counterexample(finding: Finding, process: Process, samples: Sequence[Fact]) -> str:
    """The history that shows the problem, step by step; for a divergence the other history beside it.

    ``samples`` are those of the finding's report: `counterexample(finding, report.process, report.samples)`. The text
    has several lines of at most about 120 characters.
    """
    known, made = with_their_facts(finding, samples), tuple(samples)
    first = _orders(process, finding.history, known, finding.split, made)
    if not finding.other:
        return "\n".join(first)
    return _side_by_side(first, _orders(process, finding.other, known, None, made))


def history_in_steps(process: Process, history: Sequence[Fact], samples: Sequence[Fact]) -> str:
    """A history step by step: each input, the outcome after it and the commands sent; then the end state."""
    return "\n".join(_orders(process, tuple(history), tuple(samples), None))


def _orders(
    process: Process,
    history: History,
    samples: tuple[Fact, ...],
    split: Split | None,
    made: tuple[Fact, ...] | None = None,
) -> list[str]:
    version = split.old if split is not None else process
    configuration = start(version)
    lines: list[str] = []
    try:
        for number, fact in enumerate(history):
            if split is not None and number == split.after:
                version, configuration = _change_version(split, configuration, lines)
            values = "" if made is None or is_one_of(fact, made) else _values(fact)
            lines.append(f"{number + 1}. {name_of(fact, samples)}{values}")
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
    lines = []
    for name, condition, _ in sorted(reached.effects, key=lambda one: one[:2]):
        lines.append(f"net effect: {name} {condition}{_values(configuration.sent[name])}")
    for name, condition, _ in sorted(reached.restored, key=lambda one: one[:2]):
        if values := _values(configuration.sent[name]):
            lines.append(f"net effect: {name} {condition}, as before any command{values}")
    return [f"outcome: {reached.outcome.value}", *(lines or ["net effect: none"])]


def _command(command: Command) -> str:
    return f"{command.type} for {command.effect}{_values(command)}"


def _values(one: Fact | Command) -> str:
    """The fields of a fact or a command, in brackets."""
    fields = ", ".join(f"{name} {value!r}" for name, value in one.fields.items())
    return f" ({fields})" if fields else ""


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
