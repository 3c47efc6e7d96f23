"""What the documents name exists: tests, files, commands with their options, settings, links, outcomes.

Tests are looked up in the syntax tree of their files, without importing them.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer

from benchmarks.scenarios.table import SCENARIOS
from saga.cli import app
from saga.cli.project.writing import TEMPLATE
from saga.console.settings import SECRETS as CONSOLE_SECRETS
from saga.console.settings import ConsoleSettings
from saga.core import SubMachine
from saga.orders import messages
from saga.orders.process import CANCELLATION, DEADLINE, OUTCOMES, PAYMENT, order_process
from saga.settings import SECRETS, Settings
from saga_gateway_stub.settings import GatewaySettings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GENERATED = ROOT / "docs/performance-results.md"
PAGES = sorted(set((ROOT / "docs").glob("*.md")) - {GENERATED})
MOST_WORDS = 900
FOLDERS = (
    "saga",
    "scheduler",
    "gateway_stub",
    "tests",
    "benchmarks",
    "docs",
    "deploy",
    "examples",
    "requirements",
    ".ci",
)
ORDERED = ("OrderPlaced", "OrderCancelled", "PaymentReceived", "PaymentTimedOut")

NODE_ID = re.compile(r"\b(tests/[\w/]+\.py)::(\w+)")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^(?:    |\$ )(.+)$", re.MULTILINE)
VARIABLE = re.compile(r"\bSAGA_[A-Z][A-Z_]*[A-Z]\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
EXCERPT = re.compile(r"<!-- excerpt: (\S+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| *(.+?) *\|$", re.MULTILINE)


def _as_set(default: object) -> object:
    """A default as somebody would write it into the environment."""
    if isinstance(default, Enum):
        return default.value
    return "" if default in (None, {}) else default


SETTINGS = {
    f"{model.model_config['env_prefix']}{name.upper()}": _as_set(field.get_default(call_default_factory=True))
    for model in (Settings, GatewaySettings, ConsoleSettings)
    for name, field in model.model_fields.items()
}


def missing_tests(text: str, _: Path) -> Iterator[str]:
    for file, name in NODE_ID.findall(text):
        if not (ROOT / file).is_file():
            yield f"{file}: no such file"
        elif name not in _tests_of(ROOT / file):
            yield f"{file}::{name}: no such test"


def missing_files(text: str, document: Path) -> Iterator[str]:
    """The tutorial is about a project, and names the files of that."""
    places = (ROOT, TEMPLATE) if document.name == "tutorial.md" else (ROOT,)
    for code in CODE.findall(text):
        is_ours = re.fullmatch(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]*", code)
        if is_ours and not any((place / code).exists() for place in places):
            yield f"{code}: no such file"


def missing_commands(text: str, _: Path) -> Iterator[str]:
    """Commands, the commands below them, and options that do not exist."""
    for call in _calls(text):
        words = call.split()
        command: Any = typer.main.get_command(app)
        while hasattr(command, "get_command") and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
            found = command.get_command(None, words[0])
            if found is None:
                yield f"saga {call}: no command {words[0]}"
                break
            command, words = found, words[1:]
        else:
            spelled = [(*parameter.opts, *parameter.secondary_opts) for parameter in command.params]
            known = {"--help", *(option for options in spelled for option in options)}
            yield from (
                f"saga {call}: no option {word}" for word in words if word.startswith("--") and word not in known
            )


def missing_targets(text: str, _: Path) -> Iterator[str]:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for code in [*CODE.findall(text), *INDENTED.findall(text)]:
        if (named := re.match(r"make ([a-z][a-z-]*)", code)) and named[1] not in targets:
            yield f"make {named[1]}: no such target"


def missing_variables(text: str, _: Path) -> Iterator[str]:
    in_files = {f"SAGA_{name.upper()}_FILE" for name in (*SECRETS, *(f"console_{one}" for one in CONSOLE_SECRETS))}
    yield from (f"{name}: no such setting" for name in sorted(set(VARIABLE.findall(text)) - SETTINGS.keys() - in_files))


def broken_links(text: str, document: Path) -> Iterator[str]:
    for link in LINK.findall(BLOCK.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or not target.is_relative_to(ROOT):
            yield f"{link}: no such file"
        elif anchor and anchor not in _anchors(text if target == document else target.read_text()):
            yield f"{link}: no such heading"


def broken_examples(text: str, _: Path) -> Iterator[str]:
    for language, body in BLOCK.findall(text):
        try:
            if language == "json":
                json.loads(body)
            elif language == "python" and "..." not in body:
                ast.parse(body)
        except (ValueError, SyntaxError) as error:
            yield f"a {language} example: {error}"


def stale_excerpts(text: str, _: Path) -> Iterator[str]:
    """Parts of an excerpt, between lines of three dots, that do not stand in the file as they are."""
    for file, body in EXCERPT.findall(text):
        source = (ROOT / file).read_text()
        for part in body.split("...\n"):
            if part not in source:
                yield f"{file} does not have: {part.splitlines()[0]}"


Check = Callable[[str, Path], Iterator[str]]
WRONG: dict[Check, str] = {
    missing_tests: "`tests/static/test_documentation.py::test_that_nobody_wrote`",
    missing_files: "see `saga/engine/sidestep.py`",
    missing_commands: "    saga dead-letters redrive 1 --twice",
    missing_targets: "call `make coffee`",
    missing_variables: "set SAGA_COLOUR",
    broken_links: "[here](#no-such-heading)",
    broken_examples: '```json\n{"order_id": }\n```\n',
    stale_excerpts: "<!-- excerpt: saga/orders/process.py -->\n```python\nPAYMENT = SubMachine(7)\n```\n",
}


@pytest.mark.parametrize("check", WRONG, ids=lambda check: check.__name__)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path, check: Check) -> None:
    assert list(check(document.read_text(), document)) == []


@pytest.mark.parametrize(("check", "text"), WRONG.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_what_does_not_exist_is_found(check: Check, text: str) -> None:
    assert len(list(check(text, ROOT / "README.md"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`saga brew`",
        "`saga dead-letters brew`",
        "    docker compose run --rm worker saga brew",
        "```console\n$ saga inspect order-1 --yaml\n```\n",
    ],
)
def test_a_command_is_found_wherever_it_stands(text: str) -> None:
    assert len(list(missing_commands(text, ROOT))) == 1


@pytest.mark.parametrize(
    "link", ["missing.md", "../outside.md", "docs/glossary.md#no-such-word", "docs/wire.md#events2"]
)
def test_a_link_to_nowhere_is_found(link: str) -> None:
    assert len(list(broken_links(f"[there]({link})", ROOT / "README.md"))) == 1


def test_the_documents_are_there_and_name_something() -> None:
    names = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert names >= {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/guarantees.md", "docs/wire.md"}
    text = "".join(path.read_text() for path in DOCUMENTS)
    assert len(NODE_ID.findall(text)) > 40
    assert len(list(_calls(text))) > 40
    assert len(EXCERPT.findall(text)) > 0


def test_every_guarantee_names_tests_and_where_it_ends() -> None:
    sections = re.split(r"^## ", (ROOT / "docs/guarantees.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section.split()[0] for section in sections] == [*(f"G{number}" for number in range(1, 12)), "Limits"]
    for section in sections[:-1]:
        assert len(NODE_ID.findall(section)) >= 3, section.splitlines()[0]
        assert "**Not promised.**" in section, section.splitlines()[0]


def test_every_setting_stands_in_the_operations_table_with_its_default() -> None:
    shown = {row[0].strip("`"): row[1].strip("`") for row in _rows(ROOT / "docs/operations.md") if "SAGA_" in row[0]}
    expected = {name: str(default).removesuffix(".0") for name, default in SETTINGS.items()}
    assert shown == expected


def test_the_readme_is_read_in_some_minutes() -> None:
    assert len((ROOT / "README.md").read_text().split()) < MOST_WORDS


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_first_paragraph_of_a_page_says_whom_it_is_for(page: Path) -> None:
    assert re.match(r"# [^\n]+\n\nFor [a-z]", page.read_text())


def test_the_readme_lists_every_page() -> None:
    listed = {link.partition("#")[0] for link in LINK.findall((ROOT / "README.md").read_text())}
    assert {f"docs/{page.name}" for page in PAGES} <= listed


def test_every_section_of_the_runbooks_is_found_from_what_one_sees() -> None:
    text = (ROOT / "docs/runbooks.md").read_text()
    table = text.partition("\n## ")[0]
    assert {f"#{anchor}" for anchor in _anchors(text) - {"runbooks"}} == set(LINK.findall(table)) - {"operations.md"}


def test_the_figures_of_the_benchmarks_are_as_the_benchmarks_write_them() -> None:
    """Facts, targets, then for each scenario a table and its notes: nothing that somebody wrote in between."""
    facts, targets, *scenarios = re.split(r"\n\n(?=\| figure |### )", GENERATED.read_text())
    assert re.fullmatch(r"\S+, commit \w+: \d+ cores .+ at the start\.", facts)
    assert all(line.startswith("| ") or line == "|---|---|---|---|---|" for line in targets.splitlines())
    measured = [one.name for one in SCENARIOS if not one.is_asked_for]
    assert [one.splitlines()[0].removeprefix("### ") for one in scenarios] == measured
    for one in scenarios:
        assert one.splitlines()[2:4] == [
            "| measured | median | unit | lowest to highest | ratio |",
            "|---|---|---|---|---|",
        ]


def test_every_decision_stands_in_the_list() -> None:
    folder = ROOT / "docs/decisions"
    listed = LINK.findall((folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("0*.md"))


def test_the_outcome_table_of_the_quickstart_is_that_of_the_process() -> None:
    """On the page: paid, timed out, cancelled, outcome; in the process the states of three parts."""
    shown = {
        tuple(cell == "yes" for cell in row[:3]): row[3]
        for row in _rows(ROOT / "docs/quickstart.md")
        if len(row) == 5 and set(row[:3]) <= {"yes", "-"}
    }
    starts = [machine.start for machine in OUTCOMES.columns if isinstance(machine, SubMachine)]
    declared = {
        tuple(state is not start for state, start in zip(joint, starts, strict=True)): outcome.value
        for joint, outcome in OUTCOMES.cells.items()
    }
    assert OUTCOMES.columns == (PAYMENT, DEADLINE, CANCELLATION)
    assert shown == declared
    assert shown.keys() == set(product((True, False), repeat=3))


def test_the_wire_contract_has_every_field_of_every_event() -> None:
    assert set(order_process().message_types) == set(ORDERED)
    for name in ORDERED:
        section = _section(ROOT / "docs/wire.md", f"### {name}")
        shown = {row[0].strip("`") for row in _rows_of(section) if row[0].startswith("`")}
        assert shown == set(getattr(messages, name).model_fields), name


def test_the_wire_contract_has_every_command_with_its_effect_and_fields() -> None:
    section = _section(ROOT / "docs/wire.md", "## Commands")
    shown = {row[0].strip("`"): row for row in _rows_of(section) if len(row) == 4 and row[0].startswith("`")}
    for effect in order_process().effects:
        for sends in getattr(effect, "commands", {}).values():
            _, routing_key, fields, shown_effect = shown.pop(sends.type)
            assert routing_key == f"`{effect.collaborator}.{sends.type}`"  # type: ignore[union-attr]
            assert sorted(CODE.findall(fields)) == sorted(sends.fields)
            assert shown_effect.startswith(f"`{effect.name}")
    assert shown == {}


@cache
def _tests_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def _calls(text: str) -> Iterator[str]:
    """What stands behind `saga` wherever the command is called: in code spans and in code blocks."""
    spans = CODE.findall(BLOCK.sub("", text))
    for code in [*spans, *INDENTED.findall(text)]:
        called = re.match(r"(?:docker compose run --rm worker |python -m |\.venv/bin/)?saga ((?:[a-z]|--).*)", code)
        if called:
            yield called[1].partition("  #")[0].strip()


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings: lower case, without punctuation, blanks as hyphens."""
    headings = HEADING.findall(BLOCK.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "")).lower().replace(" ", "-") for heading in headings}


def _rows(document: Path) -> list[list[str]]:
    return _rows_of(document.read_text())


def _rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in ROW.findall(text)]


def _section(document: Path, heading: str) -> str:
    """From this heading to the next one."""
    return re.split(r"^#+ ", document.read_text().partition(f"{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
