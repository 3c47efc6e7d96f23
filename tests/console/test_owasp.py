"""OWASP's points that apply to a console: each has a test. The table of them is in docs/console.md; here it is held.

A point is tested where the thing that it is about is tested. This file has the tests that had no other place, and one
that holds the table to be complete, and to name only tests that are there.
"""

import ast
import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.console import refusals
from saga.console.access import HEADERS
from saga.console.app import PAGES
from tests.console.conftest import Shown, shown
from tests.console.test_acting import ACTS, OWN, TOKENS

ROOT = Path(__file__).parents[2]
POINTS = [f"A{number:02}:{year}" for year in (2021, 2025) for number in range(1, 11)]
"""Of the OWASP Top 10. The sections of the ASVS are named as version 5 numbers them."""
ROW = re.compile(r"^\| (?P<points>[AV]\d[^|]*) \| (?P<what>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)


def rows_of_the_table() -> list[dict[str, str]]:
    page = (ROOT / "docs" / "console.md").read_text()
    section = page.partition("## What is tested of OWASP")[2].partition("\n## ")[0]
    return [found.groupdict() for found in ROW.finditer(section)]


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_table_names_every_point_and_only_tests_that_are_there() -> None:
    table = rows_of_the_table()
    named = " ".join(row["points"] for row in table)
    assert [point for point in POINTS if point not in named] == []
    known = {name for file in (ROOT / "tests").rglob("test_*.py") for name in names_in(file)}
    for row in table:
        tests = re.findall(r"`(test_\w+)`", row["tests"])
        assert tests or row["tests"].startswith("none:"), row
        assert set(tests) <= known, (row["points"], set(tests) - known)


async def test_nothing_is_shown_to_who_is_not_signed_in(engine: AsyncEngine) -> None:
    async with shown(engine, operator=engine, **TOKENS) as one:
        paths = [re.sub(r"\{\w+(:\w+)?\}", "1", path) for path in PAGES]
        asked = [("GET", path) for path in (*paths, "/", "/events", "/processes/order/orders", "/loginx", "/login/x")]
        for method, path in [*asked, *ACTS, ("POST", "/logout")]:
            answer = await one.client.request(method, path, headers={**OWN, "Accept": "application/json"})
            assert (answer.status_code, answer.json()["error"][:7]) == (401, "A token"), path


async def test_a_failed_sign_in_is_logged_without_the_token_and_can_not_fill_the_log(
    engine: AsyncEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saga.console.pages.sign_in.PAUSE_SECONDS", 0)
    async with shown(engine, operator=engine, **TOKENS) as one:
        for _ in range(5):
            wrong = await one.client.post("/login?next=/secret", data={"token": "guessed-by-eve"}, headers=OWN)
            assert wrong.status_code == 401
            await one.client.get("/stuck", headers={"Authorization": "Bearer guessed-by-eve", "Cookie": "a=eaten"})
        monkeypatch.setattr(refusals, "EVERY_SECONDS", 0.0)
        await one.client.post("/login", data={"token": "guessed-by-eve"}, headers=OWN)
        assert (await one.client.post("/login", data={"token": TOKENS["token"]}, headers=OWN)).status_code == 303
    logged = capsys.readouterr().out
    assert logged.count("access_refused") == 2 and logged.count("wrong token") == 2 and "127.0.0.1" in logged
    assert "count=10" in logged
    assert logged.count("signed_in") == 1
    assert not [word for word in ("guessed", "eaten", "secret", TOKENS["token"]) if word in logged]


async def test_wrong_tokens_keep_nobody_out(engine: AsyncEngine) -> None:
    async with shown(engine, **{**TOKENS, "operator_token": None}) as one:

        async def attack() -> int:
            return (await one.client.post("/login", data={"token": "wrong"}, headers=OWN)).status_code

        attacks = [asyncio.create_task(attack()) for _ in range(50)]
        right = await one.client.post("/login", data={"token": TOKENS["token"]}, headers=OWN)
        assert right.status_code == 303
        assert set(await asyncio.gather(*attacks)) == {401}


async def test_the_policy_of_pages_allows_nothing_inline_and_nothing_of_others() -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {"'self'", "'none'"} == set(policy.values())


async def test_no_answer_lets_another_origin_read_it(console: Shown) -> None:
    for origin in ("https://evil.example", "null"):
        preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for method in ("GET", "OPTIONS"):
            answer: Any = await console.client.request(method, "/stuck", headers=preflight)
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
