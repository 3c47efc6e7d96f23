"""Whatever is wrong with an address, nobody ever sees a part of its password; and secrets may stand in files."""

import json
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from saga.addresses import AddressError, BrokerAddress, DatabaseAddress, without_login
from saga.cli import COMMANDS, app
from saga.settings import SECRETS, Settings, SettingsError, load_settings

FRAGMENT = 4
# Four characters in a row of these are in hardly any of our sentences. Each that can move where an address is cut
# is there, beside runs that would pass for a host, a port, a path or a parameter.
PIECES = ("QXZ7", "X7.Z7", "7777", *"$!*~^(){}[]<>|;:,.+=&%#/?@\\'\"`- \t\n\0é字")
PASSWORDS = st.lists(st.sampled_from(PIECES), min_size=FRAGMENT, max_size=12).map("".join)

DATABASE_TEMPLATES = (
    "postgresql://ann:{}@db.example:5432/saga",
    "postgresql://ann:{}@one,two/saga?sslmode=require",
    "postgresql://db.example/saga?user=ann&password={}",
    "postgresql://db.example/saga?sslpassword={}&sslmode=require",
    '"postgresql://ann:{}@db.example/saga"',
    "postgresql://ann:{}@db.example:port/saga",
    "postgresql://ann:{}@/saga",
    "ann:{}@db.example/saga",
    "http://ann:{}@db.example/saga",
    "postgresql://ann:{}@db.example/saga?colour=red",
)
BROKER_TEMPLATES = (
    "amqp://ann:{}@mq.example:5672/saga",
    "amqp://ann:{}@one,two/saga,amqp://ann:{}@three/saga",
    "amqps://mq.example/saga?password={}",
    "'amqp://ann:{}@mq.example'",
    "https://ann:{}@mq.example",
)
NASTY = ("Xq7#Zt9/Kw3?", "Xq7Zt9@Kw3vB", "%Xq7Zt9Kw3vB", "Xq7Zt9 Kw3vB", "Xq7:Zt9&Kw3=vB", "Xq7Zt9\\Kw3[vB")


def fragments(password: str) -> set[str]:
    return {password[start : start + FRAGMENT] for start in range(len(password) - FRAGMENT + 1)}


def said_of(parse: type[DatabaseAddress] | type[BrokerAddress], address: str) -> str:
    try:
        parsed = parse.parse(address)
    except AddressError as error:
        return f"{error} {error!r} {error.__context__!r} {''.join(traceback.format_exception(error))}"
    return f"{parsed} {parsed!r}"


def without_code(said: str) -> str:
    """What a trace says, without the lines of source that it shows."""
    return "\n".join(line for line in said.splitlines() if not line.startswith("  "))


def leaked(parse: type[DatabaseAddress] | type[BrokerAddress], template: str, password: str) -> list[str]:
    """The parts of a password that are shown, but for what is said of any other one too, such as `postgresql://:`."""
    said, of_another = (without_code(said_of(parse, template.replace("{}", one))) for one in (password, "Zz9Kq4"))
    return [part for part in fragments(password) if part in said and part not in of_another]


@given(PASSWORDS, st.sampled_from(DATABASE_TEMPLATES))
def test_no_part_of_a_databases_password_is_shown(password: str, template: str) -> None:
    assert leaked(DatabaseAddress, template, password) == []


@given(PASSWORDS, st.sampled_from(BROKER_TEMPLATES))
def test_no_part_of_a_brokers_password_is_shown(password: str, template: str) -> None:
    assert leaked(BrokerAddress, template, password) == []


@given(PASSWORDS)
def test_no_part_of_a_password_is_in_a_web_address_that_is_shown(password: str) -> None:
    try:
        shown = without_login(f"http://ann:{password}@mq.example:15672/#/queues")
    except AddressError as error:
        shown = str(error)
    assert not [part for part in fragments(password) if part in shown]


