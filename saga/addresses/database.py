"""PostgreSQL's address as libpq defines it: several hosts, TLS with files, target_session_attrs.

https://www.postgresql.org/docs/current/libpq-connect.html is the source. The driver's own parser knows much of it, but
takes unknown parameters for settings of the server, and shows passwords in its error messages.
"""

import getpass
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from saga.addresses.certificates import Certificates
from saga.addresses.parts import (
    AddressError,
    Parts,
    checked_host,
    checked_port,
    decoded,
    host_and_port,
    one_of,
    split,
    taken_once,
    whole_number,
)

FORM: Final = "postgresql://user:password@host:port/database"
DEFAULT_PORT: Final = 5432

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_UNVERIFIED = ("disable", "allow", "prefer")
_TARGETS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
_VERSIONS = {name: ssl.TLSVersion[name.replace(".", "_")] for name in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")}

_KNOWN = frozenset(
    "port user password dbname passfile connect_timeout options target_session_attrs load_balance_hosts"
    " sslmode ssl sslrootcert sslcert sslkey sslpassword sslcrl sslnegotiation"
    " ssl_min_protocol_version ssl_max_protocol_version gssencmode client_encoding".split()
)
_NEVER_EMPTY = ("sslmode", "ssl", "sslrootcert", "target_session_attrs", "connect_timeout")
_WITHOUT_EFFECT = frozenset(
    "application_name fallback_application_name channel_binding sslcompression sslsni krbsrvname gsslib gssdelegation"
    " keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout".split()
)
"""Accepted and ignored: this service sets them itself, or its driver has no such option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """A checked address. Its text shows only what people may see: hosts, ports and the database."""

    user: str
    password: str | None = field(repr=False)
    hosts: tuple[tuple[str, int], ...]
    """Names, IP addresses, or socket folders, each with its port; tried in turn."""
    database: str
    mode: str
    certificates: Certificates
    direct_tls: bool
    targets: tuple[str, ...]
    """The role that a host must have; the second one counts if no host has the first."""
    shuffled: bool
    timeout_seconds: float | None
    """For one host; None if the address does not set it."""
    options: str | None = field(repr=False)
    passfile: str | None

    @classmethod
    def parse(cls, address: str) -> Self:
        """Parse and check an address; reads no file. Raises AddressError."""
        parts = split(address, ("postgresql", "postgres"), FORM)
        query = taken_once(parts, _KNOWN | _WITHOUT_EFFECT, repeatable=("host",))
        _refuse_what_can_not_be(query)
        mode = _mode(query)
        parsed = cls(
            user=query.get("user") or parts.user or _login_name(),
            password=query.get("password", parts.password),
            hosts=_hosts(parts, query),
            database=query.get("dbname") or parts.path or _no_database(),
            mode=mode,
            certificates=_certificates(query, mode),
            direct_tls=_or_default(query, "sslnegotiation", ("postgres", "direct")) == "direct",
            targets=_targets(query),
            shuffled=_or_default(query, "load_balance_hosts", ("disable", "random")) == "random",
            timeout_seconds=_timeout_seconds(query),
            options=query.get("options"),
            passfile=query.get("passfile"),
        )
        if parsed.direct_tls and not parsed.requires_tls:
            raise AddressError("has sslnegotiation=direct, which needs sslmode=require, verify-ca or verify-full")
        return parsed

    @classmethod
    def check(cls, address: str) -> None:
        """Parse it, and read the files that it names. Raises AddressError."""
        parsed = cls.parse(address)
        if parsed.mode != "disable":
            parsed.certificates.context()

    @property
    def requires_tls(self) -> bool:
        """Whether connections without TLS are forbidden."""
        return self.mode not in _UNVERIFIED

    def __str__(self) -> str:
        return f"{','.join(_shown(*one) for one in self.hosts)}/{self.database}"


def _hosts(parts: Parts, query: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    asked = [one for name, value in parts.parameters if name == "host" for one in value.split(",")]
    ports = [checked_port(one) for one in query["port"].split(",")] if "port" in query else []
    found = [_asked_host(one) for one in asked] if asked else [_host(one) for one in parts.hosts]
    if not found:
        raise AddressError(f"names no host: write {FORM}")
    if len(ports) not in (0, 1, len(found)):
        raise AddressError("has another number of ports than of hosts")
    defaults = ports * len(found) if len(ports) == 1 else ports or [DEFAULT_PORT] * len(found)
    return tuple((name, port or default) for (name, port), default in zip(found, defaults, strict=True))


def _host(text: str) -> tuple[str, int | None]:
    """A host between @ and the path; a socket folder has its slashes escaped."""
    if text.lower().startswith("%2f"):
        folder, _, own_port = text.partition(":")
        return decoded(folder), checked_port(own_port) if own_port else None
    name, port = host_and_port(text, 0)
    return name, port or None


def _asked_host(text: str) -> tuple[str, int | None]:
    """A host of the parameter ``host``, where an IPv6 address needs no brackets."""
    if text.startswith("/"):
        return text, None
    if text.count(":") > 1 and not text.startswith("["):
        return checked_host(text), None
    name, port = host_and_port(text, 0)
    return name, port or None


def _shown(host: str, port: int) -> str:
    if host.startswith("/"):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _refuse_what_can_not_be(query: Mapping[str, str]) -> None:
    # A variable of a template may not have been set. The default would then mean: without TLS.
    if empty := [name for name in _NEVER_EMPTY if query.get(name) == ""]:
        raise AddressError(f"has an empty {empty[0]}: give it a value, or leave it out")
    if query.get("gssencmode") == "require":
        raise AddressError("has gssencmode=require, which the driver can't do: use sslmode=verify-full")
    encoding = query.get("client_encoding", "utf8").lower().replace("-", "")
    one_of("client_encoding", encoding, ("utf8", "auto", "unicode"))
    if "ssl" in query and "sslmode" in query:
        raise AddressError("says sslmode and ssl: leave ssl out")


def _mode(query: Mapping[str, str]) -> str:
    """The TLS mode. SQLAlchemy and JDBC call it `ssl`; for JDBC and libpq `true` means `require`."""
    given = query.get("sslmode") or query.get("ssl") or os.environ.get("PGSSLMODE") or "prefer"
    return one_of("sslmode", "require" if given == "true" else given, _MODES)


def _certificates(query: Mapping[str, str], mode: str) -> Certificates:
    """As in libpq: with a root certificate, named or found, `require` verifies too, except for the host's name."""
    roots = _file(query, "sslrootcert", "root.crt")
    if roots == "system" and mode != "verify-full":
        raise AddressError("has sslrootcert=system, which needs sslmode=verify-full")
    if roots is None and mode.startswith("verify"):
        raise AddressError(
            f"has sslmode={mode} and no sslrootcert: name the file of the certificate that signed the server's,"
            " or write sslmode=verify-full&sslrootcert=system"
        )
    certificate = _file(query, "sslcert", "postgresql.crt")
    return Certificates(
        verify=mode not in _UNVERIFIED and roots is not None,
        check_host=mode == "verify-full",
        authorities=None if roots == "system" else roots,
        revoked=_file(query, "sslcrl", "root.crl"),
        certificate=certificate,
        key=_file(query, "sslkey", "postgresql.key") if certificate else query.get("sslkey"),
        key_password=query.get("sslpassword", ""),
        oldest=_version(query, "ssl_min_protocol_version", ssl.TLSVersion.TLSv1_2),
        newest=_version(query, "ssl_max_protocol_version", ssl.TLSVersion.MAXIMUM_SUPPORTED),
    )


def _file(query: Mapping[str, str], parameter: str, usual: str) -> str | None:
    """The file that the address names, else libpq's variable, else the one in libpq's folder if it exists."""
    if given := query.get(parameter) or os.environ.get(f"PG{parameter.upper()}"):
        return given
    found = os.path.expanduser(f"~/.postgresql/{usual}")  # noqa: PTH111 -- does not mind a machine without home folders
    return found if Path(found).exists() else None


def _version(query: Mapping[str, str], parameter: str, default: ssl.TLSVersion) -> ssl.TLSVersion:
    return _VERSIONS[one_of(parameter, query[parameter], _VERSIONS)] if parameter in query else default


def _targets(query: Mapping[str, str]) -> tuple[str, ...]:
    target = query.get("target_session_attrs") or os.environ.get("PGTARGETSESSIONATTRS") or "any"
    one_of("target_session_attrs", target, _TARGETS)
    return ("standby", "any") if target == "prefer-standby" else (target,)


def _or_default(query: Mapping[str, str], parameter: str, values: tuple[str, ...]) -> str:
    return one_of(parameter, query.get(parameter, values[0]), values)


def _timeout_seconds(query: Mapping[str, str]) -> float | None:
    given = query.get("connect_timeout") or os.environ.get("PGCONNECT_TIMEOUT")
    return whole_number("connect_timeout", given, 1, 600) if given else None


def _login_name() -> str:
    """The user that this process runs as, as in libpq."""
    try:
        return os.environ.get("PGUSER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise AddressError(f"names no user: write {FORM}") from None


def _no_database() -> str:
    raise AddressError(f"names no database: write {FORM}")
