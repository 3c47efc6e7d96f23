"""Configuration, read from environment variables that start with ``SAGA_``.

A secret may be in a file: ``SAGA_DATABASE_URL_FILE`` names a file that holds the value of ``SAGA_DATABASE_URL``.
The processes may be in the ``pyproject.toml`` of the working folder, under ``[tool.saga]``. Without that, a check of a
project of one's own would fall back to the order process and pass without having looked at the project.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from saga.addresses import AddressError, BrokerAddress, DatabaseAddress, without_login

PREFIX: Final = r"^[a-z][a-z0-9_-]{0,40}$"
"""The pattern of prefixes for exchanges and queues."""

PROJECT: Final = Path("pyproject.toml")

Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and the remedy."""


class Feed(Enum):
    """How a consumer gets its messages: pushed by the broker, or pulled from the logs."""

    PUSH = "push"
    PULL = "pull"


def _checked(check_address: Callable[[str], object]) -> BeforeValidator:
    """Accepts a valid address, without the white space around it; an empty one counts as not set."""

    def check(given: Any) -> Any:
        text = given.get_secret_value() if isinstance(given, SecretStr) else given
        if not isinstance(text, str):
            return text
        text = text.strip()
        try:
            if text:
                check_address(text)
        except AddressError as error:
            raise PydanticCustomError("address", "{problem}", {"problem": str(error)}) from None
        return text or None

    return BeforeValidator(check)


