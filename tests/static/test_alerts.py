"""The alert rules name metrics that exist and runbooks that are there, and each fires when it should and not before.

The dashboard is what its script writes, shows every metric, and asks what Prometheus understands.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from saga.metrics.table import TABLE
from tests.harness.prometheus import program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/prometheus"
ALERTS, TESTS = FOLDER / "alerts.yml", FOLDER / "alerts_test.yml"
METRIC = re.compile(r"\b(?:saga|messaging)_\w+")
SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


def rules() -> list[dict[str, Any]]:
    parsed = YAML(typ="safe").load(ALERTS)
    return [rule for group in parsed["groups"] for rule in group["rules"]]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def promtool() -> str:
    """The program that checks rules and expressions."""
    return program("promtool")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_reads_what_is_measured_and_links_to_its_runbook(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor in anchors(ROOT / page)
    assert rule["labels"]["severity"] in {"page", "ticket"}
    known = {metric.name for metric in TABLE}
    assert {SUFFIX.sub("", name) for name in METRIC.findall(rule["expr"])} <= known


def test_each_alert_is_tested_both_ways() -> None:
    tests = YAML(typ="safe").load(TESTS)["tests"]
    names = [f"{rule['alert']} {what}" for rule in rules() for what in ("is silent", "fires")]
    assert [test["name"] for test in tests] == names
    for test in tests:
        (asked,) = test["alert_rule_test"]
        assert test["name"].startswith(asked["alertname"])
        assert bool(asked["exp_alerts"]) == test["name"].endswith("fires")


def test_the_rules_are_valid_and_fire_as_their_tests_say(promtool: str) -> None:
    for command in (("check", "rules", ALERTS), ("test", "rules", TESTS)):
        done = subprocess.run([promtool, *command], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_what_its_script_writes() -> None:
    done = subprocess.run([sys.executable, FOLDER / "dashboard.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    shown = {SUFFIX.sub("", name) for expr in expressions() for name in METRIC.findall(expr)}
    assert shown - {label for metric in TABLE for label in metric.labels} == {metric.name for metric in TABLE}


def test_prometheus_understands_every_expression_of_the_dashboard(promtool: str, tmp_path: Path) -> None:
    asked = [expr.replace("$__rate_interval", "1m") for expr in expressions()]
    recorded = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
    rules_file = tmp_path / "panels.yml"
    rules_file.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}))
    done = subprocess.run([promtool, "check", "rules", rules_file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expressions() -> list[str]:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]
