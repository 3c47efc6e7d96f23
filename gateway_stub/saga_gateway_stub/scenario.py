"""Scenarios: the behaviour of the simulated gateway, as the fields of a small TOML file.

Shares are between 0 and 1. A lost answer costs time, never money: the gateway sends it again until it comes through.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from saga.settings import SettingsError

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]

_EXACT: Final = ConfigDict(extra="forbid")
_SHIPPED = files(__package__) / "scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDelay:
    """Always the same delay."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    kind: Literal["fixed"] = "fixed"
    seconds: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformDelay:
    """Uniformly distributed between two bounds."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    kind: Literal["uniform"] = "uniform"
    least_seconds: Seconds = 0.0
    most_seconds: Seconds

    def __post_init__(self) -> None:
        if self.least_seconds > self.most_seconds:
            raise ValueError("least_seconds is more than most_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialDelay:
    """Exponentially distributed: mostly short, now and then very long."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    kind: Literal["exponential"] = "exponential"
    mean_seconds: Seconds


Delay = FixedDelay | UniformDelay | ExponentialDelay


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How the gateway behaves; every default is harmless.

    ``delay`` is the time from request to capture. A reordered answer comes up to ``reorder_seconds`` after the capture
    instead of with it; a duplicate up to ``duplicate_within_seconds`` after the first answer. During an outage the
    gateway handles no command, captures nothing and reports nothing; each period has one outage.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    summary: str
    delay: Annotated[Delay, Field(discriminator="kind")]
    declined: Share = 0.0
    lost_answers: Share = 0.0
    lost_answer_repeat_seconds: Seconds = 30.0
    duplicates: Share = 0.0
    duplicate_within_seconds: Seconds = 1.0
    reordered: Share = 0.0
    reorder_seconds: Seconds = 0.0
    outage_period_seconds: Seconds = 0.0
    outage_seconds: Seconds = 0.0

    def __post_init__(self) -> None:
        if self.outage_seconds and self.outage_seconds >= self.outage_period_seconds:
            raise ValueError("outage_seconds must be less than outage_period_seconds, or nothing is ever captured")


_SCENARIO = TypeAdapter(Scenario)


def shipped_scenarios() -> dict[str, Scenario]:
    """The named scenarios that come with the package."""
    named = {Path(file.name).stem: file for file in _SHIPPED.iterdir() if file.name.endswith(".toml")}
    return {name: _parse(name, named[name].read_text(encoding="utf-8")) for name in sorted(named)}


def load_scenario(name_or_path: str) -> Scenario:
    """A shipped scenario by its name, or one from a TOML file. Raises SettingsError, with the remedy."""
    shipped = shipped_scenarios()
    if name_or_path in shipped:
        return shipped[name_or_path]
    try:
        text = Path(name_or_path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise SettingsError(
            f"SAGA_GATEWAY_SCENARIO: {name_or_path!r} is neither a readable TOML file nor one of {', '.join(shipped)}"
        ) from None
    return _parse(name_or_path, text)


def _parse(name: str, text: str) -> Scenario:
    try:
        return _SCENARIO.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"SAGA_GATEWAY_SCENARIO: {name} is not TOML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'scenario'}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"SAGA_GATEWAY_SCENARIO: {name} is not a scenario: {wrong}") from None
