"""The gateway's own configuration: environment variables that start with ``SAGA_GATEWAY_``, besides those of saga."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from saga.settings import Seconds, SettingsError


class GatewaySettings(BaseSettings):
    """The settings of the simulation."""

    model_config = SettingsConfigDict(env_prefix="SAGA_GATEWAY_", frozen=True, extra="ignore")

    scenario: str = Field("calm", description="name of a shipped scenario, or path of a TOML file")
    seed: int = Field(1, description="same seed, same run")
    poll_seconds: Seconds = Field(0.05, description="how often to look for due work, at least")
    batch_size: int = Field(200, ge=1, le=5_000, description="due captures and answers in one transaction at most")


def load_gateway_settings() -> GatewaySettings:
    """Settings from the environment. Raises SettingsError, which names each variable that is wrong."""
    try:
        return GatewaySettings()
    except ValidationError as error:
        wrong = "; ".join(f"SAGA_GATEWAY_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Wrong configuration: {wrong}") from None
