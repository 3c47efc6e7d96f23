"""A finding as a test to paste: complete imports, and messages as a person would write them.

It is meant to run, to be sorted and to be typed as it is. So each message is built again from its text and compared
with the fact; a fact that no constructor gives is written as a fact.
"""

import dataclasses
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from saga.convergence.findings import Finding, Kind, name_of, with_their_facts
from saga.convergence.render_text import counterexample
from saga.core import Fact, Process
from saga.core.plain import is_same
from saga.messages.facts import make_fact, message_of

_WIDEST: Final = 116
_LONGEST_NAME: Final = 90
_IMPORT: Final = re.compile(r"from (\S+) import (\w+)(?: as (\w+))?$")
_FROM_ISO: Final = (datetime, date, time)


@dataclass(slots=True)
class _Test:
    """A test that is being written: the names that it imports from each module, and those under other names."""

    imported: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    aliases: list[tuple[str, str, str]] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)


def render(findings: Sequence[Finding], process: Process, samples: Sequence[Fact]) -> str:
    """All findings, each with its counterexample and a test to paste."""
    return "\n\n".join(
        f"{number}. {finding.kind.value}: {finding.sentence}\n\n{counterexample(finding, process, samples)}\n\n"
        f"A test to paste:\n\n{test_to_paste(finding, process, samples)}"
        for number, finding in enumerate(findings, start=1)
    )


def test_to_paste(
    finding: Finding,
    process: Process,
    samples: Sequence[Fact],
    setup: str | None = None,  # noqa: PT028 -- this writes a test and is not one
) -> str:
    """A test in Python that fails as long as the problem exists.

    ``setup`` is code that defines ``process`` (for an upgrade ``old`` and ``new``). Without it the process is imported
    from a module that has it, or the test has a placeholder.
    """
    test = _Test()
    known = with_their_facts(finding, samples)
    facts = {id(fact): fact for fact in (*finding.history, *finding.other)}
    names = {key: _snake(name_of(fact, known)).replace("#", "_") for key, fact in facts.items()}
    subjects = _set_up(test, finding, process, setup, set(names.values()))
    body = [line for key, name in names.items() for line in _fitting(f"{name} = ", *_constructed(test, facts[key]))]
    body += _assertion(test, finding, names, subjects)
    lines = [*_import_lines(test), *test.setup, "", "", f"def test_{test_name(finding)}() -> None:"]
    return "\n".join([*lines, *(f"    {line}" for line in body)])


def test_name(finding: Finding) -> str:
    """The name of the test for a finding."""
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
    kinds = [_snake(fact.kind.__name__) for fact in finding.history]
    while len("_".join([*kinds, words])) > _LONGEST_NAME and len(kinds) > 1:
        kinds.pop()
    upgraded = "_after_the_upgrade" if finding.split is not None else ""
    return "_".join([*kinds, words]) + upgraded


def _set_up(test: _Test, finding: Finding, process: Process, setup: str | None, taken: set[str]) -> list[str]:
    """The names of the processes that are tested, after adding what defines them."""
    wanted = ["process"] if finding.split is None else ["old", "new"]
    if setup is None:
        setup = _import_of(process) if finding.split is None else None
    if setup is None:
        placeholder = f"{', '.join(wanted)} = ..."
        test.setup += ["", f"{placeholder}  # {'both versions of ' if finding.split else ''}{process.name}"]
        return wanted
    used = dict(zip(wanted, wanted, strict=True))
    for line in setup.splitlines():
        if found := _IMPORT.match(line):
            module, name, alias = found.groups()
            if alias in used and name not in taken and name not in used.values():
                used[alias] = name
            elif alias is not None and alias != name:
                test.aliases.append((module, name, alias))
                continue
            test.imported[module].add(name)
        elif line:
            test.setup += ["", line] if not test.setup else [line]
    return list(used.values())


def _import_of(process: Process) -> str | None:
    """The import of a process from a module that has it; None if there is none, as for one of a test."""
    found = []
    for module, held in list(sys.modules.items()):
        names = [name for name, one in list(getattr(held, "__dict__", {}).items()) if one is process]
        if names and not any(part.startswith(("test", "__main__", "conftest")) for part in module.split(".")):
            found.append((len(module), module, names[0]))
    return f"from {min(found)[1]} import {min(found)[2]} as process" if found else None


def _import_lines(test: _Test) -> list[str]:
    """The imports, in the order in which ruff and isort want them: standard library, packages, the project's own."""
    groups: defaultdict[int, list[tuple[str, int, str]]] = defaultdict(list)
    for module, names in test.imported.items():
        line = f"from {module} import {', '.join(sorted(names, key=_import_rank))}"
        groups[_group(module)].append((module, 0, line))
    for module, name, alias in test.aliases:
        groups[_group(module)].append((module, 1, f"from {module} import {name} as {alias}"))
    lines: list[str] = []
    for number in sorted(groups):
        lines += [*([""] if lines else []), *(line for _, _, line in sorted(groups[number]))]
    return lines


def _import_rank(name: str) -> tuple[int, str]:
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _group(module: str) -> int:
    """0 for the standard library, 1 for packages that are installed, 2 for the project."""
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return 0
    origin = str(getattr(sys.modules.get(root), "__file__", None))
    return 1 if root == "saga" or "site-packages" in origin else 2