def _decoded(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    with suppress(ValueError):
        return json.loads(given) if given.strip() else {}
    raise PydanticCustomError("address", "{problem}", {"problem": 'is not JSON like {"payments": "postgresql://..."}'})


_DatabaseUrl = Annotated[SecretStr | None, _checked(DatabaseAddress.check)]

SECRETS: Final = ("database_url", "amqp_url", "management_url", "log_urls")
"""The settings that may be in files, because they contain passwords."""


class Settings(BaseSettings):
    """Every setting of every service.

    Addresses contain passwords, so they are secrets: they appear in no log line and no repr.
    """

    model_config = SettingsConfigDict(env_prefix="SAGA_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[SecretStr | None, _checked(DatabaseAddress.check)] = Field(
        None, description="postgresql://user:password@host:port/database"
    )
    amqp_url: Annotated[SecretStr | None, _checked(BrokerAddress.check)] = Field(
        None, description="amqp://user:password@host:port/vhost"
    )
    management_url: Annotated[SecretStr | None, _checked(without_login)] = Field(
        None, description="http://user:password@host:port, only shown to people"
    )
    log_urls: Annotated[Mapping[str, _DatabaseUrl], NoDecode, BeforeValidator(_decoded)] = Field(
        default_factory=dict,
        description="JSON: for each module whose log is in another database, that database's address, or null",
    )
    accepted_exchanges: str = Field(
        "", description="exchanges besides our own whose messages are taken, with commas in between or as JSON"
    )
    allow_unsafe_database: bool = Field(
        False, description="work with a database that may lose what it has confirmed (fsync or full_page_writes off)"
    )
    home: Path = Field(Path(".saga"), description="folder of the private local stack")
    prefix: str = Field("saga", pattern=PREFIX, description="prefix of every exchange and queue")
    metrics_listen: str = Field(
        "", description="host:port where a service answers /metrics, /healthz and /readyz; not set: nowhere"
    )
    traces: float | None = Field(
        None, ge=0, le=1, description="share of new traces that are recorded, from 0 to 1; not set: no traces at all"
    )
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

    @field_validator("accepted_exchanges")
    @classmethod
    def _names_exchanges(cls, given: str) -> str:
        _exchange_names(given)
        return given

    @field_validator("metrics_listen")
    @classmethod
    def _names_an_address(cls, given: str) -> str:
        host_and_port(given)
        return given

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Host and port of the endpoint; None if there is none. Without a host it is this machine only."""
        return host_and_port(self.metrics_listen)

    @property
    def accepted_exchange_names(self) -> frozenset[str]:
        """The names of exchanges whose messages are accepted besides those of our own."""
        return _exchange_names(self.accepted_exchanges)

    @property
    def payment_timeout(self) -> timedelta:
        """How long an order waits for its payment, unless its OrderPlaced sets another time."""
        return timedelta(seconds=self.payment_timeout_seconds)

    @property
    def retention(self) -> timedelta | None:
        """How long rows are kept after they are not needed any more; None keeps everything."""
        return None if self.retention_days is None else timedelta(days=self.retention_days)


def _exchange_names(given: str) -> frozenset[str]:
    """Names with commas in between, or a JSON list of them. Raises ValueError."""
    names: object = json.loads(given) if given.lstrip().startswith("[") else [name.strip() for name in given.split(",")]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError('write names with commas in between, or a JSON list such as ["company.bus"]')
    return frozenset(name for name in names if name)


def host_and_port(given: str) -> tuple[str, int] | None:
    """Host and port of `host:port`, `[IPv6]:port`, `:port` or `port`; None of what is empty. Raises ValueError."""
    if not given.strip():
        return None
    host, _, port = given.strip().rpartition(":")
    if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or int(port) > 65_535 or re.search(r"[\s/@]", host):
        raise ValueError("write host:port, such as 127.0.0.1:9464")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def load_settings() -> Settings:
    """Settings from the environment, and the processes of the project in the working folder.

    Raises SettingsError, which names each variable that is wrong but never its value.
    """
    try:
        return Settings(**_from_files(), **_from_project())
    except ValidationError as error:
        wrong = "; ".join(_problem(one["loc"], one["type"], one["msg"]) for one in error.errors())
    # Not inside the handler: the first error holds the given values, and would become the context of this one.
    raise SettingsError(f"Wrong configuration: {wrong}.")


def origin_of_processes() -> str:
    """Where the processes that nobody named come from, as a clause. Raises SettingsError as ``load_settings`` does."""
    if "SAGA_PROCESSES" in os.environ:
        return "from SAGA_PROCESSES"
    return f"from {PROJECT}" if _from_project() else f"which is built in: SAGA_PROCESSES and {PROJECT} name no process"


def _problem(place: tuple[int | str, ...], kind: str, message: str) -> str:
    variable = f"SAGA_{str(place[0]).upper()}"
    module = str(place[-1])
    # A user who mixes up names and addresses has given an address as the name: it must not be shown.
    within = f" ({module})" if len(place) > 1 and re.fullmatch(r"[\w-]{1,60}", module) else ""
    return f"{variable}{within} {message}" if kind == "address" else f"{variable}{within}: {message}"


def _from_project() -> dict[str, Any]:
    """The processes that pyproject.toml names under [tool.saga], unless SAGA_PROCESSES is set. Raises SettingsError."""
    if "SAGA_PROCESSES" in os.environ:
        return {}
    try:
        said = PROJECT.read_text("utf-8")
    except (OSError, ValueError):
        return {}
    if "tool.saga" not in said:
        return {}
    try:
        table = tomllib.loads(said).get("tool", {}).get("saga")
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"Wrong configuration: {PROJECT} is no TOML: {error}.") from None
    if table is None:
        return {}
    named = table.get("processes") if isinstance(table, dict) and table.keys() == {"processes"} else None
    if not isinstance(named, list) or not named or not all(isinstance(one, str) and one.strip() for one in named):
        raise SettingsError(
            f"Wrong configuration: [tool.saga] in {PROJECT} takes one key, processes, a list of module:name."
        )
    return {"processes": ",".join(named)}


def _from_files() -> dict[str, Any]:
    """The secrets that are in files. Raises SettingsError, which names the variable."""
    found: dict[str, Any] = {}
    for name in SECRETS:
        variable = f"SAGA_{name.upper()}"
        if file := os.environ.get(f"{variable}_FILE"):
            if os.environ.get(variable):
                raise SettingsError(f"Wrong configuration: {variable} and {variable}_FILE are both set: unset one.")
            found[name] = read_secret(f"{variable}_FILE", file)
    return found


def read_secret(variable: str, file: str) -> str:
    """The secret in a file that a variable names. Raises SettingsError, which names the variable."""
    wrong = f"Wrong configuration: {variable} names a file that"
    if "://" in file or "@" in file:
        raise SettingsError(f"Wrong configuration: {variable} is no file name: what it says belongs into a file.")
    try:
        secret: str | None = Path(file).read_text("utf-8-sig").strip()
    except OSError as error:
        raise SettingsError(f"{wrong} can't be read: {file} ({error.strerror}).") from None
    except ValueError:
        secret = None
    if secret is None:
        raise SettingsError(f"{wrong} is not UTF-8 text: {file}.")
    if not secret:
        raise SettingsError(f"{wrong} is empty: {file}.")
    return secret