WORDS = {
    "publish": ("OrderPlaced", "order-1"),
    "inspect": ("order-1",),
    "erase": ("order-1", "--reason", "a request", "--yes"),
    "log": ("orders",),
    "dead-letters": ("list",),
    "operations": ("list",),
    "scenario": ("--orders", "1"),
}
WITHOUT_SERVERS = {"check", "diagram", "demo", "new"}
AS_PROCESSES = {"console", "run"}
"""A service says it as a line of its log: tests/devstack/test_wrong_addresses.py."""


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - WITHOUT_SERVERS - AS_PROCESSES))
@pytest.mark.parametrize("variable", ["SAGA_DATABASE_URL", "SAGA_AMQP_URL"])
def test_every_command_refuses_a_wrong_address_with_a_sentence(command: str, variable: str) -> None:
    scheme = {"SAGA_DATABASE_URL": "postgresql", "SAGA_AMQP_URL": "amqp"}[variable]
    environment = {"SAGA_DATABASE_URL": "postgresql://127.0.0.1:1/saga", "SAGA_AMQP_URL": "amqp://127.0.0.1:1"}
    for password in NASTY[:4]:
        wrong = f"{scheme}://ann:{password}@127.0.0.1:1/saga"
        result = CliRunner().invoke(app, [command, *WORDS.get(command, ())], env=environment | {variable: wrong})
        assert result.exit_code == 2, result.stderr
        assert result.stderr.startswith(f"Wrong configuration: {variable} ")
        assert len(result.stderr.splitlines()) == 1
        assert result.exception is not None
        seen = result.output + "".join(traceback.format_exception(result.exception))
        assert not [part for part in fragments(password) if part in seen]


@pytest.mark.parametrize("password", NASTY)
def test_no_chain_of_exceptions_shows_a_part_of_a_password(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_DATABASE_URL", f"http://ann:{password}@db.example/saga")
    monkeypatch.setenv("SAGA_AMQP_URL", f"http://ann:{password}@mq.example")
    monkeypatch.setenv("SAGA_LOG_URLS", json.dumps({f"postgresql://ann:{password}@db/saga": "orders"}))
    monkeypatch.setenv("SAGA_MANAGEMENT_URL", f"ftp://ann:{password}@mq.example")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    error: BaseException | None = refused.value
    for name in SECRETS:
        assert f"SAGA_{name.upper()}" in str(error)
    while error is not None:
        assert not [part for part in fragments(password) if part in f"{error} {error!r}"]
        error = error.__cause__ or error.__context__


def secrets() -> dict[str, str]:
    return {
        "database_url": "postgresql://ann:pw@db.example/saga",
        "amqp_url": "amqp://ann:pw@mq.example",
        "management_url": "http://ann:pw@mq.example:15672",
        "log_urls": '{"payments": "postgresql://ann:pw@other.example/payments"}',
    }


def test_each_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(secrets()) == set(SECRETS)
    for name, secret in secrets().items():
        monkeypatch.delenv(f"SAGA_{name.upper()}", raising=False)
        (tmp_path / name).write_text(f"{secret}\r\n")
        monkeypatch.setenv(f"SAGA_{name.upper()}_FILE", str(tmp_path / name))
    found = load_settings()
    assert isinstance(found, Settings)
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == secrets()["database_url"]
    (payments,) = found.log_urls.values()
    assert payments is not None
    assert payments.get_secret_value() == "postgresql://ann:pw@other.example/payments"
    assert "pw@" not in repr(found)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "blank", "latin-1", "address", "both", "wrong"])
def test_a_file_without_a_secret_is_refused(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable, file = f"SAGA_{name.upper()}", tmp_path / "secret"
    contents = {"empty": b"", "blank": b" \n", "latin-1": b"p\xe4ssword", "both": secrets()[name].encode()}
    if kind == "folder":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes(contents.get(kind, b"no address: xyzzy"))
    monkeypatch.delenv(variable, raising=False)
    if kind == "both":
        monkeypatch.setenv(variable, secrets()[name])
    monkeypatch.setenv(f"{variable}_FILE", "postgresql://ann:xyzzy@db/saga" if kind == "address" else str(file))
    with pytest.raises(SettingsError, match=variable) as refused:
        load_settings()
    assert "xyzzy" not in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_byte_order_mark_before_a_secret_and_line_ends_of_windows_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = secrets()["database_url"]
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbf" + address.encode() + b"\r\n")
    monkeypatch.delenv("SAGA_DATABASE_URL", raising=False)
    monkeypatch.setenv("SAGA_DATABASE_URL_FILE", str(tmp_path / "secret"))
    given = load_settings().database_url
    assert given is not None
    assert given.get_secret_value() == address
