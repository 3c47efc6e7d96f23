"""Connections through PostgreSQL's address: TLS that verifies what it says, and hosts that are tried in turn."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text
from sqlalchemy.engine import make_url

from saga.postgres import Unavailable, connect_engine, reading
from tests.addresses.authority import Authority, Front, front

CLIENT = "client.example"


@pytest.fixture
async def secure(database_url: str, authority: Authority) -> AsyncIterator[Front]:
    """PostgreSQL behind TLS, under the name localhost."""
    async with front(_place(database_url), authority.context("localhost"), postgres=True) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_else_configures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def _place(url: str) -> tuple[str, int]:
    parsed = make_url(url)
    assert parsed.host is not None and parsed.port is not None
    return parsed.host, parsed.port


def _address(url: str, hosts: str, query: str = "") -> str:
    parsed = make_url(url)
    return f"postgresql://{parsed.username}:{parsed.password}@{hosts}/{parsed.database}?{query}"


async def _ask(address: str, question: str = "SELECT 'there'") -> str:
    engine = connect_engine(address, "test", 1)
    try:
        async with reading(engine) as connection:
            return str((await connection.execute(text(question))).scalar_one())
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    ("host", "query"),
    [
        ("localhost", "sslmode=verify-full&sslrootcert={ca}"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert={ca}"),
        ("127.0.0.1", "sslmode=require&sslrootcert={ca}"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "ssl=require"),
        ("127.0.0.1", "sslmode=require&channel_binding=require"),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", ""),
    ],
)
async def test_tls_is_spoken(host: str, query: str, secure: Front, database_url: str, ca: Path) -> None:
    assert await _ask(_address(database_url, f"{host}:{secure.port}", query.format(ca=ca))) == "there"
    assert secure.passed == 1


@pytest.mark.parametrize(
    ("host", "query"),
    [
        ("127.0.0.1", "sslmode=verify-full&sslrootcert={ca}"),
        ("localhost", "sslmode=verify-full&sslrootcert={stranger}"),
        ("localhost", "sslmode=verify-ca&sslrootcert={stranger}"),
        ("localhost", "sslmode=require&sslrootcert={stranger}"),
        ("localhost", "sslmode=verify-full&sslrootcert=system"),
    ],
)
async def test_a_certificate_that_is_not_the_servers_is_refused(
    host: str, query: str, secure: Front, database_url: str, roots: dict[str, Path]
) -> None:
    with pytest.raises(Unavailable, match="certificate verify failed"):
        await _ask(_address(database_url, f"{host}:{secure.port}", query.format(**roots)))
    assert secure.passed == 0


async def test_the_systems_authorities_can_be_asked_for(
    secure: Front, database_url: str, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    address = _address(database_url, f"localhost:{secure.port}", "sslmode=verify-full&sslrootcert=system")
    assert await _ask(address) == "there"


async def test_a_server_without_tls_is_refused_where_tls_is_required(database_url: str, ca: Path) -> None:
    host, port = _place(database_url)
    for query in ("sslmode=require", "ssl=require", f"sslmode=verify-full&sslrootcert={ca}"):
        with pytest.raises(Unavailable, match="rejected SSL upgrade"):
            await _ask(_address(database_url, f"{host}:{port}", query))
    for query in ("sslmode=disable", "sslmode=allow", "sslmode=prefer", ""):
        assert await _ask(_address(database_url, f"{host}:{port}", query)) == "there"


@pytest.mark.parametrize("mode", ["verify-full", "prefer"])
async def test_a_client_shows_its_certificate_also_with_an_encrypted_key(
    mode: str, database_url: str, authority: Authority, tmp_path: Path
) -> None:
    context = authority.context("localhost", wants_client=True)
    # Of TLS 1.3 the client learns only later that it was refused.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    files, encrypted = authority.issue(CLIENT), tmp_path / "encrypted.key"
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    sealed = serialization.BestAvailableEncryption(b"key word")
    encrypted.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, sealed)
    )
    verified = f"sslmode={mode}&sslrootcert={authority.root}"
    async with front(_place(database_url), context, postgres=True) as strict:
        hosts = f"localhost:{strict.port}"
        for shown in (f"sslkey={files.key}", f"sslkey={encrypted}&sslpassword=key%20word"):
            query = f"{verified}&sslcert={files.certificate}&{shown}"
            assert await _ask(_address(database_url, hosts, query)) == "there"
        with pytest.raises(Unavailable):
            await _ask(_address(database_url, hosts, f"sslmode=verify-full&sslrootcert={authority.root}"))
        assert strict.passed == 2


async def test_certificates_that_are_renewed_need_no_restart(
    secure: Front, database_url: str, roots: dict[str, Path], tmp_path: Path
) -> None:
    trusted = tmp_path / "roots.pem"
    shutil.copy(roots["stranger"], trusted)
    query = f"sslmode=verify-full&sslrootcert={trusted}"
    engine = connect_engine(_address(database_url, f"localhost:{secure.port}", query), "test", 1)
    try:
        with pytest.raises(Unavailable, match="certificate verify failed"):
            async with reading(engine):
                pass
        trusted.unlink()
        with pytest.raises(Unavailable, match=r"roots\.pem"):
            async with reading(engine):
                pass
        shutil.copy(roots["ca"], trusted)
        async with reading(engine) as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await engine.dispose()


async def test_hosts_are_tried_in_turn_also_behind_one_that_never_answers(database_url: str) -> None:
    host, port = _place(database_url)
    silent = socket.create_server(("127.0.0.1", 0))
    held = f"127.0.0.1:{silent.getsockname()[1]}"
    for hosts, query in (
        (f"127.0.0.1:1,{host}:{port}", ""),
        ("", f"host=127.0.0.1:1&host={host}:{port}"),
        (f"no-such-host.invalid,{host}:{port}", ""),
        (f"{held},{host}:{port}", "sslmode=disable&connect_timeout=1"),
    ):
        assert await _ask(_address(database_url, hosts, query)) == "there"
    silent.close()


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("any", True),
        ("read-write", True),
        ("primary", True),
        ("prefer-standby", True),
        ("standby", False),
        ("read-only", False),
    ],
)
async def test_only_a_host_of_the_wanted_kind_is_taken(target: str, found: bool, database_url: str) -> None:
    host, port = _place(database_url)
    address = _address(database_url, f"127.0.0.1:1,{host}:{port}", f"target_session_attrs={target}")
    if found:
        assert await _ask(address) == "there"
    else:
        with pytest.raises(Unavailable, match=f"none of the hosts that answer is {target}"):
            await _ask(address)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("work_mem", "5MB"), ("lock_timeout", "5s"), ("application_name", "saga-test"), ("timezone", "UTC")],
)
async def test_options_reach_the_server_and_ours_go_first(setting: str, value: str, database_url: str) -> None:
    host, port = _place(database_url)
    options: Mapping[str, str] = {"work_mem": "5MB", "lock_timeout": "1h"}
    said = "%20".join(f"-c%20{name}%3D{given}" for name, given in options.items())
    address = _address(database_url, f"{host}:{port}", f"options={said}&application_name=mine")
    assert (await _ask(address, f"SELECT current_setting('{setting}')")).partition("/")[0] == value


async def test_a_socket_can_be_named(database_url: str, tmp_path: Path) -> None:
    """asyncio hands the bytes on: the private server listens on TCP alone."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, upstream = await asyncio.open_connection(*_place(database_url))
        await asyncio.wait(
            [asyncio.create_task(_copy(reader, upstream)), asyncio.create_task(_copy(answers, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        upstream.close()
        writer.close()

    server = await asyncio.start_unix_server(hand_on, tmp_path / ".s.PGSQL.5433")
    folder = str(tmp_path)
    assert await _ask(_address(database_url, "", f"host={folder}&port=5433")) == "there"
    assert await _ask(_address(database_url, folder.replace("/", "%2F") + ":5433")) == "there"
    server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
