"""The reference: made of the docstrings, complete, and its examples run."""

import doctest
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci/reference.py"
PAGE = ROOT / "docs/reference.md"
CENTRAL = """
    saga.Process saga.SubMachine saga.Register saga.Reducer saga.Effect saga.Deadline saga.outcomes saga.wanted
    saga.modules.Module saga.testing.Scenario saga.testing.assert_converges saga.testing.make_fact saga.testing.check
""".split()


def sections(level: str) -> dict[str, str]:
    """Each heading of this level with what stands below it."""
    return dict(re.findall(rf"^{level} (\S+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))


def reference(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_examples_of_the_reference_run() -> None:
    sessions = re.findall(r"^ *```pycon\n(.*?)^ *```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(sessions) > len(CENTRAL)
    test = doctest.DocTestParser().get_doctest("\n".join(sessions), {}, "reference", str(PAGE), 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=said.append)
    assert "".join(said) == ""


def test_every_path_and_every_central_name_has_an_example() -> None:
    paths, names = sections("##"), sections("###")
    assert "```pycon" in paths["saga"]
    assert "asyncio.run(main" in paths["saga.modules"]
    assert "asyncio.run(main" in paths["saga.worker"]
    assert [name for name in CENTRAL if "```pycon" not in names[name]] == []


def test_every_name_has_an_example_or_is_named_where_one_is() -> None:
    """What a function gives back or raises is shown where the function is."""
    names = sections("###")
    shown = {name for name, said in names.items() if "```pycon" in said or "In use: [" in said}
    while more := {name for name in names.keys() - shown if is_named(name, {one: names[one] for one in shown})}:
        shown |= more
    assert names.keys() - shown == set()


def is_named(name: str, shown: dict[str, str]) -> bool:
    path, _, own = name.rpartition(".")
    word = re.compile(rf"\b{re.escape(own)}\b")
    return any(word.search(said) for one, said in shown.items() if one.rpartition(".")[0] == path)


def test_a_page_that_the_docstrings_do_not_make_is_found_and_made_anew(tmp_path: Path) -> None:
    for folder in ("saga", "examples", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert reference(tmp_path).returncode == 0
    file = tmp_path / "saga/core/errors.py"
    file.write_text(file.read_text().replace('    """', '    """In other words: ', 1))
    assert "--write" in reference(tmp_path).stderr
    assert reference(tmp_path, "--write").returncode == 0
    assert "In other words: " in (tmp_path / "docs/reference.md").read_text()


def test_a_public_name_without_a_docstring_is_found(tmp_path: Path) -> None:
    (tmp_path / "saga").mkdir()
    (tmp_path / "saga/__init__.py").write_text('"""A path."""\n\n__all__ = ["LIMIT"]\n\nLIMIT = 3\n')
    done = reference(tmp_path, "--write")
    assert (done.returncode, "LIMIT has no docstring" in done.stderr) == (1, True)
