"""Configuration, read from environment variables that start with ``SAGA_``; nothing else configures a service."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and the remedy."""


class Settings(BaseSettings):
    """Every setting of every service.

    Both addresses carry passwords, so they are secrets: they appear in no log line and no repr.
    """

    model_config = SettingsConfigDict(env_prefix="SAGA_", frozen=True, extra="ignore")

    database_url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/database")
    amqp_url: SecretStr | None = Field(None, description="amqp://user:password@host:port/vhost")
    management_url: SecretStr | None = Field(None, description="http://user:password@host:port, only shown to people")
    home: Path = Field(Path(".saga"), description="folder of the private local stack")
    prefix: str = Field("saga", pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="prefix of every exchange and queue")
    log_level: str = Field("info", pattern=r"^(debug|info|warning|error)$")

    batch_size: int = Field(200, ge=1, le=5_000, description="messages that one durable step takes at most")
    pool_size: int = Field(5, ge=2, le=50, description="database connections of one service at most")
    publish_timeout_seconds: Seconds = 10.0
    relay_poll_seconds: Seconds = 0.1
    relay_batch_size: int = Field(500, ge=1, le=5_000)
    scheduler_poll_seconds: Seconds = 0.25
    scheduler_batch_size: int = Field(1_000, ge=1, le=10_000)
    payment_timeout_seconds: Seconds = Field(900.0, description="how long an order waits for its payment by default")

    @property
    def payment_timeout(self) -> timedelta:
        """How long an order waits for its payment, unless its OrderPlaced says otherwise."""
        return timedelta(seconds=self.payment_timeout_seconds)


def load_settings() -> Settings:
    """Settings from the environment.

    Raises SettingsError, which names each variable that is wrong but never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"SAGA_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Wrong configuration: {wrong}") from None
