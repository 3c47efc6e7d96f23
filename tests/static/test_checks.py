"""The checks of `.ci/`: that they are run, and that each of them finds what it is for."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository that holds the checks and nothing to find."""
    shutil.copytree(CI, tmp_path / ".ci", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "module.py").write_text("x = 1\n")
    assert run("git", "init", "--quiet", cwd=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.parametrize("name", ["run", "static", "addresses"])
def test_scripts_can_be_started(name: str) -> None:
    assert os.access(CI / name, os.X_OK)
    assert run("bash", "-n", CI / name, cwd=ROOT).returncode == 0


def test_ci_installs_lints_and_tests_in_this_order() -> None:
    stages = re.findall(r"^stage \d+m (.*)$", (CI / "run").read_text(), flags=re.MULTILINE)
    assert stages == ["make install", "make lint", "make test"]


def test_ci_fails_with_the_stage_that_fails(checkout: Path) -> None:
    (checkout / "Makefile").write_text("install:\n\t@echo installed\nlint:\n\texit 3\ntest:\n\t@echo tested\n")
    done = run("bash", ".ci/run", cwd=checkout)
    assert done.returncode != 0
    assert "installed" in done.stdout
    assert "tested" not in done.stdout
    assert "make lint: failed" in done.stderr


def test_ci_passes_where_every_stage_does(checkout: Path) -> None:
    (checkout / "Makefile").write_text("install lint test:\n\t@echo $@ with CI=$$CI\n")
    done = run("bash", ".ci/run", cwd=checkout)
    assert done.returncode == 0
    assert re.findall(r"^\w+ with CI=true$", done.stdout, flags=re.MULTILINE) == [
        "install with CI=true",
        "lint with CI=true",
        "test with CI=true",
    ]


def test_a_clean_checkout_names_no_address(checkout: Path) -> None:
    done = run(".ci/addresses", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr


# In two parts, so that this file itself is clean.
@pytest.mark.parametrize(
    "halves",
    [
        ("see https://packages.", "example.com/simple"),
        ("files.", "example.org"),
        ("http://mirror.example.", "net/debian"),
        ("images.example.", "io/somebody/something"),
        ("Modules.Example.", "Dev"),
        ("pip install --index", "-url=somewhere x"),
        ("pip install --find", "-links somewhere x"),
        ("PIP_IND", "EX_URL=somewhere"),
        ("index", "-url = somewhere"),
        ("cd /wo", "rk/main"),
        ("'/ho", "me/somebody/project'"),
        ("(/ro", "ot/project)"),
        ("/Us", "ers/somebody"),
        ("/op", "t/packages"),
    ],
)
def test_an_address_is_found(halves: tuple[str, str], checkout: Path) -> None:
    (checkout / "notes.md").write_text("".join(halves) + "\n")
    done = run(".ci/addresses", cwd=checkout)
    assert done.returncode == 1
    assert done.stdout.startswith("notes.md:1:")


def test_what_only_looks_like_an_address_is_not_found(checkout: Path) -> None:
    fine = [
        "https://example.org/work/x",
        "https://github.com/x",
        "asyncio.run",
        "x.organise",
        "/opt/saga/bin",
        "/var/lib/postgresql",
        "docs/home/x",
        "index = 3",
    ]
    (checkout / "notes.md").write_text("\n".join(fine))
    done = run(".ci/addresses", cwd=checkout)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("lines", "code"), [(49, 0), (50, 1)])
def test_a_function_that_is_too_long_is_found(lines: int, code: int, checkout: Path) -> None:
    (checkout / "long.py").write_text("async def long():\n" + "    x = 1\n" * lines)
    done = run(sys.executable, ".ci/sizes.py", cwd=checkout)
    assert done.returncode == code
    assert ("long.py:1: long has 51 lines, at most 50" in done.stderr) == bool(code)


@pytest.mark.parametrize(("lines", "code"), [(400, 0), (401, 1)])
def test_a_module_that_is_too_long_is_found(lines: int, code: int, checkout: Path) -> None:
    (checkout / "long.py").write_text("x = 1\n" * lines)
    done = run(sys.executable, ".ci/sizes.py", cwd=checkout)
    assert done.returncode == code
    assert ("long.py: 401 lines, at most 400" in done.stderr) == bool(code)


def test_a_clean_checkout_has_the_terms_of_the_field(checkout: Path) -> None:
    (checkout / "notes.md").write_text("The `told` column says what the relay sent.\n")
    (checkout / "counts.py").write_text('COUNT = "SELECT repeats FROM saga.inbox"\n')
    done = run(sys.executable, ".ci/words.py", cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr


# In two parts, so that this file itself is clean.
@pytest.mark.parametrize(
    ("place", "text", "halves"),
    [
        ("notes.md:3", "Fine.\n\nThe relay was {} to stop.\n", ("to", "ld")),
        ("help.py:1", 'HELP = "The log is kept {}."\n', ("else", "where")),
        ("short.py:2", "x = 1\n# The second {}.\n", ("opin", "ion")),
        ("names.py:1", "class {}: ...\n", ("Patie", "nce")),
        ("count.sql:1", "-- It {} them.\nSELECT 1\n", ("rep", "eats")),
    ],
)
def test_a_word_that_is_no_term_is_found(place: str, text: str, halves: tuple[str, str], checkout: Path) -> None:
    word = "".join(halves)
    (checkout / place.partition(":")[0]).write_text(text.format(word))
    done = run(sys.executable, ".ci/words.py", cwd=checkout)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{place}: {word}: write ")
    assert "words: 1 to replace" in done.stdout


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        (r"(rich==\S+) \\(\n    --hash=\S+ ?\\?)+", r"\1 \\", "rich has no hash"),
        (r"^rich==\S+", "rich==14.0.0", "locks rich 14.0.0, asked for is rich>="),
        (r"^rich==\S+", "rich==14.0.0", "rich 14.0.0 runs, but requirements/dev.txt tests"),
        (r"^rich==\S+ \\", "rich", "neither a pinned version nor a sha256 hash: rich"),
        (r"^rich==", "richer==", "rich>=15 is asked for and not locked"),
    ],
)
def test_a_lock_that_does_not_fit_is_found(before: str, after: str, finding: str, checkout: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", checkout)
    shutil.copytree(ROOT / "requirements", checkout / "requirements")
    peers = shutil.ignore_patterns("*.py", "*.md", "__pycache__")
    shutil.copytree(ROOT / "benchmarks/peers", checkout / "benchmarks/peers", ignore=peers)
    lock = checkout / "requirements/runtime.txt"
    changed = re.sub(before, after, lock.read_text(), count=1, flags=re.MULTILINE)
    assert changed != lock.read_text()
    lock.write_text(changed)
    # Without a resolution: that is `make lint`'s part, and needs a package index.
    path = os.pathsep.join([str(checkout / "nothing"), "/usr/bin", "/bin"])
    code = "import locks; locks.outdated = lambda lock, folder: (); raise SystemExit(locks.check())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout,
        env={"PATH": path, "PYTHONPATH": ".ci"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert finding in done.stderr
