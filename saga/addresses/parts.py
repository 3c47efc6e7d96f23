"""The common form of all addresses: ``scheme://user:password@host:port,host:port/path?name=value``.

The problem: a password with a raw ``#``, ``/``, ``?`` or ``@`` moves the places at which an address is split. A
tolerant parser then takes a part of the password for a host or a path, and a message that shows those shows the
password. So an address is refused unless ``@`` appears at most once, before the hosts; everything else that is
ambiguous is refused too.
"""

import ipaddress
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"[\w.-]+")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z_.-]{1,40}")
_LARGEST_PORT = 65_535
_NO_HOST = "has a host that is none: write a name, an IP address, or [IPv6 address]"

ESCAPES = "in a user or a password write %23 for #, %2F for /, %3F for ?, %40 for @, %25 for %, %20 for a space"


class AddressError(ValueError):
    """An invalid address. The message is the rest of a sentence that begins with its name, and shows no secret."""


@dataclass(frozen=True, slots=True)
class Parts:
    """An address in parts, decoded except for the hosts; None stands for a missing part."""

    scheme: str
    user: str | None
    password: str | None = field(repr=False)
    hosts: tuple[str, ...]
    path: str
    parameters: tuple[tuple[str, str], ...] = field(repr=False)

    def has_secret_parameter(self) -> bool:
        """Whether the query has a password, so that even its parameters' names may be parts of one."""
        return any("password" in name for name, _ in self.parameters)


def split(address: str, schemes: Collection[str], form: str) -> Parts:
    """Split an address into parts; ``form`` shows people what it should look like. Raises AddressError."""
    text = _sound(address, form)
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower().partition("+")[0] not in schemes:
        first = next(iter(schemes))
        raise AddressError(f"does not begin with {first}://: write {form}")
    if "#" in rest:
        raise AddressError(f"holds a # that stands for itself: {ESCAPES}")
    authority, path, query = _cut(rest)
    login, at, hosts = authority.rpartition("@")
    if "@" in login or "@" in path + query:
        raise AddressError(f"holds an @, / or ? that stands for itself: {ESCAPES}")
    user, _, password = login.partition(":")
    return Parts(
        scheme=scheme.lower().partition("+")[0],
        user=decoded(user) if at and user else None,
        password=decoded(password) if ":" in login else None,
        hosts=tuple(hosts.split(",")) if hosts else (),
        path=decoded(path),
        parameters=tuple(_parameters(query)),
    )


def without_login(address: str) -> str:
    """A web address without user and password, as people may see it. Raises AddressError if it is no web address."""
    form = "http://user:password@host:port"
    text = _sound(address, form)
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        raise AddressError(f"does not begin with http://: write {form}")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, at, host = authority.rpartition("@")
    if not host or "@" in login or "@" in rest[len(authority) :]:
        raise AddressError(f"is no address: write {form}; {ESCAPES}")
    return f"{scheme}://{rest[len(login) + len(at) :]}"


def decoded(text: str) -> str:
    """The text with its %XX replaced. Raises AddressError."""
    if _ESCAPE.search(text):
        raise AddressError(f"holds a % that begins no escape: {ESCAPES}")
    plain = unquote_to_bytes(text).decode(errors="replace")
    if "\N{REPLACEMENT CHARACTER}" in plain:
        raise AddressError("holds escapes that are not UTF-8")
    if "\0" in plain:
        raise AddressError("holds the escape %00, which stands for nothing")
    return plain


def host_and_port(text: str, default_port: int) -> tuple[str, int]:
    """A name or an IP address, and its port: ``db``, ``db:5433``, ``[::1]:5433``. Raises AddressError."""
    if text.startswith("["):
        name, closed, port = text[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise AddressError(_NO_HOST)
        port = port[1:]
    else:
        name, _, port = text.partition(":")
    return checked_host(decoded(name)), checked_port(port) if port else default_port


def checked_host(name: str) -> str:
    """The same name. Raises AddressError if it can't be looked up."""
    with suppress(ValueError):
        if ":" in name:
            return str(ipaddress.IPv6Address(name))
        if name.encode("idna") and _HOST.fullmatch(name):
            return name
    raise AddressError(_NO_HOST)


def checked_port(text: str) -> int:
    """The port's number. Raises AddressError."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= _LARGEST_PORT:
        raise AddressError(f"has a port that is no number from 1 to {_LARGEST_PORT}")
    return int(text)


def one_of(parameter: str, value: str, values: Collection[str]) -> str:
    """The same value. Raises AddressError if it is none of these."""
    if value not in values:
        raise AddressError(f"has a wrong {parameter}: it may be {', '.join(values)}")
    return value


def whole_number(parameter: str, value: str, smallest: int, largest: int) -> int:
    """The value as a number. Raises AddressError."""
    if not re.fullmatch(r"[0-9]{1,9}", value) or not smallest <= int(value) <= largest:
        raise AddressError(f"has a wrong {parameter}: it may be a whole number from {smallest} to {largest}")
    return int(value)


def taken_once(parts: Parts, known: Collection[str], repeatable: Collection[str] = ()) -> dict[str, str]:
    """The parameters as a mapping. Raises AddressError for a parameter that is unknown or appears twice."""
    found: dict[str, str] = {}
    for name, value in parts.parameters:
        if name not in known and name not in repeatable:
            shown = _PARAMETER.fullmatch(name) and not parts.has_secret_parameter()
            raise AddressError(f"has the unknown parameter {name}" if shown else "has an unknown parameter")
        if name in found and name not in repeatable:
            raise AddressError(f"says {name} twice")
        found[name] = value
    return found


def _sound(address: str, form: str) -> str:
    """The address without surrounding white space. Raises AddressError if it can't be an address."""
    text = address.strip()
    if text[:1] in ("'", '"', "`"):
        raise AddressError("has quotes around it: take them away")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise AddressError("is not UTF-8")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise AddressError(f"holds a space, a line break or a control character: write {form}, and a space as %20")
    return text


def _cut(rest: str) -> tuple[str, str, str]:
    """Authority, path without its slash, and query."""
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    return authority, path, query


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for one in filter(None, query.split("&")):
        name, equals, value = one.partition("=")
        if not equals:
            raise AddressError("has a query that is not name=value&name=value")
        yield decoded(name), decoded(value)
