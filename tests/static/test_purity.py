"""What the pure packages may touch: values, and what the standard library does with values."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The part of the standard library that reaches out of the process, waits, logs or throws dice.
EFFECTS = frozenset(
    "asyncio ctypes ftplib getpass glob http imaplib io logging mmap multiprocessing os pathlib pickle platform poplib "
    "random sched secrets select selectors shelve shutil signal smtplib socket socketserver sqlite3 ssl subprocess sys "
    "tempfile threading time urllib webbrowser xmlrpc".split()
)
# The clock and the dice of modules that are otherwise fine (datetime, uuid), and builtins that reach out.
EFFECT_CALLS = frozenset("now utcnow today uuid1 uuid4 uuid6 uuid7 open print input breakpoint exec eval".split())

PURE = {
    "saga/core": {"saga.core"},
    "saga/orders": {"saga.core", "saga.orders", "pydantic"},
    "saga/convergence": {"saga.core", "saga.messages.facts", "saga.convergence", "pydantic", "hypothesis"},
    "saga/contract": {"saga.core", "saga.convergence.proof", "saga.contract", "pydantic"},
    "saga/messages": {"saga.core", "saga.messages", "orjson", "pydantic", "pydantic_core"},
}

NAMES_ONLY = {
    "outside.py": {f"imports {one}" for one in "getpass logging os platform random secrets socket time".split()},
    "sampling.py": {"imports random"},
    "traces.py": {"imports sys"},
}
"""The first looks for these modules in the code of others, and calls nothing of them; the second draws numbers from a
seed; the third sets a trace."""


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def impure(source: str, allowed: set[str]) -> Iterator[str]:
    """Each import and each call that a pure module may not have."""
    tree = ast.parse(source)
    for name in imports(tree):
        top = name.partition(".")[0]
        is_allowed = any(name == package or name.startswith(f"{package}.") for package in allowed)
        if not is_allowed and (top not in sys.stdlib_module_names or top in EFFECTS):
            yield f"imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in EFFECT_CALLS:
                yield f"calls {called}"
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield "waits"


@pytest.mark.parametrize("folder", PURE)
def test_pure_packages_are_pure(folder: str) -> None:
    modules = [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py"))
    assert modules
    found = {
        path.name: [one for one in impure(path.read_text(), PURE[folder]) if one not in NAMES_ONLY.get(path.name, ())]
        for path in modules
    }
    assert {name: findings for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("import asyncio", "imports asyncio"),
        ("from time import monotonic", "imports time"),
        ("import os.path", "imports os.path"),
        ("from sqlalchemy import text", "imports sqlalchemy"),
        ("from saga.corestone import x", "imports saga.corestone"),
        ("from saga.settings import Settings", "imports saga.settings"),
        ("datetime.now(UTC)", "calls now"),
        ("uuid4()", "calls uuid4"),
        ("async def f(): ...", "waits"),
    ],
)
def test_the_check_sees_what_is_impure(source: str, finding: str) -> None:
    assert list(impure(source, {"saga.core"})) == [finding]


def test_the_check_lets_values_through() -> None:
    source = "import json\nfrom datetime import datetime\nfrom saga.core.fact import Fact\ndatetime.fromisoformat(x)"
    assert list(impure(source, {"saga.core"})) == []
