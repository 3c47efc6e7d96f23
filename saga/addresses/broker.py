"""RabbitMQ's address: one or several nodes of one cluster, with or without TLS.

Accepts the parameters of RabbitMQ's URIs (https://www.rabbitmq.com/docs/uri-query-parameters) and those of the client.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import quote

from saga.addresses.certificates import Certificates
from saga.addresses.parts import AddressError, checked_host, host_and_port, one_of, split, taken_once, whole_number

FORM: Final = "amqp://user:password@host:port/vhost"
_PORTS = {"amqp": 5672, "amqps": 5671}
_FOR_TLS = tuple(
    "cacertfile cafile capath certfile keyfile password verify no_verify_ssl server_name_indication".split()
)
_KNOWN = frozenset((*_FOR_TLS, "heartbeat", "connection_timeout", "timeout", "auth_mechanism", "auth"))
_WITHOUT_EFFECT = frozenset({"channel_max", "name", "fail_if_no_peer_cert", "depth"})
"""Accepted and ignored: our connections have few channels and their own name; the others are for servers, or for other
clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One node, and how to log in there."""

    host: str
    port: int
    vhost: str
    user: str
    password: str = field(repr=False)
    mechanism: str
    certificates: Certificates | None
    """None without TLS."""
    server_name: str | None
    """The name that the certificate must have, if it differs from the host's."""
    heartbeat_seconds: int | None
    timeout_seconds: float | None

    def __str__(self) -> str:
        return f"{self.node}/{self.shown_vhost}"

    @property
    def node(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def shown_vhost(self) -> str:
        """The vhost as it is written in addresses."""
        return "" if self.vhost == "/" else quote(self.vhost, safe="")


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A checked address. Its text shows only what people may see: hosts, ports and the vhost."""

    endpoints: tuple[Endpoint, ...]

    @classmethod
    def parse(cls, address: str) -> Self:
        """Parse and check an address, or several whole addresses separated by commas; reads no file.

        Raises AddressError.
        """
        each = re.split(r"\s*,\s*(?=amqps?://)", address.strip())
        parsed = cls(tuple(endpoint for one in each for endpoint in _endpoints(one)))
        if len({endpoint.vhost for endpoint in parsed.endpoints}) > 1:
            raise AddressError("names several vhosts: its nodes must be those of one cluster, with one vhost")
        return parsed

    @classmethod
    def check(cls, address: str) -> None:
        """Parse it, and read the files that it names. Raises AddressError."""
        for certificates in {endpoint.certificates for endpoint in cls.parse(address).endpoints}:
            if certificates is not None:
                certificates.context()

    def __str__(self) -> str:
        return f"{','.join(one.node for one in self.endpoints)}/{self.endpoints[0].shown_vhost}"


def _endpoints(address: str) -> Iterator[Endpoint]:
    parts = split(address, tuple(_PORTS), FORM)
    query = taken_once(parts, _KNOWN | _WITHOUT_EFFECT)
    if not parts.hosts:
        raise AddressError(f"names no host: write {FORM}")
    certificates = _certificates(parts.scheme, query)
    server_name = checked_host(query["server_name_indication"]) if "server_name_indication" in query else None
    for one in parts.hosts:
        host, port = host_and_port(one, _PORTS[parts.scheme])
        yield Endpoint(
            host=host,
            port=port,
            vhost=parts.path or "/",
            user=parts.user or "guest",
            password="guest" if parts.password is None else parts.password,
            mechanism=_mechanism(query),
            certificates=certificates,
            server_name=server_name,
            heartbeat_seconds=_heartbeat_seconds(query),
            timeout_seconds=_timeout_seconds(query),
        )


def _certificates(scheme: str, query: Mapping[str, str]) -> Certificates | None:
    if scheme == "amqp":
        if useless := [name for name in query if name in _FOR_TLS]:
            raise AddressError(f"has {useless[0]}, which is for TLS: write amqps:// in place of amqp://")
        return None
    if "cafile" in query and "cacertfile" in query:
        raise AddressError("says cafile and cacertfile: leave one out")
    verified = one_of("verify", query.get("verify", "verify_peer"), ("verify_peer", "verify_none")) == "verify_peer"
    unverified = one_of("no_verify_ssl", query.get("no_verify_ssl", "0"), ("0", "1")) == "1"
    return Certificates(
        verify=verified and not unverified,
        authorities=query.get("cacertfile") or query.get("cafile"),
        folder=query.get("capath"),
        certificate=query.get("certfile"),
        key=query.get("keyfile"),
        key_password=query.get("password", ""),
    )


def _mechanism(query: Mapping[str, str]) -> str:
    given = query.get("auth_mechanism") or query.get("auth") or "plain"
    return one_of("auth_mechanism", given.lower(), ("plain", "external"))


def _heartbeat_seconds(query: Mapping[str, str]) -> int | None:
    return whole_number("heartbeat", query["heartbeat"], 1, 3_600) if "heartbeat" in query else None


def _timeout_seconds(query: Mapping[str, str]) -> float | None:
    """RabbitMQ counts milliseconds, the client seconds."""
    if "connection_timeout" in query:
        return whole_number("connection_timeout", query["connection_timeout"], 100, 600_000) / 1000
    return whole_number("timeout", query["timeout"], 1, 600) if "timeout" in query else None
