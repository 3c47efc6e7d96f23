"""The settings of the console: where it listens, and who may look. Environment variables begin with SAGA_CONSOLE_."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from saga.addresses import AddressError, DatabaseAddress
from saga.settings import SettingsError, read_secret

DEFAULT_LISTEN: Final = "127.0.0.1:8090"
LEAST_TOKEN: Final = 16
LEAST_DIFFERENT: Final = 8
_LOCAL_NAMES: Final = ("localhost",)


class Authentication(Enum):
    """How the console knows who looks: not at all, by a token, or by what a proxy in front of it says."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 -- the word, no secret
    PROXY = "proxy"


class ConsoleSettings(BaseSettings):
    """Who may look at the console, and who may act."""

    model_config = SettingsConfigDict(
        env_prefix="SAGA_CONSOLE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    authentication: Authentication = Field(Authentication.NONE, description="none, token or proxy")
    token: SecretStr | None = Field(
        None, description="the secret that a browser or a script has to know; 16 characters"
    )
    operator_token: SecretStr | None = Field(
        None, description="another secret, for those who may also act; 16 characters"
    )
    operator_database_url: SecretStr | None = Field(
        None, description="the database, for a login that may act; without it nobody may"
    )
    operators: str = Field("", description="users of a proxy who may act, with commas in between")
    groups_header: str = Field("X-Forwarded-Groups", description="the header in which a proxy names the user's groups")
    operator_groups: str = Field("", description="groups whose members may act, with commas in between")
    proxies: str = Field("", description="addresses or networks of proxies, with commas in between")
    user_header: str = Field("X-Forwarded-User", description="the header in which a proxy names the user")
    hosts: str = Field("", description="names under which the console may be called, with commas in between")
    trace_url: str = Field(
        "",
        pattern=r"^(https?://\S*\{trace_id\}\S*)?$",
        description="the page of a trace in your own tool, with {trace_id} in it; not set: no links",
    )

    @property
    def networks(self) -> Sequence[IPv4Network | IPv6Network]:
        """The networks of the proxies. Raises ValueError for what is none."""
        return [ip_network(part.strip(), strict=False) for part in self.proxies.split(",") if part.strip()]

    @property
    def host_names(self) -> frozenset[str]:
        """The names that a request may call the console by; none means any, off loopback."""
        return frozenset(part.strip().lower() for part in self.hosts.split(",") if part.strip())

    def may_act(self, user: str, groups: str) -> bool:
        """Whether a user of a proxy, in these groups, is an operator."""
        named = _parts(self.operators)
        return user in named or not _parts(self.operator_groups).isdisjoint(_parts(groups))


SECRETS: Final = ("token", "operator_token", "operator_database_url")
"""The settings that may be in files."""


def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the console listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Listen":
        """The address in HOST:PORT. Raises SettingsError."""
        host, _, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
            raise SettingsError(f"--listen {text!r} is no address: write HOST:PORT, such as {DEFAULT_LISTEN}.")
        return cls(host, int(port))

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host in _LOCAL_NAMES:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """The address for a browser."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"


def load_console_settings() -> ConsoleSettings:
    """The settings from the environment. Raises SettingsError, which names the variable and never its value."""
    given: dict[str, Any] = {}
    for name in SECRETS:
        variable = f"SAGA_CONSOLE_{name.upper()}"
        if file := os.environ.get(f"{variable}_FILE"):
            if os.environ.get(variable):
                raise SettingsError(f"Wrong configuration: {variable} and {variable}_FILE are both set: unset one.")
            given[name] = SecretStr(read_secret(f"{variable}_FILE", file))
    try:
        settings = ConsoleSettings(**given)
    except ValidationError as error:
        wrong = "; ".join(f"SAGA_CONSOLE_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
        raise SettingsError(f"Wrong configuration: {wrong}.") from None
    if settings.operator_database_url is not None:
        try:
            DatabaseAddress.check(settings.operator_database_url.get_secret_value())
        except AddressError as error:
            raise SettingsError(f"Wrong configuration: SAGA_CONSOLE_OPERATOR_DATABASE_URL {error}.") from None
    return settings


def require_guarded(settings: ConsoleSettings, listen: Listen) -> None:
    """Raise SettingsError if others could reach the console unauthenticated, or if what that needs is missing."""
    match settings.authentication:
        case Authentication.NONE:
            if not listen.is_local:
                raise SettingsError(
                    f"The console does not start on {listen.host} without authentication: others reach it there."
                    " Set SAGA_CONSOLE_AUTHENTICATION to token or proxy, or listen on 127.0.0.1."
                )
        case Authentication.TOKEN:
            _require_token("SAGA_CONSOLE_TOKEN", settings.token)
            if settings.operator_database_url is not None:
                _require_token("SAGA_CONSOLE_OPERATOR_TOKEN", settings.operator_token)
                if settings.operator_token == settings.token:
                    raise SettingsError("SAGA_CONSOLE_OPERATOR_TOKEN is that of those who only look: take another one.")
        case Authentication.PROXY:
            _require_proxies(settings)


def _require_token(variable: str, token: SecretStr | None) -> None:
    if token is None or len(token.get_secret_value()) < LEAST_TOKEN:
        raise SettingsError(
            f"{variable} or {variable}_FILE has to be set, to at least {LEAST_TOKEN} characters"
            ": make one with `openssl rand -hex 32`."
        )
    if len(set(token.get_secret_value())) < LEAST_DIFFERENT:
        raise SettingsError(
            f"{variable} can be guessed: it has fewer than {LEAST_DIFFERENT} different characters"
            ". Make one with `openssl rand -hex 32`."
        )


def _require_proxies(settings: ConsoleSettings) -> None:
    try:
        named = settings.networks
    except ValueError as error:
        raise SettingsError(f"SAGA_CONSOLE_PROXIES: {error}.") from None
    if not named:
        raise SettingsError("SAGA_CONSOLE_PROXIES has to name the addresses of the proxies: no other peer is believed.")
    if any(network.prefixlen == 0 for network in named):
        raise SettingsError("SAGA_CONSOLE_PROXIES names every address, so anybody could say who they are.")
