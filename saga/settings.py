"""Configuration, read from environment variables that start with ``SAGA_``; nothing else configures a service."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettings

Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and the remedy."""


class Feed(Enum):
    """How a consumer gets its messages: pushed by the broker, or pulled from the logs."""

    PUSH = "push"
    PULL = "pull"


class Settings(BaseSettings):
    """Every setting of every service.

    Addresses carry passwords, so they are secrets: they appear in no log line and no repr.
    """

    model_config = SettingsConfigDict(env_prefix="SAGA_", frozen=True, extra="ignore")

    database_url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/database")
    amqp_url: SecretStr | None = Field(None, description="amqp://user:password@host:port/vhost")
    management_url: SecretStr | None = Field(None, description="http://user:password@host:port, only shown to people")
    log_urls: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="JSON: for each module whose log is kept elsewhere, that database's address"
    )
    allow_unsafe_database: bool = Field(
        False, description="work with a database that may lose what it has confirmed (fsync or full_page_writes off)"
    )
    home: Path = Field(Path(".saga"), description="folder of the private local stack")
    prefix: str = Field("saga", pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="prefix of every exchange and queue")
    log_level: str = Field("info", pattern=r"^(debug|info|warning|error)$")

    processes: str = Field(
        "saga.orders:order_process", description="module:name of each process that runs here, with commas in between"
    )
    feed: Feed = Field(Feed.PUSH, description="push: from the broker's queues; pull: from the modules' logs")
    batch_size: int = Field(500, ge=1, le=5_000, description="messages that one durable step takes at most")
    pool_size: int = Field(5, ge=2, le=50, description="database connections at most, of a worker for each process")
    publish_timeout_seconds: Seconds = 10.0
    relay_poll_seconds: Seconds = 0.1
    pull_poll_seconds: Seconds = Field(0.1, description="how often to look into the logs when they are the feed")
    relay_batch_size: int = Field(500, ge=1, le=5_000)
    scheduler_poll_seconds: Seconds = 0.25
    scheduler_batch_size: int = Field(1_000, ge=1, le=10_000)
    retention_days: float | None = Field(
        None, gt=0, le=36_600, description="what is older and not needed is pruned; not set: everything is kept"
    )
    prune_interval_seconds: Seconds = Field(3_600.0, description="how often a scheduler prunes, if it is to")
    payment_timeout_seconds: Seconds = Field(900.0, description="how long an order waits for its payment by default")

    @property
    def payment_timeout(self) -> timedelta:
        """How long an order waits for its payment, unless its OrderPlaced says otherwise."""
        return timedelta(seconds=self.payment_timeout_seconds)

    @property
    def retention(self) -> timedelta | None:
        """How long things are kept that are not needed any more; None keeps everything."""
        return None if self.retention_days is None else timedelta(days=self.retention_days)


def load_settings() -> Settings:
    """Settings from the environment.

    Raises SettingsError, which names each variable that is wrong but never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"SAGA_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Wrong configuration: {wrong}") from None
    except UnreadableSettings:
        raise SettingsError(
            'Wrong configuration: SAGA_LOG_URLS: not JSON like {"payments": "postgresql://..."}'
        ) from None
