"""Scenarios: the shipped ones, those from a file, and what is said of one that is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from saga.settings import SettingsError
from saga_gateway_stub.scenario import ExponentialDelay, Scenario, load_scenario, shipped_scenarios
from saga_gateway_stub.settings import load_gateway_settings

GOOD = 'summary = "mine"\ndeclined = 1\n[delay]\nkind = "exponential"\nmean_seconds = 1\n'


def written(folder: Path, content: str) -> str:
    path = folder / "mine.toml"
    path.write_text(content)
    return str(path)


def test_four_scenarios_ship() -> None:
    assert list(shipped_scenarios()) == ["calm", "flaky", "hostile", "slow"]
    assert all(load_scenario(name) == scenario for name, scenario in shipped_scenarios().items())


def test_a_scenario_comes_from_a_file(tmp_path: Path) -> None:
    mine = load_scenario(written(tmp_path, GOOD))
    assert mine == Scenario(summary="mine", declined=1.0, delay=ExponentialDelay(mean_seconds=1))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("summary =", "is not TOML"),
        (GOOD.replace("declined = 1", "declined = 1.5"), "declined: Input should be less than or equal to 1"),
        (GOOD.replace("declined", "declinde"), "declinde: Unexpected"),
        (GOOD.replace("exponential", "gaussian"), "delay: Input tag 'gaussian'"),
        (GOOD.replace("mean_seconds = 1", "mean_seconds = nan"), "mean_seconds: Input should be a finite number"),
        (GOOD.replace("mean_seconds = 1", ""), "mean_seconds: Field required"),
        (GOOD.replace("declined = 1", "outage_seconds = 3"), "outage_seconds must be less"),
        ("\x00", "is not TOML"),
    ],
)
def test_a_wrong_scenario_is_refused_with_the_field_and_the_reason(
    tmp_path: Path, content: str, complaint: str
) -> None:
    with pytest.raises(SettingsError, match="SAGA_GATEWAY_SCENARIO") as refused:
        load_scenario(written(tmp_path, content))
    assert complaint in str(refused.value)


@pytest.mark.parametrize("name", ["calmer", "no/such/file.toml", ".", "a\x00b"])
def test_an_unknown_scenario_names_the_known_ones(name: str) -> None:
    with pytest.raises(SettingsError, match="neither a readable TOML file nor one of calm, flaky, hostile, slow"):
        load_scenario(name)


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_GATEWAY_SEED", "lucky")
    with pytest.raises(SettingsError, match="SAGA_GATEWAY_SEED: "):
        load_gateway_settings()


@pytest.mark.system
def test_the_command_lists_the_scenarios() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "saga_gateway_stub", "--list-scenarios"], capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(shipped_scenarios())


@pytest.mark.system
def test_a_wrong_scenario_ends_the_command_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_GATEWAY_SCENARIO", "nope")
    done = subprocess.run([sys.executable, "-m", "saga_gateway_stub"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert json.loads(done.stderr)["reason"].startswith("SAGA_GATEWAY_SCENARIO: 'nope' is neither")
    assert "Traceback" not in done.stderr
