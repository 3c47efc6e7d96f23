"""PostgreSQL's address, as libpq's users know it: several hosts, TLS with files, target_session_attrs.

https://www.postgresql.org/docs/current/libpq-connect.html is the source. The driver's own parser knows much of it, but
takes what it does not know for settings of the server, and shows passwords in its complaints.
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
"""What others' addresses say and this service has its own way for, or its driver none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """A checked address. As text it is what people may see: hosts, ports and the database."""

    user: str
    password: str | None = field(repr=False)
    hosts: tuple[tuple[str, int], ...]
    """Names, IP addresses, or folders of sockets; tried in turn."""
    database: str
    mode: str
    certificates: Certificates
    direct_tls: bool
    targets: tuple[str, ...]
    """What a host's sessions must be; the second one counts if no host satisfies the first."""
    shuffled: bool
    timeout_seconds: float | None
    """For one host; None where the address does not say it."""
    options: str | None = field(repr=False)
    passfile: str | None

    @classmethod
    def parse(cls, address: str) -> Self:
        """Take it apart and check it; no file is read. Raises AddressError."""
        parts = split(address, ("postgresql", "postgres"), FORM)
        said = taken_once(parts, _KNOWN | _WITHOUT_EFFECT, repeatable=("host",))
        _refuse_what_can_not_be(said)
        mode = _mode(said)
        parsed = cls(
            user=said.get("user") or parts.user or _login_name(),
            password=said.get("password", parts.password),
            hosts=_hosts(parts, said),
            database=said.get("dbname") or parts.path or _no_database(),
            mode=mode,
            certificates=_certificates(said, mode),
            direct_tls=_or_default(said, "sslnegotiation", ("postgres", "direct")) == "direct",
            targets=_targets(said),
            shuffled=_or_default(said, "load_balance_hosts", ("disable", "random")) == "random",
            timeout_seconds=_timeout_seconds(said),
            options=said.get("options"),
            passfile=said.get("passfile"),
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
        """Whether a connection without TLS is out of the question."""
        return self.mode not in _UNVERIFIED

    def __str__(self) -> str:
        return f"{','.join(_shown(*one) for one in self.hosts)}/{self.database}"


def _hosts(parts: Parts, said: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    asked = [one for name, value in parts.parameters if name == "host" for one in value.split(",")]
    ports = [checked_port(one) for one in said["port"].split(",")] if "port" in said else []
    found = [_asked_host(one) for one in asked] if asked else [_host(one) for one in parts.hosts]
    if not found:
        raise AddressError(f"names no host: write {FORM}")
    if len(ports) not in (0, 1, len(found)):
        raise AddressError("has another number of ports than of hosts")
    defaults = ports * len(found) if len(ports) == 1 else ports or [DEFAULT_PORT] * len(found)
    return tuple((name, port or default) for (name, port), default in zip(found, defaults, strict=True))


def _host(text: str) -> tuple[str, int | None]:
    """One between @ and the path; a folder of sockets has its slashes escaped."""
    if text.lower().startswith("%2f"):
        folder, _, own_port = text.partition(":")
        return decoded(folder), checked_port(own_port) if own_port else None
    name, port = host_and_port(text, 0)
    return name, port or None


def _asked_host(text: str) -> tuple[str, int | None]:
    """One of the parameter ``host``: there an IPv6 address may stand without brackets."""
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


def _refuse_what_can_not_be(said: Mapping[str, str]) -> None:
    # Where a variable in a template was not set. To go on with the default would be to go on without TLS.
    if empty := [name for name in _NEVER_EMPTY if said.get(name) == ""]:
        raise AddressError(f"has an empty {empty[0]}: give it a value, or leave it out")
    if said.get("gssencmode") == "require":
        raise AddressError("has gssencmode=require, which the driver can't do: use sslmode=verify-full")
    encoding = said.get("client_encoding", "utf8").lower().replace("-", "")
    one_of("client_encoding", encoding, ("utf8", "auto", "unicode"))
    if "ssl" in said and "sslmode" in said:
        raise AddressError("says sslmode and ssl: leave ssl out")


def _mode(said: Mapping[str, str]) -> str:
    """`ssl` is SQLAlchemy's and JDBC's name for it; with `true`, JDBC and libpq mean `require`."""
    given = said.get("sslmode") or said.get("ssl") or os.environ.get("PGSSLMODE") or "prefer"
    return one_of("sslmode", "require" if given == "true" else given, _MODES)


def _certificates(said: Mapping[str, str], mode: str) -> Certificates:
    """As libpq has it: `require` verifies too, all but the host's name, where a root certificate is named or found."""
    roots = _file(said, "sslrootcert", "root.crt")
    if roots == "system" and mode != "verify-full":
        raise AddressError("has sslrootcert=system, which needs sslmode=verify-full")
    if roots is None and mode.startswith("verify"):
        raise AddressError(
            f"has sslmode={mode} and no sslrootcert: name the file of the certificate that signed the server's,"
            " or write sslmode=verify-full&sslrootcert=system"
        )
    certificate = _file(said, "sslcert", "postgresql.crt")
    return Certificates(
        verify=mode not in _UNVERIFIED and roots is not None,
        check_host=mode == "verify-full",
        authorities=None if roots == "system" else roots,
        revoked=_file(said, "sslcrl", "root.crl"),
        certificate=certificate,
        key=_file(said, "sslkey", "postgresql.key") if certificate else said.get("sslkey"),
        key_password=said.get("sslpassword", ""),
        oldest=_version(said, "ssl_min_protocol_version", ssl.TLSVersion.TLSv1_2),
        newest=_version(said, "ssl_max_protocol_version", ssl.TLSVersion.MAXIMUM_SUPPORTED),
    )


def _file(said: Mapping[str, str], parameter: str, usual: str) -> str | None:
    """The file that the address, else libpq's variable, names; else the one in libpq's folder if it is there."""
    if given := said.get(parameter) or os.environ.get(f"PG{parameter.upper()}"):
        return given
    found = os.path.expanduser(f"~/.postgresql/{usual}")  # noqa: PTH111 -- does not mind a machine without home folders
    return found if Path(found).exists() else None


def _version(said: Mapping[str, str], parameter: str, default: ssl.TLSVersion) -> ssl.TLSVersion:
    return _VERSIONS[one_of(parameter, said[parameter], _VERSIONS)] if parameter in said else default


def _targets(said: Mapping[str, str]) -> tuple[str, ...]:
    target = said.get("target_session_attrs") or os.environ.get("PGTARGETSESSIONATTRS") or "any"
    one_of("target_session_attrs", target, _TARGETS)
    return ("standby", "any") if target == "prefer-standby" else (target,)


def _or_default(said: Mapping[str, str], parameter: str, values: tuple[str, ...]) -> str:
    return one_of(parameter, said.get(parameter, values[0]), values)


def _timeout_seconds(said: Mapping[str, str]) -> float | None:
    given = said.get("connect_timeout") or os.environ.get("PGCONNECT_TIMEOUT")
    return whole_number("connect_timeout", given, 1, 600) if given else None


def _login_name() -> str:
    """As libpq has it: the user that this process runs as."""
    try:
        return os.environ.get("PGUSER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise AddressError(f"names no user: write {FORM}") from None


def _no_database() -> str:
    raise AddressError(f"names no database: write {FORM}")