def _constructed(test: _Test, fact: Fact) -> tuple[str, Sequence[str], str]:
    """The beginning, the arguments and the end of code that makes a fact."""
    with suppress(Exception):  # what can't be written as a message is written as a fact
        attempt = _Test()
        message = message_of(fact.kind, fact.fields)
        arguments = list(_arguments(attempt, message))
        begun, ended = f"make_fact({_named(attempt, fact.kind)}(", "))"
        if _has_alias(fact.kind):
            begun, ended = f"make_fact({_named(attempt, fact.kind)}.model_validate(", ", by_name=True))"
            arguments = [repr(dict(fact.fields))]
        attempt.imported["saga.testing"].add("make_fact")
        if is_same(_evaluated(attempt, f"{begun}{', '.join(arguments)}{ended}").fields, fact.fields):
            for module, names in attempt.imported.items():
                test.imported[module] |= names
            return begun, arguments, ended
    test.imported["saga"].add("Fact")
    return f"Fact({_named(test, fact.kind)}, {{", [f"{name!r}: {one!r}" for name, one in fact.fields.items()], "})"


def _evaluated(test: _Test, code: str) -> Fact:
    names = {name: getattr(import_module(module), name) for module, all_ in test.imported.items() for name in all_}
    made: Fact = eval(code, {**names, "make_fact": make_fact})  # noqa: S307 -- it was written here
    return made


def _arguments(test: _Test, message: Any) -> Iterator[str]:
    names = type(message).model_fields if isinstance(message, BaseModel) else _fields(message)
    for name, default in names.items():
        value = getattr(message, name)
        if value is None and (default.default is None or not isinstance(message, BaseModel)):
            continue
        yield f"{name}={_code(test, value)}"


def _fields(message: Any) -> Mapping[str, Any]:
    return {one.name: one for one in dataclasses.fields(message)}


def _has_alias(kind: type) -> bool:
    fields = kind.model_fields.values() if issubclass(kind, BaseModel) else ()
    return any(one.alias or one.validation_alias for one in fields)


def _code(test: _Test, value: Any) -> str:
    """Code for a value. Raises TypeError for one of a type that is not known here."""
    kind = type(value)
    if isinstance(value, Enum):
        return f"{_named(test, kind)}.{value.name}"
    if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        if _has_alias(kind):
            return f"{_named(test, kind)}.model_validate({_dumped(value)!r}, by_name=True)"
        return f"{_named(test, kind)}({', '.join(_arguments(test, value))})"
    if kind in (list, tuple):
        items = ", ".join(_code(test, one) for one in value)
        return f"[{items}]" if kind is list else f"({items},)" if value else "()"
    if kind is dict:
        return "{" + ", ".join(f"{_code(test, key)}: {_code(test, one)}" for key, one in value.items()) + "}"
    if kind in (str, int, float, bool, type(None)):
        return repr(value)
    return _of_library(test, value)


def _dumped(value: Any) -> Any:
    return value.model_dump(mode="json")


def _of_library(test: _Test, value: Any) -> str:
    kind = type(value)
    if kind in _FROM_ISO or isinstance(value, datetime):
        known = datetime if isinstance(value, datetime) else kind
        return f"{_named(test, known)}.fromisoformat({value.isoformat()!r})"
    if kind in (Decimal, UUID):
        return f"{_named(test, kind)}({str(value)!r})"
    if kind is timedelta:
        return f"{_named(test, kind)}(seconds={value.total_seconds()!r})"
    raise TypeError(f"{value!r:.80} has no code")


def _named(test: _Test, kind: type) -> str:
    test.imported[kind.__module__].add(kind.__qualname__.partition(".")[0])
    return kind.__qualname__


def _fitting(prefix: str, begun: str, arguments: Sequence[str], ended: str) -> list[str]:
    """One line, or one for each argument if that would be too long."""
    line = f"{prefix}{begun}{', '.join(arguments)}{ended}"
    if len(line) <= _WIDEST:
        return [line]
    inner = [f"    {one}," if not ended.startswith(",") else f"    {one}" for one in arguments]
    return [f"{prefix}{begun}", *(_excused(one) for one in inner), ended]


def _excused(line: str) -> str:
    """The line; the lint rule about long lines forgives those without a space."""
    return f"{line}  # noqa: E501" if len(line) > _WIDEST and " " in line.strip() else line


def _assertion(test: _Test, finding: Finding, names: Mapping[int, str], subjects: Sequence[str]) -> list[str]:
    history, other = ([names[id(fact)] for fact in one] for one in (finding.history, finding.other))
    process = subjects[0]
    if finding.split is not None:
        test.imported["saga.testing"].add("assert_upgrades")
        return _fitting("", f"assert_upgrades({', '.join(subjects)}, [", list(names.values()), "])")
    if finding.kind is Kind.DIVERGES:
        test.imported["saga.testing"].add("assert_same_end")
        orders = [f"[{', '.join(one)}]" for one in (history, other)]
        return _fitting("", "assert_same_end(", [process, *orders], ")")
    test.imported["saga.testing"].add("assert_converges")
    return _fitting("", f"assert_converges({process}, [", list(names.values()), "])")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
